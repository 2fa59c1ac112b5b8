package main

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/gregor-stream/gregor/test/harness"
)

// touched is what the first touch of memory costs, and what the second does.
type touched struct {
	GB           float64 `json:"gb"`
	FirstSeconds float64 `json:"firstCpuSecondsPerGb"`
	AgainSeconds float64 `json:"againCpuSecondsPerGb"`
}

// touchGB is more than the files that stand at one time on all sides, and the
// brokers' own memory.
const touchGB = 6

// touch writes and deletes a large file, twice. On a virtual machine the
// first use of a page of memory makes the host find one, which costs many
// times what writing to it costs; whoever grows the page cache first would
// pay for it. Afterwards the pages are there, and as every run deletes its
// files before the next begins, they are used again and again.
func touch(ctx context.Context, short bool) (touched, error) {
	gb := touchGB
	if short {
		gb = 2
	}
	t := touched{GB: float64(gb)}
	for _, seconds := range []*float64{&t.FirstSeconds, &t.AgainSeconds} {
		cpu, err := touchOnce(ctx, gb)
		if err != nil {
			return t, err
		}
		*seconds = cpu / float64(gb)
	}
	return t, nil
}

func touchOnce(ctx context.Context, gb int) (cpu float64, err error) {
	if err := os.MkdirAll(harness.Cache("run"), 0o755); err != nil {
		return 0, err
	}
	f, err := os.CreateTemp(harness.Cache("run"), "touch-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	before := ownCPU()
	chunk := make([]byte, 1<<20)
	for range gb * 1000 {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if _, err := f.Write(chunk); err != nil {
			return 0, err
		}
	}
	return (ownCPU() - before).Seconds(), nil
}

// ownCPU is the processor time of this process.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
