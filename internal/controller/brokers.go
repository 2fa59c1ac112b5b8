package controller

import (
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// checkBrokerEpoch refuses requests of a broker's earlier incarnations.
func (in *Input) checkBrokerEpoch(id int32, epoch int64) error {
	b, ok := in.Image.Cluster.Broker(kafka.NodeID(id))
	switch {
	case !ok:
		return kafka.Errorf(kafka.ErrStaleBrokerEpoch, "No broker registration found for broker id %d", id)
	case b.Epoch != epoch:
		return kafka.Errorf(kafka.ErrStaleBrokerEpoch, "Expected broker epoch %d, but got broker epoch %d", b.Epoch, epoch)
	}
	return nil
}

// RegisterBroker answers *msg.BrokerRegistrationResponse. A new incarnation
// is fenced until its heartbeats say that it has caught up; its epoch is the
// offset at which the decision's records begin. A refusal is in Err, with its
// sentence, for the broker's log; on the wire it is a code only.
func RegisterBroker(in Input, req *msg.BrokerRegistrationRequest) Result {
	if err := in.checkRegistration(req); err != nil {
		return Result{Err: err}
	}
	id := kafka.NodeID(req.BrokerId)
	old, existed := in.Image.Cluster.Broker(id)
	r := msg.NewRegisterBrokerRecord()
	r.BrokerId, r.IncarnationId, r.Rack = req.BrokerId, req.IncarnationId, req.Rack
	for _, l := range req.Listeners {
		r.EndPoints = append(r.EndPoints, msg.RegisterBrokerRecordBrokerEndpoint(l))
	}
	for _, f := range req.Features {
		r.Features = append(r.Features, msg.RegisterBrokerRecordBrokerFeature(f))
	}
	if in.level().Directories() {
		r.LogDirs = req.LogDirs
	}
	var records []metadata.Record
	if existed && old.Incarnation == req.IncarnationId {
		r.Fenced, r.InControlledShutdown, r.BrokerEpoch = old.Fenced, old.InControlledShutdown, old.Epoch
	} else {
		r.Fenced, r.BrokerEpoch = true, int64(in.Next)
		clean := existed && old.Epoch == req.PreviousBrokerEpoch
		records = in.brokerGone(req.BrokerId, clean)
	}
	records = append(records, metadata.Record{Message: r, Version: in.level().RegisterBroker()})
	resp := msg.NewBrokerRegistrationResponse()
	resp.BrokerEpoch = r.BrokerEpoch
	// Divisible, because the registration comes last: without it the broker
	// registers again, and what is left to clean up is cleaned up then.
	return Result{Records: records, Divisible: true, Response: resp}
}

// checkRegistration judges a registration in Kafka's order.
func (in *Input) checkRegistration(req *msg.BrokerRegistrationRequest) error {
	if req.ClusterId != in.Env.ClusterID {
		return kafka.Errorf(kafka.ErrInconsistentClusterID,
			"Expected cluster ID %s, but got cluster ID %s", in.Env.ClusterID, req.ClusterId)
	}
	id := kafka.NodeID(req.BrokerId)
	if old, ok := in.Image.Cluster.Broker(id); ok && old.Incarnation != req.IncarnationId &&
		!old.Fenced && in.Liveness.session(in.Now, id, old.Epoch) {
		return kafka.Errorf(kafka.ErrDuplicateBrokerRegistration, "Another broker is registered with that broker id. If the "+
			"broker was recently restarted this should self-resolve once the heartbeat manager expires the broker's session.")
	}
	if req.IsMigratingZkBroker {
		return kafka.Errorf(kafka.ErrBrokerIDNotRegistered, "Controller does not support registering ZK brokers.")
	}
	if in.level().Directories() {
		if err := in.checkDirectories(id, req.LogDirs); err != nil {
			return err
		}
	}
	return in.checkBrokerFeatures(req)
}

func (in *Input) checkDirectories(id kafka.NodeID, dirs []kafka.UUID) error {
	if len(dirs) == 0 {
		return kafka.Errorf(kafka.ErrInvalidRegistration, "No directories specified in request")
	}
	if slices.ContainsFunc(dirs, kafka.UUID.Reserved) {
		return kafka.Errorf(kafka.ErrInvalidRegistration, "Reserved directory ID in request")
	}
	for i, d := range dirs {
		if slices.Contains(dirs[:i], d) {
			return kafka.Errorf(kafka.ErrInvalidRegistration, "Duplicate directory ID in request")
		}
	}
	for b := range in.Image.Cluster.Brokers() {
		if b.ID == id {
			continue
		}
		for _, d := range dirs {
			if slices.Contains(b.LogDirs, d) {
				return kafka.Errorf(kafka.ErrInvalidRegistration, "Broker %d is already registered with directory %s", b.ID, d)
			}
		}
	}
	return nil
}

// checkBrokerFeatures wants every finalized feature within the broker's range.
func (in *Input) checkBrokerFeatures(req *msg.BrokerRegistrationRequest) error {
	named := make(map[string]struct{}, len(req.Features))
	refuse := func(name string, level, low, high int16) error {
		return kafka.Errorf(kafka.ErrUnsupportedVersion, "Unable to register because the broker does not support "+
			"finalized version %d of %s. The broker wants a version between %d and %d, inclusive.", level, name, low, high)
	}
	for _, f := range req.Features {
		named[f.Name] = struct{}{}
		level := in.Image.Features.Level(f.Name)
		if level < f.MinSupportedVersion || level > f.MaxSupportedVersion {
			return refuse(f.Name, level, f.MinSupportedVersion, f.MaxSupportedVersion)
		}
	}
	if _, ok := named[metadata.MetadataVersion]; !ok {
		return kafka.Errorf(kafka.ErrInvalidRegistration, "Request features do not contain '%s'", metadata.MetadataVersion)
	}
	for name, level := range in.Image.Features.All() {
		if _, ok := named[name]; !ok && level != 0 {
			return refuse(name, level, 0, 0)
		}
	}
	return nil
}

// brokerGone makes the records for partitions whose replica on the broker
// went away with an earlier incarnation.
func (in *Input) brokerGone(id int32, clean bool) []metadata.Record {
	if in.elrEnabled() && !clean {
		return in.leaderUpdates(-1, -1, id, func(p *metadata.Partition) bool {
			return slices.Contains(p.Isr, id) || slices.Contains(p.Elr, id)
		})
	}
	return in.leaderUpdates(id, -1, -1, inISR(id))
}

func inISR(id int32) func(*metadata.Partition) bool {
	return func(p *metadata.Partition) bool { return slices.Contains(p.Isr, id) }
}

// UnregisterBroker answers *msg.UnregisterBrokerResponse.
func UnregisterBroker(in Input, req *msg.UnregisterBrokerRequest) Result {
	resp := msg.NewUnregisterBrokerResponse()
	resp.ErrorMessage = nil
	b, ok := in.Image.Cluster.Broker(kafka.NodeID(req.BrokerId))
	if !ok {
		resp.ErrorCode, resp.ErrorMessage = codeAndText(kafka.Errorf(kafka.ErrBrokerIDNotRegistered,
			"Broker ID %d is not currently registered", req.BrokerId))
		return Result{Response: resp}
	}
	records := in.leaderUpdates(req.BrokerId, -1, -1, func(p *metadata.Partition) bool {
		return slices.Contains(p.Isr, req.BrokerId) || slices.Contains(p.Elr, req.BrokerId)
	})
	records = append(records, metadata.Record{Message: &msg.UnregisterBrokerRecord{BrokerId: req.BrokerId, BrokerEpoch: b.Epoch}})
	if err := tooMany(records); err != nil {
		return Result{Err: err}
	}
	return Result{Records: records, Response: resp}
}

// RegisterController answers *msg.ControllerRegistrationResponse. A
// registration that says what is known writes nothing.
func RegisterController(in Input, req *msg.ControllerRegistrationRequest) Result {
	resp := msg.NewControllerRegistrationResponse()
	resp.ErrorMessage = nil
	if !in.level().Controllers() {
		resp.ErrorCode, resp.ErrorMessage = codeAndText(kafka.Errorf(kafka.ErrUnsupportedVersion,
			"The current MetadataVersion is too old to support controller registrations."))
		return Result{Response: resp}
	}
	r := &msg.RegisterControllerRecord{ControllerId: req.ControllerId, IncarnationId: req.IncarnationId}
	for _, l := range req.Listeners {
		r.EndPoints = append(r.EndPoints, msg.RegisterControllerRecordControllerEndpoint(l))
	}
	for _, f := range req.Features {
		r.Features = append(r.Features, msg.RegisterControllerRecordControllerFeature(f))
	}
	return Result{Records: []metadata.Record{{Message: r}}, Response: resp}
}
