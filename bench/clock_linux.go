package main

import (
	"runtime"
	"syscall"
	"time"
)

// byTheClock calls send for each of n moments, a gap apart. It sleeps in a
// thread of its own: the runtime's timers are up to a millisecond late on an
// idle machine.
func byTheClock(began time.Time, n int, send func(i int)) {
	// The thread must not end: brokers that it started would end with it, see
	// the harness.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const setTimerSlack, exact, usual = 29, 1, 0
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setTimerSlack, exact, 0)
	defer syscall.RawSyscall(syscall.SYS_PRCTL, setTimerSlack, usual, 0) //nolint:errcheck // as before is as good
	for i := range n {
		if wait := time.Until(began.Add(time.Duration(i) * openLoopGap)); wait > 0 {
			ts := syscall.NsecToTimespec(int64(wait))
			_ = syscall.Nanosleep(&ts, nil)
		}
		send(i)
	}
}
