package partition

import (
	"bytes"
	"fmt"
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

// tornBytes is how much a recovery has to keep aside: more than the reserve of
// these disks, 256 KiB, holds.
const tornBytes = 400_000

// tear puts what a crash may leave behind the records of a partition.
func (b *broker) tear(name string) (file string) {
	b.t.Helper()
	file = "/d0/" + name + "/00000000000000000000.log"
	f, err := b.fs.Open(file, vfs.Write)
	if err != nil {
		b.t.Fatal(err)
	}
	size, err := f.Size()
	if err == nil {
		_, err = f.WriteAt(bytes.Repeat([]byte{1}, tornBytes), size)
	}
	if err != nil || f.Close() != nil {
		b.t.Fatal(err)
	}
	return file
}

// free says how many bytes the disk has from now on.
func (b *broker) free(n int64) {
	b.t.Helper()
	b.fs.SetLimit(0)
	total, free, err := b.fs.Usage("/d0")
	if err != nil {
		b.t.Fatal(err)
	}
	b.fs.SetLimit(max(total-free, 0) + n)
}

// tight makes topics of one partition with records, kills the broker, tears some
// of the logs, and starts it on a disk that has no room for that.
func (b *broker) tight(topics []string, torn ...string) {
	b.t.Helper()
	for _, name := range topics {
		b.apply(newTopic(name, 1)...)
		b.append(b.partition(name, 0), 3, 100)
	}
	b.crash()
	for _, name := range torn {
		b.tear(name + "-0")
	}
	b.free(4000) // the checkpoint files and snapshots fit
	b.open()
}

func (b *broker) refused(p *Partition, what string) {
	b.t.Helper()
	_, err := p.Append(time.Now(), records(1, 1), -1, storage.AppendOptions{})
	if kafka.CodeOf(err) != kafka.ErrKafkaStorageError || p.Leads() {
		b.t.Errorf("%s: an append to %s: %v; it leads: %v", what, p.Name(), err, p.Leads())
	}
	if err := p.Read(&Query{LeaderEpoch: -1, LastFetchedEpoch: -1, MaxBytes: 100}, new(Read)); kafka.CodeOf(err) != kafka.ErrKafkaStorageError {
		b.t.Errorf("%s: a read of %s: %v", what, p.Name(), err)
	}
}

func (b *broker) logged(line string, times int) {
	b.t.Helper()
	if got := strings.Count(b.log.String(), line); got != times {
		b.t.Errorf("%q is logged %d times, want %d:\n%s", line, got, times, b.log)
	}
}

const (
	lineOffline = "the recovery of its log finds no room"
	lineOnline  = "its partition is online again"
)

// A log whose recovery needs more room than there is is offline, the others are
// not; with room it is back within the 5 s, as it would be after a restart, and
// the operator hears of both, once.
func TestALogThatFoundNoRoomIsOpenedWhenThereIsRoom(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		b.tight([]string{"a", "b"}, "a")
		lost, other := b.partition("a", 0), b.partition("b", 0)
		b.refused(lost, "on the full disk")
		if other.LogEndOffset() != 3 || b.set.Stats(0, 0).Offline != 1 || b.led["a-0"] || !b.led["b-0"] {
			t.Errorf("the other log ends at %d, %d are offline, %v", other.LogEndOffset(), b.set.Stats(0, 0).Offline, b.led)
		}
		poll := NewWaiter()
		lost.Watch(poll)
		// Meanwhile the metadata goes on.
		change := msg.NewPartitionChangeRecord()
		change.TopicId, change.PartitionId, change.Leader = topicID("a"), 0, self
		change.Isr = []int32{self}
		b.apply(change, setConfig("a", "max.message.bytes", "1234"))
		time.Sleep(time.Minute)
		b.refused(lost, "a minute later")
		b.logged(lineOffline, 1)
		b.logged("missingAtLeast", 1)
		b.logged("is full: records are refused", 1)
		poll.Reset()
		b.free(2 << 20)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		b.logged(lineOnline, 1)
		b.logged("was cut off a log and kept aside", 1)
		if epoch, _ := lost.LeaderEpoch(); !lost.Leads() || !b.led["a-0"] || epoch != 1 || b.set.Stats(0, 0).Offline != 0 {
			t.Errorf("with room: leads %v in epoch %d, %v", lost.Leads(), epoch, b.led)
		}
		select {
		case <-poll.C():
		default:
			t.Error("a poll is not woken")
		}
		lost.Unwatch(poll)
		if lost.Log().Config().MaxMessageBytes != 1234 {
			t.Error("the configuration is that of the start")
		}
		if done := b.append(lost, 1, 10); done.FirstOffset != 3 {
			t.Errorf("appended at %d", done.FirstOffset)
		}
		aside, err := b.fs.Stat("/d0/a-0/00000000000000000000.log.cut-3")
		if err != nil || aside.Size != tornBytes {
			t.Errorf("the tail is kept in %d bytes: %v", aside.Size, err)
		}
		b.close()
		b.open()
		if p := b.partition("a", 0); p.LogEndOffset() != 4 || !strings.Contains(strings.Join(b.filesOf("/d0"), " "), ".cut-3") {
			t.Errorf("after a clean stop the log ends at %d", p.LogEndOffset())
		}
	})
}

