package pace

import (
	"testing"
	"time"
)

// run sends for a time, each thing taking cost, and says how many it sent.
func run(p *Pace, start time.Time, length, cost time.Duration, stall func(time.Time) time.Duration) int64 {
	now := start
	for n := int64(0); ; n++ {
		if now.Sub(start) >= length {
			return n
		}
		at := now
		now = now.Add(cost + stall(now))
		if pause := p.After(n, at); pause > 0 {
			now = now.Add(pause)
		}
	}
}

func never(time.Time) time.Duration { return 0 }

func TestTheTargetIsKept(t *testing.T) {
	start := time.Unix(1000, 0)
	for _, target := range []float64{10, 99.5, 1000, 25000} {
		sent := run(New(target, start), start, 10*time.Second, time.Microsecond, never)
		if want := 10 * target; float64(sent) < 0.97*want || float64(sent) > 1.03*want {
			t.Errorf("target %v a second: %d sent in 10 s", target, sent)
		}
	}
}

func TestALostTimeIsCaughtUp(t *testing.T) {
	start := time.Unix(1000, 0)
	stalled := false
	sent := run(New(1000, start), start, 10*time.Second, 100*time.Microsecond, func(now time.Time) time.Duration {
		if !stalled && now.Sub(start) > 3*time.Second {
			stalled = true
			return 2 * time.Second
		}
		return 0
	})
	if sent < 9700 || sent > 10300 {
		t.Errorf("%d sent in 10 s, 2 s of which were lost; want 10000", sent)
	}
}

func TestNoLimitAndNothingAtAll(t *testing.T) {
	start := time.Unix(1000, 0)
	later := start.Add(time.Second)
	if pause := New(-1, start).After(1e9, later); pause != 0 {
		t.Errorf("without a limit the pause is %v", pause)
	}
	if pause := New(0, start).After(1, later); pause != Forever {
		t.Errorf("at 0 a second the pause is %v", pause)
	}
	if pause := New(1, start).After(0, start); pause != 0 {
		t.Errorf("after the first one the pause is %v", pause)
	}
}
