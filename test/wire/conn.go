// Package wire holds the same conversations with Gregor and with Apache
// Kafka, request by request and version by version, and compares the decoded
// answers field by field. The requests are encoded and the answers decoded by
// franz-go's kmsg, which shares no code with either broker. Kind: test
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// answerLimit is how long a broker may take for one answer, on a busy machine, too.
const answerLimit = 30 * time.Second

// longPoll is a wait, in ms, of which a broker that only answers at its end has
// not answered in time.
const longPoll = 2 * int32(answerLimit/time.Millisecond)

// responseBytesMax bounds what a broken length can make us allocate.
const responseBytesMax = 256 << 20

// conn is one connection to a broker.
type conn struct {
	addr string
	net  net.Conn
	next int32 // correlation id of the next request
}

func dial(addr string) (*conn, error) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &conn{addr: addr, net: c, next: 1}, nil
}

func (c *conn) close() {
	if c.net != nil {
		_ = c.net.Close()
		c.net = nil
	}
}

// errClosed says that the broker closed the connection instead of answering.
var errClosed = errors.New("connection closed")

// send writes one request.
func (c *conn) send(req kmsg.Request) error {
	c.next++
	frame := kmsg.NewRequestFormatter(kmsg.FormatterClientID("wire")).AppendRequest(nil, req, c.next)
	if err := c.net.SetDeadline(time.Now().Add(answerLimit)); err != nil {
		return err
	}
	if _, err := c.net.Write(frame); err != nil {
		return closedOr(err)
	}
	return nil
}

// receive reads one response to the last request and returns its body.
func (c *conn) receive(req kmsg.Request) ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(c.net, head[:]); err != nil {
		return nil, closedOr(err)
	}
	size := int32(binary.BigEndian.Uint32(head[:4]))
	if size < 4 || size > responseBytesMax {
		return nil, fmt.Errorf("response length %d", size)
	}
	if id := int32(binary.BigEndian.Uint32(head[4:])); id != c.next {
		return nil, fmt.Errorf("correlation id %d, want %d", id, c.next)
	}
	body := make([]byte, size-4)
	if _, err := io.ReadFull(c.net, body); err != nil {
		return nil, closedOr(err)
	}
	if req.IsFlexible() && req.Key() != int16(kmsg.ApiVersions) { // header version 1 has tags
		r := kbin.Reader{Src: body}
		kmsg.SkipTags(&r)
		if err := r.Complete(); err != nil {
			return nil, fmt.Errorf("response header: %w", err)
		}
		body = r.Src
	}
	return body, nil
}

func closedOr(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return errors.New("no answer in time")
	}
	return errClosed
}

// ask sends one request and decodes the answer. The int is how many bytes of
// the answer kmsg's own encoding of what it decoded would not have: 0 unless
// something trails the message.
func (c *conn) ask(req kmsg.Request) (kmsg.Response, int, error) {
	if c.net == nil {
		again, err := dial(c.addr)
		if err != nil {
			return nil, 0, err
		}
		*c = *again
	}
	resp, trailing, err := c.exchange(req)
	if err != nil {
		c.close()
	}
	return resp, trailing, err
}

func (c *conn) exchange(req kmsg.Request) (kmsg.Response, int, error) {
	if err := c.send(req); err != nil {
		return nil, 0, err
	}
	if p, ok := req.(*kmsg.ProduceRequest); ok && p.Acks == 0 {
		return nil, 0, nil
	}
	body, err := c.receive(req)
	if err != nil {
		return nil, 0, err
	}
	resp := req.ResponseKind()
	resp.SetVersion(req.GetVersion())
	if err := resp.ReadFrom(body); err != nil {
		return nil, 0, fmt.Errorf("undecodable answer of %d bytes: %w", len(body), err)
	}
	return resp, len(body) - len(resp.AppendTo(nil)), nil
}
