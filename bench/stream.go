package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

// timed gives MB/s, broker CPU-seconds a GB and the memory after of work,
// which returns the bytes of values that it moved, and how long that took
// where it knows better than a clock around it.
func timed(b *harness.Broker, work func() (int64, time.Duration, error)) ([]float64, error) {
	pid := b.Process().PID()
	before, err := cpuSeconds(pid)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	total, took, err := work()
	if err != nil {
		return nil, err
	}
	if took == 0 {
		took = time.Since(began)
	}
	after, err := cpuSeconds(pid)
	if err != nil {
		return nil, err
	}
	mb, err := residentMB(pid)
	return []float64{float64(total) / 1e6 / took.Seconds(), (after - before) / (float64(total) / 1e9), mb}, err
}

// produceFranz writes total bytes in records of size bytes, in uncompressed
// batches of up to batchBytes, idempotent and with acks=all, as the client
// does by default.
func produceFranz(ctx context.Context, addr, topic string, size int, batchBytes int32, total int64) (int64, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic(topic),
		kgo.ProducerBatchMaxBytes(batchBytes), kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.ProducerLinger(5*time.Millisecond), kgo.MaxBufferedRecords(1<<20), kgo.MaxBufferedBytes(32<<20))
	if err != nil {
		return 0, err
	}
	defer client.Close()
	value := make([]byte, size)
	for i := range value {
		value[i] = byte(i * 131)
	}
	var failed atomic.Pointer[error]
	pool := sync.Pool{New: func() any { return new(kgo.Record) }}
	promise := func(r *kgo.Record, err error) {
		if err != nil {
			failed.CompareAndSwap(nil, &err)
			return
		}
		*r = kgo.Record{}
		pool.Put(r)
	}
	n := total / int64(size)
	for range n {
		r := pool.Get().(*kgo.Record)
		r.Value = value
		client.Produce(ctx, r, promise)
	}
	if err := client.Flush(ctx); err != nil {
		return 0, err
	}
	if err := failed.Load(); err != nil {
		return 0, fmt.Errorf("produce: %w", *err)
	}
	return n * int64(size), nil
}

// consumeFranz reads total bytes of values from the start of a topic.
func consumeFranz(ctx context.Context, addr, topic string, total int64) (int64, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return 0, err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	var got int64
	for got < total {
		fetches := client.PollFetches(ctx)
		if err := errors.Join(ctx.Err(), fetches.Err()); err != nil {
			return got, fmt.Errorf("read %d of %d bytes: %w", got, total, err)
		}
		fetches.EachRecord(func(r *kgo.Record) { got += int64(len(r.Value)) })
	}
	return got, nil
}
