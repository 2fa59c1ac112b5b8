package perf

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/pace"
)

// producerRun is one run of producer-perf-test.
type producerRun struct {
	env         *command.Env
	json        bool
	topic       string
	numRecords  int64
	warmup      int64
	throughput  float64 // records a second; below 0 no limit
	interval    time.Duration
	metrics     bool
	transaction time.Duration // its length; 0 is none
	payloads    payloads
	properties  client.Properties

	producer *client.Producer
	gauge    *gauge
	open     transaction
	stats    *stats
	steady   *stats // nil while it warms up, and where it does not
	free     sync.Pool
	failed   atomic.Int64
	failure  atomic.Pointer[error] // the first
	handed   int64                 // records given to the client
}

// flight is a record on its way. It is used again when it has arrived, since
// a load of millions would be a load on memory as well.
type flight struct {
	run    *producerRun
	record kgo.Record
	value  []byte // a buffer for random values
	begun  time.Time
	stats  *stats
	steady *stats
	done   func(*kgo.Record, error) // landed, made once
}

func (f *flight) landed(_ *kgo.Record, err error) {
	if err != nil {
		f.run.fail(err)
	} else {
		now := time.Now()
		latency, bytes := now.Sub(f.begun), len(f.record.Value)
		f.stats.record(latency, bytes, now)
		if f.steady != nil {
			f.steady.record(latency, bytes, now)
		}
	}
	f.run.free.Put(f)
}

func (r *producerRun) fail(err error) {
	r.failed.Add(1)
	r.failure.CompareAndSwap(nil, &err)
}

func (r *producerRun) newFlight() *flight {
	if f, ok := r.free.Get().(*flight); ok {
		f.record = kgo.Record{}
		return f
	}
	f := &flight{run: r, value: make([]byte, r.payloads.size)}
	f.done = f.landed
	return f
}

// do runs it and prints what came of it.
func (r *producerRun) do(ctx context.Context) error {
	var hooks []kgo.Opt
	if r.metrics {
		r.gauge = newGauge(time.Now())
		hooks = append(hooks, kgo.WithHooks(r.gauge))
	}
	var err error
	if r.producer, err = client.OpenProducer(ctx, r.env, r.properties, r.payloads.largest(), hooks...); err != nil {
		return err
	}
	defer r.producer.Close()
	if r.transaction > 0 { // now, so that a cluster that has none says so at once
		if _, _, err := r.producer.ProducerID(ctx); err != nil {
			return command.Failf("transactional.id %s: %w", r.properties["transactional.id"], err)
		}
	}
	if r.warmup > 0 && !r.json {
		r.env.Printf("Warmup first %d records. Steady state results will print after the complete test summary.\n", r.warmup)
	}
	r.stats = newStats(r.env, r.json, r.numRecords, r.interval, false, time.Now())
	p := pace.New(r.throughput, time.Now()) // the wait for the topic is caught up, as in Kafka's command
	if err := r.producer.AwaitTopic(ctx, r.topic); err != nil && ctx.Err() == nil {
		return r.noTopic(err)
	}
	err = r.load(ctx, p)
	if err == nil {
		err = r.producer.Flush(ctx)
	}
	return r.finish(ctx, err)
}

// load sends all records, or those until ctx ends.
func (r *producerRun) load(ctx context.Context, p *pace.Pace) error {
	t := &r.open
	t.run = r
	for i := range r.numRecords {
		f := r.newFlight()
		f.record.Topic = r.topic
		f.record.Value = r.payloads.value(i, f.value)
		if err := t.before(ctx); err != nil {
			return err
		}
		f.record.Key = r.payloads.key(i)
		f.begun = time.Now()
		begun := f.begun
		if r.warmup > 0 && i == r.warmup {
			r.steady = newStats(r.env, r.json, r.numRecords-r.warmup, r.interval, true, begun)
			r.stats.suppress()
		}
		f.stats, f.steady = r.stats, r.steady
		r.producer.Produce(ctx, &f.record, f.done)
		r.handed++
		if err := t.after(ctx, begun); err != nil {
			return err
		}
		if err := pauseFor(ctx, p.After(i, begun)); err != nil {
			return err
		}
	}
	return t.end(ctx)
}

