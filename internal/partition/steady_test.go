package partition

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// loads counts the file operations of a start, looks at times and sizes aside.
func (b *broker) loads() int {
	b.t.Helper()
	counted := vfs.NewFaults(b.fs.Clone())
	s := New(Config{
		Host: storage.NewHost(counted, new(compress.Pool)), NodeID: self, Dirs: b.dirs,
		Broker: b.cfg.Load, Log: slog.New(slog.DiscardHandler), Rand: rand.NewChaCha8([32]byte{}),
	})
	s.Publish(b.img, &metadata.Delta{})
	if err := s.Load(); err != nil {
		b.t.Fatal(err)
	}
	defer s.Abandon()
	for _, p := range s.all() {
		if end := p.LogEndOffset(); end != 3 {
			b.t.Errorf("%s ends at %d", p.Name(), end)
		}
	}
	return counted.Count()
}

// A start costs no operation a partition where nobody wrote for a few seconds,
// whether the last shutdown was clean or not.
func TestAStartReadsNothingOfLogsAtRest(t *testing.T) {
	for _, clean := range []bool{true, false} {
		var counts [2]int
		for i, partitions := range []int32{1, 40} {
			bubble(t, nil, 1, func(t *testing.T, b *broker) {
				b.apply(newTopic("a", partitions)...)
				for n := range partitions {
					b.append(b.partition("a", n), 3, 100)
				}
				time.Sleep(3 * settleEvery)
				if clean {
					b.close()
				} else {
					b.crash()
				}
				counts[i] = b.loads()
				b.open()
			})
		}
		if counts[0] != counts[1] {
			t.Errorf("clean %v: one partition takes %d operations, 40 take %d", clean, counts[0], counts[1])
		}
	}
}

// What was written after the last round is read, also where a memo is there that
// does not hold any more, and whatever has become of the memos.
func TestAStartAfterACrashFindsWhatCameLast(t *testing.T) {
	memos := "/d0/" + logdir.MemoFile
	damage := map[string]func(b *broker){
		"memos as they were": func(*broker) {},
		"memos lost":         func(b *broker) { must(b.t, b.fs.Remove(memos)) },
		"memos cut":          func(b *broker) { must(b.t, vfs.WriteFile(b.fs, memos, []byte("Gregor"))) },
		"memos flipped": func(b *broker) {
			data, err := vfs.ReadFile(b.fs, memos, 1<<20)
			must(b.t, err)
			data[len(data)/2] ^= 4
			must(b.t, vfs.WriteFile(b.fs, memos, data))
		},
	}
	for what, do := range damage {
		bubble(t, nil, 1, func(t *testing.T, b *broker) {
			b.apply(newTopic("a", 2)...)
			for range 2 {
				b.append(b.partition("a", 0), 3, 100)
				b.append(b.partition("a", 1), 3, 100)
				time.Sleep(3 * settleEvery)
			}
			b.append(b.partition("a", 1), 3, 100)
			b.crash()
			do(b)
			b.open()
			if ends := [2]kafka.Offset{b.partition("a", 0).LogEndOffset(), b.partition("a", 1).LogEndOffset()}; ends != [2]kafka.Offset{6, 9} {
				t.Errorf("%s: the logs end at %v", what, ends)
			}
			b.append(b.partition("a", 0), 1, 100)
		})
	}
}

// A file that changed while nobody ran is looked at, whatever its memo says.
func TestAChangedFileIsLookedAt(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		b.apply(newTopic("a", 1)...)
		b.append(b.partition("a", 0), 3, 100)
		time.Sleep(3 * settleEvery)
		b.crash()
		name := "/d0/a-0/00000000000000000000.log"
		data, err := vfs.ReadFile(b.fs, name, 1<<20)
		must(t, err)
		must(t, vfs.WriteFile(b.fs, name, append(data, "what a crash left"...)))
		b.open()
		if got := b.partition("a", 0).LogEndOffset(); got != 3 || !strings.Contains(b.log.String(), "a damaged tail was cut off") {
			t.Errorf("the log ends at %d\n%s", got, b.log)
		}
	})
}

// What is kept of cut tails is told at every start, also where nothing of the log
// is read, until somebody removes it.
func TestKeptTailsAreToldAtEveryStart(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		b.apply(newTopic("a", 3)...)
		for n := range int32(3) {
			b.append(b.partition("a", n), 3, 100)
		}
		time.Sleep(3 * settleEvery)
		b.crash()
		tail := "what a crash left"
		for _, dir := range []string{"a-0", "a-1"} {
			name := "/d0/" + dir + "/00000000000000000000.log"
			data, err := vfs.ReadFile(b.fs, name, 1<<20)
			must(t, err)
			must(t, vfs.WriteFile(b.fs, name, append(data, tail...)))
		}
		for i, want := range []string{"files=2 bytes=34 logs=2 firstIn=/d0/a-", "files=2 bytes=34 logs=2", "files=1 bytes=17 logs=1 firstIn=/d0/a-1", ""} {
			b.open()
			const line = "recoveries cut off"
			if n := strings.Count(b.log.String(), line); n != min(len(want), 1) || !strings.Contains(b.log.String(), want) {
				t.Errorf("start %d: want %q:\n%s", i, want, b.log)
			}
			time.Sleep(3 * settleEvery)
			b.close()
			if i > 0 && i < 3 {
				must(t, b.fs.Remove(fmt.Sprintf("/d0/a-%d/00000000000000000000.log.cut-3", i-1)))
			}
		}
		b.open()
	})
}

// Durable records that are gone take their partition offline, with a line that
// says what to do, and the others go on.
func TestALostDirectoryIsTold(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		b.apply(newTopic("a", 3)...)
		for n := range int32(3) {
			b.append(b.partition("a", n), 3, 100)
		}
		time.Sleep(3 * settleEvery)
		b.close()
		must(t, b.fs.Remove("/d0/a-0/00000000000000000000.log"))
		must(t, b.fs.RemoveAll("/d0/a-1"))
		b.open()
		if _, err := b.partition("a", 0).Append(time.Now(), records(1, 1), -1, storage.AppendOptions{}); kafka.CodeOf(err) != kafka.ErrKafkaStorageError {
			t.Errorf("append to a log whose file is gone: %v", err)
		}
		if done := b.append(b.partition("a", 1), 1, 1); done.FirstOffset != 0 {
			t.Errorf("append to a directory that is gone: %+v", done)
		}
		if done := b.append(b.partition("a", 2), 1, 1); done.FirstOffset != 3 {
			t.Errorf("append to the other: %+v", done)
		}
		for _, line := range []string{"00000000000000000000.log: damaged at offset 0", "the directory of a partition is gone"} {
			if !strings.Contains(b.log.String(), line) {
				t.Errorf("no line says %q:\n%s", line, b.log)
			}
		}
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
