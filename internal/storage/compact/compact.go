// Package compact rewrites segments of a log so that of each key the last record
// stays, as Kafka's Cleaner does: it reads the keys of the part that is not
// compacted into a map of bounded size, and copies what that leaves into new
// segments. It changes no segment that is there, takes no lock of a log and
// knows no time but what it is told. Kind: disk
package compact

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
)

// Stats count what a run did, in the sense of Kafka's CleanerStats.
type Stats struct {
	IndexBytes, IndexRecords     int64 // read for the map
	BytesRead, RecordsRead       int64
	BytesWritten, RecordsWritten int64
	Invalid                      int64 // records without a key
	Utilization                  float64
}

// Limits bound a run.
type Limits struct {
	MapBytes int64   // of the map
	MapLoad  float64 // the share of it that may be used
	IOBytes  int     // of the buffer to read into, and of that to write from; they grow for a longer batch
	// Pace is told of bytes that were read or written. It may wait, and its error
	// ends the run.
	Pace func(bytes int) error
}

// Log is what a run knows of the log.
type Log struct {
	Segments []*segment.Segment // those to be cleaned, in order
	// Dirty is where the part begins that was not cleaned yet, End the base
	// offset of the first segment that must not be.
	Dirty, End kafka.Offset
	// Aborted lists the aborted transactions that overlap [from, upper).
	Aborted func(from, upper kafka.Offset) ([]segment.AbortedTxn, error)
	// Producers are those that are active. Who comes later writes behind End.
	Producers     map[kafka.ProducerID]Last
	HighWatermark func() kafka.Offset

	Codecs            *compress.Pool
	UnpackedMax       int
	DeleteRetentionMs int64
	Segment           segment.Config // of the new segments
}

// Run cleans one log. It is used once.
type Run struct {
	log    *Log
	limits Limits
	now    time.Time
	filter Filter
	read   []byte
	write  []byte
	// legacyHorizon is for the old formats: tombstones of segments that were
	// written before it go.
	legacyHorizon kafka.Timestamp
}

// New makes a run as of now.
func New(log *Log, limits Limits, now time.Time) *Run {
	r := &Run{log: log, limits: limits, now: now}
	r.filter = Filter{
		Now: kafka.Timestamp(now.UnixMilli()), DeleteRetentionMs: log.DeleteRetentionMs,
		Codecs: log.Codecs, UnpackedMax: log.UnpackedMax, Txns: &Txns{}, Producers: log.Producers,
	}
	r.read = make([]byte, max(limits.IOBytes, batch.HeaderSize))
	return r
}

// Stats are the counts so far.
func (r *Run) Stats() Stats {
	s := r.filter.Stats
	if r.filter.Map != nil {
		s.Utilization = r.filter.Map.Utilization()
	}
	return s
}

// Close lets go of the memory.
func (r *Run) Close() {
	r.filter.Close()
	r.filter.Map, r.read, r.write = nil, nil, nil
}

// Index reads the keys from Dirty on into the map, until it is full, and says up
// to which offset (exclusive) the log can be cleaned with it.
func (r *Run) Index() (kafka.Offset, error) {
	l := r.log
	m := NewMap(r.limits.MapBytes, r.limits.MapLoad, int64(l.End-l.Dirty))
	r.filter.Map = m
	aborted, err := l.Aborted(l.Dirty, l.End)
	if err != nil {
		return 0, err
	}
	var txns Txns
	txns.Add(aborted)
	clean := kafka.NoTimestamp
	for i, s := range l.Segments {
		next := l.End
		if i+1 < len(l.Segments) {
			next = l.Segments[i+1].Base
		}
		if s.Base < l.Dirty {
			if clean, err = s.LastModified(); err != nil {
				return 0, err
			}
		}
		if next <= l.Dirty {
			continue
		}
		full, err := r.indexSegment(s, next, &txns)
		if err != nil {
			return 0, fmt.Errorf("read the keys of %s: %w", s.Path(segment.LogSuffix), err)
		}
		if full {
			break
		}
		m.SetLatest(next - 1)
	}
	if clean >= 0 {
		r.legacyHorizon = clean - kafka.Timestamp(l.DeleteRetentionMs)
	}
	return m.Latest() + 1, nil
}

func (r *Run) indexSegment(s *segment.Segment, next kafka.Offset, txns *Txns) (full bool, err error) {
	at, err := s.PositionOf(r.log.Dirty)
	if err != nil {
		return false, err
	}
	err = r.batches(s, at, next, func(b []byte, magic int8) error {
		r.filter.Stats.IndexBytes += int64(len(b))
		last, err := r.indexBatch(b, magic, txns)
		if err == nil && last >= r.log.Dirty {
			r.filter.Map.SetLatest(last)
		}
		return err
	}, nil)
	if errors.Is(err, errFull) {
		return true, nil
	}
	return false, err
}

// errFull ends the reading of keys: the map takes no more.
var errFull = errors.New("the map is full")

