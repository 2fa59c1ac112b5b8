package runtime

import (
	"errors"
	"io"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/partition"
	"github.com/gregor-stream/gregor/internal/storage"
)

// PartitionLogs are the partitions of one internal topic in a broker's set.
type PartitionLogs struct {
	Set   *partition.Set
	Topic string
	// MaxBatchBytes is the topic's max.message.bytes, now.
	MaxBatchBytes func() int
}

// Lead implements Logs.
func (l *PartitionLogs) Lead(number int32, epoch kafka.LeaderEpoch) (Log, error) {
	p, ok := l.Set.Partition(kafka.TopicPartition{Topic: l.Topic, Partition: number})
	if !ok || !p.Leads() || p.Log() == nil {
		return nil, kafka.ErrNotLeaderOrFollower
	}
	log := &partitionLog{p: p, epoch: epoch, max: l.MaxBatchBytes, waiter: partition.NewWaiter()}
	log.stop = func() { p.Unwatch(log.waiter) }
	return log, nil
}

// partitionLog is a partition in one leader epoch.
type partitionLog struct {
	p      *partition.Partition
	epoch  kafka.LeaderEpoch
	max    func() int
	waiter *partition.Waiter
	stop   func() // ends Watch; made once
}

// over turns the epoch's end into what it means here, and a full disk into what
// lets clients wait: this is their coordinator still, and another look for it
// would find no other.
func over(err error) error {
	if full, ok := errors.AsType[*storage.FullDisk](err); ok {
		return kafka.Errorf(kafka.ErrCoordinatorNotAvailable, "%s", full.Error())
	}
	switch kafka.CodeOf(err) {
	case kafka.ErrFencedLeaderEpoch, kafka.ErrUnknownLeaderEpoch:
		return kafka.ErrNotLeaderOrFollower
	default:
		return err
	}
}

func (l *partitionLog) Append(now time.Time, records []byte, o AppendOptions) (kafka.Offset, error) {
	done, err := l.p.AppendIn(now, l.epoch, records, storage.AppendOptions{
		Origin: batch.FromCoordinator, Guard: o.Guard, TransactionVersion: o.Version,
	})
	return done.FirstOffset, over(err)
}

func (l *partitionLog) Read(from kafka.Offset, buf []byte) ([]byte, error) {
	var read partition.Read
	err := l.p.Read(&partition.Query{
		Offset: from, MaxBytes: len(buf), MinOne: true,
		LeaderEpoch: l.epoch, LastFetchedEpoch: kafka.NoLeaderEpoch, Isolation: partition.ReadAll,
	}, &read)
	if err != nil {
		return nil, over(err)
	}
	defer read.Release()
	size := read.Section.Len()
	if size > len(buf) {
		buf = make([]byte, size)
	}
	n, err := read.Section.ReadAt(buf[:size], 0)
	if n == size || errors.Is(err, io.EOF) {
		err = nil
	}
	return buf[:n], err
}

func (l *partitionLog) StartOffset() kafka.Offset   { return l.p.LogStartOffset() }
func (l *partitionLog) EndOffset() kafka.Offset     { return l.p.LogEndOffset() }
func (l *partitionLog) Behind() bool                { return l.p.Behind() }
func (l *partitionLog) HighWatermark() kafka.Offset { return l.p.HighWatermark() }
func (l *partitionLog) MaxBatchBytes() int          { return l.max() }

func (l *partitionLog) Watch() (<-chan struct{}, func()) {
	l.p.Watch(l.waiter)
	return l.waiter.C(), l.stop
}
