package segment

import (
	"testing"

	"pgregory.net/rapid"
)

// A set of ranges never says that something is in it that was not added, and
// forgets nothing while there are few.
func TestRangesAreASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r ranges
		var in [200]bool
		added := 0
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			from := rapid.Int64Range(0, 199).Draw(t, "from")
			to := rapid.Int64Range(from, min(from+20, 200)).Draw(t, "to")
			if rapid.IntRange(0, 9).Draw(t, "op") == 0 {
				r.cut(from)
				for i := from; i < 200; i++ {
					in[i] = false
				}
				continue
			}
			r.add(from, to)
			added++
			for i := from; i < to; i++ {
				in[i] = true
			}
			for i, s := range r {
				if s.from >= s.to || (i > 0 && r[i-1].to >= s.from) {
					t.Fatalf("spans %v", r)
				}
			}
		}
		if len(r) > maxRanges {
			t.Fatalf("%d spans", len(r))
		}
		for i := range int64(200) {
			if got := r.covers(i, i+1); got != in[i] && (got || added <= maxRanges) {
				t.Fatalf("position %d: %v, want %v: %v", i, got, in[i], r)
			}
		}
	})
}
