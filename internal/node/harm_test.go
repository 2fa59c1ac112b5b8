package node

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// nodeFiles lists the node's own files: what is not in a partition's directory.
func nodeFiles(t *testing.T, fsys vfs.FS) []string {
	t.Helper()
	var all []string
	for _, dir := range []string{"/data", "/data/__cluster_metadata-0"} {
		list, err := fsys.List(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			name := vfs.Join(dir, e.Name)
			if info, err := fsys.Stat(name); err == nil && !e.Dir && info.Size > 0 {
				all = append(all, name)
			}
		}
	}
	return all
}

// harm changes some of a file's bytes.
func harm(chance *rand.Rand, how int, data []byte) []byte {
	data = slices.Clone(data)
	switch at := chance.IntN(len(data)); how {
	case 0:
		data[at] ^= 1 << chance.IntN(8)
	case 1:
		at &^= 511
		clear(data[at:min(at+512, len(data))])
	case 2:
		data = data[:at]
	}
	return data
}

// linesOf keeps what a node logs.
type linesOf struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write keeps a line.
func (l *linesOf) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *linesOf) tell(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), name)
}

// Whatever happens to one of the node's own files: the start says which it is,
// or the node has the topics and records that it had, or it says which file it
// had to do without.
func TestStartWithAHarmedFile(t *testing.T) {
	chance := rand.New(rand.NewPCG(4, 4))
	refused, same, told := map[string]int{}, map[string]int{}, map[string]int{}
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, fs: vfs.NewMem(time.Now)}
		w.start()
		cl := w.client()
		w.createTopic(cl, "t", 1, nil)
		w.produce(cl, "t", 0, 5)
		cl.Close()
		w.stop()
		whole := w.fs
		for _, name := range nodeFiles(t, whole) {
			data, err := vfs.ReadFile(whole, name, 1<<24)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 12 {
				w.fs = whole.Clone()
				bad := harm(chance, i%3, data)
				if err := vfs.WriteFile(w.fs, name, bad); err != nil {
					t.Fatal(err)
				}
				logs := &linesOf{}
				w.logs = logs
				node, err := w.tryStart()
				if err != nil {
					refused[name]++
					if !strings.Contains(err.Error(), vfs.Dir(name)) {
						t.Errorf("%s is harmed (%q), and the start says: %v", name, bad, err)
					}
					if there, err := vfs.Exists(w.fs, "/data/t-0"); err != nil || !there {
						t.Errorf("%s is harmed: the start is refused, and the topic's directory is gone: %v", name, err)
					}
					continue
				}
				w.node = node
				switch err := lookAround(t, w); {
				case err == nil:
					same[name]++
				case strings.Contains(name, logdir.MetadataDir) && strings.HasSuffix(name, ".log"):
					t.Errorf("%s is harmed, and the node starts with what is left: %v", name, err)
				case logs.tell(name), vfs.Base(name) == "meta.properties":
					// Who the directory is has no checksum: one with another
					// id has none of the partitions that were assigned to it.
					told[name]++
				default:
					t.Errorf("%s is harmed (%q): %v", name, bad, err)
				}
				w.stop()
			}
		}
	})
	t.Logf("refused: %v\nserved: %v\nserved with less, and told: %v", refused, same, told)
}

// lookAround reads what there was.
func lookAround(t *testing.T, w *world) error {
	t.Helper()
	cl := w.client(kgo.ConsumeTopics("t"))
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	topics, err := kadm.NewClient(cl).ListTopics(ctx)
	if err != nil || !topics.Has("t") {
		return fmt.Errorf("the topic is gone: %w", err)
	}
	for n := 0; n < 5; {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("of 5 records %d are there: %w", n, err)
		}
		n += fetches.NumRecords()
	}
	return nil
}
