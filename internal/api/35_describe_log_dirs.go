package api

import (
	"cmp"
	"context"
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) describeLogDirs(_ context.Context, call *Call, req *msg.DescribeLogDirsRequest) (*msg.DescribeLogDirsResponse, error) {
	resp := msg.NewDescribeLogDirsResponse()
	if !h.allowed(call, Describe, Cluster, ClusterName) {
		if call.Version >= 3 {
			resp.ErrorCode = int16(kafka.ErrClusterAuthorizationFailed)
		}
		return resp, nil
	}
	var wanted map[kafka.TopicPartition]bool // nil: all
	if req.Topics != nil {
		wanted = make(map[kafka.TopicPartition]bool)
		for _, t := range req.Topics {
			for _, p := range t.Partitions {
				wanted[kafka.TopicPartition{Topic: t.Topic, Partition: p}] = true
			}
		}
	}
	for _, dir := range h.Partitions.LogDirs() {
		out := msg.NewDescribeLogDirsResponseDescribeLogDirsResult()
		out.LogDir, out.IsCordoned = dir.Path, dir.Cordoned
		if dir.Err != nil {
			out.ErrorCode = int16(kafka.ErrKafkaStorageError)
		} else {
			out.TotalBytes, out.UsableBytes = dir.Total, dir.Free
			out.Topics = logDirTopics(dir.Replicas, wanted)
		}
		resp.Results = append(resp.Results, *out)
	}
	return resp, nil
}

// logDirTopics groups the wanted replicas of a directory by topic.
func logDirTopics(replicas []LogDirReplica, wanted map[kafka.TopicPartition]bool) []msg.DescribeLogDirsResponseDescribeLogDirsTopic {
	slices.SortFunc(replicas, func(a, b LogDirReplica) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	var topics []msg.DescribeLogDirsResponseDescribeLogDirsTopic
	for _, r := range replicas {
		if wanted != nil && !wanted[r.TopicPartition] {
			continue
		}
		if n := len(topics); n == 0 || topics[n-1].Name != r.Topic {
			topics = append(topics, msg.DescribeLogDirsResponseDescribeLogDirsTopic{Name: r.Topic})
		}
		last := &topics[len(topics)-1]
		last.Partitions = append(last.Partitions, msg.DescribeLogDirsResponseDescribeLogDirsPartition{
			PartitionIndex: r.Partition, PartitionSize: r.Size, OffsetLag: r.Lag})
	}
	return topics
}
