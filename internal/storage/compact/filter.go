package compact

import (
	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Last is the last that an active producer has in the log: its last data, -1
// where only a marker of its epoch is known.
type Last struct {
	Data  kafka.Offset
	Epoch kafka.ProducerEpoch
}

// Filter decides what of a batch stays, as Kafka's Cleaner does:
//
//   - of a key the last record; of records beyond the map all;
//   - a tombstone until the delete horizon, which stands in the batch's header
//     from the first cleaning on that sees it as a key's last record (KIP-534);
//   - of an aborted transaction nothing;
//   - a marker until nothing of its transaction is left, and then until the
//     delete horizon;
//   - the last batch of an active producer, and the last before the high
//     watermark, without records where those are to go;
//   - no record without a key.
//
// What is left of a batch has its offsets, epoch, sequence numbers and codec.
type Filter struct {
	Now               kafka.Timestamp
	DeleteRetentionMs int64
	// LegacyTombstones says that tombstones of the old formats, which have no
	// room for a horizon, stay in this segment.
	LegacyTombstones bool
	Map              *Map
	Txns             *Txns
	Producers        map[kafka.ProducerID]Last
	HighWatermark    kafka.Offset
	Codecs           *compress.Pool
	UnpackedMax      int

	Stats Stats

	records  batch.RecordReader
	messages batch.MessageReader
	builder  *batch.Builder
	headers  []batch.Header
	keep     []bool // by record of the batch
}

// verdict is what is decided of one batch.
type verdict struct {
	discard   bool // its records are to go, whatever their keys
	emptyTxn  bool // a marker of whose transaction nothing is left
	keepEmpty bool // it stays without records, too
	records   int
	kept      int
	tombstone bool // one of those kept
}

// Batch appends to dst what stays of a batch of the current format, which must
// be whole and sound. changed says that it is not the batch itself.
func (f *Filter) Batch(dst []byte, b batch.Batch) (out []byte, changed bool, err error) {
	f.Stats.BytesRead += int64(len(b))
	var v verdict
	if v.discard, v.emptyTxn, err = f.discard(b); err != nil {
		return dst, false, err
	}
	v.keepEmpty = f.lastOfProducer(b) || b.NextOffset() == f.HighWatermark
	if v.discard && !v.keepEmpty {
		f.Stats.RecordsRead += int64(b.Count())
		return dst, true, nil
	}
	if err := f.judge(b, &v); err != nil {
		return dst, false, err
	}
	out, changed, err = f.write(dst, b, &v)
	if err == nil {
		f.Stats.RecordsWritten += int64(v.kept)
		f.Stats.BytesWritten += int64(len(out) - len(dst))
	}
	return out, changed, err
}

// discard says whether a batch's records go because of its transaction, and
// whether it is a marker of which nothing else is left.
func (f *Filter) discard(b batch.Batch) (discard, emptyTxn bool, err error) {
	if !b.Control() {
		return f.Txns.Batch(b), false, nil
	}
	kind, err := f.controlType(b)
	if err != nil {
		return false, false, err
	}
	if emptyTxn, err = f.Txns.Control(b, kind); err != nil {
		return false, false, err
	}
	horizon, set := b.DeleteHorizon()
	return emptyTxn && set && horizon <= f.Now, emptyTxn, nil
}

func (f *Filter) controlType(b batch.Batch) (batch.ControlType, error) {
	if err := f.records.Reset(b, f.Codecs, f.UnpackedMax); err != nil {
		return noControl, err
	}
	if !f.records.Next() {
		return noControl, f.records.Err()
	}
	kind, ok := batch.ParseControlKey(f.records.Record().Key)
	if !ok {
		return noControl, kafka.Errorf(kafka.ErrInvalidRecord, "a control record at offset %d without a type", b.BaseOffset())
	}
	return kind, nil
}

// lastOfProducer says whether a batch is what its producer's state is known by.
func (f *Filter) lastOfProducer(b batch.Batch) bool {
	if !b.HasProducerID() {
		return false
	}
	last, active := f.Producers[b.ProducerID()]
	switch {
	case !active:
		return false
	case last.Data >= 0:
		return b.LastOffset() == last.Data
	}
	return b.Control() && b.ProducerEpoch() == last.Epoch
}

// judge decides of each record.
func (f *Filter) judge(b batch.Batch, v *verdict) error {
	horizon, set := b.DeleteHorizon()
	tombstones := !set || f.Now < horizon
	f.keep = f.keep[:0]
	if err := f.records.Reset(b, f.Codecs, f.UnpackedMax); err != nil {
		return err
	}
	for f.records.Next() {
		r := f.records.Record()
		keep := !v.discard && (b.Control() || f.retain(r, tombstones))
		f.keep = append(f.keep, keep)
		v.records++
		if keep {
			v.kept++
			v.tombstone = v.tombstone || r.Value == nil
		}
	}
	f.Stats.RecordsRead += int64(v.records)
	return f.records.Err()
}

// retain says whether a record stays for its key and value.
func (f *Filter) retain(r *batch.Record, tombstones bool) bool {
	switch {
	case r.Offset > f.Map.Latest():
		return true
	case r.Key == nil:
		f.Stats.Invalid++
		return false
	}
	return r.Offset >= f.Map.Get(r.Key) && (r.Value != nil || tombstones)
}

// write appends what is left.
func (f *Filter) write(dst []byte, b batch.Batch, v *verdict) ([]byte, bool, error) {
	horizon, set := b.DeleteHorizon()
	switch begins := (v.tombstone || v.emptyTxn) && !set; {
	case v.kept == 0 && !v.keepEmpty:
		return dst, true, nil
	case v.kept == 0:
		o := f.options(b)
		return batch.AppendEmpty(dst, &o, b.MaxTimestamp()), v.records > 0, nil
	case v.kept == v.records && !begins:
		return append(dst, b...), false, nil
	case begins:
		horizon, set = f.Now+kafka.Timestamp(f.DeleteRetentionMs), true
	}
	o := f.options(b)
	if set {
		o.DeleteHorizon = &horizon
	}
	out, err := f.rebuild(dst, b, o)
	return out, true, err
}

// options are those of a batch that takes another's place.
func (f *Filter) options(b batch.Batch) batch.Options {
	return batch.Options{
		BaseOffset: b.BaseOffset(), LastOffset: b.LastOffset(), LeaderEpoch: b.LeaderEpoch(), Codec: b.Codec(),
		TimestampType: b.TimestampType(), LogAppendTime: b.MaxTimestamp(), Transactional: b.Transactional(), Control: b.Control(),
		Producer: &batch.Producer{ID: b.ProducerID(), Epoch: b.ProducerEpoch(), Sequence: b.BaseSequence()},
	}
}

// rebuild appends a batch of the records that are kept.
func (f *Filter) rebuild(dst []byte, b batch.Batch, o batch.Options) ([]byte, error) {
	f.reset(o)
	if err := f.records.Reset(b, f.Codecs, f.UnpackedMax); err != nil {
		return dst, err
	}
	for i := 0; f.records.Next(); i++ {
		if !f.keep[i] {
			continue
		}
		r := f.records.Record()
		f.headers = r.AppendHeaders(f.headers[:0])
		f.builder.AppendAt(r.Offset, r.Timestamp, r.Key, r.Value, f.headers...)
	}
	if err := f.records.Err(); err != nil {
		return dst, err
	}
	return f.builder.Build(dst)
}

func (f *Filter) reset(o batch.Options) {
	if f.builder == nil {
		f.builder = batch.NewBuilder(f.Codecs, o)
		return
	}
	f.builder.Reset(o)
}

// Close lets go of scratch memory.
func (f *Filter) Close() {
	f.records.Close()
	f.messages, f.builder, f.headers, f.keep = batch.MessageReader{}, nil, nil, nil
}
