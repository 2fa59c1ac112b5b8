// Package kafka holds the vocabulary that all rooms share: identifiers,
// offsets, epochs, API keys and error codes, with Kafka's own names. It knows
// no format, no state and no other package. Kind: pure
package kafka

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
)

// NodeID identifies a broker or controller (node.id). -1 is no node.
type NodeID int32

// NoNode is the NodeID of nobody: a partition without a leader, a consumer
// that is not a replica.
const NoNode NodeID = -1

// Offset is the position of a record in a partition, from 0.
type Offset int64

// NoOffset is the offset of nothing.
const NoOffset Offset = -1

// LeaderEpoch counts the leaders of a partition, from 0.
type LeaderEpoch int32

// NoLeaderEpoch says that an epoch is not known.
const NoLeaderEpoch LeaderEpoch = -1

// ProducerID identifies an idempotent or transactional producer.
type ProducerID int64

// NoProducerID is the id of a producer that is not idempotent.
const NoProducerID ProducerID = -1

// ProducerEpoch fences earlier instances of a producer id.
type ProducerEpoch int16

// NoProducerEpoch is the epoch of a producer that is not idempotent.
const NoProducerEpoch ProducerEpoch = -1

// Timestamp is milliseconds since 1970-01-01 UTC. -1 is no timestamp.
type Timestamp int64

// NoTimestamp is the timestamp of a record that has none.
const NoTimestamp Timestamp = -1

// TopicPartition names one partition of a topic.
type TopicPartition struct {
	Topic     string
	Partition int32
}

// String is Kafka's directory name of the partition: topic-partition.
func (tp TopicPartition) String() string {
	return tp.Topic + "-" + strconv.Itoa(int(tp.Partition))
}

// Compare orders partitions by topic and number.
func (tp TopicPartition) Compare(other TopicPartition) int {
	return cmp.Or(cmp.Compare(tp.Topic, other.Topic), cmp.Compare(tp.Partition, other.Partition))
}

// UUID is Kafka's 128-bit identifier (org.apache.kafka.common.Uuid), written
// as unpadded base64url.
type UUID [16]byte

// TopicID identifies a topic for its whole life; a topic that is deleted and
// made again has another.
type TopicID = UUID

// ZeroUUID is "no id". MetadataTopicID is the id of __cluster_metadata.
// Both are reserved, see [UUID.Reserved].
var (
	ZeroUUID        = UUID{}      //nolint:gochecknoglobals // a constant
	MetadataTopicID = UUID{15: 1} //nolint:gochecknoglobals // a constant
)

// String is the unpadded base64url form, 22 characters.
func (u UUID) String() string { return base64.RawURLEncoding.EncodeToString(u[:]) }

// IsZero says whether u is the id of nothing.
func (u UUID) IsZero() bool { return u == UUID{} }

// Reserved says whether u may never be given to a topic or directory: Kafka
// keeps the ids whose first 8 bytes are zero and whose last are below 100.
func (u UUID) Reserved() bool {
	for _, b := range u[:15] {
		if b != 0 {
			return false
		}
	}
	return u[15] < 100
}

// ParseUUID reads the form that [UUID.String] writes.
func ParseUUID(s string) (UUID, error) {
	var u UUID
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != len(u) {
		return u, fmt.Errorf("%q is not an id: want 22 characters of base64url", s)
	}
	copy(u[:], b)
	return u, nil
}

// NewUUID makes a random (version 4) id from r, in a running broker crypto/rand.Reader. Like
// Kafka it makes none that is reserved or whose text begins with a dash.
func NewUUID(r io.Reader) (UUID, error) {
	for {
		var u UUID
		if _, err := io.ReadFull(r, u[:]); err != nil {
			return u, fmt.Errorf("make a random id: %w", err)
		}
		u[6] = u[6]&0x0f | 0x40
		u[8] = u[8]&0x3f | 0x80
		if !u.Reserved() && u.String()[0] != '-' {
			return u, nil
		}
	}
}

// APIKey names one request of the protocol.
type APIKey int16

// String is Kafka's name of the request: Fetch, JoinGroup.
func (k APIKey) String() string {
	if k >= 0 && int(k) < len(apiNames) {
		return apiNames[k]
	}
	return "API " + strconv.Itoa(int(k))
}
