package quorum

import (
	"fmt"
	"io/fs"
	"slices"
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// recover reads what is on disk: the vote, the newest whole snapshot, and the
// log, which must reach from the snapshot on.
func (q *Quorum) recover(l log, now time.Time) error {
	if ok, err := vfs.Exists(q.cfg.FS, q.dir); err != nil {
		return fmt.Errorf("open the metadata log: %w", err)
	} else if !ok {
		return fmt.Errorf("open the metadata log: %s is not formatted: %w", q.dir, fs.ErrNotExist)
	}
	var err error
	if q.state, err = readState(q.cfg.FS, q.dir); err != nil {
		return err
	}
	if q.snapshots, err = listCheckpoints(q.cfg.FS, q.dir); err != nil {
		return err
	}
	q.members = membership{voters: slices.Clone(q.cfg.Voters)}
	if err := q.loadSnapshots(); err != nil {
		return err
	}
	var newest snapshotID
	if len(q.snapshots) > 0 {
		newest = q.snapshots[len(q.snapshots)-1]
	}
	if l == nil {
		if l, err = q.openLog(newest, now); err != nil {
			return err
		}
	}
	if err := q.joinSnapshotAndLog(l, newest, now); err != nil {
		return err
	}
	if err := q.noteMembers(l); err != nil {
		return q.explain(err, newest)
	}
	if len(q.members.voters) == 0 {
		q.members.voters = []Voter{{ID: q.cfg.Env.NodeID, DirectoryID: q.cfg.DirectoryID}}
	}
	sortVoters(q.members.voters)
	return q.startRaft(l)
}

// loadSnapshots begins with the newest snapshot. The one at offset 0 is no
// image: its records are what the first leader writes.
func (q *Quorum) loadSnapshots() error {
	q.loader = metadata.NewLoader(metadata.Empty())
	if len(q.snapshots) > 0 && q.snapshots[0] == (snapshotID{}) {
		c, err := readCheckpoint(q.cfg.FS, q.cfg.Codecs, q.dir, snapshotID{})
		if err != nil {
			return err
		}
		q.bootstrap = c.records
		q.adopt(&c.members)
		q.snapshots = q.snapshots[1:]
	}
	if len(q.snapshots) == 0 {
		return nil
	}
	id := q.snapshots[len(q.snapshots)-1]
	c, err := readCheckpoint(q.cfg.FS, q.cfg.Codecs, q.dir, id)
	if err != nil {
		return err
	}
	return q.loadImage(id, c)
}

// adopt takes the voters of a snapshot where it names any.
func (q *Quorum) adopt(m *membership) {
	if m.version > 0 {
		q.members.version = m.version
	}
	if len(m.voters) > 0 {
		q.members.voters = m.voters
	}
}

// loadImage makes a snapshot's image the one to go on from.
func (q *Quorum) loadImage(id snapshotID, c *checkpoint) error {
	img, _, err := metadata.Empty().Apply(0, id.epoch, c.records)
	if err != nil {
		return fmt.Errorf("load the metadata snapshot %s: %w", id.file(), err)
	}
	q.loader = metadata.NewLoader(img.At(id.end, id.epoch))
	q.adopt(&c.members)
	q.applied, q.committed, q.lastAppend = id.end, id.end, c.lastAppend
	return nil
}

// joinSnapshotAndLog makes the log continue the newest snapshot: one that ends
// before it (the snapshot came from another voter) begins anew at its end.
func (q *Quorum) joinSnapshotAndLog(l log, newest snapshotID, now time.Time) error {
	switch {
	case l.Start() > newest.end:
		return fmt.Errorf("the metadata log in %s begins at offset %d, and the newest snapshot ends at %d: records are missing",
			q.dir, l.Start(), newest.end)
	case l.End() < newest.end:
		if err := l.Reset(now, newest.end); err != nil {
			return fmt.Errorf("begin the metadata log at the snapshot's end, offset %d: %w", newest.end, err)
		}
	}
	return nil
}

// noteMembers looks for control records behind the snapshot that change the
// voters.
func (q *Quorum) noteMembers(l log) error {
	return eachBatch(l, max(q.applied, l.Start()), l.End(), func(b batch.Batch) error {
		if !b.Control() {
			return nil
		}
		controls, err := decodeControl(q.cfg.Codecs, b)
		if err != nil {
			return err
		}
		q.members.note(controls)
		return nil
	})
}

// readBytes is how much of the log is read at a time.
const readBytes = 1 << 20

// eachBatch walks the batches from an offset on and below end.
func eachBatch(l log, from, end kafka.Offset, visit func(batch.Batch) error) error {
	for from < end {
		batches, err := l.Read(from, readBytes)
		if err != nil {
			return fmt.Errorf("read the metadata log at offset %d: %w", from, err)
		}
		before := from
		for it := batch.Batches(batches); it.Next() && from < end; from = it.Batch().NextOffset() {
			if err := visit(it.Batch()); err != nil {
				return err
			}
		}
		if from == before {
			return fmt.Errorf("read the metadata log at offset %d: there is no whole batch before its end, %d", from, end)
		}
	}
	return nil
}

// startRaft makes the library's state of what was read.
func (q *Quorum) startRaft(l log) error {
	self := raftID(q.cfg.Env.NodeID)
	hard := &raftpb.HardState{}
	term, vote, commit := uint64(q.state.epoch), raft.None, uint64(q.committed) //nolint:gosec // epochs and offsets are not negative
	if v := q.state.vote(); v != kafka.NoNode {
		vote = raftID(v)
	}
	if end := l.End(); end > 0 { // the vote's file may be older than the log: Kafka's leaders write it late
		if epoch := l.EpochAt(end - 1); uint64(max(epoch, 0)) > term { //nolint:gosec // not negative
			term, vote = uint64(epoch), raft.None //nolint:gosec // not negative
		}
	}
	if q.members.alone(q.cfg.Env.NodeID) {
		commit = uint64(l.End()) //nolint:gosec // offsets are not negative
		q.committed = l.End()
	}
	hard.Term, hard.Vote, hard.Commit = &term, &vote, &commit
	q.log = &raftLog{log: l, hard: hard, conf: &raftpb.ConfState{Voters: q.members.ids()}, snapshot: q.snapshotForVoter}
	if n := len(q.snapshots); n > 0 {
		q.log.first = q.oldestKept(l)
		q.snap.last = q.snapshots[n-1]
	}
	l.Commit(q.committed)
	if err := q.applyLog(l, q.committed); err != nil {
		return err
	}
	node, err := raft.NewRawNode(&raft.Config{
		ID: self, ElectionTick: ticksPerElection, HeartbeatTick: 1, Storage: q.log,
		Applied: uint64(q.applied), MaxSizePerMsg: q.cfg.messageBytes, MaxInflightMsgs: 64, //nolint:gosec // not negative
		CheckQuorum: true, PreVote: true, Logger: raftLogger{q.cfg.Logger},
	})
	if err != nil {
		return fmt.Errorf("start the metadata quorum: %w", err)
	}
	q.raft = node
	return nil
}

// oldestKept is the snapshot at which the library's log begins: the oldest
// that the log still continues. Where the log is whole it begins at 0.
func (q *Quorum) oldestKept(l log) snapshotID {
	if l.Start() == 0 {
		return snapshotID{}
	}
	for _, id := range q.snapshots {
		if id.end >= l.Start() {
			return id
		}
	}
	return q.snapshots[len(q.snapshots)-1]
}

// applyLog applies what is committed and on disk, without publishing it.
func (q *Quorum) applyLog(l log, end kafka.Offset) error {
	return eachBatch(l, q.applied, end, func(b batch.Batch) error {
		_, err := q.applyBatch(b)
		return err
	})
}
