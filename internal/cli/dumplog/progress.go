package dumplog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

const (
	progressBytes = 1 << 30 // a file with fewer is done soon
	progressEvery = time.Second
)

// progress tells a person at a terminal how far a long segment is. The zero
// value tells nothing.
type progress struct {
	out         io.Writer // nil: nobody looks
	path        string
	size        int64
	began, told time.Time
}

func newProgress(stderr io.Writer, path string, size int64) *progress {
	if size <= progressBytes || !terminal(stderr) {
		return &progress{}
	}
	now := time.Now()
	return &progress{out: stderr, path: javaName(path), size: size, began: now, told: now}
}

// terminal says whether a person reads what is written.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// at is called after each batch.
func (p *progress) at(position int64) {
	if p.out == nil {
		return
	}
	now := time.Now()
	if now.Sub(p.told) < progressEvery {
		return
	}
	p.told = now
	_, _ = fmt.Fprintf(p.out, "\r%s\x1b[K", p.line(position, now.Sub(p.began)))
}

// line is the part that is done, the rate, and the time that is left.
func (p *progress) line(position int64, since time.Duration) string {
	rate := float64(position) / max(since.Seconds(), 1e-3)
	left := time.Duration(float64(p.size-position) / max(rate, 1) * float64(time.Second))
	return fmt.Sprintf("%s: %d%%, %.0f MB/s, %s left", p.path, position*100/p.size, rate/1e6, left.Round(time.Second))
}

func (p *progress) done() {
	if p.out != nil {
		_, _ = fmt.Fprint(p.out, "\r\x1b[K")
	}
}

// present says whether a file is there.
func present(path string) (bool, error) {
	_, err := os.Stat(path)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	}
	return false, fileError(err)
}
