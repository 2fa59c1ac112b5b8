package runtime

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Config is what a runtime is made of.
type Config[S coordinator.Shard] struct {
	Topic string // for logs
	Logs  Logs
	Make  ShardMaker[S]
	Pool  *compress.Pool // unpacks what was compressed, and compresses
	Codec compress.Codec // of the batches that are written
	// Unsequenced writes batches without a first sequence number, as Kafka's
	// transaction coordinator does; its others write 0.
	Unsequenced bool
	// LoadBytes is how much is read at once while loading, 5 MiB.
	LoadBytes int
	// WriteTimeout is how long a write waits for the high watermark, 5 s.
	WriteTimeout time.Duration
	// Deliver takes what shards send to others than who asks. It must not block.
	Deliver func(partition int32, epoch kafka.LeaderEpoch, message any)
	Log     *slog.Logger
}

const (
	// queueMax bounds the operations that wait for a shard; callers wait to
	// get in.
	queueMax = 256
	// loadsMax bounds the shards that load at the same time.
	loadsMax = 2
)

// Runtime drives the shards of one internal topic.
type Runtime[S coordinator.Shard] struct {
	config  Config[S]
	loads   chan struct{} // loadsMax tokens
	running sync.WaitGroup

	mu     sync.Mutex
	shards map[int32]*shard[S]
	closed atomic.Bool
}

// New makes a runtime that leads nothing yet.
func New[S coordinator.Shard](config Config[S]) *Runtime[S] {
	if config.LoadBytes <= 0 {
		config.LoadBytes = 5 << 20
	}
	if config.WriteTimeout <= 0 {
		config.WriteTimeout = 5 * time.Second
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	return &Runtime[S]{config: config, loads: make(chan struct{}, loadsMax), shards: map[int32]*shard[S]{}}
}

// Elected says that this node leads the partition in the epoch. A partition
// that has records is loaded in the background; an empty one costs nothing
// until it is used. It does not block.
func (r *Runtime[S]) Elected(partition int32, epoch kafka.LeaderEpoch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.shards[partition]
	if r.closed.Load() || old != nil && old.epoch >= epoch {
		return
	}
	s := newShard(r, partition, epoch)
	if old != nil {
		old.resign()
		s.after = old.done
	}
	r.shards[partition] = s
	if s.after != nil || !s.empty() {
		s.loading.Store(true)
		s.start()
	}
}

// Resigned says that this node does not lead the partition any more: who waits
// is answered NOT_COORDINATOR. It does not block.
func (r *Runtime[S]) Resigned(partition int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.shards[partition]; s != nil {
		s.resign()
		delete(r.shards, partition)
	}
}

// Close ends all shards and waits for them. Requests are refused from then on.
func (r *Runtime[S]) Close() {
	r.mu.Lock()
	r.closed.Store(true)
	for _, s := range r.shards {
		s.resign()
	}
	clear(r.shards)
	r.mu.Unlock()
	r.running.Wait()
}

// Leads says whether this node leads the partition in the epoch.
func (r *Runtime[S]) Leads(partition int32, epoch kafka.LeaderEpoch) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.shards[partition]
	return s != nil && s.epoch == epoch
}

// find is the shard of a partition, running.
func (r *Runtime[S]) find(partition int32) (*shard[S], error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.shards[partition]
	switch {
	case r.closed.Load():
		return nil, kafka.ErrCoordinatorNotAvailable
	case s == nil:
		return nil, kafka.ErrNotCoordinator
	case s.loading.Load():
		return nil, kafka.ErrCoordinatorLoadInProgress
	}
	s.start()
	return s, nil
}

// Write lets a shard decide, and waits until what it decided is committed. The
// response is the decision's.
func (r *Runtime[S]) Write(ctx context.Context, partition int32, decide Decision[S]) (any, error) {
	s, err := r.find(partition)
	if err != nil {
		return nil, err
	}
	return s.ask(ctx, operation[S]{decide: decide})
}

// WriteInTransaction is Write by a producer in its transaction: the records are
// a batch of its own, which the log may refuse.
func (r *Runtime[S]) WriteInTransaction(ctx context.Context, partition int32, producer *Producer, decide Decision[S]) (any, error) {
	s, err := r.find(partition)
	if err != nil {
		return nil, err
	}
	return s.ask(ctx, operation[S]{decide: decide, producer: producer})
}

// EndTransaction writes a marker, and lets the shard know.
func (r *Runtime[S]) EndTransaction(ctx context.Context, partition int32, marker *Marker) error {
	s, err := r.find(partition)
	if err != nil {
		return err
	}
	_, err = s.ask(ctx, operation[S]{marker: marker})
	return err
}

// Read lets a shard look something up. What was written before and waits for
// this node's disk is waited for, so that a read sees what it would see in Apache
// Kafka, which commits at once where one replica is in sync; for other replicas
// it does not wait.
func (r *Runtime[S]) Read(ctx context.Context, partition int32, decide Decision[S]) (any, error) {
	s, err := r.find(partition)
	if err != nil {
		return nil, err
	}
	return s.ask(ctx, operation[S]{decide: decide, read: true})
}

// used are the shards that hold something, in the order of their partitions;
// with an error where one is still loading.
func (r *Runtime[S]) used(waitForLoad bool) ([]*shard[S], error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed.Load() {
		return nil, kafka.ErrCoordinatorNotAvailable
	}
	var used []*shard[S]
	for _, s := range sorted(r.shards) {
		if s.loading.Load() && !waitForLoad {
			return nil, kafka.ErrCoordinatorLoadInProgress
		}
		if s.started {
			used = append(used, s)
		}
	}
	return used, nil
}

// ReadAll asks every shard that holds something; the responses are in the order
// of the partitions. Shards that are lost meanwhile are left out.
func (r *Runtime[S]) ReadAll(ctx context.Context, decide Decision[S]) ([]any, error) {
	shards, err := r.used(false)
	if err != nil {
		return nil, err
	}
	responses := make([]any, 0, len(shards))
	for _, s := range shards {
		response, err := s.ask(ctx, operation[S]{decide: decide, read: true})
		if kafka.CodeOf(err) == kafka.ErrNotCoordinator {
			continue
		}
		if err != nil {
			return nil, err
		}
		responses = append(responses, response)
	}
	return responses, nil
}

// WriteAll lets every shard decide, those that load when they have; it does not
// wait. Errors are logged.
func (r *Runtime[S]) WriteAll(what string, decide Decision[S]) {
	shards, err := r.used(true)
	if err != nil || len(shards) == 0 {
		return
	}
	r.running.Go(func() {
		for _, s := range shards {
			if _, err := s.ask(context.Background(), operation[S]{decide: decide}); err != nil {
				r.config.Log.Warn("a coordinator could not be told", "what", what,
					"topic", r.config.Topic, "partition", s.partition, "error", err)
			}
		}
	})
}
