// Package pace holds a load back to so many things a second, as Kafka's
// ThroughputThrottler does it: it says how long to pause, and waits for
// nothing itself. Kind: pure
package pace

import (
	"math"
	"time"
)

// Forever is the pause of a pace of 0: nothing more is sent.
const Forever time.Duration = math.MaxInt64

// shortest is the shortest pause: those that are shorter are collected.
const shortest = 2 * time.Millisecond

// Pace is a target of things a second. It is open-loop: after a stall the
// sender catches up without pauses until the average since the start is back
// at the target.
type Pace struct {
	start  time.Time
	target float64       // things a second; below 0 there is no limit
	each   time.Duration // of pause a thing
	owed   time.Duration // of pauses that were too short to make; below shortest
}

// New is a pace of target things a second from start on.
func New(target float64, start time.Time) *Pace {
	p := &Pace{start: start, target: target}
	if target > 0 {
		p.each = time.Duration(float64(time.Second) / target)
	}
	return p
}

// After says how long to pause after a thing that was sent at the time at,
// when n were sent before it.
func (p *Pace) After(n int64, at time.Time) time.Duration {
	if p.target < 0 {
		return 0
	}
	// Kafka lets everything through in the first millisecond, which its own
	// producer is too slow to make use of.
	seconds := float64(max(at.UnixMilli()-p.start.UnixMilli(), 1)) / 1000
	if float64(n)/seconds <= p.target {
		return 0
	}
	if p.target == 0 {
		return Forever
	}
	p.owed += p.each
	if p.owed < shortest {
		return 0
	}
	pause := p.owed
	p.owed = 0
	return pause
}
