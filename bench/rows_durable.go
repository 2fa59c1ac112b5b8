package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// onDisk is what an acknowledgement means in the durable rows.
const onDisk = "disk: synced before the answer (Kafka: flush.messages=1; Gregor: its default)"

// durableRows write to topics whose records are on disk before they are
// acknowledged: Kafka's with flush.messages=1, Gregor's by its default rule.
func durableRows() []row {
	var list []row
	for _, l := range []struct {
		partitions int32
		turn       time.Duration // long enough for a few rounds of Kafka's
		rate       float64
	}{{1, 4 * time.Second, 2}, {100, 6 * time.Second, 10}, {1000, 15 * time.Second, 50}} {
		topics := make(map[*side]string)
		list = append(list, row{
			name:       fmt.Sprintf("durable-%d", l.partitions),
			load:       fmt.Sprintf("records of 1000 bytes, franz-go, acks=all, no linger, %d partitions with one record under way in each", l.partitions),
			durability: onDisk, noFloor: true, turn: l.turn * 3 / 2,
			figures: []figure{{name: "records", unit: "1/s", more: true, mark: l.rate}, {name: "acknowledged after, p50", unit: "ms"}},
			begin: func(ctx context.Context, _ *bench, s *side) error {
				topic, err := s.durableTopic(ctx, l.partitions)
				topics[s] = topic
				return err
			},
			run: func(ctx context.Context, b *bench, s *side) ([]float64, error) {
				return produceDurable(ctx, s.broker.Addr(), topics[s], l.partitions, b.turn(l.turn))
			},
			end: func(ctx context.Context, _ *bench, s *side) error { return s.drop(ctx, topics[s]) },
		})
	}
	return list
}

// turn scales a time down for a short run.
func (b *bench) turn(d time.Duration) time.Duration {
	if b.short {
		return d / 2
	}
	return d
}

// durableTopic makes a topic whose records are synced before they are
// acknowledged.
func (s *side) durableTopic(ctx context.Context, partitions int32) (string, error) {
	admin, err := s.admin()
	if err != nil {
		return "", err
	}
	defer admin.Close()
	var configs map[string]*string
	if s.name == "kafka" {
		configs = map[string]*string{"flush.messages": new("1")}
	}
	s.topics++
	name := fmt.Sprintf("durable-%d", s.topics)
	_, err = admin.CreateTopic(ctx, partitions, 1, configs, name)
	return name, err
}

// patience bounds a run whose broker takes very long.
const patience = 3 * time.Minute

// produceDurable keeps one record under way in each partition, and gives the
// rate of acknowledged ones and how long one took.
func produceDurable(ctx context.Context, addr, topic string, partitions int32, turn time.Duration) ([]float64, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ProducerLinger(0), kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxBufferedRecords(int(partitions)+1),
		kgo.ProduceRequestTimeout(patience), kgo.RequestTimeoutOverhead(patience)) // a request may have many syncs before it
	if err != nil {
		return nil, err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, patience+turn)
	defer cancel()
	var mu sync.Mutex
	var took []time.Duration
	var failed error
	var wait sync.WaitGroup
	var counts atomic.Bool
	end := make(chan struct{})
	value := make([]byte, 1000)
	var next func(p int32)
	next = func(p int32) {
		began := time.Now()
		client.Produce(ctx, &kgo.Record{Topic: topic, Partition: p, Value: value}, func(_ *kgo.Record, err error) {
			now := time.Now()
			mu.Lock()
			failed = errors.Join(failed, err)
			if counts.Load() {
				took = append(took, now.Sub(began))
			}
			mu.Unlock()
			select {
			case <-end:
				wait.Done()
			default:
				if err != nil {
					wait.Done()
					return
				}
				go next(p) // a promise must not wait
			}
		})
	}
	for p := range partitions {
		wait.Add(1)
		next(p)
	}
	if err := sleep(ctx, turn/4); err != nil { // the first of each partition makes its files
		return nil, err
	}
	counts.Store(true)
	began := time.Now()
	// A broker that needs longer for the first round is given the time.
	enough := func() bool { mu.Lock(); defer mu.Unlock(); return len(took) >= int(partitions) || failed != nil }
	for err = sleep(ctx, turn); err == nil && !enough(); {
		err = sleep(ctx, 100*time.Millisecond)
	}
	counts.Store(false)
	ran := time.Since(began)
	close(end)
	wait.Wait()
	if err := errors.Join(err, failed); err != nil {
		return nil, err
	}
	mu.Lock()
	defer mu.Unlock()
	return append([]float64{float64(len(took)) / ran.Seconds()}, milliseconds(took, 50)...), nil
}