// filesOf names the files of a directory and of those in it.
func (b *broker) filesOf(dir string) (names []string) {
	list, err := b.fs.List(dir)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, e := range list {
		if e.Dir {
			names = append(names, b.filesOf(dir+"/"+e.Name)...)
		} else {
			names = append(names, dir+"/"+e.Name)
		}
	}
	return names
}

// Logs that have no room together are opened one after the other: what one cut
// off is the room for the next. Room for none brings none, and no noise.
func TestLogsThatHaveNoRoomTogetherAreOpenedInTurn(t *testing.T) {
	bubble(t, []string{"num.recovery.threads.per.data.dir=4"}, 1, func(t *testing.T, b *broker) {
		b.tight([]string{"a", "b", "c", "d"}, "a", "b", "c", "d")
		online := func() (n int) {
			for _, name := range []string{"a", "b", "c", "d"} {
				if b.partition(name, 0).Leads() {
					n++
				}
			}
			return n
		}
		if online() != 0 {
			t.Fatalf("%d are online without room", online())
		}
		// For the reserve, and as much again to see that there is room; then for a tail.
		for _, room := range []struct{ free, want int }{{2*256<<10 + 1000, 0}, {tornBytes + 50_000, 4}} {
			b.free(int64(room.free))
			time.Sleep(5 * time.Second)
			synctest.Wait()
			if online() != room.want {
				t.Errorf("with %d bytes free %d logs are online, want %d", room.free, online(), room.want)
			}
		}
		b.logged(lineOffline, 4)
		b.logged("has space again", 1)
		b.logged("is full: records are refused", 1)
		b.logged(lineOnline, 4)
		b.logged("was cut off a log and kept aside", 4)
	})
}

// A topic whose log waits for room can be deleted: that is room.
func TestDeletingATopicWhoseLogFoundNoRoomMakesRoom(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		b.tight([]string{"a", "b"}, "a", "b")
		b.refused(b.partition("a", 0), "before")
		b.apply(&msg.RemoveTopicRecord{TopicId: topicID("b")})
		b.apply(newTopic("b", 1)...) // whose directory has its place
		time.Sleep(2 * time.Second)
		synctest.Wait()
		for _, name := range b.dirsOf("/d0") {
			if strings.HasSuffix(name, "-delete") {
				t.Errorf("%s is left", name)
			}
		}
		b.free(2 << 20)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if done := b.append(b.partition("b", 0), 1, 10); done.FirstOffset != 0 {
			t.Errorf("the new topic begins at %d", done.FirstOffset)
		}
		if done := b.append(b.partition("a", 0), 1, 10); done.FirstOffset != 3 {
			t.Errorf("appended at %d", done.FirstOffset)
		}
		b.crash()
		b.open()
		if a, c := b.partition("a", 0).LogEndOffset(), b.partition("b", 0).LogEndOffset(); a != 4 || c != 1 {
			t.Errorf("after a crash the logs end at %d and %d", a, c)
		}
	})
}

