package batch

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Validator checks appends and assigns their offsets. It keeps scratch memory
// between calls; it is not safe for concurrent use. A node pools them.
type Validator struct {
	pool     *compress.Pool
	unpacked []byte // records that are compressed anew
	out      []byte // the batch that was built anew
	// What message sets are converted with.
	messages  MessageReader
	converted Builder
}

// NewValidator makes a validator that unpacks with the states of pool.
func NewValidator(pool *compress.Pool) *Validator {
	return &Validator{pool: pool, converted: Builder{pool: pool}}
}

// Validate checks what a leader is asked to append, as Kafka's UnifiedLog and
// LogValidator do, and assigns offsets from next in place. It returns the bytes
// to append: a part of records, changed in place, or, where the batch had to be
// built anew ([Info.Rebuilt]), memory of the validator, good until its next
// call. An empty result without an error means that there was no whole batch.
// Message sets of the formats before v2, which only clients may send, become one
// v2 batch.
//
// Errors carry a code (see [kafka.CodeOf]); a [RecordErrors] names records.
// After an error, records may hold changed header fields and must be dropped.
func (v *Validator) Validate(now time.Time, records []byte, next kafka.Offset, rules *Rules) ([]byte, Info, error) {
	if rules.Origin == FromClient && isMessages(records) {
		return v.validateMessages(now, records, next, rules)
	}
	info, err := Analyze(records, rules)
	if rules.Origin == FromClient && kafka.CodeOf(err) == kafka.ErrUnsupportedForMessageFormat {
		err = kafka.Errorf(kafka.ErrInvalidRecord, "append to %s: %s", rules.Partition, *kafka.MessageOf(err))
	}
	if err != nil || info.ValidBytes == 0 {
		return nil, info, err
	}
	if info.Batches > 1 {
		return nil, info, kafka.Errorf(kafka.ErrInvalidRecord, "an append to partition %s takes one batch, not %d", rules.Partition, info.Batches)
	}
	b := Batch(records[:info.ValidBytes:info.ValidBytes])
	if err := checkHeader(b, rules); err != nil {
		return nil, info, err
	}
	source, target := info.Codec, info.Codec
	if rules.Recompress {
		target = rules.Codec
	}
	if source == compress.None && b.Control() {
		target = compress.None // control records stay as they are
	}
	nowMs := now.UnixMilli()
	c := newChecker(b, nowMs, rules)
	count := b.Count()
	switch {
	case source != target:
		began := rules.elapsed()
		b, err = v.rebuild(b, &c, target, rules.Level)
		info.Rebuilt, info.Conversion.Time = true, rules.elapsed()-began
	case source == compress.None:
		err = c.plain(b.Payload(), count)
	default:
		if err = c.packed(b.Payload(), count, v.pool, source); err == nil && !c.sequential {
			// So Kafka answers: it begins to write them anew, and cannot.
			err = kafka.Errorf(kafka.ErrUnknownServerError, "append to %s: the records' offsets are not 0, 1, 2...", rules.Partition)
		}
	}
	if err != nil {
		return nil, info, err
	}
	if info.Rebuilt && !rules.IgnoreSize && len(b) > rules.MaxMessageBytes {
		return nil, info, tooLarge(len(b), rules)
	}
	if info.Rebuilt {
		info.Converted, info.Conversion.Bytes = int(count), int64(len(b))
		if source != compress.None {
			info.Conversion.Bytes += int64(len(v.unpacked))
		}
	}
	v.finish(b, &c, next, count, &info)
	return b, info, nil
}

// finish sets what the leader decides in the header of a checked batch.
func (v *Validator) finish(b Batch, c *checker, next kafka.Offset, count int32, info *Info) {
	info.FirstOffset, info.LastOffset = next, next+kafka.Offset(count)-1
	info.LastEpoch = c.rules.LeaderEpoch
	info.MaxTimestamp = kafka.Timestamp(c.maxTimestamp)
	if c.rules.TimestampType == LogAppendTime {
		info.MaxTimestamp = kafka.Timestamp(c.nowMs)
		info.LogAppendTime = info.MaxTimestamp
	}
	b.SetLastOffset(info.LastOffset)
	b.SetLeaderEpoch(c.rules.LeaderEpoch)
	b.SetMaxTimestamp(c.rules.TimestampType, info.MaxTimestamp)
	info.ValidBytes = len(b)
}

