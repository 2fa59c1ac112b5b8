package node

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/partition"
)

// dirFailed is told by the partitions that a log directory has failed. Without
// its metadata, or without any directory, the node cannot go on; otherwise the
// controller is told with the next heartbeat, now, see [dirReports].
func (n *Node) dirFailed(d partition.Dir, err error) {
	switch {
	case d.Path == n.metadataDirectory().path:
		n.fail(fmt.Errorf("the log directory %s, which holds the metadata, has failed: %w", d.Path, err))
	case n.set.LiveDirs() == 0:
		n.fail(fmt.Errorf("the last log directory, %s, has failed: %w", d.Path, err))
	default:
		n.membership.dirs.add(d.ID)
		n.membership.hurry()
	}
}

// assignmentsMax is how many replicas one AssignReplicasToDirs names, as in
// Kafka.
const assignmentsMax = 2250

// assignments tells the controller in which directories replicas are (KIP-858).
// It is needed where there is more than one: only then the broker chooses.
//
// Bound: one entry for each replica of this broker.
type assignments struct {
	n *Node

	mu     sync.Mutex
	queued map[replicaID]kafka.UUID
	wake   chan struct{} // holds at most one wake-up
}

type replicaID struct {
	topic     kafka.TopicID
	partition int32
}

func newAssignments(n *Node) *assignments {
	return &assignments{n: n, queued: map[replicaID]kafka.UUID{}, wake: make(chan struct{}, 1)}
}

// add queues one assignment; it does not block.
func (a *assignments) add(topic kafka.TopicID, number int32, dir kafka.UUID) {
	a.mu.Lock()
	a.queued[replicaID{topic, number}] = dir
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// take gives some of what is queued; empty where nothing is.
func (a *assignments) take() map[replicaID]kafka.UUID {
	a.mu.Lock()
	defer a.mu.Unlock()
	some := make(map[replicaID]kafka.UUID, min(len(a.queued), assignmentsMax))
	for id, dir := range a.queued {
		if len(some) == assignmentsMax {
			break
		}
		some[id] = dir
		delete(a.queued, id)
	}
	return some
}

// putBack queues again what could not be told, unless there is newer to tell.
func (a *assignments) putBack(some map[replicaID]kafka.UUID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, dir := range some {
		if _, newer := a.queued[id]; !newer {
			a.queued[id] = dir
		}
	}
}

// The pauses between attempts, as in Kafka.
const (
	assignPauseFirst = 100 * time.Millisecond
	assignPauseLast  = 10 * time.Second
)

// run tells what is queued, until ctx ends.
func (a *assignments) run(ctx context.Context) error {
	pause := assignPauseFirst
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.wake:
		}
		for some := a.take(); len(some) > 0; some = a.take() {
			err := a.tell(ctx, some)
			if err == nil {
				pause = assignPauseFirst
				continue
			}
			a.putBack(some)
			if ctx.Err() == nil {
				a.n.log.Warn("the controller was not told where replicas are; it is tried again", "replicas", len(some), "error", err)
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(pause):
			}
			pause = min(2*pause, assignPauseLast)
		}
	}
}

func (a *assignments) tell(ctx context.Context, some map[replicaID]kafka.UUID) error {
	req := assignmentRequest(some)
	req.BrokerId, req.BrokerEpoch = int32(a.n.id()), a.n.membership.Epoch()
	answer, err := a.n.quorum.Execute(ctx, func(in controller.Input) controller.Result {
		return controller.AssignReplicasToDirs(in, req)
	})
	if err != nil {
		return err
	}
	resp, ok := answer.(*msg.AssignReplicasToDirsResponse)
	if !ok {
		return fmt.Errorf("assign replicas to directories: unexpected answer %T", answer)
	}
	// A refusal of one replica says that it is gone meanwhile.
	if resp.ErrorCode != 0 {
		return kafka.Error(resp.ErrorCode)
	}
	return nil
}

// assignmentRequest groups replicas by directory and topic.
func assignmentRequest(some map[replicaID]kafka.UUID) *msg.AssignReplicasToDirsRequest {
	req := msg.NewAssignReplicasToDirsRequest()
	type place struct{ dir, topic kafka.UUID }
	dirs, topics := map[kafka.UUID]int{}, map[place]int{}
	ids := slices.SortedFunc(maps.Keys(some), func(a, b replicaID) int {
		return cmp.Or(bytes.Compare(a.topic[:], b.topic[:]), cmp.Compare(a.partition, b.partition))
	})
	for _, id := range ids {
		dir := some[id]
		d, ok := dirs[dir]
		if !ok {
			d = len(req.Directories)
			dirs[dir] = d
			req.Directories = append(req.Directories, msg.AssignReplicasToDirsRequestDirectoryData{Id: dir})
		}
		in := &req.Directories[d]
		t, ok := topics[place{dir, id.topic}]
		if !ok {
			t = len(in.Topics)
			topics[place{dir, id.topic}] = t
			in.Topics = append(in.Topics, msg.AssignReplicasToDirsRequestTopicData{TopicId: id.topic})
		}
		in.Topics[t].Partitions = append(in.Topics[t].Partitions, msg.AssignReplicasToDirsRequestPartitionData{PartitionIndex: id.partition})
	}
	return req
}
