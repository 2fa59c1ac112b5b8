package quorum

import (
	"context"
	"fmt"
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
)

// loop is the quorum's one goroutine. Each round takes what has come in, then
// does what Raft wants done: append, sync, send, apply, publish, answer. While
// a sync runs more comes in, and the next round's sync covers all of it.
func (q *Quorum) loop(ctx context.Context) error {
	var ticks <-chan time.Time
	if len(q.members.voters) > 1 {
		ticker := time.NewTicker(q.cfg.ElectionTimeout / ticksPerElection)
		defer ticker.Stop()
		ticks = ticker.C
	}
	if q.members.alone(q.cfg.Env.NodeID) {
		if err := q.raft.Campaign(); err != nil {
			return fmt.Errorf("become the leader of the metadata quorum: %w", err)
		}
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if err := q.work(); err != nil {
			return err
		}
		q.keepPoint(time.Now())
		q.arm(timer)
		requests := q.requests
		if !q.accepts() {
			requests = nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-q.stop:
			return nil
		case r := <-requests:
			q.take(r)
		case m := <-q.inbox:
			q.step(m)
		case <-ticks:
			q.raft.Tick()
		case <-timer.C:
			if err := q.onTimer(time.Now()); err != nil {
				q.cfg.Logger.Warn("a periodic task of the controller failed; it is tried again", "error", err)
			}
		case s := <-q.saved:
			if err := q.onSaved(s, time.Now()); err != nil {
				return err
			}
		}
	}
}

// pause keeps a task that fails from being tried without pause.
const pause = 5 * time.Millisecond

// arm sets the timer for what is due next.
func (q *Quorum) arm(timer *time.Timer) {
	at, ok := q.nextTimer()
	if due, behind := q.pointDue(); behind && (!ok || due.Before(at)) {
		at, ok = due, true
	}
	if ok {
		timer.Reset(max(time.Until(at), pause))
	} else {
		timer.Stop()
	}
}

// take serves a request and those that wait behind it.
func (q *Quorum) take(r *request) {
	for n := 1; ; n++ {
		if q.lead.active {
			q.serve(r, time.Now())
		} else {
			r.reply(nil, kafka.ErrNotController)
		}
		if n == requestsMax || !q.accepts() {
			return
		}
		select {
		case r = <-q.requests:
		default:
			return
		}
	}
}

// step gives the library a message, and those that wait behind it.
func (q *Quorum) step(m *raftpb.Message) {
	for range requestsMax {
		if err := q.raft.Step(m); err != nil {
			q.cfg.Logger.Debug("a message of another voter is refused", "error", err)
		}
		select {
		case m = <-q.inbox:
		default:
			return
		}
	}
}

// work does what the library wants done, until it wants nothing more. An
// error is the log's, and the end.
func (q *Quorum) work() error {
	for q.raft.HasReady() {
		ready := q.raft.Ready()
		if err := q.handle(&ready, time.Now()); err != nil {
			return err
		}
		q.raft.Advance(ready)
	}
	q.updateStatus()
	q.nowReady()
	return nil
}

// handle does one round of the library's wishes, in the order in which Raft is
// safe: what is promised to others is on disk before it is sent.
func (q *Quorum) handle(ready *raft.Ready, now time.Time) error {
	if ready.SoftState != nil {
		q.noteRole(ready.SoftState)
	}
	if !raft.IsEmptySnap(ready.Snapshot) {
		if err := q.install(ready.Snapshot, now); err != nil {
			return err
		}
	}
	if !raft.IsEmptyHardState(ready.HardState) {
		if err := q.saveVote(ready.HardState); err != nil {
			return err
		}
	}
	if len(ready.Entries) > 0 {
		if err := q.append(ready.Entries, now); err != nil {
			return err
		}
	}
	for _, m := range ready.Messages {
		if err := q.send(m); err != nil {
			return err
		}
	}
	if n := len(ready.CommittedEntries); n > 0 {
		return q.commit(kafka.Offset(ready.CommittedEntries[n-1].GetIndex()), now) //nolint:gosec // indexes are small
	}
	return nil
}

