package batch

import (
	"time"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Origin says who appends, as Kafka's AppendOrigin does: clients are trusted
// least.
type Origin uint8

// The origins of an append.
const (
	FromClient      Origin = iota // a produce request
	FromReplication               // a follower's fetch
	FromCoordinator               // a coordinator or a transaction marker
	FromRaftLeader                // the metadata log's leader
)

// Rules are what a leader checks a batch against: the topic's configuration
// and who appends.
type Rules struct {
	Partition kafka.TopicPartition // for messages
	Origin    Origin
	// LeaderEpoch is stamped onto the batch.
	LeaderEpoch kafka.LeaderEpoch
	// MaxMessageBytes is max.message.bytes, the limit of one batch's size.
	// IgnoreSize leaves it out, as for internal topics' coordinators.
	MaxMessageBytes int
	IgnoreSize      bool
	// Compacted says that cleanup.policy contains compact: keys are required.
	Compacted bool
	// Recompress says that compression.type is not "producer": the batch is to
	// be compressed by Codec at Level, whatever the producer did.
	Recompress bool
	Codec      compress.Codec
	Level      compress.Level
	// TimestampType is message.timestamp.type; BeforeMaxMs and AfterMaxMs are
	// message.timestamp.before.max.ms and .after.max.ms.
	TimestampType TimestampType
	BeforeMaxMs   int64
	AfterMaxMs    int64
	// MaxUnpackedBytes bounds what a compressed batch may hold, 0 for
	// [DefaultMaxUnpackedBytes]. Kafka has no such limit.
	MaxUnpackedBytes int64
}

// DefaultMaxUnpackedBytes is how much a compressed batch may hold unpacked.
const DefaultMaxUnpackedBytes = 1 << 30

// Info describes an append, as Kafka's LogAppendInfo does.
type Info struct {
	FirstOffset  kafka.Offset
	LastOffset   kafka.Offset
	LastEpoch    kafka.LeaderEpoch // of the last batch, -1 where it has none
	MaxTimestamp kafka.Timestamp
	// LogAppendTime is the time of the append where the topic's timestamp
	// type says so, otherwise -1.
	LogAppendTime kafka.Timestamp
	Codec         compress.Codec // the producer's
	Batches       int
	// ValidBytes is how long the whole, checked batches are; the rest of the
	// buffer is a cut tail and must not be appended.
	ValidBytes int
	// Recompressed says that the records were built anew.
	Recompressed bool
}

// Validator checks appends and assigns their offsets. It keeps scratch memory
// between calls; it is not safe for concurrent use. A node pools them.
type Validator struct {
	pool *compress.Pool
}

// NewValidator makes a validator that unpacks with the states of pool.
func NewValidator(pool *compress.Pool) *Validator { return &Validator{pool: pool} }

// Validate checks what a leader is asked to append, as Kafka's UnifiedLog and
// LogValidator do, and assigns offsets from next in place. It returns the bytes
// to append: a part of records, changed in place, or, where the topic's codec
// is another than the producer's, a new slice. An empty result without an error
// means that there was no whole batch.
//
// Errors carry a code (see [kafka.CodeOf]); a [RecordErrors] names records.
// After an error, records may hold changed header fields and must be dropped.
func (v *Validator) Validate(now time.Time, records []byte, next kafka.Offset, rules *Rules) ([]byte, Info, error) {
	return records, Info{}, nil
}

// Analyze checks what a follower (or the metadata log's leader) appends with
// the offsets it has: whole batches, sizes, checksums, rising offsets. A batch
// of a leader epoch above epoch ends the valid bytes, where the origin is
// replication. The bytes are not changed.
func Analyze(records []byte, epoch kafka.LeaderEpoch, rules *Rules) (Info, error) {
	return Info{}, nil
}

// RecordError is what is wrong with one record of a refused batch.
type RecordError struct {
	Index   int32 // of the record in its batch
	Message string
}

// RecordErrors refuses a batch because of some of its records.
type RecordErrors struct {
	Code    kafka.Error // INVALID_RECORD or INVALID_TIMESTAMP
	Message string
	Records []RecordError
}

// Error is the code and the sentence.
func (e *RecordErrors) Error() string { return e.Code.Error() + ": " + e.Message }

// Unwrap gives a failure with code and message.
func (e *RecordErrors) Unwrap() error { return kafka.Errorf(e.Code, "%s", e.Message) }
