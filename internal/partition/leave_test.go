package partition

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// hang is a disk on which syncs of files whose names contain this end when it is
// released.
type hang struct {
	vfs.FS
	contains atomic.Pointer[string] // nil: none
	came     chan struct{}
	released chan struct{}
}

func (h *hang) Open(name string, flags vfs.Flag) (vfs.File, error) {
	f, err := h.FS.Open(name, flags)
	contains := h.contains.Load()
	if err != nil || contains == nil || !strings.Contains(name, *contains) {
		return f, err
	}
	return &hungFile{f, h}, nil
}

type hungFile struct {
	vfs.File
	h *hang
}

func (f *hungFile) Sync() error {
	select {
	case f.h.came <- struct{}{}:
	default:
	}
	<-f.h.released
	return f.File.Sync()
}

// A disk that hangs, in the sync of a log or of a checkpoint file, holds up the
// publication that deletes a topic for a while, and the next ones not at all. The
// topic that is made in its place has no log until the old one is out of there,
// and nothing of it after a crash.
//
// It is no bubble, whose clock stands while somebody waits for a lock.
func TestADeletionWaitsOnlyAWhileForADiskThatHangs(t *testing.T) {
	for _, c := range []struct {
		name, contains string
		acks           int16
	}{{"log", "/a-0/", -1}, {"checkpoint", "offset-checkpoint", 1}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := &broker{t: t, fs: vfs.NewMem(time.Now), img: metadata.Empty(), led: map[string]bool{}, restless: true}
			b.dirs = []Dir{{Path: "/d0", ID: kafka.UUID{0: 1, 15: 200}}}
			must(t, b.fs.MkdirAll("/d0"))
			must(t, b.fs.SyncDir("/"))
			b.configure("gregor.log.journal.bytes=0")
			h := &hang{FS: b.fs, came: make(chan struct{}, 1), released: make(chan struct{})}
			b.over = h
			b.open()
			defer b.close()
			b.apply(newTopic("a", 1)...)
			b.acked(b.partition("a", 0), -1)
			_, err := b.partition("a", 0).DeleteRecords(1) // the checkpoint files have to forget it
			must(t, err)
			for range 2 { // its file is opened again
				must(t, b.partition("a", 0).Log().CloseIdle(time.Now().Add(time.Hour)))
			}
			h.contains.Store(&c.contains)
			b.produce(b.partition("a", 0), c.acks)
			if c.acks < 0 {
				<-h.came
			}
			old := b.partition("a", 0)
			b.apply(&msg.RemoveTopicRecord{TopicId: topicID("a")})
			if old.dir.leaving.Load() == 0 || !strings.Contains(b.log.String(), "wait for their disk") {
				t.Errorf("the disk does not hang: %s", b.log)
			}
			began := time.Now()
			b.apply(newTopic("b", 1)...)
			b.apply(renamedTopic("a", "newa")...)
			b.apply(&msg.RemoveTopicRecord{TopicId: topicID("b")})
			b.apply(newTopic("c", 1)...)
			if took := time.Since(began); took >= leaveWait {
				t.Errorf("the next publications took %v", took)
			}
			b.append(b.partition("c", 0), 1, 10)
			p := b.partition("a", 0)
			if _, err := p.Append(time.Now(), records(1, 1), 1, storage.AppendOptions{}); kafka.CodeOf(err) != kafka.ErrKafkaStorageError {
				t.Errorf("an append while the old log is there: %v", err)
			}
			close(h.released)
			p.dir.committer.ended.Wait()
			b.append(p, 1, 10)
			b.acked(p, -1)
			if start, end := p.LogStartOffset(), p.LogEndOffset(); start != 0 || end != 2 {
				t.Errorf("the new topic has the offsets %d to %d", start, end)
			}
			b.crashed(2)
		})
	}
}

// crashed opens what a loss of power leaves, in which topic a has so many records.
func (b *broker) crashed(records kafka.Offset) {
	b.t.Helper()
	image := b.fs.CrashClone(nil)
	b.cancel()
	<-b.done
	b.set.Abandon()
	b.fs, b.over = image, nil
	b.open()
	if p := b.partition("a", 0); p.LogStartOffset() != 0 || p.LogEndOffset() != records {
		b.t.Errorf("after the crash it has the offsets %d to %d", p.LogStartOffset(), p.LogEndOffset())
	}
}
