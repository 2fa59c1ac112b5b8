package crash

import (
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/partition"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// harm is one way in which a file's bytes are not what was written.
type harm struct {
	name string
	do   func(chance *rand.Rand, data []byte) []byte
}

func harms() []harm {
	return []harm{
		{"a flipped bit", func(chance *rand.Rand, data []byte) []byte {
			data[chance.IntN(len(data))] ^= 1 << chance.IntN(8)
			return data
		}},
		{"a sector of zeros", func(chance *rand.Rand, data []byte) []byte {
			at := chance.IntN(len(data)) &^ 511
			clear(data[at:min(at+512, len(data))])
			return data
		}},
		{"a sector of another file", func(chance *rand.Rand, data []byte) []byte {
			at := chance.IntN(len(data)) &^ 511
			for i := at; i < min(at+512, len(data)); i++ {
				data[i] = byte(chance.Uint32())
			}
			return data
		}},
		{"a lost end", func(chance *rand.Rand, data []byte) []byte { return data[:chance.IntN(len(data))] }},
	}
}

// files lists all files below a directory, but for locks and empty ones.
func files(fsys vfs.FS, dir string) []string {
	var all []string
	list, _ := fsys.List(dir)
	for _, e := range list {
		name := vfs.Join(dir, e.Name)
		if e.Dir {
			all = append(all, files(fsys, name)...)
		} else if info, err := fsys.Stat(name); err == nil && info.Size > 0 {
			all = append(all, name)
		}
	}
	return all
}

// everyLine collects all that a broker logs.
type everyLine struct {
	slog.Handler
	mu    sync.Mutex
	lines []string
}

// Write keeps a line.
func (e *everyLine) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lines = append(e.lines, string(p))
	return len(p), nil
}

// tells says whether a line names a file, or the directory that it is in.
func (e *everyLine) tells(name string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.ContainsFunc(e.lines, func(line string) bool { return strings.Contains(line, name) })
}

// outcome is what came of a harmed disk.
type outcome string

const (
	unharmed  outcome = "the same is served"
	told      outcome = "the broker names the file"
	readErr   outcome = "a read names the file"
	uncovered outcome = "what no checksum covers, a base offset or a leader epoch, is served as it is"
	derived   outcome = "the records are right, and what is derived from an index without checksums is not"
)

// openHarmed opens a disk of which one file was harmed. Whatever it serves has
// to be what was written.
func openHarmed(cfg *config.Broker, w *world, disk *vfs.Mem, img *metadata.Image, name string) (outcome, error) {
	logs := &everyLine{}
	logs.Handler = slog.NewTextHandler(logs, nil)
	set := partition.New(partition.Config{
		Host: storage.NewHost(disk, w.codecs), NodeID: self, Dirs: []partition.Dir{{Path: dataDir, ID: kafka.UUID{0: 1, 15: 200}}},
		Broker: func() *config.Broker { return cfg }, Log: slog.New(logs), Rand: rand.NewChaCha8([32]byte{}),
	})
	set.Publish(img, &metadata.Delta{})
	if err := set.Load(); err != nil {
		if strings.Contains(err.Error(), name) {
			return told, nil
		}
		return "", fmt.Errorf("the start fails without a word of the file: %w", err)
	}
	defer set.Abandon()
	synctest.Wait()
	for _, p := range w.parts {
		at, ok := set.Partition(p.tp)
		if !ok {
			return "", fmt.Errorf("%s is not there", p.tp)
		}
		log := at.Log()
		if log == nil {
			if logs.tells(vfs.Dir(name)) {
				return told, nil
			}
			return "", fmt.Errorf("%s is offline without a word", p.tp)
		}
		if err := p.checkBytes(log); err != nil {
			if strings.Contains(err.Error(), name) {
				return readErr, nil
			}
			if strings.HasPrefix(err.Error(), lost) && (logs.tells(name) || logs.tells("dir="+vfs.Dir(name))) {
				return told, nil
			}
			return "", err
		}
		if _, _, err := p.check(log); err != nil {
			if logs.tells(name) || strings.Contains(err.Error(), name) {
				return told, nil
			}
			return derived, fmt.Errorf("%w", err)
		}
	}
	return unharmed, nil
}

const lost = "records are lost"

// readSome reads what a consumer gets at an offset.
func readSome(log *storage.Log, from, end kafka.Offset) ([]byte, error) {
	var f storage.Fetched
	defer f.Release()
	if err := log.Read(from, 1, true, end, &f); err != nil {
		return nil, err
	}
	data := make([]byte, f.Section.Len())
	if n, err := f.Section.ReadAt(data, 0); n < len(data) {
		return nil, err
	}
	return data, nil
}

