package partition

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/replica"
	"github.com/gregor-stream/gregor/internal/storage"
)

// Dir names a log directory. It is formatted and locked by the caller.
type Dir struct {
	Path string
	ID   kafka.UUID // directory.id of its meta.properties
}

// Config is what a Set is made of.
type Config struct {
	Host   *storage.Host
	NodeID kafka.NodeID
	Dirs   []Dir
	// Broker is the broker's configuration now.
	Broker func() *config.Broker
	Log    *slog.Logger
	// Rand is the source of ids: crypto/rand.Reader.
	Rand io.Reader
	// Flushed, if set, is told how long each flush of a log took.
	Flushed func(took time.Duration)
	// Leads, if set, is told when this broker begins to lead a partition in an
	// epoch, or ceases to. It must not block, and is safe for concurrent use.
	Leads func(tp kafka.TopicPartition, epoch kafka.LeaderEpoch, leads bool)
}

// Set is the partitions of one broker.
type Set struct {
	cfg      Config
	dirs     []*logDir
	settings replica.Settings
	image    atomic.Pointer[metadata.Image]

	// publishing orders Load, Publish and Close; what they change is visible
	// through mu.
	publishing sync.Mutex
	loaded     bool
	closed     bool

	mu     sync.RWMutex
	byName map[string]*topic
	byID   map[kafka.TopicID]*topic
	gone   Counts // of topics that were deleted

	chores chores

	// nothing is read for partitions whose own log is not made yet.
	nothing *storage.Log
}

// topic is a topic of which this broker has replicas.
type topic struct {
	name string
	id   kafka.TopicID
	// config is shared by the topic's logs, and replaced as a whole.
	config     atomic.Pointer[storage.Config]
	minISR     atomic.Int64
	durability atomic.Uint32 // a replica.Durability
	// gone is what happened to partitions that moved away. Guarded by Set.mu.
	gone Counts
	// partitions is indexed by number; nil where this broker has no replica.
	// It is replaced, never changed in place, once the topic can be found.
	partitions []*Partition
}

// New makes a Set that is empty until [Set.Load].
func New(cfg Config) *Set {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Set{cfg: cfg, byName: make(map[string]*topic), byID: make(map[kafka.TopicID]*topic)}
	s.settings = replica.Settings{Local: cfg.NodeID, LagMax: time.Duration(cfg.Broker().ReplicaLagTimeMaxMs) * time.Millisecond}
	s.image.Store(metadata.Empty())
	for _, d := range cfg.Dirs {
		s.dirs = append(s.dirs, &logDir{Dir: d, committer: committer{set: s}})
	}
	s.chores.init()
	s.nothing = storage.Nothing(cfg.Host)
	return s
}

// Partition finds a partition by name.
func (s *Set) Partition(tp kafka.TopicPartition) (*Partition, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byName[tp.Topic].partition(tp.Partition)
}

// PartitionByID finds a partition by the topic's id.
func (s *Set) PartitionByID(id kafka.TopicID, partition int32) (*Partition, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byID[id].partition(partition)
}

func (t *topic) partition(n int32) (*Partition, bool) {
	if t == nil || n < 0 || int(n) >= len(t.partitions) || t.partitions[n] == nil {
		return nil, false
	}
	return t.partitions[n], true
}

// all lists the partitions, in no order that means anything.
func (s *Set) all() []*Partition {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list []*Partition
	for _, t := range s.byName {
		for _, p := range t.partitions {
			if p != nil {
				list = append(list, p)
			}
		}
	}
	return list
}

// brokers shows the newest image to package replica.
func (s *Set) brokers() replica.Brokers { return brokers{s.image.Load()} }

type brokers struct{ *metadata.Image }

// Broker looks a broker up.
func (b brokers) Broker(id kafka.NodeID) (replica.Broker, bool) {
	found, ok := b.Cluster.Broker(id)
	if !ok {
		return replica.Broker{}, false
	}
	return replica.Broker{Epoch: found.Epoch, Fenced: found.Fenced, ShuttingDown: found.InControlledShutdown}, true
}

// Close writes everything that is in memory, and closes the logs. brokerEpoch
// goes into the mark of a clean shutdown, which is written only where every
// log was closed without an error.
func (s *Set) Close(brokerEpoch int64) error {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if !s.loaded {
		return nil
	}
	now := time.Now()
	all := s.all()
	for _, p := range all {
		r := *p.role.Load()
		r.leads, r.leader = false, kafka.NoNode
		p.become(&r)
		p.settle()
	}
	for _, d := range s.dirs {
		d.committer.close()
	}
	problems := make([]error, len(s.dirs))
	var failed atomic.Bool
	s.parallel(all, func(p *Partition) {
		log := p.made.Load()
		if log == nil {
			if p.role.Load().offline != nil {
				failed.Store(true) // the next start has to look at it anew
			}
			return
		}
		if err := log.Close(now); err != nil {
			failed.Store(true)
			s.cfg.Log.Error("a log could not be closed", "partition", p.tp, "error", err)
		}
	})
	for i, d := range s.dirs {
		d.dirty()
		problems[i] = s.checkpoint(d, all)
		if problems[i] == nil && !failed.Load() {
			problems[i] = d.writeClean(s.cfg.Host.FS(), brokerEpoch)
		}
	}
	for _, err := range problems {
		if err != nil {
			return fmt.Errorf("close the log directories: %w", err)
		}
	}
	return nil
}

// Abandon closes the files and writes nothing, as a crash would.
func (s *Set) Abandon() {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	s.closed = true
	for _, d := range s.dirs {
		d.committer.close()
	}
	for _, p := range s.all() {
		if log := p.made.Load(); log != nil {
			log.Abandon()
		}
	}
}

// parallel runs f for every partition on a few goroutines, and waits.
func (s *Set) parallel(all []*Partition, f func(*Partition)) {
	const workersMax = 16
	workers := min(len(all), workersMax, len(s.dirs)*max(s.cfg.Broker().RecoveryThreadsPerDataDir, 1))
	if workers <= 1 {
		for _, p := range all {
			f(p)
		}
		return
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(all); i = next.Add(1) - 1 {
				f(all[i])
			}
		})
	}
	wait.Wait()
}

// Run does the housekeeping of all partitions until ctx ends.
func (s *Set) Run(ctx context.Context) error { return s.housekeeping(ctx) }
