package partition

import (
	"fmt"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Load opens what is in the log directories for the newest published image,
// and makes what is missing. Directories that the image does not know are set
// aside (as topic-n.<id>-stray), never removed: metadata may be what is lost.
func (s *Set) Load() error {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	img, now := s.image.Load(), time.Now()
	var found []foundLog
	for _, d := range s.dirs {
		if d.failed() != nil || s.takenAway(d) {
			continue
		}
		list, err := s.scan(now, d, img)
		if s.failed(d, "load", err); d.failed() != nil {
			continue // the others go on
		}
		if err != nil {
			return fmt.Errorf("load log directory %s: %w", d.Path, err)
		}
		found = append(found, list...)
	}
	s.adopt(found)
	s.recoverLogs(now, found)
	s.tellAside(found)
	for i := range found {
		if found[i].p.offline() != nil {
			found[i].p.goOffline()
		}
	}
	if s.LiveDirs() == 0 {
		return s.noneLeft()
	}
	for t := range img.Topics.All() {
		delta := metadata.TopicDelta{Topic: t}
		for n := range t.All() {
			delta.Partitions = append(delta.Partitions, n)
		}
		s.changeTopic(now, img, &delta)
	}
	s.leave(forever)
	s.loaded = true
	return nil
}

// foundLog is a partition's directory that belongs to the image.
type foundLog struct {
	p       *Partition
	t       *topic
	options storage.Options
	hw      kafka.Offset
	noRoom  bool // there was none for its recovery
}

// scan lists the logs of d that the image knows, and sets the others aside.
func (s *Set) scan(now time.Time, d *logDir, img *metadata.Image) ([]foundLog, error) {
	fsys := s.cfg.Host.FS()
	clean, _, err := logdir.ReadClean(fsys, d.Path)
	if err != nil {
		return nil, err
	}
	if clean {
		// Before the mark goes: without it the next start would put the journal back.
		if err := s.keepJournal(d); err != nil {
			return nil, err
		}
	}
	if err := logdir.RemoveClean(fsys, d.Path); err != nil {
		return nil, err
	}
	var checkpoints [4]map[kafka.TopicPartition]kafka.Offset
	for i, name := range [...]string{logdir.RecoveryPointFile, logdir.LogStartFile, logdir.HighWatermarkFile, logdir.CleanerFile} {
		if checkpoints[i], err = logdir.ReadOffsets(fsys, vfs.Join(d.Path, name)); err != nil {
			if vfs.IsFailed(err) {
				return nil, err
			}
			// It is a hint: without it more is verified, or less is visible
			// until the leader says more.
			s.cfg.Log.Warn("a checkpoint file cannot be read; it is taken for empty", "file", vfs.Join(d.Path, name), "error", err)
			clean = clean && name == logdir.CleanerFile
		}
	}
	if err := s.openJournal(d, checkpoints[0]); err != nil {
		return nil, err
	}
	dirs, err := logdir.Scan(fsys, d.Path)
	if err != nil {
		return nil, err
	}
	looks := s.look(d, dirs, s.memosOf(d, clean))
	found := make([]foundLog, 0, len(dirs))
	for i, dir := range dirs {
		path := vfs.Join(d.Path, dir.Name)
		switch dir.State {
		case logdir.Delete:
			s.chores.remove(d, path, now.Add(time.Duration(s.deleteDelayMs())*time.Millisecond))
			continue
		case logdir.Future, logdir.Stray:
			s.cfg.Log.Warn("a directory is left alone", "dir", path)
			continue
		case logdir.Live:
		}
		if looks[i].err != nil {
			return nil, looks[i].err
		}
		flushed := clean || checkpoints[0][dir.TopicPartition] > 0
		t, known, err := s.owner(img, dir.TopicPartition, path, looks[i].id, flushed)
		if err != nil {
			return nil, err
		}
		if !known {
			if err := s.setAside(d, dir); err != nil {
				return nil, err
			}
			continue
		}
		found = append(found, foundLog{t: t, p: &Partition{set: s, tp: dir.TopicPartition, topicID: t.id, dir: d, config: &t.config, found: true},
			options: storage.Options{
				Clean: clean, RecoveryPoint: checkpoints[0][dir.TopicPartition], Settled: checkpoints[0][dir.TopicPartition],
				LogStart: checkpoints[1][dir.TopicPartition], Memo: looks[i].memo, Unchanged: looks[i].unchanged,
			},
			hw: checkpoints[2][dir.TopicPartition]})
		cleaned, known := checkpoints[3][dir.TopicPartition]
		if !known {
			cleaned = kafka.NoOffset
		}
		found[len(found)-1].p.cleaned.Store(int64(cleaned))
	}
	s.tellLost(d, img, checkpoints[0], found)
	d.removed.Store(hasOthers(checkpoints[0], found) || hasOthers(checkpoints[1], found) || hasOthers(checkpoints[3], found))
	return found, nil
}

// tellLost names partitions of this broker that had records in d by its
// checkpoint file, and have no directory there any more.
func (s *Set) tellLost(d *logDir, img *metadata.Image, points map[kafka.TopicPartition]kafka.Offset, found []foundLog) {
	there := make(map[kafka.TopicPartition]bool, len(found))
	for i := range found {
		there[found[i].p.tp] = true
	}
	for tp, point := range points {
		m, known := img.Topics.ByName(tp.Topic)
		if !known || point == 0 || there[tp] {
			continue
		}
		if reg, ok := m.Partition(tp.Partition); ok && reg.HasReplica(s.cfg.NodeID) {
			s.cfg.Log.Error("the directory of a partition is gone; unless another log directory has it, the partition begins anew and is empty",
				"partition", tp, "dir", d.pathOf(tp), "recordsBelow", point)
		}
	}
}

// hasOthers says whether a checkpoint file has offsets of logs that were not found.
func hasOthers(offsets map[kafka.TopicPartition]kafka.Offset, found []foundLog) bool {
	n := 0
	for i := range found {
		if _, ok := offsets[found[i].p.tp]; ok {
			n++
		}
	}
	return n < len(offsets)
}

func (s *Set) deleteDelayMs() int64 { t := s.cfg.Broker().TopicDefaults(); return t.FileDeleteDelayMs }

// look is what a partition's directory says of itself.
type look struct {
	id   kafka.TopicID
	memo *logdir.Memo
	// unchanged: the memo holds.
	unchanged bool
	err       error
}

// look reads the topic ids of the directories, several at a time, or takes them
// from memos.
func (s *Set) look(d *logDir, dirs []logdir.Partition, memos logdir.Memos) []look {
	looks := make([]look, len(dirs))
	fsys := s.cfg.Host.FS()
	s.spread(len(dirs), func(i int) {
		if dirs[i].State != logdir.Live {
			return
		}
		path := vfs.Join(d.Path, dirs[i].Name)
		if memo := memos.Of[dirs[i].TopicPartition]; memo != nil {
			looks[i].memo, looks[i].unchanged = memo, memo.DirTime <= memos.Written && memo.FileTime <= memos.Written && storage.MemoHolds(fsys, path, memo)
			if looks[i].unchanged {
				looks[i].id = memo.TopicID
				return
			}
		}
		looks[i].id, looks[i].err = logdir.ReadTopicID(fsys, path)
	})
	return looks
}

// owner finds the topic that a directory belongs to: the one of its name and,
// where the directory has an id, of its id. One that has records, but no id,
// and was never flushed, has lost its id in a crash: it may be that of a deleted
// topic of the same name.
func (s *Set) owner(img *metadata.Image, tp kafka.TopicPartition, path string, id kafka.TopicID, flushed bool) (*topic, bool, error) {
	m, ok := img.Topics.ByName(tp.Topic)
	if !ok {
		return nil, false, nil
	}
	reg, ok := m.Partition(tp.Partition)
	if !ok || !reg.HasReplica(s.cfg.NodeID) || (!id.IsZero() && id != m.ID) {
		return nil, false, nil
	}
	if id.IsZero() && !flushed {
		records, err := logdir.HasRecords(s.cfg.Host.FS(), path)
		if records || err != nil {
			return nil, false, err
		}
	}
	t := s.byID[m.ID]
	if t == nil {
		t = s.topicFor(img, m)
		t.partitions = make([]*Partition, m.NumPartitions())
		s.byName[t.name], s.byID[t.id] = t, t
	}
	return t, true, nil
}

func (s *Set) setAside(d *logDir, dir logdir.Partition) error {
	id, err := kafka.NewUUID(s.cfg.Rand)
	if err != nil {
		return err
	}
	from, to := vfs.Join(d.Path, dir.Name), vfs.Join(d.Path, logdir.Rename(dir.TopicPartition, id, logdir.Stray))
	s.cfg.Log.Warn("a partition's directory is not in the metadata; it is set aside, not removed", "dir", from, "now", to)
	return d.Space.Spare().Rename(from, to)
}

// adopt gives every found log its place, once: where two directories hold the
// same partition the first has it.
func (s *Set) adopt(found []foundLog) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range found {
		f := &found[i]
		n := f.p.tp.Partition
		if f.t.partitions[n] != nil {
			s.cfg.Log.Error("a partition is in two directories; the second is left alone", "partition", f.p.tp,
				"first", f.t.partitions[n].dir.Path, "second", f.p.dir.Path)
			continue
		}
		f.p.role.Store(&role{leader: kafka.NoNode, epoch: kafka.NoLeaderEpoch})
		f.p.dir.partitions.Add(1)
		f.t.partitions[n] = f.p
	}
}

