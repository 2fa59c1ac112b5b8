package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/gregor-stream/gregor/test/clients/steps"
)

// handler passes on what a group member is given and keeps its claims.
type handler struct {
	messages chan *sarama.ConsumerMessage
	mark     bool

	mu     sync.Mutex
	claims []int32
}

func (h *handler) Setup(session sarama.ConsumerGroupSession) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.claims = nil
	for _, partitions := range session.Claims() {
		h.claims = append(h.claims, partitions...)
	}
	return nil
}

func (h *handler) Cleanup(sarama.ConsumerGroupSession) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.claims = nil
	return nil
}

func (h *handler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for m := range claim.Messages() {
		select {
		case h.messages <- m:
		case <-session.Context().Done():
			return nil
		}
		if h.mark {
			session.MarkMessage(m, "marked")
		}
	}
	return nil
}

func (h *handler) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.claims)
}

// member joins a group in the background; stop leaves it.
func (s *script) member(group, topic string, mark bool, edit func(*sarama.Config)) (*handler, func() error, error) {
	c := config()
	if edit != nil {
		edit(c)
	}
	g, err := sarama.NewConsumerGroup([]string{s.Bootstrap}, s.Topic(group), c)
	if err != nil {
		return nil, nil, err
	}
	h := &handler{messages: make(chan *sarama.ConsumerMessage, 1000), mark: mark}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for range g.Errors() { // a rebalance shows itself here
		}
	}()
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil && !errors.Is(g.Consume(ctx, []string{s.Topic(topic)}, h), sarama.ErrClosedConsumerGroup) {
		}
	})
	return h, func() error {
		cancel()
		wg.Wait()
		return g.Close()
	}, nil
}

// consumeGroup reads count messages as the only member of a group.
func (s *script) consumeGroup(group, topic string, count int, edit func(*sarama.Config)) ([]*sarama.ConsumerMessage, error) {
	h, stop, err := s.member(group, topic, edit != nil, edit)
	if err != nil {
		return nil, err
	}
	var all []*sarama.ConsumerMessage
	limit := time.After(steps.Limit)
	for len(all) < count {
		select {
		case m := <-h.messages:
			all = append(all, m)
		case <-limit:
			return nil, errors.Join(fmt.Errorf("%d of %d messages", len(all), count), stop())
		}
	}
	return sorted(all), stop()
}

func (s *script) latest() (any, error) {
	consumer, err := sarama.NewConsumer([]string{s.Bootstrap}, config())
	if err != nil {
		return nil, err
	}
	defer func() { _ = consumer.Close() }()
	pc, err := consumer.ConsumePartition(s.Topic("one"), 0, sarama.OffsetNewest)
	if err != nil {
		return nil, err
	}
	defer func() { _ = pc.Close() }()
	sent, err := s.send(config(), &sarama.ProducerMessage{Topic: s.Topic("one"), Value: sarama.StringEncoder("late")})
	if err != nil {
		return nil, err
	}
	select {
	case m := <-pc.Messages():
		return []any{sent, m.Offset, string(m.Value)}, nil
	case <-time.After(steps.Limit):
		return nil, errors.New("no message")
	}
}

func (s *script) committed(group, topic string, partitions ...int32) ([]string, error) {
	resp, err := s.adm.ListConsumerGroupOffsets(s.Topic(group), map[string][]int32{s.Topic(topic): partitions})
	if err != nil {
		return nil, err
	}
	var all []string
	for _, p := range partitions {
		b := resp.GetBlock(s.Topic(topic), p)
		if b == nil {
			return nil, fmt.Errorf("no block for partition %d", p)
		}
		all = append(all, fmt.Sprintf("%d %d %q %d", p, b.Offset, b.Metadata, int16(b.Err)))
	}
	return all, nil
}

func (s *script) manualCommit() (any, error) {
	manager, err := sarama.NewOffsetManagerFromClient(s.Topic("manual"), s.client)
	if err != nil {
		return nil, err
	}
	pm, err := manager.ManagePartition(s.Topic("one"), 0)
	if err != nil {
		return nil, err
	}
	before, _ := pm.NextOffset()
	pm.MarkOffset(7, "note")
	manager.Commit()
	if err := errors.Join(pm.Close(), manager.Close()); err != nil {
		return nil, err
	}
	found, err := s.committed("manual", "one", 0)
	if err != nil {
		return nil, err
	}
	messages, err := s.consumeGroup("manual", "one", 1, nil)
	if err != nil {
		return nil, err
	}
	return []any{before, found, messages[0].Offset}, nil
}

func (s *script) autoCommit() (any, error) {
	if _, err := s.consumeGroup("auto", "four", 20, func(c *sarama.Config) {
		c.Consumer.Offsets.AutoCommit.Enable = true
		c.Consumer.Offsets.AutoCommit.Interval = 100 * time.Millisecond
	}); err != nil {
		return nil, err
	}
	return s.committed("auto", "four", 0, 1, 2, 3)
}

func (s *script) seek() (any, error) {
	var found []int64
	var keys []string
	for p := range int32(4) {
		at, err := s.client.GetOffset(s.Topic("four"), p, steps.Timestamp+10)
		if err != nil {
			return nil, err
		}
		end, err := s.client.GetOffset(s.Topic("four"), p, sarama.OffsetNewest)
		if err != nil {
			return nil, err
		}
		found = append(found, at, end)
		if at < 0 {
			continue
		}
		messages, err := s.read(s.Topic("four"), p, at, int(end-at))
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			keys = append(keys, string(m.Key))
		}
	}
	beyond, err := s.client.GetOffset(s.Topic("four"), 0, steps.Timestamp+10000000)
	slices.Sort(keys)
	return []any{found, beyond, keys}, err
}

func (s *script) severalGroups() (any, error) {
	var answers []any
	for _, group := range []string{"first", "second"} {
		messages, err := s.consumeGroup(group, "four", 20, func(*sarama.Config) {})
		if err != nil {
			return nil, err
		}
		found, err := s.committed(group, "four", 0, 1, 2, 3)
		if err != nil {
			return nil, err
		}
		answers = append(answers, places(messages), found)
	}
	return answers, nil
}

func (s *script) rebalance() (any, error) {
	var counts []int
	await := func(want int, handlers ...*handler) error {
		err := steps.Until(fmt.Sprint(want, " partitions each"), func() (bool, error) {
			for _, h := range handlers {
				if h.count() != want {
					return false, nil
				}
			}
			return true, nil
		})
		for _, h := range handlers {
			counts = append(counts, h.count())
		}
		return err
	}
	a, stopA, err := s.member("two", "four", false, nil)
	if err != nil {
		return nil, err
	}
	if err := await(4, a); err != nil {
		return nil, errors.Join(err, stopA())
	}
	b, stopB, err := s.member("two", "four", false, nil)
	if err != nil {
		return nil, errors.Join(err, stopA())
	}
	if err := await(2, a, b); err != nil {
		return nil, errors.Join(err, stopB(), stopA())
	}
	err = errors.Join(stopB(), await(4, a), stopA())
	return counts, err
}
