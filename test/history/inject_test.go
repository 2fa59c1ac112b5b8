package history

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// wrong is a valid history that something is done to.
type wrong struct {
	rng   *rand.Rand
	ops   []Op
	reads map[[2]int64][]spot // by key and value
	sends map[[2]int64]spot   // by key and value
}

// spot is a record in a history: a line, a step in it, a record in that.
type spot struct{ line, micro, record int }

// spoil prepares a history: the last of it are two clients that read all.
func spoil(seed uint64, ops []Op) *wrong {
	w := &wrong{rng: rand.New(rand.NewPCG(seed, 2)), reads: map[[2]int64][]spot{}, sends: map[[2]int64]spot{}}
	w.ops = slices.Clone(ops) // a copy that shares nothing
	for i := range w.ops {
		w.ops[i].Micro = slices.Clone(w.ops[i].Micro)
		for j, m := range w.ops[i].Micro {
			w.ops[i].Micro[j].Poll = slices.Clone(m.Poll)
			if m.Send != nil {
				own := *m.Send
				w.ops[i].Micro[j].Send = &own
			}
		}
	}
	for i := range w.ops {
		op := &w.ops[i]
		if op.Type == Invoke {
			continue
		}
		for j, m := range op.Micro {
			if m.Send != nil {
				w.sends[[2]int64{int64(m.Send.Key), m.Send.Value}] = spot{i, j, 0}
			}
			for r := range m.Poll {
				at := [2]int64{int64(m.Poll[r].Key), m.Poll[r].Value}
				w.reads[at] = append(w.reads[at], spot{i, j, r})
			}
		}
	}
	return w
}

// remove takes a value out of all polls.
func (w *wrong) remove(r Record) {
	for _, s := range w.reads[[2]int64{int64(r.Key), r.Value}] {
		m := &w.ops[s.line].Micro[s.micro]
		m.Poll = slices.DeleteFunc(m.Poll, func(p Record) bool { return p.Key == r.Key && p.Value == r.Value })
	}
}

// exchange lets two values of a key change places, for all who saw them.
func (w *wrong) exchange(x, y Record) {
	for i := range w.ops {
		for _, m := range w.ops[i].Micro {
			if m.Send != nil && m.Send.Key == x.Key && m.Send.Offset != Unknown {
				switch m.Send.Value {
				case x.Value:
					m.Send.Offset = y.Offset
				case y.Value:
					m.Send.Offset = x.Offset
				}
			}
			for r := range m.Poll {
				if p := &m.Poll[r]; p.Key == x.Key && p.Offset == x.Offset {
					p.Value = y.Value
				} else if p.Key == x.Key && p.Offset == y.Offset {
					p.Value = x.Value
				}
			}
		}
	}
}

// operations are the ends of a kind, in any order.
func (w *wrong) operations(state Type, keep func(op *Op) bool) []int {
	var lines []int
	for _, i := range w.rng.Perm(len(w.ops)) {
		if op := &w.ops[i]; op.Type == state && op.moves() && keep(op) {
			lines = append(lines, i)
		}
	}
	return lines
}

func sendsOf(op *Op) []Record {
	var all []Record
	for _, m := range op.Micro {
		if m.Send != nil {
			all = append(all, *m.Send)
		}
	}
	return all
}

func (w *wrong) isRead(r Record) bool { return len(w.reads[[2]int64{int64(r.Key), r.Value}]) > 0 }

// last is the last value of a key and the offset behind it.
func (w *wrong) last(key int) (Record, int64) {
	last := Record{Offset: Unknown}
	for i := range w.ops {
		for _, m := range w.ops[i].Micro {
			for _, r := range m.Poll {
				if r.Key == key && r.Offset > last.Offset {
					last = r
				}
			}
		}
	}
	return last, last.Offset + 10
}

// lastReaders are the two processes that read everything at the end.
func (w *wrong) lastReaders() []int {
	var all []int
	for _, op := range w.ops {
		if op.F == Assign && op.Type == Invoke && op.FromStart {
			all = append(all, op.Process)
		}
	}
	return all[len(all)-2:]
}

// begin adds that an operation of a process begins.
func (w *wrong) begin(process int, f Func, micro ...Micro) {
	w.ops = append(w.ops, Op{Process: process, Type: Invoke, F: f, Micro: micro})
}

// end adds that it ends.
func (w *wrong) end(process int, f Func, micro ...Micro) {
	w.ops = append(w.ops, Op{Process: process, Type: OK, F: f, Micro: micro})
}

// whole adds an operation that begins and ends.
func (w *wrong) whole(process int, f Func, micro ...Micro) {
	w.begin(process, f, micro...)
	w.end(process, f, micro...)
}

// bothRead lets the last readers go on and read some records.
func (w *wrong) bothRead(records ...Record) {
	for _, p := range w.lastReaders() {
		w.whole(p, Poll, Micro{Poll: records})
	}
}

func sent(key int, offset, value int64) Micro { return Micro{Send: &Record{key, offset, value}} }
func polled(records ...Record) Micro          { return Micro{Poll: records} }

// injection does one thing to a history. It says whether it could.
type injection struct {
	name string
	want []Anomaly
	o    Options
	do   func(w *wrong) bool
}

const (
	// Processes and values of an injection.
	one, two, three, four = 1_000_001, 1_000_002, 1_000_003, 1_000_004
	vA, vB, vC, vD        = 9_000_001, 9_000_002, 9_000_003, 9_000_004
)

