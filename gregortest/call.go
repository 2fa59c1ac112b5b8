package gregortest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/node"
	"github.com/gregor-stream/gregor/internal/wire"
)

// clientID is whose requests the package's own are.
const clientID = "gregortest"

// frameLength is the size of the length before a frame.
const frameLength = 4

// call executes a request in the running broker, without a connection: faults
// of requests do not touch it.
func (b *Broker) call(ctx context.Context, version int16, req msg.Request, resp msg.Response) error {
	n := b.running()
	if n == nil {
		return errors.New("the broker does not run")
	}
	return call(ctx, n, version, req, resp)
}

func call(ctx context.Context, n *node.Node, version int16, req msg.Request, resp msg.Response) error {
	session := n.Open()
	defer session.Close()
	frame := wire.AppendRequest(nil, version, 1, clientID, req)
	reply, err := session.Serve(ctx, frame[frameLength:], nil, time.Now())
	if err != nil {
		return err
	}
	if reply.Done != nil {
		defer reply.Done()
	}
	data := reply.Data
	if p := reply.Pending; p != nil {
		defer p.Release()
		ready := make(chan struct{}, 1)
		late := time.NewTimer(time.Until(p.Deadline()))
		defer late.Stop()
		if !p.Ready(func() { ready <- struct{}{} }) {
			select {
			case <-ready:
			case <-late.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		data = p.AppendTo(nil)
	}
	return decode(data, req.APIKey(), version, resp)
}

// decode reads a whole response frame.
func decode(data []byte, key kafka.APIKey, version int16, resp msg.Response) error {
	if len(data) < frameLength {
		return fmt.Errorf("%s v%d has no answer", key, version)
	}
	frame := data[frameLength:]
	_, at, err := wire.ParseResponseHeader(frame, key, version)
	if err != nil {
		return err
	}
	return msg.Unmarshal(resp, frame[at:], version)
}

// newest is the newest stable version of a request.
func newest(req msg.Request) int16 {
	known, _ := msg.Lookup(req.APIKey())
	return known.MaxStable
}

// problem is an error code with what the broker said of it; nil for none.
func problem(code int16, message *string) error {
	if code == 0 {
		return nil
	}
	if message != nil && *message != "" {
		return kafka.Errorf(kafka.Error(code), "%s", *message)
	}
	return kafka.Error(code)
}
