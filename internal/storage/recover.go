package storage

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
)

// recover scans the segments from the recovery point on: every batch is verified,
// the indexes are made again, the producers' state and the leader epochs follow
// the batches. Beyond the recovery point the log ends at the first damage; what
// follows is kept in files beside the segments.
func (d *loader) recover() error {
	first, resume, err := d.resume()
	if err != nil {
		return err
	}
	base := d.segments[first].Base
	if first > 0 && base == d.o.RecoveryPoint {
		// The segment before it may have been rolled after the flush that made
		// it durable: its data are safe, its indexes perhaps not.
		if err := d.segments[first-1].Rebuild(); err != nil {
			return err
		}
	}
	start := max(d.o.LogStart, d.segments[0].Base)
	from := max(base, resume.Offset)
	if err := d.producersUpTo(first, start, from); err != nil {
		return err
	}
	// Later snapshots may tell of batches that are lost: they are made again.
	if err := d.dropSnapshots(func(at kafka.Offset) bool { return at > max(from, d.producers.End()) }); err != nil {
		return err
	}
	d.epochs.TruncateFromEnd(from) // the batches say it again, and better
	if err := d.rebuildEpochs(d.segments[:first]); err != nil {
		return err
	}
	done := d.scanning(d.segments[first:], resume)
	defer done()
	for i := first; i < len(d.segments); i++ {
		s := d.segments[i]
		d.producers.SetEnd(max(d.producers.End(), s.Base))
		r, err := d.recoverSegment(s, resume)
		if err != nil {
			return err
		}
		if r.Overflows && i+1 == len(d.segments) {
			return &overflow{segment: s, below: d.known()}
		}
		resume = segment.Resume{}
		d.end, d.size = r.Next, s.Size()
		if r.Tail == nil {
			r.Tail = d.gapBehind(i, &r)
		}
		if r.Tail == nil {
			if err := d.takeSnapshot(); err != nil {
				return err
			}
			continue
		}
		if max(r.Tail.Offset, d.o.LogStart) < d.durable() {
			if err := d.damagedEnd(i, &r); err != nil {
				return err
			}
			continue
		}
		return d.cutFrom(i, &r)
	}
	if d.o.Settled > 0 && d.end < d.durable() {
		last := d.segments[len(d.segments)-1]
		return d.lostEnd(last.Path(segment.LogSuffix), last.Size())
	}
	d.recovery = min(d.o.RecoveryPoint, d.end)
	d.settled = d.recovery
	return d.snapshotAfterRecovery()
}

// lostEnd reports that durable records at the end of the log are not there. To
// go on would give their offsets to others.
func (d *loader) lostEnd(file string, size int64) error {
	damage := Damage{
		File: file, Offset: d.end, Position: size, AtEnd: true,
		Reason: fmt.Sprintf("the log ends here, and its records below offset %d are lost, which were on the disk", d.o.RecoveryPoint),
	}
	d.found.Damaged = append(d.found.Damaged, damage)
	return &damage
}

// scanning tells what is going to be read, and gives what tells that all of it is
// done.
func (d *loader) scanning(segments []*segment.Segment, resume segment.Resume) (done func()) {
	if d.o.Scan == nil {
		return func() {}
	}
	bytes := -resume.Position
	for _, s := range segments {
		bytes += s.Size()
	}
	n := int64(len(segments))
	d.o.Scan(ScanStep{Segments: n, Bytes: bytes})
	d.left = ScanStep{SegmentsDone: n, BytesDone: bytes}
	return func() { d.o.Scan(d.left) }
}

// scanned tells that a segment is done.
func (d *loader) scanned(bytes int64) {
	if d.o.Scan == nil {
		return
	}
	step := ScanStep{SegmentsDone: 1, BytesDone: bytes}
	d.left.SegmentsDone -= step.SegmentsDone
	d.left.BytesDone -= step.BytesDone
	d.o.Scan(step)
}

// damagedEnd reports durable data that is damaged, with nothing good behind it in
// its segment. Where a later segment follows, reads find the damage; where none
// does, nobody knows where the log ended.
func (d *loader) damagedEnd(i int, r *segment.Recovered) error {
	damage := d.damageOf(d.segments[i], r.Tail)
	damage.AtEnd = i == len(d.segments)-1
	d.found.Damaged = append(d.found.Damaged, *damage)
	if damage.AtEnd {
		return damage
	}
	return nil
}

// durable is the offset below which every record was once synced. The recovery
// point is moved up with the log start, without a sync: up to there it says
// nothing.
func (d *loader) durable() kafka.Offset {
	if d.o.RecoveryPoint <= d.o.LogStart {
		return 0
	}
	return d.o.RecoveryPoint
}

