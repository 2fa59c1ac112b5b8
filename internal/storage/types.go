package storage

import (
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/storage/producer"
)

// Options say which log [Open] opens, and what is known of it.
type Options struct {
	// Dir is the partition's directory; it is made where it is not there.
	Dir       string
	Partition kafka.TopicPartition
	// TopicID is written to (or compared with) partition.metadata. Zero: the
	// topic has no id, and the file is left alone.
	TopicID kafka.TopicID
	Config  *Config
	// Clean says that the last shutdown was clean (.kafka_cleanshutdown).
	Clean bool
	// LogStart and RecoveryPoint are what the checkpoint files of the log
	// directory have for this partition, 0 where they have nothing.
	LogStart      kafka.Offset
	RecoveryPoint kafka.Offset
	// Settled is the offset below which indexes and producers' snapshots are
	// known to be durable too, see [Log.Settled]: a recovery begins there, and
	// not at the beginning of the segment that holds the recovery point. 0: it
	// is not known.
	Settled kafka.Offset
	// Memo is what the log was when nobody wrote to it; nil: it is not known.
	// Unchanged says that it is still so ([MemoHolds]); otherwise the log has
	// grown since.
	Memo      *logdir.Memo
	Unchanged bool
	// Scan, if set, is told what a recovery is going to read, and has read.
	Scan func(step ScanStep)
	// Journal, if set, is the sync journal that takes pieces of the log.
	Journal Journal
	// New says that the partition is made now: nothing is read, and a directory
	// that is there already is an error.
	New bool
	// Covered is the offset below which the records are kept elsewhere, too: the
	// end of the newest snapshot of the metadata. A gap between segments below it
	// is what a crash left of deletions that it undid in part: the log begins
	// behind it. 0: nothing is, and nothing is looked for.
	Covered kafka.Offset
	Now     time.Time
}

// ScanStep is a step of a recovery: segments and bytes that are to be read, or
// that are done.
type ScanStep struct {
	Segments, Bytes         int64
	SegmentsDone, BytesDone int64
}

// AppendOptions say more about an append by a leader. The zero value is a
// client's produce request.
type AppendOptions struct {
	Origin batch.Origin
	// TransactionVersion is that of a transaction marker (WriteTxnMarkers): 2
	// means that its epoch must be above the producer's. Other writes leave 0.
	TransactionVersion int16
	// Guard says that the transaction coordinator has confirmed that the
	// partition is part of the producer's transaction: what BeginVerification
	// gave before the coordinator was asked.
	Guard producer.Guard
}

// AppendInfo is what an append did. For a duplicate of an earlier append (an
// idempotent producer's retry) the offsets are those of the earlier one.
type AppendInfo struct {
	FirstOffset kafka.Offset
	LastOffset  kafka.Offset
	// LogAppendTime is -1 where the timestamps are the producer's.
	LogAppendTime kafka.Timestamp
	MaxTimestamp  kafka.Timestamp
	LogStart      kafka.Offset
	Bytes         int // appended
	Converted     int // records that were written anew, for their format or codec
	Conversion    batch.Conversion
	LastEpoch     kafka.LeaderEpoch
	Duplicate     bool
	Rolled        bool // a segment was completed; a Flush up to its end is due
}

// AbortedTxn is an aborted transaction whose records a read_committed reader
// must skip.
type AbortedTxn struct {
	ProducerID  kafka.ProducerID
	FirstOffset kafka.Offset
}

// TimestampOffset answers a search by time.
type TimestampOffset struct {
	Timestamp kafka.Timestamp // -1 for earliest, latest and the like
	Offset    kafka.Offset
	Epoch     kafka.LeaderEpoch // of the record, -1 where it is not known
}

// The special timestamps of ListOffsets.
const (
	LatestTimestamp                kafka.Timestamp = -1
	EarliestTimestamp              kafka.Timestamp = -2
	MaxTimestamp                   kafka.Timestamp = -3
	EarliestLocalTimestamp         kafka.Timestamp = -4
	LatestTieredTimestamp          kafka.Timestamp = -5
	EarliestPendingUploadTimestamp kafka.Timestamp = -6
)

// ProducerState describes an active producer (DescribeProducers).
type ProducerState struct {
	ProducerID       kafka.ProducerID
	Epoch            kafka.ProducerEpoch
	LastSequence     int32
	LastTimestamp    kafka.Timestamp
	CoordinatorEpoch int32
	TxnFirstOffset   kafka.Offset // -1: no transaction
}
