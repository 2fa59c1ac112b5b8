package api

import (
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/storage"
)

// listOffsetsBefore answers version 0 of ListOffsets, which asks for offsets at
// which segments begin that were written before a time.
func (h *Handlers) listOffsetsBefore(call *Call, req *msg.ListOffsetsRequest) *msg.ListOffsetsResponse {
	resp := msg.NewListOffsetsResponse()
	now := time.Now()
	for i := range req.Topics {
		topic := &req.Topics[i]
		out := msg.ListOffsetsResponseListOffsetsTopicResponse{Name: topic.Name}
		allowed := h.allowed(call, Describe, Topic, topic.Name)
		for j := range topic.Partitions {
			want := &topic.Partitions[j]
			part := msg.NewListOffsetsResponseListOffsetsPartitionResponse()
			part.PartitionIndex = want.PartitionIndex
			var err error
			switch {
			case !allowed:
				err = kafka.ErrTopicAuthorizationFailed
			case kafka.Timestamp(want.Timestamp) < storage.EarliestTimestamp:
				err = kafka.ErrUnsupportedVersion
			default:
				part.OldStyleOffsets, err = h.offsetsBefore(req.ReplicaId, topic.Name, want, now)
			}
			part.ErrorCode = int16(kafka.CodeOf(err))
			out.Partitions = append(out.Partitions, *part)
		}
		resp.Topics = append(resp.Topics, out)
	}
	return resp
}

func (h *Handlers) offsetsBefore(replica int32, topic string, want *msg.ListOffsetsRequestListOffsetsPartition, now time.Time) ([]int64, error) {
	p, code := h.findByName(topic, want.PartitionIndex)
	if code != kafka.ErrNone {
		return nil, code
	}
	isolation := ReadUncommitted
	if replica != -1 {
		isolation = ReadAll
	}
	found, err := p.OffsetsBefore(now, kafka.Timestamp(want.Timestamp), int(want.MaxNumOffsets), isolation)
	if err != nil {
		return nil, err
	}
	offsets := make([]int64, len(found))
	for i, offset := range found {
		offsets[i] = int64(offset)
	}
	return offsets, nil
}
