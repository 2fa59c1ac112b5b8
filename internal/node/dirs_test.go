package node

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

func TestMetadataDirectoryHoldsNoPartitions(t *testing.T) {
	inBubble(t, []string{"metadata.log.dir=/meta"}, func(t *testing.T, w *world) {
		w.raw().topic("t", 8)
		synctest.Wait() // directories are made in the background
		for dir, want := range map[string]int{"/meta": 0, "/data": 8} {
			entries, err := w.fs.List(dir)
			if err != nil {
				t.Fatal(err)
			}
			got := 0
			var names []string
			for _, e := range entries {
				names = append(names, e.Name)
				if strings.HasPrefix(e.Name, "t-") {
					got++
				}
			}
			if got != want || slices.Contains(names, "__cluster_metadata-0") == (dir == "/data") {
				t.Errorf("%s holds %v", dir, names)
			}
		}
	})
}
