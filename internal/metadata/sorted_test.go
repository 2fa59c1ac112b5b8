package metadata

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestSortedIsAMapThatNeverChanges compares the persistent map with Go's, and
// keeps old ones to see that they stay as they were.
func TestSortedIsAMapThatNeverChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type version struct {
			tree sorted[number, int]
			want map[number]int
		}
		versions := []version{{}}
		keys := rapid.Int32Range(0, int32(rapid.IntRange(5, 2000).Draw(t, "keys")))
		for range rapid.IntRange(1, 800).Draw(t, "operations") {
			last := versions[len(versions)-1]
			key := number(keys.Draw(t, "key"))
			next := version{want: maps.Clone(last.want)}
			if next.want == nil {
				next.want = map[number]int{}
			}
			if rapid.IntRange(0, 3).Draw(t, "remove") == 0 {
				next.tree = last.tree.without(key)
				delete(next.want, key)
			} else {
				next.tree = last.tree.with(key, len(versions))
				next.want[key] = len(versions)
			}
			versions = append(versions, next)
			if len(versions) > 20 {
				versions = versions[10:]
			}
		}
		for _, v := range versions {
			keys := slices.Sorted(maps.Keys(v.want))
			at := 0
			for k, value := range v.tree.all() {
				if at >= len(keys) || k != keys[at] || value != v.want[k] {
					t.Fatalf("entry %d is %d=%d", at, k, value)
				}
				at++
			}
			if at != len(keys) || v.tree.count != len(keys) {
				t.Fatalf("%d entries, count %d, want %d", at, v.tree.count, len(keys))
			}
			for _, k := range []number{-1, 0, 7, 100, 5000} {
				value, ok := v.tree.get(k)
				if want, has := v.want[k]; ok != has || value != want {
					t.Fatalf("get(%d) = %d, %v", k, value, ok)
				}
				first := len(keys)
				for from := range v.tree.from(k) {
					first = slices.Index(keys, from)
					break
				}
				if want, _ := slices.BinarySearch(keys, k); first != want {
					t.Fatalf("from(%d) begins at entry %d, want %d", k, first, want)
				}
			}
		}
	})
}
