package admin

import (
	"context"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Reassignment is how the replicas of a partition are being moved (KIP-455).
type Reassignment struct{ Replicas, Adding, Removing []int32 }

// Reassignments are the moves that are under way: those of partitions, or all
// where partitions is nil.
func (a *Admin) Reassignments(ctx context.Context, partitions []kafka.TopicPartition) (map[kafka.TopicPartition]Reassignment, error) {
	req := kmsg.NewPtrListPartitionReassignmentsRequest()
	if partitions != nil {
		req.Topics = []kmsg.ListPartitionReassignmentsRequestTopic{}
	}
	for _, topic := range ByTopic(partitions) {
		one := kmsg.NewListPartitionReassignmentsRequestTopic()
		one.Topic, one.Partitions = topic.Topic, topic.Partitions
		req.Topics = append(req.Topics, one)
	}
	resp, err := req.RequestWith(ctx, a)
	if err != nil {
		return nil, err
	}
	if t := java.Throw(resp.ErrorCode, resp.ErrorMessage); t != nil {
		return nil, t
	}
	all := make(map[kafka.TopicPartition]Reassignment)
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			all[kafka.TopicPartition{Topic: t.Topic, Partition: p.Partition}] = Reassignment{p.Replicas, p.AddingReplicas, p.RemovingReplicas}
		}
	}
	return all, nil
}

// Reassign asks for new replicas of partitions; nil replicas end a move that is
// under way. The answer has the partitions that were refused.
func (a *Admin) Reassign(ctx context.Context, moves map[kafka.TopicPartition][]int32, sameFactor bool) (map[kafka.TopicPartition]error, error) {
	req := kmsg.NewPtrAlterPartitionAssignmentsRequest()
	req.AllowReplicationFactorChange = !sameFactor
	for _, topic := range ByTopic(slices.SortedFunc(maps.Keys(moves), kafka.TopicPartition.Compare)) {
		one := kmsg.NewAlterPartitionAssignmentsRequestTopic()
		one.Topic = topic.Topic
		for _, n := range topic.Partitions {
			p := kmsg.NewAlterPartitionAssignmentsRequestTopicPartition()
			p.Partition, p.Replicas = n, moves[kafka.TopicPartition{Topic: topic.Topic, Partition: n}]
			one.Partitions = append(one.Partitions, p)
		}
		req.Topics = append(req.Topics, one)
	}
	resp, err := req.RequestWith(ctx, a)
	if err != nil {
		return nil, err
	}
	refused := make(map[kafka.TopicPartition]error)
	if t := java.Throw(resp.ErrorCode, resp.ErrorMessage); t != nil {
		for p := range moves {
			refused[p] = t
		}
		return refused, nil
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if thrown := java.Throw(p.ErrorCode, p.ErrorMessage); thrown != nil {
				refused[kafka.TopicPartition{Topic: t.Topic, Partition: p.Partition}] = thrown
			}
		}
	}
	return refused, nil
}

// Replica is a replica of a partition on a broker.
type Replica struct {
	kafka.TopicPartition

	Broker int32
}

// Dirs are the log directories of a replica; "" where there is none.
type Dirs struct{ Current, Future string }

// ReplicaDirs asks each broker where it keeps its replicas. Directories that
// are offline are left out.
func (a *Admin) ReplicaDirs(ctx context.Context, replicas []Replica) (map[Replica]Dirs, error) {
	all := make(map[Replica]Dirs, len(replicas))
	for broker, partitions := range byBroker(replicas) {
		req := kmsg.NewPtrDescribeLogDirsRequest()
		for _, topic := range ByTopic(partitions) {
			one := kmsg.NewDescribeLogDirsRequestTopic()
			one.Topic, one.Partitions = topic.Topic, topic.Partitions
			req.Topics = append(req.Topics, one)
		}
		for _, p := range partitions {
			all[Replica{p, broker}] = Dirs{}
		}
		answer, err := a.c.Broker(int(broker)).RetriableRequest(ctx, req)
		if err != nil {
			return nil, a.Explain(req.Key(), err)
		}
		resp := answer.(*kmsg.DescribeLogDirsResponse)
		if t := java.Throw(resp.ErrorCode, nil); t != nil {
			return nil, t
		}
		for _, d := range resp.Dirs {
			if d.ErrorCode != 0 {
				continue
			}
			addDir(all, broker, &d)
		}
	}
	return all, nil
}

func addDir(all map[Replica]Dirs, broker int32, d *kmsg.DescribeLogDirsResponseDir) {
	for _, t := range d.Topics {
		for _, p := range t.Partitions {
			r := Replica{kafka.TopicPartition{Topic: t.Topic, Partition: p.Partition}, broker}
			dirs := all[r]
			if p.IsFuture {
				dirs.Future = d.Dir
			} else {
				dirs.Current = d.Dir
			}
			all[r] = dirs
		}
	}
}

func byBroker(replicas []Replica) map[int32][]kafka.TopicPartition {
	brokers := make(map[int32][]kafka.TopicPartition)
	for _, r := range replicas {
		brokers[r.Broker] = append(brokers[r.Broker], r.TopicPartition)
	}
	return brokers
}

// MoveDir asks a broker to move its replica to another of its directories. It
// says false where the broker does not have the replica yet.
func (a *Admin) MoveDir(ctx context.Context, r Replica, dir string) (bool, error) {
	req := kmsg.NewPtrAlterReplicaLogDirsRequest()
	d := kmsg.NewAlterReplicaLogDirsRequestDir()
	t := kmsg.NewAlterReplicaLogDirsRequestDirTopic()
	t.Topic, t.Partitions = r.Topic, []int32{r.Partition}
	d.Dir = dir
	d.Topics = append(d.Topics, t)
	req.Dirs = append(req.Dirs, d)
	answer, err := a.c.Broker(int(r.Broker)).RetriableRequest(ctx, req)
	if err != nil {
		return false, a.Explain(req.Key(), err)
	}
	for _, t := range answer.(*kmsg.AlterReplicaLogDirsResponse).Topics {
		for _, p := range t.Partitions {
			if kafka.Error(p.ErrorCode) == kafka.ErrReplicaNotAvailable {
				return false, nil
			}
			if thrown := java.Throw(p.ErrorCode, nil); thrown != nil {
				return false, thrown
			}
		}
	}
	return true, nil
}

// Racks are the racks of the brokers that are alive; "" where a broker has
// none.
func (a *Admin) Racks(ctx context.Context) (map[int32]string, error) {
	resp, err := a.DescribeCluster(ctx, false)
	if err != nil {
		return nil, err
	}
	racks := make(map[int32]string, len(resp.Brokers))
	for _, b := range resp.Brokers {
		racks[b.NodeID] = ""
		if b.Rack != nil {
			racks[b.NodeID] = *b.Rack
		}
	}
	return racks, nil
}