// TestEachInjectionIsTheVerdict spoils valid histories in one way, and demands
// that this is found, and nothing else.
func TestEachInjectionIsTheVerdict(t *testing.T) {
	const seeds = 100
	found := map[Anomaly]bool{}
	for _, in := range slices.Concat(injectionsOfLoss(), injectionsOfOrder(), injectionsOfCycles()) {
		t.Run(in.name, func(t *testing.T) {
			for _, a := range in.want {
				found[a] = true
			}
			done := 0
			for seed := range uint64(seeds) {
				for _, serial := range []bool{true, false} {
					in.o.Strict = serial
					w := spoil(seed, valid(seed, 50+int(seed), serial))
					if !in.do(w) {
						continue
					}
					done++
					v := check(t, w.ops, in.o)
					want := in.want
					if !serial { // what a history that is not serial may show is let pass
						allowed := in.o.allowed()
						want = slices.DeleteFunc(slices.Clone(want), func(a Anomaly) bool {
							if allowed[a] && v.Found(a) == 0 {
								t.Fatalf("seed %d: no %s\n%s", seed, a, said(t, v))
							}
							return allowed[a]
						})
					}
					if names := v.Names(false); !slices.Equal(names, want) {
						t.Fatalf("seed %d, serial %v: found %v, want %v\n%s", seed, serial, names, want, said(t, v))
					}
				}
			}
			if done < seeds/5 {
				t.Errorf("done %d times only, in %d histories", done, 2*seeds)
			}
			t.Logf("%d histories", done)
		})
	}
	for _, a := range anomalies() {
		if !found[a] {
			t.Errorf("nothing injects %s", a)
		}
	}
}

func injectionsOfLoss() []injection {
	atEnd := func(state Type, value int64) func(*wrong) bool {
		return func(w *wrong) bool {
			key := 0
			if state == Fail {
				failed := w.operations(Fail, func(op *Op) bool { return len(sendsOf(op)) > 0 })
				if len(failed) == 0 {
					return false
				}
				s := sendsOf(&w.ops[failed[0]])[0]
				key, value = s.Key, s.Value
			}
			_, end := w.last(key)
			w.bothRead(Record{key, end, value})
			return true
		}
	}
	return []injection{
		{"a write is lost", []Anomaly{LostWrite}, Options{}, func(w *wrong) bool {
			lines := w.operations(OK, func(op *Op) bool {
				s := sendsOf(op)
				last, _ := w.last(0)
				return len(s) == 1 && len(op.Micro) == 1 && s[0].Key == 0 && s[0].Offset < last.Offset
			})
			if len(lines) == 0 {
				return false
			}
			w.remove(sendsOf(&w.ops[lines[0]])[0])
			return true
		}},
		{"a transaction is lost", []Anomaly{LostWrite}, Options{}, func(w *wrong) bool {
			lines := w.operations(OK, func(op *Op) bool { return len(sendsOf(op)) > 1 })
			if len(lines) == 0 {
				return false
			}
			for _, s := range sendsOf(&w.ops[lines[0]]) {
				w.remove(s)
			}
			return true
		}},
		{"nobody reads the end", []Anomaly{Unseen}, Options{}, func(w *wrong) bool {
			last, _ := w.last(0)
			w.remove(last)
			return true
		}},
		{"a part of an acknowledged transaction is lost", []Anomaly{LostWrite, TornTransaction}, Options{}, func(w *wrong) bool {
			lines := w.operations(OK, func(op *Op) bool { return len(sendsOf(op)) > 1 })
			if len(lines) == 0 {
				return false
			}
			all := sendsOf(&w.ops[lines[0]])
			w.remove(all[w.rng.IntN(len(all))])
			return true
		}},
		{"a part of a transaction is lost", []Anomaly{TornTransaction}, Options{}, func(w *wrong) bool {
			lines := w.operations(Info, func(op *Op) bool {
				s := sendsOf(op)
				return len(s) > 1 && w.isRead(s[0])
			})
			if len(lines) == 0 {
				return false
			}
			all := sendsOf(&w.ops[lines[0]])
			w.remove(all[w.rng.IntN(len(all))])
			return true
		}},
		{"an aborted value is read", []Anomaly{AbortedRead}, Options{}, atEnd(Fail, 0)},
		{"a value appears from nowhere", []Anomaly{Unwritten}, Options{}, atEnd(OK, vA)},
		{"two values at one offset", []Anomaly{InconsistentOffsets}, Options{}, func(w *wrong) bool {
			lines := w.operations(Info, func(op *Op) bool {
				s := sendsOf(op)
				return len(s) == 1 && !w.isRead(s[0])
			})
			if len(lines) == 0 {
				return false
			}
			s := sendsOf(&w.ops[lines[0]])[0]
			last, _ := w.last(s.Key)
			at := w.reads[[2]int64{int64(s.Key), last.Value}]
			p := at[len(at)-1]
			w.ops[p.line].Micro[p.micro].Poll[p.record].Value = s.Value
			return true
		}},
		{"one value at two offsets", []Anomaly{Duplicate}, Options{}, func(w *wrong) bool {
			for at := range w.reads {
				_, end := w.last(int(at[0]))
				w.bothRead(Record{int(at[0]), end, at[1]})
				return true
			}
			return false
		}},
		{"a transaction reads itself", []Anomaly{PrecommittedRead}, Options{}, func(w *wrong) bool {
			_, end := w.last(0)
			w.whole(one, Txn, sent(0, end, vA), polled(Record{0, end, vA}))
			return true
		}},
		{"a high watermark goes back", []Anomaly{NonmonotonicEnd}, Options{}, func(w *wrong) bool {
			last, _ := w.last(0)
			w.ops = append(w.ops, Op{Process: one, Type: Invoke, F: Watermark},
				Op{Process: one, Type: OK, F: Watermark, Ends: []Record{{0, last.Offset, 0}}})
			return true
		}},
	}
}
