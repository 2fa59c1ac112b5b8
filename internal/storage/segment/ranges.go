package segment

import "slices"

// maxRanges bounds the memory of [ranges]; beyond it the shortest is forgotten,
// which costs another look and nothing else.
const maxRanges = 32

type span struct{ from, to int64 }

// ranges is a set of positions, as spans that do not touch, in order.
type ranges []span

// covers says whether all of [from, to) is in the set.
func (r ranges) covers(from, to int64) bool {
	for _, s := range r {
		if s.from <= from && to <= s.to {
			return true
		}
	}
	return from >= to
}

func (r *ranges) add(from, to int64) {
	if from >= to {
		return
	}
	all := *r
	// The hot case: an append behind the last span.
	if n := len(all); n > 0 && all[n-1].to == from {
		all[n-1].to = to
		return
	}
	at := 0
	for at < len(all) && all[at].to < from {
		at++
	}
	end := at
	for ; end < len(all) && all[end].from <= to; end++ {
		from, to = min(from, all[end].from), max(to, all[end].to)
	}
	all = slices.Replace(all, at, end, span{from, to})
	if len(all) > maxRanges {
		shortest := 0
		for i, s := range all {
			if s.to-s.from < all[shortest].to-all[shortest].from {
				shortest = i
			}
		}
		all = slices.Delete(all, shortest, shortest+1)
	}
	*r = all
}

// cut forgets everything from a position on.
func (r *ranges) cut(at int64) {
	all := *r
	for n := len(all); n > 0 && all[n-1].to > at; n-- {
		if all[n-1].from < at {
			all[n-1].to = at
			break
		}
		all = all[:n-1]
	}
	*r = all
}
