package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/storage"
)

func (h *Handlers) listOffsets(ctx context.Context, call *Call, req *msg.ListOffsetsRequest) (*msg.ListOffsetsResponse, error) {
	if err := h.catchUp(ctx, call, req); err != nil {
		return nil, err
	}
	if call.Version == 0 {
		return h.listOffsetsBefore(call, req), nil
	}
	resp := msg.NewListOffsetsResponse()
	times := make(map[kafka.TopicPartition]int)
	for i := range req.Topics {
		for j := range req.Topics[i].Partitions {
			times[kafka.TopicPartition{Topic: req.Topics[i].Name, Partition: req.Topics[i].Partitions[j].PartitionIndex}]++
		}
	}
	for i := range req.Topics {
		topic := &req.Topics[i]
		out := msg.ListOffsetsResponseListOffsetsTopicResponse{Name: topic.Name}
		allowed := h.allowed(call, Describe, Topic, topic.Name)
		for j := range topic.Partitions {
			want := &topic.Partitions[j]
			part := msg.NewListOffsetsResponseListOffsetsPartitionResponse()
			part.PartitionIndex = want.PartitionIndex
			tp := kafka.TopicPartition{Topic: topic.Name, Partition: want.PartitionIndex}
			var err error
			switch n := times[tp]; {
			case !allowed:
				err = kafka.ErrTopicAuthorizationFailed
			case n == 0:
				continue // named twice, and answered
			case n > 1:
				err = kafka.ErrInvalidRequest
				times[tp] = 0
			case !timestampKnown(kafka.Timestamp(want.Timestamp), call.Version):
				err = kafka.ErrUnsupportedVersion
			default:
				err = h.listOffset(call, req, tp, want, part)
			}
			part.ErrorCode = int16(kafka.CodeOf(err))
			out.Partitions = append(out.Partitions, *part)
		}
		resp.Topics = appendOffsets(resp.Topics, out)
	}
	return resp, nil
}

// catchUp has the high watermarks that a consumer asks for come up to what is
// in the logs.
func (h *Handlers) catchUp(ctx context.Context, call *Call, req *msg.ListOffsetsRequest) error {
	var behind []Partition
	for i := range req.Topics {
		topic := &req.Topics[i]
		if req.ReplicaId != -1 || !h.allowed(call, Describe, Topic, topic.Name) {
			continue
		}
		for j := range topic.Partitions {
			if at := kafka.Timestamp(topic.Partitions[j].Timestamp); at < 0 && at != storage.LatestTimestamp && at != storage.MaxTimestamp {
				continue
			}
			if p, code := h.findByName(topic.Name, topic.Partitions[j].PartitionIndex); code == kafka.ErrNone {
				p.Hasten()
				behind = append(behind, p)
			}
		}
	}
	for _, p := range behind {
		if err := p.CatchUp(ctx); err != nil {
			return err
		}
	}
	return nil
}

// appendOffsets adds a topic's answer, to the one before where the request
// names the topic twice in a row.
func appendOffsets(list []msg.ListOffsetsResponseListOffsetsTopicResponse, t msg.ListOffsetsResponseListOffsetsTopicResponse) []msg.ListOffsetsResponseListOffsetsTopicResponse {
	if n := len(list); n > 0 && list[n-1].Name == t.Name {
		list[n-1].Partitions = append(list[n-1].Partitions, t.Partitions...)
		return list
	}
	return append(list, t)
}

// timestampKnown says whether a special timestamp is one that the version of
// the request has.
func timestampKnown(t kafka.Timestamp, version int16) bool {
	switch t {
	case storage.EarliestLocalTimestamp:
		return version >= 8
	case storage.LatestTieredTimestamp:
		return version >= 9
	case storage.EarliestPendingUploadTimestamp:
		return version >= 11
	case storage.MaxTimestamp:
		return version >= 7
	}
	return t >= storage.EarliestTimestamp
}

func (h *Handlers) listOffset(call *Call, req *msg.ListOffsetsRequest, tp kafka.TopicPartition, want *msg.ListOffsetsRequestListOffsetsPartition, out *msg.ListOffsetsResponseListOffsetsPartitionResponse) error {
	p, code := h.findByName(tp.Topic, tp.Partition)
	if code != kafka.ErrNone {
		return code
	}
	isolation := ReadAll
	if req.ReplicaId == -1 {
		isolation = ReadUncommitted
		if req.IsolationLevel == 1 {
			isolation = ReadCommitted
		}
	}
	at, found, err := p.OffsetFor(kafka.Timestamp(want.Timestamp), kafka.LeaderEpoch(want.CurrentLeaderEpoch), isolation)
	if err != nil {
		if kafka.CodeOf(err) == kafka.ErrOffsetNotAvailable && call.Version < 5 {
			return kafka.ErrLeaderNotAvailable
		}
		return err
	}
	if found {
		out.Timestamp, out.Offset, out.LeaderEpoch = int64(at.Timestamp), int64(at.Offset), int32(at.Epoch)
	}
	return nil
}
