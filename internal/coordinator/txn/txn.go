// Package txn is the transaction coordinator's state machine: transactional ids
// and the one transaction that each may have open, one shard for each partition
// of __transaction_state. It behaves as Apache Kafka 4.4's TransactionCoordinator
// and TransactionStateManager do, in both versions of the protocol (KIP-890), and
// writes their records. It writes no marker: it says which are due ([Markers]),
// and is told when they are written. It knows neither the log nor the clock.
// Kind: pure
package txn

import (
	"errors"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// Config is the part of the broker's configuration that transactions depend on.
// Zero values are Kafka's defaults.
type Config struct {
	MaxTimeout time.Duration // transaction.max.timeout.ms, 15 min
	Expiration time.Duration // transactional.id.expiration.ms, 7 days
	// AbortInterval is how often transactions that took too long are looked for:
	// transaction.abort.timed.out.transaction.cleanup.interval.ms, 10 s.
	AbortInterval time.Duration
	// ExpireInterval is how often unused ids are looked for:
	// transaction.remove.expired.transaction.cleanup.interval.ms, 1 h.
	ExpireInterval time.Duration
	// MaxWait bounds how long a request waits for the markers of the transaction
	// before, besides that transaction's own timeout, 15 s: half of what clients
	// give a request.
	MaxWait time.Duration
	// OffsetsAway is gregor.transaction.offsets.away.ms, 0: for so long after the
	// end of a transaction an AddOffsetsToTxn that begins the next is answered
	// with CONCURRENT_TRANSACTIONS, as Apache Kafka does while it writes markers.
	// A client of transactions v1 is then held up by its own back-off, 100 ms in
	// librdkafka, while what it has produced goes out on its other connection.
	// There are programs that count on that: they commit offsets and look at
	// once whether all records are out. Nothing else gives them that time: an
	// answer that comes later holds up the connection on which they ask for the
	// partitions, without which they cannot produce. The others pay for it with
	// a tenth of a second for each transaction: so it is off.
	OffsetsAway time.Duration
}

// WithDefaults fills in what is zero.
func (c Config) WithDefaults() Config {
	fill(&c.MaxTimeout, 15*time.Minute)
	fill(&c.Expiration, 7*24*time.Hour)
	fill(&c.AbortInterval, 10*time.Second)
	fill(&c.ExpireInterval, time.Hour)
	fill(&c.MaxWait, 15*time.Second)
	return c
}

func fill(field *time.Duration, value time.Duration) {
	if *field == 0 {
		*field = value
	}
}

// The versions of transactions (feature transaction.version).
const (
	// VersionFlexible writes __transaction_state in its flexible form.
	VersionFlexible = 1
	// VersionEpochBump gives the producer a new epoch with each transaction.
	VersionEpochBump = 2
)

// maxEpoch fences: no client is given it. The one below is the last that is
// given out; then comes another producer id.
const maxEpoch kafka.ProducerEpoch = 1<<15 - 1

// exhausted says that a producer id has no further epoch for a client.
func exhausted(epoch kafka.ProducerEpoch) bool { return epoch >= maxEpoch-1 }

// ErrNeedProducerID asks the caller to decide again with a new producer id. It
// goes to no client.
var ErrNeedProducerID = errors.New("a new producer id is needed")

// Producer is a producer id with its epoch.
type Producer struct {
	ID    kafka.ProducerID
	Epoch kafka.ProducerEpoch
}

// NoProducer is the producer of a request that names none.
func NoProducer() Producer { return Producer{kafka.NoProducerID, kafka.NoProducerEpoch} }

// Markers are the control records that end a transaction, to be written to its
// partitions. Whoever has written them all calls [Shard.Complete] with them.
type Markers struct {
	TransactionalID  string
	Producer         Producer // the epoch is that of the markers
	CoordinatorEpoch int32
	Commit           bool
	Version          int16 // of the transaction; see VersionEpochBump
	Partitions       []kafka.TopicPartition
}

// TimedOut is a transaction that took too long and whose abort needs a new
// producer id. Whoever has one calls [Shard.AbortTimedOut].
type TimedOut struct {
	TransactionalID string
	Producer        Producer
}

// CodeOf is the code that a client is told when an operation failed: what the
// log says is put in a coordinator's words (TransactionStateManager).
func CodeOf(err error) kafka.Error {
	switch code := kafka.CodeOf(err); code {
	case kafka.ErrUnknownTopicOrPartition, kafka.ErrNotEnoughReplicas, kafka.ErrNotEnoughReplicasAfterAppend, kafka.ErrRequestTimedOut:
		return kafka.ErrCoordinatorNotAvailable
	case kafka.ErrNotLeaderOrFollower, kafka.ErrKafkaStorageError:
		return kafka.ErrNotCoordinator
	case kafka.ErrMessageTooLarge, kafka.ErrRecordListTooLarge:
		return kafka.ErrUnknownServerError
	default:
		return code
	}
}
