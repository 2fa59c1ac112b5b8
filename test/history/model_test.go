package history

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// model is a correct log with clients, as simple as it can be: it makes valid
// histories. Appends are atomic, consumers read committed records, and whoever
// gets no answer is replaced.
type model struct {
	rng       *rand.Rand
	subscribe bool // consumers are given their keys by a group
	serial    bool // an operation is over before the next begins
	ops       []Op
	logs      [][]slot
	group     map[int]int64 // committed positions
	clients   []*actor
	limbo     []*fate // of transactions whose client was not told
	value     int64
	process   int
}

// slot is one offset of a log.
type slot struct {
	value  int64
	fate   *fate // nil if it counts
	marker bool
}

// fate is what becomes of a transaction.
type fate struct {
	decided, commit bool
	keys            map[int]bool
}

// actor is a producer and a consumer.
type actor struct {
	process int
	keys    []int         // assigned
	at      map[int]int64 // positions
	op      *Op           // under way
	todo    []Micro
	fate    *fate
	back    map[int]int64 // positions before the operation
}

// valid makes a history of about n operations of a few clients on some keys.
func valid(seed uint64, n int, serial bool) []Op {
	m := &model{rng: rand.New(rand.NewPCG(seed, 1)), serial: serial, group: map[int]int64{}}
	m.subscribe = m.rng.IntN(3) == 0
	m.logs = make([][]slot, 1+m.rng.IntN(5))
	for range 1 + m.rng.IntN(6) {
		m.clients = append(m.clients, m.client())
	}
	for range n {
		i := m.rng.IntN(len(m.clients))
		m.step(i)
		for serial && m.clients[i].op != nil {
			m.step(i)
		}
		if m.rng.IntN(10) == 0 {
			m.decide(1)
		}
	}
	for i := range m.clients {
		for m.clients[i].op != nil {
			m.step(i)
		}
	}
	m.decide(len(m.limbo))
	m.readAll()
	sender := m.client()
	for k := range m.logs {
		m.sendOne(sender, k)
	}
	m.readAll()
	m.readAll()
	return m.ops
}

// decide ends some of the transactions whose clients are gone.
func (m *model) decide(n int) {
	for range min(n, len(m.limbo)) {
		m.end(m.limbo[0], m.rng.IntN(2) == 0)
		m.limbo = m.limbo[1:]
	}
}

func (m *model) end(f *fate, commit bool) {
	f.decided, f.commit = true, commit
	for k := range m.logs {
		if f.keys[k] {
			m.logs[k] = append(m.logs[k], slot{marker: true})
		}
	}
}

func (m *model) line(op Op) {
	op.Time = int64(len(m.ops)+1) * 1000
	m.ops = append(m.ops, op)
}

func (m *model) client() *actor {
	m.process++
	c := &actor{process: m.process, at: map[int]int64{}}
	f := Assign
	if m.subscribe {
		f = Subscribe
	}
	for k := range m.logs {
		if m.rng.IntN(3) > 0 {
			c.keys = append(c.keys, k)
		}
	}
	m.line(Op{Process: c.process, Type: Invoke, F: f, Keys: c.keys})
	m.line(Op{Process: c.process, Type: OK, F: f, Keys: c.keys})
	m.place(c)
	return c
}

// place puts a consumer where its group is.
func (m *model) place(c *actor) {
	if m.subscribe {
		for _, k := range c.keys {
			c.at[k] = m.group[k]
		}
	}
}

func (m *model) append(k int, s slot) int64 {
	m.logs[k] = append(m.logs[k], s)
	return int64(len(m.logs[k]) - 1)
}

// poll reads some committed records.
func (m *model) poll(c *actor, limit int) []Record {
	records := []Record{}
	for _, k := range c.keys {
		n := m.rng.IntN(limit + 1)
		for ; n > 0 && c.at[k] < int64(len(m.logs[k])); c.at[k]++ {
			s := m.logs[k][c.at[k]]
			if s.fate != nil && !s.fate.decided {
				break // the last stable offset
			}
			if s.marker || s.fate != nil && !s.fate.commit {
				continue
			}
			records = append(records, Record{k, c.at[k], s.value})
			n--
		}
	}
	return records
}

func (m *model) send(k int) Micro {
	m.value++
	return Micro{Send: &Record{k, Unknown, m.value}}
}

// step lets a client begin something, do a part of it, or end it.
func (m *model) step(i int) {
	c := m.clients[i]
	switch {
	case c.op == nil:
		m.begin(i)
	case len(c.todo) > 0:
		mi := c.todo[0]
		c.todo = c.todo[1:]
		if mi.Send != nil {
			if c.fate != nil {
				c.fate.keys[mi.Send.Key] = true
			}
			mi = Micro{Send: &Record{mi.Send.Key, m.append(mi.Send.Key, slot{value: mi.Send.Value, fate: c.fate}), mi.Send.Value}}
		} else {
			mi = Micro{Poll: m.poll(c, 4)}
		}
		c.op.Micro = append(c.op.Micro, mi)
	default:
		m.finish(i)
	}
}

