package groups

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

// admin asks the cluster what the commands of this room need to know. Its
// errors are [java.Thrown] where Kafka's client throws.
type admin struct {
	client  *kgo.Client
	servers string        // as the user wrote them
	timeout time.Duration // of one request
}

// open connects as the flags say. timeout bounds the wait for a broker, too,
// unless the properties say how long that may take.
func open(ctx context.Context, env *command.Env, where *client.Flags, timeout time.Duration) (*admin, error) {
	p, err := where.Resolve()
	if err != nil {
		return nil, err
	}
	p.Default("default.api.timeout.ms", fmt.Sprint(timeout.Milliseconds()))
	c, err := client.Open(ctx, env, p)
	if err != nil {
		return nil, err
	}
	return &admin{client: c, servers: p.Servers(), timeout: timeout}, nil
}

// close ends the connections.
func (a *admin) close() { a.client.Close() }

// ask sends one request to whoever has to answer it.
func ask[R kmsg.Response](ctx context.Context, a *admin, req kmsg.Request) (R, error) {
	bounded, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	var none R
	resp, err := a.client.Request(bounded, req)
	if err != nil {
		return none, a.thrown(ctx, err)
	}
	r, ok := resp.(R)
	if !ok {
		return none, fmt.Errorf("%T answered by %T", req, resp)
	}
	return r, nil
}

// shards sends a request that several brokers answer a part of.
func (a *admin) shards(ctx context.Context, req kmsg.Request, each func(kgo.BrokerMetadata, kmsg.Response) error) error {
	bounded, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	for _, s := range a.client.RequestSharded(bounded, req) {
		if s.Err != nil {
			return a.thrown(ctx, s.Err)
		}
		if err := each(s.Meta, s.Resp); err != nil {
			return err
		}
	}
	return nil
}

// thrown is an error of a request as Kafka's client would throw it. ctx is
// the command's own: where it has ended, the user ended it.
func (a *admin) thrown(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return command.Fail(ctx.Err())
	case errors.Is(err, context.DeadlineExceeded):
		return &java.Thrown{
			Class:   "org.apache.kafka.common.errors.TimeoutException",
			Message: fmt.Sprintf("the brokers at %s did not answer within %v: raise --timeout, or look whether they are alive", a.servers, a.timeout),
		}
	case client.Unsupported(err):
		return java.Code(kerr.UnsupportedVersion.Code, "the broker does not support this")
	}
	if e, ok := errors.AsType[*kerr.Error](err); ok {
		return java.Code(e.Code, "")
	}
	return client.Explain(err, a.servers)
}

// execution is err as Kafka's command catches it from a future: wrapped where
// Kafka's client threw it.
func execution(err error) error { return in(err, java.Execution) }

// in wraps err, where Kafka's client threw it, in exceptions of these classes.
func in(err error, classes ...string) error {
	t, ok := errors.AsType[*java.Thrown](err)
	if !ok {
		return err
	}
	for _, class := range classes {
		t = t.In(class)
	}
	return t
}

// isUnsupported says that the broker does not serve what was asked.
func isUnsupported(err error) bool {
	t, ok := errors.AsType[*java.Thrown](err)
	return ok && t.Class == java.Class(kerr.UnsupportedVersion.Code)
}
