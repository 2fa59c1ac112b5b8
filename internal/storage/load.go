package storage

import (
	"errors"
	"io/fs"
	"math"
	"slices"
	"strings"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/epoch"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

func ofSegment(name string) bool {
	for _, suffix := range []string{segment.LogSuffix, segment.IndexSuffix, segment.TimeSuffix, segment.TxnSuffix, snapshotSuffix} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

// findSegments lists segments and snapshots, and removes indexes without data.
func (d *loader) findSegments() error {
	names := make([]string, 0, len(d.names))
	for name := range d.names {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		base, numbered := baseOf(name)
		if !numbered || !ofSegment(name) {
			continue
		}
		switch {
		case strings.HasSuffix(name, snapshotSuffix):
			d.snapshots = append(d.snapshots, base)
		case !strings.HasSuffix(name, segment.LogSuffix):
			if !d.names[segment.Name(base, segment.LogSuffix)] {
				if err := d.removeFile(name); err != nil {
					return err
				}
			}
		default:
			info, err := d.host.fs.Stat(vfs.Join(d.dir, name))
			if err != nil {
				return err
			}
			place := segment.Place{FS: d.host.fs, Dir: d.dir, Base: base, Buffers: &d.host.buffers}
			d.segments = append(d.segments, segment.Open(place, info.Size, d.o.Now))
			d.size = info.Size
		}
	}
	return nil
}

// dropEmpty removes segments without data that begin below the end of the one
// before: what a failed roll can leave. Reads would stop at them, and a recovery
// would take them for the log's end.
func (d *loader) dropEmpty() error {
	for i := 1; i < len(d.segments); {
		s, end := d.segments[i], kafka.Offset(0)
		if s.Size() == 0 {
			var err error
			if end, err = d.segments[i-1].NextOffset(); err != nil && !errors.As(err, new(*segment.Bad)) {
				return err
			}
		}
		if end <= s.Base {
			i++
			continue
		}
		if err := d.discard(s); err != nil {
			return err
		}
		d.segments = slices.Delete(d.segments, i, i+1)
	}
	if len(d.segments) > 0 {
		d.size = d.segments[len(d.segments)-1].Size()
	}
	return nil
}

// findEnd makes sure of the segments: after a clean shutdown by a look at their
// indexes and at the end of the last, otherwise by a scan of all that is not
// known to be durable.
func (d *loader) findEnd() error {
	if !d.o.Clean {
		// What is below the log start may never have been synced, and is to be
		// deleted anyway.
		for len(d.segments) > 1 && d.segments[1].Base <= d.o.LogStart {
			if err := d.discard(d.segments[0]); err != nil {
				return err
			}
			d.segments = d.segments[1:]
		}
	}
	if err := d.dropUndone(); err != nil {
		return err
	}
	if err := d.findOverflow(); err != nil {
		return err
	}
	for _, s := range d.segments {
		missing := !d.names[segment.Name(s.Base, segment.IndexSuffix)] || !d.names[segment.Name(s.Base, segment.TimeSuffix)]
		if !missing {
			continue
		}
		rebuilt, err := s.Reindex()
		if err != nil {
			return err
		}
		if rebuilt && (d.o.Clean || s.Base < d.o.RecoveryPoint) {
			d.found.Rebuilt = append(d.found.Rebuilt, s.Path(segment.IndexSuffix))
		}
	}
	if len(d.segments) == 0 {
		if d.o.Settled > d.o.LogStart {
			return d.lostEnd(vfs.Join(d.dir, segment.Name(d.o.LogStart, segment.LogSuffix)), 0)
		}
		return nil
	}
	last := d.segments[len(d.segments)-1]
	if d.o.Clean {
		rebuilt, err := last.Reindex()
		if err != nil {
			return err
		}
		if rebuilt {
			d.found.Rebuilt = append(d.found.Rebuilt, last.Path(segment.IndexSuffix))
		}
		next, err := last.NextOffset()
		var bad *segment.Bad
		if !errors.As(err, &bad) && (err != nil || next >= d.o.RecoveryPoint) {
			d.end, d.recovery, d.settled = next, next, next
			return errors.Join(err, d.rebuildEpochs(d.segments))
		}
		// A clean shutdown leaves no such end, and none below the recovery point.
		// What is below that is damaged; beyond it a tail is cut as after a crash.
	}
	return d.recover()
}

// dropUndone discards the segments before the last gap below Options.Covered.
func (d *loader) dropUndone() error {
	for i := len(d.segments) - 2; i >= 0; i-- {
		behind := d.segments[i+1].Base
		if behind > d.o.Covered {
			continue
		}
		next, err := d.segments[i].NextOffset()
		if errors.As(err, new(*segment.Bad)) {
			continue // damage is not for here
		}
		if err != nil {
			return err
		}
		if next >= behind {
			continue
		}
		for _, s := range d.segments[:i+1] {
			if err := d.discard(s); err != nil {
				return err
			}
		}
		d.segments = d.segments[i+1:]
		return nil
	}
	return nil
}

// begin makes offsets and segments fit each other.
func (d *loader) begin() error {
	start := d.o.LogStart
	if len(d.segments) > 0 && d.end < start {
		// The files were deleted from under us, or lost: nothing of them is
		// above the log start, and appends must not go below it.
		for _, s := range d.segments {
			if err := d.discard(s); err != nil {
				return err
			}
		}
		d.segments, d.size = nil, 0
		d.epochs.Clear()
		if err := d.dropSnapshots(func(kafka.Offset) bool { return true }); err != nil {
			return err
		}
	}
	if len(d.segments) == 0 {
		d.start, d.end, d.hw, d.recovery, d.settled = start, start, start, start, start
		if start == 0 {
			return nil
		}
		return d.beginAt(d.o.Now, start)
	}
	d.start = max(start, d.segments[0].Base)
	d.hw, d.recovery, d.touched = d.start, max(min(d.recovery, d.end), d.start), true
	return nil
}

// discard removes a segment's files.
func (d *loader) discard(s *segment.Segment) error {
	d.found.Removed = append(d.found.Removed, s.Path(segment.LogSuffix))
	d.unsynced.names = true
	return errors.Join(s.MarkDeleted(""), s.RemoveDeleted())
}

// rebuildEpochs finds the leader epochs of segments in their batches, where their
// file does not have them.
func (d *loader) rebuildEpochs(segments []*segment.Segment) error {
	if !d.noEpochs {
		return nil
	}
	for _, s := range segments {
		err := s.Batches(s.Base, math.MaxInt64, func(b *segment.Batch) error {
			d.epochs.Assign(b.Epoch, b.Base)
			return nil
		})
		if err != nil && !errors.As(err, new(*segment.Bad)) {
			return err
		}
	}
	d.unsynced.epochs = len(d.epochs.Entries()) > 0
	return nil
}

// regainEpochs finds the epochs between the log start and the first one that is
// known. The epochs' file follows a deletion of records at the next flush, the
// checkpoint of the log starts later: after a crash in between the records are
// back, and their epochs are in the batches only.
func (d *loader) regainEpochs() error {
	first, known := d.epochs.Earliest()
	if d.o.Clean || !known || first.Start <= d.start {
		return nil
	}
	var found epoch.Cache
	for _, s := range d.segments {
		if s.Base >= first.Start {
			break
		}
		err := s.Batches(max(s.Base, d.start), first.Start, func(b *segment.Batch) error {
			found.Assign(b.Epoch, b.Base)
			return nil
		})
		if err != nil && !errors.As(err, new(*segment.Bad)) {
			return err
		}
	}
	for _, e := range d.epochs.Entries() {
		found.Assign(e.Epoch, e.Start)
	}
	d.epochs, d.unsynced.epochs = found, true
	return nil
}

// exists says whether a file is there.
func (d *loader) exists(name string) (bool, error) {
	_, err := d.host.fs.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
