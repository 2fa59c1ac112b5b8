package dumplog

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/storage/producer"
)

// abortedEntry is the length of an entry of a transaction index: a version and
// four numbers of 8 bytes.
const abortedEntry = 34

// txnIndex shows an index of aborted transactions. As Kafka has it, a file
// that is not there is an index without entries.
func (d *dumper) txnIndex(path string) error {
	if _, err := baseOffset(path); err != nil {
		return err
	}
	if exists, err := present(path); err != nil || !exists {
		return err
	}
	b, err := readIndex(path, math.MaxInt32)
	if err != nil {
		return err
	}
	// Kafka reads the index whole before it prints of it.
	for at := 0; at+abortedEntry <= len(b); at += abortedEntry {
		if version := int16(binary.BigEndian.Uint16(b[at:])); version != 0 {
			return damage(path, int64(at), "there is no version %d of an aborted transaction: the index is damaged; %s", version, rebuild)
		}
	}
	for ; len(b) >= abortedEntry; b = b[abortedEntry:] {
		number := func(i int) int64 { return int64(binary.BigEndian.Uint64(b[2+8*i:])) }
		if !d.json {
			d.printf("version: 0 producerId: %d firstOffset: %d lastOffset: %d lastStableOffset: %d\n", number(0), number(1), number(2), number(3))
			continue
		}
		d.begin("abortedTransaction", path)
		d.number("producerId", number(0))
		d.number("firstOffset", number(1))
		d.number("lastOffset", number(2))
		d.number("lastStableOffset", number(3))
		d.end()
	}
	return nil
}

// producerSnapshot shows the snapshot of a partition's producers. A damaged
// one is a line, not an end: a broker removes it and reads the log.
func (d *dumper) producerSnapshot(path string) error {
	b, err := readIndex(path, producer.MaxSnapshotBytes)
	if err != nil {
		return err
	}
	n, err := readSnapshot(b)
	if err != nil {
		d.warn("%v", err)
		return nil
	}
	entries := n.Field("producerEntries").Elements()
	for i := range entries {
		d.producer(path, &entries[i])
	}
	return nil
}

// readSnapshot reads a snapshot, with Kafka's sentences about damage.
func readSnapshot(b []byte) (*msg.Node, error) {
	const schema = "Snapshot failed schema validation: "
	if len(b) < 2 {
		return nil, fmt.Errorf("%snull", schema)
	}
	version := int16(binary.BigEndian.Uint16(b))
	s := msg.SchemaByName("ProducerSnapshot")
	if version < s.Oldest || version > s.Newest {
		return nil, fmt.Errorf("%sSnapshot contained an unknown file version %d", schema, version)
	}
	n, _, err := s.Decode(b[2:], version)
	if err != nil {
		return nil, fmt.Errorf("%s%w", schema, err)
	}
	stored, computed := n.Field("crc").Int(), int64(crc32.Checksum(b[6:], crc32.MakeTable(crc32.Castagnoli)))
	if stored != computed {
		return nil, fmt.Errorf("Snapshot is corrupt (CRC is no longer valid). Stored crc: %d. Computed crc: %d", stored, computed)
	}
	return n, nil
}

func (d *dumper) producer(path string, e *msg.Node) {
	number := func(name string) int64 { return e.Field(name).Int() }
	last, delta := int32(number("lastSequence")), int32(number("offsetDelta"))
	first := last - delta
	if last < delta {
		first = math.MaxInt32 - (delta - last) + 1
	}
	txn := number("currentTxnFirstOffset")
	if d.json {
		d.begin("producer", path)
		d.number("producerId", number("producerId"))
		d.number("producerEpoch", number("epoch"))
		d.number("coordinatorEpoch", number("coordinatorEpoch"))
		if txn >= 0 {
			d.number("currentTxnFirstOffset", txn)
		}
		d.number("lastTimestamp", number("timestamp"))
		if number("lastOffset") >= 0 {
			d.number("firstSequence", int64(first))
			d.number("lastSequence", int64(last))
			d.number("lastOffset", number("lastOffset"))
			d.number("offsetDelta", int64(delta))
			d.number("timestamp", number("timestamp"))
		}
		d.end()
		return
	}
	open := "OptionalLong.empty"
	if txn >= 0 {
		open = fmt.Sprintf("OptionalLong[%d]", txn)
	}
	d.printf("producerId: %d producerEpoch: %d coordinatorEpoch: %d currentTxnFirstOffset: %s lastTimestamp: %d",
		number("producerId"), number("epoch"), number("coordinatorEpoch"), open, number("timestamp"))
	if number("lastOffset") >= 0 {
		d.printf(" firstSequence: %d lastSequence: %d lastOffset: %d offsetDelta: %d timestamp: %d",
			first, last, number("lastOffset"), delta, number("timestamp"))
	}
	d.printf("\n")
}