// indexBatch puts a batch's keys into the map; a part of them where it gets full.
func (r *Run) indexBatch(b []byte, magic int8, txns *Txns) (last kafka.Offset, err error) {
	f := &r.filter
	if magic < batch.Magic {
		f.messages.Reset(b, f.Codecs, f.UnpackedMax)
		for f.messages.Next() {
			last = f.messages.Record().Offset
			if err := r.indexRecord(f.messages.Record()); err != nil {
				return last, err
			}
		}
		return last, f.messages.Err()
	}
	v := batch.Batch(b)
	switch {
	case v.Control():
		kind, err := f.controlType(v)
		if err == nil {
			_, err = txns.Control(v, kind)
		}
		return v.LastOffset(), err
	case txns.Batch(v):
		f.Stats.IndexRecords += int64(v.Count())
		return v.LastOffset(), nil
	}
	if err := f.records.Reset(v, f.Codecs, f.UnpackedMax); err != nil {
		return 0, err
	}
	for f.records.Next() {
		if err := r.indexRecord(f.records.Record()); err != nil {
			return 0, err
		}
	}
	return v.LastOffset(), f.records.Err()
}

func (r *Run) indexRecord(record *batch.Record) error {
	r.filter.Stats.IndexRecords++
	if record.Key == nil || record.Offset < r.log.Dirty {
		return nil
	}
	if r.filter.Map.Full() {
		return errFull
	}
	r.filter.Map.Put(record.Key, record.Offset)
	return nil
}

// Clean writes what is left of a group of segments, which follow the group of
// the call before, into a segment whose files are named *.cleaned, complete and
// durable but for their names. changed is false where that is no other than the
// one segment of the group: then there is nothing to put in its place.
func (r *Run) Clean(group []*segment.Segment) (made *segment.Segment, changed bool, err error) {
	first := group[0]
	before, err := first.HasTxns()
	if err != nil {
		return nil, false, err
	}
	made, err = segment.CreateCleaned(first.Place, r.now, &r.log.Segment, before > 0)
	if err != nil {
		return nil, false, err
	}
	changed, err = r.fill(made, group)
	if err == nil && changed {
		err = r.finish(made, group[len(group)-1])
	}
	if err != nil {
		return nil, false, errors.Join(err, made.Discard())
	}
	return made, changed, nil
}

// fill copies what stays of a group.
func (r *Run) fill(made *segment.Segment, group []*segment.Segment) (changed bool, err error) {
	changed = len(group) > 1
	retained := int64(0)
	r.filter.Txns.Retained = func(a segment.AbortedTxn) error {
		retained++
		return made.AppendAborted(a)
	}
	had := int64(0)
	for i, s := range group {
		upper, err := upperOf(group, i)
		if err != nil {
			return false, err
		}
		aborted, err := r.log.Aborted(s.Base, upper)
		if err != nil {
			return false, err
		}
		r.filter.Txns.Add(aborted)
		txns, err := s.HasTxns()
		if err != nil {
			return false, err
		}
		had += txns
		modified, err := s.LastModified()
		if err != nil {
			return false, err
		}
		r.filter.LegacyTombstones = modified > r.legacyHorizon
		r.filter.HighWatermark = r.log.HighWatermark()
		other, err := r.copySegment(made, s)
		if err != nil {
			return false, fmt.Errorf("clean %s: %w", s.Path(segment.LogSuffix), err)
		}
		changed = changed || other
	}
	return changed || had != retained, nil
}

// upperOf is an offset behind all of a segment of a group: the end of the last is
// looked for, which takes longer.
func upperOf(group []*segment.Segment, i int) (kafka.Offset, error) {
	if i+1 < len(group) {
		return group[i+1].Base, nil
	}
	return group[i].NextOffset()
}

// copySegment appends what stays of a segment.
func (r *Run) copySegment(made, s *segment.Segment) (changed bool, err error) {
	err = r.batches(s, 0, math.MaxInt64, func(b []byte, magic int8) error {
		other := true
		if magic < batch.Magic {
			r.write, err = r.filter.Legacy(r.write, b)
		} else {
			r.write, other, err = r.filter.Batch(r.write, b)
		}
		changed = changed || other
		return err
	}, func() error {
		if len(r.write) == 0 {
			return nil
		}
		n := len(r.write)
		err := made.Append(r.write, &r.log.Segment)
		if r.write = r.write[:0]; cap(r.write) > 4*len(r.read) {
			r.write = nil
		}
		if err != nil {
			return err
		}
		return r.limits.Pace(n)
	})
	r.write = r.write[:0]
	return changed, err
}

// finish makes the new segment durable.
func (r *Run) finish(made, last *segment.Segment) error {
	if err := made.Seal(); err != nil {
		return err
	}
	if err := made.Sync(true); err != nil {
		return err
	}
	// Retention goes by it where the records have no timestamps.
	modified, err := last.LastModified()
	if err != nil {
		return err
	}
	return made.SetLastModified(modified)
}
