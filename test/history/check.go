package history

import (
	"fmt"
	"slices"
)

// Check decides whether a history is one that a correct log can have. It is an
// error if it is no history: an operation ends that did not begin, or a value
// is sent twice. Its time grows with the lines and the records in them.
func Check(ops []Op, o Options) (*Verdict, error) {
	a, err := analyse(ops)
	if err != nil {
		return nil, err
	}
	a.orderLogs()
	f := &findings{found: map[Anomaly]*Finding{}}
	a.places(f)
	a.reads(f)
	a.losses(f)
	a.torn(f)
	a.ends(f)
	a.pollsInside(f)
	a.sendsInside(f)
	a.acrossOperations(o, f)
	a.cycles(o, f)
	return a.verdict(o, f), nil
}

// findings collects cases by anomaly.
type findings struct{ found map[Anomaly]*Finding }

// add counts a case; text is only made for those that are shown.
func (f *findings) add(name Anomaly, make func() Case) {
	g := f.found[name]
	if g == nil {
		g = &Finding{Anomaly: name}
		f.found[name] = g
	}
	if g.Count++; len(g.Cases) < casesMax {
		g.Cases = append(g.Cases, make())
	}
}

func (a *analysis) verdict(o Options, f *findings) *Verdict {
	v := &Verdict{Valid: true, Findings: []Finding{}, Lines: len(a.ops), Keys: len(a.logs)}
	allowed := o.allowed()
	for _, name := range anomalies() {
		if g := f.found[name]; g != nil {
			g.Allowed = allowed[name]
			v.Valid = v.Valid && g.Allowed
			v.Findings = append(v.Findings, *g)
		}
	}
	for i := range a.txns {
		switch a.txns[i].state {
		case OK:
			v.OK++
			v.Acknowledged += len(a.sends(i))
		case Fail:
			v.Fail++
		default:
			v.Info++
		}
	}
	for i := range a.values {
		if a.values[i].okReader >= 0 {
			v.Read++
		}
	}
	return v
}

// analysis is a history with its names replaced by small numbers.
type analysis struct {
	ops    []Op
	txns   []txn
	txnOf  []int32 // by line: the operation that the line ends, -1 if none
	begun  []int32 // by line: the operation that the line begins, -1 if none
	sent   []ref   // of all operations, one after another
	read   []ref
	keyOf  map[int]int32
	logs   []log
	values []value
}

// txn is an operation that sends or polls, by its end.
type txn struct {
	line    int32 // of its end; of its beginning if it has no end
	invoked int32 // line
	state   Type  // OK, Info or Fail
	sendLo  int32 // into analysis.sent
	sendHi  int32
	readLo  int32 // into analysis.read
	readHi  int32
}

// ref is a value that an operation sent or read, and where.
type ref struct {
	value  int32
	offset int64
}

// value is what was sent or read of one key.
type value struct {
	number   int64
	key      int32
	writer   int32 // operation, -1 if nobody sent it
	reader   int32 // the first operation that read it, -1 if none did
	okReader int32 // the first that read it and is [OK]
	offset   int64 // one of its places in the log, or [Unknown]
	first    int32 // its first and last place in the log, by index; -1 if it has none
	last     int32
}

// log is one key: its offsets without the gaps, in order.
type log struct {
	key     int
	places  []place
	offsets []int64 // by index
	at      []int32 // by index: a value there
	byValue map[int64]int32
}

// place is a value at an offset.
type place struct {
	offset int64
	value  int32
}

func (a *analysis) sends(t int) []ref      { return a.sent[a.txns[t].sendLo:a.txns[t].sendHi] }
func (a *analysis) readOf(t int) []ref     { return a.read[a.txns[t].readLo:a.txns[t].readHi] }
func (a *analysis) lineOf(t int32) int     { return int(a.txns[t].line) + 1 }
func (a *analysis) keyName(v *value) int   { return a.logs[v.key].key }
func (a *analysis) numberOf(v int32) int64 { return a.values[v].number }

