package metadata

import (
	"bytes"
	"iter"
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// partitionsMax bounds the partition number that a record may name: the
// partitions of a topic are one slice, and a damaged record must not make a
// huge one.
const partitionsMax = 1 << 20

// RecoveryState says whether a leader that was elected uncleanly still
// recovers (KIP-704).
type RecoveryState int8

const (
	// Recovered is the ordinary state.
	Recovered RecoveryState = 0
	// Recovering is the state after an unclean election.
	Recovering RecoveryState = 1
)

// Partition is the registration of one partition. The slices are shared among
// partitions and images, so they must not be modified.
//
// Invariant: len(Directories) == len(Replicas); Isr, Elr and LastKnownElr are
// subsets of Replicas.
type Partition struct {
	Replicas     []int32 // node ids, the preferred leader first
	Isr          []int32
	Removing     []int32      // replicas that a reassignment takes away
	Adding       []int32      // replicas that a reassignment brings
	Elr          []int32      // eligible leaders outside the ISR (KIP-966)
	LastKnownElr []int32      // who was eligible before all were lost
	Directories  []kafka.UUID // the log directory of each replica (KIP-858)

	Leader         kafka.NodeID // kafka.NoNode: none
	LeaderEpoch    kafka.LeaderEpoch
	PartitionEpoch int32 // counts the changes of this registration
	Recovery       RecoveryState
}

// Directory is the log directory of a replica, and whether node is one.
func (p *Partition) Directory(node kafka.NodeID) (kafka.UUID, bool) {
	i := slices.Index(p.Replicas, int32(node))
	if i < 0 {
		return kafka.UUID{}, false
	}
	return p.Directories[i], true
}

// HasReplica says whether node is a replica.
func (p *Partition) HasReplica(node kafka.NodeID) bool {
	return slices.Contains(p.Replicas, int32(node))
}

// Preferred is the first replica, or kafka.NoNode.
func (p *Partition) Preferred() kafka.NodeID {
	if len(p.Replicas) == 0 {
		return kafka.NoNode
	}
	return kafka.NodeID(p.Replicas[0])
}

// Reassigning says whether a reassignment is under way.
func (p *Partition) Reassigning() bool { return len(p.Removing)+len(p.Adding) > 0 }

// The reserved directory ids (Kafka's DirectoryId).
var (
	DirectoryMigrating  = kafka.UUID{}      //nolint:gochecknoglobals // a constant
	DirectoryUnassigned = kafka.UUID{15: 1} //nolint:gochecknoglobals // a constant
	DirectoryLost       = kafka.UUID{15: 2} //nolint:gochecknoglobals // a constant
)

// Topic is one topic and its partitions.
type Topic struct {
	Name string
	ID   kafka.TopicID
	// chunks holds partition n at [n/chunkSize][n%chunkSize], so that a change
	// of one partition copies one chunk. All chunks but the last are full. A
	// partition whose Replicas are nil is a gap: its record was not seen yet.
	chunks [][]Partition
}

// chunkSize is the partitions of a topic that are copied for a change of one.
const chunkSize = 64

// NumPartitions is the number of partitions; they are numbered from 0.
func (t *Topic) NumPartitions() int32 {
	if len(t.chunks) == 0 {
		return 0
	}
	last := len(t.chunks) - 1
	return int32(last*chunkSize + len(t.chunks[last])) //nolint:gosec // bounded by partitionsMax
}

// Partition gives the registration of partition n. The pointer is into the
// image: read it, keep it as long as the image, never write it.
func (t *Topic) Partition(n int32) (*Partition, bool) {
	if n < 0 || n >= t.NumPartitions() {
		return nil, false
	}
	p := &t.chunks[n/chunkSize][n%chunkSize]
	return p, p.Replicas != nil
}

// All walks the partitions in order of number.
func (t *Topic) All() iter.Seq2[int32, *Partition] {
	return func(yield func(int32, *Partition) bool) {
		for n := range t.NumPartitions() {
			p := &t.chunks[n/chunkSize][n%chunkSize]
			if p.Replicas != nil && !yield(n, p) {
				return
			}
		}
	}
}

// topicKey orders topics by id.
type topicKey kafka.TopicID

func (a topicKey) compare(b topicKey) int { return bytes.Compare(a[:], b[:]) }

// Topics is all topics. The zero value has none.
type Topics struct {
	byName     sorted[text, *Topic]
	byID       sorted[topicKey, *Topic]
	partitions int
}

// Len is the number of topics.
func (t *Topics) Len() int { return t.byName.count }

// NumPartitions is the number of partitions of all topics.
func (t *Topics) NumPartitions() int { return t.partitions }

// ByName finds a topic.
func (t *Topics) ByName(name string) (*Topic, bool) { return t.byName.get(text(name)) }

// ByID finds a topic.
func (t *Topics) ByID(id kafka.TopicID) (*Topic, bool) { return t.byID.get(topicKey(id)) }

// Partition finds a partition by the names of topic and partition.
func (t *Topics) Partition(tp kafka.TopicPartition) (*Partition, bool) {
	topic, ok := t.ByName(tp.Topic)
	if !ok {
		return nil, false
	}
	return topic.Partition(tp.Partition)
}

// All walks the topics in order of name.
func (t *Topics) All() iter.Seq[*Topic] { return values(t.byName.all()) }

// From walks the topics whose name is not below low, in order of name.
func (t *Topics) From(low string) iter.Seq[*Topic] { return values(t.byName.from(text(low))) }

func values[K, V any](pairs iter.Seq2[K, V]) iter.Seq[V] {
	return func(yield func(V) bool) {
		for _, v := range pairs {
			if !yield(v) {
				return
			}
		}
	}
}
