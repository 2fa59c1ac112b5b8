package producer

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// The layout of a snapshot (Kafka's ProducerSnapshot message, version 1), all
// numbers big endian. The checksum is CRC-32C of what follows it.
//
//	0 +---------------------+  one entry, 46 bytes, so many times:
//	  | version = 1     i16 |   0 +--------------------+ 26 +---------------------+
//	2 +---------------------+     | producer id    i64 |    | timestamp       i64 |
//	  | checksum        u32 |   8 +--------------------+ 34 +---------------------+
//	6 +---------------------+     | epoch          i16 |    | coordinator     i32 |
//	  | entries         i32 |  10 +--------------------+    | epoch               |
//	10+---------------------+     | last sequence  i32 | 38 +---------------------+
//	  | ...                 |  14 +--------------------+    | first offset of the |
//	                              | last offset    i64 |    | transaction     i64 |
//	                           22 +--------------------+ 46 +---------------------+
//	                              | offset delta   i32 |
const (
	snapshotVersion = 1
	snapshotHeader  = 10
	snapshotEntry   = 46
	snapshotSummed  = 6 // where the checksummed part begins
)

// MaxSnapshotBytes bounds a snapshot that is read: one million producers.
const MaxSnapshotBytes = snapshotHeader + 1_000_000*snapshotEntry

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// AppendSnapshot appends the snapshot of s to dst.
func (s *State) AppendSnapshot(dst []byte) []byte {
	start := len(dst)
	dst = binary.BigEndian.AppendUint16(dst, snapshotVersion)
	dst = binary.BigEndian.AppendUint32(dst, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(s.producers)))
	for _, e := range s.Entries() {
		last, _ := e.Last()
		dst = binary.BigEndian.AppendUint64(dst, uint64(e.ID))
		dst = binary.BigEndian.AppendUint16(dst, uint16(e.Epoch))
		dst = binary.BigEndian.AppendUint32(dst, uint32(last.LastSequence))
		dst = binary.BigEndian.AppendUint64(dst, uint64(last.LastOffset))
		dst = binary.BigEndian.AppendUint32(dst, uint32(last.OffsetDelta))
		dst = binary.BigEndian.AppendUint64(dst, uint64(e.LastTimestamp))
		dst = binary.BigEndian.AppendUint32(dst, uint32(e.CoordinatorEpoch))
		dst = binary.BigEndian.AppendUint64(dst, uint64(e.TxnFirstOffset))
	}
	snapshot := dst[start:]
	binary.BigEndian.PutUint32(snapshot[2:], crc32.Checksum(snapshot[snapshotSummed:], castagnoli()))
	return dst
}

// Load replaces s by a snapshot that was taken at end, without the producers
// that are expired by now. After an error s is as it was.
func (s *State) Load(snapshot []byte, end kafka.Offset, now kafka.Timestamp, expireMs int64) error {
	if len(snapshot) < snapshotHeader {
		return fmt.Errorf("a producer snapshot of %d bytes is too short", len(snapshot))
	}
	if v := binary.BigEndian.Uint16(snapshot); v != snapshotVersion {
		return fmt.Errorf("a producer snapshot of version %d, want %d", v, snapshotVersion)
	}
	stored, sum := binary.BigEndian.Uint32(snapshot[2:]), crc32.Checksum(snapshot[snapshotSummed:], castagnoli())
	if stored != sum {
		return fmt.Errorf("a producer snapshot with checksum %08x, but its bytes have %08x", stored, sum)
	}
	count, rest := int32(binary.BigEndian.Uint32(snapshot[6:])), snapshot[snapshotHeader:]
	if count < 0 || int64(count)*snapshotEntry != int64(len(rest)) {
		return fmt.Errorf("a producer snapshot of %d entries in %d bytes", count, len(rest))
	}
	loaded := State{end: end}
	for ; len(rest) > 0; rest = rest[snapshotEntry:] {
		if e := parseEntry(rest); !e.expired(now, expireMs) {
			loaded.put(e)
		}
	}
	*s = loaded
	return nil
}

func parseEntry(b []byte) Entry {
	e := emptyEntry(kafka.ProducerID(binary.BigEndian.Uint64(b)))
	e.Epoch = kafka.ProducerEpoch(binary.BigEndian.Uint16(b[8:]))
	timestamp := kafka.Timestamp(binary.BigEndian.Uint64(b[26:]))
	last := kafka.Offset(binary.BigEndian.Uint64(b[14:]))
	if last >= 0 {
		e.add(e.Epoch, Batch{
			LastSequence: int32(binary.BigEndian.Uint32(b[10:])), LastOffset: last,
			OffsetDelta: int32(binary.BigEndian.Uint32(b[22:])), Timestamp: timestamp,
		})
	}
	e.LastTimestamp = timestamp
	e.CoordinatorEpoch = int32(binary.BigEndian.Uint32(b[34:]))
	e.TxnFirstOffset = max(kafka.Offset(binary.BigEndian.Uint64(b[38:])), kafka.NoOffset)
	return e
}
