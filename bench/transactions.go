package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

// transacting is how long transactions are counted.
const transacting = 5 * time.Second

// transactions is one producer that does transactions of ten 1 KB records one
// after another: each waits for the end of the one before.
func transactions(ctx context.Context, s side) (_ []float64, err error) {
	b, err := s.start(harness.Options{Name: "bench", Properties: harness.Small()})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Remove()) }()
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.TransactionalID("bench"), kgo.DefaultProduceTopic("bench"))
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	if _, err := kadm.NewClient(cl).CreateTopic(ctx, 1, 1, nil, "bench"); err != nil {
		return nil, err
	}
	for range 50 { // warm
		if _, err := transact(ctx, cl); err != nil {
			return nil, err
		}
	}
	var whole, end []float64
	for start := time.Now(); time.Since(start) < transacting; {
		began := time.Now()
		ended, err := transact(ctx, cl)
		if err != nil {
			return nil, err
		}
		whole, end = append(whole, ms(time.Since(began))), append(end, ms(ended))
	}
	slices.Sort(whole)
	slices.Sort(end)
	return []float64{float64(len(whole)) / transacting.Seconds(), whole[len(whole)/2], end[len(end)/2]}, nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// transact does one transaction, and says how long its end took.
func transact(ctx context.Context, cl *kgo.Client) (time.Duration, error) {
	if err := cl.BeginTransaction(); err != nil {
		return 0, err
	}
	var failed error
	for range 10 {
		cl.Produce(ctx, &kgo.Record{Value: make([]byte, 1024)}, func(_ *kgo.Record, err error) { failed = errors.Join(failed, err) })
	}
	if err := errors.Join(cl.Flush(ctx), failed); err != nil {
		return 0, err
	}
	began := time.Now()
	err := cl.EndTransaction(ctx, kgo.TryCommit)
	return time.Since(began), err
}
