package timeline

import (
	"iter"
	"maps"
	"slices"
)

// Map is a map in two layers. Make it with [NewMap].
//
// A committed entry costs what it costs in a Go map; only the uncommitted
// writes cost more. Values are replaced, never changed in place: what V points
// to must be treated as immutable, or have its own layers.
//
// Invariants: pending holds each key that has an uncommitted write, with the
// number of its newest; size is the number of keys in the latest state.
type Map[K comparable, V any] struct {
	registry  *Registry
	committed map[K]V
	writes    queue[write[K, V]] // uncommitted, oldest first
	first     int64              // the number of the oldest of writes
	pending   map[K]int64        // key -> number of its newest write
	size      int
}

// write is one uncommitted Put or Delete of a key.
type write[K comparable, V any] struct {
	key     K
	value   V
	deleted bool
	// before is the number of the previous write of the key. Where that is
	// below the map's first, it has been committed, and -1 says there was none.
	before int64
	grew   int8 // what the write did to the size: -1, 0, 1
}

// NewMap makes an empty map whose time is that of r.
func NewMap[K comparable, V any](r *Registry) *Map[K, V] {
	return &Map[K, V]{registry: r, committed: map[K]V{}, pending: map[K]int64{}}
}

// Get is the latest value of key.
func (m *Map[K, V]) Get(key K) (V, bool) {
	if len(m.pending) > 0 {
		if number, ok := m.pending[key]; ok {
			w := m.writes.at(int(number - m.first))
			return w.value, !w.deleted
		}
	}
	value, ok := m.committed[key]
	return value, ok
}

// GetCommitted is the committed value of key.
func (m *Map[K, V]) GetCommitted(key K) (V, bool) {
	value, ok := m.committed[key]
	return value, ok
}

// Len is how many keys the latest state has.
func (m *Map[K, V]) Len() int { return m.size }

// LenCommitted is how many keys the committed state has.
func (m *Map[K, V]) LenCommitted() int { return len(m.committed) }

// Put writes the value of key, for the record that the registry is at.
func (m *Map[K, V]) Put(key K, value V) { m.write(key, value, false) }

// Delete removes key, for the record that the registry is at. Deleting what is
// not there is not a write.
func (m *Map[K, V]) Delete(key K) {
	if _, ok := m.Get(key); ok {
		m.write(key, *new(V), true)
	}
}

func (m *Map[K, V]) write(key K, value V, deleted bool) {
	_, had := m.Get(key)
	grew := int8(0)
	switch {
	case had && deleted:
		grew = -1
	case !had && !deleted:
		grew = 1
	}
	m.size += int(grew)
	if !m.registry.record(m) {
		m.store(key, value, deleted)
		return
	}
	before, ok := m.pending[key]
	if !ok {
		before = -1
	}
	m.pending[key] = m.first + int64(m.writes.len())
	m.writes.pushBack(write[K, V]{key, value, deleted, before, grew})
}

func (m *Map[K, V]) store(key K, value V, deleted bool) {
	if deleted {
		delete(m.committed, key)
	} else {
		m.committed[key] = value
	}
}

func (m *Map[K, V]) commitOldest() {
	w := m.writes.popFront()
	m.store(w.key, w.value, w.deleted)
	if m.pending[w.key] == m.first {
		delete(m.pending, w.key)
	}
	m.first++
}

func (m *Map[K, V]) revertNewest() {
	w := m.writes.popBack()
	m.size -= int(w.grew)
	if w.before >= m.first {
		m.pending[w.key] = w.before
	} else {
		delete(m.pending, w.key)
	}
}

// All walks the latest state, in no order: what leaves a pure package must be
// sorted, see [Map.Sorted]. The map must not be written during the walk.
func (m *Map[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for key, number := range m.pending {
			if w := m.writes.at(int(number - m.first)); !w.deleted && !yield(key, w.value) {
				return
			}
		}
		for key, value := range m.committed {
			if len(m.pending) > 0 {
				if _, ok := m.pending[key]; ok {
					continue
				}
			}
			if !yield(key, value) {
				return
			}
		}
	}
}

// AllCommitted walks the committed state, in no order.
func (m *Map[K, V]) AllCommitted() iter.Seq2[K, V] { return maps.All(m.committed) }

// Sorted walks the latest state in the order of the keys by compare. The map
// may be written during the walk: the keys are those of its beginning, and one
// that was deleted since is left out.
func (m *Map[K, V]) Sorted(compare func(a, b K) int) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		keys := make([]K, 0, m.size)
		for key := range m.All() {
			keys = append(keys, key)
		}
		slices.SortFunc(keys, compare)
		for _, key := range keys {
			if value, ok := m.Get(key); ok && !yield(key, value) {
				return
			}
		}
	}
}

// SortedCommitted walks the committed state in the order of the keys.
func (m *Map[K, V]) SortedCommitted(compare func(a, b K) int) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		keys := slices.SortedFunc(maps.Keys(m.committed), compare)
		for _, key := range keys {
			if value, ok := m.committed[key]; ok && !yield(key, value) {
				return
			}
		}
	}
}