// gate lets nobody open files whose names contain this before it is opened.
type gate struct {
	vfs.FS
	contains string
	opened   chan struct{}
	came     chan struct{}
}

func (g *gate) Open(name string, flags vfs.Flag) (vfs.File, error) {
	if strings.Contains(name, g.contains) && flags&(vfs.Write|vfs.Create) != 0 {
		select {
		case g.came <- struct{}{}:
		default:
		}
		<-g.opened
	}
	return g.FS.Open(name, flags)
}

// A topic that is deleted, and made again, while its log is being opened: the
// old log goes when that is over, and the new one is made then.
func TestALogThatIsRemovedWhileItIsOpened(t *testing.T) {
	bubble(t, []string{"log.segment.delete.delay.ms=1000"}, 1, func(t *testing.T, b *broker) {
		b.tight([]string{"a"}, "a")
		b.cancel()
		<-b.done
		g := &gate{FS: b.fs, contains: ".cut-", opened: make(chan struct{}), came: make(chan struct{}, 1)}
		b.set.Abandon()
		b.over = g
		close(g.opened)
		b.open() // on the full disk, again
		g.opened = make(chan struct{})
		<-g.came // of the start
		b.free(2 << 20)
		<-g.came
		b.apply(&msg.RemoveTopicRecord{TopicId: topicID("a")})
		b.apply(renamedTopic("a", "new"+"a")...)
		time.Sleep(3 * time.Second)
		p := b.partition("a", 0)
		if _, err := p.Append(time.Now(), records(1, 1), 1, storage.AppendOptions{}); kafka.CodeOf(err) != kafka.ErrKafkaStorageError {
			t.Errorf("an append while the old log is there: %v", err)
		}
		if names := b.dirsOf("/d0"); len(names) != 1 || names[0] != "a-0" {
			t.Errorf("while it is opened: %v", names)
		}
		close(g.opened)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if names := b.dirsOf("/d0"); len(names) != 1 || names[0] != "a-0" || p.made.Load() == nil {
			t.Errorf("at the end there is %v, and the log %v", names, p.made.Load())
		}
		if done := b.append(p, 1, 1); done.FirstOffset != 0 {
			t.Errorf("the new topic begins at %d", done.FirstOffset)
		}
		b.logged(lineOnline, 0)
	})
}

// What happens while a log is being opened counts: a configuration, and the end
// of its directory.
func TestWhatChangesWhileALogIsOpened(t *testing.T) {
	for _, fails := range []bool{false, true} {
		bubble(t, nil, 2, func(t *testing.T, b *broker) {
			b.apply(newTopic("other", 1)...)
			b.tight([]string{"x", "a"}, "a") // x is in the other directory
			b.cancel()
			<-b.done
			b.set.Abandon()
			g := &gate{FS: b.fs, contains: ".cut-", opened: make(chan struct{}), came: make(chan struct{}, 1)}
			b.over = g
			close(g.opened)
			b.open()
			g.opened = make(chan struct{})
			<-g.came
			b.free(2 << 20)
			<-g.came
			if fails {
				b.set.failed(b.set.dirs[0], "write", errDisk)
				b.unclean = true
			}
			b.apply(setConfig("a", "max.message.bytes", "1234"))
			close(g.opened)
			time.Sleep(time.Second)
			synctest.Wait()
			p := b.partition("a", 0)
			if fails {
				b.refused(p, "in the failed directory")
				b.logged(lineOnline, 0)
			} else if !p.Leads() || p.Log().Config().MaxMessageBytes != 1234 {
				t.Errorf("leads %v", p.Leads())
			}
		})
	}
}

// renamedTopic is newTopic with another id.
func renamedTopic(name, id string) []metadata.Message {
	list := newTopic(name, 1)
	for _, m := range list {
		switch m := m.(type) {
		case *msg.TopicRecord:
			m.TopicId = topicID(id)
		case *msg.PartitionRecord:
			m.TopicId = topicID(id)
		}
	}
	return list
}

