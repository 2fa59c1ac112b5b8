package controller

import (
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// AlterPartition answers *msg.AlterPartitionResponse: a leader proposes the
// in-sync sets of its partitions.
func AlterPartition(in Input, req *msg.AlterPartitionRequest, version int16) Result {
	resp := msg.NewAlterPartitionResponse()
	if err := in.checkBrokerEpoch(req.BrokerId, req.BrokerEpoch); err != nil {
		resp.ErrorCode = int16(kafka.CodeOf(err))
		return Result{Response: resp}
	}
	var records []metadata.Record
	for i := range req.Topics {
		t := &req.Topics[i]
		out := msg.AlterPartitionResponseTopicData{TopicId: t.TopicId, TopicName: t.TopicName}
		topic, ok := in.Image.Topics.ByID(t.TopicId)
		for j := range t.Partitions {
			data := &t.Partitions[j]
			if !ok {
				out.Partitions = append(out.Partitions, msg.AlterPartitionResponsePartitionData{
					PartitionIndex: data.PartitionIndex, ErrorCode: int16(kafka.ErrUnknownTopicID),
				})
				continue
			}
			if version < 3 {
				data.NewIsrWithEpochs = withoutEpochs(data.NewIsr)
			}
			answer, record := in.alterPartition(req.BrokerId, topic, data)
			out.Partitions = append(out.Partitions, answer)
			if record.Message != nil {
				records = append(records, record)
			}
		}
		resp.Topics = append(resp.Topics, out)
	}
	return Result{Records: records, Divisible: true, Response: resp}
}

func withoutEpochs(isr []int32) []msg.AlterPartitionRequestBrokerState {
	states := make([]msg.AlterPartitionRequestBrokerState, 0, len(isr))
	for _, id := range isr {
		states = append(states, msg.AlterPartitionRequestBrokerState{BrokerId: id, BrokerEpoch: -1})
	}
	return states
}

func (in *Input) alterPartition(broker int32, topic *metadata.Topic, data *msg.AlterPartitionRequestPartitionData) (msg.AlterPartitionResponsePartitionData, metadata.Record) {
	answer := msg.AlterPartitionResponsePartitionData{PartitionIndex: data.PartitionIndex}
	p, ok := topic.Partition(data.PartitionIndex)
	if !ok {
		answer.ErrorCode = int16(kafka.ErrUnknownTopicOrPartition)
		return answer, metadata.Record{}
	}
	if code := in.checkAlterPartition(broker, p, data); code != kafka.ErrNone {
		answer.ErrorCode = int16(code)
		return answer, metadata.Record{}
	}
	c := in.change(topic, data.PartitionIndex, p)
	if in.uncleanElection(topic.Name) {
		c.election = electUnclean
	}
	c.isr = brokersOf(data.NewIsrWithEpochs)
	c.recovery = metadata.RecoveryState(data.LeaderRecoveryState)
	record, changed := c.build()
	next := p
	if changed {
		next = p.With(c.record)
		if c.record.Leader != metadata.NoLeaderChange && c.record.Leader != broker {
			// The in-sync set completed a reassignment that took the leader
			// away: the record is written, and the old leader is told to look.
			answer.ErrorCode = int16(kafka.ErrNewLeaderElected)
			return answer, record
		}
	}
	answer.LeaderId, answer.Isr = int32(next.Leader), next.Isr
	answer.LeaderRecoveryState, answer.LeaderEpoch = int8(next.Recovery), int32(next.LeaderEpoch)
	answer.PartitionEpoch = next.PartitionEpoch
	return answer, record
}

func brokersOf(states []msg.AlterPartitionRequestBrokerState) []int32 {
	ids := make([]int32, 0, len(states))
	for _, s := range states {
		ids = append(ids, s.BrokerId)
	}
	return ids
}

// checkAlterPartition judges a proposal in Kafka's order.
func (in *Input) checkAlterPartition(broker int32, p *metadata.Partition, data *msg.AlterPartitionRequestPartitionData) kafka.Error {
	isr := brokersOf(data.NewIsrWithEpochs)
	switch {
	case data.LeaderEpoch > int32(p.LeaderEpoch), data.PartitionEpoch > p.PartitionEpoch:
		return kafka.ErrNotController // the leader knows more: this controller is an old one
	case data.LeaderEpoch < int32(p.LeaderEpoch):
		return kafka.ErrFencedLeaderEpoch
	case kafka.NodeID(broker) != p.Leader:
		return kafka.ErrInvalidRequest
	case data.PartitionEpoch < p.PartitionEpoch:
		return kafka.ErrInvalidUpdateVersion
	case !validISR(p.Replicas, isr), !slices.Contains(isr, int32(p.Leader)):
		return kafka.ErrInvalidRequest
	case data.LeaderRecoveryState == int8(metadata.Recovering) && (len(isr) > 1 || p.Recovery == metadata.Recovered):
		return kafka.ErrInvalidRequest
	}
	for _, s := range data.NewIsrWithEpochs {
		b, ok := in.Image.Cluster.Broker(kafka.NodeID(s.BrokerId))
		if !ok || !b.Active() || s.BrokerEpoch != -1 && s.BrokerEpoch != b.Epoch {
			return kafka.ErrIneligibleReplica
		}
	}
	return kafka.ErrNone
}

// validISR says whether isr is a set of replicas, and not empty.
func validISR(replicas, isr []int32) bool {
	if len(isr) == 0 || !containsAll(replicas, isr) {
		return false
	}
	sorted := slices.Sorted(slices.Values(isr))
	return len(slices.Compact(sorted)) == len(isr)
}

// AssignReplicasToDirs answers *msg.AssignReplicasToDirsResponse: a broker
// says in which directories its replicas are (KIP-858).
func AssignReplicasToDirs(in Input, req *msg.AssignReplicasToDirsRequest) Result {
	resp := msg.NewAssignReplicasToDirsResponse()
	if !in.level().Directories() {
		return Result{Err: kafka.Errorf(kafka.ErrUnsupportedVersion, "Directory assignment is not supported yet.")}
	}
	if err := in.checkBrokerEpoch(req.BrokerId, req.BrokerEpoch); err != nil {
		resp.ErrorCode = int16(kafka.CodeOf(err))
		return Result{Response: resp}
	}
	broker, _ := in.Image.Cluster.Broker(kafka.NodeID(req.BrokerId))
	var records []metadata.Record
	offline := make(map[*metadata.Partition]struct{})
	for i := range req.Directories {
		d := &req.Directories[i]
		out := msg.AssignReplicasToDirsResponseDirectoryData{Id: d.Id}
		for j := range d.Topics {
			t := msg.AssignReplicasToDirsResponseTopicData{TopicId: d.Topics[j].TopicId}
			for _, want := range d.Topics[j].Partitions {
				record, p, code := in.assignToDir(req.BrokerId, d.Id, t.TopicId, want.PartitionIndex)
				if record.Message != nil {
					records = append(records, record)
				}
				if p != nil && !slices.Contains(broker.LogDirs, d.Id) {
					offline[p] = struct{}{}
				}
				t.Partitions = append(t.Partitions, msg.AssignReplicasToDirsResponsePartitionData{
					PartitionIndex: want.PartitionIndex, ErrorCode: int16(code),
				})
			}
			out.Topics = append(out.Topics, t)
		}
		resp.Directories = append(resp.Directories, out)
	}
	if len(offline) > 0 {
		records = append(records, in.leaderUpdates(req.BrokerId, -1, -1, func(p *metadata.Partition) bool {
			_, ok := offline[p]
			return ok
		})...)
	}
	return Result{Records: records, Response: resp}
}

func (in *Input) assignToDir(broker int32, dir kafka.UUID, id kafka.TopicID, n int32) (metadata.Record, *metadata.Partition, kafka.Error) {
	topic, ok := in.Image.Topics.ByID(id)
	if !ok {
		return metadata.Record{}, nil, kafka.ErrUnknownTopicID
	}
	p, ok := topic.Partition(n)
	if !ok {
		return metadata.Record{}, nil, kafka.ErrUnknownTopicOrPartition
	}
	if !p.HasReplica(kafka.NodeID(broker)) {
		return metadata.Record{}, nil, kafka.ErrNotLeaderOrFollower
	}
	c := in.change(topic, n, p)
	c.dirs[broker] = dir
	record, _ := c.build()
	return record, p, kafka.ErrNone
}
