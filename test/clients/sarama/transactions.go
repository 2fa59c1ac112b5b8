package main

import (
	"fmt"

	"github.com/IBM/sarama"

	"github.com/gregor-stream/gregor/test/clients/steps"
)

// transactional is a producer with a transactional id.
func (s *script) transactional(id string) (sarama.SyncProducer, error) {
	c := sarama.NewConfig()
	c.Version = sarama.V2_8_0_0
	c.Producer.Idempotent, c.Producer.RequiredAcks, c.Net.MaxOpenRequests = true, sarama.WaitForAll, 1
	c.Producer.Return.Successes, c.Producer.Partitioner = true, sarama.NewManualPartitioner
	c.Producer.Transaction.ID = s.Topic(id)
	return sarama.NewSyncProducer([]string{s.Bootstrap}, c)
}

// written reads what counts of a topic with one partition.
func (s *script) written(topic string, count int) ([]*sarama.ConsumerMessage, error) {
	c := sarama.NewConfig()
	c.Version, c.Consumer.IsolationLevel = sarama.V2_8_0_0, sarama.ReadCommitted
	consumer, err := sarama.NewConsumer([]string{s.Bootstrap}, c)
	if err != nil {
		return nil, err
	}
	defer func() { _ = consumer.Close() }()
	part, err := consumer.ConsumePartition(s.Topic(topic), 0, sarama.OffsetOldest)
	if err != nil {
		return nil, err
	}
	defer func() { _ = part.Close() }()
	var all []*sarama.ConsumerMessage
	err = steps.Until(fmt.Sprint(count, " records"), func() (bool, error) {
		select {
		case m := <-part.Messages():
			all = append(all, m)
		default:
		}
		return len(all) >= count, nil
	})
	return all, err
}

// transactions commits one, aborts one and commits one.
func (s *script) transactions() (any, error) {
	if err := s.create("txns", 1, 1); err != nil {
		return nil, err
	}
	p, err := s.transactional("txn")
	if err != nil {
		return nil, err
	}
	defer func() { _ = p.Close() }()
	for _, values := range []string{"abc", "-xy", "d"} {
		if err := p.BeginTxn(); err != nil {
			return nil, err
		}
		for _, v := range values {
			if v == '-' {
				continue
			}
			m := &sarama.ProducerMessage{Topic: s.Topic("txns"), Value: sarama.StringEncoder(string(v))}
			if _, _, err := p.SendMessage(m); err != nil {
				return nil, err
			}
		}
		end := p.CommitTxn
		if values[0] == '-' {
			end = p.AbortTxn
		}
		if err := end(); err != nil {
			return nil, err
		}
	}
	messages, err := s.written("txns", 4)
	var seen []string
	for _, m := range messages {
		seen = append(seen, fmt.Sprintf("%d %s", m.Offset, m.Value))
	}
	return seen, err
}

// exactlyOnce transforms what it reads and commits its place with it; every
// third transaction is aborted and done again.
func (s *script) exactlyOnce() (any, error) {
	const count = 60
	for _, topic := range []string{"etl-in", "etl-out"} {
		if err := s.create(topic, 1, 1); err != nil {
			return nil, err
		}
	}
	p, err := s.transactional("etl")
	if err != nil {
		return nil, err
	}
	defer func() { _ = p.Close() }()
	fill := func(topic string, values []string) error {
		for _, v := range values {
			if _, _, err := p.SendMessage(&sarama.ProducerMessage{Topic: s.Topic(topic), Value: sarama.StringEncoder(v)}); err != nil {
				return err
			}
		}
		return nil
	}
	var values []string
	for i := range count {
		values = append(values, fmt.Sprint("v", i))
	}
	if err := p.BeginTxn(); err != nil {
		return nil, err
	}
	if err := fill("etl-in", values); err != nil {
		return nil, err
	}
	if err := p.CommitTxn(); err != nil {
		return nil, err
	}
	in, err := s.written("etl-in", count)
	if err != nil {
		return nil, err
	}
	for done, round := 0, 0; done < count; round++ {
		part := in[done:min(done+7, count)]
		if err := p.BeginTxn(); err != nil {
			return nil, err
		}
		for _, m := range part {
			if err := fill("etl-out", []string{string(m.Value)}); err != nil {
				return nil, err
			}
		}
		next := &sarama.PartitionOffsetMetadata{Partition: 0, Offset: part[len(part)-1].Offset + 1}
		if err := p.AddOffsetsToTxn(map[string][]*sarama.PartitionOffsetMetadata{s.Topic("etl-in"): {next}}, s.Topic("etl")); err != nil {
			return nil, err
		}
		if round%3 == 2 {
			err = p.AbortTxn()
		} else if err = p.CommitTxn(); err == nil {
			done += len(part)
		}
		if err != nil {
			return nil, err
		}
	}
	out, err := s.written("etl-out", count)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, m := range out {
		seen[string(m.Value)] = true
	}
	at, err := s.committed("etl", "etl-in", 0)
	return []any{len(out), len(seen), at}, err
}
