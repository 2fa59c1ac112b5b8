package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) metadata(ctx context.Context, call *Call, req *msg.MetadataRequest) (*msg.MetadataResponse, error) {
	all := req.Topics == nil || len(req.Topics) == 0 && call.Version == 0
	if code := checkMetadata(req, call.Version, all); code != kafka.ErrNone {
		return metadataFailure(req, code), nil
	}
	resp := msg.NewMetadataResponse()
	if all {
		h.metadataOfAll(call, resp)
	} else {
		h.metadataOfSome(ctx, call, req, resp)
	}
	v := h.viewFor(call)
	resp.Brokers = v.brokers()
	resp.ClusterId = &h.ClusterID
	resp.ControllerId = h.controllerFor(v)
	if req.IncludeClusterAuthorizedOperations && call.Version >= 8 && call.Version <= 10 {
		resp.ClusterAuthorizedOperations = 0
		if h.allowed(call, Describe, Cluster, ClusterName) {
			resp.ClusterAuthorizedOperations = h.operationsOf(call, Cluster, ClusterName)
		}
	}
	if req.IncludeTopicAuthorizedOperations {
		for i := range resp.Topics {
			if t := &resp.Topics[i]; t.Name != nil && kafka.Error(t.ErrorCode) != kafka.ErrTopicAuthorizationFailed {
				t.TopicAuthorizedOperations = h.operationsOf(call, Topic, *t.Name)
			}
		}
	}
	return resp, nil
}

// checkMetadata refuses what a version cannot say. From version 12 a topic is
// named or numbered; before, a null name or an id is a mistake.
func checkMetadata(req *msg.MetadataRequest, version int16, all bool) kafka.Error {
	if all {
		return kafka.ErrNone
	}
	ids := false
	for _, t := range req.Topics {
		if version < 12 && (t.Name == nil || !t.TopicId.IsZero()) {
			return kafka.ErrInvalidRequest
		}
		ids = ids || !t.TopicId.IsZero()
	}
	for _, t := range req.Topics {
		if t.Name == nil && !ids {
			return kafka.ErrUnknownServerError // as Kafka fails on it
		}
	}
	return kafka.ErrNone
}

func metadataFailure(req *msg.MetadataRequest, code kafka.Error) *msg.MetadataResponse {
	resp := msg.NewMetadataResponse()
	resp.ErrorCode = int16(code)
	for _, t := range req.Topics {
		name := t.Name
		if name == nil {
			name = new(string)
		}
		resp.Topics = append(resp.Topics, topicError(code, name, t.TopicId))
	}
	return resp
}

func (h *Handlers) metadataOfAll(call *Call, resp *msg.MetadataResponse) {
	v := h.viewFor(call)
	resp.Topics = make([]msg.MetadataResponseTopic, 0, v.img.Topics.Len())
	for t := range v.img.Topics.All() {
		if h.allowed(call, Describe, Topic, t.Name) {
			resp.Topics = append(resp.Topics, v.metadataTopic(t, call.Version))
		}
	}
}

// metadataOfSome answers for the topics that are asked for by id, where there
// is at least one id, else for those asked for by name, each once.
func (h *Handlers) metadataOfSome(ctx context.Context, call *Call, req *msg.MetadataRequest, resp *msg.MetadataResponse) {
	seen := make(map[string]bool, len(req.Topics))
	byID := false
	for _, t := range req.Topics {
		if t.TopicId.IsZero() || seen[string(t.TopicId[:])] {
			continue
		}
		byID = true
		seen[string(t.TopicId[:])] = true
		resp.Topics = append(resp.Topics, h.metadataByID(call, t.TopicId))
	}
	if byID {
		return
	}
	var missing []string
	v := h.viewFor(call)
	for _, t := range req.Topics {
		name := *t.Name
		if seen[name] {
			continue
		}
		seen[name] = true
		if !h.allowed(call, Describe, Topic, name) {
			refused := topicError(kafka.ErrTopicAuthorizationFailed, &name, kafka.TopicID{})
			refused.IsInternal = false
			resp.Topics = append(resp.Topics, refused)
			continue
		}
		if topic, ok := v.img.Topics.ByName(name); ok {
			resp.Topics = append(resp.Topics, v.metadataTopic(topic, call.Version))
			continue
		}
		missing = append(missing, name)
	}
	create := h.Broker().AutoCreateTopics && (req.AllowAutoTopicCreation || call.Version < 4)
	resp.Topics = append(resp.Topics, h.metadataOfMissing(ctx, call, missing, create)...)
}

func (h *Handlers) metadataByID(call *Call, id kafka.TopicID) msg.MetadataResponseTopic {
	v := h.viewFor(call)
	t, ok := v.img.Topics.ByID(id)
	switch {
	case !ok:
		return topicError(kafka.ErrUnknownTopicID, nil, id)
	case !h.allowed(call, Describe, Topic, t.Name):
		return topicError(kafka.ErrTopicAuthorizationFailed, nil, id)
	}
	return v.metadataTopic(t, call.Version)
}

// metadataOfMissing answers for topics that do not exist, after creating them
// where that is wanted and allowed. Kafka answers UNKNOWN_TOPIC_OR_PARTITION
// at once and creates meanwhile, so that a client asks again; here a client
// that asks again finds nothing else, but the first answer has the topic.
func (h *Handlers) metadataOfMissing(ctx context.Context, call *Call, names []string, create bool) []msg.MetadataResponseTopic {
	topics := make([]msg.MetadataResponseTopic, 0, len(names))
	var creatable []string
	for _, name := range names {
		switch {
		case create && !h.allowed(call, Create, Cluster, ClusterName) && !h.allowed(call, Create, Topic, name):
			topics = append(topics, topicError(kafka.ErrTopicAuthorizationFailed, &name, kafka.TopicID{}))
		case kafka.CheckTopicName(name) != nil:
			topics = append(topics, topicError(kafka.ErrInvalidTopicException, &name, kafka.TopicID{}))
		case create:
			creatable = append(creatable, name)
		default:
			topics = append(topics, topicError(kafka.ErrUnknownTopicOrPartition, &name, kafka.TopicID{}))
		}
	}
	if len(creatable) == 0 {
		return topics
	}
	h.AutoCreate(ctx, creatable)
	v := h.viewFor(call)
	for _, name := range creatable {
		if t, ok := v.img.Topics.ByName(name); ok {
			topics = append(topics, v.metadataTopic(t, call.Version))
		} else {
			topics = append(topics, topicError(kafka.ErrUnknownTopicOrPartition, &name, kafka.TopicID{}))
		}
	}
	return topics
}
