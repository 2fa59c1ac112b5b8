package history

import "slices"

// lastPolls are the lines of a last reader that returned records of a key.
func (w *wrong) lastPolls(key int) []int {
	process := w.lastReaders()[w.rng.IntN(2)]
	var lines []int
	for i, op := range w.ops {
		if op.Process == process && op.F == Poll && op.Type == OK &&
			slices.ContainsFunc(op.Micro[0].Poll, func(r Record) bool { return r.Key == key }) {
			lines = append(lines, i)
		}
	}
	return lines
}

// ofKey are the places of a key's records in a poll.
func ofKey(poll []Record, key int) []int {
	var at []int
	for i, r := range poll {
		if r.Key == key {
			at = append(at, i)
		}
	}
	return at
}

// twoSends is an acknowledged transaction with exactly two sends to a key, and
// nothing between them.
func (w *wrong) twoSends() (x, y Record, ok bool) {
	for _, i := range w.operations(OK, func(op *Op) bool { return len(sendsOf(op)) > 1 }) {
		byKey := map[int][]Record{}
		for _, s := range sendsOf(&w.ops[i]) {
			byKey[s.Key] = append(byKey[s.Key], s)
		}
		for k := range 5 {
			if s := byKey[k]; len(s) == 2 && s[1].Offset == s[0].Offset+1 {
				return s[0], s[1], true
			}
		}
	}
	return x, y, false
}

// sendPair is two sends of a process, one after the other, that nobody read
// before the second had begun.
func (w *wrong) sendPair() (x, y Record, ok bool) {
	type last struct {
		r    Record
		txns int
	}
	lasts := map[[2]int]last{} // by process and key
	for i := range w.ops {
		op := &w.ops[i]
		if op.Type == Invoke {
			continue
		}
		s := sendsOf(op)
		for _, r := range s {
			at := [2]int{op.Process, r.Key}
			before := lasts[at]
			lasts[at] = last{r, len(s)}
			if op.Type != OK || len(s) != 1 || before.txns != 1 || before.r.Offset == Unknown || r.Offset == Unknown {
				continue
			}
			read := w.reads[[2]int64{int64(r.Key), before.r.Value}]
			if len(read) > 0 && read[0].line > i {
				return before.r, r, true
			}
		}
	}
	return x, y, false
}

func injectionsOfOrder() []injection {
	return []injection{
		{"a poll leaves a value out", []Anomaly{IntPollSkip}, Options{}, func(w *wrong) bool {
			for _, line := range w.lastPolls(0) {
				m := &w.ops[line].Micro[0]
				if at := ofKey(m.Poll, 0); len(at) > 2 {
					i := at[1+w.rng.IntN(len(at)-2)]
					m.Poll = slices.Delete(m.Poll, i, i+1)
					return true
				}
			}
			return false
		}},
		{"a poll repeats a value", []Anomaly{IntNonmonotonicPoll}, Options{}, func(w *wrong) bool {
			lines := w.lastPolls(0)
			m := &w.ops[lines[w.rng.IntN(len(lines))]].Micro[0]
			at := ofKey(m.Poll, 0)
			i := at[w.rng.IntN(len(at))]
			m.Poll = slices.Insert(m.Poll, i, m.Poll[i])
			return true
		}},
		{"a poll begins too late", []Anomaly{PollSkip}, Options{}, func(w *wrong) bool {
			lines := w.lastPolls(0)
			if len(lines) < 2 {
				return false
			}
			m := &w.ops[lines[1]].Micro[0]
			at := ofKey(m.Poll, 0)
			m.Poll = slices.Delete(m.Poll, at[0], at[0]+1)
			return len(at) > 1 || len(lines) > 2 // something must follow
		}},
		{"a poll begins too early", []Anomaly{NonmonotonicPoll}, Options{}, func(w *wrong) bool {
			lines := w.lastPolls(0)
			if len(lines) < 2 {
				return false
			}
			before := w.ops[lines[0]].Micro[0].Poll
			at := ofKey(before, 0)
			m := &w.ops[lines[1]].Micro[0]
			m.Poll = slices.Insert(m.Poll, ofKey(m.Poll, 0)[0], before[at[len(at)-1]])
			return true
		}},
		{"the sends of a transaction go back", []Anomaly{IntNonmonotonicSend}, Options{}, func(w *wrong) bool {
			x, y, ok := w.twoSends()
			if ok {
				w.exchange(x, y)
			}
			return ok
		}},
		{"the sends of a process go back", []Anomaly{NonmonotonicSend}, Options{}, func(w *wrong) bool {
			x, y, ok := w.sendPair()
			if ok {
				w.exchange(x, y)
				w.ops = slices.DeleteFunc(w.ops, func(op Op) bool { return op.F == Watermark }) // they knew better
			}
			return ok
		}},
		{"the sends of a transaction have others between them", []Anomaly{IntSendSkip}, Options{}, func(w *wrong) bool {
			_, end := w.last(0)
			x, y, z := Record{0, end, vA}, Record{0, end + 1, vB}, Record{0, end + 2, vC}
			w.begin(one, Send, sent(0, Unknown, vA), sent(0, Unknown, vC))
			w.whole(two, Send, sent(0, end+1, vB))
			w.end(one, Send, sent(0, end, vA), sent(0, end+2, vC))
			w.bothRead(x, y, z)
			return true
		}},
	}
}

