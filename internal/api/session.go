package api

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/gregor-stream/gregor/internal/auth"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// Reply is what Serve answers; the fields are those of the server's reply.
type Reply struct {
	Data    []byte  // the frame, its length included; empty: no answer
	Parts   []Part  // file sections between the bytes of Data
	Pending Pending // the answer comes later
	Recycle bool    // nobody keeps a slice of the request
	Close   bool    // the connection ends after the answer
	Done    func()  // called once when the reply is written or given up
}

// Part is bytes that stand in a file.
type Part struct {
	At      int // the section comes before Data[At]
	Section Section
}

// Section is a stretch of a file.
type Section interface {
	io.ReaderAt
	Len() int
}

// Pending is an answer that waits for something; only Produce has one.
type Pending interface {
	Ready() <-chan struct{}
	AppendTo(dst []byte) []byte
}

// Session is the conversation on one connection. It keeps what requests of
// the same connection can reuse.
type Session struct {
	h      *Handlers
	conn   Conn
	call   Call
	reader msg.Reader
}

// Open begins the conversation of a connection.
func (h *Handlers) Open(conn Conn) *Session {
	s := &Session{h: h, conn: conn}
	s.call.Conn = &s.conn
	s.call.Principal = auth.Anonymous()
	return s
}

// Close ends the conversation.
func (s *Session) Close() {}

// Serve executes one request frame and appends its answer to dst.
func (s *Session) Serve(ctx context.Context, frame, dst []byte, received time.Time) (Reply, error) {
	body, err := s.header(frame)
	if err != nil {
		return Reply{}, err
	}
	s.call.Received = received
	r := s.h.table.find(s.call.Key)
	switch {
	case r == nil:
		return Reply{}, fmt.Errorf("%s is not served (from %s)", s.call.Key, s.conn.Remote)
	case s.call.Version < r.min || s.call.Version > r.max:
		if s.call.Key == kafka.ApiVersions {
			return s.unsupportedApiVersions(dst), nil
		}
		return Reply{}, fmt.Errorf("%s v%d is not served, only v%d to v%d (from %s)",
			s.call.Key, s.call.Version, r.min, r.max, s.conn.Remote)
	}
	if body, err = s.skipHeaderTags(body); err != nil {
		return Reply{}, err
	}
	reply, err := r.serve(ctx, s, body, dst)
	if err != nil {
		return Reply{}, fmt.Errorf("%s v%d from client %q: %w", s.call.Key, s.call.Version, s.call.ClientID, err)
	}
	return reply, nil
}

// header reads the request header up to and with the client id:
//
//	 0        2         4               8            10
//	┌────────┬─────────┬───────────────┬────────────┬───────────┬─────────────────┐
//	│ key    │ version │ correlationId │ len or -1  │ client id │ tags (header v2)│
//	└────────┴─────────┴───────────────┴────────────┴───────────┴─────────────────┘
func (s *Session) header(frame []byte) ([]byte, error) {
	if len(frame) < 8 {
		return nil, fmt.Errorf("a request of %d bytes has no header", len(frame))
	}
	s.call.Key = kafka.APIKey(binary.BigEndian.Uint16(frame))
	s.call.Version = int16(binary.BigEndian.Uint16(frame[2:]))
	s.call.CorrelationID = int32(binary.BigEndian.Uint32(frame[4:]))
	if msg.RequestHeaderVersion(s.call.Key, s.call.Version) == 0 {
		s.call.ClientID = ""
		return frame[8:], nil
	}
	if len(frame) < 10 {
		return nil, fmt.Errorf("a request of %d bytes has no whole header", len(frame))
	}
	size := int(int16(binary.BigEndian.Uint16(frame[8:])))
	rest := frame[10:]
	switch {
	case size < -1 || size > len(rest):
		return nil, fmt.Errorf("a request of %d bytes says its client id has %d", len(frame), size)
	case size == -1:
		s.call.ClientID = ""
		return rest, nil
	case s.call.ClientID != string(rest[:size]): // the comparison does not allocate
		s.call.ClientID = string(rest[:size])
	}
	return rest[size:], nil
}

func (s *Session) skipHeaderTags(body []byte) ([]byte, error) {
	if msg.RequestHeaderVersion(s.call.Key, s.call.Version) < 2 {
		return body, nil
	}
	if len(body) > 0 && body[0] == 0 {
		return body[1:], nil
	}
	count, n := binary.Uvarint(body)
	if n <= 0 || count > uint64(len(body)) {
		return nil, fmt.Errorf("the request header's tagged fields are damaged")
	}
	body = body[n:]
	for range count {
		_, n := binary.Uvarint(body) // the tag
		if n <= 0 {
			return nil, fmt.Errorf("the request header's tagged fields are damaged")
		}
		size, m := binary.Uvarint(body[n:])
		if m <= 0 || size > uint64(len(body)-n-m) {
			return nil, fmt.Errorf("the request header's tagged fields are damaged")
		}
		body = body[n+m+int(size):]
	}
	return body, nil
}

// begin appends room for the frame's length, and the response header.
func (s *Session) begin(dst []byte) []byte {
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(s.call.CorrelationID))
	if msg.ResponseHeaderVersion(s.call.Key, s.call.Version) >= 1 {
		dst = append(dst, 0)
	}
	return dst
}

// answer appends the whole frame of an answer.
func (s *Session) answer(dst []byte, answer msg.Response) []byte {
	start := len(dst)
	dst = answer.AppendTo(s.begin(dst), s.call.Version)
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}
