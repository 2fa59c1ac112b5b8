package crash

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/partition"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

const (
	self    = 1
	dataDir = "/d"
)

// world is a broker's partitions, the disk under them, and what their clients
// were told. It runs in a synctest bubble.
type world struct {
	seed   uint64
	chance *rand.Rand // of the script
	images *images
	lie    *bug
	cfg    *config.Broker
	fs     *vfs.Mem
	set    *partition.Set
	stop   func()
	codecs *compress.Pool

	// mu guards what the disk's points look at.
	mu     sync.Mutex
	img    *metadata.Image
	parts  map[kafka.TopicPartition]*part
	topics int // made so far, for their ids
	step   string
	points int
	err    error // what was found wrong first
}

// errorsOf collects what a broker complains of.
type errorsOf struct {
	slog.Handler
	mu   sync.Mutex
	list []string
}

func newErrors() *errorsOf {
	e := &errorsOf{}
	e.Handler = slog.NewTextHandler(e, &slog.HandlerOptions{Level: slog.LevelError})
	return e
}

// Write keeps a line.
func (e *errorsOf) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, strings.TrimSpace(string(p)))
	return len(p), nil
}

func (e *errorsOf) err() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.list) == 0 {
		return nil
	}
	return errors.New("the broker complains: " + e.list[0])
}

func brokerConfig() *config.Broker {
	all := config.Quickstart(dataDir)
	for _, p := range []string{
		"num.recovery.threads.per.data.dir=1", "log.retention.check.interval.ms=20000", "log.initial.task.delay.ms=500",
		"log.flush.scheduler.interval.ms=3000", "log.cleaner.backoff.ms=4000", "transaction.partition.verification.enable=false",
	} {
		o, err := config.ParseOverride(p)
		if err != nil {
			panic(err)
		}
		all = append(all, o)
	}
	cfg, _, err := config.Load(all)
	if err != nil {
		panic(err)
	}
	return cfg
}

func newWorld(seed uint64, im *images, lie *bug) *world {
	w := &world{
		seed: seed, chance: rand.New(rand.NewPCG(seed, 1)), images: im, lie: lie, cfg: brokerConfig(), fs: vfs.NewMem(time.Now),
		codecs: new(compress.Pool), img: metadata.Empty(), parts: map[kafka.TopicPartition]*part{}, step: "start",
	}
	// Without a sync journal, with one whose halves take turns all the time, and
	// with the usual one.
	w.cfg.JournalBytes = [...]int64{0, 64 << 10, 64 << 20}[seed%3]
	w.fail(w.fs.MkdirAll(dataDir))
	w.fail(w.fs.SyncDir("/"))
	if seed%2 == 1 {
		w.fs.ShowStale(func(name string) bool { return name != logdir.PartitionFile })
	}
	return w
}

// fail keeps the first thing that is wrong.
func (w *world) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("seed %d, %s: %w", w.seed, w.step, err)
	}
}

func (w *world) failed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err != nil
}

// newSet makes a broker's partitions over a disk, and loads them.
func newSet(cfg *config.Broker, disk vfs.FS, codecs *compress.Pool, img *metadata.Image, ids uint64) (*partition.Set, error) {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], ids)
	told := newErrors()
	set := partition.New(partition.Config{
		Host: storage.NewHost(disk, codecs), NodeID: self,
		Dirs:   []partition.Dir{{Path: dataDir, ID: kafka.UUID{0: 1, 15: 200}}},
		Broker: func() *config.Broker { return cfg }, Log: slog.New(told), Rand: rand.NewChaCha8(seed),
	})
	set.Publish(img, &metadata.Delta{})
	if err := set.Load(); err != nil {
		return nil, err
	}
	return set, told.err()
}

// open starts the broker on the disk.
func (w *world) open() {
	w.mu.Lock()
	img := w.img
	w.mu.Unlock()
	set, err := newSet(w.cfg, &watched{FS: w.fs, point: w.point, world: w, lie: w.lie}, w.codecs, img, w.chance.Uint64())
	w.fail(err)
	if err != nil {
		return
	}
	w.set = set
	w.stop = run(set)
	synctest.Wait()
}

