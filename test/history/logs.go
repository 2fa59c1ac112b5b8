package history

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// orderLogs puts every key in order. Sends count as far as they are known to
// be committed; polls always do, because a poll shows committed records
// whatever becomes of its own transaction.
func (a *analysis) orderLogs() {
	for t := range a.txns {
		if len(a.sends(t)) > 0 && a.committed(int32(t)) {
			for _, r := range a.sends(t) {
				a.put(r)
			}
		}
		for _, r := range a.readOf(t) {
			a.put(r)
		}
	}
	for k := range a.logs {
		l := &a.logs[k]
		slices.SortFunc(l.places, func(x, y place) int {
			return cmp.Or(cmp.Compare(x.offset, y.offset), cmp.Compare(a.numberOf(x.value), a.numberOf(y.value)))
		})
		l.places = slices.Compact(l.places)
		for _, p := range l.places {
			if n := len(l.offsets); n == 0 || l.offsets[n-1] != p.offset {
				l.offsets, l.at = append(l.offsets, p.offset), append(l.at, p.value)
			}
			v, i := &a.values[p.value], int32(len(l.offsets)-1)
			if v.first < 0 {
				v.first = i
			}
			v.last = i
		}
	}
}

// put notes a place; one that is known is noted once.
func (a *analysis) put(r ref) {
	v := &a.values[r.value]
	if r.offset < 0 || v.offset == r.offset {
		return
	}
	if v.offset < 0 {
		v.offset = r.offset
	}
	a.logs[v.key].places = append(a.logs[v.key].places, place{r.offset, r.value})
}

// index is where in its log a value was sent or read, -1 if nobody can tell.
func (a *analysis) index(r ref) int32 {
	v := &a.values[r.value]
	if r.offset < 0 || v.first == v.last {
		return v.first
	}
	i, found := slices.BinarySearch(a.logs[v.key].offsets, r.offset)
	if !found {
		return -1
	}
	return int32(i)
}

// places finds offsets with several values, and values with several offsets.
func (a *analysis) places(f *findings) {
	for k := range a.logs {
		l := &a.logs[k]
		offsets := map[int32][]int64{} // of values that have several
		for from := 0; from < len(l.places); {
			to := from
			for ; to < len(l.places) && l.places[to].offset == l.places[from].offset; to++ {
				if v := l.places[to].value; a.values[v].first != a.values[v].last {
					offsets[v] = append(offsets[v], l.places[to].offset)
				}
			}
			if here := l.places[from:to]; len(here) > 1 {
				f.add(InconsistentOffsets, func() Case { return a.inconsistent(l, here) })
			}
			from = to
		}
		for _, v := range slices.Sorted(maps.Keys(offsets)) {
			f.add(Duplicate, func() Case {
				return Case{
					Key: l.key, Values: []int64{a.numberOf(v)}, Offsets: offsets[v],
					Text: fmt.Sprintf("key %d: value %d lies at the offsets %v", l.key, a.numberOf(v), offsets[v]),
				}
			})
		}
	}
}

func (a *analysis) inconsistent(l *log, here []place) Case {
	c := Case{Key: l.key, Offsets: []int64{here[0].offset}}
	for _, p := range here {
		c.Values = append(c.Values, a.numberOf(p.value))
		if r := a.values[p.value].reader; r >= 0 {
			c.Lines = append(c.Lines, a.lineOf(r))
		}
	}
	c.Text = fmt.Sprintf("key %d: offset %d held the values %v", l.key, here[0].offset, c.Values)
	return c
}
