package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/gregor-stream/gregor/bench/floor"
)

func latencyRows() []row {
	return []row{
		{
			name: "commit", load: "offsets of one partition, one commit after another on one connection (franz-go)",
			durability: asShipped, turn: 4 * time.Second,
			figures: []figure{{name: "p50", unit: "ms", mark: 0.4}, {name: "p99", unit: "ms", mark: 0.1}},
			begin: func(ctx context.Context, _ *bench, s *side) error {
				_, err := s.topic(ctx)
				return err
			},
			run: func(ctx context.Context, b *bench, s *side) ([]float64, error) { return commits(ctx, s, b.count(5000)) },
		},
		{
			name:       "end-to-end",
			load:       "1,000 records of 100 bytes a second, sent by the clock whatever comes back, from the intended time of sending to the consumer (franz-go, no linger); the floor is a round trip over loopback",
			durability: asShipped, turn: 14 * time.Second,
			figures: []figure{{name: "p50", unit: "ms", mark: 0.6}, {name: "p99", unit: "ms", mark: 0.2}, {name: "p99.9", unit: "ms"}},
			run: func(ctx context.Context, b *bench, s *side) ([]float64, error) {
				if s.name == "floor" {
					return echo(s, b.count(10_000))
				}
				return endToEnd(ctx, s, b.count(10_000))
			},
		},
	}
}

// milliseconds gives the percentiles of some latencies.
func milliseconds(took []time.Duration, percentiles ...float64) []float64 {
	ms := make([]float64, len(took))
	for i, d := range took {
		ms[i] = float64(d) / float64(time.Millisecond)
	}
	slices.Sort(ms)
	values := make([]float64, len(percentiles))
	for i, p := range percentiles {
		values[i] = percentile(ms, p)
	}
	return values
}

func commits(ctx context.Context, s *side, n int) ([]float64, error) {
	b, err := s.up()
	if err != nil {
		return nil, err
	}
	versions := kversion.Stable()
	versions.SetMaxKeyVersion(int16(kmsg.OffsetCommit), 9) // names of topics, not ids
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.MaxVersions(versions))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	took := make([]time.Duration, 0, n)
	for i := range n + n/5 {
		began := time.Now()
		if err := commit(ctx, client, fmt.Sprintf("stream-%d", s.topics), int64(i)); err != nil {
			return nil, err
		}
		if i >= n/5 { // before, connections and caches are cold
			took = append(took, time.Since(began))
		}
	}
	return milliseconds(took, 50, 99), nil
}

func commit(ctx context.Context, client *kgo.Client, topic string, offset int64) error {
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.Generation = "bench", -1
	t := kmsg.NewOffsetCommitRequestTopic()
	t.Topic = topic
	p := kmsg.NewOffsetCommitRequestTopicPartition()
	p.Offset = offset
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return err
	}
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 || resp.Topics[0].Partitions[0].ErrorCode != 0 {
		return fmt.Errorf("commit: answered %+v", resp.Topics)
	}
	return nil
}

// The open loop: a record a millisecond; the first second is not counted.
const (
	openLoopGap    = time.Millisecond
	openLoopWarm   = 1000
	openLoopRecord = 100
)

// endToEnd sends n records by the clock and takes the time of each from when
// it was to be sent, so that a stall costs every record that it delays.
func endToEnd(whole context.Context, s *side, n int) (_ []float64, err error) {
	topic, err := s.topic(whole)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.drop(whole, topic)) }()
	ctx, cancel := context.WithTimeout(whole, 2*time.Minute)
	defer cancel()
	producer, err := kgo.NewClient(kgo.SeedBrokers(s.broker.Addr()), kgo.DefaultProduceTopic(topic), kgo.ProducerLinger(0))
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	consumer, err := kgo.NewClient(kgo.SeedBrokers(s.broker.Addr()), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	if err := producer.ProduceSync(ctx, &kgo.Record{Value: make([]byte, openLoopRecord)}).FirstErr(); err != nil {
		return nil, err
	}
	if err := consumer.PollFetches(ctx).Err(); err != nil {
		return nil, err
	}
	total := n + openLoopWarm
	began := time.Now().Add(100 * time.Millisecond)
	failed := make(chan error, 1)
	fail := func(err error) {
		select {
		case failed <- err:
			cancel()
		default:
		}
	}
	go byTheClock(began, total, func(i int) {
		value := make([]byte, openLoopRecord)
		binary.BigEndian.PutUint64(value, uint64(i))
		producer.Produce(ctx, &kgo.Record{Value: value}, func(_ *kgo.Record, err error) {
			if err != nil {
				fail(err)
			}
		})
	})
	took := make([]time.Duration, 0, n)
	for got := 0; got < total; {
		fetches := consumer.PollFetches(ctx)
		now := time.Now()
		if err := errors.Join(ctx.Err(), fetches.Err()); err != nil {
			select {
			case why := <-failed:
				err = why
			default:
			}
			return nil, fmt.Errorf("after %d of %d records: %w", got, total, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			i := int(binary.BigEndian.Uint64(r.Value))
			if i >= openLoopWarm {
				took = append(took, now.Sub(began.Add(time.Duration(i)*openLoopGap)))
			}
			got++
		})
	}
	return milliseconds(took, 50, 99, 99.9), nil
}

// echo is the bare round trip at the same rate.
func echo(s *side, n int) ([]float64, error) {
	b, err := s.up()
	if err != nil {
		return nil, err
	}
	conn, err := net.Dial("tcp", b.Addr())
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	total := n + openLoopWarm
	began := time.Now().Add(100 * time.Millisecond)
	if err := conn.SetDeadline(began.Add(time.Duration(total)*openLoopGap + time.Minute)); err != nil {
		return nil, err
	}
	frame := make([]byte, 4+openLoopRecord)
	binary.BigEndian.PutUint32(frame, openLoopRecord)
	binary.BigEndian.PutUint16(frame[4:], floor.Echo)
	go byTheClock(began, total, func(int) {
		_, _ = conn.Write(frame) // the reader sees what is missing
	})
	took := make([]time.Duration, 0, n)
	answer := make([]byte, len(frame))
	for i := range total {
		if _, err := io.ReadFull(conn, answer); err != nil {
			return nil, err
		}
		if i >= openLoopWarm {
			took = append(took, time.Since(began.Add(time.Duration(i)*openLoopGap)))
		}
	}
	return milliseconds(took, 50, 99, 99.9), nil
}
