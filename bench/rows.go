package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

// side is one of the two brokers.
type side struct {
	name  string
	start func(harness.Options) (*harness.Broker, error)
}

func sides() [2]side {
	return [2]side{{"gregor", harness.StartGregor}, {"kafka", harness.StartKafka}}
}

// row is one thing to measure, with one or more figures.
type row struct {
	name    string
	figures []figure
	run     func(ctx context.Context, s side) ([]float64, error)
}

type figure struct {
	name, unit string
	mark       float64
}

func rows() []row {
	return []row{
		{"start", []figure{
			{"first start to first acknowledged record", "ms", 50},
			{"next start to first acknowledged record", "ms", 50},
			{"resident when idle", "MB", 25},
		}, start},
		{"partitions", []figure{
			{"10,000 partitions created and answering", "s", 1},
			{"broker CPU for it", "s", 0},
			{"resident afterwards, idle", "MB", 100},
		}, partitions},
		{"connections", []figure{{"5,000 idle connections, above idle", "MB", 50}}, connections},
		{"produce", []figure{
			{"1 KB records, acks=all", "MB/s", 0},
			{"broker CPU", "s/GB", 0},
			{"resident after", "MB", 0},
		}, produce},
		{"consume", []figure{
			{"1 KB records", "MB/s", 0},
			{"broker CPU", "s/GB", 0},
		}, consume},
		{"transactions", []figure{
			{"of ten 1 KB records, one after another", "/s", 0},
			{"one of them", "ms", 0},
			{"its EndTxn", "ms", 0},
		}, transactions},
	}
}

// settle is how long a broker is left alone before its idle memory is read.
const settle = 3 * time.Second

func start(ctx context.Context, s side) (_ []float64, err error) {
	if _, err := harness.Binary(); err != nil { // built before the clock runs
		return nil, err
	}
	port, err := harness.FreePort()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	first := make(chan acked, 1)
	go func() { first <- firstAck(ctx, port, began) }()
	b, err := s.start(harness.Options{Name: "bench", Port: port})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Remove()) }()
	fresh := <-first
	if fresh.err != nil {
		return nil, fresh.err
	}
	if err := b.Stop(); err != nil {
		return nil, err
	}
	began = time.Now()
	go func() { first <- firstAck(ctx, port, began) }()
	if err := b.Start(); err != nil {
		return nil, err
	}
	again := <-first
	if again.err != nil {
		return nil, again.err
	}
	time.Sleep(settle)
	idle, err := residentMB(b.Process().PID())
	return []float64{fresh.ms, again.ms, idle}, err
}

// acked is how long a record took from the start of the process.
type acked struct {
	ms  float64
	err error
}

// firstAck knocks until the port answers, then produces one record to a topic
// that the broker makes for it.
func firstAck(ctx context.Context, port int, began time.Time) acked {
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
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.AllowAutoTopicCreation(),
		kgo.MetadataMinAge(10*time.Millisecond), kgo.ProducerLinger(0),
		kgo.RetryBackoffFn(func(int) time.Duration { return 5 * time.Millisecond }))
	if err != nil {
		return acked{err: err}
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err = client.ProduceSync(ctx, &kgo.Record{Topic: "first", Value: []byte("record")}).FirstErr()
	return acked{ms: float64(time.Since(began).Microseconds()) / 1000, err: err}
}

func partitions(ctx context.Context, s side) (_ []float64, err error) {
	b, err := s.start(harness.Options{Name: "bench"})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Remove()) }()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.RequestTimeoutOverhead(2*time.Minute))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	admin.SetTimeoutMillis(120_000)
	before, err := cpuSeconds(b.Process().PID())
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
		if time.Since(began) > 3*time.Minute {
			return nil, fmt.Errorf("10,000 partitions do not answer: %w", errors.Join(err, ends.Error()))
		}
	}
	took := time.Since(began).Seconds()
	after, err := cpuSeconds(b.Process().PID())
	if err != nil {
		return nil, err
	}
	time.Sleep(settle)
	idle, err := residentMB(b.Process().PID())
	return []float64{took, after - before, idle}, err
}

func connections(ctx context.Context, s side) (_ []float64, err error) {
	b, err := s.start(harness.Options{Name: "bench"})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Remove()) }()
	time.Sleep(settle)
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
	time.Sleep(settle)
	now, err := residentMB(b.Process().PID())
	return []float64{now - idle}, err
}

// greet does what every client does first: it asks for the API versions.
func greet(c net.Conn) error {
	request := []byte{0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff}
	if _, err := c.Write(request); err != nil {
		return err
	}
	_, err := c.Read(make([]byte, 4096))
	return err
}
