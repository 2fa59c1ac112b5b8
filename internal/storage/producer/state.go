// Package producer keeps what a partition knows of its idempotent and
// transactional producers, as Kafka's ProducerStateManager: the last five
// batches of each, their epochs, the transactions that are open or not yet
// replicated, and the snapshot of it. It opens no file. Kind: pure
package producer

import (
	"iter"
	"maps"
	"slices"
	"sort"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// window is how many batches of a producer are remembered: a client has at most
// five requests in flight.
const window = 5

// NoSequence is the sequence number of a batch that has none.
const NoSequence int32 = -1

// noCoordinatorEpoch: no marker was seen yet.
const noCoordinatorEpoch int32 = -1

// Batch is a remembered batch.
type Batch struct {
	LastSequence int32
	OffsetDelta  int32 // last offset less the first
	LastOffset   kafka.Offset
	Timestamp    kafka.Timestamp // the batch's maximum
}

// FirstSequence is the sequence number of the batch's first record.
func (b Batch) FirstSequence() int32 {
	return int32((int64(b.LastSequence) - int64(b.OffsetDelta)) & 0x7fffffff)
}

// FirstOffset is the offset of the batch's first record.
func (b Batch) FirstOffset() kafka.Offset { return b.LastOffset - kafka.Offset(b.OffsetDelta) }

// Entry is one producer. Invariant: the batches are of the producer's epoch, the
// oldest first.
type Entry struct {
	ID               kafka.ProducerID
	Epoch            kafka.ProducerEpoch
	count            int8
	CoordinatorEpoch int32           // of the last transaction marker, -1: none
	LastTimestamp    kafka.Timestamp // of the last batch or marker
	TxnFirstOffset   kafka.Offset    // of the open transaction, -1: none
	batches          [window]Batch
}

func emptyEntry(id kafka.ProducerID) Entry {
	return Entry{
		ID: id, Epoch: kafka.NoProducerEpoch, CoordinatorEpoch: noCoordinatorEpoch,
		LastTimestamp: kafka.NoTimestamp, TxnFirstOffset: kafka.NoOffset,
	}
}

// Batches are the remembered batches, the oldest first.
func (e *Entry) Batches() []Batch { return e.batches[:e.count] }

// Last is the last batch; false where none is remembered.
func (e *Entry) Last() (Batch, bool) {
	if e.count == 0 {
		return Batch{LastSequence: NoSequence, LastOffset: kafka.NoOffset}, false
	}
	return e.batches[e.count-1], true
}

// LastSequence is that of the last batch, -1 where none is remembered.
func (e *Entry) LastSequence() int32 {
	last, _ := e.Last()
	return last.LastSequence
}

func (e *Entry) setEpoch(epoch kafka.ProducerEpoch) {
	if e.Epoch != epoch {
		e.Epoch, e.count = epoch, 0
	}
}

func (e *Entry) add(epoch kafka.ProducerEpoch, b Batch) {
	e.setEpoch(epoch)
	if e.count == window {
		copy(e.batches[:], e.batches[1:])
		e.count--
	}
	e.batches[e.count] = b
	e.count++
	e.LastTimestamp = b.Timestamp
}

// find gives the remembered batch of exactly these sequence numbers.
func (e *Entry) find(epoch kafka.ProducerEpoch, first, last int32) (Batch, bool) {
	if epoch != e.Epoch {
		return Batch{}, false
	}
	for _, b := range e.Batches() {
		if b.FirstSequence() == first && b.LastSequence == last {
			return b, true
		}
	}
	return Batch{}, false
}

func (e *Entry) expired(now kafka.Timestamp, afterMs int64) bool {
	return e.TxnFirstOffset < 0 && int64(now-e.LastTimestamp) >= afterMs
}

// txn is a transaction: open, or (with last) decided and not yet replicated.
type txn struct {
	first, last kafka.Offset
	id          kafka.ProducerID
}

// State is what one partition knows of its producers. The zero value is empty.
// It is not safe for concurrent use.
type State struct {
	producers map[kafka.ProducerID]*Entry
	open      []txn // by first offset
	decided   []txn // markers at or above the high watermark, by first offset
	end       kafka.Offset

	verifications map[kafka.ProducerID]*verification
	guards        Guard // the last that was given

	staged    []stagedEntry // see Check
	completed []Completed
	settled   []kafka.ProducerID // whose verification is over with the append
}

// End is the offset up to which the log is reflected here.
func (s *State) End() kafka.Offset { return s.end }

// SetEnd says that everything below end is reflected.
func (s *State) SetEnd(end kafka.Offset) { s.end = end }

// Len is how many producers are known.
func (s *State) Len() int { return len(s.producers) }

// Empty says that nothing is known that a rebuild could change.
func (s *State) Empty() bool { return len(s.producers) == 0 && len(s.decided) == 0 }

// Entry gives a known producer, nil otherwise. It must not be changed.
func (s *State) Entry(id kafka.ProducerID) *Entry { return s.producers[id] }

// All walks the producers, in no order. They must not be changed.
func (s *State) All() iter.Seq[*Entry] { return maps.Values(s.producers) }

// Entries lists the producers by id. They must not be changed.
func (s *State) Entries() []*Entry {
	all := make([]*Entry, 0, len(s.producers))
	for _, e := range s.producers {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *Entry) int { return int(min(max(a.ID-b.ID, -1), 1)) })
	return all
}

