package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
)

// membership is this broker's registration with the controller, and the
// heartbeats that keep it.
type membership struct {
	n        *Node
	epoch    atomic.Int64  // -1 before the registration
	previous int64         // the epoch before a clean shutdown, -1: not known
	now      chan struct{} // a heartbeat is due at once; holds at most one wake-up
	dirs     *dirReports
}

func newMembership(n *Node) *membership {
	m := &membership{n: n, previous: n.previousEpoch(), now: make(chan struct{}, 1)}
	m.dirs = newDirReports(n.cfg.Broker.LogDirFailureTimeoutMs, len(n.dirs))
	m.epoch.Store(-1)
	return m
}

// Epoch is the broker epoch.
func (m *membership) Epoch() int64 { return m.epoch.Load() }

// register makes the broker a member that may lead: when it returns, this
// broker leads its partitions.
func (m *membership) register(ctx context.Context) error {
	incarnation, err := kafka.NewUUID(m.n.cfg.Rand)
	if err != nil {
		return err
	}
	req := m.registration(incarnation)
	answer, err := m.n.quorum.Execute(ctx, func(in controller.Input) controller.Result {
		return controller.RegisterBroker(in, req)
	})
	if err != nil {
		return fmt.Errorf("register broker %d: %w", m.n.id(), err)
	}
	resp, ok := answer.(*msg.BrokerRegistrationResponse)
	if !ok || resp.ErrorCode != 0 {
		return fmt.Errorf("register broker %d: %v", m.n.id(), answer)
	}
	m.epoch.Store(resp.BrokerEpoch)
	for {
		hb, err := m.heartbeat(ctx, false)
		if err != nil {
			return fmt.Errorf("unfence broker %d: %w", m.n.id(), err)
		}
		if !hb.IsFenced {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("unfence broker %d: %w", m.n.id(), ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (m *membership) registration(incarnation kafka.UUID) *msg.BrokerRegistrationRequest {
	n := m.n
	req := msg.NewBrokerRegistrationRequest()
	req.BrokerId, req.ClusterId, req.IncarnationId = int32(n.id()), n.clusterID, incarnation
	req.PreviousBrokerEpoch = m.previous
	req.Rack = nil // Kafka's default is the empty string
	if rack := n.cfg.Broker.Rack; rack != "" {
		req.Rack = &rack
	}
	for _, e := range n.advertise {
		req.Listeners = append(req.Listeners, msg.BrokerRegistrationRequestListener{
			Name: e.Listener, Host: e.Host, Port: e.Port, SecurityProtocol: int16(e.Protocol)})
	}
	for _, f := range controller.SupportedFeatures() {
		req.Features = append(req.Features, msg.BrokerRegistrationRequestFeature{
			Name: f.Name, MinSupportedVersion: f.Min, MaxSupportedVersion: f.Max})
	}
	for _, d := range n.dirs {
		if d.data && !n.set.DirFailed(d.path) {
			req.LogDirs = append(req.LogDirs, d.meta.DirectoryID)
		}
	}
	return req
}

func (m *membership) heartbeat(ctx context.Context, leaving bool) (*msg.BrokerHeartbeatResponse, error) {
	req := msg.NewBrokerHeartbeatRequest()
	req.BrokerId, req.BrokerEpoch = int32(m.n.id()), m.epoch.Load()
	req.CurrentMetadataOffset = int64(m.n.quorum.Image().Offset) - 1 // the last that was applied
	req.WantShutDown, req.OfflineLogDirs = leaving, m.n.set.OfflineDirs()
	answer, err := m.n.quorum.Execute(ctx, func(in controller.Input) controller.Result {
		return controller.BrokerHeartbeat(in, req)
	})
	if err != nil {
		return nil, err
	}
	resp, ok := answer.(*msg.BrokerHeartbeatResponse)
	if !ok {
		return nil, fmt.Errorf("heartbeat: unexpected answer %T", answer)
	}
	if resp.ErrorCode != 0 {
		return nil, kafka.Error(resp.ErrorCode)
	}
	m.dirs.delivered(req.OfflineLogDirs)
	return resp, nil
}

// leaveWithin bounds the wait for the controller to let the broker go.
const leaveWithin = 5 * time.Second

// leave tells the controller that the broker stops, and waits until it may: a
// controlled shutdown. Where that fails the broker stops all the same, as after
// a crash.
func (m *membership) leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, leaveWithin)
	defer cancel()
	for {
		hb, err := m.heartbeat(ctx, true)
		if err != nil {
			m.n.log.Warn("the controller was not told that the broker stops", "error", err)
			return nil
		}
		if hb.ShouldShutDown {
			return nil
		}
		select {
		case <-ctx.Done():
			m.n.log.Warn("the controller did not let the broker go; it stops all the same")
			return nil
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// hurry has the next heartbeat sent now. It does not block.
func (m *membership) hurry() {
	select {
	case m.now <- struct{}{}:
	default:
	}
}

// run keeps the registration alive.
func (m *membership) run(ctx context.Context) error {
	every := time.Duration(max(m.n.cfg.Broker.BrokerHeartbeatIntervalMs, 1)) * time.Millisecond
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-m.now:
		}
		if _, err := m.heartbeat(ctx, false); err != nil && ctx.Err() == nil && !errors.Is(err, kafka.ErrNotController) {
			m.n.log.Warn("a heartbeat to the controller failed", "error", err)
		}
	}
}

// previousEpoch reads the broker epoch that the last clean shutdown wrote.
func (n *Node) previousEpoch() int64 {
	for _, d := range n.dirs {
		if clean, epoch, err := logdir.ReadClean(n.cfg.FS, d.path); d.data && d.err == nil && err == nil && clean {
			return epoch
		}
	}
	return -1
}

// producerIDs hands out the producer ids of one block after the other.
type producerIDs struct {
	n *Node

	mu        sync.Mutex
	next, end kafka.ProducerID
}

// Next is an id that nobody else has or had.
func (p *producerIDs) Next(ctx context.Context) (kafka.ProducerID, error) {
	for {
		p.mu.Lock()
		if p.next < p.end {
			id := p.next
			p.next++
			p.mu.Unlock()
			return id, nil
		}
		p.mu.Unlock()
		if err := p.allocate(ctx); err != nil {
			return 0, err
		}
	}
}

// allocate asks for a block. Two callers at once may ask for one each; the ids
// of the one that comes second are not used.
func (p *producerIDs) allocate(ctx context.Context) error {
	req := msg.NewAllocateProducerIdsRequest()
	req.BrokerId, req.BrokerEpoch = int32(p.n.id()), p.n.membership.Epoch()
	answer, err := p.n.quorum.Execute(ctx, func(in controller.Input) controller.Result {
		return controller.AllocateProducerIDs(in, req)
	})
	if err != nil {
		return err
	}
	resp, ok := answer.(*msg.AllocateProducerIdsResponse)
	if !ok {
		return fmt.Errorf("allocate producer ids: unexpected answer %T", answer)
	}
	if resp.ErrorCode != 0 {
		return kafka.Error(resp.ErrorCode)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next >= p.end {
		p.next = kafka.ProducerID(resp.ProducerIdStart)
		p.end = p.next + kafka.ProducerID(resp.ProducerIdLen)
	}
	return nil
}
