package group

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// entry is what stands in the log: a record, or the end of a transaction.
type entry struct {
	offset   kafka.Offset
	producer kafka.ProducerID // -1: outside transactions
	record   coordinator.Record
	end      bool
	commit   bool
}

// offsetsModel drives a shard's offsets, and keeps the log.
type offsetsModel struct {
	t         *rapid.T
	shard     *Shard
	now       time.Time
	log       []entry
	next      kafka.Offset
	committed kafka.Offset // the high watermark
	held      bool
	compacted bool
}

// TestOffsetsAreWhatTheirLogSays: whatever is committed, in transactions and
// outside, ended, deleted, expired, taken back and compacted: what a coordinator
// has in memory is what the next one loads, to the last pending offset.
func TestOffsetsAreWhatTheirLogSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &offsetsModel{t: t, shard: New(offsetsConfig(), &counter{}), now: time.UnixMilli(1_000_000)}
		t.Repeat(map[string]func(*rapid.T){
			"commit":       m.commit,
			"commit in":    m.commitIn,
			"commit in 2":  m.commitIn,
			"end":          m.end,
			"end 2":        m.end,
			"delete":       m.delete,
			"delete group": m.deleteGroup,
			"delete topic": m.deleteTopic,
			"expire":       m.expire,
			"hold":         func(*rapid.T) { m.held = true },
			"release":      func(*rapid.T) { m.held = false; m.settle() },
			"fail":         m.fail,
			"failover":     func(*rapid.T) { m.shard = m.replayed() },
			"compact":      m.compact,
			"":             m.check,
		})
	})
}

func offsetsConfig() Config { return Config{OffsetsRetention: time.Minute}.WithDefaults() }

func (m *offsetsModel) carry(producer kafka.ProducerID, r coordinator.Result) {
	if r.Err != nil {
		return
	}
	for _, record := range r.Records {
		m.append(entry{offset: m.next, producer: producer, record: record})
	}
	if r.Apply != nil {
		r.Apply()
	}
	m.settle()
}

func (m *offsetsModel) append(e entry) {
	must(replayEntry(m.shard, e))
	m.log = append(m.log, e)
	m.next++
}

func replayEntry(s *Shard, e entry) error {
	if e.end {
		return s.ReplayEnd(e.offset, e.producer, e.commit)
	}
	return s.Replay(e.offset, e.producer, e.record)
}

func (m *offsetsModel) settle() {
	if !m.held {
		m.committed = m.next
		m.shard.Commit(m.next)
	}
}

func drawGroup(t *rapid.T) string {
	return rapid.SampledFrom([]string{"g", "h", "i"}).Draw(t, "group")
}

func drawTopic(t *rapid.T) string { return rapid.SampledFrom([]string{"a", "b"}).Draw(t, "topic") }

func drawProducer(t *rapid.T) kafka.ProducerID {
	return kafka.ProducerID(rapid.Int64Range(0, 2).Draw(t, "producer"))
}

func (m *offsetsModel) commit(t *rapid.T) {
	m.now = m.now.Add(time.Second)
	m.carry(kafka.NoProducerID, m.shard.CommitOffsets(m.now, Caller{Version: 8}, &msg.OffsetCommitRequest{
		GroupId: drawGroup(t), GenerationIdOrMemberEpoch: -1, RetentionTimeMs: -1,
		Topics: []msg.OffsetCommitRequestTopic{{Name: drawTopic(t), Partitions: []msg.OffsetCommitRequestPartition{
			{PartitionIndex: rapid.Int32Range(0, 1).Draw(t, "partition"), CommittedOffset: rapid.Int64Range(0, 99).Draw(t, "offset")},
		}}},
	}))
}

func (m *offsetsModel) commitIn(t *rapid.T) {
	m.now = m.now.Add(time.Second)
	producer := drawProducer(t)
	m.carry(producer, m.shard.CommitTransactionOffsets(m.now, Caller{Version: 3}, &msg.TxnOffsetCommitRequest{
		GroupId: drawGroup(t), ProducerId: int64(producer), GenerationIdOrMemberEpoch: -1,
		Topics: []msg.TxnOffsetCommitRequestTopic{{Name: drawTopic(t), Partitions: []msg.TxnOffsetCommitRequestPartition{
			{PartitionIndex: rapid.Int32Range(0, 1).Draw(t, "partition"), CommittedOffset: rapid.Int64Range(0, 99).Draw(t, "offset")},
		}}},
	}))
}

func (m *offsetsModel) end(t *rapid.T) {
	m.append(entry{offset: m.next, producer: drawProducer(t), end: true, commit: rapid.Bool().Draw(t, "commit")})
	m.settle()
}