// Reset forgets everything and begins at end. A guard is never given again.
func (s *State) Reset(end kafka.Offset) { *s = State{end: end, guards: s.guards} }

// Expire forgets the producers without an open transaction that wrote nothing
// for afterMs or longer, and the verifications that are as old.
func (s *State) Expire(now kafka.Timestamp, afterMs int64) {
	for id, e := range s.producers {
		if e.expired(now, afterMs) {
			delete(s.producers, id)
		}
	}
	for id, v := range s.verifications {
		if int64(now-v.since) >= afterMs {
			delete(s.verifications, id)
		}
	}
}

// put takes an entry in, with its open transaction.
func (s *State) put(e Entry) {
	if s.producers == nil {
		s.producers = map[kafka.ProducerID]*Entry{}
	}
	s.producers[e.ID] = &e
	if e.TxnFirstOffset >= 0 {
		s.open = insert(s.open, txn{first: e.TxnFirstOffset, last: kafka.NoOffset, id: e.ID})
	}
}

func insert(list []txn, t txn) []txn {
	at := sort.Search(len(list), func(i int) bool { return list[i].first >= t.first })
	if at < len(list) && list[at].first == t.first {
		list[at] = t
		return list
	}
	return slices.Insert(list, at, t)
}

// FirstUnstable is the first offset of the earliest transaction that is open,
// or decided by a marker that is not yet below the high watermark.
func (s *State) FirstUnstable() (kafka.Offset, bool) {
	switch {
	case len(s.open) == 0 && len(s.decided) == 0:
		return 0, false
	case len(s.open) == 0:
		return s.decided[0].first, true
	case len(s.decided) == 0:
		return s.open[0].first, true
	}
	return min(s.open[0].first, s.decided[0].first), true
}

// FirstOpen is the first offset of the earliest open transaction.
func (s *State) FirstOpen() (kafka.Offset, bool) {
	if len(s.open) == 0 {
		return 0, false
	}
	return s.open[0].first, true
}

// HighWatermark says that all below hw is replicated: decided transactions
// whose markers are among it are stable.
func (s *State) HighWatermark(hw kafka.Offset) {
	s.decided = slices.DeleteFunc(s.decided, func(t txn) bool { return t.last < hw })
}

// LogStart says that the log begins at start now.
func (s *State) LogStart(start kafka.Offset) {
	s.HighWatermark(start)
	s.end = max(s.end, start)
}

// LastStable is the last stable offset that holds once c is complete: what the
// transaction index records with it.
func (s *State) LastStable(c Completed) kafka.Offset {
	for _, t := range s.open {
		if t.id != c.ID {
			return t.first
		}
	}
	return c.LastOffset + 1
}

// Complete takes a transaction from the open to the decided ones.
func (s *State) Complete(c Completed) {
	at := sort.Search(len(s.open), func(i int) bool { return s.open[i].first >= c.FirstOffset })
	if at == len(s.open) || s.open[at].first != c.FirstOffset {
		panic("producer: a transaction ends that did not begin")
	}
	s.open = slices.Delete(s.open, at, at+1)
	s.decided = insert(s.decided, txn{first: c.FirstOffset, last: c.LastOffset, id: c.ID})
}
