package cluster

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

// conn is a connection to brokers, or with --bootstrap-controller to the
// controllers themselves. Controllers answer no Metadata request, from which
// the client would learn whom to ask: they are asked as they were named.
type conn struct {
	client      *kgo.Client
	servers     string // as the user wrote them
	controllers bool
}

// open connects as the flags say.
func open(ctx context.Context, env *command.Env, where *client.Flags) (*conn, error) {
	p, err := where.Resolve()
	if err != nil {
		return nil, err
	}
	return openWith(ctx, env, p)
}

func openWith(ctx context.Context, env *command.Env, p client.Properties) (*conn, error) {
	c, err := client.Open(ctx, env, p)
	if err != nil {
		return nil, err
	}
	return &conn{client: c, servers: p.Servers(), controllers: p[client.BootstrapControllers] != ""}, nil
}

// close ends the connections.
func (c *conn) close() { c.client.Close() }

// ask sends a request to whoever has to answer it. Among controllers that is
// the active one, which is asked where the others send away.
func ask[R kmsg.Response](ctx context.Context, c *conn, req kmsg.Request) (R, error) {
	resp, err := c.send(ctx, req)
	return answered[R](c, req, resp, err)
}

// askNode sends a request to one node.
func askNode[R kmsg.Response](ctx context.Context, c *conn, node int32, req kmsg.Request) (R, error) {
	if c.controllers {
		if err := c.turnTo(ctx, func(d *kmsg.DescribeClusterResponse) int32 { return node }); err != nil {
			var none R
			return none, err
		}
		resp, err := c.seeds(ctx, req)
		return answered[R](c, req, resp, err)
	}
	if err := c.know(ctx, node); err != nil {
		var none R
		return none, err
	}
	resp, err := c.client.Broker(int(node)).RetriableRequest(ctx, req)
	return answered[R](c, req, resp, err)
}

// know asks for the brokers once and says that one is not among them.
func (c *conn) know(ctx context.Context, node int32) error {
	d, err := c.describe(ctx, false)
	if err != nil {
		return err
	}
	for _, b := range d.Brokers {
		if b.NodeID == node {
			return nil
		}
	}
	return command.Failf("the cluster at %s has no broker %d that is up", c.servers, node)
}

// answered reads an answer, or says in one line why there is none.
func answered[R kmsg.Response](c *conn, req kmsg.Request, resp kmsg.Response, err error) (R, error) {
	var none R
	switch {
	case client.Unsupported(err):
		return none, java.Code(kerr.UnsupportedVersion.Code, "the node at "+c.servers+" does not support "+kmsg.NameForKey(req.Key()))
	case err != nil:
		if e, ok := errors.AsType[*kerr.Error](err); ok {
			return none, java.Code(e.Code, "")
		}
		return none, client.Explain(err, c.servers)
	}
	r, ok := resp.(R)
	if !ok {
		return none, command.Failf("%T answered by %T", req, resp)
	}
	return r, nil
}

func (c *conn) send(ctx context.Context, req kmsg.Request) (kmsg.Response, error) {
	if !c.controllers {
		return c.client.Request(ctx, req)
	}
	if _, describes := req.(*kmsg.DescribeClusterRequest); !describes {
		err := c.turnTo(ctx, func(d *kmsg.DescribeClusterResponse) int32 { return d.ControllerID })
		if err != nil {
			return nil, err
		}
	}
	return c.seeds(ctx, req)
}

// seeds asks the nodes that were named, one after the other, until one
// answers.
func (c *conn) seeds(ctx context.Context, req kmsg.Request) (kmsg.Response, error) {
	last := errors.New("nobody is named")
	for _, b := range c.client.SeedBrokers() {
		resp, err := request(ctx, b, req)
		if err == nil || ctx.Err() != nil || client.Unsupported(err) {
			return resp, err
		}
		last = err
	}
	return nil, last
}

// request asks a controller, after a look at what it serves: the client takes
// a node that does not serve Produce for one that did not say, and a
// controller closes the connection on what it does not serve.
func request(ctx context.Context, b *kgo.Broker, req kmsg.Request) (kmsg.Response, error) {
	ask := kmsg.NewPtrApiVersionsRequest()
	ask.ClientSoftwareName, ask.ClientSoftwareVersion = "gregor", command.KafkaVersion
	resp, err := b.RetriableRequest(ctx, ask)
	if err != nil {
		return nil, err
	}
	keys := resp.(*kmsg.ApiVersionsResponse).ApiKeys //nolint:forcetypeassert // the answer to this request
	if !slices.ContainsFunc(keys, func(k kmsg.ApiVersionsResponseApiKey) bool { return k.ApiKey == req.Key() }) {
		return nil, kerr.UnsupportedVersion
	}
	return b.RetriableRequest(ctx, req)
}

// turnTo makes one of the controllers the only one that is asked. Which one,
// which tells of what a controller says of them.
func (c *conn) turnTo(ctx context.Context, which func(*kmsg.DescribeClusterResponse) int32) error {
	d, err := c.describe(ctx, false)
	if err != nil {
		return err
	}
	id := which(d)
	for _, b := range d.Brokers {
		if b.NodeID == id {
			return command.Fail(c.client.UpdateSeedBrokers(net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))))
		}
	}
	if id < 0 {
		return command.Failf("the controllers at %s have no leader now: a quorum must be up", c.servers)
	}
	return command.Failf("the controllers at %s know no controller %d", c.servers, id)
}

// uncertain says, where the user ended a command in the middle of a change,
// that nobody knows whether it was made.
func uncertain(ctx context.Context, env *command.Env, how string) {
	if ctx.Err() != nil {
		env.Warnf("The change may have been made, or not: %s shows it.", how)
	}
}

// describe asks what the cluster is made of.
func (c *conn) describe(ctx context.Context, fenced bool) (*kmsg.DescribeClusterResponse, error) {
	req := kmsg.NewPtrDescribeClusterRequest()
	req.IncludeFencedBrokers = fenced
	req.EndpointType = 1
	if c.controllers {
		req.EndpointType = 2
	}
	resp, err := ask[*kmsg.DescribeClusterResponse](ctx, c, req)
	if err != nil {
		return nil, err
	}
	if resp.ErrorCode != 0 {
		return nil, c.refused(resp.ErrorCode, resp.ErrorMessage)
	}
	return resp, nil
}

// refused is an error code with its sentence, and the remedy where a broker's
// listener was taken for a controller's or the other way round.
func (c *conn) refused(code int16, message *string) error {
	text := ""
	if message != nil {
		text = *message
	}
	t := java.Code(code, text)
	if code == kerr.MismatchedEndpointType.Code || code == kerr.UnsupportedEndpointType.Code {
		other := "--bootstrap-controller"
		if c.controllers {
			other = "--bootstrap-server"
		}
		t.Cause = errors.New(t.Message + ": " + c.servers + " wants " + other)
	}
	return t
}
