package wire

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// epoch2020 is the base timestamp of every record that a story writes.
const epoch2020 = int64(1577836800000)

// The codecs, as their attribute bits.
const (
	none = iota
	gzipped
	snappy
	lz4ed
	zstded
)

// batch describes a record batch; edit changes it before it is encoded.
type batch struct {
	values   []string
	noKeys   bool
	codec    int
	producer int64
	epoch    int16
	sequence int32
	edit     func(*kmsg.RecordBatch) // after lengths, before the CRC
	record   func(i int, r *kmsg.Record)
	badCRC   bool
}

// plain is a batch without a producer id.
func plain(values ...string) batch {
	return batch{values: values, producer: -1, epoch: -1, sequence: -1}
}

func (b batch) encode() []byte {
	var records []byte
	for i, value := range b.values {
		r := kmsg.Record{TimestampDelta64: int64(i) * 10, OffsetDelta: int32(i), Value: []byte(value)}
		if !b.noKeys {
			r.Key = fmt.Appendf(nil, "k%d", i)
		}
		if i == 0 {
			r.Headers = []kmsg.Header{{Key: "h", Value: []byte("v")}, {Key: "null"}}
		}
		if b.record != nil {
			b.record(i, &r)
		}
		records = append(records, sized(r)...)
	}
	rb := kmsg.RecordBatch{
		PartitionLeaderEpoch: -1,
		Magic:                2,
		Attributes:           int16(b.codec),
		LastOffsetDelta:      int32(len(b.values) - 1),
		FirstTimestamp:       epoch2020,
		MaxTimestamp:         epoch2020 + int64(len(b.values)-1)*10,
		ProducerID:           b.producer,
		ProducerEpoch:        b.epoch,
		FirstSequence:        b.sequence,
		NumRecords:           int32(len(b.values)),
		Records:              pack(b.codec, records),
	}
	rb.Length = int32(len(rb.AppendTo(nil)) - 12)
	if b.edit != nil {
		b.edit(&rb)
	}
	out := rb.AppendTo(nil)
	if b.badCRC {
		return out
	}
	binary.BigEndian.PutUint32(out[17:], crc32.Checksum(out[21:], crc32.MakeTable(crc32.Castagnoli)))
	return out
}

// sized encodes a record with its varint length.
func sized(r kmsg.Record) []byte {
	r.Length = 0
	body := r.AppendTo(nil)[1:] // without the length, which is one byte while 0
	return append(binary.AppendVarint(nil, int64(len(body))), body...)
}

func pack(codec int, records []byte) []byte {
	var out bytes.Buffer
	var w io.WriteCloser
	switch codec {
	case gzipped:
		w = gzip.NewWriter(&out)
	case snappy:
		return s2.EncodeSnappy(nil, records)
	case lz4ed:
		w = lz4.NewWriter(&out)
	case zstded:
		z, err := zstd.NewWriter(&out)
		if err != nil {
			panic(err)
		}
		w = z
	default:
		return records
	}
	if _, err := w.Write(records); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// batches renders the record batches of a fetch response: every header field
// and a checksum of the records as they came. A batch that the limit has cut
// is not compared: Kafka sends its first bytes, which every client throws
// away, and Gregor ends at a whole batch.
func (m *masker) batches(data []byte) []string {
	if data == nil && m.nullIsEmpty {
		return []string{": empty"}
	}
	if data == nil {
		return []string{": null"}
	}
	lines := []string{}
	for i := 0; len(data) > 0; i++ {
		if len(data) > 16 && data[16] < 2 {
			return append(lines, m.messageSet(data, "")...)
		}
		if len(data) < 61 {
			break
		}
		size := int(int32(binary.BigEndian.Uint32(data[8:]))) + 12
		if size < 61 {
			return append(lines, fmt.Sprintf("[%d]: a batch of %d bytes", i, size))
		}
		if size > len(data) {
			break
		}
		var rb kmsg.RecordBatch
		if err := rb.ReadFrom(data[:size]); err != nil {
			return append(lines, fmt.Sprintf("[%d]: %v", i, err))
		}
		producer := rb.ProducerID
		if producer > 0 {
			producer = 1
		}
		length, content := fmt.Sprintf("%d bytes, ", size), rb.Records
		if codec := int(rb.Attributes & 7); m.unpacks && codec != none {
			content, length = unpackedOr(codec, content), ""
		}
		first, last := m.stamp(rb.FirstTimestamp), m.stamp(rb.MaxTimestamp)
		crc := crc32.Checksum(data[21:size], crc32.MakeTable(crc32.Castagnoli)) == uint32(rb.CRC)
		lines = append(lines, fmt.Sprintf(
			"[%d]: offset %d, %sepoch %d, magic %d, crc %v, attributes %d, last delta %d, times %s %s, producer %d epoch %d sequence %d, %d records %08x",
			i, rb.FirstOffset, length, rb.PartitionLeaderEpoch, rb.Magic, crc, rb.Attributes, rb.LastOffsetDelta,
			first, last, producer, rb.ProducerEpoch, rb.FirstSequence, rb.NumRecords, crc32.ChecksumIEEE(content)))
		data = data[size:]
	}
	if len(lines) == 0 {
		return []string{": empty"}
	}
	return lines
}

// unpackedOr unpacks records that each broker has packed itself.
func unpackedOr(codec int, records []byte) []byte {
	if out, _, err := unpack(codec, 2, records); err == nil {
		return out
	}
	return records
}

func (m *masker) stamp(ms int64) string {
	if m.recent(ms) {
		return "<now>"
	}
	return fmt.Sprint(ms)
}