func (m *model) begin(i int) {
	c := m.clients[i]
	if m.rng.IntN(60) == 0 {
		m.line(Op{Process: c.process, Type: Invoke, F: Crash})
		m.line(Op{Process: c.process, Type: Info, F: Crash})
		m.clients[i] = m.client()
		return
	}
	if m.rng.IntN(15) == 0 {
		m.line(Op{Process: c.process, Type: Invoke, F: Watermark})
		op := Op{Process: c.process, Type: OK, F: Watermark}
		for k := range m.logs {
			op.Ends = append(op.Ends, Record{k, int64(len(m.logs[k])), 0})
		}
		m.line(op)
		return
	}
	c.op = &Op{Process: c.process}
	for range 1 + m.rng.IntN(4) {
		if m.rng.IntN(5) < 3 {
			c.todo = append(c.todo, m.send(m.rng.IntN(len(m.logs))))
		} else {
			c.todo = append(c.todo, Micro{Poll: []Record{}})
		}
	}
	if m.rng.IntN(3) == 0 {
		c.todo = []Micro{m.send(m.rng.IntN(len(m.logs)))}
	}
	m.start(c)
}

// start writes the invocation, and gives a transaction its fate to come.
func (m *model) start(c *actor) {
	sends := 0
	for _, mi := range c.todo {
		if mi.Send != nil {
			sends++
		}
	}
	switch {
	case sends == len(c.todo):
		c.op.F = Send
	case sends == 0:
		c.op.F = Poll
	default:
		c.op.F = Txn
	}
	c.fate = nil
	if c.op.F != Poll && len(c.todo) > 1 {
		c.fate = &fate{keys: map[int]bool{}}
	}
	c.back = maps.Clone(c.at)
	m.line(Op{Process: c.process, Type: Invoke, F: c.op.F, Micro: c.todo})
	if m.subscribe && c.op.F != Send && m.rng.IntN(8) == 0 {
		c.op.Rebalanced = c.keys
		m.place(c)
	}
	if c.fate == nil && c.op.F == Send { // one record: refused, or lost on the way
		switch m.rng.IntN(12) {
		case 0:
			c.op.Type, c.op.Micro, c.todo = Fail, c.todo, nil
		case 1:
			c.op.Type, c.op.Micro, c.todo = Info, c.todo, nil
		}
	}
}

// finish ends an operation, well or otherwise.
func (m *model) finish(i int) {
	c := m.clients[i]
	op := *c.op
	c.op = nil
	if op.Type == "" {
		op.Type = []Type{OK, OK, OK, OK, OK, OK, Fail, Info}[m.rng.IntN(8)]
		if c.fate == nil && op.Type == Fail { // what is not a transaction does not abort
			op.Type = OK
		}
	}
	if f := c.fate; f != nil {
		switch {
		case op.Type != Info:
			m.end(f, op.Type == OK)
		case m.rng.IntN(2) == 0:
			m.end(f, m.rng.IntN(2) == 0)
		default:
			m.limbo = append(m.limbo, f)
		}
	}
	switch op.Type {
	case Fail:
		c.at = c.back
	case OK:
		maps.Copy(m.group, c.at)
	case Info: // who gets no answer knows no offsets
		for j, mi := range op.Micro {
			if mi.Send != nil {
				op.Micro[j] = Micro{Send: &Record{mi.Send.Key, Unknown, mi.Send.Value}}
			}
		}
		m.clients[i] = nil
	}
	m.line(op)
	if m.clients[i] == nil {
		m.clients[i] = m.client()
	}
}

// sendOne sends one record that is acknowledged.
func (m *model) sendOne(c *actor, k int) {
	mi := m.send(k)
	m.line(Op{Process: c.process, Type: Invoke, F: Send, Micro: []Micro{mi}})
	o := m.append(k, slot{value: mi.Send.Value})
	m.line(Op{Process: c.process, Type: OK, F: Send, Micro: []Micro{{Send: &Record{k, o, mi.Send.Value}}}})
}

// readAll reads all keys from their beginning to their end.
func (m *model) readAll() {
	m.process++
	c := &actor{process: m.process, at: map[int]int64{}}
	for k := range m.logs {
		c.keys = append(c.keys, k)
	}
	m.line(Op{Process: c.process, Type: Invoke, F: Assign, Keys: c.keys, FromStart: true})
	m.line(Op{Process: c.process, Type: OK, F: Assign, Keys: c.keys, FromStart: true})
	for slices.ContainsFunc(c.keys, func(k int) bool { return c.at[k] < int64(len(m.logs[k])) }) {
		m.line(Op{Process: c.process, Type: Invoke, F: Poll, Micro: []Micro{{Poll: []Record{}}}})
		m.line(Op{Process: c.process, Type: OK, F: Poll, Micro: []Micro{{Poll: m.poll(c, 20)}}})
	}
}
