// Command sarama-old is IBM/sarama's script of the table of old clients: it takes
// the broker for one of an old version. Kind: test
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"github.com/gregor-stream/gregor/test/clients/steps"
)

type script struct {
	*steps.List
	version sarama.KafkaVersion
}

func main() {
	s := &script{List: steps.FromArgs()}
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: BOOTSTRAP PREFIX VERSION")
		os.Exit(2)
	}
	var err error
	if s.version, err = sarama.ParseKafkaVersion(os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	codecs := steps.Codecs()[:4]
	for _, codec := range codecs {
		if codec == "lz4" && !s.version.IsAtLeast(sarama.V0_10_0_0) {
			s.Cannot("produce lz4", "sarama packs by lz4 for Kafka 0.10 and later only")
			continue
		}
		s.Step("produce "+codec, func() (any, error) { return s.produce(codec) })
	}
	s.Step("nulls", s.nulls)
	s.Step("without acknowledgement", s.noAcks)
	for _, codec := range codecs {
		if codec == "lz4" && !s.version.IsAtLeast(sarama.V0_10_0_0) {
			s.Cannot("fetch new lz4", "sarama does not read lz4 as the first message format has it (KAFKA-3160)")
			continue
		}
		s.Step("fetch new "+codec, func() (any, error) { return s.all("new-"+codec, 60, s.config()) })
	}
	s.Step("begin in the middle", s.middle)
	s.Step("many, in small pieces", func() (any, error) {
		c := s.config()
		c.Consumer.Fetch.Default = 16384
		return s.all("many", 5000, c)
	})
	s.Step("transactions", s.transactions)
	s.Step("ends", s.ends)
	s.Step("commits", s.commits)
	s.Cannot("group", "sarama has groups with members for Kafka 0.10.2 and later; the other clients prove it")
}

func (s *script) config() *sarama.Config {
	c := sarama.NewConfig()
	c.Version = s.version
	c.ApiVersionsRequest = false
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Producer.Return.Successes = true
	c.Consumer.Return.Errors = true
	c.Metadata.Retry.Backoff = 50 * time.Millisecond
	return c
}

func (s *script) send(topic string, c *sarama.Config, messages ...*sarama.ProducerMessage) ([]int64, error) {
	producer, err := sarama.NewSyncProducer([]string{s.Bootstrap}, c)
	if err != nil {
		return nil, err
	}
	for _, m := range messages {
		m.Topic, m.Timestamp = s.Topic(topic), time.UnixMilli(steps.Timestamp)
	}
	if err := errors.Join(producer.SendMessages(messages), producer.Close()); err != nil {
		return nil, err
	}
	var offsets []int64
	for _, m := range messages {
		offsets = append(offsets, m.Offset)
	}
	return offsets, nil
}

func (s *script) produce(codec string) (any, error) {
	c := s.config()
	if err := c.Producer.Compression.UnmarshalText([]byte(codec)); err != nil {
		return nil, err
	}
	c.Producer.Flush.Messages, c.Producer.Flush.Frequency = 100, 100*time.Millisecond
	var messages []*sarama.ProducerMessage
	for i := range 100 {
		messages = append(messages, &sarama.ProducerMessage{
			Key: sarama.StringEncoder(fmt.Sprintf("k%d", i)), Value: sarama.StringEncoder(strings.Repeat("v", i)),
		})
	}
	offsets, err := s.send("codec-"+codec, c, messages...)
	if err != nil {
		return nil, err
	}
	read, err := s.all("codec-"+codec, 100, s.config())
	return []any{offsets, read}, err
}

func (s *script) nulls() (any, error) {
	if _, err := s.send("nulls", s.config(),
		&sarama.ProducerMessage{Key: sarama.StringEncoder("key")},
		&sarama.ProducerMessage{Value: sarama.StringEncoder("value")},
		&sarama.ProducerMessage{Key: sarama.StringEncoder(""), Value: sarama.StringEncoder("")},
	); err != nil {
		return nil, err
	}
	messages, err := s.read("nulls", 0, 3, s.config())
	return shown(messages), err
}

