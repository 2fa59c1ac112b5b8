package api

import (
	"context"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/replica"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/storage/producer"
)

// Partitions is the data of this broker.
type Partitions interface {
	// Partition finds a partition that this broker has a replica of.
	Partition(tp kafka.TopicPartition) (Partition, bool)
	// PartitionByID finds it by the topic's id, without allocation.
	PartitionByID(id kafka.TopicID, partition int32) (Partition, bool)
	// LogDirs describes the log directories and what is in them.
	LogDirs() []LogDir
	// NewWaiter makes a waiter for long polls.
	NewWaiter() Waiter
}

// Partition is one partition of this broker. Errors carry Kafka's codes.
type Partition interface {
	Name() kafka.TopicPartition
	TopicID() kafka.TopicID
	LeaderEpoch() (kafka.LeaderEpoch, kafka.NodeID)
	LogStartOffset() kafka.Offset
	// Append checks records, which it may change and does not keep, and
	// appends them. A *batch.RecordErrors names single records.
	Append(now time.Time, records []byte, acks int16, o storage.AppendOptions) (Appended, error)
	// Park has a.Done told once when the records below a.End are as safe as a.Acks
	// asks for, or never will be; where that is decided already it returns true
	// instead. Unpark takes a back: false where it has been told, or is about to be.
	Park(a *replica.Ack) (ready bool, err error)
	Unpark(a *replica.Ack) bool
	// CatchUp waits until what is in the log may be read, where only the local
	// disk holds that up; Hasten begins it. The error is that of ctx.
	CatchUp(ctx context.Context) error
	Hasten()
	Read(q *Query, into *ReadResult) error
	// CountRead and CountSent count a fetch of the partition, and bytes of
	// records that go out, for who observes.
	CountRead(code kafka.Error)
	CountSent(bytes int, follower bool)
	// CountDowngraded counts records that were converted for an old consumer.
	CountDowngraded(records int)
	// OffsetsBefore answers version 0 of ListOffsets: at most so many offsets at
	// which segments begin, those written last before a time first.
	OffsetsBefore(now time.Time, t kafka.Timestamp, most int, isolation Isolation) ([]kafka.Offset, error)
	Watch(Waiter)
	Unwatch(Waiter)
	OffsetFor(t kafka.Timestamp, current kafka.LeaderEpoch, isolation Isolation) (at storage.TimestampOffset, found bool, err error)
	EpochEnd(current, asked kafka.LeaderEpoch) (replica.EpochEnd, error)
	DeleteRecords(offset kafka.Offset) (kafka.Offset, error)
	// BeginVerification says that a producer is about to write the first batch of
	// a transaction; the guard goes with the append. It is 0 where the transaction
	// is open here already.
	BeginVerification(now time.Time, id kafka.ProducerID, epoch kafka.ProducerEpoch, sequence int32, v2 bool) (producer.Guard, error)
	Producers() ([]storage.ProducerState, error)
	// AbortedIn appends the aborted transactions of what was read.
	AbortedIn(dst []storage.AbortedTxn, read *storage.Fetched) ([]storage.AbortedTxn, error)
}

// Appended is what an append did.
type Appended struct {
	storage.AppendInfo
	Acked  bool // as safe as its acks ask for, or (AckErr) never to be
	AckErr error
}

// Waiter is woken when a partition that it watches has moved.
type Waiter interface {
	C() <-chan struct{}
	Reset()
}

// Isolation is how far a reader may see.
type Isolation int8

// The isolations; the first two have Kafka's numbers.
const (
	ReadUncommitted Isolation = 0 // to the high watermark
	ReadCommitted   Isolation = 1 // to the last stable offset
	ReadAll         Isolation = 2 // to the log's end: followers
)

// Query is one read of a partition.
type Query struct {
	Offset           kafka.Offset
	MaxBytes         int
	MinOne           bool              // at least the first batch, whatever its size
	LeaderEpoch      kafka.LeaderEpoch // what the reader knows; -1: nothing
	LastFetchedEpoch kafka.LeaderEpoch // of the record before Offset; -1: not given
	Isolation        Isolation
}

// ReadResult is what was read; Fetched.Release is due when it was sent.
type ReadResult struct {
	storage.Fetched
	HighWatermark  kafka.Offset
	LastStable     kafka.Offset
	Diverging      bool // the reader's log differs: nothing was read
	DivergingEpoch replica.EpochEnd
}

// LogDir is one log directory.
type LogDir struct {
	Path        string
	Err         error
	Total, Free int64
	Cordoned    bool
	Replicas    []LogDirReplica
}

// LogDirReplica is a partition in a log directory.
type LogDirReplica struct {
	kafka.TopicPartition
	Size int64
	Lag  int64
}

// ProducerIDs hands out producer ids, each once in the cluster's life.
type ProducerIDs interface {
	Next(ctx context.Context) (kafka.ProducerID, error)
}
