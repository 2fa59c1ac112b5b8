package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/IBM/sarama"

	"github.com/gregor-stream/gregor/test/clients/steps"
)

// admin is what operators do.
func (s *script) admin() {
	s.Step("configs", s.configs)
	s.Step("create partitions", func() (any, error) {
		grow := func(count int32) error { return s.adm.CreatePartitions(s.Topic("one"), count, nil, false) }
		if err := grow(3); err != nil {
			return nil, err
		}
		return []string{name(grow(2)), name(grow(3))}, nil
	})
	s.Step("delete records", func() (any, error) {
		remove := func(to int64) error { return s.adm.DeleteRecords(s.Topic("codec-gzip"), map[int32]int64{0: to}) }
		if err := remove(40); err != nil {
			return nil, err
		}
		start, err := s.client.GetOffset(s.Topic("codec-gzip"), 0, sarama.OffsetOldest)
		return []any{start, remove(4000) != nil}, err
	})
	s.Step("groups", s.groups)
	s.Step("cluster", func() (any, error) {
		brokers, controller, err := s.adm.DescribeCluster()
		var ids []int32
		for _, b := range brokers {
			ids = append(ids, b.ID())
		}
		return []any{ids, controller}, err
	})
	s.Step("log directories", s.logDirs)
	s.Step("delete topics", func() (any, error) {
		answers := []string{
			name(s.adm.DeleteTopic(s.Topic("large"))), name(s.adm.DeleteTopic(s.Topic("codec-none"))), name(s.adm.DeleteTopic(s.Topic("no-such"))),
		}
		err := steps.Until("deletion", func() (bool, error) {
			topics, err := s.adm.ListTopics()
			_, there := topics[s.Topic("large")]
			return !there, err
		})
		return answers, err
	})
}

func (s *script) configs() (any, error) {
	set := func(value string) error {
		return s.adm.IncrementalAlterConfig(sarama.TopicResource, s.Topic("one"), map[string]sarama.IncrementalAlterConfigsEntry{
			"retention.ms": {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &value},
		}, false)
	}
	if err := set("123456"); err != nil {
		return nil, err
	}
	var all []string
	err := steps.Until("configs", func() (bool, error) {
		entries, err := s.adm.DescribeConfig( //nolint:staticcheck // what programs use today
			sarama.ConfigResource{Type: sarama.TopicResource, Name: s.Topic("one")})
		all = nil
		for _, e := range entries {
			all = append(all, fmt.Sprint(e.Name, "=", e.Value, " ", e.Source, " ", e.Default, " ", e.ReadOnly, " ", e.Sensitive))
		}
		slices.Sort(all)
		return strings.Contains(strings.Join(all, " "), "123456"), err
	})
	return []any{all, name(set("x"))}, err
}

func (s *script) groups() (any, error) {
	listed, err := s.adm.ListConsumerGroups()
	if err != nil {
		return nil, err
	}
	var mine []string
	for group, kind := range listed {
		if s.Mine(group) {
			mine = append(mine, group+" "+kind)
		}
	}
	slices.Sort(mine)
	described, err := s.adm.DescribeConsumerGroups([]string{s.Topic("first")})
	if err != nil {
		return nil, err
	}
	remove := func() string { return name(s.adm.DeleteConsumerGroup(s.Topic("first"))) }
	return []any{mine, described[0].State, described[0].ProtocolType, remove(), remove()}, nil
}

func (s *script) logDirs() (any, error) {
	dirs, err := s.adm.DescribeLogDirs([]int32{1})
	if err != nil {
		return nil, err
	}
	var sizes []string
	for _, d := range dirs[1] {
		for _, t := range d.Topics {
			for _, p := range t.Partitions {
				if t.Topic == s.Topic("codec-none") {
					sizes = append(sizes, fmt.Sprint(p.PartitionID, " ", p.Size, " ", p.OffsetLag))
				}
			}
		}
	}
	return sizes, nil
}