// noteRole begins or forgets leadership.
func (q *Quorum) noteRole(s *raft.SoftState) {
	leads := s.RaftState == raft.StateLeader
	epoch := kafka.LeaderEpoch(q.raft.BasicStatus().GetTerm()) //nolint:gosec // terms are leader epochs
	switch {
	case leads && (!q.lead.leading || q.lead.epoch != epoch):
		q.lead.drop(kafka.ErrNotController)
		q.lead.become(epoch)
	case !leads && q.lead.leading:
		q.cfg.Logger.Info("this node is the active controller no more", "epoch", int32(q.lead.epoch))
		q.lead.drop(kafka.ErrNotController)
		q.began = leaderEntry{}
	}
}

// saveVote writes the epoch and vote where they changed. What is committed
// needs no file: a voter learns it anew.
func (q *Quorum) saveVote(h *raftpb.HardState) error {
	next := electionState{epoch: kafka.LeaderEpoch(h.GetTerm()), leader: kafka.NoNode, voted: kafka.NoNode} //nolint:gosec // terms are leader epochs
	if h.GetVote() != raft.None {
		next.voted = nodeID(h.GetVote())
		if next.voted == q.cfg.Env.NodeID {
			next.votedDirectory = q.cfg.DirectoryID
		}
		if q.members.alone(next.voted) { // its vote is the election
			next.leader, next.voted, next.votedDirectory = next.voted, kafka.NoNode, kafka.UUID{}
		}
	}
	if next.epoch == q.state.epoch && next.vote() == q.state.vote() {
		return nil
	}
	if err := q.patiently(func() error { return writeState(q.cfg.FS, q.dir, next, &q.members) }); err != nil {
		return err
	}
	q.state = next
	return nil
}

// appendBytes bounds one write, where a batch is not longer. Segments are much
// longer (metadata.log.segment.bytes is 8 MiB at least).
const appendBytes = 1 << 20

// append writes entries to the log, in place of what conflicts with them, and
// syncs it.
func (q *Quorum) append(entries []*raftpb.Entry, now time.Time) error {
	first := offsetOf(entries[0].GetIndex())
	if first < q.log.log.End() {
		if first < q.applied {
			panic(fmt.Sprintf("quorum: the log would be cut at offset %d below what is applied, %d", first, q.applied))
		}
		if err := q.log.log.Truncate(now, first); err != nil {
			return fmt.Errorf("cut the metadata log at offset %d: %w", first, err)
		}
		if end := q.log.log.End(); end != first {
			return fmt.Errorf("cut the metadata log at offset %d: it ends at %d: %w", first, end, errFailed)
		}
	}
	var out []byte
	for i := 0; i < len(entries); {
		if len(entries[i].Data) == 0 {
			filled, err := q.beginEpoch(entries[i], now)
			if err != nil {
				return err
			}
			entries[i] = filled
		}
		b := batch.Batch(entries[i].Data)
		n := int(b.LastOffset()-b.BaseOffset()) + 1
		if b.BaseOffset() != offsetOf(entries[i].GetIndex()) || i+n > len(entries) {
			panic(fmt.Sprintf("quorum: the batch of offsets %d to %d is torn at entry %d", b.BaseOffset(), b.LastOffset(), entries[i].GetIndex()))
		}
		if len(out) > 0 && int64(len(out)+len(b)) > min(appendBytes, q.cfg.SegmentBytes) {
			if err := q.write(now, out); err != nil {
				return fmt.Errorf("write the metadata log at offset %d: %w", first, err)
			}
			out = out[:0]
		}
		out = append(out, b...)
		i += n
	}
	err := q.write(now, out)
	if err == nil {
		err = q.patiently(q.log.log.Sync)
	}
	if err != nil {
		return fmt.Errorf("write the metadata log at offset %d: %w", first, err)
	}
	if end := q.log.log.End(); end != offsetOf(entries[len(entries)-1].GetIndex())+1 {
		return fmt.Errorf("write the metadata log at offset %d: it ends at %d, not behind what was written: %w", first, end, errFailed)
	}
	q.log.appended(entries)
	return nil
}