// analyse pairs the lines and numbers the keys and values.
func analyse(ops []Op) (*analysis, error) {
	a := &analysis{
		ops: ops, keyOf: map[int]int32{},
		txnOf: make([]int32, len(ops)), begun: make([]int32, len(ops)),
	}
	open := map[int]int{} // by process: the line of its invocation
	var pending []int
	for i := range ops {
		op := &ops[i]
		a.txnOf[i], a.begun[i] = -1, -1
		if op.Type == Invoke {
			if before, ok := open[op.Process]; ok {
				pending = append(pending, before)
			}
			open[op.Process] = i
			continue
		}
		began, ok := open[op.Process]
		if !ok || ops[began].F != op.F {
			return nil, fmt.Errorf("line %d: process %d ends a %s that it did not begin", i+1, op.Process, op.F)
		}
		delete(open, op.Process)
		if op.moves() {
			if err := a.operation(i, began, op.Type); err != nil {
				return nil, err
			}
		}
	}
	for _, began := range open {
		pending = append(pending, began)
	}
	slices.Sort(pending) // the order of a map is no order
	for _, began := range pending {
		if ops[began].moves() {
			if err := a.operation(began, began, Info); err != nil {
				return nil, err
			}
		}
	}
	return a, nil
}

// operation takes in one that ends in a line, or never does.
func (a *analysis) operation(line, invoked int, state Type) error {
	t := int32(len(a.txns))
	a.txns = append(a.txns, txn{
		line: int32(line), invoked: int32(invoked), state: state,
		sendLo: int32(len(a.sent)), readLo: int32(len(a.read)),
	})
	a.begun[invoked] = t
	if line != invoked {
		a.txnOf[line] = t
	}
	micro := a.ops[line].Micro
	if len(micro) == 0 {
		micro = a.ops[invoked].Micro // an end of unknown outcome repeats nothing
	}
	for _, m := range micro {
		if m.Send != nil {
			v := a.valueOf(*m.Send)
			if before := a.values[v].writer; before >= 0 {
				return fmt.Errorf("line %d: value %d is sent to key %d a second time, after line %d: who reads it could not know who wrote it",
					line+1, m.Send.Value, m.Send.Key, a.lineOf(before))
			}
			a.values[v].writer = t
			a.sent = append(a.sent, ref{v, m.Send.Offset})
		}
		for _, r := range m.Poll {
			v := a.valueOf(r)
			if a.values[v].reader < 0 {
				a.values[v].reader = t
			}
			if state == OK && a.values[v].okReader < 0 {
				a.values[v].okReader = t
			}
			a.read = append(a.read, ref{v, r.Offset})
		}
	}
	a.txns[t].sendHi, a.txns[t].readHi = int32(len(a.sent)), int32(len(a.read))
	return nil
}

func (a *analysis) key(name int) int32 {
	k, ok := a.keyOf[name]
	if !ok {
		k = int32(len(a.logs))
		a.keyOf[name] = k
		a.logs = append(a.logs, log{key: name, byValue: map[int64]int32{}})
	}
	return k
}

func (a *analysis) valueOf(r Record) int32 {
	k := a.key(r.Key)
	v, ok := a.logs[k].byValue[r.Value]
	if !ok {
		v = int32(len(a.values))
		a.logs[k].byValue[r.Value] = v
		a.values = append(a.values, value{
			number: r.Value, key: k, writer: -1, reader: -1, okReader: -1, offset: Unknown, first: -1, last: -1,
		})
	}
	return v
}

// committed tells whether an operation counts for certain: it says so, or a
// value that it sent was read.
func (a *analysis) committed(t int32) bool {
	switch a.txns[t].state {
	case OK:
		return true
	case Fail:
		return false
	default:
		return slices.ContainsFunc(a.sends(int(t)), func(r ref) bool { return a.values[r.value].okReader >= 0 })
	}
}
