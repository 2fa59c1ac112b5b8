package partition

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// broker is one broker's set on a disk in memory, with an image of its own.
type broker struct {
	t      *testing.T
	fs     *vfs.Mem
	over   vfs.FS // what the set sees; nil: fs itself
	dirs   []Dir
	cfg    atomic.Pointer[config.Broker]
	set    *Set
	img    *metadata.Image
	log    *logbook
	led    map[string]bool // what Leads said
	cancel context.CancelFunc
	done   chan struct{}
	// unclean: a log failed, and the end tells.
	unclean bool
	// restless: without the rounds of RunSettle, which wait for a sync under way
	// with a lock, and so stop the clock of the bubble.
	restless bool
}

// logbook is what was logged.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *logbook) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *logbook) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

const self = 1

func bubble(t *testing.T, props []string, dirs int, f func(t *testing.T, b *broker)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{t: t, fs: vfs.NewMem(time.Now), img: metadata.Empty(), led: map[string]bool{}}
		for i := range dirs {
			d := Dir{Path: fmt.Sprintf("/d%d", i), ID: kafka.UUID{0: byte(i + 1), 15: 200}}
			if err := b.fs.MkdirAll(d.Path); err != nil {
				t.Fatal(err)
			}
			b.dirs = append(b.dirs, d)
		}
		if err := b.fs.SyncDir("/"); err != nil {
			t.Fatal(err)
		}
		b.configure(props...)
		b.open()
		t.Cleanup(func() {
			if b.set != nil {
				b.close()
			}
		})
		f(t, b)
	})
}

func (b *broker) configure(props ...string) {
	b.t.Helper()
	all := config.Quickstart("/d0")
	for _, p := range props {
		o, err := config.ParseOverride(p)
		if err != nil {
			b.t.Fatal(err)
		}
		all = append(all, o)
	}
	cfg, _, err := config.Load(all)
	if err != nil {
		b.t.Fatal(err)
	}
	b.cfg.Store(cfg)
}

// open makes a set that knows the image, and loads what is on disk.
func (b *broker) open() {
	b.t.Helper()
	b.log = new(logbook)
	var fsys vfs.FS = b.fs
	if b.over != nil {
		fsys = b.over
	}
	b.set = New(b.config(fsys))
	b.set.Publish(b.img, &metadata.Delta{})
	if err := b.set.Load(); err != nil {
		b.t.Fatal(err)
	}
	var ctx context.Context
	ctx, b.cancel = context.WithCancel(context.Background())
	b.done = make(chan struct{})
	set, settled := b.set, make(chan struct{})
	go func() {
		defer close(settled)
		if !b.restless {
			_ = set.RunSettle(ctx)
		}
	}()
	cleaned, reopened := make(chan struct{}), make(chan struct{})
	go func() { _ = set.RunCleaner(ctx); close(cleaned) }()
	go func() { _ = set.RunReopen(ctx); close(reopened) }()
	go func() { _ = set.Run(ctx); <-settled; <-cleaned; <-reopened; close(b.done) }()
}

// config is what a set on fsys is made of.
func (b *broker) config(fsys vfs.FS) Config {
	return Config{
		Host: storage.NewHost(fsys, new(compress.Pool)), NodeID: self, Dirs: b.dirs,
		Broker: b.cfg.Load, Log: slog.New(slog.NewTextHandler(b.log, nil)),
		Rand:  rand.NewChaCha8([32]byte{}),
		Leads: func(tp kafka.TopicPartition, _ kafka.LeaderEpoch, leads bool) { b.led[tp.String()] = leads },
	}
}

func (b *broker) close() {
	b.t.Helper()
	b.cancel()
	<-b.done
	if err := b.set.Close(7); err != nil && !b.unclean {
		b.t.Error(err)
	}
	b.set = nil
}

// crash leaves the files as a killed process does.
func (b *broker) crash() {
	b.cancel()
	<-b.done
	b.fs = b.fs.Clone()
	b.set.Abandon()
	b.set = nil
}

// apply publishes records.
func (b *broker) apply(messages ...metadata.Message) {
	b.t.Helper()
	b.set.Publish(b.imgApply(messages...))
}

