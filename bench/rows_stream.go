package main

import (
	"context"
	"fmt"
	"time"
)

const (
	mega    = 1 << 20
	million = 1_000_000 // 1000 of them and their batches' heads fit into one segment
)

// streamFigures are those of a row that moves bytes.
func streamFigures(rate, cpu float64) []figure {
	return []figure{
		{name: "throughput", unit: "MB/s", more: true, mark: rate},
		{name: "broker CPU", unit: "s/GB", mark: cpu},
		{name: "resident after", unit: "MB"},
	}
}

func produceRows() []row {
	type load struct {
		name string
		java bool
		size int
		all  int64 // bytes in one run
		rate float64
	}
	var list []row
	for _, l := range []load{
		{"produce-100b", false, 100, 250 * million, 1},
		{"produce-1k", false, 1000, 1000 * million, 1.5},
		{"produce-10k", false, 10_000, 1000 * million, 1},
		{"produce-1k-java", true, 1000, 500 * million, 1.5},
		{"produce-100b-java", true, 100, 125 * million, 1},
	} {
		client := "franz-go, batches of 1 MB"
		if l.java {
			client = "Kafka's producer perf test, the Java client's defaults: batches of 16 KB"
		}
		list = append(list, row{
			name: l.name, load: fmt.Sprintf("records of %d bytes, %s, idempotent, acks=all, one partition", l.size, client),
			durability: asShipped, figures: streamFigures(l.rate, 0.25), turn: 6 * time.Second,
			run: func(ctx context.Context, b *bench, s *side) ([]float64, error) {
				return produceOnce(ctx, b, s, l.java, l.size, b.bytes(l.all))
			},
		})
	}
	return list
}

// produceOnce writes to a fresh topic, and deletes it again.
func produceOnce(ctx context.Context, b *bench, s *side, java bool, size int, all int64) ([]float64, error) {
	topic, err := s.topic(ctx)
	if err != nil {
		return nil, err
	}
	values, err := timed(s.broker, func() (int64, time.Duration, error) {
		if java {
			return produceJava(ctx, s.broker.Addr(), topic, size, all)
		}
		n, err := produceFranz(ctx, s.broker.Addr(), topic, size, mega, all)
		return n, 0, err
	})
	if err != nil {
		return nil, err
	}
	return values, s.drop(ctx, topic)
}

const consumeSize = 1000

func consumeRows() []row {
	var list []row
	for _, java := range []bool{false, true} {
		name, client, all := "consume", "franz-go's defaults", int64(1000*million)
		if java {
			name, client, all = "consume-java", "Kafka's consumer perf test, the Java client's defaults", 500*million
		}
		topics := make(map[*side]string)
		list = append(list, row{
			name: name, load: "records of 1000 bytes, batches of 1 MB, from the page cache, " + client,
			durability: pageCache, figures: streamFigures(1, 0.7), turn: 5 * time.Second,
			begin: func(ctx context.Context, b *bench, s *side) error {
				topic, err := s.topic(ctx)
				if err != nil {
					return err
				}
				topics[s] = topic
				_, err = produceFranz(ctx, s.broker.Addr(), topic, consumeSize, mega, b.bytes(all))
				return err
			},
			run: func(ctx context.Context, b *bench, s *side) ([]float64, error) {
				return timed(s.broker, func() (int64, time.Duration, error) {
					total := b.bytes(all) / consumeSize * consumeSize
					if java {
						return consumeJava(ctx, s.broker.Addr(), topics[s], consumeSize, total)
					}
					n, err := consumeFranz(ctx, s.broker.Addr(), topics[s], total)
					return n, 0, err
				})
			},
			end: func(ctx context.Context, _ *bench, s *side) error { return s.drop(ctx, topics[s]) },
		})
	}
	return list
}
