package quorum

import (
	"fmt"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

const (
	// batchRecordsMax and batchBytesWritten bound one batch that this node
	// writes, as in Kafka. A decision that must be one batch has to fit.
	batchRecordsMax   = 10_100 // Kafka's 10,000 of a user, and the controller's own
	batchBytesWritten = segmentBytesMin - 64<<10
	// batchRecordsRead bounds the records of a batch that another voter sent.
	batchRecordsRead = 1 << 20
	// batchBytesMax bounds a batch that is read: what a voter may send, and
	// what a checkpoint may have. Kafka's own bound for what it writes is 8 MiB.
	batchBytesMax = 64 << 20
)

// encodeBatch builds the batch of a decision. All records have the time now.
func encodeBatch(b *batch.Builder, base kafka.Offset, epoch kafka.LeaderEpoch, now time.Time, records []metadata.Record) ([]byte, error) {
	if len(records) > batchRecordsMax {
		return nil, fmt.Errorf("%d records are too many for one batch (at most %d)", len(records), batchRecordsMax)
	}
	b.Reset(batch.Options{BaseOffset: base, LeaderEpoch: epoch})
	var value []byte
	for _, r := range records {
		value = r.AppendTo(value[:0])
		b.Append(kafka.Timestamp(now.UnixMilli()), nil, value)
	}
	if b.Size() > batchBytesWritten {
		return nil, fmt.Errorf("%d bytes of records are too many for one batch (at most %d)", b.Size(), batchBytesWritten)
	}
	return b.Build(nil)
}

// decodeRecords reads the metadata records of a batch that is no control
// batch. What it returns does not alias the batch's compressed form, but may
// alias the batch.
func decodeRecords(pool *compress.Pool, b batch.Batch) ([]metadata.Record, error) {
	var reader batch.RecordReader
	if err := reader.Reset(b, pool, batchBytesMax); err != nil {
		return nil, fmt.Errorf("metadata batch at offset %d: %w", b.BaseOffset(), err)
	}
	defer reader.Close()
	records := make([]metadata.Record, 0, b.Count())
	for reader.Next() {
		r, err := metadata.ParseRecord(reader.Record().Value)
		if err != nil {
			return nil, fmt.Errorf("metadata batch at offset %d: %w", b.BaseOffset(), err)
		}
		records = append(records, r)
	}
	if err := reader.Err(); err != nil {
		return nil, fmt.Errorf("metadata batch at offset %d: %w", b.BaseOffset(), err)
	}
	return records, nil
}

// control is one control record, decoded: LeaderChange, SnapshotHeader,
// SnapshotFooter, KRaftVersion or Voters. Message is nil for one that this
// version of the software does not know.
type control struct {
	kind    batch.ControlType
	message msg.Message
}

// controlVersion is the version in which control records are written, and in
// which each begins by naming it.
const controlVersion = 0

// encodeControl builds a batch of control records.
func encodeControl(b *batch.Builder, base kafka.Offset, epoch kafka.LeaderEpoch, now time.Time, records ...control) ([]byte, error) {
	b.Reset(batch.Options{BaseOffset: base, LeaderEpoch: epoch, Control: true})
	for _, c := range records {
		b.Append(kafka.Timestamp(now.UnixMilli()), batch.ControlKey(c.kind), c.message.AppendTo(nil, controlVersion))
	}
	return b.Build(nil)
}

// decodeControl reads the control records of a control batch.
func decodeControl(pool *compress.Pool, b batch.Batch) ([]control, error) {
	var reader batch.RecordReader
	if err := reader.Reset(b, pool, batchBytesMax); err != nil {
		return nil, fmt.Errorf("control batch at offset %d: %w", b.BaseOffset(), err)
	}
	defer reader.Close()
	var out []control
	for reader.Next() {
		kind, ok := batch.ParseControlKey(reader.Record().Key)
		if !ok {
			return nil, fmt.Errorf("control batch at offset %d has a record without a key", b.BaseOffset())
		}
		c := control{kind: kind, message: controlMessage(kind)}
		if c.message != nil {
			value := reader.Record().Value
			if err := msg.Unmarshal(c.message, value, controlRecordVersion(value)); err != nil {
				return nil, fmt.Errorf("control batch at offset %d: %w", b.BaseOffset(), err)
			}
		}
		out = append(out, c)
	}
	if err := reader.Err(); err != nil {
		return nil, fmt.Errorf("control batch at offset %d: %w", b.BaseOffset(), err)
	}
	return out, nil
}

// controlRecordVersion is what a control record's value begins with.
func controlRecordVersion(value []byte) int16 {
	if len(value) < 2 {
		return controlVersion
	}
	return int16(value[0])<<8 | int16(value[1])
}

func controlMessage(kind batch.ControlType) msg.Message {
	switch kind {
	case batch.ControlLeaderChange:
		return msg.NewLeaderChangeMessage()
	case batch.ControlSnapshotHeader:
		return msg.NewSnapshotHeaderRecord()
	case batch.ControlSnapshotFooter:
		return msg.NewSnapshotFooterRecord()
	case batch.ControlKRaftVersion:
		return msg.NewKRaftVersionRecord()
	case batch.ControlKRaftVoters:
		return msg.NewVotersRecord()
	case batch.ControlAbort, batch.ControlCommit:
	}
	return nil
}
