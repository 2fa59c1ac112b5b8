package partition

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// slowDisk is a disk whose syncs take a while, and are counted.
type slowDisk struct {
	vfs.FS
	takes time.Duration
	fail  func(name string) bool

	mu      sync.Mutex
	running int
	most    int // at the same time
	files   map[string]int
	dirs    int
}

func (d *slowDisk) Open(name string, flags vfs.Flag) (vfs.File, error) {
	f, err := d.FS.Open(name, flags)
	if err != nil {
		return nil, err
	}
	return &slowFile{f, d}, nil
}

func (d *slowDisk) SyncDir(name string) error {
	d.mu.Lock()
	d.dirs++
	d.mu.Unlock()
	return d.FS.SyncDir(name)
}

// set changes the disk while it is used.
func (d *slowDisk) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

// forget begins to count anew.
func (d *slowDisk) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files, d.dirs, d.most = map[string]int{}, 0, 0
}

// counts are the syncs of partitions' files and of directories, and how many ran
// at once.
func (d *slowDisk) counts() (files, dirs, most int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, n := range d.files {
		if strings.Contains(name, "/a-") {
			files += n
		}
	}
	return files, d.dirs, d.most
}

type slowFile struct {
	vfs.File
	d *slowDisk
}

func (f *slowFile) Sync() error {
	f.d.mu.Lock()
	f.d.running++
	f.d.most = max(f.d.most, f.d.running)
	if f.d.files == nil {
		f.d.files = map[string]int{}
	}
	f.d.files[f.Name()]++
	fail, takes := f.d.fail != nil && f.d.fail(f.Name()), f.d.takes
	f.d.mu.Unlock()
	time.Sleep(takes)
	f.d.mu.Lock()
	f.d.running--
	f.d.mu.Unlock()
	if fail {
		return fmt.Errorf("sync %s: the disk is gone", f.Name())
	}
	return f.File.Sync()
}

// slow is a bubble whose broker has a slow disk and leads topic "a". It has no
// sync journal, whose tests are in journaler_test.go: each log's file is synced.
func slow(t *testing.T, partitions int32, props []string, f func(t *testing.T, b *broker, d *slowDisk)) {
	t.Helper()
	bubble(t, append([]string{"gregor.log.journal.bytes=0"}, props...), 1, func(t *testing.T, b *broker) {
		d := &slowDisk{FS: b.fs, takes: 10 * time.Millisecond}
		b.close()
		b.over, b.restless = d, true
		b.open()
		b.apply(newTopic("a", partitions)...)
		f(t, b, d)
	})
}

// produce appends one record with these acks and gives a channel with the
// outcome, once it is acknowledged.
func (b *broker) produce(p *Partition, acks int16) chan error {
	b.t.Helper()
	acked := make(chan error, 1)
	done, err := p.Append(time.Now(), records(1, 10), acks, storage.AppendOptions{})
	switch {
	case err != nil:
		acked <- err
	case done.Acked:
		acked <- done.AckErr
	default:
		if ready, err := p.AwaitAck(acks, done.LastOffset+1, func(err error) { acked <- err }); ready {
			acked <- err
		}
	}
	return acked
}

// acked appends one record and waits until it is acknowledged.
func (b *broker) acked(p *Partition, acks int16) {
	b.t.Helper()
	if err := <-b.produce(p, acks); err != nil {
		b.t.Fatal(err)
	}
}

// parked says whether nothing has come out after all that can be done at once.
func parked(acked chan error) bool {
	synctest.Wait()
	return len(acked) == 0
}

func TestNothingIsVisibleOrAcknowledgedBeforeTheDiskHasIt(t *testing.T) {
	slow(t, 1, nil, func(t *testing.T, b *broker, d *slowDisk) {
		p := b.partition("a", 0)
		began := time.Now()
		acked := b.produce(p, -1)
		if !parked(acked) || p.HighWatermark() != 0 {
			t.Fatalf("high watermark %d before the sync", p.HighWatermark())
		}
		if err := <-acked; err != nil || p.HighWatermark() != 1 {
			t.Fatalf("acknowledged with %v, high watermark %d", err, p.HighWatermark())
		}
		// Of a new log the names and partition.metadata are synced, too.
		if took := time.Since(began); took < d.takes {
			t.Errorf("took %v", took)
		}
		d.forget()
		began = time.Now()
		if err := <-b.produce(p, -1); err != nil {
			t.Fatal(err)
		}
		if files, dirs, _ := d.counts(); files != 1 || dirs != 0 || time.Since(began) != d.takes {
			t.Errorf("one record took %d syncs of files, %d of directories, %v", files, dirs, time.Since(began))
		}
	})
}

