package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/gregor-stream/gregor/test/clients/steps"
)

// member is a reader in a group.
func (s *script) member(group, topic string, edit func(*kafka.ReaderConfig)) *kafka.Reader {
	c := kafka.ReaderConfig{
		Brokers: []string{s.Bootstrap}, GroupID: s.Topic(group), Topic: s.Topic(topic), StartOffset: kafka.FirstOffset,
		MaxWait: 200 * time.Millisecond, SessionTimeout: 6 * time.Second, HeartbeatInterval: 200 * time.Millisecond,
		JoinGroupBackoff: 100 * time.Millisecond,
	}
	if edit != nil {
		edit(&c)
	}
	return kafka.NewReader(c)
}

// consumeGroup reads count messages as the only member; reading commits.
func (s *script) consumeGroup(group, topic string, count int, edit func(*kafka.ReaderConfig)) ([]kafka.Message, error) {
	return s.take(s.member(group, topic, edit), count)
}

func (s *script) latest() (any, error) {
	r := s.reader("one", 0, 1<<20)
	if err := r.SetOffset(kafka.LastOffset); err != nil {
		return nil, err
	}
	var value string
	err := steps.Until("late message", func() (bool, error) { // the position may be taken a moment later
		if err := s.send(s.writer("one"), kafka.Message{Value: []byte("late")}); err != nil {
			return false, err
		}
		ctx, cancel := context.WithTimeout(s.ctx, time.Second)
		defer cancel()
		m, err := r.ReadMessage(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			return false, nil
		}
		value = string(m.Value)
		return err == nil && m.Offset >= 51, err
	})
	return value, errors.Join(err, r.Close())
}

func (s *script) committed(group, topic string, partitions ...int) ([]string, error) {
	resp, err := s.client.OffsetFetch(s.ctx, &kafka.OffsetFetchRequest{GroupID: s.Topic(group), Topics: map[string][]int{s.Topic(topic): partitions}})
	if err != nil {
		return nil, err
	}
	var all []string
	for _, p := range resp.Topics[s.Topic(topic)] {
		all = append(all, fmt.Sprintf("%d %d %q %v", p.Partition, p.CommittedOffset, p.Metadata, p.Error))
	}
	slices.Sort(all)
	return all, errors.Join(resp.Error)
}

func (s *script) manualCommit() (any, error) {
	r := s.member("manual", "one", nil)
	ctx, cancel := context.WithTimeout(s.ctx, steps.Limit)
	defer cancel()
	for range 7 {
		m, err := r.FetchMessage(ctx)
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		if m.Offset == 6 {
			if err := r.CommitMessages(ctx, m); err != nil {
				return nil, errors.Join(err, r.Close())
			}
		}
	}
	if err := r.Close(); err != nil {
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
	return []any{found, messages[0].Offset}, nil
}

func (s *script) autoCommit() (any, error) {
	if _, err := s.consumeGroup("auto", "four", 20, func(c *kafka.ReaderConfig) { c.CommitInterval = 100 * time.Millisecond }); err != nil {
		return nil, err
	}
	return s.committed("auto", "four", 0, 1, 2, 3)
}

func (s *script) seek() (any, error) {
	at := time.UnixMilli(steps.Timestamp + 10)
	ends, err := s.ends("four", 4)
	if err != nil {
		return nil, err
	}
	var found []int64
	var keys []string
	for p, end := range ends {
		r := s.reader("four", p, 1<<20)
		if err := r.SetOffsetAt(s.ctx, at); err != nil {
			return nil, errors.Join(err, r.Close())
		}
		offset := r.Offset()
		found = append(found, offset, end)
		messages, err := s.take(r, int(end-offset))
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			keys = append(keys, string(m.Key))
		}
	}
	slices.Sort(keys)
	return []any{found, keys}, nil
}

