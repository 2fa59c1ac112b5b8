// Command segmentio is segmentio/kafka-go's script of the conformance table.
// Kind: test
package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/gregor-stream/gregor/test/clients/steps"
)

type script struct {
	*steps.List
	ctx    context.Context
	client *kafka.Client
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 150*time.Second)
	defer cancel()
	s := &script{List: steps.FromArgs(), ctx: ctx}
	s.client = &kafka.Client{Addr: kafka.TCP(s.Bootstrap), Timeout: 60 * time.Second}
	s.Step("create topics", s.createTopics)
	s.Step("refuse replication factor", func() (any, error) { return name(s.create("wide", 1, 2)), nil })
	s.Step("list topics", s.listTopics)
	s.Step("produce with keys", s.keys)
	s.Step("produce with headers", s.headers)
	for _, codec := range steps.Codecs() {
		s.Step("codec "+codec, func() (any, error) { return s.codec(codec) })
	}
	s.Step("callbacks", s.callbacks)
	s.Step("request of 100 MB", s.large)
	s.Step("earliest", func() (any, error) {
		messages, err := s.consumeGroup("earliest", "four", 20, nil)
		return places(messages), err
	})
	s.Step("latest", s.latest)
	s.Step("manual commit", s.manualCommit)
	s.Step("automatic commit", s.autoCommit)
	s.Step("seek by timestamp", s.seek)
	s.Step("several groups", s.severalGroups)
	s.Step("group of two with rebalances", s.rebalance)
	s.Cannot("transactions", "kafka-go has no transactional producer")
	s.Cannot("exactly once", "kafka-go has no transactional producer")
	s.Step("configs", s.configs)
	s.Step("create partitions", s.createPartitions)
	s.Cannot("delete records", "kafka-go has no DeleteRecords")
	s.Step("groups", s.groups)
	s.Step("cluster", func() (any, error) {
		m, err := s.client.Metadata(s.ctx, &kafka.MetadataRequest{})
		if err != nil {
			return nil, err
		}
		return []any{len(m.Brokers), m.Controller.ID, m.ClusterID != ""}, nil
	})
	s.Cannot("log directories", "kafka-go has no DescribeLogDirs")
	s.Step("delete topics", s.deleteTopics)
}

// name is an error of the protocol by its number.
func name(err error) string {
	if code, ok := errors.AsType[kafka.Error](err); ok {
		return fmt.Sprintf("error %d", int(code))
	}
	if err != nil {
		return err.Error()
	}
	return "no error"
}

func (s *script) create(topic string, partitions, factor int) error {
	full := s.Topic(topic)
	if topic == "not a name" {
		full = topic
	}
	resp, err := s.client.CreateTopics(s.ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{
		{Topic: full, NumPartitions: partitions, ReplicationFactor: factor},
	}})
	if err != nil {
		return err
	}
	return resp.Errors[full]
}

func (s *script) createTopics() (any, error) {
	if err := errors.Join(s.create("one", 1, 1), s.create("four", 4, 1)); err != nil {
		return nil, err
	}
	return []string{name(s.create("one", 1, 1)), name(s.create("not a name", 1, 1))}, nil
}

// topics are this run's, with the number of partitions.
func (s *script) topics() (map[string]int, error) {
	m, err := s.client.Metadata(s.ctx, &kafka.MetadataRequest{})
	if err != nil {
		return nil, err
	}
	mine := map[string]int{}
	for _, t := range m.Topics {
		if s.Mine(t.Name) {
			mine[t.Name] = len(t.Partitions)
		}
	}
	return mine, nil
}

func (s *script) listTopics() (any, error) {
	var mine map[string]int
	err := steps.Until("topics", func() (bool, error) {
		var err error
		mine, err = s.topics()
		return len(mine) == 2, err
	})
	return mine, err
}

func message(i int) kafka.Message {
	return kafka.Message{
		Key: fmt.Appendf(nil, "key-%d", i), Value: fmt.Appendf(nil, "value-%d", i), Time: time.UnixMilli(steps.Timestamp + int64(i)),
	}
}

func (s *script) writer(topic string) *kafka.Writer {
	return &kafka.Writer{
		Addr: kafka.TCP(s.Bootstrap), Topic: s.Topic(topic), Balancer: kafka.Murmur2Balancer{},
		RequiredAcks: kafka.RequireAll, BatchTimeout: 10 * time.Millisecond,
	}
}

func (s *script) send(w *kafka.Writer, messages ...kafka.Message) error {
	err := steps.Until("leader", func() (bool, error) { // kafka-go does not wait for the metadata of a new topic
		err := w.WriteMessages(s.ctx, messages...)
		if errors.Is(err, kafka.UnknownTopicOrPartition) || errors.Is(err, kafka.LeaderNotAvailable) {
			return false, nil
		}
		return err == nil, err
	})
	return errors.Join(err, w.Close())
}

