package producer

import (
	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Rules say how strictly a batch is checked.
type Rules struct {
	Partition kafka.TopicPartition // for messages
	Origin    batch.Origin
	// TransactionVersion is that of a marker; 2 wants an epoch above the
	// producer's.
	TransactionVersion int16
	// VerifyTransactions refuses a client's or coordinator's first transactional
	// batch without the Guard of a verification that is still good.
	VerifyTransactions bool
	Guard              Guard
}

// Marker is the content of a control record that ends a transaction.
type Marker struct {
	Commit           bool
	CoordinatorEpoch int32
	Timestamp        kafka.Timestamp
}

// Completed is a transaction that a marker ended.
type Completed struct {
	ID          kafka.ProducerID
	FirstOffset kafka.Offset
	LastOffset  kafka.Offset // of the marker
	Aborted     bool
}

// stagedEntry is a producer as it will be after the append that is being
// checked.
type stagedEntry struct {
	Entry
	known  bool // something was known before the append
	filled bool // batches were known before the append
	began  kafka.Offset
}

// Duplicate finds the batch in the producer's window; the retry of a batch that
// was written is answered with its offsets and not written again.
func (s *State) Duplicate(b batch.Batch) (Batch, bool) {
	e := s.producers[b.ProducerID()]
	if e == nil {
		return Batch{}, false
	}
	return e.find(b.ProducerEpoch(), b.BaseSequence(), b.LastSequence())
}

// Check checks a batch of a producer (b.HasProducerID) that stands in the log at
// its base offset, and stages what it changes. Batches of one append are checked
// in order, and then all taken by Commit or all forgotten by Discard. marker is
// the content of a control batch, nil where it is empty (compacted away).
func (s *State) Check(b batch.Batch, marker *Marker, r *Rules) error {
	if b.Transactional() && (r.Origin == batch.FromClient || r.Origin == batch.FromCoordinator) {
		if err := s.checkTransaction(b, r); err != nil {
			return err
		}
	}
	e := s.stage(b.ProducerID())
	var err error
	switch {
	case !b.Control():
		err = checkData(e, b, r, s.verifications[b.ProducerID()])
	case marker != nil:
		err = s.checkMarker(e, b, marker, r)
	}
	if err == nil && b.Transactional() {
		s.verified(b)
	}
	return err
}

// stage gives the producer as the append leaves it so far.
func (s *State) stage(id kafka.ProducerID) *stagedEntry {
	for i := range s.staged {
		if s.staged[i].ID == id {
			return &s.staged[i]
		}
	}
	x := stagedEntry{began: kafka.NoOffset}
	if e := s.producers[id]; e != nil {
		x.Entry, x.known, x.filled = *e, e.Epoch != kafka.NoProducerEpoch, e.count > 0
	} else {
		x.Entry = emptyEntry(id)
	}
	s.staged = append(s.staged, x)
	return &s.staged[len(s.staged)-1]
}

// checkTransaction wants an open transaction, or the coordinator's word.
func (s *State) checkTransaction(b batch.Batch, r *Rules) error {
	e := s.producers[b.ProducerID()]
	if e != nil && e.TxnFirstOffset >= 0 && e.Epoch == b.ProducerEpoch() {
		return nil
	}
	if e != nil && b.ProducerEpoch() < e.Epoch {
		return fencedEpoch(b.ProducerID(), b.ProducerEpoch(), e.Epoch)
	}
	if r.VerifyTransactions && !b.Control() && !s.guarded(b.ProducerID(), r.Guard) {
		return kafka.Errorf(kafka.ErrInvalidTxnState, "Record was not part of an ongoing transaction")
	}
	return nil
}

func checkData(e *stagedEntry, b batch.Batch, r *Rules, v *verification) error {
	if err := checkEpoch(e, b, false, r); err != nil {
		return err
	}
	if r.Origin == batch.FromClient {
		if err := checkSequence(e, b, r, v); err != nil {
			return err
		}
	}
	e.add(b.ProducerEpoch(), Batch{
		LastSequence: b.LastSequence(), OffsetDelta: b.LastOffsetDelta(),
		LastOffset: b.LastOffset(), Timestamp: b.MaxTimestamp(),
	})
	switch open := e.TxnFirstOffset >= 0; {
	case open && !b.Transactional():
		return kafka.Errorf(kafka.ErrInvalidTxnState,
			"Expected transactional write from producer %d at offset %d in partition %s", e.ID, b.BaseOffset(), r.Partition)
	case !open && b.Transactional():
		e.TxnFirstOffset, e.began = b.BaseOffset(), b.BaseOffset()
	}
	return nil
}

// checkEpoch refuses a producer that another instance has fenced. A marker of
// transactions v2 has a higher epoch than its transaction; one of the same epoch
// is a retry where no transaction is open.
func checkEpoch(e *stagedEntry, b batch.Batch, marker bool, r *Rules) error {
	epoch, strict := b.ProducerEpoch(), marker && r.TransactionVersion >= 2
	if epoch > e.Epoch || (epoch == e.Epoch && !strict) || r.Origin == batch.FromReplication {
		return nil
	}
	const maxEpoch = 1<<15 - 1
	if strict && epoch == e.Epoch && (e.TxnFirstOffset < 0 || epoch == maxEpoch) {
		return nil
	}
	than, version := "<", int16(-1)
	if marker {
		version = r.TransactionVersion
	}
	if strict {
		than = "<="
	}
	return kafka.Errorf(kafka.ErrInvalidProducerEpoch,
		"Epoch of producer %d at offset %d in %s is %d, which is %s the last seen epoch %d (TV%d)",
		e.ID, b.BaseOffset(), r.Partition, epoch, than, e.Epoch, version)
}

func checkSequence(e *stagedEntry, b batch.Batch, r *Rules, v *verification) error {
	first, at := b.BaseSequence(), b.BaseOffset()
	if v != nil && v.v2 && first != 0 && !e.filled {
		return kafka.Errorf(kafka.ErrOutOfOrderSequenceNumber,
			"Invalid sequence number for producer %d at offset %d in partition %s: %d (incoming seq. number). Expected sequence 0 for transactions v2 idempotent producer with no existing state.",
			e.ID, at, r.Partition, first)
	}
	if v != nil && first > v.lowest {
		return kafka.Errorf(kafka.ErrOutOfOrderSequenceNumber,
			"Out of order sequence number for producer %d at offset %d in partition %s: %d (incoming seq. number), %d (earliest seen sequence)",
			e.ID, at, r.Partition, first, v.lowest)
	}
	if b.ProducerEpoch() != e.Epoch {
		if first != 0 && e.Epoch != kafka.NoProducerEpoch {
			return kafka.Errorf(kafka.ErrOutOfOrderSequenceNumber,
				"Invalid sequence number for new epoch of producer %d at offset %d in partition %s: %d (request epoch), %d (seq. number), %d (current producer epoch)",
				e.ID, at, r.Partition, b.ProducerEpoch(), first, e.Epoch)
		}
		return nil
	}
	if last := e.LastSequence(); e.known && !follows(last, first) {
		return kafka.Errorf(kafka.ErrOutOfOrderSequenceNumber,
			"Out of order sequence number for producer %d at offset %d in partition %s: %d (incoming seq. number), %d (current end sequence number)",
			e.ID, at, r.Partition, first, last)
	}
	return nil
}

func follows(last, next int32) bool {
	const maxSequence = 1<<31 - 1
	return int64(next) == int64(last)+1 || (next == 0 && last == maxSequence)
}

func (s *State) checkMarker(e *stagedEntry, b batch.Batch, m *Marker, r *Rules) error {
	if err := checkEpoch(e, b, true, r); err != nil {
		return err
	}
	if e.CoordinatorEpoch > m.CoordinatorEpoch && r.Origin != batch.FromReplication {
		return kafka.Errorf(kafka.ErrTransactionCoordinatorFenced,
			"Invalid coordinator epoch for producerId %d at offset %d in partition %s: %d (zombie), %d (current)",
			e.ID, b.BaseOffset(), r.Partition, m.CoordinatorEpoch, e.CoordinatorEpoch)
	}
	if e.TxnFirstOffset >= 0 {
		s.completed = append(s.completed, Completed{
			ID: e.ID, FirstOffset: e.TxnFirstOffset, LastOffset: b.BaseOffset(), Aborted: !m.Commit,
		})
	}
	e.setEpoch(b.ProducerEpoch())
	e.CoordinatorEpoch, e.TxnFirstOffset, e.LastTimestamp = m.CoordinatorEpoch, kafka.NoOffset, m.Timestamp
	return nil
}

// Discard forgets what was checked since the last Commit.
func (s *State) Discard() {
	s.staged, s.completed, s.settled = s.staged[:0], s.completed[:0], s.settled[:0]
}

// Aborts is how many transactions a Commit would abort.
func (s *State) Aborts() int {
	n := 0
	for i := range s.completed {
		if s.completed[i].Aborted {
			n++
		}
	}
	return n
}

// Commit takes what was checked. It gives the transactions that ended; for each
// the caller asks LastStable, writes the transaction index where it was aborted,
// and calls Complete. The slice is good until the next Check.
func (s *State) Commit() []Completed {
	for i := range s.staged {
		x := &s.staged[i]
		if e := s.producers[x.ID]; e != nil {
			*e = x.Entry
		} else if s.producers == nil {
			s.producers = map[kafka.ProducerID]*Entry{x.ID: clone(&x.Entry)}
		} else {
			s.producers[x.ID] = clone(&x.Entry)
		}
		if x.began >= 0 {
			s.open = insert(s.open, txn{first: x.began, last: kafka.NoOffset, id: x.ID})
		}
	}
	for _, id := range s.settled {
		delete(s.verifications, id)
	}
	completed := s.completed
	s.Discard()
	return completed
}

func clone(e *Entry) *Entry {
	c := *e
	return &c
}
