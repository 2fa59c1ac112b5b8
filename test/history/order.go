package history

import (
	"fmt"
	"slices"
)

// step is how one thing follows another in a log: 1 is next to it. Where a
// place is not known we take it that all is well.
func step(from, to int32) int32 {
	if from < 0 || to < 0 {
		return 1
	}
	return to - from
}

// skipped are the values between two places. It is nil if nobody ever read
// any of them: that is a loss, or one more place of a value, and is told there.
func (a *analysis) skipped(k, from, to int32) []int32 {
	between := a.logs[k].at[from+1 : to]
	if !slices.ContainsFunc(between, func(v int32) bool { return a.values[v].reader >= 0 }) {
		return nil
	}
	return between
}

// follow adds a case if to does not follow from.
func (a *analysis) follow(f *findings, skip, back Anomaly, from, to ref, lines ...int) {
	i, j := a.index(from), a.index(to)
	v := &a.values[to.value]
	switch d := step(i, j); {
	case d < 1:
		f.add(back, func() Case {
			return Case{
				Key: a.keyName(v), Values: []int64{a.numberOf(from.value), v.number}, Offsets: a.offsets(v.key, i, j), Lines: lines,
				Text: fmt.Sprintf("key %d: value %d and then %d (lines %v), whose offsets are %v", a.keyName(v), a.numberOf(from.value), v.number, lines, a.offsets(v.key, i, j)),
			}
		})
	case d > 1 && skip != "":
		between := a.skipped(v.key, i, j)
		if between == nil {
			return
		}
		f.add(skip, func() Case {
			c := Case{Key: a.keyName(v), Offsets: a.offsets(v.key, i, j), Lines: lines}
			for _, s := range between[:min(len(between), casesMax)] {
				c.Values = append(c.Values, a.numberOf(s))
			}
			c.Text = fmt.Sprintf("key %d: value %d and then %d (lines %v), and not the %d values between the offsets %v: %v",
				c.Key, a.numberOf(from.value), v.number, lines, len(between), c.Offsets, c.Values)
			return c
		})
	}
}

func (a *analysis) offsets(k, i, j int32) []int64 {
	return []int64{a.logs[k].offsets[i], a.logs[k].offsets[j]}
}

// latest keeps the last of something for each key, for one owner at a time.
type latest struct {
	owner []int32 // by key
	ref   []ref
}

func newLatest(keys int) *latest {
	l := &latest{owner: make([]int32, keys), ref: make([]ref, keys)}
	for i := range l.owner {
		l.owner[i] = -1
	}
	return l
}

// swap returns what the owner had last of a key, and puts another in its place.
func (l *latest) swap(owner, key int32, r ref) (ref, bool) {
	before, ok := l.ref[key], l.owner[key] == owner
	l.owner[key], l.ref[key] = owner, r
	return before, ok
}

// pollsInside finds polls of one operation that skip or go back. Keys that were
// rebalanced meanwhile are let pass.
func (a *analysis) pollsInside(f *findings) {
	last := newLatest(len(a.logs))
	for i := range a.txns {
		t := int32(i)
		rebalanced := a.ops[a.txns[i].line].Rebalanced
		for _, r := range a.readOf(i) {
			k := a.values[r.value].key
			before, ok := last.swap(t, k, r)
			if ok && !slices.Contains(rebalanced, a.logs[k].key) {
				a.follow(f, IntPollSkip, IntNonmonotonicPoll, before, r, a.lineOf(t))
			}
		}
	}
}

// sendsInside finds sends of one operation that skip or go back. A skip is
// normal: transactions write between each other.
func (a *analysis) sendsInside(f *findings) {
	last := newLatest(len(a.logs))
	for i := range a.txns {
		if a.txns[i].state == Fail {
			continue
		}
		for _, r := range a.sends(i) {
			if before, ok := last.swap(int32(i), a.values[r.value].key, r); ok {
				a.follow(f, IntSendSkip, IntNonmonotonicSend, before, r, a.lineOf(int32(i)))
			}
		}
	}
}

// at is the last thing that a process did with a key.
type at struct {
	ref
	txn int32
}

// client is where a process stands.
type client struct {
	reads, sends map[int32]at
	moved        bool // a group gives it its keys, and may move it between operations
}

// acrossOperations finds operations that do not go on where the last one of
// their process left off: polls that skip or go back, sends that go back.
func (a *analysis) acrossOperations(o Options, f *findings) {
	clients := map[int]*client{}
	for i := range a.ops {
		op := &a.ops[i]
		if op.Type == Invoke {
			continue
		}
		c := clients[op.Process]
		if c == nil {
			c = &client{reads: map[int32]at{}, sends: map[int32]at{}}
			clients[op.Process] = c
		}
		switch {
		case op.F == Crash:
			delete(clients, op.Process)
		case (op.F == Assign || op.F == Subscribe) && op.Type != Fail:
			c.moved = op.F == Subscribe && !o.Strict
			for k := range c.reads {
				if op.FromStart || !slices.Contains(op.Keys, a.logs[k].key) {
					delete(c.reads, k)
				}
			}
		case a.txnOf[i] >= 0:
			for _, k := range op.Rebalanced {
				if known, ok := a.keyOf[k]; ok {
					delete(c.reads, known)
				}
			}
			a.pollsAcross(f, c, a.txnOf[i])
			a.sendsAcross(f, c, a.txnOf[i])
		}
	}
}

// pollsAcross compares an operation's first read of each key with the last
// read before. One that failed or is not known leaves the positions alone.
func (a *analysis) pollsAcross(f *findings, c *client, t int32) {
	reads := a.readOf(int(t))
	var seen map[int32]bool
	for i, r := range reads {
		k := a.values[r.value].key
		if i > 0 && k == a.values[reads[i-1].value].key || seen[k] {
			continue
		}
		if seen == nil {
			seen = map[int32]bool{}
		}
		seen[k] = true
		if before, ok := c.reads[k]; ok && !c.moved {
			a.follow(f, PollSkip, NonmonotonicPoll, before.ref, r, a.lineOf(before.txn), a.lineOf(t))
		}
	}
	if a.txns[t].state != OK {
		return
	}
	for i, r := range reads {
		k := a.values[r.value].key
		if i+1 == len(reads) || a.values[reads[i+1].value].key != k {
			c.reads[k] = at{r, t}
		}
	}
}

// sendsAcross compares an operation's first send to each key with the last
// one before.
func (a *analysis) sendsAcross(f *findings, c *client, t int32) {
	if a.txns[t].state == Fail {
		return
	}
	for _, r := range a.sends(int(t)) {
		k := a.values[r.value].key
		if before, ok := c.sends[k]; ok && before.txn != t {
			a.follow(f, "", NonmonotonicSend, before.ref, r, a.lineOf(before.txn), a.lineOf(t))
		}
		if a.index(r) >= 0 {
			c.sends[k] = at{r, t}
		}
	}
}
