package timeline

import (
	"cmp"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// model is a timeline as a list of all writes, each state made anew from it.
type model struct {
	committed kafka.Offset
	writes    []modelWrite
}

type modelWrite struct {
	offset kafka.Offset
	key    int // -1 is the value
	value  int
	delete bool
}

func (m *model) state(end kafka.Offset) (entries map[int]int, value int) {
	entries = map[int]int{}
	for _, w := range m.writes {
		switch {
		case w.offset >= end:
		case w.key < 0:
			value = w.value
		case w.delete:
			delete(entries, w.key)
		default:
			entries[w.key] = w.value
		}
	}
	return entries, value
}

func TestTimelineIsWhatItsWritesMakeIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &Registry{}
		m, v := NewMap[int, int](r), NewValue(r, 0)
		other := NewMap[string, int](r) // shares the log, must not disturb
		var want model
		at := kafka.Offset(0)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				key, value := rapid.IntRange(0, 5).Draw(t, "key"), rapid.Int().Draw(t, "value")
				m.Put(key, value)
				other.Put("x", value)
				want.writes = append(want.writes, modelWrite{at, key, value, false})
			},
			"delete": func(t *rapid.T) {
				key := rapid.IntRange(0, 5).Draw(t, "key")
				m.Delete(key)
				want.writes = append(want.writes, modelWrite{at, key, 0, true})
			},
			"set": func(t *rapid.T) {
				value := rapid.Int().Draw(t, "value")
				v.Set(value)
				want.writes = append(want.writes, modelWrite{at, -1, value, false})
			},
			"at": func(t *rapid.T) {
				at += kafka.Offset(rapid.IntRange(0, 3).Draw(t, "step"))
				r.At(at)
			},
			"commit": func(t *rapid.T) {
				end := kafka.Offset(rapid.Int64Range(0, int64(at)+2).Draw(t, "end"))
				r.Commit(end)
				want.committed = max(want.committed, end)
			},
			"revert": func(t *rapid.T) {
				end := kafka.Offset(rapid.Int64Range(int64(want.committed), max(int64(want.committed), int64(at)+1)).Draw(t, "end"))
				r.Revert(end)
				at = end
				want.writes = slices.DeleteFunc(want.writes, func(w modelWrite) bool { return w.offset >= end })
			},
			"": func(t *rapid.T) { check(t, m, v, &want) },
		})
	})
}

func check(t *rapid.T, m *Map[int, int], v *Value[int], want *model) {
	latest, value := want.state(1 << 60)
	committed, committedValue := want.state(want.committed)
	if got := maps.Collect(m.All()); !maps.Equal(got, latest) || m.Len() != len(latest) {
		t.Fatalf("latest %v of %d, want %v", got, m.Len(), latest)
	}
	if got := maps.Collect(m.AllCommitted()); !maps.Equal(got, committed) || m.LenCommitted() != len(committed) {
		t.Fatalf("committed %v, want %v", got, committed)
	}
	if v.Get() != value || v.GetCommitted() != committedValue {
		t.Fatalf("value %d, %d, want %d, %d", v.Get(), v.GetCommitted(), value, committedValue)
	}
	for key := range 6 {
		got, ok := m.Get(key)
		if wantValue, wantOK := latest[key]; got != wantValue || ok != wantOK {
			t.Fatalf("key %d: %d %t", key, got, ok)
		}
		got, ok = m.GetCommitted(key)
		if wantValue, wantOK := committed[key]; got != wantValue || ok != wantOK {
			t.Fatalf("committed key %d: %d %t", key, got, ok)
		}
	}
	var keys []int
	for key := range m.Sorted(cmp.Compare) {
		keys = append(keys, key)
	}
	if !slices.Equal(keys, slices.Sorted(maps.Keys(latest))) {
		t.Fatalf("sorted %v", keys)
	}
	keys = nil
	for key := range m.SortedCommitted(cmp.Compare) {
		keys = append(keys, key)
	}
	if !slices.Equal(keys, slices.Sorted(maps.Keys(committed))) {
		t.Fatalf("sorted committed %v", keys)
	}
}

func TestWritesBelowTheCommittedEndAreCommittedAtOnce(t *testing.T) {
	r := &Registry{}
	m := NewMap[int, int](r)
	r.Commit(100)
	for i := range 100 {
		r.At(kafka.Offset(i))
		m.Put(i, i)
	}
	if r.Uncommitted() != 0 || m.LenCommitted() != 100 {
		t.Errorf("%d uncommitted, %d committed", r.Uncommitted(), m.LenCommitted())
	}
	r.At(100)
	m.Put(0, 1)
	if v, _ := m.GetCommitted(0); v != 0 || r.Uncommitted() != 1 {
		t.Errorf("committed %d, %d uncommitted", v, r.Uncommitted())
	}
}

func TestSortedMayBeWrittenDuringTheWalk(t *testing.T) {
	r := &Registry{}
	m := NewMap[int, int](r)
	for i := range 10 {
		m.Put(i, i)
	}
	var seen []int
	for key := range m.Sorted(cmp.Compare) {
		seen = append(seen, key)
		m.Delete(key + 1)
		m.Put(100, 100)
	}
	if !slices.Equal(seen, []int{0, 2, 4, 6, 8}) {
		t.Errorf("saw %v", seen)
	}
}

func TestBrokenPromisesPanic(t *testing.T) {
	for name, f := range map[string]func(*Registry, *Map[int, int]){
		"revert what is committed": func(r *Registry, _ *Map[int, int]) { r.Commit(9); r.Revert(8) },
		"a write in the past":      func(r *Registry, m *Map[int, int]) { r.At(5); m.Put(1, 1); r.At(4) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			r := &Registry{}
			f(r, NewMap[int, int](r))
		}()
	}
}

func TestCommittedEntriesCostWhatAMapCosts(t *testing.T) {
	r := &Registry{}
	m := NewMap[int, int](r)
	for i := range 100_000 {
		r.At(kafka.Offset(i))
		m.Put(i, i)
		r.Commit(kafka.Offset(i - 100)) // a high watermark that follows
	}
	r.Commit(100_000)
	if len(m.pending) != 0 || m.writes.len() != 0 || len(m.writes.ring) > keep || len(r.log.ring) > keep {
		t.Errorf("%d pending, %d and %d kept", len(m.pending), len(m.writes.ring), len(r.log.ring))
	}
	next := kafka.Offset(100_000)
	if n := testing.AllocsPerRun(1000, func() {
		r.At(next)
		m.Put(int(next)%100_000, 1)
		next++
		r.Commit(next)
	}); n > 0 {
		t.Errorf("%v allocations for a write", n)
	}
}

func BenchmarkMap(b *testing.B) {
	r := &Registry{}
	m := NewMap[int, int](r)
	for i := range 100_000 {
		m.Put(i, i)
	}
	r.Commit(1)
	b.Run("get", func(b *testing.B) {
		i := 0
		for b.Loop() {
			m.Get(i % 100_000)
			i++
		}
	})
	b.Run("put and commit", func(b *testing.B) {
		next := r.Committed()
		for b.Loop() {
			r.At(next)
			m.Put(int(next)%100_000, 1)
			next++
			if next%100 == 0 {
				r.Commit(next)
			}
		}
		r.Commit(next)
	})
}
