package batch

import (
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// wrapperBytes is how many bytes of messages one wrapper carries: what a batch
// holds beyond that goes into further ones, so that it is packed piece by piece.
const wrapperBytes = 1 << 20

// downgradeMax is how much a batch may hold that is converted.
const downgradeMax = 128 << 20

// Downgrader writes v2 batches as message sets, for consumers of before Kafka
// 0.11. It keeps scratch memory between calls; it is not safe for concurrent
// use.
type Downgrader struct {
	pool    *compress.Pool
	records RecordReader
	set     MessageBuilder
}

// NewDowngrader makes a downgrader that unpacks and packs with the states of pool.
func NewDowngrader(pool *compress.Pool) *Downgrader {
	return &Downgrader{pool: pool, set: MessageBuilder{pool: pool}}
}

// Append writes the records of b behind dst as messages of magic 0 or 1, with
// their offsets and their codec, and says how many. Headers are left out. So are
// control batches, which old clients do not know, and records below from: of a
// wrapper all or none, since those clients skip what they did not ask for (and a
// wrapper none of whose records is left would hold them up forever). The
// error is UNSUPPORTED_COMPRESSION_TYPE for zstd, which the formats do not have,
// MESSAGE_TOO_LARGE for what unpacks to more than 128 MiB, and CORRUPT_MESSAGE
// or INVALID_RECORD for damage.
func (d *Downgrader) Append(dst []byte, b Batch, magic int8, from kafka.Offset) (out []byte, count int, err error) {
	codec := b.Codec()
	switch {
	case b.Control() || b.Count() == 0 || b.LastOffset() < from:
		return dst, 0, nil
	case codec == compress.Zstd:
		return dst, 0, kafka.Errorf(kafka.ErrUnsupportedCompressionType, "the batch at offset %d is packed by zstd, which message format v%d cannot carry", b.BaseOffset(), magic)
	}
	if err := b.Verify(); err != nil {
		return dst, 0, err
	}
	if err := d.records.Reset(b, d.pool, downgradeMax); err != nil {
		return dst, 0, unpackFailed(&Rules{}, downgradeMax, err)
	}
	d.set.Reset(MessageOptions{Magic: magic, Codec: codec, TimestampType: b.TimestampType(), LogAppendTime: b.MaxTimestamp()})
	out = dst
	last := kafka.NoOffset
	for d.records.Next() {
		r := d.records.Record()
		if codec == compress.None && r.Offset < from {
			continue
		}
		d.set.Append(r.Offset, r.Timestamp, r.Key, r.Value)
		count++
		last = r.Offset
		switch {
		case d.set.Size() < wrapperBytes:
		case last < from: // a client whose limit is small would get this one again and again
			d.set.Reset(d.set.options)
			count = 0
		default:
			if out, err = d.flush(out); err != nil {
				return dst, 0, err
			}
		}
	}
	if err := d.records.Err(); err != nil {
		return dst, 0, err
	}
	if last < from {
		return dst, 0, nil
	}
	out, err = d.flush(out)
	return out, count, err
}

// flush writes the messages so far, as they are or as one wrapper.
func (d *Downgrader) flush(dst []byte) ([]byte, error) {
	out, err := d.set.Build(dst)
	d.set.Reset(d.set.options)
	return out, err
}

// Release lets go of the batch, and of scratch memory that one large batch
// needed.
func (d *Downgrader) Release() {
	scratch := d.records.scratch
	d.records.Close()
	if cap(scratch) <= scratchMax {
		d.records.scratch = scratch
	}
	if cap(d.set.set) > 2*wrapperBytes {
		d.set.set = nil
	}
	if cap(d.set.packed) > 2*wrapperBytes {
		d.set.packed = nil
	}
}
