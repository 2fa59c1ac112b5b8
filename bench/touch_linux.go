package main

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// touched is what the first touch of memory cost, and how much was touched.
type touched struct {
	GB      float64 `json:"gb"`
	Seconds float64 `json:"cpuSecondsPerGb"`
}

// Half of the memory that is free is touched, up to holdBytes: more than the
// files that stand at one time on all sides, and the brokers' own memory.
const (
	holdBytes = 8 << 30
	pageBytes = 4 << 10
	// freeBytes is the size of the stretches of free memory that a virtual
	// machine gives back to its host: it is not to find any.
	freeBytes = 2 << 20
)

// touch has the machine's memory ready before anything is measured. On a
// virtual machine the first use of a page makes the host find one, which costs
// many times what writing to it costs; and a stretch of 2 MB that is free for
// two seconds is given back, so that the next use is a first use again. So a
// part of the memory is touched and let go of but for one page in each stretch,
// which is kept to the end: the rest is what the brokers' files, sockets and
// heaps are made of, on all sides alike.
func touch(ctx context.Context, short bool) (touched, error) {
	all := holdBytes
	if short {
		all /= 4
	}
	var kb int
	if _, err := fmt.Sscan(field("/proc/meminfo", "MemAvailable"), &kb); err != nil {
		return touched{}, fmt.Errorf("/proc/meminfo: MemAvailable: %w", err)
	}
	all = min(all, kb<<10/2) / freeBytes * freeBytes
	m, err := syscall.Mmap(-1, 0, all, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return touched{}, fmt.Errorf("map %d MB to touch them: %w", all>>20, err)
	}
	if err := syscall.Madvise(m, syscall.MADV_NOHUGEPAGE); err != nil {
		return touched{}, fmt.Errorf("ask for single pages: %w", err)
	}
	before := ownCPU()
	for at := 0; at < all; at += pageBytes {
		if at%freeBytes == 0 && ctx.Err() != nil {
			return touched{}, ctx.Err()
		}
		m[at] = 1
	}
	took := ownCPU() - before
	for at := 0; at < all; at += freeBytes {
		if err := syscall.Madvise(m[at+pageBytes:at+freeBytes], syscall.MADV_DONTNEED); err != nil {
			return touched{}, fmt.Errorf("let go of what was touched: %w", err)
		}
	}
	gb := float64(all) / 1e9
	return touched{GB: gb, Seconds: took.Seconds() / gb}, nil
}

// ownCPU is the processor time of this process.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
