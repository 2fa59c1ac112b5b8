// Package fetchsession keeps incremental fetch sessions (KIP-227): a consumer
// or follower names its partitions once and then only what changed, and is
// answered only with what changed. The rules of epochs, of what is left out and
// of who is evicted are Kafka's. The caller holds a lock around each call.
// Kind: pure
package fetchsession

import "github.com/gregor-stream/gregor/internal/kafka"

// The values of a request's session id and epoch with a meaning of their own.
const (
	NoSession    int32 = 0  // a session id: none
	InitialEpoch int32 = 0  // begin a session, and end the named one
	FinalEpoch   int32 = -1 // no session, and end the named one
)

// nextEpoch is the epoch of the request that follows: 2147483647 is followed by
// 1, for 0 begins a session.
func nextEpoch(epoch int32) int32 {
	switch {
	case epoch < 0:
		return FinalEpoch
	case epoch == 1<<31-1:
		return 1
	}
	return epoch + 1
}

// TopicPartition names a partition as fetch requests do: by topic id from
// version 13, by name before. Topic is empty where the id is not known.
type TopicPartition struct {
	ID        kafka.TopicID
	Topic     string
	Partition int32
}

// key is what makes two partitions of a session the same: the topic's id where
// there is one, for its name may not be known yet.
type key struct {
	id        kafka.TopicID
	topic     string
	partition int32
}

func (tp *TopicPartition) key() key {
	if tp.ID.IsZero() {
		return key{topic: tp.Topic, partition: tp.Partition}
	}
	return key{id: tp.ID, partition: tp.Partition}
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

// Request is the part of a fetch request that sessions are about. Versions
// below 7 have no sessions: their epoch is FinalEpoch.
type Request struct {
	SessionID    int32
	SessionEpoch int32
	UsesTopicIDs bool // version 13 and above
	FromFollower bool // privileged: it may evict consumers
	Partitions   []Partition
	Forgotten    []TopicPartition
}

// full says whether the request names all of its partitions.
func (r *Request) full() bool { return r.SessionEpoch == InitialEpoch || r.SessionEpoch == FinalEpoch }

// Result is what was found of one partition, as far as sessions care.
type Result struct {
	HighWatermark kafka.Offset
	LogStart      kafka.Offset
	Code          kafka.Error
	RecordBytes   int  // 0: no records
	Preferred     bool // a preferred read replica is named
	Diverging     bool // a diverging epoch is named
}
