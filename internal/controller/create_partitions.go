package controller

import (
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// CreatePartitions answers *msg.CreatePartitionsResponse: one result for each
// topic.
func CreatePartitions(in Input, req *msg.CreatePartitionsRequest) Result {
	resp := msg.NewCreatePartitionsResponse()
	answer := func(name string, err error) {
		code, text := codeAndText(err)
		resp.Results = append(resp.Results, msg.CreatePartitionsResponseCreatePartitionsTopicResult{
			Name: name, ErrorCode: code, ErrorMessage: text,
		})
	}
	byName := make(map[string]*msg.CreatePartitionsRequestCreatePartitionsTopic, len(req.Topics))
	names := make([]string, 0, len(req.Topics))
	for i := range req.Topics {
		byName[req.Topics[i].Name] = &req.Topics[i]
		names = append(names, req.Topics[i].Name)
	}
	if err := in.checkAdditional(req); err != nil { // the request as a whole
		for _, name := range names {
			answer(name, err)
		}
		return Result{Response: resp}
	}
	names = once(names, func(name string) { answer(name, kafka.Errorf(kafka.ErrInvalidRequest, "Duplicate topic name.")) })
	var records []metadata.Record
	for _, name := range names {
		more, err := in.morePartitions(byName[name])
		records = append(records, more...)
		answer(name, err)
	}
	if req.ValidateOnly {
		records = nil
	}
	return Result{Records: records, Response: resp}
}

// checkAdditional refuses requests that would make too many partitions, before
// anything is allocated for them.
func (in *Input) checkAdditional(req *msg.CreatePartitionsRequest) error {
	total := 0
	for i := range req.Topics {
		if topic, ok := in.Image.Topics.ByName(req.Topics[i].Name); ok {
			total += max(int(req.Topics[i].Count)-int(topic.NumPartitions()), 0)
		}
		if total > partitionsPerRequest {
			return kafka.Errorf(kafka.ErrPolicyViolation, "Excessively large number of additional partitions per request.")
		}
	}
	return nil
}

// morePartitions makes the records of a topic's new partitions.
func (in *Input) morePartitions(t *msg.CreatePartitionsRequestCreatePartitionsTopic) ([]metadata.Record, error) {
	topic, ok := in.Image.Topics.ByName(t.Name)
	if !ok {
		return nil, kafka.ErrUnknownTopicOrPartition
	}
	have := topic.NumPartitions()
	additional := int(t.Count - have)
	switch {
	case additional == 0:
		return nil, kafka.Errorf(kafka.ErrInvalidPartitions, "Topic already has %d partition(s).", have)
	case additional < 0:
		return nil, kafka.Errorf(kafka.ErrInvalidPartitions,
			"The topic %s currently has %d partition(s); %d would not be an increase.", t.Name, have, t.Count)
	case t.Assignments != nil && len(t.Assignments) != additional:
		return nil, kafka.Errorf(kafka.ErrInvalidReplicaAssignment,
			"Attempted to add %d additional partition(s), but only %d assignment(s) were specified.", additional, len(t.Assignments))
	}
	first, ok := topic.Partition(0)
	if !ok {
		return nil, kafka.ErrUnknownServerError
	}
	parts, err := in.addedPartitions(t, int(have), additional, len(first.Replicas))
	if err != nil {
		return nil, err
	}
	records := make([]metadata.Record, 0, len(parts))
	for i := range parts {
		r, version := parts[i].Record(topic.ID, have+int32(i), in.level(), in.elrEnabled()) //nolint:gosec // bounded by partitionsPerRequest
		records = append(records, metadata.Record{Message: r, Version: version})
	}
	return records, nil
}

func (in *Input) addedPartitions(t *msg.CreatePartitionsRequestCreatePartitionsTopic, have, additional, factor int) ([]metadata.Partition, error) {
	if t.Assignments == nil {
		p, err := newPlacer(in)
		if err != nil {
			return nil, err
		}
		return in.placed(p, additional, factor, "")
	}
	parts := make([]metadata.Partition, 0, additional)
	for i := range t.Assignments {
		replicas := t.Assignments[i].BrokerIds
		if err := in.checkAssignment(replicas, factor); err != nil {
			return nil, err
		}
		isr := in.activeOf(replicas)
		if len(isr) == 0 {
			return nil, kafka.Errorf(kafka.ErrInvalidReplicaAssignment, "All brokers specified in the manual partition "+
				"assignment for partition %d are fenced or in controlled shutdown.", have+i)
		}
		parts = append(parts, in.newPartition(slices.Clone(replicas), isr))
	}
	return parts, nil
}
