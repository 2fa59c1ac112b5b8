package partition

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/storage/journal"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// journaling is a broker with a slow disk and a sync journal, each of whose
// partitions of topic "a" had its first sync, which is one of files.
func journaling(t *testing.T, partitions int32, bytes string, f func(t *testing.T, b *broker, d *slowDisk)) {
	t.Helper()
	slow(t, partitions, []string{"gregor.log.journal.bytes=" + bytes}, func(t *testing.T, b *broker, d *slowDisk) {
		b.everywhere(partitions)
		d.forget()
		f(t, b, d)
	})
}

// everywhere appends a record to each partition, at once, and waits for all.
func (b *broker) everywhere(partitions int32) {
	b.t.Helper()
	var all []chan error
	for n := range partitions {
		all = append(all, b.produce(b.partition("a", n), -1))
	}
	for _, acked := range all {
		if err := <-acked; err != nil {
			b.t.Fatal(err)
		}
	}
}

// journalSyncs is how often the journal was synced.
func (d *slowDisk) journalSyncs() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, count := range d.files {
		if strings.Contains(name, logdir.JournalPrefix) {
			n += count
		}
	}
	return n
}

// restartedAfter opens what a loss of power leaves.
func (b *broker) restartedAfter(disk *vfs.Mem) {
	b.t.Helper()
	b.unclean = true
	b.close()
	b.unclean = false
	b.fs, b.over = disk, nil
	b.open()
}

func TestManyPartitionsTakeOneSync(t *testing.T) {
	const partitions = 200
	journaling(t, partitions, "67108864", func(t *testing.T, b *broker, d *slowDisk) {
		b.everywhere(partitions) // the journal is made
		d.forget()
		began := time.Now()
		b.everywhere(partitions)
		files, dirs, _ := d.counts()
		if n := d.journalSyncs(); n > 2 || files > 0 || dirs > 0 || time.Since(began) > 2*d.takes {
			t.Errorf("%d syncs of the journal, %d of files, %d of directories, %v", n, files, dirs, time.Since(began))
		}
		disk := b.fs.CrashClone(nil)
		b.restartedAfter(disk)
		for n := range int32(partitions) {
			if end := b.partition("a", n).LogEndOffset(); end != 3 {
				t.Errorf("a-%d ends at %d after a loss of power", n, end)
			}
		}
		if !strings.Contains(b.log.String(), "the sync journal was read") {
			t.Errorf("the operator is told nothing: %s", b.log)
		}
		if there, _ := journal.Exists(b.fs, "/d0"); there {
			t.Error("the journal that was put back is still there")
		}
	})
}

// A large batch goes to its file alone, and a log with flush.messages is flushed.
func TestWhatTheJournalDoesNotTake(t *testing.T) {
	journaling(t, 2, "67108864", func(t *testing.T, b *broker, d *slowDisk) {
		large, flushed := b.partition("a", 0), b.partition("a", 1)
		b.append(large, 1, pieceMost+1)
		if files, _, _ := d.counts(); files != 1 || d.journalSyncs() != 0 {
			t.Errorf("a large batch: %d syncs of files, %d of the journal", files, d.journalSyncs())
		}
		b.everywhere(2) // the journal is made
		b.apply(setConfig("a", "flush.messages", "1"))
		d.forget()
		b.acked(flushed, -1)
		if files, _, _ := d.counts(); files == 0 || d.journalSyncs() != 0 || flushed.Log().RecoveryPoint() != 3 {
			t.Errorf("flush.messages: %d syncs of files, %d of the journal, recovery point %d", files, d.journalSyncs(), flushed.Log().RecoveryPoint())
		}
	})
}

// The halves take turns: what stands in one is synced where it belongs before
// it is written over, and nobody waits for that.
func TestHalvesTakeTurns(t *testing.T) {
	journaling(t, 3, "65536", func(t *testing.T, b *broker, d *slowDisk) {
		for i := range 60 {
			began := time.Now()
			b.everywhere(3)
			// Where a half begins its file is made, or it is said that the other does
			// not count.
			if took := time.Since(began); took > 4*d.takes {
				t.Errorf("round %d took %v", i, took)
			}
			time.Sleep(d.takes)
			if i%7 == 0 {
				crashed := &broker{t: t, fs: b.fs.CrashClone(nil), img: b.img, led: map[string]bool{}, dirs: b.dirs}
				crashed.cfg.Store(b.cfg.Load())
				crashed.open()
				for n := range int32(3) {
					if end := crashed.partition("a", n).LogEndOffset(); end != kafka.Offset(i+2) {
						t.Errorf("round %d: a-%d ends at %d after a loss of power", i, n, end)
					}
				}
				crashed.close()
			}
		}
		files, _, _ := d.counts()
		if n := d.journalSyncs(); n < 60 || files == 0 || files > 60 {
			t.Errorf("%d syncs of the journal, %d of files", n, files)
		}
		for half := range 2 {
			if info, err := b.fs.Stat("/d0/" + journal.Name(half)); err != nil || info.Size > 40<<10 {
				t.Errorf("half %d: %+v, %v", half, info, err)
			}
		}
	})
}

