package runtime

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/coordinator/group"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// GroupsConfig is what the group coordinator is made of.
type GroupsConfig struct {
	Group group.Config
	// Partitions is how many partitions __consumer_offsets has: the topic's
	// own number where it exists, otherwise offsets.topic.num.partitions.
	Partitions   func() int32
	Logs         Logs
	Random       io.Reader     // crypto/rand.Reader
	LoadBytes    int           // offsets.load.buffer.size
	WriteTimeout time.Duration // offsets.commit.timeout.ms
	Log          *slog.Logger
}

// Groups is the group coordinator of a node. It answers every request with a
// response; what goes wrong is an error code in it.
type Groups struct{}

// NewGroups makes a coordinator that leads nothing yet.
func NewGroups(config GroupsConfig) *Groups { return &Groups{} }

// Elected says that this node leads the partition of __consumer_offsets from
// the epoch on. An older or the same epoch does nothing. It does not block.
func (g *Groups) Elected(partition int32, epoch kafka.LeaderEpoch) {}

// Resigned says that this node does not lead the partition any more. It does
// not block.
func (g *Groups) Resigned(partition int32) {}

// TopicsDeleted drops the offsets of deleted topics. It does not block.
func (g *Groups) TopicsDeleted(topics []coordinator.TopicRef) {}

// Close ends all shards, answers who waits, and waits for the goroutines.
func (g *Groups) Close() error { return nil }

// PartitionFor is the partition of __consumer_offsets that the group belongs to.
func (g *Groups) PartitionFor(groupID string) int32 { return 0 }

// JoinGroup waits until the group is complete or the member is refused.
func (g *Groups) JoinGroup(ctx context.Context, caller group.Caller, req *msg.JoinGroupRequest) *msg.JoinGroupResponse {
	return nil
}

// SyncGroup waits until the leader has sent the assignment.
func (g *Groups) SyncGroup(ctx context.Context, caller group.Caller, req *msg.SyncGroupRequest) *msg.SyncGroupResponse {
	return nil
}

// Heartbeat keeps a member alive.
func (g *Groups) Heartbeat(ctx context.Context, caller group.Caller, req *msg.HeartbeatRequest) *msg.HeartbeatResponse {
	return nil
}

// LeaveGroup removes members.
func (g *Groups) LeaveGroup(ctx context.Context, caller group.Caller, req *msg.LeaveGroupRequest) *msg.LeaveGroupResponse {
	return nil
}

// CommitOffsets writes offsets; each topic of the request has a name and, where
// it is known, an id.
func (g *Groups) CommitOffsets(ctx context.Context, caller group.Caller, req *msg.OffsetCommitRequest) *msg.OffsetCommitResponse {
	return nil
}

// FetchOffsets reads the offsets of one group; nil topics are all topics.
func (g *Groups) FetchOffsets(ctx context.Context, caller group.Caller, req *msg.OffsetFetchRequestGroup, stable bool) msg.OffsetFetchResponseGroup {
	return msg.OffsetFetchResponseGroup{}
}

// DeleteOffsets removes offsets of topics that the group does not subscribe to.
func (g *Groups) DeleteOffsets(ctx context.Context, caller group.Caller, req *msg.OffsetDeleteRequest) *msg.OffsetDeleteResponse {
	return nil
}

// ListGroups lists the groups of all partitions that this node leads.
func (g *Groups) ListGroups(ctx context.Context, caller group.Caller, req *msg.ListGroupsRequest) *msg.ListGroupsResponse {
	return nil
}

// DescribeGroups describes classic groups, one answer for each id.
func (g *Groups) DescribeGroups(ctx context.Context, caller group.Caller, ids []string) []msg.DescribeGroupsResponseDescribedGroup {
	return nil
}

// DeleteGroups deletes empty groups, one answer for each id.
func (g *Groups) DeleteGroups(ctx context.Context, caller group.Caller, ids []string) []msg.DeleteGroupsResponseDeletableGroupResult {
	return nil
}
