package metadata

import (
	"cmp"
	"iter"
	"slices"
)

// leafMax bounds the entries of one leaf of a [sorted] map: large enough that
// the spine stays short, small enough that copying a leaf is cheap.
const leafMax = 128

// ordered is what the keys of a [sorted] map must offer.
type ordered[K any] interface{ compare(other K) int }

// entry is one key and its value.
type entry[K, V any] struct {
	key   K
	value V
}

// sorted is a persistent map in key order: with and without make another map
// that shares all leaves but one with the old one. The zero value is empty.
//
// It is a tree of fixed depth: a spine of leaves, each with 1 to leafMax
// entries in order. Ten thousand entries make a spine of about a hundred.
type sorted[K ordered[K], V any] struct {
	leaves [][]entry[K, V]
	count  int
}

// find gives the leaf that holds or would hold key, the place in it, and
// whether it is there.
func (s sorted[K, V]) find(key K) (leaf, at int, found bool) {
	leaf, found = slices.BinarySearchFunc(s.leaves, key, func(l []entry[K, V], k K) int { return l[0].key.compare(k) })
	if found {
		return leaf, 0, true
	}
	if leaf > 0 {
		leaf--
	}
	if leaf >= len(s.leaves) {
		return leaf, 0, false
	}
	at, found = slices.BinarySearchFunc(s.leaves[leaf], key, func(e entry[K, V], k K) int { return e.key.compare(k) })
	return leaf, at, found
}

func (s sorted[K, V]) get(key K) (V, bool) {
	leaf, at, found := s.find(key)
	if !found {
		var none V
		return none, false
	}
	return s.leaves[leaf][at].value, true
}

// with is s with key set to value.
func (s sorted[K, V]) with(key K, value V) sorted[K, V] {
	leaf, at, found := s.find(key)
	if leaf >= len(s.leaves) {
		return sorted[K, V]{leaves: [][]entry[K, V]{{{key, value}}}, count: 1}
	}
	old := s.leaves[leaf]
	if found {
		changed := slices.Clone(old)
		changed[at].value = value
		leaves := slices.Clone(s.leaves)
		leaves[leaf] = changed
		return sorted[K, V]{leaves: leaves, count: s.count}
	}
	grown := make([]entry[K, V], 0, len(old)+1)
	grown = append(append(append(grown, old[:at]...), entry[K, V]{key, value}), old[at:]...)
	leaves := make([][]entry[K, V], 0, len(s.leaves)+1)
	leaves = append(leaves, s.leaves[:leaf]...)
	switch {
	case len(grown) <= leafMax:
		leaves = append(leaves, grown)
	case at == len(old): // keys that come in order fill their leaves
		leaves = append(leaves, slices.Clip(grown[:at]), []entry[K, V]{grown[at]})
	default:
		half := len(grown) / 2
		leaves = append(leaves, slices.Clip(grown[:half]), slices.Clone(grown[half:]))
	}
	return sorted[K, V]{leaves: append(leaves, s.leaves[leaf+1:]...), count: s.count + 1}
}

// without is s without key.
func (s sorted[K, V]) without(key K) sorted[K, V] {
	leaf, at, found := s.find(key)
	if !found {
		return s
	}
	old := s.leaves[leaf]
	leaves := slices.Clone(s.leaves)
	if len(old) == 1 {
		leaves = slices.Delete(leaves, leaf, leaf+1)
	} else {
		leaves[leaf] = slices.Concat(old[:at], old[at+1:])
	}
	return sorted[K, V]{leaves: leaves, count: s.count - 1}
}

// all walks the entries in key order.
func (s sorted[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for _, leaf := range s.leaves {
			for _, e := range leaf {
				if !yield(e.key, e.value) {
					return
				}
			}
		}
	}
}

// from walks the entries whose key is not below low, in order.
func (s sorted[K, V]) from(low K) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		leaf, at, _ := s.find(low)
		for ; leaf < len(s.leaves); leaf, at = leaf+1, 0 {
			for _, e := range s.leaves[leaf][at:] {
				if !yield(e.key, e.value) {
					return
				}
			}
		}
	}
}

// text, number and id are the keys used.
type (
	text   string
	number int32
)

func (a text) compare(b text) int     { return cmp.Compare(a, b) }
func (a number) compare(b number) int { return cmp.Compare(a, b) }
