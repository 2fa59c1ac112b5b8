package compact

import (
	"encoding/binary"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Where the attributes of an old message stand, and what their bits say.
const (
	legacyAttributes    = 17
	legacyTimestamp     = 18
	legacyCodec         = 0x07
	legacyLogAppendTime = 0x08
)

// legacyOffset is a message's offset: of a wrapper, that of its last message.
func legacyOffset(message []byte) kafka.Offset {
	return kafka.Offset(binary.BigEndian.Uint64(message))
}

// Legacy appends to dst what stays of a message (or a wrapper of messages) of
// the old formats: a batch of the current format, as Kafka makes it.
func (f *Filter) Legacy(dst, message []byte) ([]byte, error) {
	f.Stats.BytesRead += int64(len(message))
	last := legacyOffset(message)
	v := verdict{keepEmpty: last+1 == f.HighWatermark}
	first := last
	f.keep = f.keep[:0]
	f.messages.Reset(message, f.Codecs, f.UnpackedMax)
	for f.messages.Next() {
		r := f.messages.Record()
		keep := f.retain(r, f.LegacyTombstones)
		f.keep = append(f.keep, keep)
		v.records++
		if keep {
			if v.kept == 0 {
				first = r.Offset
			}
			v.kept++
			v.tombstone = v.tombstone || r.Value == nil
		}
	}
	if err := f.messages.Err(); err != nil {
		return dst, err
	}
	f.Stats.RecordsRead += int64(v.records)
	f.Stats.RecordsWritten += int64(v.kept)
	out, err := f.writeLegacy(dst, message, &v, first, last)
	f.Stats.BytesWritten += int64(len(out) - len(dst))
	return out, err
}

func (f *Filter) writeLegacy(dst, message []byte, v *verdict, first, last kafka.Offset) ([]byte, error) {
	o := batch.Options{BaseOffset: first, LeaderEpoch: kafka.NoLeaderEpoch, Codec: compress.Codec(message[legacyAttributes] & legacyCodec)}
	stamp := kafka.NoTimestamp
	if message[batch.LogOverhead+4] > 0 {
		stamp = kafka.Timestamp(binary.BigEndian.Uint64(message[legacyTimestamp:]))
		if message[legacyAttributes]&legacyLogAppendTime != 0 {
			o.TimestampType, o.LogAppendTime = batch.LogAppendTime, stamp
		}
	}
	if v.tombstone {
		horizon := f.Now + kafka.Timestamp(f.DeleteRetentionMs)
		o.DeleteHorizon = &horizon
	}
	switch {
	case v.kept == 0 && v.keepEmpty:
		o.BaseOffset, o.LastOffset = last, last
		return batch.AppendEmpty(dst, &o, stamp), nil
	case v.kept == 0:
		return dst, nil
	}
	f.reset(o)
	f.messages.Reset(message, f.Codecs, f.UnpackedMax)
	for i := 0; f.messages.Next(); i++ {
		if r := f.messages.Record(); f.keep[i] {
			f.builder.AppendAt(r.Offset, r.Timestamp, r.Key, r.Value)
		}
	}
	if err := f.messages.Err(); err != nil {
		return dst, err
	}
	return f.builder.Build(dst)
}
