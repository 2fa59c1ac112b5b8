package server

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"
)

const (
	// lengthBytes is the length before every frame.
	lengthBytes = 4
	// firstReadBytes is how much is allocated on the word of a length prefix
	// alone; beyond it a buffer grows only as bytes arrive.
	firstReadBytes = 64 << 10
	// wakeBytes is how much of a large frame is to be there before its reader
	// is woken: a slow sender would wake it for every few kilobytes.
	wakeBytes = 128 << 10
)

// reader takes frames from a connection. A request is usually read with one
// system call, its length and all: so many bytes are asked for as the last one
// had. What is read beyond it begins the next.
//
//	buf.b   | consumed | length | frame ...  | the next one's beginning |
//	        0          at                    at+lengthBytes+size       len
//
// Invariant: buf is nil where no byte is unread, so that a connection that
// waits for its next request holds no buffer.
type reader struct {
	conn    *conn
	buf     *buffer
	at      int // what is before it is consumed
	last    int // the size of the last frame
	trusted int // the largest of the last frames: so much is allocated at once

	// raw reads without a buffer while there is nothing to read; nil where the
	// connection is no socket of the system.
	raw   syscall.RawConn
	first func(fd uintptr) bool // readFirst, bound once
	low   func(fd uintptr)      // setLow, bound once
	lowAt int                   // how many bytes wake the reader; 1 between frames
	err   error                 // of readFirst
	head  [lengthBytes]byte     // what waits for a request where there is no raw
}

func (r *reader) init(c *conn) {
	r.conn, r.lowAt = c, 1
	if raw, ok := rawConn(c.nc); ok {
		r.raw, r.first, r.low = raw, r.readFirst, r.setLow
	}
}

// close gives back what is unread.
func (r *reader) close() {
	r.conn.srv.buffers.put(r.buf)
	r.buf, r.at = nil, 0
}

func (r *reader) unread() int {
	if r.buf == nil {
		return 0
	}
	return len(r.buf.b) - r.at
}

// size waits for the next request and gives the length of its frame, which is
// at most limit.
func (r *reader) size(limit int) (int, error) {
	if r.buf == nil {
		if err := r.wait(); err != nil {
			return 0, err
		}
	}
	for r.unread() < lengthBytes {
		if err := r.more(lengthBytes); err != nil {
			return 0, fmt.Errorf("read a request's length: the connection ended after %d of %d bytes: %w", r.unread(), lengthBytes, io.EOF)
		}
	}
	size := int32(binary.BigEndian.Uint32(r.buf.b[r.at:]))
	if size < 0 || int(size) > limit {
		err := fmt.Errorf("a request says it has %d bytes; socket.request.max.bytes is %d", size, limit)
		return 0, &refusal{reasonFrame, err}
	}
	return int(size), nil
}

// wait waits for bytes, and reads the first.
func (r *reader) wait() error {
	if r.raw != nil {
		if err := r.raw.Read(r.first); err != nil {
			return err
		}
		return r.err
	}
	n, err := io.ReadFull(r.conn.nc, r.head[:])
	if n > 0 && (err == nil || errors.Is(err, io.ErrUnexpectedEOF)) {
		r.buf = r.conn.srv.buffers.get(lengthBytes + r.expected())
		r.buf.b = append(r.buf.b[:0], r.head[:n]...)
		return nil
	}
	return err
}

// expected is the size of a frame like the last.
func (r *reader) expected() int { return max(r.last, 1<<minClassBits-lengthBytes) }

// readFirst reads what is there, or reports false where there is nothing.
func (r *reader) readFirst(fd uintptr) bool {
	buffers := &r.conn.srv.buffers
	n := lengthBytes + r.expected()
	b := buffers.get(n)
	got, err := readNow(fd, b.b[:n])
	if got <= 0 {
		buffers.put(b)
		if err == nil {
			err = io.EOF
		}
		r.err = err
		return !errors.Is(err, syscall.EAGAIN)
	}
	b.b = b.b[:got]
	r.buf, r.at, r.err = b, 0, nil
	return true
}

// more reads once, so that need bytes may be unread. What is allocated before
// bytes arrive is bounded by what the connection has proven to send.
func (r *reader) more(need int) error {
	buffers := &r.conn.srv.buffers
	if r.at+need > cap(r.buf.b) && (r.at > 0 || len(r.buf.b) == cap(r.buf.b) || cap(r.buf.b) < min(need, lengthBytes+r.trusted)) {
		room := max(min(need, max(firstReadBytes, lengthBytes+r.trusted, 2*r.unread())), r.unread()+1)
		bigger := buffers.get(room)
		bigger.b = append(bigger.b[:0], r.buf.b[r.at:]...)
		buffers.put(r.buf)
		r.buf, r.at = bigger, 0
	}
	r.wakeAt(need - r.unread())
	have := len(r.buf.b)
	n, err := r.conn.nc.Read(r.buf.b[have:min(r.at+need, cap(r.buf.b))])
	r.buf.b = r.buf.b[:have+n]
	if n > 0 {
		return nil
	}
	return err
}

// wakeAt has the system wake the reader when so many of the missing bytes are
// there as are worth it, and never later than with the last of them.
func (r *reader) wakeAt(missing int) {
	at := 1
	if missing > firstReadBytes {
		at = min(missing, wakeBytes)
	}
	if r.raw == nil || at == r.lowAt {
		return
	}
	r.lowAt = at
	if r.raw.Control(r.low) != nil {
		r.lowAt = 1 // the connection ends; its next read says so
	}
}

// setLow sets the mark. A system that has none wakes the reader for each byte.
func (r *reader) setLow(fd uintptr) { setLowWater(fd, r.lowAt) }

// frame reads the frame whose length was read, and hands it over with its
// length before it.
func (r *reader) frame(size int) (*buffer, error) {
	need := lengthBytes + size
	for r.unread() < need {
		if err := r.more(need); err != nil {
			have := r.unread() - lengthBytes
			r.close()
			err = fmt.Errorf("read a request: the connection ended after %d of %d bytes: %w", have, size, err)
			return nil, &refusal{reasonTorn, err}
		}
		if r.unread() < need {
			r.conn.touch(time.Now())
		}
	}
	r.wakeAt(0)
	// A large frame is trusted again, a small one fades the trust slowly.
	r.trusted = max(size, r.trusted-r.trusted/8)
	r.last = min(size, 1<<maxClassBits-lengthBytes)
	return r.cut(need), nil
}

// cut takes the first n unread bytes out. Of the two parts the smaller is
// copied, so that a byte costs one copy at most, however many small requests
// were read at once.
func (r *reader) cut(n int) *buffer {
	buffers := &r.conn.srv.buffers
	rest := r.buf.b[r.at+n:]
	if r.at > 0 || len(rest) > n {
		frame := buffers.get(n)
		frame.b = append(frame.b[:0], r.buf.b[r.at:r.at+n]...)
		if r.at += n; len(rest) == 0 {
			r.close()
		}
		return frame
	}
	frame := r.buf
	r.buf = nil
	if len(rest) > 0 {
		r.buf = buffers.get(max(len(rest), min(n, firstReadBytes)))
		r.buf.b = append(r.buf.b[:0], rest...)
	}
	frame.b = frame.b[:n]
	return frame
}