// imgApply changes the image, and publishes nothing.
func (b *broker) imgApply(messages ...metadata.Message) (*metadata.Image, *metadata.Delta) {
	b.t.Helper()
	var records []metadata.Record
	for _, m := range messages {
		records = append(records, metadata.Record{Message: m})
	}
	next, delta, err := b.img.Apply(b.img.Offset, 1, records)
	if err != nil {
		b.t.Fatal(err)
	}
	b.img = next
	return next, delta
}

func topicID(name string) kafka.UUID {
	var id kafka.UUID
	copy(id[:], name)
	id[15] = 255
	return id
}

// newTopic is the records of a topic whose partitions this broker leads.
func newTopic(name string, partitions int32) []metadata.Message {
	list := []metadata.Message{&msg.TopicRecord{Name: name, TopicId: topicID(name)}}
	for n := range partitions {
		p := msg.NewPartitionRecord()
		p.PartitionId, p.TopicId = n, topicID(name)
		p.Replicas, p.Isr, p.Leader = []int32{self}, []int32{self}, self
		p.LeaderEpoch, p.PartitionEpoch = 0, 0
		list = append(list, p)
	}
	return list
}

func setConfig(topic, key, value string) metadata.Message {
	return &msg.ConfigRecord{ResourceType: int8(config.ResourceTopic), ResourceName: topic, Name: key, Value: &value}
}

func (b *broker) partition(name string, n int32) *Partition {
	b.t.Helper()
	p, ok := b.set.Partition(kafka.TopicPartition{Topic: name, Partition: n})
	if !ok {
		b.t.Fatalf("%s-%d is not there", name, n)
	}
	return p
}

func records(n, size int) []byte {
	builder := batch.NewBuilder(nil, batch.Options{})
	for range n {
		builder.Append(kafka.Timestamp(time.Now().UnixMilli()), []byte("k"), make([]byte, size))
	}
	b, err := builder.Build(nil)
	if err != nil {
		panic(err)
	}
	return b
}

// append appends, and waits for this broker's disk.
func (b *broker) append(p *Partition, n, size int) Appended {
	b.t.Helper()
	done, err := p.Append(time.Now(), records(n, size), -1, storage.AppendOptions{})
	if err == nil {
		err = p.CatchUp(b.t.Context())
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return done
}

func (b *broker) dirsOf(path string) []string {
	b.t.Helper()
	list, err := b.fs.List(path)
	if err != nil {
		b.t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		if e.Dir {
			names = append(names, e.Name)
		}
	}
	return names
}

func TestPartitionsFollowTheImage(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		b.apply(newTopic("a", 2)...)
		p := b.partition("a", 1)
		if !p.Leads() || !b.led["a-1"] {
			t.Error("the leader does not know that it leads")
		}
		if byID, ok := b.set.PartitionByID(topicID("a"), 1); !ok || byID != p {
			t.Error("the topic's id finds another partition")
		}
		done := b.append(p, 3, 10)
		if done.FirstOffset != 0 || done.LastOffset != 2 || p.HighWatermark() != 3 {
			t.Errorf("appended %+v, high watermark %d", done, p.HighWatermark())
		}
		// Another broker becomes the leader, and this one a follower.
		change := msg.NewPartitionChangeRecord()
		change.TopicId, change.PartitionId, change.Leader = topicID("a"), 1, 2
		change.Replicas, change.Isr = []int32{1, 2}, []int32{1, 2}
		b.apply(change)
		if _, err := p.Append(time.Now(), records(1, 1), -1, storage.AppendOptions{}); kafka.CodeOf(err) != kafka.ErrNotLeaderOrFollower {
			t.Errorf("a follower's append: %v", err)
		}
		if b.led["a-1"] {
			t.Error("nobody was told that the broker ceased to lead")
		}
		// And back, in a later epoch.
		change = msg.NewPartitionChangeRecord()
		change.TopicId, change.PartitionId, change.Leader = topicID("a"), 1, 1
		change.Isr = []int32{1}
		b.apply(change)
		if done := b.append(p, 1, 1); done.FirstOffset != 3 {
			t.Errorf("appended at %d", done.FirstOffset)
		}
		if end, err := p.EpochEnd(-1, 0); err != nil || end.Epoch != 0 || end.End != 3 {
			t.Errorf("epoch 0 ends at %+v, %v", end, err)
		}
		if err := p.Read(&Query{LeaderEpoch: 1, LastFetchedEpoch: -1, MaxBytes: 100}, new(Read)); kafka.CodeOf(err) != kafka.ErrFencedLeaderEpoch {
			t.Errorf("a reader of an older epoch: %v", err)
		}
		if err := p.Read(&Query{LeaderEpoch: 9, LastFetchedEpoch: -1, MaxBytes: 100}, new(Read)); kafka.CodeOf(err) != kafka.ErrUnknownLeaderEpoch {
			t.Errorf("a reader of a later epoch: %v", err)
		}
	})
}

