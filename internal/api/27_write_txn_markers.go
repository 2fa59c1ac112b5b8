package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// The shapes of the answer.
type (
	markerResult     = msg.WriteTxnMarkersResponseWritableTxnMarkerResult
	markerTopic      = msg.WriteTxnMarkersResponseWritableTxnMarkerTopicResult
	markerPartitions = msg.WriteTxnMarkersResponseWritableTxnMarkerPartitionResult
)

// writeTxnMarkers writes the markers of a transaction that is coordinated
// elsewhere, or that an administrator ends.
func (h *Handlers) writeTxnMarkers(ctx context.Context, call *Call, req *msg.WriteTxnMarkersRequest) (*msg.WriteTxnMarkersResponse, error) {
	resp := msg.NewWriteTxnMarkersResponse()
	allowed := h.allowed(call, Alter, Cluster, ClusterName) || h.allowed(call, ClusterAction, Cluster, ClusterName)
	for i := range req.Markers {
		from := &req.Markers[i]
		var partitions []kafka.TopicPartition
		for j := range from.Topics {
			for _, p := range from.Topics[j].PartitionIndexes {
				partitions = append(partitions, kafka.TopicPartition{Topic: from.Topics[j].Name, Partition: p})
			}
		}
		m := &Marker{
			ID: kafka.ProducerID(from.ProducerId), Epoch: kafka.ProducerEpoch(from.ProducerEpoch),
			CoordinatorEpoch: from.CoordinatorEpoch, Commit: from.TransactionResult, Version: int16(from.TransactionVersion),
		}
		var codes []kafka.Error
		if allowed {
			codes = h.Markers.WriteMarkers(ctx, m, partitions)
		} else {
			codes = make([]kafka.Error, len(partitions))
			for j := range codes {
				codes[j] = kafka.ErrClusterAuthorizationFailed
			}
		}
		for j, p := range partitions {
			resp.Markers = addMarkerCode(resp.Markers, from.ProducerId, p, codes[j])
		}
	}
	return resp, nil
}

// addMarkerCode adds a code; a producer that is named twice is answered once.
func addMarkerCode(list []markerResult, id int64, p kafka.TopicPartition, code kafka.Error) []markerResult {
	if n := len(list); n == 0 || list[n-1].ProducerId != id {
		list = append(list, markerResult{ProducerId: id})
	}
	result := &list[len(list)-1]
	if n := len(result.Topics); n == 0 || result.Topics[n-1].Name != p.Topic {
		result.Topics = append(result.Topics, markerTopic{Name: p.Topic})
	}
	topic := &result.Topics[len(result.Topics)-1]
	topic.Partitions = append(topic.Partitions, markerPartitions{PartitionIndex: p.Partition, ErrorCode: int16(code)})
	return list
}