// rebuild unpacks the records of b, checks them and compresses them by target.
// Records with other offsets than 0, 1, 2... are written anew.
func (v *Validator) rebuild(b Batch, c *checker, target compress.Codec, level compress.Level) (Batch, error) {
	if b.ProducerID() != kafka.NoProducerID && (b.ProducerEpoch() == kafka.NoProducerEpoch || b.BaseSequence() < 0 && !b.Control()) {
		return nil, kafka.Errorf(kafka.ErrUnknownServerError, "append to %s: producer id %d with epoch %d and sequence %d",
			c.rules.Partition, b.ProducerID(), b.ProducerEpoch(), b.BaseSequence())
	}
	records := b.Payload()
	if source := b.Codec(); source != compress.None {
		if cap(v.unpacked) > scratchMax {
			v.unpacked = nil
		}
		var err error
		if v.unpacked, err = v.pool.Decompress(v.unpacked[:0], records, source, c.rules.maxRebuilt()); err != nil {
			return nil, unpackFailed(c.rules, c.rules.maxRebuilt(), err)
		}
		records = v.unpacked
	}
	if err := c.plain(records, b.Count()); err != nil {
		return nil, err
	}
	if cap(v.out) > scratchMax {
		v.out = nil
	}
	out := append(v.out[:0], b[:HeaderSize]...)
	if !c.sequential {
		records = renumber(records, b.Count())
		binary.BigEndian.PutUint32(out[atLastOffsetDelta:], uint32(b.Count()-1))
	}
	out, err := v.pool.Compress(out, records, target, level)
	if err != nil {
		return nil, kafka.Errorf(kafka.ErrUnknownServerError, "compress a batch for partition %s: %s", c.rules.Partition, err)
	}
	v.out = out
	rebuilt := Batch(out)
	binary.BigEndian.PutUint32(rebuilt[atLength:], uint32(len(out)-LogOverhead))
	attributes := b.Attributes()&0x7f&^attrCodec | int16(target)
	binary.BigEndian.PutUint16(rebuilt[atAttributes:], uint16(attributes))
	rebuilt.setCRC()
	return rebuilt, nil
}

// renumber writes count checked records anew, with the offset deltas 0, 1, 2...
func renumber(records []byte, count int32) []byte {
	out := make([]byte, 0, len(records)+len(records)/8)
	var r rawRecord
	for i := range count {
		n, _ := r.parse(records)
		records = records[n:]
		view := Record{HeaderCount: r.headerCount, headers: r.headers}
		out = appendRecord(out, r.timestampDelta, i, r.key, r.value, view.AppendHeaders(nil))
	}
	return out
}

