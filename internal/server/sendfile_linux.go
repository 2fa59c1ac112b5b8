package server

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/gregor-stream/gregor/internal/wire"
)

// sendfileBytes is how long a section must be for the system to move it: a
// short one is copied with what stands around it, in one call.
const sendfileBytes = 32 << 10

// sender lets the system move sections of files to the socket. It belongs to
// whoever writes to the connection.
type sender struct {
	raw  syscall.RawConn // nil where the connection is no socket of the system
	head []byte          // to be sent before the section
	file int
	at   int64
	left int
	err  error
	some func(fd uintptr) bool // sendSome, bound once
}

func (s *sender) init(c *conn) {
	if raw, ok := rawConn(c.nc); ok {
		s.raw, s.some = raw, s.sendSome
	}
}

// sendSection sends head and then the section, past the chunk buffer; false
// where that cannot be, or is not worth it, and nothing was sent.
func (c *conn) sendSection(head []byte, section wire.Section) (bool, error) {
	s := &c.sender
	if s.raw == nil || section.Len() < sendfileBytes {
		return false, nil
	}
	file, ok := section.(wire.FileSection)
	if !ok {
		return false, nil
	}
	fd, at, ok := file.Descriptor()
	if !ok {
		return false, nil
	}
	s.head, s.file, s.at, s.left, s.err = head, int(fd), at, section.Len(), nil
	c.touch(time.Now())
	err := s.raw.Write(s.some)
	c.touch(time.Now())
	s.head = nil
	if err == nil && s.err != nil {
		err = fmt.Errorf("send a section of %d bytes, %d of them left: %w", section.Len(), s.left, s.err)
	}
	return true, err
}

// sendSome sends what the socket takes now; false says that more is to come
// when it takes more.
func (s *sender) sendSome(fd uintptr) bool {
	for len(s.head) > 0 {
		n, err := syscall.SendmsgN(int(fd), s.head, nil, nil, syscall.MSG_MORE)
		if n > 0 {
			s.head = s.head[n:]
			continue
		}
		if again, stop := s.failed(err); stop {
			return !again
		}
	}
	for s.left > 0 {
		n, err := syscall.Sendfile(int(fd), s.file, &s.at, s.left)
		if n > 0 {
			s.left -= n
			continue
		}
		if err == nil {
			err = io.ErrUnexpectedEOF // the file is shorter than the section
		}
		if again, stop := s.failed(err); stop {
			return !again
		}
	}
	return true
}

// failed sorts the errors: an interrupted call is made again at once, a full
// socket is waited for, the rest ends the sending.
func (s *sender) failed(err error) (again, stop bool) {
	switch {
	case errors.Is(err, syscall.EINTR):
		return false, false
	case errors.Is(err, syscall.EAGAIN):
		return true, true
	}
	s.err = err
	return false, true
}
