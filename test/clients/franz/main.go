// Command franz is franz-go's (kgo, kadm) script of the conformance table.
// Kind: test
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sort"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/clients/steps"
)

// script is one run; ctx ends it if the broker hangs.
type script struct {
	*steps.List
	ctx context.Context
	adm *kadm.Client
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 150*time.Second)
	defer cancel()
	s := &script{List: steps.FromArgs(), ctx: ctx}
	s.adm = kadm.NewClient(s.client())
	defer s.adm.Close()
	s.Step("create topics", s.createTopics)
	s.Step("refuse replication factor", s.refuseFactor)
	s.Step("list topics", s.listTopics)
	s.Step("produce with keys", s.keys)
	s.Step("produce with headers", s.headers)
	for _, codec := range steps.Codecs() {
		s.Step("codec "+codec, func() (any, error) { return s.codec(codec) })
	}
	s.Step("callbacks", s.callbacks)
	s.Step("request of 100 MB", s.large)
	s.Step("earliest", s.earliest)
	s.Step("latest", s.latest)
	s.Step("manual commit", s.manualCommit)
	s.Step("automatic commit", s.autoCommit)
	s.Step("seek by timestamp", s.seek)
	s.Step("several groups", s.severalGroups)
	s.Step("group of two with rebalances", s.rebalance)
	s.Step("transactions", s.transactions)
	s.Step("exactly once", s.exactlyOnce)
	s.admin()
}

func (s *script) client(opts ...kgo.Opt) *kgo.Client {
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(s.Bootstrap)}, opts...)...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return cl
}

// name is an error of the protocol by its name.
func name(err error) string {
	if known, ok := errors.AsType[*kerr.Error](err); ok {
		return known.Message
	}
	if err != nil {
		return err.Error()
	}
	return "no error"
}

func (s *script) create(partitions int32, factor int16, topic string) error {
	resp, err := s.adm.CreateTopics(s.ctx, partitions, factor, nil, topic)
	if err != nil {
		return err
	}
	return resp[topic].Err
}

func (s *script) createTopics() (any, error) {
	if err := errors.Join(s.create(1, 1, s.Topic("one")), s.create(4, 1, s.Topic("four"))); err != nil {
		return nil, err
	}
	return []string{name(s.create(1, 1, s.Topic("one"))), name(s.create(1, 1, "not a name"))}, nil
}

func (s *script) refuseFactor() (any, error) {
	return name(s.create(1, 2, s.Topic("wide"))), nil
}

func (s *script) listTopics() (any, error) {
	var mine []string
	err := steps.Until("topics", func() (bool, error) {
		topics, err := s.adm.ListTopics(s.ctx)
		mine = nil
		for _, t := range topics.Sorted() {
			if s.Mine(t.Topic) {
				mine = append(mine, fmt.Sprint(t.Topic, len(t.Partitions)))
			}
		}
		return len(mine) == 2, err
	})
	return mine, err
}

func record(topic string, i int) *kgo.Record {
	return &kgo.Record{
		Topic: topic, Key: fmt.Appendf(nil, "key-%d", i), Value: fmt.Appendf(nil, "value-%d", i),
		Timestamp: time.UnixMilli(steps.Timestamp + int64(i)),
	}
}

func shown(r *kgo.Record) string {
	return fmt.Sprintf("%d %d %d %q %q %q", r.Partition, r.Offset, r.Timestamp.UnixMilli(), r.Key, r.Value, r.Headers)
}

// read polls until count records came; they are sorted by place.
func (s *script) read(cl *kgo.Client, count int) ([]*kgo.Record, error) {
	var records []*kgo.Record
	ctx, cancel := context.WithTimeout(s.ctx, steps.Limit)
	defer cancel()
	for len(records) < count {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			return records, err
		}
		for _, e := range fetches.Errors() {
			return records, e.Err
		}
		records = append(records, fetches.Records()...)
	}
	sort.Slice(records, func(i, j int) bool {
		a, b := records[i], records[j]
		return a.Partition < b.Partition || a.Partition == b.Partition && a.Offset < b.Offset
	})
	return records, nil
}

