package history

import "fmt"

// reads finds values that should not have been read: aborted ones, those that
// nobody sent, and those of the reader's own transaction.
func (a *analysis) reads(f *findings) {
	for i := range a.values {
		if v := &a.values[i]; v.writer < 0 {
			f.add(Unwritten, func() Case {
				return Case{
					Key: a.keyName(v), Values: []int64{v.number}, Lines: []int{a.lineOf(v.reader)},
					Text: fmt.Sprintf("key %d: line %d read value %d, which nobody sent", a.keyName(v), a.lineOf(v.reader), v.number),
				}
			})
		}
	}
	for i := range a.txns {
		t := int32(i)
		for _, r := range a.readOf(i) {
			v := &a.values[r.value]
			if v.writer < 0 {
				continue
			}
			bad := func(said string) func() Case {
				return func() Case {
					return Case{
						Key: a.keyName(v), Values: []int64{v.number}, Offsets: []int64{r.offset},
						Lines: []int{a.lineOf(v.writer), a.lineOf(t)},
						Text:  fmt.Sprintf("key %d: line %d read value %d, %s", a.keyName(v), a.lineOf(t), v.number, said),
					}
				}
			}
			if v.writer == t {
				f.add(PrecommittedRead, bad("which it sent itself"))
			}
			if a.txns[i].state == OK && a.txns[v.writer].state == Fail {
				f.add(AbortedRead, bad(fmt.Sprintf("whose send failed (line %d)", a.lineOf(v.writer))))
			}
		}
	}
}

// losses finds writes that count and that nobody read: lost if readers went
// past their place, unseen if nobody came as far. A value with several places
// must only have been read when all of them were passed.
func (a *analysis) losses(f *findings) {
	bounds := a.readBounds()
	for i := range a.values {
		v := &a.values[i]
		if v.okReader >= 0 || v.writer < 0 || !a.committed(v.writer) {
			continue
		}
		bound := bounds[v.key]
		switch {
		case v.last >= 0 && v.last <= bound.index:
			f.add(LostWrite, func() Case { return a.lost(v, bound.reader) })
		case a.txns[v.writer].state == OK:
			f.add(Unseen, func() Case {
				return Case{
					Key: a.keyName(v), Values: []int64{v.number}, Offsets: []int64{v.offset}, Lines: []int{a.lineOf(v.writer)},
					Text: fmt.Sprintf("key %d: value %d was acknowledged at offset %d (line %d), and nobody ever read as far",
						a.keyName(v), v.number, v.offset, a.lineOf(v.writer)),
				}
			})
		}
	}
}

// bound is how far a key was read for certain, and by whom.
type bound struct{ index, reader int32 }

// readBounds are the highest of the first places of what was read, by key.
func (a *analysis) readBounds() []bound {
	bounds := make([]bound, len(a.logs))
	for k := range bounds {
		bounds[k] = bound{-1, -1}
	}
	for i := range a.values {
		if v := &a.values[i]; v.okReader >= 0 && v.first > bounds[v.key].index {
			bounds[v.key] = bound{v.first, v.okReader}
		}
	}
	return bounds
}

func (a *analysis) lost(v *value, reader int32) Case {
	l := &a.logs[v.key]
	c := Case{
		Key: l.key, Values: []int64{v.number}, Offsets: []int64{l.offsets[v.last]},
		Lines: []int{a.lineOf(v.writer), a.lineOf(reader)},
	}
	why := "was acknowledged"
	if a.txns[v.writer].state != OK {
		why = "is of a transaction that was read elsewhere, and lay"
	}
	c.Text = fmt.Sprintf("key %d: value %d %s at offset %d (line %d), and line %d read beyond it without anybody reading it",
		l.key, v.number, why, l.offsets[v.last], a.lineOf(v.writer), a.lineOf(reader))
	return c
}

// torn finds transactions of which a part was read, while another part is not
// there where it must be. It must be there if readers went past its offset;
// and, where no offset is known, past a value whose send began after the other
// part had been read: when that was read the transaction was committed, and
// all of it lay in the logs.
func (a *analysis) torn(f *findings) {
	bounds := a.readBounds()
	begun := make([]int32, len(a.logs)) // by key: the latest line on which a send of a read value began
	for k := range begun {
		begun[k] = -1
	}
	for i := range a.values {
		if v := &a.values[i]; v.okReader >= 0 && v.writer >= 0 {
			begun[v.key] = max(begun[v.key], a.txns[v.writer].invoked)
		}
	}
	for t := range a.txns {
		sends := a.sends(t)
		if len(sends) < 2 || a.txns[t].state == Fail {
			continue
		}
		seen, seenBy := int32(-1), int32(-1)
		for _, r := range sends {
			if by := a.values[r.value].okReader; by >= 0 && (seen < 0 || by < seenBy) {
				seen, seenBy = r.value, by
			}
		}
		if seen < 0 {
			continue
		}
		for _, r := range sends {
			v := &a.values[r.value]
			passed := v.last >= 0 && v.last <= bounds[v.key].index
			if v.okReader < 0 && (passed || begun[v.key] > a.txns[seenBy].line) {
				f.add(TornTransaction, func() Case { return a.tornCase(t, v, &a.values[seen]) })
				break // one transaction is torn once
			}
		}
	}
}

func (a *analysis) tornCase(t int, missing, seen *value) Case {
	return Case{
		Key: a.keyName(missing), Values: []int64{missing.number, seen.number},
		Lines: []int{a.lineOf(int32(t)), a.lineOf(seen.okReader)},
		Text: fmt.Sprintf("key %d: value %d is not there, while value %d of the same transaction (line %d) was read from key %d (line %d)",
			a.keyName(missing), missing.number, seen.number, a.lineOf(int32(t)), a.keyName(seen), a.lineOf(seen.okReader)),
	}
}