// A directory that fails takes the logs that wait with it.
func TestALogThatWaitsForRoomStaysOfflineWhenItsDirectoryFails(t *testing.T) {
	bubble(t, nil, 2, func(t *testing.T, b *broker) {
		b.tight([]string{"a"}, "a")
		b.set.failed(b.set.dirs[0], "write", errDisk)
		b.free(2 << 20)
		time.Sleep(10 * time.Second)
		b.refused(b.partition("a", 0), "in the failed directory")
		b.logged(lineOnline, 0)
		b.unclean = true
	})
}

// New logs that found no room are made when there is, though nobody asks.
func TestANewLogIsMadeWhenThereIsRoom(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		b.fs.SetLimit(1)
		b.apply(newTopic("a", 20)...)
		time.Sleep(10 * time.Second)
		if names := b.dirsOf("/d0"); len(names) > 0 {
			t.Fatalf("there are %v", names)
		}
		b.free(2 << 20)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		for n := range int32(20) {
			if p := b.partition("a", n); p.made.Load() == nil || !p.Leads() {
				t.Errorf("%s is not made", p.Name())
			}
		}
		if names := b.dirsOf("/d0"); len(names) != 20 {
			t.Errorf("there are %d directories", len(names))
		}
	})
}

// New logs, of which there may be many, leave the reserve to the next start, and
// who serves them begins anew when they are made.
func TestNewLogsLeaveTheReserve(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		b.fs.SetLimit(2 << 20)
		time.Sleep(2 * time.Second)
		reserve := func() bool { ok, _ := vfs.Exists(b.fs, "/d0/"+logdir.ReserveFile); return ok }
		if !reserve() {
			t.Fatal("there is no reserve")
		}
		b.free(0)
		b.apply(newTopic("a", 20)...)
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		if p := b.partition("a", 0); !reserve() || p.made.Load() != nil || p.Log() != nil {
			t.Errorf("on a full disk the reserve is there: %v; a log: %v", reserve(), p.made.Load() != nil)
		}
		delete(b.led, "a-0")
		b.free(4 << 20)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if p := b.partition("a", 0); p.made.Load() == nil || !b.led["a-0"] {
			t.Errorf("with room a log: %v, told: %v", p.made.Load() != nil, b.led["a-0"])
		}
	})
}

// A disk without room does not read its logs again and again: an attempt that
// took long is not repeated at once.
func TestTriesWithoutRoomArePaced(t *testing.T) {
	start := time.Unix(0, 0)
	for i, c := range []struct {
		p    pace
		at   time.Duration
		free int64
		want bool
	}{
		{pace{}, 0, 0, true},
		{pace{tried: true, free: 100, took: time.Second}, 9 * time.Second, 100, false},
		{pace{tried: true, free: 100, took: time.Second}, 10 * time.Second, 100, true},
		{pace{tried: true, free: 100, took: time.Second}, time.Second, 101, true},
		{pace{tried: true, free: 100, took: 3 * time.Second}, time.Second, 101, false},
	} {
		c.p.ended = start
		if got := c.p.due(start.Add(c.at), c.free); got != c.want {
			t.Errorf("%d: %v", i, fmt.Sprint(c, got))
		}
	}
}

// So it is at the start, too.
func TestAStartOpensInTurnWhatHasNoRoomTogether(t *testing.T) {
	bubble(t, []string{"num.recovery.threads.per.data.dir=4"}, 1, func(t *testing.T, b *broker) {
		topics := []string{"a", "b", "c", "d"}
		b.tight(topics, topics...)
		b.crash()
		b.free(tornBytes + 20_000)
		b.open()
		for _, name := range topics {
			if p := b.partition(name, 0); !p.Leads() || p.LogEndOffset() != 3 {
				t.Errorf("%s: leads %v, ends at %d", p.Name(), p.Leads(), p.LogEndOffset())
			}
		}
		b.logged(lineOffline, 0)
	})
}