// gapBehind says whether the end of segment i was lost, although the file ends
// with a whole batch: a crash may keep a later segment and lose the end of an
// earlier one. Among what was durable a gap is no loss, and in a compacted topic
// it may be the cleaner's work. Likewise a crash may undo a truncation in part,
// so that the next segment begins with offsets that this one has.
func (d *loader) gapBehind(i int, r *segment.Recovered) *segment.Bad {
	if i+1 == len(d.segments) || r.Next == d.segments[i+1].Base {
		return nil
	}
	if gap := r.Next < d.segments[i+1].Base; gap && (r.Next < d.durable() || d.Config().Compact || d.outOfReach(i)) {
		return nil
	}
	return &segment.Bad{
		Position: r.Valid, Offset: r.Next, Cut: true,
		Reason: fmt.Sprintf("the next segment does not go on at offset %d", r.Next),
	}
}

// resume says in which segment to begin, and where in it: where data and indexes
// were durable, which the segment that ends at the recovery point shows, too.
func (d *loader) resume() (first int, from segment.Resume, err error) {
	if settled := min(d.o.Settled, d.o.RecoveryPoint); settled > d.o.LogStart && settled > d.segments[0].Base && !d.noEpochs {
		first = floor(d.segments, settled-1)
		from, ok, err := d.segments[first].ResumeAt(settled)
		if ok || err != nil {
			return first, from, err
		}
		return max(floor(d.segments, d.o.RecoveryPoint), 0), from, nil
	}
	first = max(floor(d.segments, d.o.RecoveryPoint), 0)
	if d.o.Settled > 0 {
		return first, segment.Anew(), nil // the next start may trust the indexes again
	}
	return first, segment.Resume{}, nil
}

// producersUpTo makes the producers' state what it was where recovery begins, or
// at a later snapshot below the recovery point.
func (d *loader) producersUpTo(first int, start, from kafka.Offset) error {
	if from <= start {
		d.producers.Reset(start)
		d.lastSnap = start
		return nil
	}
	latest := from
	if from > d.segments[first].Base {
		latest = min(d.o.Settled, d.o.RecoveryPoint)
	}
	if err := d.loadSnapshot(d.nowMs(), start, latest); err != nil {
		return err
	}
	if d.o.Settled > 0 {
		d.recallProducers(latest)
	}
	for _, s := range d.segments[:first+1] {
		if at := d.producers.End(); at < from && s.Base < from && !d.endsBelow(s, at) {
			err := s.Batches(at, from, func(b *segment.Batch) error { return d.replay(b, nil) })
			if err != nil && !errors.As(err, new(*segment.Bad)) {
				return err
			}
		}
	}
	return nil
}

// endsBelow says whether a segment has nothing at or above an offset.
func (d *loader) endsBelow(s *segment.Segment, offset kafka.Offset) bool {
	i := slices.Index(d.segments, s)
	return i+1 < len(d.segments) && d.segments[i+1].Base <= offset
}

func (d *loader) recoverSegment(s *segment.Segment, resume segment.Resume) (segment.Recovered, error) {
	replayFrom := kafka.Offset(0)
	if resume.Position > 0 {
		replayFrom = d.producers.End()
	}
	if resume.Careful() {
		if err := s.Distrust(); err != nil {
			return segment.Recovered{}, err
		}
	}
	if err := s.TruncateAborted(replayFrom); err != nil {
		return segment.Recovered{}, err
	}
	c := d.segmentConfig(d.Config())
	var aborted []segment.AbortedTxn
	r, err := s.Recover(resume, max(d.o.RecoveryPoint, d.o.LogStart), &c, func(b *segment.Batch) error {
		d.epochs.Assign(b.Epoch, b.Base)
		if b.Last < replayFrom {
			return nil // the snapshot has it
		}
		return d.replay(b, &aborted)
	})
	if err != nil {
		return r, err
	}
	d.unsynced.epochs = true
	d.found.Scanned += r.Valid - resume.Position
	d.scanned(s.Size() - resume.Position)
	for _, a := range aborted {
		if err := s.AppendAborted(a); err != nil {
			return r, err
		}
	}
	if resume.Careful() {
		if err := s.Trust(); err != nil {
			return r, err
		}
	}
	for i := range r.Damaged {
		if r.Damaged[i].Offset >= d.o.LogStart {
			d.found.Damaged = append(d.found.Damaged, *d.damageOf(s, &r.Damaged[i]))
		}
	}
	return r, nil
}
