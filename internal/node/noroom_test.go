package node

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/gregor-stream/gregor/internal/vfs"
)

// lines is what a node logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(line string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), line)
}

// A node starts on a full disk on which two logs cannot be recovered, a topic's
// and that of a group's offsets: it serves the others, and with room these, too,
// with all that was acknowledged. A sync journal would give room when it ends.
func TestLogsThatFoundNoRoomComeBackWithoutARestart(t *testing.T) {
	small(t, []string{"gregor.log.journal.bytes=0"}, func(t *testing.T, w *world) {
		cl := w.manual()
		adm := kadm.NewClient(cl)
		for _, name := range []string{"old", "lost", "t"} {
			w.createTopic(cl, name, 1, nil)
		}
		for range 45 {
			if err := w.produceTo(cl, "old", 0, strings.Repeat("o", 50_000)); err != nil {
				t.Fatal(err)
			}
		}
		commit := func(at int64) error {
			var o kadm.Offsets
			o.AddOffset("t", 0, at, -1)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			return adm.CommitAllOffsets(ctx, "g", o)
		}
		if err := errors.Join(w.produceTo(cl, "lost", 0, "before"), commit(5)); err != nil {
			t.Fatal(err)
		}
		taken := w.fill(cl, "t")
		w.kill()
		// More than the reserve's 256 KiB would be needed to keep these aside.
		w.fs.SetLimit(0)
		for _, name := range []string{"lost-0", "__consumer_offsets-0"} {
			w.tear("/data/"+name+"/00000000000000000000.log", 400_000)
		}
		total, free, _ := w.fs.Usage("/data")
		w.fs.SetLimit(total - free)
		told := new(lines)
		w.logs = told
		w.start()
		if err := w.produceTo(cl, "lost", 0, "x"); !errors.Is(err, kerr.KafkaStorageError) {
			t.Errorf("a record for the log that is not recovered: %v", err)
		}
		if err := commit(6); err == nil {
			t.Error("a group's offset is taken without its log")
		}
		if got := w.values("t"); !slices.Equal(got, taken) {
			t.Errorf("%d records of the other log are there, %d were taken", len(got), len(taken))
		}
		if n := told.count("the recovery of its log finds no room"); n != 2 || w.node.set.Stats(0, 0).Offline != 2 {
			t.Errorf("%d lines say that a log is offline, %d are", n, w.node.set.Stats(0, 0).Offline)
		}
		if _, err := adm.DeleteTopic(t.Context(), "old"); err != nil {
			t.Fatal(err)
		}
		if took := w.resumes(cl, "lost"); took > 3*time.Second {
			t.Errorf("the log is back after %v", took)
		}
		if n := told.count("its partition is online again"); n != 2 {
			t.Errorf("%d lines say that a log is back", n)
		}
		if got := w.values("lost"); !slices.Equal(got, []string{"before", "again"}) {
			t.Errorf("the log has %v", got)
		}
		offsets, err := adm.FetchOffsets(t.Context(), "g")
		for end := time.Now().Add(3 * time.Second); errors.Is(err, kerr.CoordinatorLoadInProgress) && time.Now().Before(end); {
			time.Sleep(20 * time.Millisecond)
			offsets, err = adm.FetchOffsets(t.Context(), "g")
		}
		if at, _ := offsets.Lookup("t", 0); err != nil || at.At != 5 {
			t.Errorf("the group's offset is %d, want 5: %v", at.At, err)
		}
		if err := commit(7); err != nil {
			t.Errorf("a commit after all: %v", err)
		}
		w.stop()
		if ok, _ := vfs.Exists(w.fs, "/data/.kafka_cleanshutdown"); !ok {
			t.Error("the stop was not clean")
		}
		w.start()
		if got := w.values("lost"); !slices.Equal(got, []string{"before", "again"}) {
			t.Errorf("after a restart the log has %v", got)
		}
	})
}

// tear puts what a crash may leave at the end of a file.
func (w *world) tear(name string, n int) {
	w.t.Helper()
	f, err := w.fs.Open(name, vfs.Write)
	if err != nil {
		w.t.Fatal(err)
	}
	size, err := f.Size()
	if err == nil {
		_, err = f.WriteAt(bytes.Repeat([]byte{1}, n), size)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		w.t.Fatal(err)
	}
}

// Without its reserve a node may find no room for the metadata: the start is
// refused, and says what to do.
func TestAStartWithoutRoomForTheMetadataSaysWhatToDo(t *testing.T) {
	small(t, nil, func(t *testing.T, w *world) {
		w.createTopic(w.client(), "t", 1, nil)
		w.kill()
		if err := w.fs.Remove("/data/.gregor-reserve"); err != nil {
			t.Fatal(err)
		}
		total, free, _ := w.fs.Usage("/data")
		w.fs.SetLimit(total - free)
		if _, err := w.tryStart(); err == nil || !strings.Contains(err.Error(), "__cluster_metadata-0") || !strings.Contains(err.Error(), "make room on it") {
			t.Errorf("the start: %v", err)
		}
		w.fs.SetLimit(volume)
		w.start()
	})
}
