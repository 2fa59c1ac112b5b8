package floor

import (
	"os"
	"syscall"
	"unsafe"
)

// The calls go past Go's scheduler, which would watch each for how long it
// takes: a floor has no scheduler.

const (
	noFlags = 0
	msgMore = 0x8000 // MSG_MORE
)

func call(trap uintptr, fd int, p []byte, extra uintptr) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall6(trap, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), extra, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		default:
			return 0, errno
		}
	}
}

func read(fd int, p []byte) (int, error) { return call(syscall.SYS_READ, fd, p, 0) }

func writeAt(fd int, p []byte, at int64) error {
	for len(p) > 0 {
		n, err := call(syscall.SYS_PWRITE64, fd, p, uintptr(at))
		if err != nil {
			return err
		}
		p, at = p[n:], at+int64(n)
	}
	return nil
}

// send writes all of b.
func (c *conn) send(b []byte) error { return c.sendWith(b, noFlags) }

// sendMore is send, and says that more follows at once.
func (c *conn) sendMore(b []byte) error { return c.sendWith(b, msgMore) }

func (c *conn) sendWith(b []byte, flags uintptr) error {
	for len(b) > 0 {
		n, err := call(syscall.SYS_SENDTO, c.fd, b, flags)
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// sendFile lets the kernel move the records from the page cache to the socket.
func (c *conn) sendFile(f *os.File, at int64, size int) error {
	for size > 0 {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDFILE, uintptr(c.fd), f.Fd(), uintptr(unsafe.Pointer(&at)), uintptr(size), 0, 0)
		switch {
		case errno == syscall.EINTR:
		case errno != 0:
			return errno
		case n == 0:
			return errShape
		default:
			size -= int(n)
		}
	}
	return nil
}