// run does what a node's goroutines do for the partitions, until the result is
// called.
func run(set *partition.Set) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = set.Run(ctx) })
	running.Go(func() { _ = set.RunSettle(ctx) })
	running.Go(func() { _ = set.RunReopen(ctx) })
	running.Go(func() { _ = set.RunCleaner(ctx) })
	return func() { cancel(); running.Wait() }
}

// point is called at each change of the disk: the images of it are checked.
func (w *world) point(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.points++
	if w.err == nil {
		w.images.take(w, what)
	}
}

// apply publishes records of the metadata, which are on disk already.
func (w *world) apply(messages ...metadata.Message) {
	var records []metadata.Record
	for _, m := range messages {
		records = append(records, metadata.Record{Message: m})
	}
	w.mu.Lock()
	next, delta, err := w.img.Apply(w.img.Offset, 1, records)
	if err == nil {
		w.img = next
	}
	w.mu.Unlock()
	w.fail(err)
	if err == nil {
		w.set.Publish(next, delta)
	}
	synctest.Wait()
}

// topicKind is one kind of topic that the scripts use.
type topicKind struct {
	name       string
	partitions int32
	config     map[string]string
}

func kinds() []topicKind {
	return []topicKind{
		{"synced", 1, map[string]string{"internal.segment.bytes": "1100", "index.interval.bytes": "100", "file.delete.delay.ms": "10000"}},
		{"short", 2, map[string]string{
			"flush.messages": "1", "internal.segment.bytes": "1500", "index.interval.bytes": "0", "retention.bytes": "4000",
			"file.delete.delay.ms": "1000", "compression.type": "gzip",
		}},
		{"compact", 1, map[string]string{
			"cleanup.policy": "compact", "internal.segment.bytes": "1100", "index.interval.bytes": "100", "min.cleanable.dirty.ratio": "0.01",
			"file.delete.delay.ms": "3000",
		}},
		{"aged", 1, map[string]string{"gregor.durability": "page-cache", "flush.ms": "5000", "internal.segment.bytes": "3000", "index.interval.bytes": "300", "retention.ms": "120000"}},
	}
}

func (w *world) create(k topicKind) {
	w.mu.Lock()
	w.topics++
	id := kafka.UUID{0: byte(w.topics), 15: 255}
	list := []metadata.Message{&msg.TopicRecord{Name: k.name, TopicId: id}}
	for n := range k.partitions {
		p := msg.NewPartitionRecord()
		p.PartitionId, p.TopicId, p.Leader = n, id, self
		p.Replicas, p.Isr = []int32{self}, []int32{self}
		p.LeaderEpoch, p.PartitionEpoch = 0, 0
		list = append(list, p)
		tp := kafka.TopicPartition{Topic: k.name, Partition: n}
		w.parts[tp] = &part{tp: tp, id: id}
	}
	w.mu.Unlock()
	for key, value := range k.config {
		list = append(list, &msg.ConfigRecord{ResourceType: int8(config.ResourceTopic), ResourceName: k.name, Name: key, Value: &value})
	}
	w.apply(list...)
}

func (w *world) remove(topic string) {
	w.mu.Lock()
	var id kafka.UUID
	for tp, p := range w.parts {
		if tp.Topic == topic {
			id = p.id
			delete(w.parts, tp)
		}
	}
	w.mu.Unlock()
	w.apply(&msg.RemoveTopicRecord{TopicId: id})
}

// any chooses one of the partitions.
func (w *world) any() *part {
	var list []*part
	for _, p := range w.parts {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *part) int { return strings.Compare(a.tp.String(), b.tp.String()) })
	return list[w.chance.IntN(len(list))]
}

// of finds the broker's partition.
func (w *world) of(p *part) *partition.Partition {
	found, ok := w.set.Partition(p.tp)
	if !ok {
		panic("no partition " + p.tp.String())
	}
	return found
}

// halt ends the broker without a word.
func (w *world) halt() {
	w.stop()
	w.set.Abandon()
	synctest.Wait()
}