// recoverLogs opens the found logs, several at a time, and tells how it goes.
func (s *Set) recoverLogs(now time.Time, found []foundLog) {
	byPartition := make(map[*Partition]*foundLog, len(found))
	list := make([]*Partition, 0, len(found))
	for i := range found {
		if f := &found[i]; f.t.partitions[f.p.tp.Partition] == f.p {
			byPartition[f.p] = f
			list = append(list, f.p)
		}
	}
	progress := s.cfg.Progress.begin(s, list)
	defer s.cfg.Progress.tell(s.cfg.Log)()
	s.parallel(list, func(p *Partition) {
		f, dir := byPartition[p], progress[p.dir]
		defer dir.logsDone.Add(1)
		f.options.Scan = dir.scanned
		s.recoverLog(now, f)
		f.options.Scan = nil // what is tried again is not counted again
	})
	s.recoverTight(now, list, byPartition)
}

// recoverLog opens a log that was found.
func (s *Set) recoverLog(now time.Time, f *foundLog) {
	log, err := s.openLog(now, f.p, f.options)
	if f.noRoom = vfs.IsNoSpace(err); err != nil {
		f.p.unopened = [3]kafka.Offset{f.options.RecoveryPoint, f.options.LogStart, f.hw}
		f.options = again(f.options)
		return
	}
	log.SetHighWatermark(min(f.hw, log.LogEndOffset()))
	if memo := f.options.Memo; memo != nil && f.options.Unchanged && !log.Unsettled() {
		f.p.memo.Store(memo)
		f.p.memoTried.Store(true)
	}
}
