package history

import (
	"fmt"
	"slices"
	"strings"
)

// startsMax is from how many nodes of a large component the shortest cycle is
// looked for.
const startsMax = 64

// cycles finds operations that would each have to come before the other. The
// worst kind of each knot is told: one of writes only, then one with reads,
// then one with reads that were overtaken; each first without and then with
// the order of time.
func (a *analysis) cycles(o Options, f *findings) {
	g := a.dependencies(o)
	knots := g.components(ww|wr|rw|realtime, nil)
	if len(knots) == 0 {
		return
	}
	within := make([]bool, g.nodes)
	for _, knot := range knots {
		for _, n := range knot {
			within[n] = true
		}
	}
	for _, kinds := range []kind{ww, ww | realtime, ww | wr, ww | wr | realtime, ww | wr | rw, ww | wr | rw | realtime} {
		for _, knot := range g.components(kinds, within) {
			cycle := g.shortest(knot, kinds)
			f.add(name(cycle), func() Case { return a.cycleCase(cycle) })
			for _, n := range knot { // told; milder kinds of the same knot are not
				within[n] = false
			}
		}
	}
}

// shortest is the shortest cycle of a component.
func (g *graph) shortest(knot []int32, kinds kind) []edge {
	in := map[int32]bool{}
	for _, n := range knot {
		in[n] = true
	}
	var best []edge
	slices.Sort(knot) // operations before moments
	for _, start := range knot[:min(len(knot), startsMax)] {
		if c := g.cycleFrom(start, in, kinds); c != nil && (best == nil || len(c) < len(best)) {
			best = c
		}
	}
	return best
}

// cycleFrom is the shortest way from a node back to it.
func (g *graph) cycleFrom(start int32, in map[int32]bool, kinds kind) []edge {
	came := map[int32]edge{}
	queue := []int32{start}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, e := range g.from(n) {
			if e.kind&kinds == 0 || !in[e.to] {
				continue
			}
			if e.to == start {
				cycle := []edge{e}
				for at := n; at != start; at = came[at].from {
					cycle = append(cycle, came[at])
				}
				slices.Reverse(cycle)
				return cycle
			}
			if _, ok := came[e.to]; !ok {
				came[e.to] = e
				queue = append(queue, e.to)
			}
		}
	}
	return nil
}

// name says what kind of cycle it is.
func name(cycle []edge) Anomaly {
	overtaken, reads, timed := 0, 0, 0
	for _, e := range cycle {
		switch e.kind {
		case rw:
			overtaken++
		case wr:
			reads++
		case realtime:
			timed = 1
		}
	}
	switch {
	case overtaken > 1:
		return [2]Anomaly{G2, G2Realtime}[timed]
	case overtaken == 1:
		return [2]Anomaly{GSingle, GSingleRealtime}[timed]
	case reads > 0:
		return [2]Anomaly{G1c, G1cRealtime}[timed]
	default:
		return [2]Anomaly{G0, G0Realtime}[timed]
	}
}

// cycleCase tells a cycle, its operations named by their lines.
func (a *analysis) cycleCase(cycle []edge) Case {
	for int(cycle[0].from) >= len(a.txns) { // begin with an operation
		cycle = append(cycle[1:], cycle[0])
	}
	var c Case
	var said []string
	for i := 0; i < len(cycle); i++ {
		from := cycle[i].from
		c.Lines = append(c.Lines, a.lineOf(from))
		for int(cycle[i].to) >= len(a.txns) { // over moments
			i++
		}
		e := cycle[i]
		line, next := a.lineOf(from), a.lineOf(e.to)
		if e.kind == realtime {
			said = append(said, fmt.Sprintf("line %d was over before the operation of line %d began", line, next))
			continue
		}
		v := &a.values[e.value]
		c.Key, c.Values = a.keyName(v), append(c.Values, v.number)
		said = append(said, fmt.Sprintf(map[kind]string{
			ww: "line %d wrote to key %d before line %d wrote value %d",
			wr: "line %d wrote to key %d what line %d read: value %d",
			rw: "line %d read key %d up to what lies before line %d's value %d",
		}[e.kind], line, c.Key, next, v.number))
	}
	c.Text = strings.Join(said, "; ")
	return c
}
