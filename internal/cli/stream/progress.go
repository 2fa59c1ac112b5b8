package stream

import (
	"fmt"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// progress tells a person at a terminal how far long work is: how much, how
// fast, and how long it will take. Where nobody looks it says nothing.
type progress struct {
	env   *command.Env
	began time.Time
	told  time.Time
	total int64 // 0: not known
	wide  int
}

const tellEvery = 500 * time.Millisecond

func newProgress(env *command.Env, total int64) *progress {
	now := time.Now()
	return &progress{env: env, began: now, told: now, total: total}
}

// at says that n units are done; it writes at most twice a second.
func (p *progress) at(n int64, unit string) {
	now := time.Now()
	if !p.env.Interactive || now.Sub(p.told) < tellEvery {
		return
	}
	p.told = now
	p.line(describe(n, p.total, now.Sub(p.began), unit))
}

// line rewrites the line on the terminal.
func (p *progress) line(text string) {
	pad := max(p.wide-len(text), 0)
	p.wide = len(text)
	_, _ = fmt.Fprintf(p.env.Err, "\r%s%s", text, strings.Repeat(" ", pad))
}

// end clears the line.
func (p *progress) end() {
	if p.wide > 0 {
		p.line("")
		_, _ = fmt.Fprint(p.env.Err, "\r")
	}
}

// describe is one line of progress.
func describe(n, total int64, took time.Duration, unit string) string {
	rate := float64(n) / max(took.Seconds(), 0.001)
	if total <= 0 {
		return fmt.Sprintf("%d %s, %.0f/s", n, unit, rate)
	}
	left := "?"
	if rate > 0 {
		left = time.Duration(float64(total-n) / rate * float64(time.Second)).Round(time.Second).String()
	}
	return fmt.Sprintf("%d of %d %s (%d%%), %.0f/s, %s left", n, total, unit, n*100/total, rate, left)
}
