package partition

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// errDisk is an I/O error as the system gives it.
var errDisk = &fs.PathError{Op: "write", Path: "/d1/x", Err: syscall.Errno(5)}

// heard is what a set told about directories and leaders.
type heard struct {
	mu     sync.Mutex
	failed []string
	leads  map[string]bool
}

// withFaults opens the broker's set again, over a disk that can fail.
func (b *broker) withFaults() (*vfs.Faults, *heard) {
	b.t.Helper()
	b.close()
	faults, h := vfs.NewFaults(b.fs), &heard{leads: map[string]bool{}}
	b.set = New(Config{
		Host: storage.NewHost(faults, new(compress.Pool)), NodeID: self, Dirs: b.dirs, Broker: b.cfg.Load, Rand: rand.NewChaCha8([32]byte{}),
		Failed: func(d Dir, _ error) { h.mu.Lock(); h.failed = append(h.failed, d.Path); h.mu.Unlock() },
		Leads: func(tp kafka.TopicPartition, _ kafka.LeaderEpoch, leads bool) {
			h.mu.Lock()
			h.leads[tp.String()] = leads
			h.mu.Unlock()
		},
	})
	b.set.Publish(b.img, &metadata.Delta{})
	if err := b.set.Load(); err != nil {
		b.t.Fatal(err)
	}
	var ctx context.Context
	ctx, b.cancel = context.WithCancel(context.Background())
	done := make(chan struct{})
	b.done = done
	go func() {
		var both sync.WaitGroup
		both.Go(func() { _ = b.set.Watch(ctx) })
		both.Go(func() { _ = b.set.RunReopen(ctx) })
		_ = b.set.Run(ctx)
		both.Wait()
		close(done)
	}()
	return faults, h
}

// Everybody who waits for a partition of a directory that fails is let go at
// once, and the directory fails once.
func TestWaitersAreLetGoWhenTheirDirectoryFails(t *testing.T) {
	bubble(t, []string{"min.insync.replicas=1"}, 2, func(t *testing.T, b *broker) {
		records := newTopic("t", 4)
		for _, r := range records {
			if p, ok := r.(*msg.PartitionRecord); ok {
				p.Replicas, p.Isr = []int32{self, 2}, []int32{self, 2} // broker 2 never fetches
			}
		}
		b.apply(records...)
		synctest.Wait()
		_, h := b.withFaults()
		var polls []*Waiter
		acks := make(chan kafka.TopicPartition, 4)
		for n := range int32(4) {
			p := b.partition("t", n)
			done := b.append(p, 1, 10)
			if ready, err := p.AwaitAck(-1, done.LastOffset+1, func(err error) {
				if errors.Is(err, kafka.ErrKafkaStorageError) {
					acks <- p.Name()
				}
			}); ready {
				t.Fatalf("acknowledged without broker 2: %v", err)
			}
			w := NewWaiter()
			p.Watch(w)
			polls = append(polls, w)
		}
		d := b.set.dirs[1]
		b.set.failed(d, "append", &fs.PathError{Op: "write", Path: "/d1/x", Err: fs.ErrNotExist})
		if d.failed() != nil {
			t.Fatal("a file that is not there fails the directory")
		}
		for range 3 {
			b.set.failed(d, "sync", errDisk)
		}
		synctest.Wait()
		gone := 0
		for n := range int32(4) {
			p := b.partition("t", n)
			lost := p.dir == d
			select {
			case <-polls[n].C():
				if !lost {
					t.Errorf("a poll of %s is woken", p.Name())
				}
			default:
				if lost {
					t.Errorf("a poll of %s waits on", p.Name())
				}
			}
			p.Unwatch(polls[n])
			if lost {
				gone++
			}
			if h.leads[p.Name().String()] == lost {
				t.Errorf("leads %s: %v", p.Name(), !lost)
			}
			if _, err := p.Append(time.Now(), nil, 1, storage.AppendOptions{}); errors.Is(err, kafka.ErrKafkaStorageError) != lost {
				t.Errorf("an append to %s: %v", p.Name(), err)
			}
		}
		if len(acks) != gone || gone != 2 || !slices.Equal(h.failed, []string{"/d1"}) {
			t.Errorf("%d of %d acknowledgements are let go; failed: %v", len(acks), gone, h.failed)
		}
	})
}