func TestDeletedTopicIsSetAsideAndRemovedAfterItsDelay(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		b.apply(newTopic("a", 1)...)
		b.apply(setConfig("a", "file.delete.delay.ms", "5000"))
		p := b.partition("a", 0)
		b.append(p, 1, 10)
		w := NewWaiter()
		p.Watch(w)
		b.apply(&msg.RemoveTopicRecord{TopicId: topicID("a")})
		select {
		case <-w.C():
		default:
			t.Error("who waits for the partition was not woken")
		}
		p.Unwatch(w)
		if _, ok := b.set.Partition(p.Name()); ok {
			t.Error("the partition is still found")
		}
		if _, err := p.Append(time.Now(), records(1, 1), 1, storage.AppendOptions{}); kafka.CodeOf(err) != kafka.ErrUnknownTopicOrPartition {
			t.Errorf("append to a deleted partition: %v", err)
		}
		names := b.dirsOf("/d0")
		if len(names) != 1 || !strings.HasSuffix(names[0], "-delete") {
			t.Fatalf("after the deletion: %v", names)
		}
		b.apply(newTopic("a", 1)...) // the name is free at once
		b.append(b.partition("a", 0), 1, 10)
		time.Sleep(6 * time.Second)
		if names := b.dirsOf("/d0"); !slices.Equal(names, []string{"a-0"}) {
			t.Errorf("after the delay: %v", names)
		}
	})
}

func TestRestartKeepsWhatWasThere(t *testing.T) {
	for _, how := range []string{"clean", "crash"} {
		t.Run(how, func(t *testing.T) {
			bubble(t, nil, 2, func(t *testing.T, b *broker) {
				b.apply(newTopic("a", 4)...)
				for n := range int32(4) {
					b.append(b.partition("a", n), int(n)+1, 100)
				}
				if _, err := b.partition("a", 3).DeleteRecords(2); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * time.Minute) // checkpoints
				if how == "clean" {
					b.close()
				} else {
					b.crash()
				}
				b.open()
				for n := range int32(4) {
					p := b.partition("a", n)
					if got := p.LogEndOffset(); got != kafka.Offset(n)+1 {
						t.Errorf("a-%d ends at %d", n, got)
					}
					if got := p.HighWatermark(); got != kafka.Offset(n)+1 {
						t.Errorf("a-%d has the high watermark %d", n, got)
					}
				}
				if got := b.partition("a", 3).LogStartOffset(); got != 2 {
					t.Errorf("a-3 begins at %d, not where records were deleted to", got)
				}
				if one, two := len(b.dirsOf("/d0")), len(b.dirsOf("/d1")); one != 2 || two != 2 {
					t.Errorf("4 partitions lie in two directories as %d and %d", one, two)
				}
			})
		})
	}
}

func TestDirectoryWithoutMetadataIsKeptAside(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		b.apply(newTopic("a", 1)...)
		b.append(b.partition("a", 0), 5, 100)
		b.close()
		b.img = metadata.Empty() // the metadata is lost
		b.open()
		names := b.dirsOf("/d0")
		if len(names) != 1 || !strings.HasPrefix(names[0], "a-0.") || !strings.HasSuffix(names[0], "-stray") {
			t.Fatalf("the directory without metadata: %v", names)
		}
		if !strings.Contains(b.log.String(), "not in the metadata") {
			t.Error("nobody was told")
		}
		b.apply(newTopic("a", 1)...) // the name can be used
		b.append(b.partition("a", 0), 1, 1)
		b.close()
		b.open()
		if names := b.dirsOf("/d0"); len(names) != 2 {
			t.Errorf("after another start: %v", names)
		}
	})
}

