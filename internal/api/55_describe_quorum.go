package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) describeQuorum(_ context.Context, call *Call, req *msg.DescribeQuorumRequest) (*msg.DescribeQuorumResponse, error) {
	resp := msg.NewDescribeQuorumResponse()
	if !h.allowed(call, Describe, Cluster, ClusterName) {
		resp.ErrorCode = int16(kafka.ErrClusterAuthorizationFailed)
		return resp, nil
	}
	if !asksForMetadataLog(req) {
		for _, t := range req.Topics {
			topic := msg.DescribeQuorumResponseTopicData{TopicName: t.TopicName}
			for _, p := range t.Partitions {
				topic.Partitions = append(topic.Partitions, msg.DescribeQuorumResponsePartitionData{PartitionIndex: p.PartitionIndex, ErrorCode: int16(kafka.ErrUnknownTopicOrPartition), ErrorMessage: new("")})
			}
			resp.Topics = append(resp.Topics, topic)
		}
		return resp, nil
	}
	s := h.Quorum.Status()
	partition := msg.DescribeQuorumResponsePartitionData{ErrorMessage: new(""), LeaderId: int32(s.Leader), LeaderEpoch: int32(s.LeaderEpoch), HighWatermark: int64(s.HighWatermark)}
	if s.Leader == kafka.NoNode {
		partition = msg.DescribeQuorumResponsePartitionData{ErrorCode: int16(kafka.ErrNotLeaderOrFollower), ErrorMessage: new("")}
	} else {
		partition.CurrentVoters, partition.Observers = replicaStates(s.Voters), replicaStates(s.Observers)
		for _, v := range s.Voters {
			node := msg.DescribeQuorumResponseNode{NodeId: int32(v.ID)}
			for _, e := range v.Endpoints {
				node.Listeners = append(node.Listeners, msg.DescribeQuorumResponseListener{Name: e.Listener, Host: e.Host, Port: e.Port})
			}
			resp.Nodes = append(resp.Nodes, node)
		}
	}
	resp.Topics = []msg.DescribeQuorumResponseTopicData{{TopicName: kafka.ClusterMetadataTopic, Partitions: []msg.DescribeQuorumResponsePartitionData{partition}}}
	return resp, nil
}

func asksForMetadataLog(req *msg.DescribeQuorumRequest) bool {
	return len(req.Topics) == 1 && req.Topics[0].TopicName == kafka.ClusterMetadataTopic &&
		len(req.Topics[0].Partitions) == 1 && req.Topics[0].Partitions[0].PartitionIndex == 0
}

func replicaStates(replicas []QuorumReplica) []msg.DescribeQuorumResponseReplicaState {
	out := make([]msg.DescribeQuorumResponseReplicaState, len(replicas))
	for i, r := range replicas {
		out[i] = msg.DescribeQuorumResponseReplicaState{
			ReplicaId: int32(r.ID), ReplicaDirectoryId: r.DirectoryID, LogEndOffset: int64(r.LogEndOffset),
			LastFetchTimestamp: int64(r.LastFetch), LastCaughtUpTimestamp: int64(r.LastCaughtUp),
		}
	}
	return out
}
