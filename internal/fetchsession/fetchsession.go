// Package fetchsession keeps incremental fetch sessions (KIP-227): a consumer
// or follower names its partitions once and then only what changed, and is
// answered only with what changed. The rules of epochs, of what is left out and
// of who is evicted are Kafka's. The caller holds a lock around each call.
// Kind: pure
package fetchsession

import (
	"math/rand"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// The values of a request's session id and epoch with a meaning of their own.
const (
	NoSession    int32 = 0  // a session id: none
	InitialEpoch int32 = 0  // begin a session, and end the named one
	FinalEpoch   int32 = -1 // no session, and end the named one
)

// TopicPartition names a partition as fetch requests do: by topic id from
// version 13, by name before. Topic is empty where the id is not known.
type TopicPartition struct {
	ID        kafka.TopicID
	Topic     string
	Partition int32
}

// Partition is what a request says of one partition.
type Partition struct {
	TopicPartition
	FetchOffset      kafka.Offset
	LogStart         kafka.Offset      // of a follower; -1
	LeaderEpoch      kafka.LeaderEpoch // -1: not given
	LastFetchedEpoch kafka.LeaderEpoch // -1: not given
	MaxBytes         int32
}

// Request is the part of a fetch request that sessions are about.
type Request struct {
	SessionID    int32
	SessionEpoch int32
	UsesTopicIDs bool // version 13 and above
	FromFollower bool // privileged: it may evict consumers
	Partitions   []Partition
	Forgotten    []TopicPartition
}

// Cache holds the sessions of one shard. Its bound is its number of slots; a
// session is bounded by the partitions its requests named.
type Cache struct {
	slots int
}

// EvictionAfter is how long a session must be unused, or old, before others may
// take its slot.
const EvictionAfter = 120 * time.Second

// NewCache makes a cache of slots sessions (max.incremental.fetch.session.cache.slots),
// which draws session ids from random.
func NewCache(slots int, random *rand.Rand) *Cache { return &Cache{slots: slots} }

// Stats are what the metrics of the cache show.
type Stats struct {
	Sessions   int
	Partitions int
	Evictions  int64
}

// Stats counts.
func (c *Cache) Stats() Stats { return Stats{} }

// Open begins to answer a request. The fetch's partitions are those of the
// request or, within a session, of the session, in the order in which they are
// to be served. names resolves topic ids for session partitions whose topic was
// unknown; it may be nil where the request uses names.
//
// The errors are INVALID_FETCH_SESSION_EPOCH, FETCH_SESSION_ID_NOT_FOUND and
// FETCH_SESSION_TOPIC_ID_ERROR, to be answered at the top of the response with
// session id 0.
func (c *Cache) Open(now time.Time, request *Request, names func(kafka.TopicID) (string, bool)) (*Fetch, error) {
	return &Fetch{}, nil
}

// Fetch is one fetch under way.
type Fetch struct {
	partitions []Partition
}

// Partitions are to be read, in this order. The caller must not change them.
func (f *Fetch) Partitions() []Partition { return f.partitions }

// Result is what was found of one partition, as far as sessions care.
type Result struct {
	HighWatermark kafka.Offset
	LogStart      kafka.Offset
	Code          kafka.Error
	RecordBytes   int  // 0: no records
	Preferred     bool // a preferred read replica is named
	Diverging     bool // a diverging epoch is named
}

// Includes says whether partition i with this result would stand in the
// response, without changing the session: a long poll asks it for the size.
func (f *Fetch) Includes(i int, result *Result) bool { return true }

// Close ends the fetch. results[i] belongs to Partitions()[i]. It returns the
// session id of the response and, in response order, the indexes of the
// partitions that stand in it. Where the session has been used by another
// request meanwhile the error is INVALID_FETCH_SESSION_EPOCH.
func (f *Fetch) Close(now time.Time, results []Result) (sessionID int32, include []int, err error) {
	return NoSession, nil, nil
}
