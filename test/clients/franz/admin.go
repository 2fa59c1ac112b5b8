package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/clients/steps"
)

// canceled is a context in which a poll returns what is there.
func canceled(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

func (s *script) rebalanceWith(balancer kgo.GroupBalancer) (any, error) {
	group := "two-" + balancer.ProtocolName()
	join := func() (*kgo.Client, *owner) {
		o := &owner{have: map[int32]bool{}}
		return s.member(group, "four", kgo.Balancers(balancer),
			kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, m map[string][]int32) { o.set(m, true) }),
			kgo.OnPartitionsRevoked(func(_ context.Context, _ *kgo.Client, m map[string][]int32) { o.set(m, false) }),
			kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, m map[string][]int32) { o.set(m, false) })), o
	}
	var counts []int
	await := func(want int, owners ...*owner) error {
		err := steps.Until(fmt.Sprint(want, " partitions each"), func() (bool, error) {
			for _, o := range owners {
				if o.count() != want {
					return false, nil
				}
			}
			return true, nil
		})
		for _, o := range owners {
			counts = append(counts, o.count())
		}
		return err
	}
	a, ownA := join()
	defer a.Close()
	if err := await(4, ownA); err != nil {
		return nil, err
	}
	b, ownB := join()
	if err := await(2, ownA, ownB); err != nil {
		b.Close()
		return nil, err
	}
	b.Close()
	return counts, func() error { err := await(4, ownA); return err }()
}

// admin is what operators do.
func (s *script) admin() {
	s.Step("configs", s.configs)
	s.Step("create partitions", s.createPartitions)
	s.Step("delete records", s.deleteRecords)
	s.Step("groups", s.groups)
	s.Step("cluster", func() (any, error) {
		m, err := s.adm.BrokerMetadata(s.ctx)
		return []any{m.Brokers.NodeIDs(), m.Controller, m.Cluster != ""}, err
	})
	s.Step("log directories", s.logDirs)
	s.Step("delete topics", s.deleteTopics)
}

func (s *script) configs() (any, error) {
	set := func(value string) error {
		resp, err := s.adm.AlterTopicConfigs(s.ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: &value}}, s.Topic("one"))
		if err != nil {
			return err
		}
		return resp[0].Err
	}
	if err := set("123456"); err != nil {
		return nil, err
	}
	var all []string
	err := steps.Until("configs", func() (bool, error) {
		found, err := s.adm.DescribeTopicConfigs(s.ctx, s.Topic("one"))
		if err != nil {
			return false, err
		}
		all = nil
		for _, c := range found[0].Configs {
			all = append(all, fmt.Sprint(c.Key, "=", c.MaybeValue(), " ", c.Source))
		}
		slices.Sort(all)
		return strings.Contains(strings.Join(all, " "), "123456"), nil
	})
	return []any{all, name(set("x"))}, err
}

func (s *script) createPartitions() (any, error) {
	grow := func(n int) error {
		resp, err := s.adm.UpdatePartitions(s.ctx, n, s.Topic("one"))
		if err != nil {
			return err
		}
		return resp[s.Topic("one")].Err
	}
	if err := grow(3); err != nil {
		return nil, err
	}
	return []string{name(grow(2)), name(grow(3))}, nil
}

func (s *script) deleteRecords() (any, error) {
	to := func(at int64) (int64, error) {
		var offsets kadm.Offsets
		offsets.Add(kadm.Offset{Topic: s.Topic("codec-gzip"), Partition: 0, At: at})
		resp, err := s.adm.DeleteRecords(s.ctx, offsets)
		if err != nil {
			return 0, err
		}
		r, _ := resp.Lookup(s.Topic("codec-gzip"), 0)
		return r.LowWatermark, r.Err
	}
	low, err := to(40)
	if err != nil {
		return nil, err
	}
	start, err := s.adm.ListStartOffsets(s.ctx, s.Topic("codec-gzip"))
	o, _ := start.Lookup(s.Topic("codec-gzip"), 0)
	_, beyond := to(4000)
	return []any{low, o.Offset, name(beyond)}, err
}

func (s *script) groups() (any, error) {
	listed, err := s.adm.ListGroups(s.ctx)
	if err != nil {
		return nil, err
	}
	var mine []string
	for _, g := range listed.Sorted() {
		if s.Mine(g.Group) {
			mine = append(mine, g.Group+" "+g.ProtocolType)
		}
	}
	described, err := s.adm.DescribeGroups(s.ctx, s.Topic("first"))
	if err != nil {
		return nil, err
	}
	first := described[s.Topic("first")]
	remove := func() string {
		resp, err := s.adm.DeleteGroups(s.ctx, s.Topic("first"))
		if err != nil {
			return err.Error()
		}
		return name(resp[s.Topic("first")].Err)
	}
	return []any{mine, first.State, first.ProtocolType, remove(), remove()}, nil
}

func (s *script) logDirs() (any, error) {
	dirs, err := s.adm.DescribeAllLogDirs(s.ctx, nil)
	if err != nil {
		return nil, err
	}
	var sizes []string
	for _, broker := range dirs {
		for _, p := range broker.SortedPartitions() {
			if p.Topic == s.Topic("codec-none") {
				sizes = append(sizes, fmt.Sprint(p.Partition, " ", p.Size, " ", p.OffsetLag, " ", p.IsFuture))
			}
		}
	}
	return sizes, nil
}

func (s *script) deleteTopics() (any, error) {
	remove := func(topic string) string {
		resp, err := s.adm.DeleteTopics(s.ctx, s.Topic(topic))
		if err != nil {
			return err.Error()
		}
		return name(resp[s.Topic(topic)].Err)
	}
	answers := []string{remove("large"), remove("codec-none"), remove("no-such")}
	err := steps.Until("deletion", func() (bool, error) {
		topics, err := s.adm.ListTopics(s.ctx)
		return !topics.Has(s.Topic("large")), err
	})
	return answers, err
}
