package storage

import (
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/epoch"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// The bounds of what a [logdir.Memo] holds. A log with more has none.
const (
	memoSegments  = 1000
	memoProducers = 64 << 10 // bytes
	memoEpochs    = 16 << 10 // bytes
)

// Memo describes the log for a start that reads nothing of it; nil where
// something is not durable yet, or it is too much to write down. changedBefore
// is the latest time, in nanoseconds, that directory and active segment may
// have: what changed just now may change again and have the same time. again
// says that a later try may do better although nothing changes.
func (l *Log) Memo(changedBefore int64) (m *logdir.Memo, again bool, err error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	dir, segments, size := l.dir, l.segments, l.size
	m = &logdir.Memo{TopicPartition: l.partition, TopicID: l.topicID, End: l.end, Epochs: l.epochs.Append(nil)}
	durable := len(segments) == 0 && l.end == 0 // its directory is there, or is made again
	durable = durable || (!l.unsynced.any() && min(l.settled, l.recovery) == l.end)
	durable = durable && l.broken == nil && l.state != stateDeleted && !l.cleaning // which changes the files
	m.Aside = l.asideLocked()
	l.mu.Unlock()
	if !durable || len(l.doomed) > 0 {
		return nil, true, nil
	}
	if len(segments) > 0 {
		m.Producers = l.producers.AppendSnapshot(nil)
	}
	if len(segments) > memoSegments || len(m.Epochs) > memoEpochs || len(m.Producers) > memoProducers ||
		(len(segments) > 0 && l.producers.End() != m.End) {
		return nil, false, nil
	}
	m.Segments = make([]logdir.MemoSegment, len(segments))
	for i, s := range segments {
		m.Segments[i] = logdir.MemoSegment{Base: s.Base, Size: s.Size()}
	}
	m.Snapshots = slices.Clone(l.snapshots)
	times, fileSize, err := memoTimes(l.host.fs, dir, m)
	if err != nil || max(times[0], times[1]) > changedBefore {
		return nil, true, err
	}
	m.DirTime, m.FileTime = times[0], times[1]
	if len(segments) > 0 && fileSize != size {
		return nil, false, nil // preallocate=true
	}
	return m, false, nil
}

// memoTimes gives when the directory and the active segment of a memo last
// changed, and that segment's length.
func memoTimes(fsys vfs.FS, dir string, m *logdir.Memo) (times [2]int64, size int64, err error) {
	info, err := fsys.Stat(dir)
	if err != nil {
		return times, 0, err
	}
	times[0] = info.ModTime.UnixNano()
	if n := len(m.Segments); n > 0 {
		if info, err = fsys.Stat(vfs.Join(dir, segment.Name(m.Segments[n-1].Base, segment.LogSuffix))); err != nil {
			return times, 0, err
		}
		times[1], size = info.ModTime.UnixNano(), info.Size
	}
	return times, size, nil
}

// MemoHolds says whether the log in a directory is still as its memo says: two
// looks at times are all that it takes.
func MemoHolds(fsys vfs.FS, dir string, m *logdir.Memo) bool {
	times, size, err := memoTimes(fsys, dir, m)
	n := len(m.Segments)
	return err == nil && times == [2]int64{m.DirTime, m.FileTime} && (n == 0 || size == m.Segments[n-1].Size)
}

// recallProducers takes the producers' state from a memo that is nearer to the
// recovery's beginning than the latest snapshot. What the memo tells of is still
// the log's beginning where the leader epochs say so: a follower that drops
// records gets others of a later epoch.
func (d *loader) recallProducers(latest kafka.Offset) {
	m := d.o.Memo
	if m == nil || m.TopicID != d.topicID || m.End <= d.producers.End() || m.End > latest || len(m.Segments) == 0 {
		return
	}
	then, err := epoch.Parse(m.Epochs)
	if err != nil {
		return
	}
	now := slices.Clone(d.epochs.Entries())
	now = slices.DeleteFunc(now, func(e epoch.Entry) bool { return e.Start >= m.End })
	if !slices.Equal(now, then.Entries()) {
		return
	}
	// After an error the state is as it was.
	_ = d.producers.Load(m.Producers, m.End, d.nowMs(), d.Config().ProducerIDExpirationMs)
}

// remember makes the log what its memo says, which holds. false: the memo cannot
// be read, and the directory has to be.
func (l *Log) remember(o *Options) bool {
	m := o.Memo
	if m == nil || !o.Unchanged || m.TopicID != l.topicID || (len(m.Segments) == 0 && (m.End > 0 || o.LogStart > 0)) {
		return false
	}
	if len(m.Segments) == 0 {
		l.unsynced = unsynced{parent: true, names: true, metadata: true}
		l.unseen = true
		return true
	}
	if o.LogStart > m.End || o.RecoveryPoint > m.End {
		return false // who wrote that had another log
	}
	cache, err := epoch.Parse(m.Epochs)
	if err != nil || l.producers.Load(m.Producers, m.End, kafka.Timestamp(o.Now.UnixMilli()), l.Config().ProducerIDExpirationMs) != nil {
		return false
	}
	l.epochs, l.snapshots = cache, m.Snapshots
	if n := len(m.Snapshots); n > 0 {
		l.lastSnap = m.Snapshots[n-1]
	}
	l.segments = make([]*segment.Segment, len(m.Segments))
	for i, s := range m.Segments {
		place := segment.Place{FS: l.host.fs, Dir: l.dir, Base: s.Base, Buffers: &l.host.buffers}
		l.segments[i] = segment.Open(place, s.Size, o.Now)
		l.size = s.Size
	}
	l.segments[len(l.segments)-1].TimesBehind()
	if m.Aside.Files > 0 {
		aside := m.Aside
		l.aside = &aside
	}
	l.start = max(o.LogStart, m.Segments[0].Base)
	l.end, l.recovery, l.settled, l.hw = m.End, m.End, m.End, l.start
	l.unsynced.epochs = l.epochs.TruncateFromStart(l.start)
	l.producers.LogStart(l.start)
	l.noteUnstable()
	return true
}

// identifyLate makes sure of partition.metadata before the first record of a log
// that was only remembered: it had none, and so the file was never synced. A
// crash may have left a part of it, and a log with records and without an id is
// nobody's.
func (l *Log) identifyLate() error {
	if !l.unseen || l.topicID.IsZero() {
		return nil
	}
	id, err := logdir.ReadTopicID(l.host.fs, l.Dir())
	if err == nil && id.IsZero() {
		err = logdir.WriteTopicID(l.host.fs, l.Dir(), l.topicID)
	}
	if err != nil {
		return err
	}
	l.unseen = false
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unsynced.metadata, l.unsynced.names = true, true
	return nil
}
