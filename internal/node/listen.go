package node

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/gregor-stream/gregor/internal/api"
	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/server"
)

// bound is an open listener.
type bound struct {
	net.Listener
	name       string
	controller bool
}

// advertised is where clients and brokers reach a listener.
type advertised = metadata.Endpoint

// listen binds all listeners. Nothing is accepted before serve; what connects
// meanwhile waits in the system's queue.
func (n *Node) listen(ctx context.Context) error {
	b := n.cfg.Broker
	open := func(all []config.Listener, isController bool) error {
		for _, l := range all {
			address := net.JoinHostPort(l.Host, strconv.Itoa(l.Port))
			nl, err := n.cfg.Listen(ctx, address)
			if err != nil {
				return fmt.Errorf("listener %s cannot listen on %s: %w", l.Name, address, err)
			}
			n.stack.Push("listener "+l.Name, func(context.Context) error {
				_ = nl.Close() // the server has closed it already, if it ever served
				return nil
			})
			n.listeners = append(n.listeners, bound{nl, l.Name, isController})
		}
		return nil
	}
	if err := open(b.Listeners, false); err != nil {
		return err
	}
	if err := open(b.ControllerListeners, true); err != nil {
		return err
	}
	for _, l := range b.AdvertisedListeners {
		n.advertise = append(n.advertise, n.advertisedAs(l))
	}
	return nil
}

// advertisedAs fills in what the configuration leaves open: the port that the
// system chose, and the machine's name.
func (n *Node) advertisedAs(l config.Listener) advertised {
	e := advertised{Listener: l.Name, Host: l.Host, Port: uint16(l.Port), Protocol: protocolOf(l.Protocol)} //nolint:gosec // config checked it
	if e.Port == 0 {
		for _, b := range n.listeners {
			if _, port, err := net.SplitHostPort(b.Addr().String()); b.name == l.Name && err == nil {
				p, _ := strconv.ParseUint(port, 10, 16)
				e.Port = uint16(p)
			}
		}
	}
	if e.Host == "" {
		e.Host = n.cfg.Hostname
	}
	return e
}

func protocolOf(name string) metadata.SecurityProtocol {
	switch name {
	case "SSL":
		return metadata.SSL
	case "SASL_PLAINTEXT":
		return metadata.SaslPlaintext
	case "SASL_SSL":
		return metadata.SaslSSL
	}
	return metadata.Plaintext
}

// serverConfig is the limits of the server under a configuration.
func serverConfig(b *config.Broker) server.Config {
	return server.Config{
		MaxRequestBytes:     b.SocketRequestMaxBytes,
		MaxQueuedBytes:      b.QueuedMaxRequestBytes,
		MaxConnections:      noneAtZero(b.MaxConnections),
		MaxConnectionsPerIP: noneAtZero(b.MaxConnectionsPerIP),
		PerIPOverrides:      b.MaxConnectionsPerIPOverrides,
		MaxCreationRate:     b.MaxConnectionCreationRate,
		MaxIdle:             time.Duration(b.ConnectionsMaxIdleMs) * time.Millisecond,
		SendBufferBytes:     b.SocketSendBufferBytes,
		ReceiveBufferBytes:  b.SocketReceiveBufferBytes,
	}
}

// noneAtZero turns Kafka's zero, which lets nobody in, into the server's.
func noneAtZero(limit int) int {
	if limit == 0 {
		return -1
	}
	return limit
}

// serve accepts connections on all listeners.
func (n *Node) serve() error {
	b := n.broker.Load()
	cfg := serverConfig(b)
	controllers := make(map[string]bool)
	for _, l := range n.listeners {
		controllers[l.name] = l.controller
	}
	cfg.Handler, cfg.Log, cfg.Observer = handler{n.handlers, controllers}, n.logs.Logger("server"), n.requests
	if n.cfg.Wrap != nil {
		cfg.Handler = n.cfg.Wrap(cfg.Handler)
	}
	s := server.New(cfg)
	n.server.Store(s)
	s.SetLimits(serverConfig(n.broker.Load())) // which may have changed meanwhile
	n.stack.Push("server", s.Close)
	for _, l := range n.listeners {
		// As in Kafka the brokers' own listener may exceed max.connections,
		// where it is not the only one.
		inner := l.controller || l.name == b.InterBrokerListener && len(b.Listeners) > 1
		err := s.Serve(server.Listener{Name: l.name, Listener: l.Listener, InterBroker: inner})
		if err != nil {
			return err
		}
	}
	return nil
}

// handler shows the handlers to the server.
type handler struct {
	h           *api.Handlers
	controllers map[string]bool // the names of the controllers' listeners
}

// Open begins a conversation.
func (h handler) Open(info server.ConnInfo) server.Session {
	return session{h.h.Open(api.Conn{
		ID: info.ID, Listener: info.Listener, Controller: h.controllers[info.Listener], Local: info.Local, Remote: info.Remote,
	})}
}

type session struct{ s *api.Session }

// Serve executes one request.
func (s session) Serve(ctx context.Context, frame, dst []byte, received time.Time) (server.Reply, error) {
	r, err := s.s.Serve(ctx, frame, dst, received)
	reply := server.Reply{Data: r.Data, Parts: r.Parts, Recycle: r.Recycle, Close: r.Close, Done: r.Done, Remote: r.Remote, Asked: r.Asked}
	reply.About = server.About{
		Key: int16(r.About.Key), Version: r.About.Version, Follower: r.About.Follower, Client: r.About.Client, Principal: r.About.Principal,
	}
	reply.Conversion = (*server.Conversion)(r.Conversion)
	if r.Pending != nil {
		reply.Pending = r.Pending
	}
	return reply, err
}

// Close ends the conversation.
func (s session) Close() { s.s.Close() }
