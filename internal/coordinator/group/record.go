package group

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// The types of records in __consumer_offsets that classic groups use: a key
// begins with its type (docs/format/group-records.md).
const (
	legacyOffsetCommitType = 0
	offsetCommitType       = 1
	groupMetadataType      = 2
)

// The versions that Kafka 4.4 writes. Expiring offsets have version 1, the one
// version that has room for the time.
const (
	groupMetadataVersion        = 3
	offsetCommitVersion         = 4
	expiringOffsetCommitVersion = 1
)

// encode writes a type or version number and a message.
func encode(number, version int16, m msg.Message) []byte {
	return m.AppendTo(binary.BigEndian.AppendUint16(make([]byte, 0, 128), uint16(number)), version)
}

func groupKey(id string) []byte {
	return encode(groupMetadataType, 0, &msg.GroupMetadataKey{Group: id})
}

func offsetKey(id string, at partition) []byte {
	return encode(offsetCommitType, 0, &msg.OffsetCommitKey{Group: id, Topic: at.topic, Partition: at.index})
}

func groupTombstone(id string) coordinator.Record {
	return coordinator.Record{Key: groupKey(id)}
}

func offsetTombstone(id string, at partition) coordinator.Record {
	return coordinator.Record{Key: offsetKey(id, at)}
}

// newGroupRecord makes a group known that nobody has joined yet.
func newGroupRecord(id string, now time.Time) coordinator.Record {
	value := &msg.GroupMetadataValue{CurrentStateTimestamp: now.UnixMilli()}
	return coordinator.Record{Key: groupKey(id), Value: encode(groupMetadataVersion, groupMetadataVersion, value)}
}

// emptyGroupRecord is the group in a generation without members.
func emptyGroupRecord(g *classic, generation int32, now time.Time) coordinator.Record {
	value := &msg.GroupMetadataValue{Generation: generation, CurrentStateTimestamp: now.UnixMilli()}
	if g.protocolType != nil {
		value.ProtocolType = *g.protocolType
	}
	return coordinator.Record{Key: groupKey(g.id), Value: encode(groupMetadataVersion, groupMetadataVersion, value)}
}

// groupRecord is the group with its members and their assignments, nil where a
// member has none.
func groupRecord(g *classic, assignment func(*member) []byte) coordinator.Record {
	value := &msg.GroupMetadataValue{
		ProtocolType: *g.protocolType, Generation: g.generation, Protocol: g.protocol,
		CurrentStateTimestamp: -1,
		Members:               make([]msg.GroupMetadataValueMemberMetadata, 0, len(g.members)),
	}
	if g.leader != "" {
		value.Leader = &g.leader
	}
	if !g.since.IsZero() {
		value.CurrentStateTimestamp = g.since.UnixMilli()
	}
	for m := g.first; m != nil; m = m.next {
		value.Members = append(value.Members, msg.GroupMetadataValueMemberMetadata{
			MemberId: m.id, GroupInstanceId: m.instanceID, ClientId: m.clientID, ClientHost: m.clientHost,
			RebalanceTimeout: int32(m.rebalanceTimeout.Milliseconds()),
			SessionTimeout:   int32(m.sessionTimeout.Milliseconds()),
			Subscription:     m.metadata(*g.protocol), Assignment: assignment(m),
		})
	}
	return coordinator.Record{Key: groupKey(g.id), Value: encode(groupMetadataVersion, groupMetadataVersion, value)}
}

func offsetRecord(id string, at partition, c *committed) coordinator.Record {
	version := int16(offsetCommitVersion)
	if c.expires != -1 {
		version = expiringOffsetCommitVersion
	}
	value := &msg.OffsetCommitValue{
		Offset: c.offset, LeaderEpoch: c.leaderEpoch, Metadata: c.metadata,
		CommitTimestamp: c.committedAt, ExpireTimestamp: c.expires, TopicId: c.topicID,
	}
	return coordinator.Record{Key: offsetKey(id, at), Value: encode(version, version, value)}
}

// decode reads the message after the number at the beginning of b.
func decode(m msg.Message, b []byte, version int16) error {
	var r msg.Reader
	r.Reset(b[2:])
	return m.Decode(&r, version)
}

// number is the type of a key, or the version of a value.
func number(b []byte) (int16, error) {
	if len(b) < 2 {
		return 0, kafka.Errorf(kafka.ErrCorruptMessage, "a key or value of %d bytes has no version", len(b))
	}
	return int16(binary.BigEndian.Uint16(b)), nil
}

// replayError says which record could not be understood.
func replayError(offset kafka.Offset, record coordinator.Record, err error) error {
	return fmt.Errorf("replay the record at offset %d (key %x, value of %d bytes): %w",
		offset, record.Key[:min(len(record.Key), 64)], len(record.Value), err)
}