func TestNobodyWaitsAndNothingIsSynced(t *testing.T) {
	slow(t, 1, nil, func(t *testing.T, b *broker, d *slowDisk) {
		p := b.partition("a", 0)
		b.acked(p, -1)
		d.forget()
		for range 10 {
			if err := <-b.produce(p, 1); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		if files, _, _ := d.counts(); files != 0 || p.HighWatermark() != 1 {
			t.Fatalf("%d syncs, high watermark %d", files, p.HighWatermark())
		}
		// A reader at the high watermark waits.
		w := NewWaiter()
		p.Watch(w)
		<-w.C()
		p.Unwatch(w)
		if files, _, _ := d.counts(); files != 1 || p.HighWatermark() != 11 {
			t.Fatalf("%d syncs, high watermark %d", files, p.HighWatermark())
		}
		// One that does not is served the next time.
		b.acked(p, 1)
		var read Read
		q := Query{Offset: 11, MaxBytes: 1000, LeaderEpoch: -1, LastFetchedEpoch: -1}
		if err := p.Read(&q, &read); err != nil || read.Section.Len() != 0 {
			t.Fatalf("read %d bytes that are not on disk, %v", read.Section.Len(), err)
		}
		time.Sleep(time.Second)
		if err := p.Read(&q, &read); err != nil || read.Section.Len() == 0 {
			t.Fatalf("nothing to read: %v", err)
		}
		read.Release()
		// Who asks for the end of the log.
		b.acked(p, 1)
		if err := p.CatchUp(t.Context()); err != nil || p.HighWatermark() != 13 {
			t.Fatalf("high watermark %d, %v", p.HighWatermark(), err)
		}
		// Records that come while somebody waits already.
		p.Watch(w)
		synctest.Wait()
		b.acked(p, 1)
		<-w.C()
		p.Unwatch(w)
		if p.HighWatermark() != 14 {
			t.Fatalf("high watermark %d", p.HighWatermark())
		}
	})
}

// TestOneSyncServesAllWhoWait: the next sync of a log begins when the one
// before ends, and covers what came meanwhile.
func TestOneSyncServesAllWhoWait(t *testing.T) {
	slow(t, 1, nil, func(t *testing.T, b *broker, d *slowDisk) {
		p := b.partition("a", 0)
		b.acked(p, -1)
		d.forget()
		var all []chan error
		all = append(all, b.produce(p, -1))
		time.Sleep(d.takes / 2)
		for range 100 {
			all = append(all, b.produce(p, -1))
		}
		began := time.Now()
		for _, acked := range all {
			if err := <-acked; err != nil {
				t.Fatal(err)
			}
		}
		if files, _, _ := d.counts(); files != 2 || time.Since(began) != 3*d.takes/2 {
			t.Errorf("%d syncs, the last acknowledgement after %v", files, time.Since(began))
		}
	})
}

func TestManyPartitionsAreSyncedAtOnce(t *testing.T) {
	const partitions = 100
	slow(t, partitions, nil, func(t *testing.T, b *broker, d *slowDisk) {
		round := func() {
			var all []chan error
			for n := range int32(partitions) {
				for range 3 {
					all = append(all, b.produce(b.partition("a", n), -1))
				}
			}
			for _, acked := range all {
				if err := <-acked; err != nil {
					t.Fatal(err)
				}
			}
		}
		round()
		d.forget()
		began := time.Now()
		round()
		files, dirs, most := d.counts()
		if files > 2*partitions || dirs != 0 || most > syncersMax || most < syncersMax/2 {
			t.Errorf("%d syncs of files, %d of directories, %d at once", files, dirs, most)
		}
		if took, alone := time.Since(began), partitions*d.takes; took > alone/4 {
			t.Errorf("took %v, one by one %v", took, alone)
		}
	})
}

// TestFailedSyncIsNeverMadeGood: the disk says once that it failed, and then
// that all is well.
func TestFailedSyncIsNeverMadeGood(t *testing.T) {
	slow(t, 2, []string{"log.flush.scheduler.interval.ms=1000", "log.flush.interval.ms=999999999"}, func(t *testing.T, b *broker, d *slowDisk) {
		p, other := b.partition("a", 0), b.partition("a", 1)
		b.acked(p, -1)
		b.acked(other, -1)
		log := p.Log()
		failed := atomic.Bool{}
		d.set(func() { d.fail = func(name string) bool { return strings.Contains(name, "a-0") && !failed.Swap(true) } })
		w := NewWaiter()
		p.Watch(w)
		waits, late := b.produce(p, -1), make(chan error, 1)
		go func() { late <- p.CatchUp(context.Background()) }()
		if err := <-waits; kafka.CodeOf(err) != kafka.ErrKafkaStorageError {
			t.Errorf("acknowledged with %v", err)
		}
		<-w.C() // readers are told, too
		p.Unwatch(w)
		if err := <-late; err != nil {
			t.Errorf("who waits for the end of the log: %v", err)
		}
		for range 3 {
			if err := <-b.produce(p, -1); kafka.CodeOf(err) != kafka.ErrKafkaStorageError {
				t.Errorf("after the failure: %v", err)
			}
			if err := log.Sync(); err == nil {
				t.Error("a later sync made good what failed")
			}
			if err := log.Flush(2); err == nil {
				t.Error("a later flush made good what failed")
			}
		}
		synctest.Wait()
		if log.HighWatermark() != 1 || log.RecoveryPoint() > 1 || p.Leads() || b.led["a-0"] {
			t.Errorf("high watermark %d, recovery point %d, leads %t", log.HighWatermark(), log.RecoveryPoint(), p.Leads())
		}
		time.Sleep(time.Hour) // housekeeping leaves it alone
		if n := strings.Count(b.log.String(), "a log directory has failed"); n != 1 {
			t.Errorf("the operator is told %d times", n)
		}
		if !strings.Contains(b.log.String(), "a log directory has failed") || !strings.Contains(b.log.String(), "the disk is gone") {
			t.Errorf("the operator reads %s", b.log)
		}
		b.unclean = true
	})
}

func TestDurabilityChangesAtOnceAndNobodyStaysParked(t *testing.T) {
	slow(t, 1, nil, func(t *testing.T, b *broker, d *slowDisk) {
		p := b.partition("a", 0)
		b.acked(p, -1)
		d.set(func() { d.takes = time.Hour })
		waits := b.produce(p, -1)
		if !parked(waits) {
			t.Fatal("acknowledged before the sync")
		}
		b.apply(setConfig("a", "gregor.durability", "page-cache"))
		if parked(waits) || p.HighWatermark() != 2 {
			t.Fatalf("still parked with page-cache, high watermark %d", p.HighWatermark())
		}
		if err := <-b.produce(p, -1); err != nil {
			t.Fatal(err)
		}
		// Back again: what was visible stays so, and is synced though nobody
		// waits for it.
		time.Sleep(2 * time.Hour)
		d.set(func() { d.takes = 10 * time.Millisecond })
		d.forget()
		b.apply(setConfig("a", "gregor.durability", "safe"))
		time.Sleep(time.Second)
		if got := p.Log().Synced(); p.HighWatermark() != 3 || got != 3 {
			t.Errorf("high watermark %d, synced %d", p.HighWatermark(), got)
		}
		if first := b.produce(p, 1); parked(first) {
			t.Error("acks=1 waits for the disk")
		}
		// Always on disk: acks=1, too, until the broker's value is another.
		b.apply(setConfig("a", "gregor.durability", "disk"))
		first := b.produce(p, 1)
		if !parked(first) {
			t.Error("acks=1 does not wait for the disk")
		}
		began := time.Now()
		if err := <-first; err != nil || time.Since(began) > d.takes {
			t.Errorf("acknowledged after %v: %v", time.Since(began), err)
		}
		first = b.produce(p, 1)
		b.apply(setConfig("a", "gregor.durability", "page-cache"))
		if parked(first) {
			t.Error("acks=1 is still parked with page-cache")
		}
	})
}

// TestAcknowledgedRecordsSurviveACrash crashes at random moments, with random
// parts of what was not synced.
func TestAcknowledgedRecordsSurviveACrash(t *testing.T) {
	for _, durability := range []string{"safe", "disk"} {
		for seed := range uint64(60) {
			journal := []string{"0", "65536", "1048576"}[seed%3]
			slow(t, 2, []string{"gregor.log.durability=" + durability, "log.segment.bytes=1048576", "gregor.log.journal.bytes=" + journal}, func(t *testing.T, b *broker, d *slowDisk) {
				chance := rand.New(rand.NewPCG(seed, 1))
				acks := []int16{-1}
				if durability == "disk" {
					acks = append(acks, 1)
				}
				var acked [2]atomic.Int64 // up to which offset
				stop := make(chan struct{})
				var work sync.WaitGroup
				for n := range acked {
					work.Go(func() { b.load(b.partition("a", int32(n)), acks[n%len(acks)], stop, &acked[n]) })
				}
				time.Sleep(time.Duration(chance.IntN(200)) * time.Millisecond / 2)
				// What is promised at the same moment as the crash is not asked for:
				// the disk may have been copied before its sync.
				var want, seen [2]kafka.Offset
				for n := range want { // before the crash: syncs end at the same moment
					want[n], seen[n] = kafka.Offset(acked[n].Load()), b.partition("a", int32(n)).HighWatermark()
				}
				fs := b.fs.CrashClone(chance)
				close(stop)
				work.Wait()
				b.close()
				b.fs, b.over = fs, nil
				b.open()
				for n := range want {
					p := b.partition("a", int32(n))
					if got := p.LogEndOffset(); got < want[n] || got < seen[n] {
						t.Errorf("%s, seed %d: the log ends at %d, acknowledged was %d, visible %d", durability, seed, got, want[n], seen[n])
					}
					if err := p.CatchUp(t.Context()); err != nil || p.HighWatermark() != p.LogEndOffset() {
						t.Errorf("high watermark %d of %d, %v", p.HighWatermark(), p.LogEndOffset(), err)
					}
				}
			})
		}
	}
}

// load appends until stop; some records are large, so that segments roll.
func (b *broker) load(p *Partition, acks int16, stop chan struct{}, acked *atomic.Int64) {
	for i := 0; ; i++ {
		size := 100
		if i%3 == 0 {
			size = 300_000
		}
		done, err := p.Append(time.Now(), records(1, size), acks, storage.AppendOptions{})
		if err != nil {
			b.t.Error(err)
			return
		}
		if !done.Acked {
			waits := make(chan error, 1)
			if ready, err := p.AwaitAck(acks, done.LastOffset+1, func(err error) { waits <- err }); ready {
				waits <- err
			}
			if err := <-waits; err != nil {
				b.t.Error(err)
				return
			}
		}
		acked.Store(int64(done.LastOffset + 1))
		select {
		case <-stop:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// TestWhatAKilledProcessLeftIsSyncedBeforeItCounts: after kill -9 the system may
// have records in memory that no disk has.
func TestWhatAKilledProcessLeftIsSyncedBeforeItCounts(t *testing.T) {
	slow(t, 1, []string{"gregor.log.durability=page-cache"}, func(t *testing.T, b *broker, d *slowDisk) {
		p := b.partition("a", 0)
		for range 3 {
			b.acked(p, 1)
		}
		left := b.fs
		b.cancel()
		<-b.done
		b.set.Abandon()
		// The next process is one with the default rule, and the files are those
		// that the system has in memory: nothing of them was synced.
		b.img = metadata.Empty()
		b.fs = left
		b.configure("gregor.log.durability=safe")
		b.over = &slowDisk{FS: left, takes: time.Minute}
		b.imgApply(newTopic("a", 1)...)
		b.open()
		p = b.partition("a", 0)
		synctest.Wait()
		if p.LogEndOffset() != 3 || p.HighWatermark() != 0 {
			t.Errorf("the log ends at %d, high watermark %d", p.LogEndOffset(), p.HighWatermark())
		}
		time.Sleep(time.Hour) // nobody has to ask
		if p.HighWatermark() != 3 {
			t.Errorf("high watermark %d", p.HighWatermark())
		}
		crashed := left.CrashClone(nil)
		b.close()
		b.fs, b.over = crashed, nil
		b.open()
		if got := b.partition("a", 0).LogEndOffset(); got != 3 {
			t.Errorf("a crash leaves %d of 3 records that were visible", got)
		}
	})
}

// TestShrunkSetSyncsWhatOnlyMemoryHolds: what two replicas had in memory is on
// the disk of the one that is left, soon.
func TestShrunkSetSyncsWhatOnlyMemoryHolds(t *testing.T) {
	slow(t, 1, nil, func(t *testing.T, b *broker, d *slowDisk) {
		change := msg.NewPartitionChangeRecord()
		change.TopicId, change.PartitionId = topicID("a"), 0
		change.Replicas, change.Isr = []int32{1, 2}, []int32{1, 2}
		b.apply(change)
		p := b.partition("a", 0)
		waits := b.produce(p, -1)
		if !parked(waits) {
			t.Fatal("acknowledged without the follower")
		}
		if files, _, _ := d.counts(); files != 0 {
			t.Errorf("%d syncs with two in sync", files)
		}
		change = msg.NewPartitionChangeRecord()
		change.TopicId, change.PartitionId, change.Isr = topicID("a"), 0, []int32{1}
		b.apply(change)
		if !parked(waits) {
			t.Error("acknowledged before the disk had it")
		}
		if err := <-waits; err != nil || p.Log().Synced() != 1 {
			t.Errorf("acknowledged with %v, synced %d", err, p.Log().Synced())
		}
	})
}
