package node

import (
	"context"
	"fmt"
	"time"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/quorum"
)

// controllerPort is where a controller listens by Kafka's convention: what the
// voters' record says of a node that is alone and listens nowhere.
const controllerPort = 9093

// formatMetadata makes the metadata log's directory of a new node. Without
// controller.quorum.voters the node becomes the one dynamic voter, as
// kafka-storage format --standalone makes it.
func (n *Node) formatMetadata(d *directory) error {
	o := quorum.FormatOptions{Now: time.Now()}
	if len(n.cfg.Broker.Voters) == 0 {
		o.Voters = []quorum.Voter{{ID: n.id(), DirectoryID: d.meta.DirectoryID, Endpoints: n.controllerEndpoints()}}
	}
	return quorum.Format(n.cfg.FS, d.path, o)
}

// controllerEndpoints is where the controller is reached.
func (n *Node) controllerEndpoints() []metadata.Endpoint {
	var list []metadata.Endpoint
	for _, l := range n.cfg.Broker.AdvertisedControllers {
		list = append(list, n.advertisedAs(l))
	}
	if len(list) == 0 {
		list = append(list, n.advertisedAs(config.Listener{Name: "CONTROLLER", Port: controllerPort}))
	}
	return list
}

func (n *Node) quorumConfig() quorum.Config {
	b := n.cfg.Broker
	ms := func(v int64) time.Duration { return time.Duration(v) * time.Millisecond }
	cfg := quorum.Config{
		FS: n.metadataDirectory().space.Spare(), Dir: n.metadataDirectory().path, DirectoryID: n.metadataDirectory().meta.DirectoryID,
		Env: &controller.Env{
			NodeID: n.id(), ClusterID: n.clusterID, Config: b, Features: controller.SupportedFeatures(),
			SessionTimeout: ms(int64(b.BrokerSessionTimeoutMs)),
		},
		Publishers: n.publishers(), Fatal: n.fail, Logger: n.logs.Logger("quorum"), Rand: n.cfg.Rand, Codecs: n.codecs,
		SnapshotBytes:    b.MetadataSnapshotMaxNewRecordBytes,
		SnapshotInterval: ms(b.MetadataSnapshotMaxIntervalMs),
		SegmentBytes:     int64(b.MetadataSegmentBytes),
		RetentionBytes:   b.MetadataRetentionBytes,
		Retention:        ms(b.MetadataRetentionMs),
		MaxIdle:          ms(int64(b.MetadataMaxIdleIntervalMs)),
		ElectionTimeout:  ms(int64(b.QuorumElectionTimeoutMs)),
		BalanceInterval:  time.Duration(b.LeaderImbalanceCheckIntervalSeconds) * time.Second,
	}
	if b.MetadataSnapshotMaxIntervalMs == 0 {
		cfg.SnapshotInterval = -1
	}
	if !b.AutoLeaderRebalance {
		cfg.BalanceInterval = -1
	}
	for _, v := range b.Voters {
		cfg.Voters = append(cfg.Voters, quorum.Voter{ID: kafka.NodeID(v.ID), Endpoints: []metadata.Endpoint{
			{Listener: "CONTROLLER", Host: v.Host, Port: uint16(v.Port)}}}) //nolint:gosec // config checked it
	}
	return cfg
}

func (n *Node) startQuorum(ctx context.Context) error {
	cfg := n.quorumConfig()
	q, err := quorum.Open(cfg)
	if err != nil {
		return fmt.Errorf("open the metadata log in %s: %w", cfg.Dir, err)
	}
	n.quorum = q
	n.stack.Go("quorum", q.Run, n.fail)
	n.stack.Push("quorum", func(context.Context) error { return q.Close() })
	select {
	case <-q.Ready():
		return nil
	case <-n.failed:
		return n.err
	case <-ctx.Done():
		return fmt.Errorf("wait for the metadata: %w", ctx.Err())
	}
}

// registerController tells the cluster of this controller.
func (n *Node) registerController(ctx context.Context) error {
	incarnation, err := kafka.NewUUID(n.cfg.Rand)
	if err != nil {
		return err
	}
	req := msg.NewControllerRegistrationRequest()
	req.ControllerId, req.IncarnationId = int32(n.id()), incarnation
	for _, e := range n.controllerEndpoints() {
		req.Listeners = append(req.Listeners, msg.ControllerRegistrationRequestListener{
			Name: e.Listener, Host: e.Host, Port: e.Port, SecurityProtocol: int16(e.Protocol)})
	}
	for _, f := range controller.SupportedFeatures() {
		req.Features = append(req.Features, msg.ControllerRegistrationRequestFeature{
			Name: f.Name, MinSupportedVersion: f.Min, MaxSupportedVersion: f.Max})
	}
	_, err = n.quorum.Execute(ctx, func(in controller.Input) controller.Result { return controller.RegisterController(in, req) })
	if err != nil {
		return fmt.Errorf("register controller %d: %w", n.id(), err)
	}
	return nil
}
