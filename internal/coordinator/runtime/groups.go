package runtime

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/coordinator/group"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/storage/producer"
)

// GroupsTopic is the internal topic of consumer groups.
const GroupsTopic = "__consumer_offsets"

// GroupsConfig is what the group coordinator is made of.
type GroupsConfig struct {
	Group group.Config
	// Partitions is how many partitions __consumer_offsets has: the topic's
	// own number where it exists, otherwise offsets.topic.num.partitions.
	Partitions   func() int32
	Logs         Logs
	Random       io.Reader      // crypto/rand.Reader
	Pool         *compress.Pool // unpacks what was compressed, and compresses
	Codec        compress.Codec // offsets.topic.compression.codec
	LoadBytes    int            // offsets.load.buffer.size
	WriteTimeout time.Duration  // offsets.commit.timeout.ms
	Log          *slog.Logger
}

// Groups is the group coordinator of a node. It answers every request with a
// response; what goes wrong is an error code in it. Elected, Resigned and Close
// are those of the runtime.
type Groups struct {
	*Runtime[*group.Shard]
	config GroupsConfig
}

// NewGroups makes a coordinator that leads nothing yet.
func NewGroups(config GroupsConfig) *Groups {
	return &Groups{config: config, Runtime: New(Config[*group.Shard]{
		Topic: GroupsTopic, Logs: config.Logs, Pool: config.Pool, Codec: config.Codec,
		Make: func(int32, kafka.LeaderEpoch) *group.Shard {
			return group.New(config.Group, config.Random)
		},
		LoadBytes: config.LoadBytes, WriteTimeout: config.WriteTimeout, Log: config.Log,
	})}
}

// PartitionFor is the partition of __consumer_offsets that the group belongs to.
func (g *Groups) PartitionFor(groupID string) int32 {
	return coordinator.PartitionFor(groupID, g.config.Partitions())
}

// TopicsDeleted drops the offsets of deleted topics. It does not block.
func (g *Groups) TopicsDeleted(topics []coordinator.TopicRef) {
	g.WriteAll("topics deleted", func(s *group.Shard, _ time.Time, _ coordinator.Ticket) coordinator.Result {
		return s.TopicsDeleted(topics)
	})
}

// answered is the response of an operation, or what failed makes of its error.
func answered[R any](response any, err error, failed func(error) R) R {
	if err != nil {
		return failed(err)
	}
	return response.(R)
}

// JoinGroup waits until the group is complete or the member is refused.
func (g *Groups) JoinGroup(ctx context.Context, caller group.Caller, req *msg.JoinGroupRequest) *msg.JoinGroupResponse {
	refused := g.config.Group.CheckJoin(req)
	if refused == nil {
		response, err := g.Write(ctx, g.PartitionFor(req.GroupId),
			func(s *group.Shard, now time.Time, ticket coordinator.Ticket) coordinator.Result {
				return s.JoinGroup(now, ticket, caller, req)
			})
		refused = answered(response, err, group.JoinFailed)
	}
	return group.JoinVersion(refused, caller.Version)
}

// SyncGroup waits until the leader has sent the assignment.
func (g *Groups) SyncGroup(ctx context.Context, _ group.Caller, req *msg.SyncGroupRequest) *msg.SyncGroupResponse {
	if req.GroupId == "" {
		return group.SyncFailed(kafka.ErrInvalidGroupID)
	}
	response, err := g.Write(ctx, g.PartitionFor(req.GroupId),
		func(s *group.Shard, now time.Time, ticket coordinator.Ticket) coordinator.Result {
			return s.SyncGroup(now, ticket, req)
		})
	return answered(response, err, group.SyncFailed)
}

// Heartbeat keeps a member alive.
func (g *Groups) Heartbeat(ctx context.Context, _ group.Caller, req *msg.HeartbeatRequest) *msg.HeartbeatResponse {
	if req.GroupId == "" {
		return group.HeartbeatFailed(kafka.ErrInvalidGroupID)
	}
	response, err := g.Write(ctx, g.PartitionFor(req.GroupId),
		func(s *group.Shard, now time.Time, _ coordinator.Ticket) coordinator.Result {
			return s.Heartbeat(now, req)
		})
	return answered(response, err, group.HeartbeatFailed)
}

// LeaveGroup removes members: those of the request's list, as of version 3.
func (g *Groups) LeaveGroup(ctx context.Context, _ group.Caller, req *msg.LeaveGroupRequest) *msg.LeaveGroupResponse {
	failed := func(err error) *msg.LeaveGroupResponse { return group.LeaveFailed(req, err) }
	if req.GroupId == "" {
		return failed(kafka.ErrInvalidGroupID)
	}
	response, err := g.Write(ctx, g.PartitionFor(req.GroupId),
		func(s *group.Shard, now time.Time, _ coordinator.Ticket) coordinator.Result {
			return s.LeaveGroup(now, req)
		})
	return answered(response, err, failed)
}

// CommitOffsets writes offsets; each topic of the request has a name and, where
// it is known, an id.
func (g *Groups) CommitOffsets(ctx context.Context, caller group.Caller, req *msg.OffsetCommitRequest) *msg.OffsetCommitResponse {
	response, err := g.Write(ctx, g.PartitionFor(req.GroupId),
		func(s *group.Shard, now time.Time, _ coordinator.Ticket) coordinator.Result {
			return s.CommitOffsets(now, caller, req)
		})
	return answered(response, err, func(err error) *msg.OffsetCommitResponse { return group.CommitFailed(req, err) })
}

