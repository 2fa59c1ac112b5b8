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
	"github.com/gregor-stream/gregor/internal/storage/logdir"
)

// Dir names a log directory. It is formatted and locked by the caller.
type Dir struct {
	Path string
	ID   kafka.UUID // directory.id of its meta.properties; zero where it could not be read
	// Err says why the directory cannot be used; nil where it can.
	Err error
	// Space is what is known of its disk; nil: the set finds out.
	Space *logdir.Space
}

// Config is what a Set is made of.
type Config struct {
	Host   *storage.Host
	NodeID kafka.NodeID
	Dirs   []Dir
	// Metadata is the directory of the metadata log where that is none of Dirs:
	// its space is looked after with theirs. Without a path there is none.
	Metadata Dir
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
	// Assign, if set, is told in which directory a replica is, where the metadata
	// says otherwise or nothing (KIP-858). It must not block.
	Assign func(topic kafka.TopicID, partition int32, dir kafka.UUID)
	// Failed, if set, is told when a log directory fails. It must not block, nor
	// call the set: locks of it may be held.
	Failed func(dir Dir, err error)
	// Progress, if set, shows how far [Set.Load] is.
	Progress *Progress
}

// Set is the partitions of one broker.
type Set struct {
	cfg      Config
	dirs     []*logDir
	failures chan *logDir // fenced and not yet offline
	metadata *logDir      // nil where the metadata is in one of dirs
	settings replica.Settings
	image    atomic.Pointer[metadata.Image]

	// publishing orders Load, Publish and Close; what they change is visible
	// through mu.
	publishing sync.Mutex
	loaded     bool
	closed     bool
	removed    []*Partition // by the publication under way, for leave

	mu     sync.RWMutex
	byName map[string]*topic
	byID   map[kafka.TopicID]*topic
	gone   Counts // of topics that were deleted

	chores  chores
	cleaner cleaner
	late    late

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
	if cfg.Progress == nil {
		cfg.Progress = new(Progress)
	}
	s := &Set{cfg: cfg, byName: make(map[string]*topic), byID: make(map[kafka.TopicID]*topic)}
	s.settings = replica.Settings{Local: cfg.NodeID, LagMax: time.Duration(cfg.Broker().ReplicaLagTimeMaxMs) * time.Millisecond}
	s.image.Store(metadata.Empty())
	s.failures = make(chan *logDir, len(cfg.Dirs)+1)
	for _, d := range cfg.Dirs {
		s.dirs = append(s.dirs, s.newLogDir(d))
	}
	if cfg.Metadata.Path != "" {
		s.metadata = s.newLogDir(cfg.Metadata)
	}
	s.chores.init()
	s.cleaner.init()
	s.late.init()
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
	s.cleaner.close()
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
	unclean := make(map[*logDir]*atomic.Bool, len(s.dirs)) // the next start has to look at its logs anew
	for _, d := range s.dirs {
		unclean[d] = new(atomic.Bool)
		d.committer.close()
	}
	for _, d := range s.spaces() {
		d.Space.Prepare()
	}
	s.parallel(all, func(p *Partition) {
		log := p.made.Load()
		switch {
		case log == nil && p.role.Load().offline != nil:
			unclean[p.dir].Store(true)
		case log == nil:
		case p.dir.failed() != nil:
			log.Abandon()
		default:
			if err := log.Close(now); err != nil {
				unclean[p.dir].Store(true)
				s.cfg.Log.Error("a log could not be closed", "partition", p.tp, "error", err)
				s.failed(p.dir, "close", err)
			}
		}
	})
	s.parallel(all, func(p *Partition) {
		if p.dir.failed() == nil {
			s.memorize(p, time.Now().Add(time.Hour))
		}
	})
	var problem error
	for _, d := range s.dirs {
		defer d.committer.closeJournal()
		if d.failed() != nil {
			continue // nothing is written where nothing is known
		}
		d.dirty()
		s.told(s.writeMemos(d))
		err := s.checkpoint(d, all)
		if err == nil && !unclean[d].Load() {
			if err = d.spare(d.committer.removeJournal); err == nil {
				err = d.writeClean(brokerEpoch)
			}
		}
		if err != nil && problem == nil {
			problem = fmt.Errorf("close the log directories: %w", err)
		}
	}
	return problem
}

// Abandon closes the files and writes nothing, as a crash would.
func (s *Set) Abandon() {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	s.closed = true
	s.cleaner.close()
	for _, d := range s.dirs {
		d.committer.close()
		d.committer.closeJournal()
	}
	for _, p := range s.all() {
		if log := p.made.Load(); log != nil {
			log.Abandon()
		}
	}
}

// parallel runs f for every partition on a few goroutines, and waits.
func (s *Set) parallel(all []*Partition, f func(*Partition)) {
	s.spread(len(all), func(i int) { f(all[i]) })
}

// spread runs f for the numbers below n on a few goroutines, and waits.
func (s *Set) spread(n int, f func(i int)) {
	const workersMax = 16
	workers := min(n, workersMax, len(s.dirs)*max(s.cfg.Broker().RecoveryThreadsPerDataDir, 1))
	if workers <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for i := int(next.Add(1) - 1); i < n; i = int(next.Add(1) - 1) {
				f(i)
			}
		})
	}
	wait.Wait()
}

// Run does the housekeeping of all partitions until ctx ends.
func (s *Set) Run(ctx context.Context) error { return s.housekeeping(ctx) }
