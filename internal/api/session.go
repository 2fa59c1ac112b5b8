package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gregor-stream/gregor/internal/auth"
	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/wire"
)

// Reply is what Serve answers; the fields are those of the server's reply.
type Reply struct {
	Data    []byte      // the frame, its length included; empty: no answer
	Parts   []wire.Part // file sections between the bytes of Data
	Pending Pending     // the answer comes later
	Recycle bool        // nobody keeps a slice of the request
	Close   bool        // the connection ends after the answer
	Done    func()      // called once when the reply is written or given up

	About         About
	Remote, Asked time.Duration // waited while it was executed; as the client asked
	// Conversion is what it took to write records anew, nil: none were. It is
	// known when the reply is written.
	Conversion *batch.Conversion
}

// Pending is an answer that waits for something; only Produce has one. Its
// methods are those of the server's.
type Pending interface {
	Ready(wake func()) bool
	Deadline() time.Time
	AppendTo(dst []byte) []byte
	Release()
}

// Session is the conversation on one connection. It keeps what requests of
// the same connection can reuse.
type Session struct {
	h       *Handlers
	conn    Conn
	call    Call
	reader  msg.Reader
	produce *produceState
}

// Open begins the conversation of a connection.
func (h *Handlers) Open(conn Conn) *Session {
	s := &Session{h: h, conn: conn}
	s.call.Conn = &s.conn
	s.call.Principal = auth.Anonymous()
	return s
}

// Close ends the conversation.
func (s *Session) Close() {
	if s.h.Telemetry != nil {
		s.h.Telemetry.Disconnected(s.conn.ID)
	}
}

// Serve executes one request frame and appends its answer to dst.
func (s *Session) Serve(ctx context.Context, frame, dst []byte, received time.Time) (Reply, error) {
	body, err := s.header(frame)
	if err != nil {
		return Reply{}, &refused{reasonHeader, err}
	}
	s.call.Received = received
	s.call.remote, s.call.asked, s.call.follower, s.call.conversion = 0, 0, false, nil
	r := s.h.table.find(s.call.Key, s.conn.Controller)
	switch {
	case r == nil:
		return Reply{}, &refused{reasonKey, fmt.Errorf("%s is not served", s.call.Key)}
	case s.call.Version < r.min || s.call.Version > r.max:
		if s.call.Key == kafka.ApiVersions {
			s.h.countError(kafka.ApiVersions, int16(kafka.ErrUnsupportedVersion), 1)
			return s.observed(s.unsupportedApiVersions(dst)), nil
		}
		return Reply{}, &refused{reasonVersion, fmt.Errorf("%s v%d is not served, only v%d to v%d (from client %q)",
			s.call.Key, s.call.Version, r.min, r.max, s.call.ClientID)}
	}
	reply, err := r.serve(ctx, s, body, dst)
	if err != nil {
		err = fmt.Errorf("%s v%d from client %q: %w", s.call.Key, s.call.Version, s.call.ClientID, err)
		if _, ok := errors.AsType[*refused](err); !ok {
			err = &refused{reasonFailed, err}
		}
		return Reply{}, err
	}
	return s.observed(reply), nil
}

// observed says of a reply what an observer wants to know.
func (s *Session) observed(r Reply) Reply {
	r.About = About{Key: s.call.Key, Version: s.call.Version, Follower: s.call.follower, Client: s.call.ClientID, Principal: s.call.Principal.Name}
	r.Remote, r.Asked, r.Conversion = s.call.remote, s.call.asked, s.call.conversion
	return r
}

// header reads the request header. The client id is the same on every request
// of a connection, so that it is kept rather than made again.
func (s *Session) header(frame []byte) ([]byte, error) {
	h, err := wire.ParseRequestHeader(frame)
	if err != nil {
		return nil, err
	}
	s.call.Key, s.call.Version, s.call.CorrelationID = h.Key, h.Version, h.CorrelationID
	if s.call.ClientID != string(h.ClientID) { // the comparison does not allocate
		s.call.ClientID = string(h.ClientID)
	}
	return frame[h.BodyOffset:], nil
}

// answer appends the whole frame of an answer.
func (s *Session) answer(dst []byte, answer msg.Response) []byte {
	return wire.AppendResponse(dst, s.call.Key, s.call.Version, s.call.CorrelationID, answer)
}