// Where the journal cannot be synced the directory has failed, as with any file.
func TestFailedSyncOfTheJournal(t *testing.T) {
	journaling(t, 2, "67108864", func(t *testing.T, b *broker, d *slowDisk) {
		b.everywhere(2)
		b.unclean = true
		d.set(func() { d.fail = func(name string) bool { return strings.Contains(name, logdir.JournalPrefix) } })
		for n := range int32(2) {
			if err := <-b.produce(b.partition("a", n), -1); kafka.CodeOf(err) != kafka.ErrKafkaStorageError {
				t.Errorf("acknowledged with %v", err)
			}
		}
		synctest.Wait()
		if !strings.Contains(b.log.String(), "a log directory has failed") || b.partition("a", 0).Leads() {
			t.Errorf("the directory goes on: %s", b.log)
		}
	})
}

// Where the disk has no room for the journal, or the process lacks something for
// a moment, such as open files, the files are synced instead.
func TestWithoutAJournalTheFilesAreSynced(t *testing.T) {
	for what, fault := range map[string]vfs.Fault{
		"a full disk":   {Ops: vfs.OpOpen | vfs.OpWrite, NoSpace: true},
		"no open files": {Ops: vfs.OpOpen, Passing: true},
	} {
		t.Run(what, func(t *testing.T) {
			bubble(t, nil, 1, func(t *testing.T, b *broker) {
				faults := vfs.NewFaults(b.fs)
				b.close()
				b.over = faults
				b.open()
				b.apply(newTopic("a", 1)...)
				p := b.partition("a", 0)
				b.acked(p, -1)
				fault.Contains = logdir.JournalPrefix
				faults.Inject(fault)
				for range 3 {
					b.acked(p, -1)
				}
				if end := p.HighWatermark(); end != 4 || !p.Leads() || strings.Contains(b.log.String(), "a log directory has failed") {
					t.Errorf("high watermark %d: %s", end, b.log)
				}
				faults.Heal()
				b.acked(p, -1)
				if there, _ := journal.Exists(b.fs, "/d0"); !there {
					t.Error("there is no journal when it can be made")
				}
			})
		})
	}
}

// A replica that goes and comes back has the same name and topic id: what the
// journal had of it before is nothing to it.
func TestJournalForgetsWhatIsDeleted(t *testing.T) {
	journaling(t, 1, "67108864", func(t *testing.T, b *broker, d *slowDisk) {
		for range 5 {
			b.everywhere(1)
		}
		move := func(to int32) {
			change := msg.NewPartitionChangeRecord()
			change.TopicId, change.PartitionId, change.Leader = topicID("a"), 0, to
			change.Replicas, change.Isr = []int32{to}, []int32{to}
			b.apply(change)
			synctest.Wait()
			time.Sleep(time.Second)
		}
		move(2)
		move(self)
		p := b.partition("a", 0)
		b.acked(p, -1)
		b.acked(p, -1)
		if end := p.LogEndOffset(); end != 2 {
			t.Fatalf("the replica that came back ends at %d", end)
		}
		b.restartedAfter(b.fs.CrashClone(nil))
		if end := b.partition("a", 0).LogEndOffset(); end != 2 {
			t.Errorf("after a loss of power it ends at %d", end)
		}
		if strings.Contains(b.log.String(), "ERROR") {
			t.Errorf("the operator is told %s", b.log)
		}
	})
}

// The id of a topic that is deleted never comes back: nothing has to be said of its
// logs, which would take a sync for each, and room that a full disk does not have.
func TestDeletedTopicNeedsNoWordInTheJournal(t *testing.T) {
	const partitions = 100
	journaling(t, partitions, "67108864", func(t *testing.T, b *broker, d *slowDisk) {
		b.everywhere(partitions)
		d.forget()
		gone := msg.NewRemoveTopicRecord()
		gone.TopicId = topicID("a")
		b.apply(gone)
		if n := d.journalSyncs(); n > 0 {
			t.Errorf("%d syncs of the journal for a topic that is deleted", n)
		}
		b.apply(newTopic("b", partitions)...) // a journal goes on
		for n := range int32(partitions) {
			b.acked(b.partition("b", n), -1)
			b.acked(b.partition("b", n), -1)
		}
		b.restartedAfter(b.fs.CrashClone(nil))
		for n := range int32(partitions) {
			if end := b.partition("b", n).LogEndOffset(); end != 2 {
				t.Errorf("b-%d ends at %d", n, end)
			}
		}
		if strings.Contains(b.log.String(), "ERROR") {
			t.Errorf("the operator is told %s", b.log)
		}
	})
}

