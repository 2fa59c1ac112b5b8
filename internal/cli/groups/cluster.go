package groups

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

// cluster is asked what the commands of this room need to know. Its errors
// are [java.Thrown] where Kafka's client throws.
type cluster struct {
	*admin.Admin

	timeout time.Duration // of one request
}

// open connects as the flags say. timeout bounds the wait for a broker, too,
// unless the properties say how long that may take.
func open(ctx context.Context, env *command.Env, where *client.Flags, timeout time.Duration) (*cluster, error) {
	p, err := where.Resolve()
	if err != nil {
		return nil, err
	}
	p.Default("default.api.timeout.ms", fmt.Sprint(timeout.Milliseconds()))
	a, err := admin.Open(ctx, env, p)
	if err != nil {
		return nil, err
	}
	return &cluster{a, timeout}, nil
}

// Request sends one request to whoever has to answer it (kmsg.Requestor).
func (a *cluster) Request(ctx context.Context, req kmsg.Request) (kmsg.Response, error) {
	bounded, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	resp, err := a.Client().Request(bounded, req)
	if err != nil {
		return nil, a.thrown(ctx, req.Key(), err)
	}
	return resp, nil
}

// shards sends a request that several brokers answer a part of.
func (a *cluster) shards(ctx context.Context, req kmsg.Request, each func(kgo.BrokerMetadata, kmsg.Response) error) error {
	bounded, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	for _, s := range a.Client().RequestSharded(bounded, req) {
		if s.Err != nil {
			return a.thrown(ctx, req.Key(), s.Err)
		}
		if err := each(s.Meta, s.Resp); err != nil {
			return err
		}
	}
	return nil
}

// thrown is an error of a request as Kafka's client would throw it. ctx is
// the command's own: where it has ended, the user ended it.
func (a *cluster) thrown(ctx context.Context, key int16, err error) error {
	switch {
	case ctx.Err() != nil:
		return command.Fail(ctx.Err())
	case errors.Is(err, context.DeadlineExceeded):
		return &java.Thrown{
			Class:   "org.apache.kafka.common.errors.TimeoutException",
			Message: fmt.Sprintf("the brokers at %s did not answer within %v: raise --timeout, or look whether they are alive", a.Servers(), a.timeout),
		}
	}
	return a.Explain(key, err)
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
