package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

// settle is how long a broker is left alone before its idle memory is read.
const settle = 3 * time.Second

func processRows() []row {
	return []row{
		{
			name: "start", load: "the process is started on its own directory; a client knocks until its first record is acknowledged, and then leaves it alone",
			durability: asShipped, turn: 12 * time.Second, run: start, alone: true,
			figures: []figure{{name: "start", unit: "ms", mark: 0.02}, {name: "resident when idle", unit: "MB", mark: 0.07}},
		},
		{
			name: "partitions", load: "two topics of 5,000 partitions, created and asked for their ends until all answer",
			durability: "metadata: synced before the topics exist; data: none", turn: 30 * time.Second, run: partitions, alone: true,
			figures: []figure{{name: "time", unit: "s", mark: 0.05}, {name: "broker CPU", unit: "s", mark: 0.05}, {name: "resident afterwards", unit: "MB"}},
		},
		{
			name: "connections", load: "5,000 connections that asked for the API versions and say no more",
			durability: "nothing is written", noFloor: true, turn: 10 * time.Second, run: connections, alone: true,
			figures: []figure{{name: "resident above idle", unit: "MB"}},
		},
	}
}

func start(ctx context.Context, _ *bench, s *side) (_ []float64, err error) {
	b, err := s.launch(harness.Options{Name: "start", Shipped: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Remove()) }()
	if err := b.Stop(); err != nil {
		return nil, err
	}
	began := time.Now()
	first := make(chan acked, 1)
	go func() { first <- firstAck(ctx, b.Port, began) }()
	if err := b.Start(); err != nil {
		return nil, err
	}
	ack := <-first
	if ack.err != nil {
		return nil, ack.err
	}
	if err := sleep(ctx, settle); err != nil {
		return nil, err
	}
	idle, err := residentMB(b.Process().PID())
	return []float64{ack.ms, idle}, err
}

// acked is how long a record took from the start of the process.
type acked struct {
	ms  float64
	err error
}

// firstAck knocks until the port answers, then produces one record to a topic
// that the broker makes for it.
func firstAck(ctx context.Context, port int, began time.Time) acked {
	return ackOf(ctx, port, began, &kgo.Record{Topic: "first", Value: []byte("record")}, kgo.AllowAutoTopicCreation())
}

// firstAckTo is firstAck to a partition that is there.
func firstAckTo(ctx context.Context, port int, began time.Time, topic string, partition int32) acked {
	return ackOf(ctx, port, began, &kgo.Record{Topic: topic, Partition: partition, Value: []byte("record")},
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
}

func ackOf(ctx context.Context, port int, began time.Time, record *kgo.Record, more ...kgo.Opt) acked {
	addr := fmt.Sprintf("localhost:%d", port)
	for {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			_ = conn.Close()
			break
		}
		if ctx.Err() != nil || time.Since(began) > time.Minute {
			return acked{err: fmt.Errorf("nobody listens on %s: %w", addr, err)}
		}
		time.Sleep(500 * time.Microsecond)
	}
	options := append([]kgo.Opt{
		kgo.SeedBrokers(addr), kgo.UnknownTopicRetries(-1), kgo.MetadataMinAge(10 * time.Millisecond), kgo.ProducerLinger(0),
		kgo.RetryBackoffFn(func(int) time.Duration { return 5 * time.Millisecond }),
	}, more...)
	client, err := kgo.NewClient(options...)
	if err != nil {
		return acked{err: err}
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err = client.ProduceSync(ctx, record).FirstErr()
	return acked{ms: float64(time.Since(began).Microseconds()) / 1000, err: err}
}

func partitions(ctx context.Context, _ *bench, s *side) (_ []float64, err error) {
	own := *s // a broker of its own, and fresh
	own.broker = nil
	b, err := own.up()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, own.down()) }()
	admin, err := own.admin()
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	pid := b.Process().PID()
	before, err := cpuSeconds(pid)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	topics := []string{"many-0", "many-1"}
	for _, topic := range topics {
		if _, err := admin.CreateTopic(ctx, 5000, 1, nil, topic); err != nil {
			return nil, err
		}
	}
	for {
		ends, err := admin.ListEndOffsets(ctx, topics...)
		if err == nil && ends.Error() == nil && len(ends["many-0"])+len(ends["many-1"]) == 10_000 {
			break
		}
		if time.Since(began) > 3*time.Minute || ctx.Err() != nil {
			return nil, fmt.Errorf("10,000 partitions do not answer: %w", errors.Join(err, ends.Error(), ctx.Err()))
		}
	}
	took := time.Since(began).Seconds()
	after, err := cpuSeconds(pid)
	if err != nil {
		return nil, err
	}
	if err := sleep(ctx, settle); err != nil {
		return nil, err
	}
	idle, err := residentMB(pid)
	return []float64{took, after - before, idle}, err
}

func connections(ctx context.Context, _ *bench, s *side) (_ []float64, err error) {
	b, err := s.launch(options())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Remove()) }()
	if err := sleep(ctx, settle); err != nil {
		return nil, err
	}
	idle, err := residentMB(b.Process().PID())
	if err != nil {
		return nil, err
	}
	open := make([]net.Conn, 0, 5000)
	defer func() {
		for _, c := range open {
			_ = c.Close()
		}
	}()
	for range cap(open) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		c, err := net.Dial("tcp", b.Addr())
		if err != nil {
			return nil, err
		}
		open = append(open, c)
		if err := greet(c); err != nil {
			return nil, err
		}
	}
	if err := sleep(ctx, settle); err != nil {
		return nil, err
	}
	now, err := residentMB(b.Process().PID())
	return []float64{now - idle}, err
}

// greet does what every client does first: it asks for the API versions.
func greet(c net.Conn) error {
	request := []byte{0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff}
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	if _, err := c.Write(request); err != nil {
		return err
	}
	if _, err := c.Read(make([]byte, 4096)); err != nil {
		return err
	}
	return c.SetDeadline(time.Time{})
}