func places(records []*kgo.Record) []string {
	var all []string
	for _, r := range records {
		all = append(all, fmt.Sprint(r.Partition, ":", r.Offset))
	}
	return all
}

// direct consumes partitions without a group.
func (s *script) direct(topic string, at kgo.Offset, partitions ...int32) *kgo.Client {
	from := map[int32]kgo.Offset{}
	for _, p := range partitions {
		from[p] = at
	}
	return s.client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}), kgo.FetchMaxPartitionBytes(2*steps.Large), kgo.FetchMaxBytes(2*steps.Large), kgo.BrokerMaxReadBytes(3*steps.Large))
}

func (s *script) readAll(topic string, count int, partitions ...int32) ([]*kgo.Record, error) {
	cl := s.direct(topic, kgo.NewOffset().AtStart(), partitions...)
	defer cl.Close()
	return s.read(cl, count)
}

func (s *script) keys() (any, error) {
	cl := s.client()
	defer cl.Close()
	var batch []*kgo.Record
	for i := range 20 {
		batch = append(batch, record(s.Topic("four"), i))
	}
	if err := cl.ProduceSync(s.ctx, batch...).FirstErr(); err != nil {
		return nil, err
	}
	sent := places(batch)
	records, err := s.readAll(s.Topic("four"), 20, 0, 1, 2, 3)
	var all []string
	for _, r := range records {
		all = append(all, shown(r))
	}
	return []any{sent, all}, err
}

func (s *script) headers() (any, error) {
	cl := s.client()
	defer cl.Close()
	r := record(s.Topic("one"), 0)
	r.Headers = []kgo.RecordHeader{{Key: "a", Value: []byte("1")}, {Key: "a", Value: []byte("2")}, {Key: "empty", Value: []byte{}}, {Key: "null"}}
	if err := cl.ProduceSync(s.ctx, r).FirstErr(); err != nil {
		return nil, err
	}
	records, err := s.readAll(s.Topic("one"), 1, 0)
	if err != nil {
		return nil, err
	}
	return shown(records[0]), nil
}

func (s *script) codec(codec string) (any, error) {
	topic := s.Topic("codec-" + codec)
	if err := s.create(1, 1, topic); err != nil {
		return nil, err
	}
	codecs := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	cl := s.client(kgo.ProducerBatchCompression(codecs[codec]), kgo.ProducerLinger(20*time.Millisecond))
	defer cl.Close()
	var batch []*kgo.Record
	for i := range 100 {
		batch = append(batch, record(topic, i))
	}
	if err := cl.ProduceSync(s.ctx, batch...).FirstErr(); err != nil {
		return nil, err
	}
	records, err := s.readAll(topic, 100, 0)
	if err != nil {
		return nil, err
	}
	return []any{shown(records[0]), shown(records[99]), records[99].Attrs.CompressionType()}, nil
}

func (s *script) callbacks() (any, error) {
	cl := s.client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer cl.Close()
	results := make(chan string, 100)
	told := func(r *kgo.Record, err error) { results <- fmt.Sprint(r.Offset, " ", name(err)) }
	for i := range 50 {
		cl.Produce(s.ctx, record(s.Topic("one"), i), told)
	}
	if err := cl.Flush(s.ctx); err != nil {
		return nil, err
	}
	close(results)
	all := []string{}
	for r := range results {
		all = append(all, r)
	}
	return all, nil
}

func (s *script) large() (any, error) {
	if err := s.create(1, 1, s.Topic("large")); err != nil {
		return nil, err
	}
	cl := s.client(kgo.ProducerBatchMaxBytes(104857600), kgo.BrokerMaxWriteBytes(2*104857600), kgo.ProducerBatchCompression(kgo.NoCompression()))
	defer cl.Close()
	value := steps.LargeValue()
	r := &kgo.Record{Topic: s.Topic("large"), Value: value, Timestamp: time.UnixMilli(steps.Timestamp)}
	if err := cl.ProduceSync(s.ctx, r).FirstErr(); err != nil {
		return nil, err
	}
	records, err := s.readAll(s.Topic("large"), 1, 0)
	if err != nil {
		return nil, err
	}
	return []any{r.Offset, steps.Digest(records[0].Value), slices.Equal(value, records[0].Value)}, nil
}