func shown(m kafka.Message) string {
	return fmt.Sprintf("%d %d %d %q %q %q", m.Partition, m.Offset, m.Time.UnixMilli(), m.Key, m.Value, m.Headers)
}

func places(messages []kafka.Message) []string {
	var all []string
	for _, m := range messages {
		all = append(all, fmt.Sprint(m.Partition, ":", m.Offset))
	}
	return all
}

func sorted(messages []kafka.Message) []kafka.Message {
	sort.Slice(messages, func(i, j int) bool {
		a, b := messages[i], messages[j]
		return a.Partition < b.Partition || a.Partition == b.Partition && a.Offset < b.Offset
	})
	return messages
}

// take reads count messages and closes the reader.
func (s *script) take(r *kafka.Reader, count int) ([]kafka.Message, error) {
	ctx, cancel := context.WithTimeout(s.ctx, steps.Limit)
	defer cancel()
	var all []kafka.Message
	for len(all) < count {
		m, err := r.ReadMessage(ctx)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%d of %d messages: %w", len(all), count, err), r.Close())
		}
		all = append(all, m)
	}
	return sorted(all), r.Close()
}

func (s *script) reader(topic string, partition, maxBytes int) *kafka.Reader {
	return kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{s.Bootstrap}, Topic: s.Topic(topic), Partition: partition, MaxBytes: maxBytes, MaxWait: 200 * time.Millisecond,
	})
}

// ends are the end offsets of a topic's partitions.
func (s *script) ends(topic string, partitions int) ([]int64, error) {
	var requests []kafka.OffsetRequest
	for p := range partitions {
		requests = append(requests, kafka.LastOffsetOf(p))
	}
	resp, err := s.client.ListOffsets(s.ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{s.Topic(topic): requests}})
	if err != nil {
		return nil, err
	}
	all := make([]int64, partitions)
	for _, p := range resp.Topics[s.Topic(topic)] {
		all[p.Partition] = p.LastOffset
	}
	return all, nil
}

func (s *script) keys() (any, error) {
	var batch []kafka.Message
	for i := range 20 {
		batch = append(batch, message(i))
	}
	if err := s.send(s.writer("four"), batch...); err != nil {
		return nil, err
	}
	ends, err := s.ends("four", 4)
	if err != nil {
		return nil, err
	}
	var all []string
	for p, end := range ends {
		messages, err := s.take(s.reader("four", p, 1<<20), int(end))
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			all = append(all, shown(m))
		}
	}
	return all, nil
}

func (s *script) headers() (any, error) {
	m := message(0)
	m.Headers = []kafka.Header{{Key: "a", Value: []byte("1")}, {Key: "a", Value: []byte("2")}, {Key: "empty", Value: []byte{}}, {Key: "null"}}
	if err := s.send(s.writer("one"), m); err != nil {
		return nil, err
	}
	messages, err := s.take(s.reader("one", 0, 1<<20), 1)
	if err != nil {
		return nil, err
	}
	return shown(messages[0]), nil
}

func (s *script) codec(codec string) (any, error) {
	if err := s.create("codec-"+codec, 1, 1); err != nil {
		return nil, err
	}
	codecs := map[string]kafka.Compression{"gzip": kafka.Gzip, "snappy": kafka.Snappy, "lz4": kafka.Lz4, "zstd": kafka.Zstd}
	w := s.writer("codec-" + codec)
	w.Compression = codecs[codec]
	var batch []kafka.Message
	for i := range 100 {
		batch = append(batch, message(i))
	}
	if err := s.send(w, batch...); err != nil {
		return nil, err
	}
	messages, err := s.take(s.reader("codec-"+codec, 0, 1<<20), 100)
	if err != nil {
		return nil, err
	}
	return []any{shown(messages[0]), shown(messages[99])}, nil
}

func (s *script) callbacks() (any, error) {
	w := s.writer("one")
	w.Async = true
	results := make(chan string, 100)
	w.Completion = func(messages []kafka.Message, err error) {
		for _, m := range messages {
			results <- fmt.Sprint(m.Partition, ":", m.Offset, " ", name(err))
		}
	}
	for i := range 50 {
		if err := w.WriteMessages(s.ctx, message(i)); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	close(results)
	var all []string
	for r := range results {
		all = append(all, r)
	}
	slices.Sort(all)
	return all, nil
}

func (s *script) large() (any, error) {
	if err := s.create("large", 1, 1); err != nil {
		return nil, err
	}
	w := s.writer("large")
	w.BatchBytes, w.WriteTimeout, w.ReadTimeout = 104857600, time.Minute, time.Minute
	value := steps.LargeValue()
	if err := s.send(w, kafka.Message{Value: value, Time: time.UnixMilli(steps.Timestamp)}); err != nil {
		return nil, err
	}
	messages, err := s.take(s.reader("large", 0, 2*steps.Large), 1)
	if err != nil {
		return nil, err
	}
	return []any{messages[0].Offset, steps.Digest(messages[0].Value), slices.Equal(value, messages[0].Value)}, nil
}
