package storage

import (
	"errors"
	"io/fs"
	"math"
	"slices"
	"strings"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// kraftDeleted ends the names of the metadata log's snapshots that wait for
// their removal: the quorum looks after them.
const kraftDeleted = ".checkpoint" + segment.DeletedSuffix

// tidy finishes or removes what interrupted work left, in the order in which
// Kafka's LogLoader does it: *.deleted goes; *.cleaned goes, with the *.swap at
// or above the lowest of them; other *.swap files replace what they cover.
func (d *loader) tidy() error {
	minCleaned, swaps := kafka.Offset(math.MaxInt64), []string(nil)
	for _, e := range d.entries {
		if e.Dir {
			continue
		}
		d.names[e.Name] = true
		base, numbered := baseOf(e.Name)
		switch {
		case strings.HasSuffix(e.Name, segment.CleanedSuffix) && numbered:
			minCleaned = min(minCleaned, base)
		case strings.HasSuffix(e.Name, segment.SwapSuffix) && numbered:
			swaps = append(swaps, e.Name)
		}
	}
	for _, e := range d.entries {
		base, numbered := baseOf(e.Name)
		leftover := strings.HasSuffix(e.Name, segment.DeletedSuffix) && !strings.HasSuffix(e.Name, kraftDeleted)
		leftover = leftover || (numbered && strings.HasSuffix(e.Name, segment.CleanedSuffix))
		leftover = leftover || (numbered && strings.HasSuffix(e.Name, segment.SwapSuffix) && base >= minCleaned)
		if !leftover || e.Dir {
			continue
		}
		if err := d.removeFile(e.Name); err != nil {
			return err
		}
	}
	swaps = slices.DeleteFunc(swaps, func(name string) bool { return !d.names[name] })
	return d.swapIn(swaps)
}

// swapIn completes a cleaning that had written its segments: those they replace
// go, and they take their names.
func (d *loader) swapIn(swaps []string) error {
	from, to := kafka.Offset(math.MaxInt64), kafka.Offset(-1)
	for _, name := range swaps {
		base, _ := baseOf(name)
		if !strings.HasSuffix(name, segment.LogSuffix+segment.SwapSuffix) {
			continue
		}
		next, err := d.swapEnd(name, base)
		if err != nil {
			return err
		}
		from, to = min(from, base), max(to, next)
	}
	names := make([]string, 0, len(d.names))
	for name := range d.names {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		base, numbered := baseOf(name)
		if !numbered || base < from || base >= to || strings.HasSuffix(name, segment.SwapSuffix) || !ofSegment(name) {
			continue
		}
		if err := d.removeFile(name); err != nil {
			return err
		}
	}
	for _, name := range swaps {
		whole := strings.TrimSuffix(name, segment.SwapSuffix)
		if err := d.host.fs.Rename(vfs.Join(d.dir, name), vfs.Join(d.dir, whole)); err != nil {
			return err
		}
		delete(d.names, name)
		d.names[whole] = true
		d.found.Removed = append(d.found.Removed, vfs.Join(d.dir, name))
	}
	return nil
}

// swapEnd reads where the data of a *.log.swap ends.
func (d *loader) swapEnd(name string, base kafka.Offset) (kafka.Offset, error) {
	info, err := d.host.fs.Stat(vfs.Join(d.dir, name))
	if err != nil {
		return 0, err
	}
	return segment.EndOf(d.host.fs, vfs.Join(d.dir, name), base, info.Size, &d.host.buffers)
}

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
	return errors.Join(s.MarkDeleted(), s.RemoveDeleted())
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

// exists says whether a file is there.
func (d *loader) exists(name string) (bool, error) {
	_, err := d.host.fs.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
