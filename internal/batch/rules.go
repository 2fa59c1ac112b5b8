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
	// LeaderEpoch is stamped onto the batch by [Validator.Validate], and what
	// [Analyze] compares with.
	LeaderEpoch kafka.LeaderEpoch
	// MaxMessageBytes is max.message.bytes, the limit of one batch's size.
	// IgnoreSize leaves it out, as for internal topics' coordinators.
	MaxMessageBytes int
	IgnoreSize      bool
	// Compacted says that cleanup.policy contains compact: keys are required.
	Compacted bool
	// Recompress says that compression.type is not "producer": the batch is to
	// be compressed by Codec at Level, whatever the producer did. Codec None
	// is compression.type=uncompressed.
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
	MaxUnpackedBytes int
	// Elapsed is a clock that only goes on, asked for records that are written
	// anew; nil: how long that took is not told.
	Elapsed func() time.Duration
}

func (r *Rules) elapsed() time.Duration {
	if r.Elapsed == nil {
		return 0
	}
	return r.Elapsed()
}

// DefaultMaxUnpackedBytes is how much a compressed batch may hold unpacked.
const DefaultMaxUnpackedBytes = 1 << 30

// rebuildMax is how much a batch may hold that is compressed anew: that is done
// in memory.
const rebuildMax = 256 << 20

func (r *Rules) maxRebuilt() int {
	limit := min(r.maxUnpacked(), rebuildMax)
	if r.Codec == compress.None && !r.IgnoreSize {
		limit = min(limit, r.MaxMessageBytes) // it would be too large as it is
	}
	return limit
}

// maxMessages is how much a wrapper of messages may hold, which are converted in
// memory, and repeat what is known of all: old producers hold themselves to
// max.message.bytes before they pack.
func (r *Rules) maxMessages() int {
	return min(r.maxUnpacked(), rebuildMax, 16<<20+16*min(r.MaxMessageBytes, rebuildMax))
}

func (r *Rules) maxUnpacked() int {
	if r.MaxUnpackedBytes == 0 {
		return DefaultMaxUnpackedBytes
	}
	return r.MaxUnpackedBytes
}

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
	// Rebuilt says that the batch was compressed or written anew, with so many
	// records (Converted).
	Rebuilt    bool
	Converted  int
	Conversion Conversion
}

// Conversion is what it took to write records anew: for another codec or for
// another age of clients.
type Conversion struct {
	Time  time.Duration
	Bytes int64 // of memory, for what was unpacked and for what was written
}

// Add counts another one.
func (c *Conversion) Add(o Conversion) {
	c.Time += o.Time
	c.Bytes += o.Bytes
}
