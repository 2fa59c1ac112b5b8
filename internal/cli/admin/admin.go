// Package admin asks a cluster what Kafka's AdminClient asks it, for the
// commands that look after topics and configs: one call a question, errors as
// Kafka's exceptions say them. It prints nothing. Kind: shell
package admin

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Admin is a connection to a cluster. Close ends it.
type Admin struct {
	c           *kgo.Client
	servers     string // as the user wrote them
	controllers bool   // requests go to a controller, which knows no metadata
}

// Open connects to the cluster that p names. Where p names controllers, the
// connection is one to the active controller.
func Open(ctx context.Context, env *command.Env, p client.Properties) (*Admin, error) {
	c, err := client.Open(ctx, env, p)
	if err != nil {
		return nil, err
	}
	a := &Admin{c: c, servers: p.Servers(), controllers: p[client.BootstrapControllers] != ""}
	if !a.controllers {
		return a, nil
	}
	active, err := a.activeController(ctx)
	if err != nil || active == "" {
		a.Close()
		return nil, command.Fail(cmpOr(err, fmt.Errorf("no controller is active at %s: name the controllers of a running quorum", a.servers)))
	}
	next := p.Clone()
	next[client.BootstrapControllers] = active
	a.Close()
	if a.c, err = client.Open(ctx, env, next); err != nil {
		return nil, err
	}
	return a, nil
}

func cmpOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// activeController is the address of the active controller; "" where there is
// none.
func (a *Admin) activeController(ctx context.Context) (string, error) {
	resp, err := a.describeCluster(ctx)
	if err != nil {
		return "", err
	}
	for _, n := range resp.Brokers {
		if n.NodeID == resp.ControllerID {
			return net.JoinHostPort(n.Host, strconv.Itoa(int(n.Port))), nil
		}
	}
	return "", nil
}

// Close ends the connection.
func (a *Admin) Close() { a.c.Close() }

// Servers are the addresses that the user named.
func (a *Admin) Servers() string { return a.servers }

// Client is the connection itself.
func (a *Admin) Client() *kgo.Client { return a.c }

// Request sends a request to where it belongs (kmsg.Requestor).
func (a *Admin) Request(ctx context.Context, req kmsg.Request) (kmsg.Response, error) {
	if !a.controllers {
		resp, err := a.c.Request(ctx, req)
		return resp, a.explain(req, err)
	}
	seeds := a.c.SeedBrokers()
	if len(seeds) == 0 {
		return nil, command.Failf("no controller is named")
	}
	resp, err := seeds[0].RetriableRequest(ctx, req)
	return resp, a.explain(req, err)
}

// explain makes err one that a person can act on.
func (a *Admin) explain(req kmsg.Request, err error) error {
	if err == nil {
		return nil
	}
	if client.Unsupported(err) {
		return &Unsupported{Key: kafka.APIKey(req.Key())}
	}
	return client.Explain(err, a.servers)
}

// Unsupported says that the brokers do not serve a request.
type Unsupported struct{ Key kafka.APIKey }

// Error names the request and what to do.
func (u *Unsupported) Error() string {
	return fmt.Sprintf("the broker does not support the %v request: what it is for is not there on this cluster", u.Key)
}

// describeCluster asks for the nodes, in the form that Kafka 3 and newer have.
func (a *Admin) describeCluster(ctx context.Context) (*kmsg.DescribeClusterResponse, error) {
	req := kmsg.NewPtrDescribeClusterRequest()
	req.EndpointType = 1
	if a.controllers {
		req.EndpointType = 2
	}
	resp, err := req.RequestWith(ctx, a)
	if err != nil {
		return nil, err
	}
	if t := java.Throw(resp.ErrorCode, resp.ErrorMessage); t != nil {
		return nil, t
	}
	return resp, nil
}

// Nodes are the ids of the nodes that are alive, in the order in which the
// admin client's map lists them.
func (a *Admin) Nodes(ctx context.Context) ([]int32, error) {
	resp, err := a.describeCluster(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]int32, len(resp.Brokers))
	for i, b := range resp.Brokers {
		ids[i] = b.NodeID
	}
	return java.Order(ids, java.HashInt), nil
}
