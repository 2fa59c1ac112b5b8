package admin

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
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Admin is a connection to brokers, or with --bootstrap-controller to the
// controllers themselves. Controllers answer no Metadata request, from which
// the client would learn whom to ask: they are asked as they were named.
// Close ends it.
type Admin struct {
	c           *kgo.Client
	servers     string // as the user wrote them
	controllers bool
}

// Open connects to the cluster that p names.
func Open(ctx context.Context, env *command.Env, p client.Properties) (*Admin, error) {
	c, err := client.Open(ctx, env, p)
	if err != nil {
		return nil, err
	}
	return &Admin{c: c, servers: p.Servers(), controllers: p[client.BootstrapControllers] != ""}, nil
}

// Close ends the connections.
func (a *Admin) Close() { a.c.Close() }

// Client is the connection itself.
func (a *Admin) Client() *kgo.Client { return a.c }

// Servers are the addresses that the user named.
func (a *Admin) Servers() string { return a.servers }

// Controllers says that controllers are asked.
func (a *Admin) Controllers() bool { return a.controllers }

// Request sends a request to whoever has to answer it (kmsg.Requestor). Among
// controllers that is the active one, which is asked where the others send
// away.
func (a *Admin) Request(ctx context.Context, req kmsg.Request) (kmsg.Response, error) {
	if !a.controllers {
		resp, err := a.c.Request(ctx, req)
		return resp, a.Explain(req.Key(), err)
	}
	if _, describes := req.(*kmsg.DescribeClusterRequest); !describes {
		err := a.turnTo(ctx, func(d *kmsg.DescribeClusterResponse) int32 { return d.ControllerID })
		if err != nil {
			return nil, err
		}
	}
	return a.seeds(ctx, req)
}

// Node sends requests to one node.
func (a *Admin) Node(id int32) kmsg.Requestor { return node{a, id} }

type node struct {
	*Admin

	id int32
}

// Request is [Admin.Request] for this node.
func (n node) Request(ctx context.Context, req kmsg.Request) (kmsg.Response, error) {
	if n.controllers {
		if err := n.turnTo(ctx, func(*kmsg.DescribeClusterResponse) int32 { return n.id }); err != nil {
			return nil, err
		}
		return n.seeds(ctx, req)
	}
	if err := n.know(ctx, n.id); err != nil {
		return nil, err
	}
	resp, err := n.c.Broker(int(n.id)).RetriableRequest(ctx, req)
	return resp, n.Explain(req.Key(), err)
}

// know asks for the brokers once and says that one is not among them.
func (a *Admin) know(ctx context.Context, id int32) error {
	d, err := a.DescribeCluster(ctx, false)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(d.Brokers, func(b kmsg.DescribeClusterResponseBroker) bool { return b.NodeID == id }) {
		return nil
	}
	return command.Failf("the cluster at %s has no broker %d that is up", a.servers, id)
}

// Explain makes an error of a request with that key one that a person can act
// on: a [java.Thrown] where Kafka's client throws for a code.
func (a *Admin) Explain(key int16, err error) error {
	if err == nil {
		return nil
	}
	if client.Unsupported(err) {
		return java.Code(kerr.UnsupportedVersion.Code, "the node at "+a.servers+" does not support "+kmsg.NameForKey(key))
	}
	if e, ok := errors.AsType[*kerr.Error](err); ok {
		return java.Code(e.Code, "")
	}
	return client.Explain(err, a.servers)
}

// Unsupported says that a node does not serve what it was asked.
func Unsupported(err error) bool { return errors.Is(err, kafka.ErrUnsupportedVersion) }

// seeds asks the nodes that were named, one after the other, until one
// answers.
func (a *Admin) seeds(ctx context.Context, req kmsg.Request) (kmsg.Response, error) {
	last := errors.New("nobody is named")
	for _, b := range a.c.SeedBrokers() {
		resp, err := request(ctx, b, req)
		if err == nil || ctx.Err() != nil || client.Unsupported(err) {
			return resp, a.Explain(req.Key(), err)
		}
		last = err
	}
	return nil, a.Explain(req.Key(), last)
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
func (a *Admin) turnTo(ctx context.Context, which func(*kmsg.DescribeClusterResponse) int32) error {
	d, err := a.DescribeCluster(ctx, false)
	if err != nil {
		return err
	}
	id := which(d)
	for _, b := range d.Brokers {
		if b.NodeID == id {
			return command.Fail(a.c.UpdateSeedBrokers(net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))))
		}
	}
	if id < 0 {
		return command.Failf("the controllers at %s have no leader now: a quorum must be up", a.servers)
	}
	return command.Failf("the controllers at %s know no controller %d", a.servers, id)
}

// DescribeCluster asks what the cluster is made of.
func (a *Admin) DescribeCluster(ctx context.Context, fenced bool) (*kmsg.DescribeClusterResponse, error) {
	req := kmsg.NewPtrDescribeClusterRequest()
	req.IncludeFencedBrokers = fenced
	req.EndpointType = 1
	if a.controllers {
		req.EndpointType = 2
	}
	resp, err := req.RequestWith(ctx, a)
	if err != nil {
		return nil, err
	}
	if resp.ErrorCode != 0 {
		return nil, a.Refused(resp.ErrorCode, resp.ErrorMessage)
	}
	return resp, nil
}

// Refused is an error code with its sentence, and the remedy where a broker's
// listener was taken for a controller's or the other way round.
func (a *Admin) Refused(code int16, message *string) error {
	text := ""
	if message != nil {
		text = *message
	}
	t := java.Code(code, text)
	if code == kerr.MismatchedEndpointType.Code || code == kerr.UnsupportedEndpointType.Code {
		other := "--bootstrap-controller"
		if a.controllers {
			other = "--bootstrap-server"
		}
		t.Cause = errors.New(t.Message + ": " + a.servers + " wants " + other)
	}
	return t
}
