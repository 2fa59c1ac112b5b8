package crash

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/checkpoint"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// bug is planted by a disk that leaves out what a careless program would leave
// out, or writes what it would write.
type bug struct {
	name    string
	seed    uint64 // a script that is known to meet it soon
	ops     vfs.Op
	file    func(name string) bool
	rewrite func(w *world, name string, p []byte) []byte
}

func (b *bug) swallows(op vfs.Op, name string) bool {
	return b != nil && b.ops&op != 0 && b.file(vfs.Base(name))
}

func ends(suffix string) func(string) bool {
	return func(name string) bool { return strings.HasSuffix(name, suffix) }
}

func is(want string) func(string) bool { return func(name string) bool { return name == want } }

func bugs() []bug {
	return []bug{
		{name: "a record is acknowledged before its sync", ops: vfs.OpSync, file: ends(".log")},
		{name: "the sync journal is not synced", ops: vfs.OpSync, file: func(name string) bool { return strings.HasPrefix(name, logdir.JournalPrefix) }},
		{name: "the name of a new segment is not synced", ops: vfs.OpSyncDir, file: func(name string) bool { return "/"+name != dataDir }},
		{name: "the name of a new partition's directory is not synced", ops: vfs.OpSyncDir, file: func(name string) bool { return "/"+name == dataDir }},
		{name: "the recovery point is written before the sync that moves it", rewrite: ahead},
		{name: "the mark of a clean shutdown stays", seed: 5, ops: vfs.OpRemove, file: is(logdir.CleanFile)},
		{name: "the transaction index is not synced", seed: 7, ops: vfs.OpSync, file: ends(".txnindex")},
		{name: "a cleaned segment takes the place of others before it is synced", seed: 6, ops: vfs.OpSync, file: func(name string) bool {
			return strings.HasSuffix(name, ".cleaned") || strings.HasSuffix(name, ".swap")
		}},
		{name: "segments are deleted before the new log start is on disk", seed: 8, ops: vfs.OpRename, file: is(logdir.LogStartFile + ".tmp")},
	}
}

// ahead writes the ends of the logs for their recovery points.
func ahead(w *world, name string, p []byte) []byte {
	if vfs.Base(name) != logdir.RecoveryPointFile+".tmp" {
		return p
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var lines []byte
	n := 0
	_ = checkpoint.Parse(p, 0, 3, func(words [][]byte) error {
		offset := string(words[2])
		if at := w.parts[kafka.TopicPartition{Topic: string(words[0]), Partition: int32(words[1][0] - '0')}]; at != nil {
			offset = fmt.Sprint(at.end())
		}
		lines = fmt.Appendf(lines, "%s %s %s\n", words[0], words[1], offset)
		n++
		return nil
	})
	return append(checkpoint.Append(nil, 0, n), lines...)
}

// A proof that cannot fail proves nothing: with each of these bugs it fails, and
// long before it has seen as many images as it looks at without them.
func TestPlantedBugsAreCaught(t *testing.T) {
	for _, b := range bugs() {
		t.Run(strings.ReplaceAll(b.name, " ", "-"), func(t *testing.T) {
			im := newImages(2)
			for seed := max(b.seed, 1); len(im.distinct) < 20000; seed++ {
				if err := play(t, seed, *length, im, &b); err != nil {
					short, _, _ := strings.Cut(err.Error(), "; the image:")
					t.Logf("caught after %d images: %s", len(im.distinct), short)
					return
				}
			}
			t.Errorf("not caught in %d images: %s", len(im.distinct), b.name)
		})
	}
}
