package compact

import (
	"slices"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
)

// Txns follows the transactions while a log is read from its beginning: which
// batches were aborted, and which markers nobody needs any more, as Kafka's
// CleanedTransactionMetadata. It is used below the last stable offset, where
// every transaction is decided and every aborted one in the index.
type Txns struct {
	waiting   []segment.AbortedTxn // not begun yet, by first offset
	aborted   map[kafka.ProducerID]*abortedTxn
	committed map[kafka.ProducerID]bool // had a batch, and no marker yet

	// Retained, if set, takes the aborted transactions of which something is
	// left, in the order of their markers: the index of the cleaned segment.
	Retained func(a segment.AbortedTxn) error
}

type abortedTxn struct {
	segment.AbortedTxn
	seen bool // a batch of it
}

// Add tells of aborted transactions. One may be told of more than once.
func (t *Txns) Add(list []segment.AbortedTxn) {
	t.waiting = append(t.waiting, list...)
	slices.SortFunc(t.waiting, func(a, b segment.AbortedTxn) int {
		return int(min(max(a.FirstOffset-b.FirstOffset, -1), 1))
	})
}

// Batch takes notice of a batch that is no control batch; true where its
// transaction was aborted, and its records are to go.
func (t *Txns) Batch(b batch.Batch) bool {
	t.begin(b.LastOffset())
	if !b.Transactional() {
		return false
	}
	if a := t.aborted[b.ProducerID()]; a != nil {
		a.seen = true
		return true
	}
	if t.committed == nil {
		t.committed = map[kafka.ProducerID]bool{}
	}
	t.committed[b.ProducerID()] = true
	return false
}

// noControl is the type of a control batch whose record is gone.
const noControl batch.ControlType = -1

// Control takes notice of a control batch, with the type of its record, noControl
// where that is gone; true where nothing is left of its transaction, so that the
// marker may go too.
func (t *Txns) Control(b batch.Batch, kind batch.ControlType) (bool, error) {
	t.begin(b.LastOffset())
	id := b.ProducerID()
	switch kind {
	case noControl:
		return true, nil
	case batch.ControlAbort:
		a := t.aborted[id]
		delete(t.aborted, id)
		if a == nil || !a.seen {
			return true, nil
		}
		if t.Retained != nil {
			return false, t.Retained(a.AbortedTxn)
		}
	case batch.ControlCommit:
		had := t.committed[id]
		delete(t.committed, id)
		return !had, nil
	case batch.ControlLeaderChange, batch.ControlSnapshotHeader, batch.ControlSnapshotFooter,
		batch.ControlKRaftVersion, batch.ControlKRaftVoters:
	}
	return false, nil
}

// begin begins the aborted transactions up to an offset.
func (t *Txns) begin(upTo kafka.Offset) {
	n := 0
	for ; n < len(t.waiting) && t.waiting[n].FirstOffset <= upTo; n++ {
		a := t.waiting[n]
		if t.aborted == nil {
			t.aborted = map[kafka.ProducerID]*abortedTxn{}
		}
		if t.aborted[a.Producer] == nil {
			t.aborted[a.Producer] = &abortedTxn{AbortedTxn: a}
		}
	}
	t.waiting = t.waiting[n:]
}
