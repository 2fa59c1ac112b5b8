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
	refused := kafka.ErrNone
	if !h.allowed(call, Alter, Cluster, ClusterName) && !h.allowed(call, ClusterAction, Cluster, ClusterName) {
		refused = kafka.ErrClusterAuthorizationFailed
	}
	for i := range req.Markers {
		if m := &req.Markers[i]; refused == kafka.ErrNone && (m.ProducerId < 0 || m.ProducerEpoch < 0) && h.anyOf(m) {
			refused = kafka.ErrUnknownServerError // Kafka stumbles over a marker of nobody
		}
	}
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
		if refused == kafka.ErrNone {
			codes = h.Markers.WriteMarkers(ctx, m, partitions)
		} else {
			codes = make([]kafka.Error, len(partitions))
			for j := range codes {
				codes[j] = refused
			}
		}
		for j, p := range partitions {
			resp.Markers = addMarkerCode(resp.Markers, from.ProducerId, p, codes[j])
		}
	}
	return resp, nil
}

// anyOf says whether any partition of a marker is on this broker.
func (h *Handlers) anyOf(m *msg.WriteTxnMarkersRequestWritableTxnMarker) bool {
	for i := range m.Topics {
		for _, p := range m.Topics[i].PartitionIndexes {
			if _, ok := h.Partitions.Partition(kafka.TopicPartition{Topic: m.Topics[i].Name, Partition: p}); ok {
				return true
			}
		}
	}
	return false
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
