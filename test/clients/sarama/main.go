// Command sarama is IBM/sarama's script of the conformance table. Kind: test
package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"github.com/gregor-stream/gregor/test/clients/steps"
)

type script struct {
	*steps.List
	client sarama.Client
	adm    sarama.ClusterAdmin
}

func config() *sarama.Config {
	c := sarama.NewConfig()
	c.Version = sarama.MaxVersion
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Producer.Return.Successes = true
	c.Consumer.Return.Errors = true
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	c.Consumer.Group.Heartbeat.Interval = 200 * time.Millisecond
	c.Consumer.Group.Session.Timeout = 6 * time.Second
	c.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sarama.NewBalanceStrategyRange()}
	c.Metadata.Retry.Backoff = 50 * time.Millisecond
	return c
}

func main() {
	s := &script{List: steps.FromArgs()}
	var err error
	if s.client, err = sarama.NewClient([]string{s.Bootstrap}, config()); err == nil {
		s.adm, err = sarama.NewClusterAdminFromClient(s.client)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
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
	s.Step("transactions", s.transactions)
	s.Step("exactly once", s.exactlyOnce)
	s.admin()
}

// name is an error of the protocol by its number.
func name(err error) string {
	if code, ok := errors.AsType[sarama.KError](err); ok {
		return fmt.Sprintf("error %d", int16(code))
	}
	if topic, ok := errors.AsType[*sarama.TopicError](err); ok {
		return fmt.Sprintf("error %d", int16(topic.Err))
	}
	if err != nil {
		return err.Error()
	}
	return "no error"
}

func (s *script) create(topic string, partitions int32, factor int16) error {
	return s.adm.CreateTopic(s.Topic(topic), &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: factor}, false)
}

func (s *script) createTopics() (any, error) {
	if err := errors.Join(s.create("one", 1, 1), s.create("four", 4, 1)); err != nil {
		return nil, err
	}
	bad := s.adm.CreateTopic("not a name", &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1}, false)
	return []string{name(s.create("one", 1, 1)), name(bad)}, nil
}

func (s *script) listTopics() (any, error) {
	var mine []string
	err := steps.Until("topics", func() (bool, error) {
		topics, err := s.adm.ListTopics()
		mine = nil
		for topic, detail := range topics {
			if s.Mine(topic) {
				mine = append(mine, fmt.Sprint(topic, " ", detail.NumPartitions, " ", detail.ReplicationFactor))
			}
		}
		slices.Sort(mine)
		return len(mine) == 2, err
	})
	return mine, err
}

func message(topic string, i int) *sarama.ProducerMessage {
	return &sarama.ProducerMessage{
		Topic: topic, Key: sarama.StringEncoder(fmt.Sprintf("key-%d", i)), Value: sarama.StringEncoder(fmt.Sprintf("value-%d", i)),
		Timestamp: time.UnixMilli(steps.Timestamp + int64(i)),
	}
}

// send produces and returns where each message went.
func (s *script) send(c *sarama.Config, messages ...*sarama.ProducerMessage) ([]string, error) {
	producer, err := sarama.NewSyncProducer([]string{s.Bootstrap}, c)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(producer.SendMessages(messages), producer.Close()); err != nil {
		return nil, err
	}
	var all []string
	for _, m := range messages {
		all = append(all, fmt.Sprint(m.Partition, ":", m.Offset))
	}
	return all, nil
}

func shown(m *sarama.ConsumerMessage) string {
	var headers strings.Builder
	for _, h := range m.Headers {
		fmt.Fprintf(&headers, " %s=%q", h.Key, h.Value)
	}
	return fmt.Sprintf("%d %d %d %q %q%s", m.Partition, m.Offset, m.Timestamp.UnixMilli(), m.Key, m.Value, headers.String())
}

func places(messages []*sarama.ConsumerMessage) []string {
	var all []string
	for _, m := range messages {
		all = append(all, fmt.Sprint(m.Partition, ":", m.Offset))
	}
	return all
}

func sorted(messages []*sarama.ConsumerMessage) []*sarama.ConsumerMessage {
	sort.Slice(messages, func(i, j int) bool {
		a, b := messages[i], messages[j]
		return a.Partition < b.Partition || a.Partition == b.Partition && a.Offset < b.Offset
	})
	return messages
}

