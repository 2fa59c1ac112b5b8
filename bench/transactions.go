package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func transactionRows() []row {
	return []row{{
		name: "transactions", load: "one producer, transactions of ten 1 KB records, one after another (franz-go)",
		durability: asShipped, turn: 8 * time.Second, noFloor: true,
		figures: []figure{{name: "rate", unit: "1/s", more: true, mark: 10}, {name: "one of them, p50", unit: "ms", mark: 0.1}, {name: "its end, p50", unit: "ms"}},
		begin: func(ctx context.Context, _ *bench, s *side) error {
			_, err := s.topic(ctx)
			return err
		},
		run: func(ctx context.Context, b *bench, s *side) ([]float64, error) {
			return transactions(ctx, s, b.count(200))
		},
	}}
}

// transactions does n transactions one after another: each waits for the end of
// the one before.
func transactions(ctx context.Context, s *side, n int) ([]float64, error) {
	b, err := s.up()
	if err != nil {
		return nil, err
	}
	topic := fmt.Sprintf("stream-%d", s.topics)
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.TransactionalID("bench"), kgo.DefaultProduceTopic(topic), kgo.ProducerLinger(0))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	var whole, end []time.Duration
	var began time.Time
	for i := range n + n/5 {
		if i == n/5 { // the first are not counted
			whole, end, began = nil, nil, time.Now()
		}
		start := time.Now()
		took, err := transact(ctx, client)
		if err != nil {
			return nil, err
		}
		whole, end = append(whole, time.Since(start)), append(end, took)
	}
	rate := float64(n) / time.Since(began).Seconds()
	return []float64{rate, milliseconds(whole, 50)[0], milliseconds(end, 50)[0]}, nil
}

// transact does one transaction, and says how long its end took.
func transact(ctx context.Context, client *kgo.Client) (time.Duration, error) {
	if err := client.BeginTransaction(); err != nil {
		return 0, err
	}
	var failed error
	for range 10 {
		client.Produce(ctx, &kgo.Record{Value: make([]byte, 1024)}, func(_ *kgo.Record, err error) { failed = errors.Join(failed, err) })
	}
	if err := errors.Join(client.Flush(ctx), failed); err != nil {
		return 0, err
	}
	began := time.Now()
	err := client.EndTransaction(ctx, kgo.TryCommit)
	return time.Since(began), err
}
