package node

import (
	"context"
	"time"

	"github.com/gregor-stream/gregor/internal/api"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/partition"
	"github.com/gregor-stream/gregor/internal/quorum"
	"github.com/gregor-stream/gregor/internal/replica"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/storage/producer"
)

// The types here show shells to the handlers, which do not know them. Structs
// of the same shape are converted in place, so nothing is copied or allocated.

type servedSet struct{ *partition.Set }

// Partition finds a partition by name.
func (s servedSet) Partition(tp kafka.TopicPartition) (api.Partition, bool) {
	p, ok := s.Set.Partition(tp)
	return served{p}, ok
}

// PartitionByID finds a partition by its topic's id.
func (s servedSet) PartitionByID(id kafka.TopicID, n int32) (api.Partition, bool) {
	p, ok := s.Set.PartitionByID(id, n)
	return served{p}, ok
}

// LogDirs describes the log directories.
func (s servedSet) LogDirs() []api.LogDir {
	dirs := s.Set.LogDirs()
	list := make([]api.LogDir, len(dirs))
	for i, d := range dirs {
		list[i] = api.LogDir{Path: d.Path, Err: d.Err, Total: d.Total, Free: d.Free}
		for _, r := range d.Replicas {
			list[i].Replicas = append(list[i].Replicas, api.LogDirReplica(r))
		}
	}
	return list
}

// NewWaiter makes a waiter for long polls.
func (s servedSet) NewWaiter() api.Waiter { return partition.NewWaiter() }

type served struct{ p *partition.Partition }

// Name is the partition's name.
func (s served) Name() kafka.TopicPartition { return s.p.Name() }

// TopicID is the topic's id.
func (s served) TopicID() kafka.TopicID { return s.p.TopicID() }

// LeaderEpoch is the leader epoch and the leader.
func (s served) LeaderEpoch() (kafka.LeaderEpoch, kafka.NodeID) { return s.p.LeaderEpoch() }

// LogStartOffset is the first offset that may be read.
func (s served) LogStartOffset() kafka.Offset { return s.p.LogStartOffset() }

// Append appends records.
func (s served) Append(now time.Time, records []byte, acks int16, o storage.AppendOptions) (api.Appended, error) {
	done, err := s.p.Append(now, records, acks, o)
	return api.Appended(done), err
}

// Park waits for an acknowledgement.
func (s served) Park(a *replica.Ack) (bool, error) { return s.p.Park(a) }

// Unpark ends the waiting.
func (s served) Unpark(a *replica.Ack) bool { return s.p.Unpark(a) }

// CatchUp waits until what is in the log may be read.
func (s served) CatchUp(ctx context.Context) error { return s.p.CatchUp(ctx) }

// Hasten begins what CatchUp waits for.
func (s served) Hasten() { s.p.Hasten() }

// Read reads records.
func (s served) Read(q *api.Query, into *api.ReadResult) error {
	query := partition.Query{
		Offset: q.Offset, MaxBytes: q.MaxBytes, MinOne: q.MinOne, LeaderEpoch: q.LeaderEpoch,
		LastFetchedEpoch: q.LastFetchedEpoch, Isolation: partition.Isolation(q.Isolation),
	}
	return s.p.Read(&query, (*partition.Read)(into))
}

// CountRead counts a fetch of the partition.
func (s served) CountRead(code kafka.Error) { s.p.CountRead(code) }

// CountSent counts bytes of records that go out.
func (s served) CountSent(bytes int, follower bool) { s.p.CountSent(bytes, follower) }

// CountDowngraded counts records converted for an old consumer.
func (s served) CountDowngraded(records int) { s.p.CountDowngraded(records) }

// OffsetsBefore answers version 0 of ListOffsets.
func (s served) OffsetsBefore(now time.Time, t kafka.Timestamp, most int, isolation api.Isolation) ([]kafka.Offset, error) {
	return s.p.OffsetsBefore(now, t, most, partition.Isolation(isolation))
}

// Watch has w woken when the partition moves.
func (s served) Watch(w api.Waiter) { s.p.Watch(w.(*partition.Waiter)) } //nolint:forcetypeassert // NewWaiter made it

// Unwatch ends Watch.
func (s served) Unwatch(w api.Waiter) { s.p.Unwatch(w.(*partition.Waiter)) } //nolint:forcetypeassert // NewWaiter made it

// OffsetFor answers ListOffsets.
func (s served) OffsetFor(t kafka.Timestamp, current kafka.LeaderEpoch, isolation api.Isolation) (storage.TimestampOffset, bool, error) {
	return s.p.OffsetFor(t, current, partition.Isolation(isolation))
}

// EpochEnd answers OffsetForLeaderEpoch.
func (s served) EpochEnd(current, asked kafka.LeaderEpoch) (replica.EpochEnd, error) {
	return s.p.EpochEnd(current, asked)
}

// DeleteRecords moves the log's start.
func (s served) DeleteRecords(offset kafka.Offset) (kafka.Offset, error) {
	return s.p.DeleteRecords(offset)
}

// BeginVerification begins the verification of a transaction.
func (s served) BeginVerification(
	now time.Time, id kafka.ProducerID, epoch kafka.ProducerEpoch, sequence int32, v2 bool,
) (producer.Guard, error) {
	return s.p.BeginVerification(now, id, epoch, sequence, v2)
}

// Producers lists the active producers.
func (s served) Producers() ([]storage.ProducerState, error) { return s.p.Producers() }

// AbortedIn lists the aborted transactions of what was read.
func (s served) AbortedIn(dst []storage.AbortedTxn, read *storage.Fetched) ([]storage.AbortedTxn, error) {
	return s.p.AbortedIn(dst, read)
}

// quorumStatus shows the quorum's state to the handlers.
type quorumStatus struct{ q *quorum.Quorum }

// Status is the state of the quorum.
func (s quorumStatus) Status() api.QuorumStatus {
	st := s.q.Status()
	return api.QuorumStatus{
		Leader: st.Leader, LeaderEpoch: st.LeaderEpoch, HighWatermark: st.HighWatermark, KRaftVersion: st.KRaftVersion,
		Voters: quorumReplicas(st.Voters), Observers: quorumReplicas(st.Observers),
	}
}

func quorumReplicas(list []quorum.Replica) []api.QuorumReplica {
	out := make([]api.QuorumReplica, len(list))
	for i, r := range list {
		out[i] = api.QuorumReplica(r)
	}
	return out
}