// read consumes count messages of one partition.
func (s *script) read(topic string, partition int32, at int64, count int) ([]*sarama.ConsumerMessage, error) {
	consumer, err := sarama.NewConsumer([]string{s.Bootstrap}, config())
	if err != nil {
		return nil, err
	}
	defer func() { _ = consumer.Close() }()
	pc, err := consumer.ConsumePartition(topic, partition, at)
	if err != nil {
		return nil, err
	}
	defer func() { _ = pc.Close() }()
	var all []*sarama.ConsumerMessage
	limit := time.After(steps.Limit)
	for len(all) < count {
		select {
		case m := <-pc.Messages():
			all = append(all, m)
		case err := <-pc.Errors():
			return nil, err
		case <-limit:
			return nil, fmt.Errorf("%d of %d messages", len(all), count)
		}
	}
	return all, nil
}

func (s *script) keys() (any, error) {
	var batch []*sarama.ProducerMessage
	for i := range 20 {
		batch = append(batch, message(s.Topic("four"), i))
	}
	sent, err := s.send(config(), batch...)
	if err != nil {
		return nil, err
	}
	all := []string{}
	for p := range int32(4) {
		end, err := s.client.GetOffset(s.Topic("four"), p, sarama.OffsetNewest)
		if err != nil {
			return nil, err
		}
		messages, err := s.read(s.Topic("four"), p, sarama.OffsetOldest, int(end))
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			all = append(all, shown(m))
		}
	}
	return []any{sent, all}, nil
}

func (s *script) headers() (any, error) {
	m := message(s.Topic("one"), 0)
	m.Headers = []sarama.RecordHeader{{Key: []byte("a"), Value: []byte("1")}, {Key: []byte("a"), Value: []byte("2")}, {Key: []byte("empty"), Value: []byte{}}, {Key: []byte("null")}}
	if _, err := s.send(config(), m); err != nil {
		return nil, err
	}
	messages, err := s.read(s.Topic("one"), 0, 0, 1)
	if err != nil {
		return nil, err
	}
	return shown(messages[0]), nil
}

func (s *script) codec(codec string) (any, error) {
	topic := s.Topic("codec-" + codec)
	if err := s.create("codec-"+codec, 1, 1); err != nil {
		return nil, err
	}
	c := config()
	if err := c.Producer.Compression.UnmarshalText([]byte(codec)); err != nil {
		return nil, err
	}
	c.Producer.Flush.Messages = 100
	var batch []*sarama.ProducerMessage
	for i := range 100 {
		batch = append(batch, message(topic, i))
	}
	sent, err := s.send(c, batch...)
	if err != nil {
		return nil, err
	}
	messages, err := s.read(topic, 0, 0, 100)
	if err != nil {
		return nil, err
	}
	return []any{sent[0], sent[99], shown(messages[0]), shown(messages[99])}, nil
}

func (s *script) callbacks() (any, error) {
	producer, err := sarama.NewAsyncProducer([]string{s.Bootstrap}, config())
	if err != nil {
		return nil, err
	}
	go func() {
		for i := range 50 {
			producer.Input() <- message(s.Topic("one"), i)
		}
	}()
	var offsets []int64
	for range 50 {
		select {
		case m := <-producer.Successes():
			offsets = append(offsets, m.Offset)
		case e := <-producer.Errors():
			return nil, e
		case <-time.After(steps.Limit):
			return nil, errors.New("a callback is missing")
		}
	}
	return offsets, producer.Close()
}

func (s *script) large() (any, error) {
	if err := s.create("large", 1, 1); err != nil {
		return nil, err
	}
	sarama.MaxRequestSize, sarama.MaxResponseSize = 2*steps.Large, 2*steps.Large
	c := config()
	c.Producer.MaxMessageBytes = 104857600
	value := steps.LargeValue()
	sent, err := s.send(c, &sarama.ProducerMessage{Topic: s.Topic("large"), Value: sarama.ByteEncoder(value), Timestamp: time.UnixMilli(steps.Timestamp)})
	if err != nil {
		return nil, err
	}
	messages, err := s.read(s.Topic("large"), 0, 0, 1)
	if err != nil {
		return nil, err
	}
	return []any{sent, steps.Digest(messages[0].Value), slices.Equal(value, messages[0].Value)}, nil
}
