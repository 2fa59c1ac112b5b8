package dump

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/test/harness"
)

// TestSpoiledFiles compares on copies of Kafka's files with flipped bits, cut
// tails, foreign content, more bytes at the end, or a missing neighbour.
func TestSpoiledFiles(t *testing.T) {
	const copies = 500
	k := tools(t, "tools")
	random := rand.New(rand.NewPCG(20, 26))
	root := t.TempDir()
	kafka44 := filepath.Join(harness.Root(), "internal", "storage", "testdata", "kafka44")
	dirs := []string{
		filepath.Join(kafka44, "txn-0"), filepath.Join(kafka44, "small-0"),
		filepath.Join(harness.Root(), "internal", "quorum", "testdata", "kafka-4.4.0", "__cluster_metadata-0"),
	}
	all := options()
	for i := range copies {
		from := known(t, dirs[random.IntN(len(dirs))])
		victim := random.IntN(len(from))
		dir := filepath.Join(root, fmt.Sprint(i))
		shown := ""
		for n, path := range from {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			to := filepath.Join(dir, filepath.Base(path))
			if n == victim {
				shown = to
				// Kafka 4.3.1, whose tool is at hand, reads the version in
				// this index otherwise than 4.4.0.
				if !strings.HasSuffix(path, ".txnindex") {
					data = spoil(random, data)
				}
			}
			write(t, to, data)
		}
		if strings.HasSuffix(shown, "index") && !strings.HasSuffix(shown, ".txnindex") && random.IntN(2) == 0 {
			log := strings.TrimSuffix(shown, filepath.Ext(shown)) + ".log"
			data, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			if write(t, log, spoil(random, data)); random.IntN(8) == 0 {
				if err := os.Remove(log); err != nil {
					t.Fatal(err)
				}
			}
		}
		compare(t, k, append([]string{"--files", shown}, all[random.IntN(len(all))]...)...)
	}
	t.Logf("%d comparisons", k.runs.Load())
}

// spoil damages a copy of data.
func spoil(random *rand.Rand, data []byte) []byte {
	b := append([]byte{}, data...)
	switch kind := random.IntN(20); {
	case kind < 3:
		return b[:random.IntN(len(b)+1)]
	case kind < 5:
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b[:min(len(b), 300)]
	case kind < 7:
		return append(b, make([]byte, random.IntN(100))...)
	}
	for range 1 + random.IntN(3) {
		if within := min(len(b), []int{70, 400, 1 << 30}[random.IntN(3)]); within > 0 {
			b[random.IntN(within)] ^= 1 << random.IntN(8)
		}
	}
	return b
}
