package storage

import (
	"errors"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
)

var errTodo = errors.New("not yet")

func (d *Damage) message() string { return d.Reason }

// Log is one partition's log. Its methods are safe for concurrent use: appends
// and other changes are serial among themselves, reads wait for nobody.
type Log struct{}

// Open opens or makes a log. Where it fails with a [*Damage], the log is
// readable nowhere and nothing on disk was changed.
func Open(host *Host, o Options) (*Log, Recovery, error) { return nil, Recovery{}, errTodo }

// AppendAsLeader checks records (one or more whole batches, which it may change
// in place and does not keep), gives them the next offsets and writes them.
// Errors carry Kafka's code; a *batch.RecordErrors names single records.
func (l *Log) AppendAsLeader(now time.Time, records []byte, epoch kafka.LeaderEpoch, o AppendOptions) (AppendInfo, error) {
	return AppendInfo{}, errTodo
}

// AppendAsFollower writes records with the offsets and epochs that they have.
// Batches of an epoch above epoch are left out.
func (l *Log) AppendAsFollower(now time.Time, records []byte, epoch kafka.LeaderEpoch) (AppendInfo, error) {
	return AppendInfo{}, errTodo
}

// Read finds the records from an offset on and below upTo, at most maxBytes of
// them, but with minOne at least the first batch whole. The error is
// OFFSET_OUT_OF_RANGE outside of [log start, log end], or a [*Damage].
func (l *Log) Read(from kafka.Offset, maxBytes int, minOne bool, upTo kafka.Offset, into *Fetched) error {
	return errTodo
}

// AbortedTxns appends to dst the aborted transactions that overlap [from, upper).
func (l *Log) AbortedTxns(dst []AbortedTxn, from, upper kafka.Offset) ([]AbortedTxn, error) {
	return dst, errTodo
}

// OffsetForTimestamp finds the first record with this timestamp or a later one,
// or what a special timestamp asks for; false where there is none.
func (l *Log) OffsetForTimestamp(t kafka.Timestamp) (TimestampOffset, bool, error) {
	return TimestampOffset{}, false, errTodo
}

// LogStartOffset is the first offset that may be read.
func (l *Log) LogStartOffset() kafka.Offset { return 0 }

// LogEndOffset is the offset that the next record gets.
func (l *Log) LogEndOffset() kafka.Offset { return 0 }

// RecoveryPoint is the offset below which everything is durable.
func (l *Log) RecoveryPoint() kafka.Offset { return 0 }

// HighWatermark is what SetHighWatermark said last.
func (l *Log) HighWatermark() kafka.Offset { return 0 }

// SetHighWatermark tells the log how far its records are replicated: retention,
// DeleteRecords and the last stable offset go by it. It is kept within the log.
func (l *Log) SetHighWatermark(hw kafka.Offset) {}

// LastStableOffset is the offset below which every transaction is decided and
// every record below the high watermark.
func (l *Log) LastStableOffset() kafka.Offset { return 0 }

// Size is the length of all segments in bytes.
func (l *Log) Size() int64 { return 0 }

// Segments is how many segments the log has.
func (l *Log) Segments() int { return 0 }

// Dir is the log's directory; a deleted log is renamed.
func (l *Log) Dir() string { return "" }

// Partition names the partition.
func (l *Log) Partition() kafka.TopicPartition { return kafka.TopicPartition{} }

// Config is the configuration in force. It must not be changed.
func (l *Log) Config() *Config { return nil }

// SetConfig puts another configuration in force.
func (l *Log) SetConfig(c *Config) {}

// LatestEpoch is the leader epoch of the last append or assignment; -1: none.
func (l *Log) LatestEpoch() kafka.LeaderEpoch { return -1 }

// AssignEpoch says that epoch begins at start, as a new leader does.
func (l *Log) AssignEpoch(epoch kafka.LeaderEpoch, start kafka.Offset) error { return errTodo }

// EndOffsetForEpoch is Kafka's answer to OffsetForLeaderEpoch: the largest
// known epoch up to the asked one and where it ends; -1, -1 where unknown.
func (l *Log) EndOffsetForEpoch(epoch kafka.LeaderEpoch) (kafka.LeaderEpoch, kafka.Offset) {
	return -1, -1
}

// EpochForOffset is the leader epoch of the record at an offset; -1: unknown.
func (l *Log) EpochForOffset(offset kafka.Offset) kafka.LeaderEpoch { return -1 }

// AdvanceLogStart makes offset the first that may be read (DeleteRecords); what
// lies below is deleted by Retain. It never goes back: false where it is not
// ahead. OFFSET_OUT_OF_RANGE above the high watermark.
func (l *Log) AdvanceLogStart(offset kafka.Offset) (bool, error) { return false, errTodo }

// TruncateTo removes all records from offset on; false where there were none.
func (l *Log) TruncateTo(now time.Time, offset kafka.Offset) (bool, error) { return false, errTodo }

// TruncateFully removes everything and begins again at offset.
func (l *Log) TruncateFully(now time.Time, offset kafka.Offset) error { return errTodo }

// Roll completes the active segment, if there is anything in it.
func (l *Log) Roll(now time.Time) error { return errTodo }

// Flush makes everything below upTo durable and moves the recovery point.
// It holds no lock while it syncs; appends go on. After an error the log takes
// no more appends: what a failed sync left is not known.
func (l *Log) Flush(upTo kafka.Offset) error { return errTodo }

// FlushDue says whether flush.messages asks for a Flush now.
func (l *Log) FlushDue() bool { return false }

// Retain deletes what retention.ms, retention.bytes and the log start offset
// let go, and says how many segments. Their files are renamed to *.deleted at
// once and removed by a Sweep after file.delete.delay.ms.
func (l *Log) Retain(now time.Time) (int, error) { return 0, errTodo }

// Sweep removes the files whose delay is over.
func (l *Log) Sweep(now time.Time) error { return errTodo }

// ExpireProducers forgets producers that have been idle for longer than
// producer.id.expiration.ms.
func (l *Log) ExpireProducers(now time.Time) {}

// Producers lists the active producers, by id.
func (l *Log) Producers() []ProducerState { return nil }

// CloseIdle closes the files of a log that nobody used since `since`; the next
// use opens them again.
func (l *Log) CloseIdle(since time.Time) error { return errTodo }

// Close makes everything durable, writes the producers' snapshot and closes the
// files: after it, Open with Clean reads no records. It is idempotent.
func (l *Log) Close(now time.Time) error { return errTodo }

// Abandon closes the files and writes nothing, as a crash would.
func (l *Log) Abandon() {}

// Delete closes the log and renames its directory to topic-n.<id>-delete, out
// of the way of a new partition of the same name. Remove removes it for good.
func (l *Log) Delete(id kafka.UUID) error { return errTodo }

// Remove removes the directory of a deleted log.
func (l *Log) Remove() error { return errTodo }
