package crash

import (
	"fmt"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage"
)

// checkCompacted compares a log that compaction works on: what is there was
// written, at that offset; of each key the last record is there; and what was
// aborted is either gone or known to be aborted.
func (p *part) checkCompacted(log *storage.Log, all []*written, start, end kafka.Offset) error {
	data, err := read(log, start, end)
	if err != nil {
		return err
	}
	byOffset := map[kafka.Offset]record{}
	for _, w := range all {
		for _, r := range w.records {
			byOffset[r.offset] = r
		}
	}
	there := map[kafka.Offset]bool{}
	before := kafka.Offset(-1)
	for it := batch.Batches(data); it.Next(); {
		b := it.Batch()
		if err := b.Verify(); err != nil {
			return err
		}
		if b.BaseOffset() <= before || b.LastOffset() < b.BaseOffset() {
			return fmt.Errorf("the batch at %d follows one that ends at %d", b.BaseOffset(), before)
		}
		before = b.LastOffset()
		list, err := recordsOf(b)
		if err != nil {
			return err
		}
		for _, r := range list {
			if b.Control() {
				continue
			}
			if byOffset[r.offset] != r {
				return fmt.Errorf("record %d is %+v, and %+v was written", r.offset, r, byOffset[r.offset])
			}
			there[r.offset] = true
		}
	}
	return p.checkKeys(log, all, there, start, end)
}

// checkKeys looks for the last record of each key, and for aborted records that
// nobody knows to be aborted.
func (p *part) checkKeys(log *storage.Log, all []*written, there map[kafka.Offset]bool, start, end kafka.Offset) error {
	aborted, err := log.AbortedTxns(nil, start, end)
	if err != nil {
		return err
	}
	known := map[storage.AbortedTxn]bool{}
	for _, x := range aborted {
		known[x] = true
	}
	latest := map[string]record{}
	for i, w := range all {
		if w.last >= end || w.marker {
			continue
		}
		first, kind, decided := outcomeOf(all, i, end)
		for _, r := range w.records {
			switch {
			case !w.txn || (decided && kind == batch.ControlCommit):
				latest[r.key] = r
			case !decided && !there[r.offset] && r.offset >= start:
				return fmt.Errorf("record %d of an open transaction is gone", r.offset)
			case decided && there[r.offset] && first >= start && !known[storage.AbortedTxn{ProducerID: w.id, FirstOffset: first}]:
				return fmt.Errorf("record %d was aborted, and no index says so", r.offset)
			}
		}
	}
	for key, r := range latest {
		if r.offset >= start && r.value != "" && !there[r.offset] {
			return fmt.Errorf("the last record of %q, at %d, is lost", key, r.offset)
		}
	}
	return nil
}

// outcomeOf says how the transaction of batch i ended below end: where it began,
// and whether it is decided.
func outcomeOf(all []*written, i int, end kafka.Offset) (first kafka.Offset, kind batch.ControlType, decided bool) {
	if !all[i].txn {
		return 0, 0, false
	}
	first = all[i].first
	for j := i - 1; j >= 0; j-- {
		if all[j].id == all[i].id {
			if all[j].marker || !all[j].txn {
				break
			}
			first = all[j].first
		}
	}
	for _, w := range all[i+1:] {
		if w.marker && w.id == all[i].id && w.last < end {
			return first, w.control, true
		}
	}
	return first, 0, false
}
