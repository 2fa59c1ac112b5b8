package partition

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// stressed is what must be true of one partition.
type stressed struct {
	acked, appended kafka.Offset
	here            bool
}

// Whatever happens to the partitions whose records the journal has, deleted and
// made again, moved away and back, rolled, retained, flushed by count, a loss of
// power at any time takes nothing that was acknowledged, and brings nothing back.
func TestJournalUnderChanges(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { journalUnderChanges(t, seed) })
	}
}

func journalUnderChanges(t *testing.T, seed uint64) {
	const partitions = 4
	slow(t, partitions, []string{"gregor.log.journal.bytes=65536"}, func(t *testing.T, b *broker, d *slowDisk) {
		d.set(func() { d.takes = 0 }) // who waits for a sync with a lock stops the clock of the bubble
		chance := rand.New(rand.NewPCG(seed, 1))
		configure := func() {
			b.apply(setConfig("a", "internal.segment.bytes", "20000"), setConfig("a", "preallocate", fmt.Sprint(seed%3 == 0)),
				setConfig("a", "retention.bytes", "40000"), setConfig("a", "min.cleanable.dirty.ratio", "0"),
				setConfig("a", "cleanup.policy", []string{"delete", "compact"}[seed%2]))
		}
		configure()
		var all [partitions]stressed
		for n := range all {
			all[n].here = true
		}
		id := topicID("a")
		move := func(n int, to int32) {
			change := msg.NewPartitionChangeRecord()
			change.TopicId, change.PartitionId, change.Leader = id, int32(n), to
			change.Replicas, change.Isr = []int32{to}, []int32{to}
			b.apply(change)
			all[n] = stressed{here: to == self}
			if to == self { // that it went away is on disk when it is used again
				b.acked(b.partition("a", int32(n)), -1)
				all[n].acked, all[n].appended = 1, 1
			}
		}
		round := func() {
			var acks [partitions]chan error
			for n := range all {
				if !all[n].here || chance.IntN(4) == 0 {
					continue
				}
				p := b.partition("a", int32(n))
				size := 10 + chance.IntN(3000)
				if chance.IntN(20) == 0 {
					size = 15000
				}
				done, err := p.Append(time.Now(), records(1, size), -1, storage.AppendOptions{})
				if err != nil {
					t.Fatal(err)
				}
				all[n].appended = done.LastOffset + 1
				acked := make(chan error, 1)
				acks[n] = acked
				if ready, err := p.AwaitAck(-1, done.LastOffset+1, func(err error) { acked <- err }); ready {
					acked <- err
				}
			}
			if chance.IntN(2) == 0 {
				b.checkStressed(all[:], fmt.Sprintf("seed %d, under way", seed), chance)
			}
			for n, acked := range acks {
				if acked == nil {
					continue
				}
				if err := <-acked; err != nil {
					t.Fatal(err)
				}
				all[n].acked = all[n].appended
			}
		}
		for i := range 60 {
			round()
			n := chance.IntN(partitions)
			switch chance.IntN(12) {
			case 0:
				move(n, 2)
			case 1:
				if !all[n].here {
					move(n, self)
				}
			case 2:
				b.apply(&msg.RemoveTopicRecord{TopicId: id})
				id[14]++
				b.apply(newTopicOf(id, "a", partitions)...)
				configure()
				for n := range all {
					all[n] = stressed{here: true}
				}
			case 3:
				b.apply(setConfig("a", "flush.messages", fmt.Sprint(1+chance.IntN(3))))
			case 4:
				b.apply(setConfig("a", "flush.messages", "9223372036854775807"))
			case 5:
				synctest.Wait()
			case 6:
				b.set.settleRound(t.Context())
			case 7:
				b.set.retainAll(time.Now())
			case 8:
				b.set.cleaner.nudge()
				synctest.Wait()
			default:
				time.Sleep(time.Duration(chance.IntN(40)) * time.Millisecond)
			}
			b.checkStressed(all[:], fmt.Sprintf("seed %d, round %d", seed, i), chance)
		}
	})
}

// newTopicOf is newTopic with another id.
func newTopicOf(id kafka.UUID, name string, partitions int32) []metadata.Message {
	list := newTopic(name, partitions)
	for _, m := range list {
		switch m := m.(type) {
		case *msg.TopicRecord:
			m.TopicId = id
		case *msg.PartitionRecord:
			m.TopicId = id
		}
	}
	return list
}

func (b *broker) checkStressed(all []stressed, what string, chance *rand.Rand) {
	b.t.Helper()
	for _, disk := range []bool{false, true} {
		fsys := b.fs.CrashClone(nil)
		if disk {
			fsys = b.fs.CrashClone(chance)
		}
		crashed := &broker{t: b.t, fs: fsys, img: b.img, led: map[string]bool{}, dirs: b.dirs, restless: true}
		crashed.cfg.Store(b.cfg.Load())
		crashed.open()
		for n := range all {
			if !all[n].here {
				continue
			}
			end := crashed.partition("a", int32(n)).LogEndOffset()
			if end < all[n].acked || end > all[n].appended {
				b.t.Errorf("%s, %v: a-%d ends at %d, acknowledged %d, appended %d: %s", what, disk, n, end, all[n].acked, all[n].appended, crashed.log)
			}
		}
		if strings.Contains(crashed.log.String(), "ERROR") {
			b.t.Errorf("%s, %v: the operator is told %s", what, disk, crashed.log)
		}
		crashed.close()
		if b.t.Failed() {
			b.t.FailNow()
		}
	}
}

// Each operation on the journal's files finds the disk full, or lacks something for
// a moment: the files are synced instead, and nothing is lost.
func TestJournalWithoutRoomAtAnyStep(t *testing.T) {
	for step := range 24 {
		bubble(t, []string{"gregor.log.journal.bytes=65536"}, 1, func(t *testing.T, b *broker) {
			faults := vfs.NewFaults(b.fs)
			b.close()
			b.over, b.restless = faults, true
			b.open()
			b.apply(newTopic("a", 2)...)
			b.everywhere(2)
			fault := vfs.Fault{Ops: vfs.OpOpen | vfs.OpWrite, Contains: logdir.JournalPrefix, After: step, Times: 1 + step%3, Short: true}
			fault.NoSpace, fault.Passing = step%2 == 0, step%2 == 1
			faults.Inject(fault)
			for i := range kafka.Offset(40) {
				b.everywhere(2)
				all := []stressed{{acked: i + 2, appended: i + 2, here: true}, {acked: i + 2, appended: i + 2, here: true}}
				if i%5 == 0 {
					b.checkStressed(all, fmt.Sprintf("step %d, round %d", step, i), rand.New(rand.NewPCG(uint64(step), uint64(i))))
				}
			}
			if faults.Failed() == 0 || strings.Contains(b.log.String(), "has failed") {
				t.Errorf("step %d: %d operations failed: %s", step, faults.Failed(), b.log)
			}
		})
	}
}
