package logs

import (
	"sync"
	"time"
)

// Limiter bounds how often something is logged that clients can cause: so many
// lines in a period, and the next line says how many were left out. The zero
// value lets nothing through.
type Limiter struct {
	Lines  int           // in a period
	Period time.Duration // since the first line

	mu      sync.Mutex
	began   time.Time
	lines   int
	omitted int
}

// Allow says whether to log now, and how many lines have been left out since
// the last that was logged.
func (l *Limiter) Allow(now time.Time) (ok bool, omitted int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.began) >= l.Period {
		l.began, l.lines = now, 0
	}
	if l.lines >= l.Lines {
		l.omitted++
		return false, 0
	}
	l.lines++
	omitted, l.omitted = l.omitted, 0
	return true, omitted
}