// Analyze checks what can be seen without unpacking: whole batches, sizes,
// checksums. For a follower, or the metadata log's leader, who append with the
// offsets that the batches have, that is all: there the offsets must rise, and
// a batch of a leader epoch above rules.LeaderEpoch ends the valid bytes (the
// leader that sent it has been replaced). The bytes are not changed.
func Analyze(records []byte, rules *Rules) (Info, error) {
	info := Info{
		FirstOffset:   kafka.NoOffset,
		LastOffset:    kafka.NoOffset,
		LastEpoch:     kafka.NoLeaderEpoch,
		MaxTimestamp:  kafka.NoTimestamp,
		LogAppendTime: kafka.NoTimestamp,
	}
	assigned := rules.Origin == FromReplication || rules.Origin == FromRaftLeader
	it := Batches(records)
	for it.Next() {
		b := it.Batch()
		if rules.Origin == FromRaftLeader && b.LeaderEpoch() != rules.LeaderEpoch {
			return info, kafka.Errorf(kafka.ErrInvalidRecord, "append to %s: a batch of epoch %d in epoch %d", rules.Partition, b.LeaderEpoch(), rules.LeaderEpoch)
		}
		if rules.Origin == FromClient && b.BaseOffset() != 0 {
			return info, kafka.Errorf(kafka.ErrInvalidRecord, "append to %s: the base offset of a producer's batch is 0, not %d", rules.Partition, b.BaseOffset())
		}
		if rules.Origin == FromReplication && b.LeaderEpoch() > rules.LeaderEpoch {
			return info, nil
		}
		if assigned && info.Batches > 0 && info.LastOffset >= b.LastOffset() {
			return info, kafka.Errorf(kafka.ErrUnknownServerError, "append to %s: last offset %d at position %d follows last offset %d",
				rules.Partition, b.LastOffset(), it.Position(), info.LastOffset)
		}
		if !rules.IgnoreSize && len(b) > rules.MaxMessageBytes {
			return info, tooLarge(len(b), rules)
		}
		if b.CRC() != b.ComputeCRC() {
			return info, kafka.Errorf(kafka.ErrCorruptMessage, "append to %s: the batch at position %d has checksum %#08x, its bytes give %#08x",
				rules.Partition, it.Position(), b.CRC(), b.ComputeCRC())
		}
		codec := b.Codec()
		if !codec.Valid() {
			return info, kafka.Errorf(kafka.ErrUnknownServerError, "append to %s: unknown compression type %d", rules.Partition, codec)
		}
		if info.Batches == 0 {
			info.FirstOffset = b.BaseOffset()
		}
		if codec != compress.None {
			info.Codec = codec
		}
		info.Batches++
		info.LastOffset, info.LastEpoch = b.LastOffset(), b.LeaderEpoch()
		info.MaxTimestamp = max(info.MaxTimestamp, b.MaxTimestamp())
		info.ValidBytes = it.Consumed()
	}
	return info, it.Err()
}

// checkHeader checks what a client may write.
func checkHeader(b Batch, rules *Rules) error {
	if rules.Origin != FromClient {
		return nil
	}
	span, count := int64(b.LastOffsetDelta())+1, int64(b.Count())
	switch {
	case span <= 0:
		return kafka.Errorf(kafka.ErrInvalidRecord, "append to %s: last offset delta %d of a batch", rules.Partition, b.LastOffsetDelta())
	case count <= 0:
		return kafka.Errorf(kafka.ErrInvalidRecord, "append to %s: a batch of %d records", rules.Partition, count)
	case span != count:
		return kafka.Errorf(kafka.ErrInvalidRecord, "append to %s: a batch of %d records spans %d offsets", rules.Partition, count, span)
	case b.Control():
		return kafka.Errorf(kafka.ErrInvalidRecord, "append to %s: only brokers write control records", rules.Partition)
	case b.HasProducerID() && b.BaseSequence() < 0:
		return kafka.Errorf(kafka.ErrInvalidRecord, "append to %s: sequence number %d of producer id %d", rules.Partition, b.BaseSequence(), b.ProducerID())
	}
	return nil
}

func tooLarge(size int, rules *Rules) error {
	return kafka.Errorf(kafka.ErrMessageTooLarge, "append to %s: a batch of %d bytes, above max.message.bytes of %d", rules.Partition, size, rules.MaxMessageBytes)
}

// unpackFailed gives the codes that Kafka gives: a damaged payload under a right
// checksum is unknown to its table of errors.
func unpackFailed(rules *Rules, limit int, err error) error {
	if errors.Is(err, compress.ErrTooLarge) {
		return kafka.Errorf(kafka.ErrMessageTooLarge, "append to %s: a batch that unpacks to more than %d bytes", rules.Partition, limit)
	}
	return kafka.Errorf(kafka.ErrUnknownServerError, "append to %s: %s", rules.Partition, err)
}