func injectionsOfCycles() []injection {
	alone := func(do func(w *wrong)) func(w *wrong) bool {
		return func(w *wrong) bool {
			w.ops = nil // reads that are overtaken are everywhere in a longer history
			do(w)
			return true
		}
	}
	writes := Options{WriteWrite: true}
	all := Options{WriteWrite: true, ReadWrite: true}
	const k1, k2 = 100, 200
	return []injection{
		{"writes in a circle", []Anomaly{G0}, writes, func(w *wrong) bool {
			w.begin(one, Send, sent(k1, Unknown, vA), sent(k2, Unknown, vB))
			w.begin(two, Send, sent(k1, Unknown, vC), sent(k2, Unknown, vD))
			w.end(one, Send, sent(k1, 1, vA), sent(k2, 2, vB))
			w.end(two, Send, sent(k1, 2, vC), sent(k2, 1, vD))
			w.bothRead(Record{k1, 1, vA}, Record{k1, 2, vC}, Record{k2, 1, vD}, Record{k2, 2, vB})
			return true
		}},
		{"a later write before an earlier one", []Anomaly{G0Realtime}, writes, func(w *wrong) bool {
			w.whole(one, Send, sent(k1, 5, vA))
			w.whole(two, Send, sent(k1, 4, vB))
			w.bothRead(Record{k1, 4, vB}, Record{k1, 5, vA})
			return true
		}},
		{"two transactions read each other", []Anomaly{G1c}, Options{}, func(w *wrong) bool {
			w.begin(one, Txn, sent(k1, Unknown, vA), polled())
			w.begin(two, Txn, sent(k2, Unknown, vB), polled())
			w.end(one, Txn, sent(k1, 1, vA), polled(Record{k2, 1, vB}))
			w.end(two, Txn, sent(k2, 1, vB), polled(Record{k1, 1, vA}))
			return true
		}},
		{"a value is read before it is sent", []Anomaly{G1cRealtime}, Options{}, func(w *wrong) bool {
			w.whole(one, Poll, polled(Record{k1, 1, vA}))
			w.whole(two, Send, sent(k1, 1, vA))
			return true
		}},
		{"a read is overtaken", []Anomaly{GSingle}, all, alone(func(w *wrong) {
			w.begin(one, Send, sent(k1, Unknown, vA), sent(k2, Unknown, vB))
			w.begin(two, Poll, polled())
			w.begin(three, Send, sent(k1, Unknown, vC))
			w.end(three, Send, sent(k1, 0, vC))
			w.end(one, Send, sent(k1, 1, vA), sent(k2, 1, vB))
			w.end(two, Poll, polled(Record{k1, 0, vC}, Record{k2, 1, vB}))
			w.whole(three, Poll, polled(Record{k1, 0, vC}, Record{k1, 1, vA}))
		})},
		{"a read is stale", []Anomaly{GSingleRealtime}, all, alone(func(w *wrong) {
			w.whole(one, Send, sent(k1, 0, vA))
			w.whole(one, Send, sent(k1, 1, vB))
			w.whole(two, Poll, polled(Record{k1, 0, vA}))
			w.whole(two, Poll, polled(Record{k1, 1, vB}))
		})},
		{"two reads are overtaken by each other's writes", []Anomaly{G2}, all, alone(func(w *wrong) {
			w.whole(three, Send, sent(k1, 0, vC))
			w.whole(three, Send, sent(k2, 0, vD))
			w.begin(one, Txn, polled(), sent(k2, Unknown, vA))
			w.begin(two, Txn, polled(), sent(k1, Unknown, vB))
			w.end(one, Txn, polled(Record{k1, 0, vC}), sent(k2, 1, vA))
			w.end(two, Txn, polled(Record{k2, 0, vD}), sent(k1, 1, vB))
			w.whole(three, Poll, polled(Record{k1, 0, vC}, Record{k1, 1, vB}, Record{k2, 0, vD}, Record{k2, 1, vA}))
		})},
		{"two reads are overtaken, and one of them is stale", []Anomaly{G2Realtime}, all, alone(func(w *wrong) {
			w.whole(three, Send, sent(k1, 0, vC))
			w.whole(three, Send, sent(k2, 0, vD))
			w.begin(four, Send, sent(k1, Unknown, vA))
			w.begin(two, Poll, polled())
			w.whole(three, Send, sent(k2, 1, vB))
			w.begin(one, Poll, polled())
			w.end(four, Send, sent(k1, 1, vA))
			w.end(one, Poll, polled(Record{k1, 0, vC}))
			w.end(two, Poll, polled(Record{k1, 0, vC}, Record{k1, 1, vA}, Record{k2, 0, vD}))
			w.whole(three, Poll, polled(Record{k2, 0, vD}, Record{k2, 1, vB}))
		})},
	}
}
