package node

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"github.com/gregor-stream/gregor/internal/httpd"
	"github.com/gregor-stream/gregor/internal/metrics"
)

// serveHTTP serves metrics and health from here on: a node that is long in
// starting says so. Without a listener nothing is counted for clients, either.
func (n *Node) serveHTTP(ctx context.Context) error {
	listeners := n.cfg.HTTP
	for _, l := range n.cfg.Broker.HTTPListeners {
		address := net.JoinHostPort(l.Host, strconv.Itoa(l.Port))
		nl, err := n.cfg.Listen(ctx, address)
		if err != nil {
			for _, open := range listeners {
				_ = open.Close() // the start fails anyway
			}
			return fmt.Errorf("gregor.http.listeners: cannot listen on %s: %w", address, err)
		}
		listeners = append(listeners, nl)
	}
	if len(listeners) == 0 {
		return nil
	}
	n.telemetry = newTelemetry(n)
	log := n.logs.Logger("http")
	s := httpd.New(httpd.Config{
		Log:     log,
		Metrics: metrics.New(log, n.telemetry, n.requests, state{n}, n.telemetry).Handler(),
		Alive:   n.Err,
		Unready: n.unready,
		Loggers: n.logs,
		Pprof:   n.cfg.Broker.HTTPPprof,
	})
	n.stack.Push("http", s.Close)
	for _, l := range listeners {
		n.http = append(n.http, l.Addr())
		s.Serve(l)
	}
	return nil
}

// HTTPAddrs are the addresses at which metrics and health are served.
func (n *Node) HTTPAddrs() []net.Addr { return n.http }