func (m *offsetsModel) delete(t *rapid.T) {
	m.carry(kafka.NoProducerID, m.shard.DeleteOffsets(&msg.OffsetDeleteRequest{
		GroupId: drawGroup(t), Topics: []msg.OffsetDeleteRequestTopic{{Name: drawTopic(t), Partitions: []msg.OffsetDeleteRequestPartition{{PartitionIndex: 0}}}},
	}))
}

func (m *offsetsModel) deleteGroup(t *rapid.T) {
	m.carry(kafka.NoProducerID, m.shard.DeleteGroups([]string{drawGroup(t)}))
}

func (m *offsetsModel) deleteTopic(t *rapid.T) {
	m.carry(kafka.NoProducerID, m.shard.TopicsDeleted([]coordinator.TopicRef{{Name: drawTopic(t)}}))
}

func (m *offsetsModel) expire(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "seconds")) * time.Second)
	m.carry(kafka.NoProducerID, m.shard.Expire(m.now, coordinator.TimerKey{Kind: expiryTimer}))
}

// fail takes back what is not committed.
func (m *offsetsModel) fail(*rapid.T) {
	m.log = slices.DeleteFunc(m.log, func(e entry) bool { return e.offset >= m.committed })
	m.next, m.held = m.committed, false
	m.shard.Revert(m.now, m.committed)
}

// compact leaves of each key the newest record, up to the first open
// transaction, and nothing of aborted ones.
func (m *offsetsModel) compact(*rapid.T) {
	var kept []entry
	newest := map[string]kafka.Offset{}
	stable := m.firstOpen()
	for i, e := range m.log {
		if e.offset < stable && !e.end && !m.aborted(i) {
			newest[string(e.record.Key)] = e.offset
		}
	}
	for i, e := range m.log {
		if e.offset >= stable || e.end || !m.aborted(i) && newest[string(e.record.Key)] == e.offset {
			kept = append(kept, e)
		}
	}
	m.log, m.compacted = kept, true
}

// aborted says that entry i is of a transaction that was aborted.
func (m *offsetsModel) aborted(i int) bool {
	if m.log[i].producer < 0 {
		return false
	}
	for _, e := range m.log[i+1:] {
		if e.end && e.producer == m.log[i].producer {
			return !e.commit
		}
	}
	return false
}

// firstOpen is the last stable offset.
func (m *offsetsModel) firstOpen() kafka.Offset {
	first := map[kafka.ProducerID]kafka.Offset{}
	for _, e := range m.log {
		_, open := first[e.producer]
		switch {
		case e.offset >= m.committed: // an end that may be taken back is none
		case e.end:
			delete(first, e.producer)
		case e.producer >= 0 && !open:
			first[e.producer] = e.offset
		}
	}
	at := m.committed
	for _, o := range first {
		at = min(at, o)
	}
	return at
}

// replayed is the shard of the next coordinator.
func (m *offsetsModel) replayed() *Shard {
	s := New(offsetsConfig(), &counter{})
	for _, e := range m.log {
		must(replayEntry(s, e))
	}
	s.Commit(m.committed)
	return s
}

func (m *offsetsModel) check(t *rapid.T) {
	live, next := showOffsets(m.shard), showOffsets(m.replayed())
	if live != next {
		t.Fatalf("live:\n%s\nreplayed:\n%s", live, next)
	}
	if m.compacted {
		return // a group whose last offset is gone is known only to who has seen it
	}
	if a, b := showGroups(m.shard), showGroups(m.replayed()); a != b {
		t.Fatalf("live are %s, replayed %s", a, b)
	}
}

func showGroups(s *Shard) string {
	var ids []string
	for id := range s.groups.Sorted(compareStrings) {
		ids = append(ids, id)
	}
	return strings.Join(ids, " ")
}

// showOffsets tells everything that is latest, and what is committed of it.
func showOffsets(s *Shard) string {
	var b strings.Builder
	for group, of := range s.offsets.byGroup.Sorted(compareStrings) {
		for at, c := range of.Sorted(comparePartitions) {
			fmt.Fprintf(&b, "%s %v: %+v\n", group, at, *c)
		}
	}
	for group, of := range s.offsets.byGroup.SortedCommitted(compareStrings) {
		for at, c := range of.SortedCommitted(comparePartitions) {
			fmt.Fprintf(&b, "committed %s %v: %+v\n", group, at, *c)
		}
	}
	for producer, of := range s.offsets.pending.Sorted(compareProducers) {
		for key, c := range of.Sorted(compareGroupPartitions) {
			fmt.Fprintf(&b, "pending %d %v: %+v\n", producer, key, *c)
		}
	}
	for group, open := range s.offsets.open.Sorted(cmp.Compare[string]) {
		for at, n := range open.Sorted(comparePartitions) {
			fmt.Fprintf(&b, "open %s %v: %d\n", group, at, n)
		}
	}
	return b.String()
}
