package floor

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
)

// Blocking calls of a thread of its own cost less than a poller and a wake-up.
const (
	firstBytes  = 64 << 10
	bufferBytes = 4 << 20
	lowWater    = 512 << 10 // a large frame wakes its reader when so much is there
)

// conn is one connection, read and written with plain system calls.
type conn struct {
	fd      int
	buf     []byte // grows with the largest frame
	from    int    // the unread bytes are buf[from:to]
	to      int
	waiting int    // what SO_RCVLOWAT is set to
	out     []byte // the answer
}

func (s *server) serve(nc net.Conn) {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return
	}
	file, err := tcp.File() // a blocking descriptor
	_ = nc.Close()
	if err != nil {
		return
	}
	defer func() { _ = file.Close() }()
	runtime.LockOSThread()
	c := &conn{fd: int(file.Fd()), buf: make([]byte, firstBytes), waiting: 1}
	for {
		frame, err := c.frame()
		if err != nil {
			return
		}
		if err := s.answer(c, frame); err != nil {
			_, _ = os.Stderr.WriteString("floor: " + err.Error() + "\n")
			return
		}
	}
}

// frame reads one request; it is valid until the next call.
func (c *conn) frame() ([]byte, error) {
	if c.from == c.to {
		c.from, c.to = 0, 0
	}
	if err := c.atLeast(4); err != nil {
		return nil, err
	}
	size := 4 + int(binary.BigEndian.Uint32(c.buf[c.from:]))
	if size < 12 || size > bufferBytes {
		return nil, io.ErrUnexpectedEOF
	}
	if err := c.atLeast(size); err != nil {
		return nil, err
	}
	frame := c.buf[c.from+4 : c.from+size]
	c.from += size
	return frame, nil
}

// atLeast reads until n bytes are there.
func (c *conn) atLeast(n int) error {
	if c.from+n > len(c.buf) {
		into := c.buf
		if n > len(into) {
			into = make([]byte, max(n, 2*len(c.buf)))
		}
		c.to = copy(into, c.buf[c.from:c.to])
		c.buf, c.from = into, 0
	}
	for c.to-c.from < n {
		end := min(max(c.from+n, c.to+firstBytes), len(c.buf))
		if left := c.from + n - c.to; left > firstBytes {
			end = c.from + n
			c.lowWater(min(left, lowWater))
		} else {
			c.lowWater(1)
		}
		got, err := read(c.fd, c.buf[c.to:end])
		if err != nil {
			return err
		}
		if got == 0 {
			return io.EOF
		}
		c.to += got
	}
	return nil
}

func (c *conn) lowWater(n int) {
	if n != c.waiting && syscall.SetsockoptInt(c.fd, syscall.SOL_SOCKET, syscall.SO_RCVLOWAT, n) == nil {
		c.waiting = n
	}
}
