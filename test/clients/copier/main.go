// Command copier copies a topic to another in transactions, exactly once, with
// franz-go: BOOTSTRAP ID GROUP IN OUT. It ends when it is ended. Kind: test
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	fmt.Fprintln(os.Stderr, run(context.Background(), os.Args[1:])) // it ends with an error, or by a signal
	os.Exit(1)
}

func run(ctx context.Context, args []string) error {
	s, err := kgo.NewGroupTransactSession(kgo.SeedBrokers(args[0]), kgo.TransactionalID(args[1]), kgo.ConsumerGroup(args[2]),
		kgo.ConsumeTopics(args[3]), kgo.DefaultProduceTopic(args[4]), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.SessionTimeout(6*time.Second), kgo.TransactionTimeout(10*time.Second))
	if err != nil {
		return err
	}
	for round := 0; ; round++ {
		fetches := s.PollRecords(ctx, 20)
		if fetches.NumRecords() == 0 {
			continue
		}
		if err := s.Begin(); err != nil {
			return err
		}
		fetches.EachRecord(func(r *kgo.Record) { s.Produce(ctx, kgo.SliceRecord(r.Value), nil) })
		if _, err := s.End(ctx, kgo.TransactionEndTry(round%5 != 4)); err != nil {
			return err
		}
	}
}
