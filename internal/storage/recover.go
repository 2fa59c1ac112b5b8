package storage

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// recover scans the segments from the recovery point on: every batch is verified,
// the indexes are made again, the producers' state and the leader epochs follow
// the batches. Beyond the recovery point the log ends at the first damage; what
// follows is kept in files beside the segments.
func (d *loader) recover() error {
	first := max(floor(d.segments, d.o.RecoveryPoint), 0)
	base := d.segments[first].Base
	start := max(d.o.LogStart, d.segments[0].Base)
	if err := d.producersUpTo(first, start); err != nil {
		return err
	}
	for i := first; i < len(d.segments); i++ {
		s := d.segments[i]
		d.producers.SetEnd(max(d.producers.End(), s.Base))
		r, err := d.recoverSegment(s)
		if err != nil {
			return err
		}
		d.end, d.size = r.Next, s.Size()
		if r.Tail == nil {
			continue
		}
		if r.Tail.Offset < d.o.RecoveryPoint {
			// Durable data is damaged and nothing good follows it in this
			// segment. Where a later segment follows, reads find the damage;
			// where none does, nobody knows where the log ended.
			damage := d.damage(s, r.Tail).(*Damage) //nolint:errorlint // made here
			d.found.Damaged = append(d.found.Damaged, *damage)
			if i == len(d.segments)-1 {
				return damage
			}
			continue
		}
		return d.cutFrom(i, &r)
	}
	d.recovery = max(min(d.o.RecoveryPoint, d.end), base)
	return d.snapshotAfterRecovery()
}

// producersUpTo makes the producers' state what it was where recovery begins.
func (d *loader) producersUpTo(first int, start kafka.Offset) error {
	base := d.segments[first].Base
	if base <= start {
		d.producers.Reset(start)
		d.lastSnap = start
		return nil
	}
	if err := d.loadSnapshot(d.nowMs(), start, base); err != nil {
		return err
	}
	for _, s := range d.segments[:first] {
		next := base
		if at := d.producers.End(); at < next && !d.endsBelow(s, at) {
			err := s.Batches(at, next, func(b *segment.Batch) error { return d.replay(b, nil) })
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

func (d *loader) recoverSegment(s *segment.Segment) (segment.Recovered, error) {
	if err := s.ResetAborted(); err != nil {
		return segment.Recovered{}, err
	}
	c := d.segmentConfig(d.Config())
	var aborted []segment.AbortedTxn
	r, err := s.Recover(d.o.RecoveryPoint, &c, func(b *segment.Batch) error {
		d.epochs.Assign(b.Epoch, b.Base)
		return d.replay(b, &aborted)
	})
	if err != nil {
		return r, err
	}
	d.unsynced.epochs = true
	d.found.Scanned += r.Valid
	for _, a := range aborted {
		if err := s.AppendAborted(a); err != nil {
			return r, err
		}
	}
	for i := range r.Damaged {
		d.found.Damaged = append(d.found.Damaged, *d.damage(s, &r.Damaged[i]).(*Damage)) //nolint:errorlint // made here
	}
	return r, nil
}

// cutFrom ends the log in segment i, where r says, and takes the later segments
// away; both are kept aside.
func (d *loader) cutFrom(i int, r *segment.Recovered) error {
	s := d.segments[i]
	cut := Cut{
		File: s.Path(segment.LogSuffix), Offset: r.Next, Position: r.Valid, Bytes: s.Size() - r.Valid, Reason: r.Tail.Reason,
	}
	var err error
	if cut.Aside, err = d.keepAside(s, r); err != nil {
		return fmt.Errorf("keep the damaged tail of %s: %w", cut.File, err)
	}
	if err := s.CutTail(r.Valid, r.Next, d.o.Now); err != nil {
		return err
	}
	d.found.Cuts = append(d.found.Cuts, cut)
	for _, later := range d.segments[i+1:] {
		cut := Cut{
			File: later.Path(segment.LogSuffix), Offset: r.Next, Bytes: later.Size(), Aside: asidePath(later, later.Base),
			Reason: "it follows a damaged tail",
		}
		if err := d.host.fs.Rename(cut.File, cut.Aside); err != nil {
			return err
		}
		if err := errors.Join(later.MarkDeleted(), later.RemoveDeleted()); err != nil {
			return err
		}
		d.found.Cuts = append(d.found.Cuts, cut)
	}
	d.segments = d.segments[:i+1]
	d.end, d.size, d.unsynced.names = r.Next, r.Valid, true
	d.recovery = max(min(d.o.RecoveryPoint, d.end), s.Base)
	if err := d.dropSnapshots(func(at kafka.Offset) bool { return at > d.end }); err != nil {
		return err
	}
	return d.snapshotAfterRecovery()
}

// snapshotAfterRecovery writes the producers' state at the log's end, as Kafka
// does after a recovery.
func (d *loader) snapshotAfterRecovery() error {
	d.producers.SetEnd(d.end)
	return d.takeSnapshot()
}

// asidePath is where a cut tail is kept: a name that Kafka takes no notice of.
func asidePath(s *segment.Segment, offset kafka.Offset) string {
	return fmt.Sprintf("%s.cut-%d", s.Path(segment.LogSuffix), offset)
}

// keepAside copies what follows the good data into a file of its own, durably,
// but for zeros at its end. It gives no name where there are only zeros.
func (d *loader) keepAside(s *segment.Segment, r *segment.Recovered) (string, error) {
	name := asidePath(s, r.Next)
	for i := 1; ; i++ {
		there, err := d.exists(name)
		if err != nil {
			return "", err
		}
		if !there {
			break
		}
		name = fmt.Sprintf("%s.%d", asidePath(s, r.Next), i) // of an earlier start
	}
	n, err := copyTail(d.host.fs, s.Path(segment.LogSuffix), r.Valid, name)
	if err != nil || n == 0 {
		return "", errors.Join(err, d.host.fs.Remove(name))
	}
	return name, nil
}

// copyTail copies a file from a position on, and says how many bytes there were
// before the zeros at the end.
func copyTail(fsys vfs.FS, from string, at int64, to string) (int64, error) {
	in, err := fsys.Open(from, vfs.Read)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	size, err := in.Size()
	if err != nil {
		return 0, err
	}
	out, err := fsys.Open(to, vfs.Create|vfs.Truncate)
	if err != nil {
		return 0, err
	}
	buf := make([]byte, 256<<10)
	kept := int64(0)
	for done := at; done < size; {
		b := buf[:min(int64(len(buf)), size-done)]
		n, err := in.ReadAt(b, done)
		if n < len(b) {
			return kept, errors.Join(err, out.Close())
		}
		if last := lastNonZero(b); last >= 0 {
			if _, err := out.WriteAt(b[:last+1], done-at); err != nil {
				return kept, errors.Join(err, out.Close())
			}
			kept = done - at + int64(last) + 1
		}
		done += int64(n)
	}
	return kept, errors.Join(out.Sync(), out.Close())
}

func lastNonZero(b []byte) int {
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] != 0 {
			return i
		}
	}
	return -1
}