// A clean stop leaves no journal. One that is there all the same is from before
// another program wrote to the logs.
func TestCleanStopLeavesNoJournal(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		b.apply(newTopic("a", 1)...)
		p := b.partition("a", 0)
		b.acked(p, -1)
		b.acked(p, -1)
		if there, _ := journal.Exists(b.fs, "/d0"); !there {
			t.Fatal("there is no journal")
		}
		old, err := vfs.ReadFile(b.fs, "/d0/"+journal.Name(0), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		b.close()
		if there, _ := journal.Exists(b.fs, "/d0"); there {
			t.Error("a clean stop leaves a journal")
		}
		if err := vfs.WriteFile(b.fs, "/d0/"+journal.Name(0), old); err != nil {
			t.Fatal(err)
		}
		b.open()
		if end := b.partition("a", 0).LogEndOffset(); end != 2 || !strings.Contains(b.log.String(), "it is set aside") {
			t.Errorf("the log ends at %d, the operator is told %s", end, b.log)
		}
		if kept, _ := vfs.Exists(b.fs, "/d0/"+journal.Name(0)+".kept-1"); !kept {
			t.Error("the old journal is not kept")
		}
	})
}

// The mark of a clean shutdown goes when the journal is aside, and not before: a
// start that ends in between leaves it, and so does a checkpoint file that cannot
// be read.
func TestOldJournalIsSetAsideBeforeTheMarkGoes(t *testing.T) {
	for _, damage := range []bool{false, true} {
		bubble(t, nil, 1, func(t *testing.T, b *broker) {
			b.apply(newTopic("a", 1)...)
			p := b.partition("a", 0)
			b.acked(p, -1)
			b.acked(p, -1)
			old, err := vfs.ReadFile(b.fs, "/d0/"+journal.Name(0), 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			b.close()
			if err := vfs.WriteFile(b.fs, "/d0/"+journal.Name(0), old); err != nil {
				t.Fatal(err)
			}
			if damage {
				if err := vfs.WriteFile(b.fs, "/d0/"+logdir.HighWatermarkFile, []byte("?")); err != nil {
					t.Fatal(err)
				}
			} else {
				faults := vfs.NewFaults(b.fs)
				faults.Inject(vfs.Fault{Ops: vfs.OpRename, Contains: logdir.JournalPrefix})
				first := New(b.config(faults))
				first.Publish(b.img, &metadata.Delta{})
				if err := first.Load(); err == nil {
					t.Fatal("a start goes on beside a journal that it could not set aside")
				}
				first.Abandon()
			}
			b.open()
			if text := b.log.String(); !strings.Contains(text, "it is set aside") || strings.Contains(text, "the sync journal was read") {
				t.Errorf("the operator is told %s", text)
			}
		})
	}
}

// gregor.log.journal.bytes=0: every log's own file is synced.
func TestNoJournal(t *testing.T) {
	journaling(t, 3, "0", func(t *testing.T, b *broker, d *slowDisk) {
		b.everywhere(3)
		if files, _, _ := d.counts(); files != 3 || d.journalSyncs() != 0 {
			t.Errorf("%d syncs of files, %d of the journal", files, d.journalSyncs())
		}
		if there, _ := journal.Exists(b.fs, "/d0"); there {
			t.Error("there is a journal")
		}
	})
}

// What a journal kept aside or could not put back, the operator reads.
func TestDamagedJournalIsTold(t *testing.T) {
	journaling(t, 1, "67108864", func(t *testing.T, b *broker, d *slowDisk) {
		for range 4 {
			b.everywhere(1)
		}
		disk := b.fs.CrashClone(nil)
		name := "/d0/" + journal.Name(0)
		data, err := vfs.ReadFile(disk, name, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		data[4096+100] ^= 1 // of the first group
		if err := vfs.WriteFile(disk, name, data); err != nil {
			t.Fatal(err)
		}
		b.restartedAfter(disk)
		for _, want := range []string{"the sync journal is damaged", name, "kept-"} {
			if !strings.Contains(b.log.String(), want) {
				t.Errorf("the operator does not read %q: %s", want, b.log)
			}
		}
	})
}