// CommitTransactionOffsets writes offsets of a producer's transaction; guard is
// as in a produce request. Topics are as in CommitOffsets.
func (g *Groups) CommitTransactionOffsets(
	ctx context.Context, caller group.Caller, req *msg.TxnOffsetCommitRequest, guard producer.Guard,
) *msg.TxnOffsetCommitResponse {
	failed := func(err error) *msg.TxnOffsetCommitResponse { return group.CommitTransactionFailed(req, err) }
	if req.GroupId == "" {
		return failed(kafka.ErrInvalidGroupID)
	}
	who := &Producer{ID: kafka.ProducerID(req.ProducerId), Epoch: kafka.ProducerEpoch(req.ProducerEpoch), Guard: guard}
	response, err := g.WriteInTransaction(ctx, g.PartitionFor(req.GroupId), who,
		func(s *group.Shard, now time.Time, _ coordinator.Ticket) coordinator.Result {
			return s.CommitTransactionOffsets(now, caller, req)
		})
	return answered(response, err, failed)
}

// FetchOffsets reads the offsets of one group; nil topics are all topics. With
// stable it sees everything that was written before, and waits until that is
// committed.
func (g *Groups) FetchOffsets(
	ctx context.Context, caller group.Caller, req *msg.OffsetFetchRequestGroup, stable bool,
) msg.OffsetFetchResponseGroup {
	ask := g.Read
	if stable {
		ask = g.Write
	}
	response, err := ask(ctx, g.PartitionFor(req.GroupId),
		func(s *group.Shard, _ time.Time, _ coordinator.Ticket) coordinator.Result {
			return s.FetchOffsets(req, stable)
		})
	return answered(response, err, func(err error) msg.OffsetFetchResponseGroup {
		return group.FetchFailed(req, caller.Version, err)
	})
}

// DeleteOffsets removes offsets of topics that the group does not subscribe to.
func (g *Groups) DeleteOffsets(ctx context.Context, _ group.Caller, req *msg.OffsetDeleteRequest) *msg.OffsetDeleteResponse {
	if req.GroupId == "" {
		return group.DeleteOffsetsFailed(kafka.ErrInvalidGroupID)
	}
	response, err := g.Write(ctx, g.PartitionFor(req.GroupId),
		func(s *group.Shard, _ time.Time, _ coordinator.Ticket) coordinator.Result {
			return s.DeleteOffsets(req)
		})
	return answered(response, err, group.DeleteOffsetsFailed)
}

// ListGroups lists the groups of all partitions that this node leads.
func (g *Groups) ListGroups(ctx context.Context, _ group.Caller, req *msg.ListGroupsRequest) *msg.ListGroupsResponse {
	lists, err := g.ReadAll(ctx, func(s *group.Shard, _ time.Time, _ coordinator.Ticket) coordinator.Result {
		return coordinator.Respond(s.ListGroups(req.StatesFilter, req.TypesFilter))
	})
	if err != nil {
		return &msg.ListGroupsResponse{ErrorCode: int16(group.CodeOf(err))}
	}
	response := &msg.ListGroupsResponse{}
	for _, list := range lists {
		response.Groups = append(response.Groups, list.([]msg.ListGroupsResponseListedGroup)...)
	}
	return response
}

// DescribeGroups describes classic groups, one answer for each id.
func (g *Groups) DescribeGroups(ctx context.Context, caller group.Caller, ids []string) []msg.DescribeGroupsResponseDescribedGroup {
	return byPartition(g, ids, func(partition int32, ids []string) []msg.DescribeGroupsResponseDescribedGroup {
		response, err := g.Read(ctx, partition, func(s *group.Shard, _ time.Time, _ coordinator.Ticket) coordinator.Result {
			return coordinator.Respond(s.DescribeGroups(ids, caller.Version))
		})
		return answered(response, err, func(err error) []msg.DescribeGroupsResponseDescribedGroup {
			return group.DescribeFailed(ids, err)
		})
	})
}

// DeleteGroups deletes empty groups, one answer for each id.
func (g *Groups) DeleteGroups(ctx context.Context, _ group.Caller, ids []string) []msg.DeleteGroupsResponseDeletableGroupResult {
	return byPartition(g, ids, func(partition int32, ids []string) []msg.DeleteGroupsResponseDeletableGroupResult {
		response, err := g.Write(ctx, partition, func(s *group.Shard, _ time.Time, _ coordinator.Ticket) coordinator.Result {
			return s.DeleteGroups(ids)
		})
		return answered(response, err, func(err error) []msg.DeleteGroupsResponseDeletableGroupResult {
			return group.DeleteGroupsFailed(ids, err)
		})
	})
}

// byPartition asks each partition for its groups. The answers are grouped by
// partition, in the order in which Kafka's map of partitions gives them.
func byPartition[R any](g *Groups, ids []string, ask func(partition int32, ids []string) []R) []R {
	mine := map[int32][]string{}
	var order []int32
	for _, id := range ids {
		p := g.PartitionFor(id)
		if mine[p] == nil {
			order = append(order, p)
		}
		mine[p] = append(mine[p], id)
	}
	buckets := coordinator.JavaBuckets(len(order))
	topic := coordinator.JavaHash(GroupsTopic)
	bucket := func(p int32) int32 { return coordinator.JavaBucket(31*(31+p)+topic, buckets) }
	slices.SortStableFunc(order, func(a, b int32) int { return int(bucket(a) - bucket(b)) })
	out := make([]R, 0, len(ids))
	for _, p := range order {
		out = append(out, ask(p, mine[p])...)
	}
	return out
}
