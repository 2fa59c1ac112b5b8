package txn

import (
	"encoding/binary"
	"fmt"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// The keys and values of __transaction_state (docs/format/transaction-records.md):
// each begins with its version.
const (
	keyVersion      = 0
	maxValueVersion = 1
)

func key(id string) []byte {
	k := &msg.TransactionLogKey{TransactionalId: id}
	return k.AppendTo(binary.BigEndian.AppendUint16(make([]byte, 0, 2+2+len(id)), keyVersion), keyVersion)
}

// tombstone removes an id.
func tombstone(id string) coordinator.Record { return coordinator.Record{Key: key(id)} }

// record is the id as it stands after a step. level is the cluster's version of
// transactions: before 1 the value is in its old form, which has no room for
// what came later.
func record(id string, t *transaction, level int16) coordinator.Record {
	version := int16(0)
	if level >= VersionFlexible {
		version = maxValueVersion
	}
	value := msg.NewTransactionLogValue()
	value.ProducerId, value.ProducerEpoch = int64(t.producer), int16(t.epoch)
	value.TransactionTimeoutMs, value.TransactionStatus = t.timeoutMs, int8(t.state)
	value.TransactionLastUpdateTimestampMs, value.TransactionStartTimestampMs = t.updated, t.started
	if version >= VersionFlexible {
		value.PreviousProducerId, value.NextProducerId = int64(t.previous), int64(t.next)
		value.ClientTransactionVersion = t.version
	}
	if t.state != empty { // which has null instead of an empty list
		value.TransactionPartitions = schemas(t.partitions)
	} else {
		value.TransactionPartitions = nil
	}
	out := binary.BigEndian.AppendUint16(make([]byte, 0, 96), uint16(version)) //nolint:gosec // 0 or 1
	return coordinator.Record{Key: key(id), Value: value.AppendTo(out, version)}
}

// schemas are partitions by topic, in the order of Kafka's maps.
func schemas(partitions []kafka.TopicPartition) []msg.TransactionLogValuePartitionsSchema {
	out, places := []msg.TransactionLogValuePartitionsSchema{}, map[string]int{}
	for _, p := range coordinator.InJavaOrder(partitions, coordinator.PartitionHash) {
		i, ok := places[p.Topic]
		if !ok {
			i = len(out)
			places[p.Topic] = i
			out = append(out, msg.TransactionLogValuePartitionsSchema{Topic: p.Topic})
		}
		out[i].PartitionIds = append(out[i].PartitionIds, p.Partition)
	}
	if len(out) < 2 {
		return out
	}
	return coordinator.InJavaOrder(out, func(s msg.TransactionLogValuePartitionsSchema) int32 { return coordinator.JavaHash(s.Topic) })
}

// parse reads a record: of an id, with nil for a tombstone. Records of versions
// that are not known, left over by a newer broker, are no error and not ok.
func parse(r coordinator.Record) (id string, t *transaction, ok bool, err error) {
	var k msg.TransactionLogKey
	switch version, err := number(r.Key); {
	case err != nil:
		return "", nil, false, err
	case version != keyVersion:
		return "", nil, false, nil
	}
	if err := decode(&k, r.Key, keyVersion); err != nil {
		return "", nil, false, err
	}
	if r.Value == nil {
		return k.TransactionalId, nil, true, nil
	}
	version, err := number(r.Value)
	if err != nil {
		return "", nil, false, err
	}
	if version < 0 || version > maxValueVersion {
		return "", nil, false, nil
	}
	value := msg.NewTransactionLogValue()
	if err := decode(value, r.Value, version); err != nil {
		return "", nil, false, err
	}
	if !state(value.TransactionStatus).recorded() {
		return "", nil, false, kafka.Errorf(kafka.ErrCorruptMessage, "transaction status %d is not known", value.TransactionStatus)
	}
	return k.TransactionalId, fromValue(value), true, nil
}

func fromValue(value *msg.TransactionLogValue) *transaction {
	t := &transaction{
		producer: kafka.ProducerID(value.ProducerId), previous: kafka.ProducerID(value.PreviousProducerId),
		next: kafka.ProducerID(value.NextProducerId), epoch: kafka.ProducerEpoch(value.ProducerEpoch),
		timeoutMs: value.TransactionTimeoutMs, state: state(value.TransactionStatus),
		started: value.TransactionStartTimestampMs, updated: value.TransactionLastUpdateTimestampMs,
		version: value.ClientTransactionVersion,
	}
	if t.state == empty {
		return t
	}
	for i := range value.TransactionPartitions {
		topic := &value.TransactionPartitions[i]
		for _, p := range topic.PartitionIds {
			t.partitions = append(t.partitions, kafka.TopicPartition{Topic: topic.Topic, Partition: p})
		}
	}
	t.partitions = union(nil, t.partitions)
	return t
}

// decode reads the message behind the version.
func decode(m msg.Message, b []byte, version int16) error {
	var r msg.Reader
	r.Reset(b[2:])
	return m.Decode(&r, version)
}

func number(b []byte) (int16, error) {
	if len(b) < 2 {
		return 0, kafka.Errorf(kafka.ErrCorruptMessage, "a key or value of %d bytes has no version", len(b))
	}
	return int16(binary.BigEndian.Uint16(b)), nil //nolint:gosec // the version is signed
}

// replayError says which record could not be understood.
func replayError(offset kafka.Offset, r coordinator.Record, err error) error {
	return fmt.Errorf("replay the record at offset %d (key %x, value of %d bytes): %w", offset, r.Key[:min(len(r.Key), 64)], len(r.Value), err)
}
