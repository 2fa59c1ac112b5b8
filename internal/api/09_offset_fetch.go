package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/coordinator/group"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// The versions of OffsetFetch that differ here.
const (
	fetchManyGroups = 8  // several groups in one request
	fetchTopicIDs   = 10 // topics have ids instead of names
)

func (h *Handlers) offsetFetch(ctx context.Context, call *Call, req *msg.OffsetFetchRequest) (*msg.OffsetFetchResponse, error) {
	response := &msg.OffsetFetchResponse{}
	if call.Version >= fetchManyGroups {
		for i := range req.Groups {
			response.Groups = append(response.Groups, h.fetchGroup(ctx, call, &req.Groups[i], req.RequireStable))
		}
		return response, nil
	}
	one := msg.OffsetFetchRequestGroup{GroupId: req.GroupId, MemberEpoch: -1}
	if req.Topics != nil {
		one.Topics = make([]msg.OffsetFetchRequestTopics, len(req.Topics))
	}
	for i := range req.Topics {
		one.Topics[i] = msg.OffsetFetchRequestTopics{Name: req.Topics[i].Name, PartitionIndexes: req.Topics[i].PartitionIndexes}
	}
	answer := h.fetchGroup(ctx, call, &one, req.RequireStable)
	response.ErrorCode = answer.ErrorCode
	for i := range answer.Topics {
		from := &answer.Topics[i]
		topic := msg.OffsetFetchResponseTopic{Name: from.Name}
		for _, p := range from.Partitions {
			topic.Partitions = append(topic.Partitions, msg.OffsetFetchResponsePartition(p))
		}
		response.Topics = append(response.Topics, topic)
	}
	return response, nil
}

func (h *Handlers) fetchGroup(
	ctx context.Context, call *Call, req *msg.OffsetFetchRequestGroup, stable bool,
) msg.OffsetFetchResponseGroup {
	switch {
	case !h.allowed(call, Describe, Group, req.GroupId):
		return group.FetchError(req, call.Version, kafka.ErrGroupAuthorizationFailed)
	case req.Topics == nil:
		return h.fetchAllTopics(ctx, call, req, stable)
	}
	return h.fetchTopics(ctx, call, req, stable)
}

// fetchAllTopics fetches everything that the group has and the caller may see.
func (h *Handlers) fetchAllTopics(
	ctx context.Context, call *Call, req *msg.OffsetFetchRequestGroup, stable bool,
) msg.OffsetFetchResponseGroup {
	response := h.Groups.FetchOffsets(ctx, call.caller(), req, stable)
	topics := response.Topics[:0]
	for _, topic := range response.Topics {
		if call.Version >= fetchTopicIDs {
			topic.TopicId = h.topicID(topic.Name)
			if topic.TopicId.IsZero() {
				continue // it cannot be told without an id
			}
		}
		if h.allowed(call, Describe, Topic, topic.Name) {
			topics = append(topics, topic)
		}
	}
	response.Topics = topics
	return response
}

// fetchTopics fetches what was asked for; what is refused here stands behind
// what the coordinator says.
func (h *Handlers) fetchTopics(
	ctx context.Context, call *Call, req *msg.OffsetFetchRequestGroup, stable bool,
) msg.OffsetFetchResponseGroup {
	asked := *req
	asked.Topics = make([]msg.OffsetFetchRequestTopics, 0, len(req.Topics))
	var refused []msg.OffsetFetchResponseTopics
	for i := range req.Topics {
		topic := &req.Topics[i]
		if call.Version >= fetchTopicIDs {
			topic.Name = h.nameOfTopic(topic.TopicId)
		}
		switch {
		case call.Version >= fetchTopicIDs && topic.Name == "":
			refused = append(refused, fetchRefused(topic, kafka.ErrUnknownTopicID))
		case !h.allowed(call, Describe, Topic, topic.Name):
			refused = append(refused, fetchRefused(topic, kafka.ErrTopicAuthorizationFailed))
		default:
			asked.Topics = append(asked.Topics, *topic)
		}
	}
	response := h.Groups.FetchOffsets(ctx, call.caller(), &asked, stable)
	if response.ErrorCode == 0 {
		response.Topics = append(response.Topics, refused...)
	}
	return response
}

func fetchRefused(topic *msg.OffsetFetchRequestTopics, code kafka.Error) msg.OffsetFetchResponseTopics {
	nothing := ""
	out := msg.OffsetFetchResponseTopics{Name: topic.Name, TopicId: topic.TopicId}
	for _, index := range topic.PartitionIndexes {
		out.Partitions = append(out.Partitions, msg.OffsetFetchResponsePartitions{
			PartitionIndex: index, CommittedOffset: -1, CommittedLeaderEpoch: -1, Metadata: &nothing, ErrorCode: int16(code),
		})
	}
	return out
}