func (s *script) noAcks() (any, error) {
	c := s.config()
	c.Producer.RequiredAcks = sarama.NoResponse
	var messages []*sarama.ProducerMessage
	for i := range 10 {
		messages = append(messages, &sarama.ProducerMessage{Value: sarama.StringEncoder(fmt.Sprint(i))})
	}
	if _, err := s.send("acks-none", c, messages...); err != nil {
		return nil, err
	}
	read, err := s.read("acks-none", 0, 10, s.config())
	return shown(read), err
}

// read reads so many messages of partition 0.
func (s *script) read(topic string, from int64, count int, c *sarama.Config) ([]*sarama.ConsumerMessage, error) {
	consumer, err := sarama.NewConsumer([]string{s.Bootstrap}, c)
	if err != nil {
		return nil, err
	}
	defer consumer.Close() //nolint:errcheck // what it read is what counts
	part, err := consumer.ConsumePartition(s.Topic(topic), 0, from)
	if err != nil {
		return nil, err
	}
	defer part.Close() //nolint:errcheck // the same
	limit := time.After(steps.Limit)
	var messages []*sarama.ConsumerMessage
	for len(messages) < count {
		select {
		case m := <-part.Messages():
			messages = append(messages, m)
		case err := <-part.Errors():
			return messages, err
		case <-limit:
			return messages, fmt.Errorf("%d of %d messages", len(messages), count)
		}
	}
	return messages, nil
}

func shown(messages []*sarama.ConsumerMessage) []string {
	var all []string
	for _, m := range messages {
		stamp := "none"
		if !m.Timestamp.IsZero() {
			stamp = fmt.Sprint(m.Timestamp.UnixMilli())
		}
		all = append(all, fmt.Sprintf("%d %s %q %v %q %v", m.Offset, stamp, m.Key, m.Key == nil, m.Value, m.Value == nil))
	}
	return all
}

func (s *script) all(topic string, count int, c *sarama.Config) (any, error) {
	messages, err := s.read(topic, 0, count, c)
	if err != nil {
		return nil, err
	}
	lines := shown(messages)
	return []any{len(lines), lines[len(lines)-1], steps.Digest([]byte(strings.Join(lines, "\n")))}, nil
}

func (s *script) middle() (any, error) {
	var all []string
	for _, codec := range steps.Codecs()[:3] {
		messages, err := s.read("new-"+codec, 27, 1, s.config())
		if err != nil {
			return nil, err
		}
		all = append(all, shown(messages)[0])
	}
	return all, nil
}

// transactions reads each record once: Kafka 3.9 sends what follows a marker
// twice, so that two more may come.
func (s *script) transactions() (any, error) {
	found := map[int64]bool{}
	var each []*sarama.ConsumerMessage
	for count := 9; len(each) < 9 && count <= 9+4; count += 2 {
		messages, err := s.read("txn", 0, count, s.config())
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			if !found[m.Offset] {
				found[m.Offset] = true
				each = append(each, m)
			}
		}
	}
	return shown(each), nil
}

func (s *script) ends() (any, error) {
	client, err := sarama.NewClient([]string{s.Bootstrap}, s.config())
	if err != nil {
		return nil, err
	}
	defer client.Close() //nolint:errcheck // it only asked
	oldest, err := client.GetOffset(s.Topic("many"), 0, sarama.OffsetOldest)
	if err != nil {
		return nil, err
	}
	newest, err := client.GetOffset(s.Topic("many"), 0, sarama.OffsetNewest)
	return []int64{oldest, newest}, err
}

// commits commits for a group without members, and asks again.
func (s *script) commits() (any, error) {
	next := func(mark int64) (int64, string, error) {
		client, err := sarama.NewClient([]string{s.Bootstrap}, s.config())
		if err != nil {
			return 0, "", err
		}
		defer client.Close() //nolint:errcheck // it only asked
		offsets, err := sarama.NewOffsetManagerFromClient(s.Topic("commits"), client)
		if err != nil {
			return 0, "", err
		}
		part, err := offsets.ManagePartition(s.Topic("many"), 0)
		if err != nil {
			return 0, "", err
		}
		offset, about := part.NextOffset()
		if mark > 0 {
			part.MarkOffset(mark, "about it")
		}
		return offset, about, errors.Join(part.Close(), offsets.Close())
	}
	before, _, err := next(1234)
	if err != nil {
		return nil, err
	}
	offset, about, err := next(0)
	return []any{before, offset, about}, err
}
