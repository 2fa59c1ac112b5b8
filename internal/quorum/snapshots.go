package quorum

import (
	"fmt"
	"slices"
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// snapshotting is when snapshots are due and whether one is being written.
type snapshotting struct {
	last    snapshotID
	at      time.Time // when last was written; zero: before this start
	bytes   int64     // applied since last
	running bool
}

// savedSnapshot is the end of a snapshot's writing.
type savedSnapshot struct {
	id  snapshotID
	err error
}

// maybeSnapshot begins a snapshot where enough was applied since the last, or
// something was and the interval is over. It is written beside the quorum's
// goroutine, from the image, which does not change.
func (q *Quorum) maybeSnapshot(now time.Time) {
	s := &q.snap
	if s.at.IsZero() {
		s.at = now
	}
	due := s.bytes >= q.cfg.SnapshotBytes || q.cfg.SnapshotInterval > 0 && s.bytes > 0 && now.Sub(s.at) >= q.cfg.SnapshotInterval
	_, open := q.loader.Transaction()
	if s.running || !due || open || q.applied == s.last.end {
		return
	}
	img := q.loader.Image()
	id := snapshotID{end: q.applied, epoch: img.Epoch}
	members, lastAppend := membership{version: q.members.version, voters: slices.Clone(q.members.voters)}, q.lastAppend
	s.running, s.bytes, s.at = true, 0, now
	fsys, dir, saved := q.cfg.FS, q.dir, q.saved
	go func() {
		content, err := encodeCheckpoint(id, now, lastAppend, &members, img.Records())
		if err == nil {
			err = writeCheckpoint(fsys, dir, id, content)
		}
		saved <- savedSnapshot{id: id, err: err}
	}()
}

// snapshotAtCloseBytes is what must have been applied since the last snapshot
// to be worth one at the end: it spares the next start the reading.
const snapshotAtCloseBytes = 256 << 10

// snapshotAtClose writes a last snapshot. Without it nothing is lost.
func (q *Quorum) snapshotAtClose(now time.Time) {
	_, open := q.loader.Transaction()
	if q.snap.bytes < snapshotAtCloseBytes || open || q.applied == q.snap.last.end {
		return
	}
	img := q.loader.Image()
	id := snapshotID{end: q.applied, epoch: img.Epoch}
	content, err := encodeCheckpoint(id, now, q.lastAppend, &q.members, img.Records())
	if err == nil {
		err = writeCheckpoint(q.cfg.FS, q.dir, id, content)
	}
	if err != nil {
		q.cfg.Logger.Error("no metadata snapshot", "error", err)
	}
}

// waitForSnapshot waits for the one that is being written.
func (q *Quorum) waitForSnapshot() {
	if q.snap.running {
		<-q.saved
		q.snap.running = false
	}
}

// onSaved notes a snapshot that is on disk, and lets go of what it and newer
// ones make superfluous.
func (q *Quorum) onSaved(s savedSnapshot, now time.Time) error {
	q.snap.running = false
	if s.err != nil {
		// The log is whole: nothing is lost, and the next one may succeed.
		q.cfg.Logger.Error("no metadata snapshot", "error", s.err)
		return nil
	}
	q.snap.last = s.id
	q.snapshots = append(q.snapshots, s.id)
	q.cfg.Logger.Debug("metadata snapshot written", "offset", int64(s.id.end), "epoch", int32(s.id.epoch))
	return q.clean(now)
}

// clean removes the oldest snapshots, and the segments below the oldest that
// is left, where they are more than the retention allows. The newest stays.
func (q *Quorum) clean(now time.Time) error {
	total, err := q.bytesOnDisk()
	if err != nil {
		return err
	}
	removed := false
	for len(q.snapshots) > 1 {
		oldest := q.snapshots[0]
		info, err := q.cfg.FS.Stat(vfs.Join(q.dir, oldest.file()))
		if err != nil {
			return fmt.Errorf("clean the metadata snapshots: %w", err)
		}
		if total <= q.cfg.RetentionBytes && now.Sub(info.ModTime) <= q.cfg.Retention {
			break
		}
		// The log goes first: a crash in between leaves a snapshot too many.
		next := q.snapshots[1]
		if err := q.log.log.Trim(now, next.end); err != nil {
			return fmt.Errorf("clean the metadata log below offset %d: %w", next.end, err)
		}
		q.log.first = next
		if err := q.cfg.FS.Remove(vfs.Join(q.dir, oldest.file())); err != nil {
			return fmt.Errorf("clean the metadata snapshots: %w", err)
		}
		q.snapshots = q.snapshots[1:]
		removed = true
		if total, err = q.bytesOnDisk(); err != nil {
			return err
		}
	}
	if removed {
		if err := q.cfg.FS.SyncDir(q.dir); err != nil {
			return fmt.Errorf("clean the metadata snapshots: %w", err)
		}
	}
	return nil
}

func (q *Quorum) bytesOnDisk() (int64, error) {
	total := q.log.log.Bytes()
	for _, id := range q.snapshots {
		info, err := q.cfg.FS.Stat(vfs.Join(q.dir, id.file()))
		if err != nil {
			return 0, fmt.Errorf("size of the metadata snapshots: %w", err)
		}
		total += info.Size
	}
	return total, nil
}

// snapshotForVoter gives the newest snapshot's file to the library, for a
// voter that needs what the log has no more.
func (q *Quorum) snapshotForVoter() (*raftpb.Snapshot, error) {
	if len(q.snapshots) == 0 {
		return nil, raft.ErrSnapshotTemporarilyUnavailable
	}
	id := q.snapshots[len(q.snapshots)-1]
	content, err := vfs.ReadFile(q.cfg.FS, vfs.Join(q.dir, id.file()), checkpointBytesMax)
	if err != nil {
		return nil, fmt.Errorf("read a metadata snapshot for another voter: %w", err)
	}
	index, term := uint64(id.end), uint64(id.epoch) //nolint:gosec // not negative
	return &raftpb.Snapshot{Data: content, Metadata: &raftpb.SnapshotMetadata{
		ConfState: q.log.conf, Index: &index, Term: &term,
	}}, nil
}

// install takes a snapshot that the leader sent in place of everything here.
func (q *Quorum) install(s *raftpb.Snapshot, now time.Time) error {
	id := snapshotID{
		end:   kafka.Offset(s.GetMetadata().GetIndex()),     //nolint:gosec // checked by the sender
		epoch: kafka.LeaderEpoch(s.GetMetadata().GetTerm()), //nolint:gosec // checked by the sender
	}
	c, err := decodeCheckpoint(q.cfg.Codecs, s.Data)
	if err != nil {
		return fmt.Errorf("the snapshot %s that the leader sent: %w", id.file(), err)
	}
	q.waitForSnapshot()
	if err := writeCheckpoint(q.cfg.FS, q.dir, id, s.Data); err != nil {
		return err
	}
	if err := q.log.log.Reset(now, id.end); err != nil {
		return fmt.Errorf("begin the metadata log at the snapshot's end, offset %d: %w", id.end, err)
	}
	before := q.loader.Image()
	if err := q.loadImage(id, c); err != nil {
		return err
	}
	q.log.first, q.log.tail = id, nil
	q.snapshots = append(q.snapshots, id)
	q.snap = snapshotting{last: id, at: now}
	if q.published {
		q.publish(metadata.Diff(before, q.loader.Image()))
	}
	return nil
}