func (s *script) severalGroups() (any, error) {
	var answers []any
	for _, group := range []string{"first", "second"} {
		messages, err := s.consumeGroup(group, "four", 20, nil)
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

// rebalance watches the group through DescribeGroups: a Reader does not say
// what it is assigned, so its members' assignments are asked for.
func (s *script) rebalance() (any, error) {
	var seen []any
	await := func(members int) error {
		var counts []int
		err := steps.Until(fmt.Sprint(members, " members"), func() (bool, error) {
			resp, err := s.client.DescribeGroups(s.ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{s.Topic("two")}})
			if err != nil {
				return false, err
			}
			counts = nil
			for _, m := range resp.Groups[0].Members {
				for _, t := range m.MemberAssignments.Topics {
					counts = append(counts, len(t.Partitions))
				}
			}
			return resp.Groups[0].GroupState == "Stable" && len(counts) == members, nil
		})
		seen = append(seen, counts)
		return err
	}
	a := s.member("two", "four", nil)
	if err := await(1); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	b := s.member("two", "four", nil)
	if err := await(2); err != nil {
		return nil, errors.Join(err, b.Close(), a.Close())
	}
	err := errors.Join(b.Close(), await(1), a.Close())
	return seen, err
}

func (s *script) configs() (any, error) {
	set := func(value string) error {
		resp, err := s.client.IncrementalAlterConfigs(s.ctx, &kafka.IncrementalAlterConfigsRequest{
			Resources: []kafka.IncrementalAlterConfigsRequestResource{{
				ResourceType: kafka.ResourceTypeTopic, ResourceName: s.Topic("one"),
				Configs: []kafka.IncrementalAlterConfigsRequestConfig{{Name: "retention.ms", Value: value, ConfigOperation: kafka.ConfigOperationSet}},
			}},
		})
		if err != nil {
			return err
		}
		return resp.Resources[0].Error
	}
	if err := set("123456"); err != nil {
		return nil, err
	}
	var all []string
	err := steps.Until("configs", func() (bool, error) {
		resp, err := s.client.DescribeConfigs(s.ctx, &kafka.DescribeConfigsRequest{
			Resources: []kafka.DescribeConfigRequestResource{{ResourceType: kafka.ResourceTypeTopic, ResourceName: s.Topic("one")}},
		})
		if err != nil {
			return false, err
		}
		all = nil
		changed := false
		for _, c := range resp.Resources[0].ConfigEntries {
			all = append(all, fmt.Sprint(c.ConfigName, "=", c.ConfigValue, " ", c.ConfigSource, " ", c.ReadOnly, " ", c.IsSensitive))
			changed = changed || c.ConfigValue == "123456"
		}
		slices.Sort(all)
		return changed, resp.Resources[0].Error
	})
	return []any{all, set("x") != nil}, err
}

func (s *script) createPartitions() (any, error) {
	grow := func(count int32) error {
		resp, err := s.client.CreatePartitions(s.ctx, &kafka.CreatePartitionsRequest{Topics: []kafka.TopicPartitionsConfig{{Name: s.Topic("one"), Count: count}}})
		if err != nil {
			return err
		}
		return resp.Errors[s.Topic("one")]
	}
	if err := grow(3); err != nil {
		return nil, err
	}
	return []string{name(grow(2)), name(grow(3))}, nil
}

func (s *script) groups() (any, error) {
	listed, err := s.client.ListGroups(s.ctx, &kafka.ListGroupsRequest{})
	if err != nil {
		return nil, err
	}
	var mine []string
	for _, g := range listed.Groups {
		if s.Mine(g.GroupID) {
			mine = append(mine, g.GroupID)
		}
	}
	slices.Sort(mine)
	described, err := s.client.DescribeGroups(s.ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{s.Topic("first")}})
	if err != nil {
		return nil, err
	}
	remove := func() string {
		resp, err := s.client.DeleteGroups(s.ctx, &kafka.DeleteGroupsRequest{GroupIDs: []string{s.Topic("first")}})
		if err != nil {
			return err.Error()
		}
		return name(resp.Errors[s.Topic("first")])
	}
	return []any{mine, described.Groups[0].GroupState, len(described.Groups[0].Members), remove(), remove()}, nil
}

func (s *script) deleteTopics() (any, error) {
	remove := func(topic string) string {
		resp, err := s.client.DeleteTopics(s.ctx, &kafka.DeleteTopicsRequest{Topics: []string{s.Topic(topic)}})
		if err != nil {
			return err.Error()
		}
		return name(resp.Errors[s.Topic(topic)])
	}
	answers := []string{remove("large"), remove("codec-none"), remove("no-such")}
	err := steps.Until("deletion", func() (bool, error) {
		mine, err := s.topics()
		_, there := mine[s.Topic("large")]
		return !there, err
	})
	return answers, err
}
