package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// commitTopicIDs is the version of OffsetCommit from which topics have ids
// instead of names.
const commitTopicIDs = 10

func (h *Handlers) offsetCommit(ctx context.Context, call *Call, req *msg.OffsetCommitRequest) (*msg.OffsetCommitResponse, error) {
	answer := commitAnswer{byID: call.Version >= commitTopicIDs}
	if !h.allowed(call, Read, Group, req.GroupId) {
		for i := range req.Topics {
			answer.refuse(&req.Topics[i], kafka.ErrGroupAuthorizationFailed)
		}
		return &answer.response, nil
	}
	topics := req.Topics[:0]
	for i := range req.Topics {
		if topic, ok := h.commitTopic(call, &answer, &req.Topics[i]); ok {
			topics = append(topics, topic)
		}
	}
	if len(topics) == 0 {
		return &answer.response, nil
	}
	req.Topics = topics
	var committed *msg.OffsetCommitResponse
	call.waits(false, func() { committed = h.Groups.CommitOffsets(ctx, call.caller(), req) })
	h.countCommitted(committed)
	answer.merge(committed)
	return &answer.response, nil
}

// commitTopic completes a topic by its name or id, and leaves out the
// partitions that cannot be committed for, which it answers. false: none is
// left.
func (h *Handlers) commitTopic(
	call *Call, answer *commitAnswer, topic *msg.OffsetCommitRequestTopic,
) (msg.OffsetCommitRequestTopic, bool) {
	if answer.byID {
		topic.Name = h.nameOfTopic(topic.TopicId)
	} else {
		topic.TopicId = h.topicID(topic.Name)
	}
	switch {
	case answer.byID && topic.Name == "":
		answer.refuse(topic, kafka.ErrUnknownTopicID)
		return *topic, false
	case !h.allowed(call, Read, Topic, topic.Name):
		answer.refuse(topic, kafka.ErrTopicAuthorizationFailed)
		return *topic, false
	}
	out := *topic
	out.Partitions = make([]msg.OffsetCommitRequestPartition, 0, len(topic.Partitions))
	for j := range topic.Partitions {
		if p := &topic.Partitions[j]; h.partitionExists(topic.Name, p.PartitionIndex) {
			out.Partitions = append(out.Partitions, *p)
		} else {
			answer.add(topic, p.PartitionIndex, kafka.ErrUnknownTopicOrPartition)
		}
	}
	return out, len(out.Partitions) > 0
}

// commitAnswer collects the answer: what is refused here, and then what the
// coordinator says.
type commitAnswer struct {
	byID     bool
	response msg.OffsetCommitResponse
}

// topic is the place of a topic in the answer; there are few that are refused.
func (a *commitAnswer) topic(name string, id kafka.UUID) *msg.OffsetCommitResponseTopic {
	for i := range a.response.Topics {
		if t := &a.response.Topics[i]; a.byID && t.TopicId == id || !a.byID && t.Name == name {
			return t
		}
	}
	a.response.Topics = append(a.response.Topics, msg.OffsetCommitResponseTopic{Name: name, TopicId: id})
	return &a.response.Topics[len(a.response.Topics)-1]
}

func (a *commitAnswer) add(topic *msg.OffsetCommitRequestTopic, partition int32, code kafka.Error) {
	t := a.topic(topic.Name, topic.TopicId)
	t.Partitions = append(t.Partitions, msg.OffsetCommitResponsePartition{PartitionIndex: partition, ErrorCode: int16(code)})
}

func (a *commitAnswer) refuse(topic *msg.OffsetCommitRequestTopic, code kafka.Error) {
	t := a.topic(topic.Name, topic.TopicId)
	for j := range topic.Partitions {
		t.Partitions = append(t.Partitions,
			msg.OffsetCommitResponsePartition{PartitionIndex: topic.Partitions[j].PartitionIndex, ErrorCode: int16(code)})
	}
}

func (a *commitAnswer) merge(response *msg.OffsetCommitResponse) {
	if len(a.response.Topics) == 0 {
		a.response = *response
		return
	}
	for i := range response.Topics {
		from := &response.Topics[i]
		t := a.topic(from.Name, from.TopicId)
		t.Partitions = append(t.Partitions, from.Partitions...)
	}
}

func (h *Handlers) countCommitted(response *msg.OffsetCommitResponse) {
	n := int64(0)
	for i := range response.Topics {
		for j := range response.Topics[i].Partitions {
			if response.Topics[i].Partitions[j].ErrorCode == 0 {
				n++
			}
		}
	}
	h.waiting.committed.Add(n)
}
