package controller

import (
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// brokerState is where a broker stands in its life.
type brokerState uint8

const (
	stateFenced brokerState = iota
	stateUnfenced
	stateControlledShutdown // it waits until its leaderships have moved away
	stateShutdownNow        // it may stop
)

// BrokerHeartbeat answers *msg.BrokerHeartbeatResponse: it fences, unfences
// and shuts brokers down, as they ask and may, and notes their directories.
func BrokerHeartbeat(in Input, req *msg.BrokerHeartbeatRequest) Result {
	resp := msg.NewBrokerHeartbeatResponse()
	if err := in.checkBrokerEpoch(req.BrokerId, req.BrokerEpoch); err != nil {
		resp.ErrorCode = int16(kafka.CodeOf(err))
		return Result{Response: resp}
	}
	b, _ := in.Image.Cluster.Broker(kafka.NodeID(req.BrokerId))
	now, next := in.nextState(b, req)
	var records []metadata.Record
	if now != next {
		records = in.enter(b, next)
	}
	if in.level().Directories() {
		records = append(records, in.directoriesOffline(b, req.OfflineLogDirs)...)
	}
	if in.level().Cordoned() {
		records = append(records, directoriesCordoned(b, req.CordonedLogDirs)...)
	}
	resp.IsCaughtUp = req.CurrentMetadataOffset >= b.Epoch
	resp.IsFenced = next == stateFenced || next == stateShutdownNow
	resp.ShouldShutDown = next == stateShutdownNow
	return Result{Records: records, Divisible: true, Response: resp, Heard: []Heartbeat{{
		Broker: b.ID, Epoch: b.Epoch, At: in.Now, Offset: kafka.Offset(req.CurrentMetadataOffset),
		Shutdown: next == stateControlledShutdown,
	}}}
}

// nextState is where the broker stands, and where it goes. It has caught up
// when it has read its registration, whose offset is not below its epoch.
func (in *Input) nextState(b *metadata.Broker, req *msg.BrokerHeartbeatRequest) (now, next brokerState) {
	switch {
	case b.Fenced:
		switch {
		case req.WantShutDown:
			return stateFenced, stateShutdownNow
		case !req.WantFence && req.CurrentMetadataOffset >= b.Epoch:
			return stateFenced, stateUnfenced
		}
		return stateFenced, stateFenced
	case b.InControlledShutdown:
		if in.leads(int32(b.ID)) || in.Liveness.shutdownOffset(b.ID) > in.Liveness.lowestOffset(in.Image) {
			return stateControlledShutdown, stateControlledShutdown
		}
		return stateControlledShutdown, stateShutdownNow
	case req.WantFence && req.WantShutDown:
		return stateUnfenced, stateShutdownNow
	case req.WantFence:
		return stateUnfenced, stateFenced
	case req.WantShutDown && in.leads(int32(b.ID)):
		return stateUnfenced, stateControlledShutdown
	case req.WantShutDown:
		return stateUnfenced, stateShutdownNow
	}
	return stateUnfenced, stateUnfenced
}

// leads says whether the broker leads a partition.
func (in *Input) leads(id int32) bool {
	for topic := range in.Image.Topics.All() {
		for _, p := range topic.All() {
			if p.Leader == kafka.NodeID(id) {
				return true
			}
		}
	}
	return false
}

// enter makes the records for a broker that changes state.
func (in *Input) enter(b *metadata.Broker, next brokerState) []metadata.Record {
	id := int32(b.ID)
	switch next {
	case stateUnfenced:
		change := msg.NewBrokerRegistrationChangeRecord()
		change.BrokerId, change.BrokerEpoch, change.Fenced = id, b.Epoch, -1
		leaderless := func(p *metadata.Partition) bool { return p.Leader == kafka.NoNode }
		return append([]metadata.Record{{Message: change}}, in.leaderUpdates(-1, id, -1, leaderless)...)
	case stateControlledShutdown:
		change := msg.NewBrokerRegistrationChangeRecord()
		change.BrokerId, change.BrokerEpoch, change.InControlledShutdown = id, b.Epoch, 1
		return append([]metadata.Record{{Message: change, Version: 1}}, in.leaderUpdates(id, -1, -1, inISR(id))...)
	case stateFenced, stateShutdownNow:
	}
	return in.fence(b)
}

// fence makes the records that take a broker out.
func (in *Input) fence(b *metadata.Broker) []metadata.Record {
	change := msg.NewBrokerRegistrationChangeRecord()
	change.BrokerId, change.BrokerEpoch, change.Fenced = int32(b.ID), b.Epoch, 1
	return append(in.leaderUpdates(int32(b.ID), -1, -1, inISR(int32(b.ID))), metadata.Record{Message: change})
}

// FenceStaleBroker fences one broker whose session is over: one at a time, so
// that each decision sees what the one before it did. The response is a bool:
// there was one, so there may be more.
func FenceStaleBroker(in Input) Result {
	for _, id := range in.Liveness.stale(in.Now, in.Image) {
		b, _ := in.Image.Cluster.Broker(id)
		return Result{Records: in.fence(b), Divisible: true, Response: true}
	}
	return Result{Response: false}
}

// directoriesOffline takes the partitions in failed directories away from the
// broker.
func (in *Input) directoriesOffline(b *metadata.Broker, offline []kafka.UUID) []metadata.Record {
	var gone, left []kafka.UUID
	for _, d := range b.LogDirs {
		if slices.Contains(offline, d) {
			gone = append(gone, d)
		} else {
			left = append(left, d)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	records := in.leaderUpdates(int32(b.ID), -1, -1, func(p *metadata.Partition) bool {
		dir, ok := p.Directory(b.ID)
		return ok && slices.Contains(gone, dir)
	})
	change := msg.NewBrokerRegistrationChangeRecord()
	change.BrokerId, change.BrokerEpoch, change.LogDirs = int32(b.ID), b.Epoch, left
	return append(records, metadata.Record{Message: change, Version: 2})
}

func directoriesCordoned(b *metadata.Broker, cordoned []kafka.UUID) []metadata.Record {
	if cordoned == nil { // the broker has not caught up and does not know yet
		return nil
	}
	same := b.CordonedLogDirs != nil && len(b.CordonedLogDirs) == len(cordoned) &&
		!slices.ContainsFunc(cordoned, func(d kafka.UUID) bool { return !slices.Contains(b.CordonedLogDirs, d) })
	if same {
		return nil
	}
	change := msg.NewBrokerRegistrationChangeRecord()
	change.BrokerId, change.BrokerEpoch, change.CordonedLogDirs = int32(b.ID), b.Epoch, cordoned
	return []metadata.Record{{Message: change, Version: 3}}
}
