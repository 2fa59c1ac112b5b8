package history

import "slices"

// kind is why one operation must come before another.
type kind uint8

const (
	ww       kind = 1 << iota // it wrote the value before the other's
	wr                        // the other read what it wrote
	rw                        // the other wrote the value after the last that it read
	realtime                  // it was over when the other began
)

// edge says that one operation comes before another.
type edge struct {
	from, to int32
	value    int32 // that the other wrote or read, -1 of realtime
	kind     kind
}

// graph has the operations as nodes, and behind them the moments at which an
// operation was over: so there are as many edges of time as operations, and
// not their square.
type graph struct {
	nodes int
	out   []int32 // by node: its first edge
	edges []edge  // by from
}

// newGraph sorts edges by their first node.
func newGraph(nodes int, edges []edge) *graph {
	g := &graph{nodes: nodes, out: make([]int32, nodes+1), edges: make([]edge, len(edges))}
	for _, e := range edges {
		g.out[e.from+1]++
	}
	for i := range nodes {
		g.out[i+1] += g.out[i]
	}
	next := slices.Clone(g.out)
	for _, e := range edges {
		g.edges[next[e.from]] = e
		next[e.from]++
	}
	return g
}

func (g *graph) from(n int32) []edge { return g.edges[g.out[n]:g.out[n+1]] }

// dependencies draws the edges that the options ask for.
func (a *analysis) dependencies(o Options) *graph {
	var edges []edge
	link := func(from, to, value int32, k kind) {
		if from >= 0 && to >= 0 && from != to && a.txns[from].state != Fail && a.txns[to].state != Fail {
			edges = append(edges, edge{from, to, value, k})
		}
	}
	if o.WriteWrite {
		for k := range a.logs {
			at := a.logs[k].at
			for i := 1; i < len(at); i++ {
				link(a.values[at[i-1]].writer, a.values[at[i]].writer, at[i], ww)
			}
		}
	}
	for i := range a.txns {
		t, last := int32(i), int32(-1)
		for _, r := range a.readOf(i) {
			if w := a.values[r.value].writer; w != last { // many values of one writer are one edge
				last = w
				link(w, t, r.value, wr)
			}
		}
		if o.ReadWrite {
			for _, next := range a.afterReads(i) {
				link(t, a.values[next].writer, next, rw)
			}
		}
	}
	edges, nodes := a.moments(edges)
	return newGraph(nodes, edges)
}

// afterReads are the values that follow the highest that an operation read of
// each key.
func (a *analysis) afterReads(t int) []int32 {
	highest := map[int32]int32{}
	for _, r := range a.readOf(t) {
		k := a.values[r.value].key
		if i := a.index(r); i >= 0 && i >= highest[k] {
			highest[k] = i
		}
	}
	var next []int32
	for k, i := range highest {
		if at := a.logs[k].at; int(i)+1 < len(at) {
			next = append(next, at[i+1])
		}
	}
	slices.Sort(next) // the order of a map is no order
	return next
}

// moments draws the edges of time: from an operation that is over to the
// moment at which it is, from a moment to the next, and to the operations that
// begin after it. What may yet happen is never over.
func (a *analysis) moments(edges []edge) ([]edge, int) {
	now := int32(len(a.txns)) - 1 // the last moment; the first is behind the operations
	first, begun := now+1, true   // whether something began since that moment
	for i := range a.ops {
		if t := a.begun[i]; t >= 0 {
			if now >= first {
				edges = append(edges, edge{now, t, -1, realtime})
			}
			begun = true
		}
		if t := a.txnOf[i]; t >= 0 && a.txns[t].state == OK {
			if begun {
				if now++; now > first {
					edges = append(edges, edge{now - 1, now, -1, realtime})
				}
				begun = false
			}
			edges = append(edges, edge{t, now, -1, realtime})
		}
	}
	return edges, int(now) + 1
}

// components are the sets of nodes that reach each other over edges of some
// kinds, of two nodes and more (Tarjan's algorithm, without recursion). Only
// nodes of within count, all if it is nil.
func (g *graph) components(kinds kind, within []bool) [][]int32 {
	s := &search{
		graph: g, kinds: kinds, within: within, index: make([]int32, g.nodes), low: make([]int32, g.nodes),
		on: make([]bool, g.nodes), next: slices.Clone(g.out[:g.nodes]),
	}
	for n := range int32(g.nodes) {
		if s.index[n] == 0 && s.in(n) {
			s.visit(n)
		}
	}
	return s.found
}

// search is the state of one search for components.
type search struct {
	*graph
	kinds  kind
	within []bool
	index  []int32 // by node: when it was met, from 1; 0 if not yet
	low    []int32
	on     []bool  // the stack
	next   []int32 // by node: the edge to look at next
	stack  []int32
	count  int32
	found  [][]int32
}

func (s *search) in(n int32) bool { return s.within == nil || s.within[n] }

func (s *search) meet(n int32) {
	s.count++
	s.index[n], s.low[n], s.on[n] = s.count, s.count, true
	s.stack = append(s.stack, n)
}

func (s *search) visit(root int32) {
	s.meet(root)
	for path := []int32{root}; len(path) > 0; {
		n := path[len(path)-1]
		if s.next[n] < s.out[n+1] {
			e := s.edges[s.next[n]]
			s.next[n]++
			switch {
			case e.kind&s.kinds == 0 || !s.in(e.to):
			case s.index[e.to] == 0:
				s.meet(e.to)
				path = append(path, e.to)
			case s.on[e.to]:
				s.low[n] = min(s.low[n], s.index[e.to])
			}
			continue
		}
		path = path[:len(path)-1]
		if len(path) > 0 {
			up := path[len(path)-1]
			s.low[up] = min(s.low[up], s.low[n])
		}
		if s.low[n] == s.index[n] {
			s.leave(n)
		}
	}
}

// leave takes a whole component off the stack.
func (s *search) leave(n int32) {
	at := len(s.stack) - 1
	for s.stack[at] != n {
		at--
	}
	component := s.stack[at:]
	s.stack = s.stack[:at]
	for _, m := range component {
		s.on[m] = false
	}
	if len(component) > 1 {
		s.found = append(s.found, slices.Clone(component))
	}
}
