package controller

import (
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// AlterPartitionReassignments answers *msg.AlterPartitionReassignmentsResponse.
func AlterPartitionReassignments(in Input, req *msg.AlterPartitionReassignmentsRequest) Result {
	resp := msg.NewAlterPartitionReassignmentsResponse()
	resp.ErrorMessage = nil
	resp.AllowReplicationFactorChange = req.AllowReplicationFactorChange
	var records []metadata.Record
	for i := range req.Topics {
		t := &req.Topics[i]
		out := msg.AlterPartitionReassignmentsResponseReassignableTopicResponse{Name: t.Name}
		for j := range t.Partitions {
			record, err := in.reassign(t.Name, &t.Partitions[j], req.AllowReplicationFactorChange)
			if record.Message != nil {
				records = append(records, record)
			}
			code, text := codeAndText(err)
			out.Partitions = append(out.Partitions, msg.AlterPartitionReassignmentsResponseReassignablePartitionResponse{
				PartitionIndex: t.Partitions[j].PartitionIndex, ErrorCode: code, ErrorMessage: text,
			})
		}
		resp.Responses = append(resp.Responses, out)
	}
	if err := tooMany(records); err != nil {
		return Result{Err: err}
	}
	return Result{Records: records, Response: resp}
}

func (in *Input) reassign(name string, want *msg.AlterPartitionReassignmentsRequestReassignablePartition, anyFactor bool) (metadata.Record, error) {
	topic, ok := in.Image.Topics.ByName(name)
	if !ok {
		return metadata.Record{}, kafka.Errorf(kafka.ErrUnknownTopicOrPartition, "Unable to find a topic named %s.", name)
	}
	p, ok := topic.Partition(want.PartitionIndex)
	if !ok {
		return metadata.Record{}, kafka.Errorf(kafka.ErrUnknownTopicOrPartition,
			"Unable to find partition %s:%d.", name, want.PartitionIndex)
	}
	if want.Replicas == nil {
		return in.cancelReassignment(topic, want.PartitionIndex, p)
	}
	if err := in.checkAssignment(want.Replicas, -1); err != nil {
		return metadata.Record{}, err
	}
	if now := settledFactor(p); !anyFactor && now != len(want.Replicas) {
		return metadata.Record{}, kafka.Errorf(kafka.ErrInvalidReplicationFactor,
			"The replication factor is changed from %d to %d", now, len(want.Replicas))
	}
	c := in.change(topic, want.PartitionIndex, p)
	removing := slices.Sorted(slices.Values(without(p.Replicas, want.Replicas...)))
	adding := slices.Sorted(slices.Values(without(want.Replicas, p.Replicas...)))
	c.replicas = slices.Concat(want.Replicas, removing)
	if len(removing) > 0 {
		c.removing = removing
	}
	if len(adding) > 0 {
		c.adding = adding
	}
	record, _ := c.build()
	return record, nil
}

// settledFactor is the number of replicas that the partition has once a
// reassignment under way is done.
func settledFactor(p *metadata.Partition) int {
	if !p.Reassigning() {
		return len(p.Replicas)
	}
	all := slices.Sorted(slices.Values(slices.Concat(p.Replicas, p.Adding)))
	return len(without(slices.Compact(all), p.Removing...))
}

func (in *Input) cancelReassignment(topic *metadata.Topic, n int32, p *metadata.Partition) (metadata.Record, error) {
	if !p.Reassigning() {
		return metadata.Record{}, kafka.ErrNoReassignmentInProgress
	}
	c := in.change(topic, n, p)
	c.replicas = without(p.Replicas, p.Adding...)
	c.isr = without(p.Isr, p.Adding...)
	c.removing, c.adding = nil, nil
	uncleanOK := in.uncleanElection(topic.Name)
	if len(c.isr) == 0 {
		if len(c.replicas) == 0 {
			return metadata.Record{}, kafka.Errorf(kafka.ErrInvalidReplicaAssignment,
				"Invalid replica assignment: addingReplicas contains all replicas.")
		}
		if !uncleanOK {
			return metadata.Record{}, kafka.Errorf(kafka.ErrInvalidReplicaAssignment, "Unable to revert partition "+
				"assignment for %s:%d because it would require an unclean leader election.", topic.Name, n)
		}
		c.isr = c.replicas[:1:1]
	}
	if uncleanOK {
		c.election = electUnclean
	}
	record, _ := c.build()
	return record, nil
}

// ListPartitionReassignments answers *msg.ListPartitionReassignmentsResponse:
// of all topics, or of those named.
func ListPartitionReassignments(in Input, req *msg.ListPartitionReassignmentsRequest) Result {
	resp := msg.NewListPartitionReassignmentsResponse()
	resp.ErrorMessage = nil
	add := func(topic *metadata.Topic, wanted func(n int32) bool) {
		out := msg.ListPartitionReassignmentsResponseOngoingTopicReassignment{Name: topic.Name}
		for n, p := range topic.All() {
			if p.Reassigning() && wanted(n) {
				out.Partitions = append(out.Partitions, msg.ListPartitionReassignmentsResponseOngoingPartitionReassignment{
					PartitionIndex: n, Replicas: p.Replicas, AddingReplicas: p.Adding, RemovingReplicas: p.Removing,
				})
			}
		}
		if len(out.Partitions) > 0 {
			resp.Topics = append(resp.Topics, out)
		}
	}
	if req.Topics == nil {
		for topic := range in.Image.Topics.All() {
			add(topic, func(int32) bool { return true })
		}
	}
	for i := range req.Topics {
		if topic, ok := in.Image.Topics.ByName(req.Topics[i].Name); ok {
			add(topic, func(n int32) bool { return slices.Contains(req.Topics[i].PartitionIndexes, n) })
		}
	}
	return Result{Response: resp}
}