// beginEpoch gives the leader's first entry, which the library leaves empty,
// the batch that KRaft has there.
func (q *Quorum) beginEpoch(e *raftpb.Entry, now time.Time) (*raftpb.Entry, error) {
	if !q.lead.leading || kafka.LeaderEpoch(e.GetTerm()) != q.lead.epoch { //nolint:gosec // compared, not used
		panic(fmt.Sprintf("quorum: entry %d of term %d has no batch", e.GetIndex(), e.GetTerm()))
	}
	granted := []kafka.NodeID{q.cfg.Env.NodeID}
	data, err := encodeControl(q.builder, offsetOf(e.GetIndex()), q.lead.epoch, now, q.members.leaderChange(q.cfg.Env.NodeID, granted))
	if err != nil {
		return nil, fmt.Errorf("begin epoch %d in the metadata log: %w", q.lead.epoch, err)
	}
	q.began = leaderEntry{index: e.GetIndex(), data: data}
	index, term := e.GetIndex(), e.GetTerm()
	return &raftpb.Entry{Index: &index, Term: &term, Data: data}, nil
}

// commit applies and publishes the whole batches below end, which is
// committed, and answers. The library may report a batch in parts: what is cut
// waits for its rest.
func (q *Quorum) commit(end kafka.Offset, now time.Time) error {
	for q.applied < end {
		before := q.applied
		q.publishOwn(end)
		if q.applied < end {
			if err := q.applyRead(end); err != nil {
				return err
			}
		}
		if q.applied == before {
			break
		}
	}
	q.committed = q.applied
	q.log.log.Commit(q.committed)
	q.log.release(indexOf(q.applied) - 1)
	q.updateStatus()
	q.respond()
	if q.lead.leading && !q.lead.active && q.began.index != 0 && q.applied >= offsetOf(q.began.index)+1 {
		q.publishFirst()
		if err := q.activate(now); err != nil {
			return err
		}
	}
	if _, ok := q.loader.Image().MetadataLevel(); ok && !q.lead.leading && q.applied == q.committed {
		q.publishFirst() // a follower shows what the leader says is committed
	}
	q.maybeSnapshot(now)
	return nil
}

// applyRead applies the batch at the applied end as it stands in the log, if
// it is whole below end.
func (q *Quorum) applyRead(end kafka.Offset) error {
	entries, err := q.log.Entries(indexOf(q.applied), indexOf(q.applied)+1, batchBytesMax)
	if err != nil {
		return fmt.Errorf("read the metadata log at offset %d: %w", q.applied, err)
	}
	b := batch.Batch(entries[0].Data)
	if len(b) == 0 {
		panic(fmt.Sprintf("quorum: no batch begins at offset %d, where the last one ended", q.applied))
	}
	if b.NextOffset() > end {
		return nil
	}
	if l := &q.lead; len(l.pending) > 0 && l.pending[0].base == q.applied {
		l.bytes -= l.pending[0].bytes
		l.pending = l.pending[1:]
	}
	delta, err := q.applyBatch(b)
	if err != nil {
		return err
	}
	q.publish(delta)
	return nil
}

// applyBatch applies one batch of the log.
func (q *Quorum) applyBatch(b batch.Batch) (*metadata.Delta, error) {
	q.applied = b.NextOffset()
	q.lastAppend = b.MaxTimestamp()
	q.snap.bytes += int64(len(b))
	if b.Control() {
		controls, err := decodeControl(q.cfg.Codecs, b)
		if err != nil {
			return nil, err
		}
		q.members.note(controls)
		q.loader.At(q.applied, b.LeaderEpoch())
		return &metadata.Delta{}, nil
	}
	records, err := decodeRecords(q.cfg.Codecs, b)
	if err != nil {
		return nil, err
	}
	delta, err := q.loader.Apply(b.BaseOffset(), b.LeaderEpoch(), records)
	if err != nil {
		return nil, fmt.Errorf("apply the metadata log: %w", err)
	}
	return delta, nil
}

// publish shows the applied image, in order, to everybody.
func (q *Quorum) publish(delta *metadata.Delta) {
	img := q.loader.Image()
	if !q.published {
		return // the first publication names everything
	}
	q.image.Store(img)
	if !delta.IsEmpty() {
		for _, p := range q.cfg.Publishers {
			p.Publish(img, delta)
		}
	}
}

// publishFirst shows the image for the first time.
func (q *Quorum) publishFirst() {
	if q.published {
		return
	}
	q.published = true
	q.publish(metadata.Diff(metadata.Empty(), q.loader.Image()))
}

// nowReady says that there is something to work on, once it is published.
func (q *Quorum) nowReady() {
	if _, ok := q.image.Load().MetadataLevel(); !ok || !q.published {
		return
	}
	select {
	case <-q.ready:
	default:
		close(q.ready)
	}
}