// pauseFor waits, and says where ctx has ended.
func pauseFor(ctx context.Context, pause time.Duration) error {
	if pause <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// transaction is the one that is open, where the run is transactional.
type transaction struct {
	run   *producerRun
	size  int64 // records in it; 0 is none open
	begun time.Time
}

func (t *transaction) before(context.Context) error {
	if t.run.transaction == 0 || t.size > 0 {
		return nil
	}
	t.begun = time.Now()
	return t.run.producer.BeginTransaction()
}

func (t *transaction) after(ctx context.Context, sent time.Time) error {
	if t.run.transaction == 0 {
		return nil
	}
	t.size++
	if sent.Sub(t.begun) < t.run.transaction.Truncate(time.Millisecond) {
		return nil
	}
	return t.end(ctx)
}

// end commits the open transaction.
func (t *transaction) end(ctx context.Context) error {
	if t.size == 0 {
		return nil
	}
	if err := t.run.producer.Flush(ctx); err != nil {
		return err
	}
	if t.run.failed.Load() > 0 {
		return fmt.Errorf("the transaction of %d records cannot be committed", t.size)
	}
	if err := t.run.producer.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return fmt.Errorf("commit the transaction of %d records: %w", t.size, err)
	}
	t.size = 0
	return nil
}

// noTopic is the end of a run whose topic is not there. A name that no topic
// can have fails each record, and Kafka's command ends well all the same.
func (r *producerRun) noTopic(err error) error {
	r.stats.printTotal(time.Now())
	if strings.HasPrefix(err.Error(), "Invalid topics") {
		r.env.Warnf("nothing was written: %v", err)
		return nil
	}
	servers := r.properties.Servers()
	if strings.Contains(err.Error(), "not present in metadata") {
		return command.Failf("nothing was written: %w (make it: gregor topics --create --topic %s --bootstrap-server %s)", err, r.topic, servers)
	}
	return client.Explain(fmt.Errorf("nothing was written: %w", err), servers)
}

// finish waits for what is on its way and prints the summary. cause is why the
// run ended before its time, if it did.
func (r *producerRun) finish(ctx context.Context, cause error) error {
	ended := ctx.Err() != nil
	if ended || cause != nil {
		r.abandon(ctx)
	}
	r.stats.printTotal(time.Now())
	if r.steady != nil {
		r.steady.printTotal(time.Now())
	}
	if r.gauge != nil {
		r.gauge.print(r.env, r.json, r.producerMetrics())
	}
	acked := r.acknowledged()
	switch {
	case ended:
		interrupted(r.env, "%d of %d records were written and acknowledged", acked, r.numRecords)
		return command.Fail(ctx.Err())
	case cause != nil:
		if first := r.firstFailure(); first != nil {
			cause = fmt.Errorf("%w: %w", cause, first)
		}
		return command.Failf("%d of %d records were written: %w", acked, r.numRecords, cause)
	case r.failed.Load() > 0:
		r.env.Warnf("%d of %d records were not written; the first: %v", r.failed.Load(), r.numRecords, r.firstFailure())
	}
	return nil
}

// abandon drops what is not on its way yet, waits a moment for the rest, and
// ends an open transaction, so that nothing of it is ever read.
func (r *producerRun) abandon(ctx context.Context) {
	rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if r.transaction > 0 {
		_ = r.producer.AbortBufferedRecords(rest)
		if err := r.producer.EndTransaction(rest, kgo.TryAbort); err != nil {
			r.env.Warnf("the open transaction could not be aborted: %v; the broker does it after transaction.timeout.ms", err)
		} else if r.open.size > 0 {
			r.env.Warnf("the open transaction of %d records was aborted: nobody reads them", r.open.size)
		}
		return
	}
	_ = r.producer.Flush(rest) // what is not answered by then is not counted
}

func (r *producerRun) firstFailure() error {
	if err := r.failure.Load(); err != nil {
		return *err
	}
	return nil
}

func (r *producerRun) acknowledged() int64 {
	r.stats.mu.Lock()
	defer r.stats.mu.Unlock()
	return r.stats.all.count
}
