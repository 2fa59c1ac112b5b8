package partition

import (
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// usedTopic makes a topic whose checkpoints say something.
func usedTopic(b *broker) {
	b.t.Helper()
	b.apply(newTopic("a", 1)...)
	p := b.partition("a", 0)
	b.append(p, 5, 100)
	if _, err := p.DeleteRecords(4); err != nil {
		b.t.Fatal(err)
	}
	if err := b.set.flush(p, p.Log()); err != nil {
		b.t.Fatal(err)
	}
	time.Sleep(2 * time.Minute) // checkpoints
	if got := b.checkpointed(logdir.LogStartFile); got != 4 {
		b.t.Fatalf("the checkpoint has log start %d", got)
	}
	if got := b.checkpointed(logdir.RecoveryPointFile); got != 5 {
		b.t.Fatalf("the checkpoint has recovery point %d", got)
	}
}

// checkpointed is what a checkpoint file has for a-0; -1: nothing.
func (b *broker) checkpointed(file string) kafka.Offset {
	b.t.Helper()
	offsets, err := logdir.ReadOffsets(b.fs, "/d0/"+file)
	if err != nil {
		b.t.Fatal(err)
	}
	if offset, ok := offsets[kafka.TopicPartition{Topic: "a"}]; ok {
		return offset
	}
	return kafka.NoOffset
}

// What was acknowledged to a topic is there after a crash, whatever another
// topic of the same name had in the checkpoint files.
func (b *broker) crashKeeps(records int) {
	b.t.Helper()
	b.append(b.partition("a", 0), records, 100)
	b.crash()
	b.open()
	p := b.partition("a", 0)
	if p.LogStartOffset() != 0 || p.LogEndOffset() != kafka.Offset(records) {
		b.t.Errorf("the new topic has the offsets %d to %d after the crash, not 0 to %d", p.LogStartOffset(), p.LogEndOffset(), records)
	}
}

func TestTopicMadeAgainDoesNotInheritCheckpoints(t *testing.T) {
	bubble(t, nil, 1, func(_ *testing.T, b *broker) {
		usedTopic(b)
		b.apply(&msg.RemoveTopicRecord{TopicId: topicID("a")})
		b.apply(newTopic("a", 1)...)
		b.crashKeeps(2)
	})
}

func TestTopicMadeAgainAfterTheOldWasSetAsideDoesNotInheritCheckpoints(t *testing.T) {
	bubble(t, nil, 1, func(_ *testing.T, b *broker) {
		usedTopic(b)
		b.crash() // after the deletion was decided, before it was carried out
		b.img = metadata.Empty()
		b.open()
		b.apply(newTopic("a", 1)...)
		b.crashKeeps(2)
	})
}

func TestCleanShutdownWritesTheRecoveryPoints(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		b.apply(newTopic("a", 1)...)
		b.append(b.partition("a", 0), 3, 100)
		b.close()
		if got := b.checkpointed(logdir.RecoveryPointFile); got != 3 {
			t.Errorf("the recovery point is %d after a clean shutdown of a log that ends at 3", got)
		}
	})
}

// A log that cannot be opened keeps its recovery point in the checkpoint file:
// without it the next start would take the damage for a torn tail, and cut.
func TestDamagedLogStaysDamagedOverRestarts(t *testing.T) {
	for _, clean := range []bool{false, true} {
		bubble(t, nil, 1, func(t *testing.T, b *broker) {
			b.apply(newTopic("b", 1)...)
			usedTopic(b)
			b.crash()
			name := "/d0/a-0/00000000000000000000.log"
			info, err := b.fs.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			f, err := b.fs.Open(name, vfs.Write)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteAt([]byte("damage"), info.Size-10); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				b.open()
				if p := b.partition("a", 0); p.Leads() || p.Log() != nil {
					t.Fatalf("clean=%t: a damaged log is served, with the offsets %d to %d", clean, p.LogStartOffset(), p.LogEndOffset())
				}
				b.append(b.partition("b", 0), 1, 100)
				if err := b.set.flush(b.partition("b", 0), b.partition("b", 0).Log()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * time.Minute)
				if got := b.checkpointed(logdir.RecoveryPointFile); got != 5 {
					t.Fatalf("the checkpoint has recovery point %d", got)
				}
				if clean {
					b.close()
				} else {
					b.crash()
				}
			}
			b.open()
		})
	}
}

func TestFlushMessagesIsDoneBeforeTheAcknowledgement(t *testing.T) {
	bubble(t, []string{"gregor.log.durability=page-cache"}, 1, func(t *testing.T, b *broker) {
		b.apply(newTopic("a", 1)...)
		b.apply(setConfig("a", "flush.messages", "3"))
		p := b.partition("a", 0)
		for n, want := range []kafka.Offset{0, 0, 3, 3, 3, 6} {
			b.append(p, 1, 10)
			if got := p.Log().RecoveryPoint(); got != want {
				t.Errorf("after %d records the recovery point is %d, not %d", n+1, got, want)
			}
		}
	})
}

// Segments go only when the log start that passed them is on disk, though who
// moved it has not come to say so.
func TestALogStartIsWrittenBeforeItsSegmentsGo(t *testing.T) {
	bubble(t, []string{"log.segment.bytes=1048576"}, 1, func(t *testing.T, b *broker) {
		b.apply(newTopic("a", 1)...)
		p := b.partition("a", 0)
		for range 4 {
			b.append(p, 1, 700_000)
		}
		if err := p.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		log := p.Log()
		if moved, err := log.AdvanceLogStart(3); !moved || err != nil {
			t.Fatal(moved, err)
		}
		b.set.retain(time.Now(), []*Partition{p}) // as a round does that comes right then
		if got := b.checkpointed(logdir.LogStartFile); log.Segments() != 1 || got != 3 {
			t.Errorf("%d segments are left, and the log start on disk is %d", log.Segments(), got)
		}
	})
}