// covered says whether a checksum covers any of the bytes of a segment that are
// not what they were: in a batch's header the base offset and the leader epoch
// are left out, so that a leader and a follower can set them.
func covered(was, is []byte) bool {
	if len(was) != len(is) {
		return true
	}
	left := 0
	for it := batch.Batches(was); it.Next(); {
		at := it.Position()
		for _, r := range [][2]int{{0, 8}, {12, 16}} {
			for i := at + r[0]; i < at+r[1]; i++ {
				if was[i] != is[i] {
					left++
				}
			}
		}
	}
	for i := range was {
		if was[i] != is[i] {
			left--
		}
	}
	return left < 0
}

// checkBytes reads from every offset, and compares what it is given.
func (p *part) checkBytes(log *storage.Log) error {
	end := log.LogEndOffset()
	if p.compacted() {
		err := p.checkCompacted(log, p.batches, log.LogStartOffset(), end)
		if err == nil || (!strings.Contains(err.Error(), "was written") && !strings.Contains(err.Error(), "read from")) {
			return nil // what else may be missing the full check sees
		}
		return err
	}
	for _, w := range p.batches {
		if w.last < p.start {
			continue
		}
		if w.last >= end {
			return fmt.Errorf("%s: from %d on", lost, w.first)
		}
		for _, from := range []kafka.Offset{w.first, w.last} {
			if from < log.LogStartOffset() {
				if from >= p.start {
					return fmt.Errorf("%s: below %d", lost, log.LogStartOffset())
				}
				continue
			}
			data, err := readSome(log, from, end)
			if err != nil {
				return err
			}
			it := batch.Batches(data)
			if !it.Next() {
				return fmt.Errorf("%s: at %d", lost, from)
			}
			if err := w.matches(it.Batch()); err != nil {
				return fmt.Errorf("wrong bytes are served: %w", err)
			}
		}
	}
	return nil
}

// Whatever happens to a file while nobody looks: a start serves what was
// written, or says which file is not what it was. It never serves anything else,
// and takes no memory for what a harmed length says.
func TestHarmedFilesAreNeverServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, clean := range []bool{true, false} {
			w := newWorld(6, newImages(0), nil)
			w.open()
			for _, k := range kinds() {
				w.create(k)
			}
			for range 60 {
				w.produce()
				w.transact()
				synctest.Wait()
			}
			time.Sleep(10 * time.Second) // flush.ms
			w.deleteRecords()
			time.Sleep(70 * time.Second) // the checkpoints
			synctest.Wait()
			w.observe()
			w.stop()
			if clean {
				w.fail(w.set.Close(7))
			} else {
				w.set.Abandon()
			}
			for _, p := range w.parts {
				p.acked = 0
			}
			if w.err != nil {
				t.Fatal(w.err)
			}
			w.harmAll(t, clean)
		}
	})
}

func (w *world) harmAll(t *testing.T, clean bool) {
	t.Helper()
	chance := rand.New(rand.NewPCG(8, 8))
	count := map[string]map[outcome]int{}
	for _, name := range files(w.fs, dataDir) {
		data, err := vfs.ReadFile(w.fs, name, 1<<24)
		if err != nil {
			t.Fatal(err)
		}
		kind := strings.TrimLeft(vfs.Base(name), "0123456789")
		if count[kind] == nil {
			count[kind] = map[outcome]int{}
		}
		for _, h := range harms() {
			for range harmed {
				disk := w.fs.Clone()
				bad := h.do(chance, slices.Clone(data))
				if err := vfs.WriteFile(disk, name, bad); err != nil {
					t.Fatal(err)
				}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				out, err := openHarmed(w.cfg, w, disk, w.img, name)
				runtime.ReadMemStats(&after)
				if out == "" && kind == ".log" && !covered(data, bad) {
					out, err = uncovered, nil
				}
				if err != nil && out != derived {
					points, _ := vfs.ReadFile(w.fs, vfs.Join(dataDir, "recovery-point-offset-checkpoint"), 1<<20)
					t.Errorf("%s in %s of %d bytes, now %d (clean: %t): %v; recovery points %q", h.name, name, len(data), len(bad), clean, err, points)
				}
				if out == derived && !withoutChecksum(kind) {
					t.Errorf("%s in %s (clean: %t): %v", h.name, name, clean, err)
				}
				if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
					t.Errorf("%s in %s took %d bytes of memory", h.name, name, n)
				}
				count[kind][out]++
			}
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(count)) {
		t.Logf("clean %t, %s: %v", clean, kind, count[kind])
	}
}

// harmed is how often each file is harmed in each way.
const harmed = 3

// withoutChecksum names the files in which a changed number may look as good as
// the one that was written: Kafka's formats have no checksum for them.
func withoutChecksum(kind string) bool {
	switch kind {
	case ".txnindex", ".timeindex", "leader-epoch-checkpoint", "log-start-offset-checkpoint":
		return true
	}
	return false
}