// Whatever fails of a directory's disk fences it: reads and checkpoint files as
// well as writes and syncs.
func TestEveryOperationFencesItsDirectory(t *testing.T) {
	for _, c := range []struct {
		what  string
		fault vfs.Fault
		do    func(p *Partition)
	}{
		{"append", vfs.Fault{Ops: vfs.OpWrite, Contains: ".log"}, func(p *Partition) { _, _ = p.Append(time.Now(), records(1, 10), 1, storage.AppendOptions{}) }},
		{"reserve", vfs.Fault{Ops: vfs.OpPreallocate, Contains: ".log"}, func(p *Partition) { _, _ = p.Append(time.Now(), records(1, 1<<17), 1, storage.AppendOptions{}) }},
		{"sync", vfs.Fault{Ops: vfs.OpSync, Contains: ".log"}, func(p *Partition) {
			_, _ = p.Append(time.Now(), records(1, 10), 1, storage.AppendOptions{})
			_ = p.set.flush(p, p.Log())
		}},
		{"directory", vfs.Fault{Ops: vfs.OpSyncDir}, func(p *Partition) { _ = p.set.flush(p, p.Log()) }},
		{"search by time", vfs.Fault{Ops: vfs.OpRead | vfs.OpOpen}, func(p *Partition) {
			_ = p.Log().Roll(time.Now())
			for range 3 {
				_ = p.Log().CloseIdle(time.Now().Add(time.Hour))
			}
			_, _, _ = p.OffsetFor(1, -1, ReadAll)
		}},
		{"checkpoint", vfs.Fault{Ops: vfs.OpWrite, Contains: "checkpoint"}, func(*Partition) { time.Sleep(time.Minute) }},
		{"rename of a checkpoint", vfs.Fault{Ops: vfs.OpRename, Contains: "checkpoint"}, func(*Partition) { time.Sleep(time.Minute) }},
	} {
		t.Run(c.what, func(t *testing.T) {
			bubble(t, nil, 1, func(t *testing.T, b *broker) {
				b.apply(newTopic("t", 1)...)
				faults, h := b.withFaults()
				p := b.partition("t", 0)
				b.append(p, 1, 10)
				faults.Inject(c.fault)
				c.do(p)
				synctest.Wait()
				faults.Heal()
				if len(h.failed) != 1 || p.Leads() {
					t.Fatalf("failed: %v, leads %v", h.failed, p.Leads())
				}
				before, err := b.fs.Stat("/d0/t-0")
				b.set.Publish(b.img, &metadata.Delta{})
				time.Sleep(time.Hour)
				if after, err2 := b.fs.Stat("/d0/t-0"); err != nil || err2 != nil || before != after {
					t.Errorf("the directory is written to: %v %v", err, err2)
				}
			})
		})
	}
}

// A deleted topic's files stay in a directory that has failed, as in Kafka; the
// next start sets them aside.
func TestADeletedTopicStaysInAFailedDirectory(t *testing.T) {
	bubble(t, nil, 2, func(t *testing.T, b *broker) {
		b.apply(newTopic("t", 2)...)
		synctest.Wait()
		_, _ = b.withFaults()
		b.set.failed(b.set.dirs[1], "sync", errDisk)
		synctest.Wait()
		b.apply(&msg.RemoveTopicRecord{TopicId: topicID("t")})
		time.Sleep(time.Hour)
		if got := b.dirsOf("/d1"); len(got) != 1 || got[0] != "t-0" && got[0] != "t-1" {
			t.Errorf("the failed directory holds %v", got)
		}
		if got := b.dirsOf("/d0"); len(got) != 0 {
			t.Errorf("the other directory holds %v", got)
		}
	})
}