func TestTopicMadeAgainWhileAwayDoesNotTakeOverTheOldLog(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		b.apply(newTopic("a", 1)...)
		b.append(b.partition("a", 0), 5, 100)
		b.close()
		again := newTopic("a", 1)
		again[0].(*msg.TopicRecord).TopicId = topicID("other")
		again[1].(*msg.PartitionRecord).TopicId = topicID("other")
		b.img = metadata.Empty()
		b.img, _, _ = b.img.Apply(0, 1, []metadata.Record{{Message: again[0]}, {Message: again[1]}})
		b.open()
		if end := b.partition("a", 0).LogEndOffset(); end != 0 {
			t.Errorf("the new topic begins with %d records of the old", end)
		}
		synctest.Wait() // new directories are made in the background
		if names := b.dirsOf("/d0"); len(names) != 2 {
			t.Errorf("the old log: %v", names)
		}
	})
}

func TestConfigurationTakesEffectAtOnce(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		b.apply(newTopic("a", 1)...)
		p := b.partition("a", 0)
		b.append(p, 1, 2000)
		b.apply(setConfig("a", "max.message.bytes", "1000"))
		if _, err := p.Append(time.Now(), records(1, 2000), 1, storage.AppendOptions{}); kafka.CodeOf(err) != kafka.ErrMessageTooLarge {
			t.Errorf("append beyond max.message.bytes: %v", err)
		}
		// The broker's own default, for topics that do not set the key.
		cfg, _ := b.cfg.Load().WithDynamic(map[string]string{"log.message.timestamp.type": "LogAppendTime"}, nil)
		b.cfg.Store(cfg)
		b.apply(&msg.ConfigRecord{ResourceType: int8(config.ResourceBroker), Name: "log.message.timestamp.type", Value: new(string)})
		done, err := p.Append(time.Now(), records(1, 1), 1, storage.AppendOptions{})
		if err != nil || done.LogAppendTime < 0 {
			t.Errorf("append under a changed default: %+v, %v", done, err)
		}
	})
}

func TestRetentionDeletesOldSegmentsAndFlushMovesTheRecoveryPoint(t *testing.T) {
	bubble(t, []string{"log.retention.check.interval.ms=1000", "log.initial.task.delay.ms=0"}, 1, func(t *testing.T, b *broker) {
		b.apply(newTopic("a", 1)...)
		b.apply(setConfig("a", "segment.bytes", "1048576"), setConfig("a", "retention.ms", "60000"))
		p := b.partition("a", 0)
		for range 40 {
			b.append(p, 1, 100_000)
		}
		time.Sleep(30 * time.Second)
		if got := p.Log().Segments(); got < 3 {
			t.Fatalf("%d segments", got)
		}
		if got := p.Log().RecoveryPoint(); got == 0 {
			t.Error("completed segments were not flushed")
		}
		time.Sleep(3 * time.Minute)
		if got := p.LogStartOffset(); got == 0 {
			t.Error("no record was deleted after retention.ms")
		}
		if got := p.Log().Size(); got > 1<<20 {
			t.Errorf("%d bytes are left", got)
		}
	})
}

// TestFlushMsFlushesByTime: without the rounds that advance the recovery points.
func TestFlushMsFlushesByTime(t *testing.T) {
	for _, prop := range []string{"log.flush.interval.ms=5000", "gregor.log.durability=page-cache"} {
		props := []string{"log.flush.scheduler.interval.ms=1000", "log.initial.task.delay.ms=0", "gregor.log.durability=page-cache", prop}
		bubble(t, props, 1, func(t *testing.T, b *broker) {
			b.close()
			b.restless = true
			b.open()
			b.apply(newTopic("a", 1)...)
			if !strings.HasPrefix(prop, "log.flush") {
				b.apply(setConfig("a", "flush.ms", "5000"))
			}
			p := b.partition("a", 0)
			b.append(p, 1, 100)
			time.Sleep(4 * time.Second)
			if got := p.Log().RecoveryPoint(); got != 0 {
				t.Errorf("%s: flushed up to %d before the time was over", prop, got)
			}
			time.Sleep(3 * time.Second)
			if got := p.Log().RecoveryPoint(); got != 1 {
				t.Errorf("%s: the time is over, and the recovery point is %d", prop, got)
			}
		})
	}
}

