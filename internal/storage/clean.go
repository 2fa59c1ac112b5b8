package storage

import (
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/compact"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// ErrCleaningAborted says that a cleaning was given up because the log was cut,
// lost segments to retention, or was closed. What was put in its place before is
// right; the rest is as it was.
var ErrCleaningAborted = errors.New("the log changed while it was being cleaned")

// CleanOptions bound a cleaning.
type CleanOptions struct {
	compact.Limits
	// Indexed, if set, is told when the keys are read and the rewriting begins.
	Indexed func()
	// Spare, if set, does what must be done on a full disk, too, with room that
	// was kept for it: a replacement that has begun is to be ended.
	Spare func(do func() error) error
}

// Cleaned is what a cleaning did.
type Cleaned struct {
	compact.Stats
	// Upto is the first offset that is not cleaned now.
	Upto kafka.Offset
	// Segments were there before, and Became what is there instead.
	Segments, Became int
}

// Clean compacts what Dirt found: it puts the segments below d.End into new
// ones, in which of each key the last record stays. Appends and reads go on.
// There is one cleaning of a log at a time, and none while it is deleted.
// Everything below d.End must be durable, by the recovery point that the next
// start will see: gaps between cleaned segments are no loss.
//
// An error of Limits.Pace ends it and is returned, ErrCleaningAborted where the
// log changed, or a [*Damage]: damaged data is neither copied nor left out.
func (l *Log) Clean(now time.Time, d *Dirt, o *CleanOptions) (Cleaned, error) {
	l.mu.Lock()
	if l.cleaning || l.state != stateOpen {
		l.mu.Unlock()
		return Cleaned{Upto: d.First}, ErrCleaningAborted
	}
	if l.broken != nil {
		defer l.mu.Unlock()
		return Cleaned{Upto: d.First}, l.broken
	}
	l.cleaning = true
	l.mu.Unlock()
	done, err := l.clean(now, d, o)
	l.mu.Lock()
	l.cleaning = false
	closed := l.state != stateOpen
	l.mu.Unlock()
	if err == nil {
		return done, nil
	}
	if closed || errors.Is(err, fs.ErrNotExist) {
		return done, ErrCleaningAborted // files went away beneath it
	}
	if errors.Is(err, ErrCleaningAborted) {
		return done, err
	}
	return done, failed("clean", l.Dir(), err)
}

func (l *Log) clean(now time.Time, d *Dirt, o *CleanOptions) (Cleaned, error) {
	l.mu.Lock()
	all, cuts := l.segments, l.cuts
	l.mu.Unlock()
	done := Cleaned{Upto: d.First}
	n := floor(all, d.End-1) + 1
	if n == 0 || d.End <= d.First {
		return done, nil
	}
	if n == len(all) || all[n].Base != d.End {
		return done, ErrCleaningAborted
	}
	if err := l.clearCleaned(); err != nil {
		return done, err
	}
	run := compact.New(l.cleanable(all[:n], d), o.Limits, now)
	defer run.Close()
	end, err := run.Index()
	if err != nil {
		return done, l.cleanFailed(cuts, err)
	}
	if o.Indexed != nil {
		o.Indexed()
	}
	c := l.Config()
	groups, err := compact.Group(all[:floor(all[:n], end-1)+1], int64(c.SegmentBytes), int64(c.SegmentIndexBytes), d.End)
	if err != nil {
		return done, l.cleanFailed(cuts, err)
	}
	discarded := false
	for _, group := range groups {
		made, changed, err := run.Clean(group)
		if err == nil && !changed {
			err = made.Discard()
			discarded = true
		} else if err == nil {
			err = l.replace(now, group, made, cuts, o)
		}
		done.Stats = run.Stats()
		if err != nil {
			return done, l.cleanFailed(cuts, err)
		}
		done.Segments += len(group)
		done.Became++
	}
	done.Upto = end
	if discarded { // a start that trusts the log's memo would not see what came back
		return done, l.host.fs.SyncDir(l.Dir())
	}
	return done, nil
}

// clearCleaned removes what an earlier cleaning could not: beside a *.cleaned of a
// lower base the next start would take the *.swap of this one for incomplete, when
// the segments that it replaces are gone already.
func (l *Log) clearCleaned() error {
	dir := l.Dir()
	entries, err := l.host.fs.List(dir)
	if err != nil {
		return err
	}
	var names [2][]string
	for _, e := range entries {
		switch {
		case strings.HasSuffix(e.Name, segment.SwapSuffix):
			names[0] = append(names[0], e.Name)
		case strings.HasSuffix(e.Name, segment.CleanedSuffix):
			names[1] = append(names[1], e.Name)
		}
	}
	if len(names[1]) == 0 {
		return nil
	}
	for _, list := range names { // the *.swap first, see segment.Undo
		for _, name := range list {
			if err := l.host.fs.Remove(vfs.Join(dir, name)); err != nil {
				return err
			}
		}
		if err := l.host.fs.SyncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// cleanFailed tells damage of the log from that which a truncation made.
func (l *Log) cleanFailed(cuts int, err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cuts != cuts {
		return ErrCleaningAborted
	}
	return err
}

// cleanable tells a run of the log.
func (l *Log) cleanable(segments []*segment.Segment, d *Dirt) *compact.Log {
	c := l.Config()
	limit := c.MaxUnpackedBytes
	if limit == 0 {
		limit = batch.DefaultMaxUnpackedBytes
	}
	return &compact.Log{
		Segments: segments, Dirty: d.First, End: d.End,
		Aborted: func(from, upper kafka.Offset) ([]segment.AbortedTxn, error) {
			var found []segment.AbortedTxn
			// The segments as they are now: those that were cleaned before say
			// what is left to say.
			now, _ := l.view()
			err := eachAborted(now, from, upper, func(a segment.AbortedTxn) { found = append(found, a) })
			return found, err
		},
		Producers: l.lastOfProducers(), HighWatermark: l.HighWatermark,
		Codecs: l.host.codecs, UnpackedMax: limit, DeleteRetentionMs: c.DeleteRetentionMs, Segment: l.segmentConfig(c),
	}
}

// lastOfProducers is by which records the producers' state is known.
func (l *Log) lastOfProducers() map[kafka.ProducerID]compact.Last {
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.producers.Len() == 0 {
		return nil
	}
	all := make(map[kafka.ProducerID]compact.Last, l.producers.Len())
	for e := range l.producers.All() {
		last, _ := e.Last()
		all[e.ID] = compact.Last{Data: last.LastOffset, Epoch: e.Epoch}
	}
	return all
}

// replace puts a cleaned segment in the place of those it was made of. It is a
// plan of named files, carried out in steps of which each is durable before the
// next, so that a start after a crash undoes it (before the end of step 1) or
// completes it, as Kafka's does too:
//
//	1  the new files, *.cleaned, are renamed to *.swap
//	2  those of the old segments are renamed to *.deleted
//	3  the *.swap lose their suffix, the data first
//
// While there is a *.cleaned the *.swap at or above it count for nothing. With
// the data renamed, a *.swap that is left only has to be renamed.
func (l *Log) replace(now time.Time, old []*segment.Segment, made *segment.Segment, cuts int, o *CleanOptions) error {
	l.replacing.Lock()
	defer l.replacing.Unlock()
	dir := l.Dir()
	fsys := l.host.fs
	if !l.hasStill(old, cuts) {
		return errors.Join(ErrCleaningAborted, made.Discard())
	}
	release, err := l.unjournal()
	if err != nil {
		return errors.Join(err, made.Discard())
	}
	release() // of a segment that is complete the journal takes nothing any more
	err = fsys.SyncDir(dir)
	if err == nil {
		err = made.Rename(segment.SwapSuffix)
	}
	if err != nil {
		return errors.Join(err, made.Undo())
	}
	if err = fsys.SyncDir(dir); err == nil {
		if !l.show(old, made) {
			return ErrCleaningAborted // closed: the next start completes it
		}
		err = l.finish(now, old, made, o)
	}
	if err != nil {
		// What the directory holds is not known: the next start completes it.
		err = failed("replace segments in", dir, err)
		l.breakOff(err)
		return err
	}
	return l.dropStrays()
}

// finish carries out the steps of a replacement that cannot be taken back.
func (l *Log) finish(now time.Time, old []*segment.Segment, made *segment.Segment, o *CleanOptions) error {
	spare := o.Spare
	if spare == nil {
		spare = func(do func() error) error { return do() }
	}
	for _, step := range []func() error{
		func() error { return l.doomReplaced(now, old) },
		func() error { return made.RenameData("") },
		func() error { return made.Rename("") },
	} {
		if err := spare(step); err != nil {
			return err
		}
		if err := l.host.fs.SyncDir(l.Dir()); err != nil {
			return err
		}
	}
	return nil
}

// dropStrays removes the producers' snapshots that stand at no segment's
// beginning any more, as Kafka does; the last one may stand behind all.
func (l *Log) dropStrays() error {
	l.writing.Lock()
	defer l.writing.Unlock()
	segments, _ := l.view()
	return l.dropSnapshots(func(at kafka.Offset) bool {
		i := floor(segments, at)
		return i >= 0 && i+1 < len(segments) && segments[i].Base != at
	})
}

// hasStill says whether the log has these segments, and no record of them was
// cut off.
func (l *Log) hasStill(old []*segment.Segment, cuts int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.locate(old)
	return ok && l.cuts == cuts && l.state == stateOpen && l.broken == nil
}

// locate finds where segments stand in the log. mu is held.
func (l *Log) locate(old []*segment.Segment) (at int, ok bool) {
	at = floor(l.segments, old[0].Base)
	if at < 0 || at+len(old) >= len(l.segments) {
		return 0, false
	}
	for i, s := range old {
		if l.segments[at+i] != s {
			return 0, false
		}
	}
	return at, true
}

// show lets readers see the new segment instead of the old ones.
func (l *Log) show(old []*segment.Segment, made *segment.Segment) bool {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	at, ok := l.locate(old)
	if !ok || l.state != stateOpen {
		return false
	}
	segments := make([]*segment.Segment, 0, len(l.segments)-len(old)+1)
	segments = append(append(segments, l.segments[:at]...), made)
	l.segments = append(segments, l.segments[at+len(old):]...)
	return true
}

// doomReplaced renames the files of the old segments, and has them removed after
// file.delete.delay.ms.
func (l *Log) doomReplaced(now time.Time, old []*segment.Segment) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.doom(now, old)
}
