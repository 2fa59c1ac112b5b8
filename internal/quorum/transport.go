package quorum

import (
	"fmt"

	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// messageBytesMax bounds a message of another voter.
const messageBytesMax = checkpointBytesMax + 1<<20

// entriesPerMessageBytes is what the library puts into one message, about.
const entriesPerMessageBytes = 1 << 20

// send hands a message to the transport. The entry with which this leader
// began has its batch filled in, which the library does not know.
func (q *Quorum) send(m *raftpb.Message) error {
	if q.cfg.Transport == nil {
		return nil
	}
	if m.GetType() == raftpb.MsgApp {
		m = q.withLeaderChange(m)
	}
	out, err := proto.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode a message to voter %d: %w", nodeID(m.GetTo()), err)
	}
	q.cfg.Transport.Send(nodeID(m.GetTo()), out)
	if m.GetType() == raftpb.MsgSnap {
		q.raft.ReportSnapshot(m.GetTo(), snapshotSent)
	}
	return nil
}

// withLeaderChange fills in the batch of the leader's first entry, in a copy.
func (q *Quorum) withLeaderChange(m *raftpb.Message) *raftpb.Message {
	for i, e := range m.GetEntries() {
		if e.GetIndex() != q.began.index || len(e.Data) > 0 {
			continue
		}
		filled := &raftpb.Message{}
		proto.Merge(filled, m)
		filled.Entries[i].Data = q.began.data
		return filled
	}
	return m
}

// decodeMessage reads what another voter sent, checks its batches, and
// completes the last one where the message was cut inside it: the entries that
// follow a batch's first are empty and known from it, and a batch is appended
// whole or not at all.
func decodeMessage(raw []byte) (*raftpb.Message, error) {
	if len(raw) > messageBytesMax {
		return nil, fmt.Errorf("a message of %d bytes is too long", len(raw))
	}
	m := &raftpb.Message{}
	if err := proto.Unmarshal(raw, m); err != nil {
		return nil, fmt.Errorf("decode a message of a voter: %w", err)
	}
	if m.GetType() != raftpb.MsgApp || len(m.GetEntries()) == 0 {
		return m, nil
	}
	missing, err := checkEntries(m)
	if err != nil {
		return nil, err
	}
	last := m.Entries[len(m.Entries)-1]
	for i := range missing {
		index, term := last.GetIndex()+uint64(i)+1, last.GetTerm() //nolint:gosec // bounded by a batch's records
		m.Entries = append(m.Entries, &raftpb.Entry{Index: &index, Term: &term})
	}
	return m, nil
}

// checkEntries checks that the entries are batches in a row, each one's
// offsets and epoch those of its entry, and gives how many entries the last
// lacks. Entries before the first batch continue one that was sent before.
func checkEntries(m *raftpb.Message) (missing int, err error) {
	next := m.GetIndex() + 1
	left, seen := 0, false
	for _, e := range m.GetEntries() {
		if e.GetIndex() != next {
			return 0, fmt.Errorf("entry %d stands where %d is due", e.GetIndex(), next)
		}
		next++
		if len(e.Data) == 0 {
			if left--; seen && left < 0 {
				return 0, fmt.Errorf("entry %d belongs to no batch", e.GetIndex())
			}
			continue
		}
		b, err := wholeBatch(e.Data)
		if err != nil {
			return 0, fmt.Errorf("entry %d: %w", e.GetIndex(), err)
		}
		if seen && left != 0 || b.BaseOffset() != offsetOf(e.GetIndex()) || b.LeaderEpoch() != kafka.LeaderEpoch(e.GetTerm()) { //nolint:gosec // compared, not used
			return 0, fmt.Errorf("entry %d of term %d carries a batch at offset %d of epoch %d", e.GetIndex(), e.GetTerm(), b.BaseOffset(), b.LeaderEpoch())
		}
		seen, left = true, int(b.LastOffset()-b.BaseOffset())
	}
	return max(left, 0), nil
}

// wholeBatch is data as the one batch that it must be.
func wholeBatch(data []byte) (batch.Batch, error) {
	it := batch.Batches(data)
	if !it.Next() || it.Consumed() != len(data) {
		return nil, fmt.Errorf("%d bytes are not one batch", len(data))
	}
	b := it.Batch()
	if err := b.Verify(); err != nil {
		return nil, err
	}
	if n := b.LastOffset() - b.BaseOffset(); n < 0 || n >= batchRecordsRead {
		return nil, fmt.Errorf("a batch of %d records is too large", n+1)
	}
	return b, nil
}