// What nobody asked for is flushed every few seconds, for a start after a crash
// to have little to read; flush.ms may ask for it sooner.
func TestRecoveryPointsAdvanceByTime(t *testing.T) {
	props := []string{"log.flush.scheduler.interval.ms=100", "log.initial.task.delay.ms=0", "gregor.log.durability=page-cache"}
	bubble(t, props, 1, func(t *testing.T, b *broker) {
		b.apply(newTopic("a", 1)...)
		b.apply(newTopic("b", 1)...)
		b.apply(setConfig("a", "flush.ms", "9223372036854775807"), setConfig("b", "flush.ms", "1000"))
		never, soon := b.partition("a", 0), b.partition("b", 0)
		b.append(never, 1, 100)
		for range 60 { // until a round is just over
			if time.Sleep(100 * time.Millisecond); never.Log().RecoveryPoint() > 0 {
				break
			}
		}
		b.append(never, 1, 100)
		b.append(soon, 1, 100)
		time.Sleep(500 * time.Millisecond)
		if got := soon.Log().RecoveryPoint(); got != 0 {
			t.Errorf("flushed up to %d before flush.ms was over", got)
		}
		time.Sleep(time.Second)
		if got := soon.Log().RecoveryPoint(); got != 1 {
			t.Errorf("flush.ms is over, and the recovery point is %d", got)
		}
		if got := never.Log().RecoveryPoint(); got != 1 {
			t.Errorf("flushed up to %d, which nobody asked for", got)
		}
		time.Sleep(settleEvery)
		if got := b.checkpointed(logdir.RecoveryPointFile); got != 2 {
			t.Errorf("the recovery point that a start finds is %d", got)
		}
	})
}

func TestAcknowledgementsWaitForTheInSyncSet(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		list := newTopic("a", 1)
		p1 := list[1].(*msg.PartitionRecord)
		p1.Replicas, p1.Isr = []int32{1, 2}, []int32{1, 2}
		b.apply(list...)
		p := b.partition("a", 0)
		done := b.append(p, 1, 1)
		if done.Acked || p.HighWatermark() != 0 {
			t.Fatalf("acknowledged without the follower: %+v", done)
		}
		got := make(chan error, 1)
		if ready, _ := p.AwaitAck(-1, 1, func(err error) { got <- err }); ready {
			t.Fatal("ready without the follower")
		}
		// The follower leaves the set: what is left has everything.
		change := msg.NewPartitionChangeRecord()
		change.PartitionId = 0
		change.TopicId, change.Isr = topicID("a"), []int32{1}
		b.apply(change)
		if err := <-got; err != nil {
			t.Errorf("acknowledged with %v", err)
		}
		if p.HighWatermark() != 1 {
			t.Errorf("high watermark %d", p.HighWatermark())
		}
		b.apply(setConfig("a", "min.insync.replicas", "2"))
		if _, err := p.Append(time.Now(), records(1, 1), -1, storage.AppendOptions{}); kafka.CodeOf(err) != kafka.ErrNotEnoughReplicas {
			t.Errorf("append below min.insync.replicas: %v", err)
		}
		if _, err := p.Append(time.Now(), records(1, 1), 1, storage.AppendOptions{}); err != nil {
			t.Errorf("acks=1 does not ask for replicas: %v", err)
		}
		// Losing the leadership ends the wait.
		change = msg.NewPartitionChangeRecord()
		change.PartitionId = 0
		change.TopicId, change.Isr = topicID("a"), []int32{1, 2}
		b.apply(change)
		b.append(p, 1, 1)
		if ready, _ := p.AwaitAck(-1, 3, func(err error) { got <- err }); ready {
			t.Fatal("ready without the follower")
		}
		change = msg.NewPartitionChangeRecord()
		change.PartitionId = 0
		change.TopicId, change.Leader = topicID("a"), 2
		b.apply(change)
		if err := <-got; kafka.CodeOf(err) != kafka.ErrNotLeaderOrFollower {
			t.Errorf("after the leadership was lost: %v", err)
		}
	})
}
