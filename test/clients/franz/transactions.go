package main

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
)

// counted reads what counts of a topic with one partition.
func (s *script) counted(topic string, count int) ([]string, error) {
	cl := s.client(kgo.ConsumeTopics(s.Topic(topic)), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	defer cl.Close()
	var seen []string
	for len(seen) < count {
		fetches := cl.PollFetches(s.ctx)
		if err := s.ctx.Err(); err != nil {
			return nil, fmt.Errorf("%d of %d records: %w", len(seen), count, err)
		}
		fetches.EachRecord(func(r *kgo.Record) { seen = append(seen, fmt.Sprintf("%d %s", r.Offset, r.Value)) })
	}
	return seen, nil
}

// transactions commits one, aborts one and commits one, and is fenced.
func (s *script) transactions() (any, error) {
	if err := s.create(1, 1, s.Topic("txns")); err != nil {
		return nil, err
	}
	opts := []kgo.Opt{kgo.TransactionalID(s.Topic("txn")), kgo.DefaultProduceTopic(s.Topic("txns"))}
	cl := s.client(opts...)
	defer cl.Close()
	write := func(cl *kgo.Client, commit kgo.TransactionEndTry, values ...string) error {
		if err := cl.BeginTransaction(); err != nil {
			return err
		}
		for _, v := range values {
			if err := cl.ProduceSync(s.ctx, kgo.StringRecord(v)).FirstErr(); err != nil {
				return err
			}
		}
		return cl.EndTransaction(s.ctx, commit)
	}
	for _, values := range [][]string{{"a", "b", "c"}, nil, {"d"}} {
		how := kgo.TryCommit
		if values == nil {
			how, values = kgo.TryAbort, []string{"x", "y"}
		}
		if err := write(cl, how, values...); err != nil {
			return nil, err
		}
	}
	second := s.client(opts...)
	defer second.Close()
	if err := write(second, kgo.TryCommit, "e"); err != nil {
		return nil, err
	}
	late := write(cl, kgo.TryCommit, "late")
	seen, err := s.counted("txns", 5)
	return []any{seen, late != nil}, err
}

// exactlyOnce consumes, transforms and produces; every third transaction is
// aborted and done again.
func (s *script) exactlyOnce() (any, error) {
	const count = 60
	for _, topic := range []string{"etl-in", "etl-out"} {
		if err := s.create(1, 1, s.Topic(topic)); err != nil {
			return nil, err
		}
	}
	first := s.client(kgo.DefaultProduceTopic(s.Topic("etl-in")))
	defer first.Close()
	for i := range count {
		if err := first.ProduceSync(s.ctx, kgo.StringRecord(fmt.Sprint("v", i))).FirstErr(); err != nil {
			return nil, err
		}
	}
	session, err := kgo.NewGroupTransactSession(kgo.SeedBrokers(s.Bootstrap), kgo.TransactionalID(s.Topic("etl")), kgo.ConsumerGroup(s.Topic("etl")),
		kgo.ConsumeTopics(s.Topic("etl-in")), kgo.DefaultProduceTopic(s.Topic("etl-out")), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	if err != nil {
		return nil, err
	}
	defer session.Close()
	for done, round := 0, 0; done < count; round++ {
		fetches := session.PollRecords(s.ctx, 7)
		if err := s.ctx.Err(); err != nil {
			return nil, err
		}
		if err := session.Begin(); err != nil {
			return nil, err
		}
		fetches.EachRecord(func(r *kgo.Record) { session.Produce(s.ctx, kgo.SliceRecord(r.Value), nil) })
		committed, err := session.End(s.ctx, kgo.TransactionEndTry(round%3 != 2))
		if err != nil {
			return nil, err
		}
		if committed {
			done += fetches.NumRecords()
		}
	}
	seen, err := s.counted("etl-out", count)
	if err != nil {
		return nil, err
	}
	values := map[string]int{}
	for _, line := range seen {
		var offset int64
		var value string
		if _, err := fmt.Sscan(line, &offset, &value); err != nil {
			return nil, err
		}
		values[value]++
	}
	offsets, err := s.adm.FetchOffsets(s.ctx, s.Topic("etl"))
	at, _ := offsets.Lookup(s.Topic("etl-in"), 0)
	return []any{len(seen), len(values), at.At}, err
}
