package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

// The load of the row restart: two topics, because one of 10,000 partitions is
// more than a broker makes by one request.
const (
	restartTopics     = 2
	restartPartitions = 5000
	restartRecord     = 1000
	// restartLast is how many partitions are written to right before the kill.
	restartLast = 100
)

func restartRows() []row {
	return []row{{
		name:       "restart",
		load:       "10,000 partitions with records of 1000 bytes (-restart-mb of them); the process is started after a clean stop, and after kill -9 a few seconds after the records were written",
		durability: pageCache, noFloor: true, turn: 90 * time.Second, run: restart, alone: true,
		figures: []figure{
			{name: "all answer, after a clean stop", unit: "ms", mark: 0.1},
			{name: "all answer, after kill -9", unit: "ms", mark: 0.1},
			{name: "first record, after a clean stop", unit: "ms"},
			{name: "first record, after kill -9", unit: "ms"},
		},
	}}
}

func restart(ctx context.Context, bench *bench, s *side) (_ []float64, err error) {
	b, err := s.launch(harness.Options{Name: "restart", Shipped: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Remove()) }()
	perPartition := max(bench.restartMB*mega/(restartTopics*restartPartitions*restartRecord), 1)
	if bench.short {
		perPartition = 1
	}
	if err := makePartitions(ctx, b.Addr()); err != nil {
		return nil, err
	}
	if err := fill(ctx, b.Addr(), restartTopics*restartPartitions, perPartition); err != nil {
		return nil, err
	}
	want := int64(perPartition) * restartTopics * restartPartitions
	if err := sleep(ctx, settle); err != nil {
		return nil, err
	}
	if err := b.Stop(); err != nil {
		return nil, err
	}
	clean, err := backAgain(ctx, b, want)
	if err != nil {
		return nil, fmt.Errorf("after a clean stop: %w", err)
	}
	want++
	if err := sleep(ctx, 4*settle); err != nil { // past the interval of the recovery points
		return nil, err
	}
	if err := fill(ctx, b.Addr(), restartLast, 1); err != nil {
		return nil, err
	}
	want += restartLast
	if err := b.Kill(); err != nil {
		return nil, err
	}
	crashed, err := backAgain(ctx, b, want)
	if err != nil {
		return nil, fmt.Errorf("after kill -9: %w", err)
	}
	return []float64{clean[1], crashed[1], clean[0], crashed[0]}, nil
}

func restartTopic(i int) string { return fmt.Sprintf("many-%d", i) }

func makePartitions(ctx context.Context, addr string) error {
	admin, done, err := adminOf(addr)
	if err != nil {
		return err
	}
	defer done()
	for i := range restartTopics {
		if _, err := admin.CreateTopic(ctx, restartPartitions, 1, nil, restartTopic(i)); err != nil {
			return err
		}
	}
	_, err = ends(ctx, admin, time.Now())
	return err
}

func adminOf(addr string) (*kadm.Client, func(), error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.RequestTimeoutOverhead(2*time.Minute),
		kgo.RetryBackoffFn(func(int) time.Duration { return 2 * time.Millisecond }))
	if err != nil {
		return nil, nil, err
	}
	admin := kadm.NewClient(client)
	admin.SetTimeoutMillis(120_000)
	return admin, client.Close, nil
}

// fill writes so many records to each of the first partitions, in batches as
// large as the client makes them.
func fill(ctx context.Context, addr string, partitions, records int) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.MaxBufferedRecords(200_000), kgo.ProduceRequestTimeout(time.Minute))
	if err != nil {
		return err
	}
	defer client.Close()
	value := make([]byte, restartRecord)
	var failed error
	for i := range partitions {
		for range records {
			client.Produce(ctx, &kgo.Record{Topic: restartTopic(i / restartPartitions), Partition: int32(i % restartPartitions), Value: value},
				func(_ *kgo.Record, err error) { // one at a time
					failed = errors.Join(failed, err)
				})
		}
	}
	if err := client.Flush(ctx); err != nil {
		return err
	}
	return failed
}

// backAgain starts the broker and gives the milliseconds until the first record
// was acknowledged, and until every partition answers; want is how many records
// there must be, without that one.
func backAgain(ctx context.Context, b *harness.Broker, want int64) ([2]float64, error) {
	began := time.Now()
	first := make(chan acked, 1)
	go func() { first <- firstAckTo(ctx, b.Port, began, restartTopic(0), restartPartitions-1) }()
	if err := b.Start(); err != nil {
		return [2]float64{}, err
	}
	ack := <-first
	if ack.err != nil {
		return [2]float64{}, ack.err
	}
	admin, done, err := adminOf(b.Addr())
	if err != nil {
		return [2]float64{}, err
	}
	defer done()
	sum, err := ends(ctx, admin, began)
	took := float64(time.Since(began).Microseconds()) / 1000
	if err == nil && sum != want+1 {
		err = fmt.Errorf("%d records are left of %d", sum, want+1)
	}
	return [2]float64{ack.ms, took}, err
}

// ends asks for the ends of all partitions until all answer, and adds them up.
func ends(ctx context.Context, admin *kadm.Client, began time.Time) (int64, error) {
	topics := make([]string, restartTopics)
	for i := range topics {
		topics[i] = restartTopic(i)
	}
	for {
		list, err := admin.ListEndOffsets(ctx, topics...)
		n, sum := 0, int64(0)
		list.Each(func(o kadm.ListedOffset) { n, sum = n+1, sum+o.Offset })
		if err == nil && list.Error() == nil && n == restartTopics*restartPartitions {
			return sum, nil
		}
		if time.Since(began) > 3*time.Minute || ctx.Err() != nil {
			return 0, fmt.Errorf("10,000 partitions do not answer: %w", errors.Join(err, list.Error(), ctx.Err()))
		}
	}
}
