package crash

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage"
)

// check compares a log with what was promised of it, and says where it begins
// and ends.
func (p *part) check(log *storage.Log) (start, end kafka.Offset, err error) {
	start, end = log.LogStartOffset(), log.LogEndOffset()
	all := p.all()
	most := p.end()
	if len(all) > 0 {
		most = max(most, all[len(all)-1].last+1)
	}
	switch {
	case end < p.acked:
		return start, end, fmt.Errorf("the log of %s ends at %d: acknowledged records are lost, up to %d", p.tp, end, p.acked)
	case end > most:
		return start, end, fmt.Errorf("the log of %s ends at %d, and only %d was written", p.tp, end, most)
	case start > p.start && p.acked > p.start:
		return start, end, fmt.Errorf("the log of %s begins at %d, and nobody deleted what is above %d", p.tp, start, p.start)
	case start < p.kept:
		return start, end, fmt.Errorf("the log of %s begins at %d: what was deleted is back, below %d", p.tp, start, p.kept)
	}
	compare := p.checkBatches
	if p.compacted() {
		compare = p.checkCompacted
	}
	if err := compare(log, all, start, end); err != nil {
		return start, end, fmt.Errorf("%s [%d, %d): %w", p.tp, start, end, err)
	}
	if err := p.checkState(log, all, start, end); err != nil {
		return start, end, fmt.Errorf("%s [%d, %d): %w", p.tp, start, end, err)
	}
	return start, end, nil
}

// read gives all batches of a log from an offset on.
func read(log *storage.Log, from, end kafka.Offset) ([]byte, error) {
	var all []byte
	for from < end {
		var f storage.Fetched
		if err := log.Read(from, 1<<20, true, end, &f); err != nil {
			return nil, fmt.Errorf("read from %d: %w", from, err)
		}
		if f.Section.Len() == 0 {
			f.Release()
			return all, nil
		}
		at := len(all)
		all = append(all, make([]byte, f.Section.Len())...)
		n, err := f.Section.ReadAt(all[at:], 0)
		f.Release()
		if n < len(all)-at {
			return nil, err
		}
		for it := batch.Batches(all[at:]); it.Next(); {
			from = it.Batch().LastOffset() + 1
		}
	}
	return all, nil
}

// checkBatches compares everything that can be read, and then single reads by
// offset and by time, which go through the indexes.
func (p *part) checkBatches(log *storage.Log, all []*written, start, end kafka.Offset) error {
	data, err := read(log, start, end)
	if err != nil {
		return err
	}
	i, _ := slices.BinarySearchFunc(all, start, func(w *written, o kafka.Offset) int { return int(w.last - o) })
	it := batch.Batches(data)
	next := start
	for it.Next() {
		if i >= len(all) {
			return fmt.Errorf("a batch at %d that nobody wrote", it.Batch().BaseOffset())
		}
		if err := all[i].matches(it.Batch()); err != nil {
			return err
		}
		if all[i].stored == nil {
			if err := it.Batch().Verify(); err != nil {
				return err
			}
		}
		if e := log.EpochForOffset(max(all[i].first, start)); e != all[i].epoch {
			return fmt.Errorf("offset %d is of epoch %d, not %d", all[i].first, e, all[i].epoch)
		}
		next = all[i].last + 1
		i++
	}
	if next != end {
		return fmt.Errorf("reading ends at %d", next)
	}
	return p.checkLookups(log, all, start, end)
}

func (p *part) checkLookups(log *storage.Log, all []*written, start, end kafka.Offset) error {
	before := kafka.Timestamp(-1) // the highest below the log start
	for _, w := range all {
		if w.last >= end {
			break
		}
		for _, r := range w.records {
			if r.offset < start {
				before = max(before, r.stamp)
			}
		}
	}
	highest := before
	var f storage.Fetched
	defer f.Release()
	for _, w := range all {
		if w.last < start {
			continue
		}
		if w.last >= end {
			break
		}
		if err := log.Read(w.last, 1, true, end, &f); err != nil {
			return err
		}
		head := make([]byte, batch.HeaderSize)
		if n, err := f.Section.ReadAt(head, 0); n < len(head) {
			return fmt.Errorf("read of offset %d: %w", w.last, err)
		}
		if got := batch.Batch(head).BaseOffset(); got != w.first {
			return fmt.Errorf("who asks for offset %d gets the batch at %d", w.last, got)
		}
		for _, r := range w.records {
			if r.stamp <= highest || r.offset < start {
				continue
			}
			highest = r.stamp
			at, found, err := log.OffsetForTimestamp(r.stamp)
			if err != nil || !found || at.Offset != r.offset || at.Timestamp != r.stamp {
				return fmt.Errorf("the first record since %d is at %+v (%t, %w), not at %d", r.stamp, at, found, err, r.offset)
			}
		}
	}
	return nil
}

// checkState compares producers, transactions and the last stable offset with a
// replay of the batches.
func (p *part) checkState(log *storage.Log, all []*written, start, end kafka.Offset) error {
	s := tell(all, start, end)
	got := map[kafka.ProducerID]storage.ProducerState{}
	for _, x := range log.Producers() {
		got[x.ProducerID] = x
	}
	for id, want := range s.producers {
		have, ok := got[id]
		delete(got, id)
		if !ok && want.lastOffset < start {
			continue // all that it wrote is deleted
		}
		if want.cut {
			// What is left of it was written after the log start, perhaps.
			have.TxnFirstOffset, have.CoordinatorEpoch, have.LastSequence = want.TxnFirstOffset, want.CoordinatorEpoch, want.LastSequence
		}
		if p.compacted() { // a batch that lost its last record has the time of another
			have.LastTimestamp = want.LastTimestamp
		}
		if !ok || have != want.ProducerState {
			return fmt.Errorf("producer %d is %+v (known: %t), and its batches say %+v", id, have, ok, want.ProducerState)
		}
	}
	for id := range got {
		return fmt.Errorf("producer %d never wrote here", id)
	}
	if s.cut {
		return nil // of a transaction that began below the log start only a part is known
	}
	hw := log.HighWatermark()
	stable := hw
	for _, txn := range s.decided {
		if txn[1] >= hw && txn[1] >= start { // nobody may read so far yet
			stable = min(stable, max(txn[0], start))
		}
	}
	if s.unstable >= 0 {
		stable = min(stable, s.unstable)
	}
	if have := log.LastStableOffset(); have != stable {
		return fmt.Errorf("the last stable offset is %d, not %d", have, stable)
	}
	aborted, err := log.AbortedTxns(nil, start, end)
	if err != nil || p.compacted() {
		return err
	}
	if !slices.Equal(aborted, s.aborted) {
		return fmt.Errorf("the aborted transactions are %v, not %v", aborted, s.aborted)
	}
	return nil
}

// remember keeps the bytes of what was appended last, as they are read.
func (p *part) remember(log *storage.Log) error {
	if p.compacted() {
		return nil
	}
	for i := len(p.batches) - 1; i >= 0 && p.batches[i].stored == nil; i-- {
		w := p.batches[i]
		if w.last < log.LogStartOffset() {
			continue
		}
		data, err := read(log, max(w.first, log.LogStartOffset()), w.last+1)
		if err != nil {
			return err
		}
		it := batch.Batches(data)
		if !it.Next() {
			return fmt.Errorf("nothing at %d", w.first)
		}
		if err := w.matches(it.Batch()); err != nil {
			return err
		}
		w.stored = bytes.Clone(it.Batch())
	}
	return nil
}
