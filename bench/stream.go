package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

const (
	recordBytes = 1000
	streamBytes = 2 << 30 // of records, in each measured run
	warmBytes   = 512 << 20
	batchBytes  = 1 << 20
	topic       = "stream"
)

// produce writes 1 KB records in batches of up to 1 MB, uncompressed, from
// one client to one partition per core.
func produce(ctx context.Context, s side) (_ []float64, err error) {
	b, err := s.start(harness.Options{Name: "bench", Properties: streamProperties()})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Remove()) }()
	if _, err := write(ctx, b, warmBytes); err != nil {
		return nil, err
	}
	return timed(b, streamBytes, true, func() (int64, error) { return write(ctx, b, streamBytes) })
}

// consume reads what was written before, once, from the page cache.
func consume(ctx context.Context, s side) (_ []float64, err error) {
	b, err := s.start(harness.Options{Name: "bench", Properties: streamProperties()})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Remove()) }()
	total, err := write(ctx, b, streamBytes)
	if err != nil {
		return nil, err
	}
	if _, err := read(ctx, b, total/4); err != nil {
		return nil, err
	}
	return timed(b, total, false, func() (int64, error) { return read(ctx, b, total) })
}

func streamProperties() map[string]string {
	return map[string]string{"num.partitions": "2", "message.max.bytes": "2097152"}
}

// timed gives MB/s and broker CPU-seconds a GB of work, and the memory after.
func timed(b *harness.Broker, total int64, memory bool, work func() (int64, error)) ([]float64, error) {
	pid := b.Process().PID()
	before, err := cpuSeconds(pid)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if total, err = work(); err != nil {
		return nil, err
	}
	took := time.Since(began).Seconds()
	after, err := cpuSeconds(pid)
	if err != nil {
		return nil, err
	}
	values := []float64{float64(total) / 1e6 / took, (after - before) / (float64(total) / 1e9)}
	if memory {
		mb, err := residentMB(pid)
		if err != nil {
			return nil, err
		}
		values = append(values, mb)
	}
	return values, nil
}

func write(ctx context.Context, b *harness.Broker, total int64) (int64, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.AllowAutoTopicCreation(),
		kgo.DefaultProduceTopic(topic), kgo.ProducerBatchMaxBytes(batchBytes),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.ProducerLinger(5*time.Millisecond),
		kgo.MaxBufferedRecords(20_000))
	if err != nil {
		return 0, err
	}
	defer client.Close()
	value := make([]byte, recordBytes)
	for i := range value {
		value[i] = byte(i * 131)
	}
	var failed atomic.Pointer[error]
	n := total / recordBytes
	for range n {
		client.Produce(ctx, &kgo.Record{Value: value}, func(_ *kgo.Record, err error) {
			if err != nil {
				failed.CompareAndSwap(nil, &err)
			}
		})
	}
	if err := client.Flush(ctx); err != nil {
		return 0, err
	}
	if err := failed.Load(); err != nil {
		return 0, fmt.Errorf("produce: %w", *err)
	}
	return n * recordBytes, nil
}

func read(ctx context.Context, b *harness.Broker, total int64) (int64, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxPartitionBytes(8<<20))
	if err != nil {
		return 0, err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
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
