package batch

import (
	"encoding/binary"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// SetBaseOffset moves the batch in the log. The checksum does not cover it.
func (b Batch) SetBaseOffset(offset kafka.Offset) {
	binary.BigEndian.PutUint64(b[atBaseOffset:], uint64(offset))
}

// SetLastOffset moves the batch so that its last record has this offset.
func (b Batch) SetLastOffset(offset kafka.Offset) {
	b.SetBaseOffset(offset - kafka.Offset(b.LastOffsetDelta()))
}

// SetLeaderEpoch stamps the leader's epoch. The checksum does not cover it.
func (b Batch) SetLeaderEpoch(epoch kafka.LeaderEpoch) {
	binary.BigEndian.PutUint32(b[atLeaderEpoch:], uint32(epoch))
}

// SetMaxTimestamp sets the maximum and whose it is, and the checksum anew where
// either changed.
func (b Batch) SetMaxTimestamp(kind TimestampType, timestamp kafka.Timestamp) {
	if b.TimestampType() == kind && b.MaxTimestamp() == timestamp {
		return
	}
	attributes := b.Attributes() & 0x7f &^ attrLogAppendTime
	if kind == LogAppendTime {
		attributes |= attrLogAppendTime
	}
	binary.BigEndian.PutUint16(b[atAttributes:], uint16(attributes))
	binary.BigEndian.PutUint64(b[atMaxTimestamp:], uint64(timestamp))
	b.setCRC()
}

func (b Batch) setCRC() { binary.BigEndian.PutUint32(b[atCRC:], b.ComputeCRC()) }
