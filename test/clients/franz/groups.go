package main

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/clients/steps"
)

// member is a consumer in a group.
func (s *script) member(group, topic string, opts ...kgo.Opt) *kgo.Client {
	return s.client(append([]kgo.Opt{
		kgo.ConsumerGroup(s.Topic(group)), kgo.ConsumeTopics(s.Topic(topic)), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.SessionTimeout(6 * time.Second), kgo.HeartbeatInterval(200 * time.Millisecond),
	}, opts...)...)
}

func (s *script) earliest() (any, error) {
	cl := s.member("earliest", "four")
	defer cl.Close()
	records, err := s.read(cl, 20)
	return places(records), err
}

func (s *script) latest() (any, error) {
	cl := s.direct(s.Topic("one"), kgo.NewOffset().AtEnd(), 0)
	defer cl.Close()
	producer := s.client()
	defer producer.Close()
	var got []*kgo.Record
	err := steps.Until("late record", func() (bool, error) { // the position may be taken a moment later
		if err := producer.ProduceSync(s.ctx, &kgo.Record{Topic: s.Topic("one"), Value: []byte("late")}).FirstErr(); err != nil {
			return false, err
		}
		records, err := s.read(cl, 1)
		got = records
		return len(records) > 0, err
	})
	if err != nil {
		return nil, err
	}
	return []any{string(got[0].Value), got[0].Offset >= 51}, nil
}

func (s *script) committed(group string) ([]string, error) {
	offsets, err := s.adm.FetchOffsets(s.ctx, s.Topic(group))
	var all []string
	for _, o := range offsets.Sorted() {
		all = append(all, fmt.Sprintf("%d %d %q", o.Partition, o.At, o.Metadata))
	}
	return all, err
}

func (s *script) manualCommit() (any, error) {
	cl := s.member("manual", "one")
	if _, err := s.read(cl, 10); err != nil {
		return nil, err
	}
	cl.Close()
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: s.Topic("one"), Partition: 0, At: 7, LeaderEpoch: -1, Metadata: "note"})
	if err := s.adm.CommitAllOffsets(s.ctx, s.Topic("manual"), offsets); err != nil {
		return nil, err
	}
	found, err := s.committed("manual")
	if err != nil {
		return nil, err
	}
	cl = s.member("manual", "one")
	defer cl.Close()
	records, err := s.read(cl, 1)
	if err != nil {
		return nil, err
	}
	if err := cl.CommitRecords(s.ctx, records[0]); err != nil {
		return nil, err
	}
	after, err := s.committed("manual")
	return []any{found, records[0].Offset, after}, err
}

func (s *script) autoCommit() (any, error) {
	cl := s.client(kgo.ConsumerGroup(s.Topic("auto")), kgo.ConsumeTopics(s.Topic("four")),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.AutoCommitInterval(100*time.Millisecond))
	defer cl.Close()
	if _, err := s.read(cl, 20); err != nil {
		return nil, err
	}
	var found []string
	err := steps.Until("automatic commit", func() (bool, error) {
		cl.PollFetches(canceled(s.ctx))
		var err error
		found, err = s.committed("auto")
		return len(found) == 4, err
	})
	return found, err
}

func (s *script) seek() (any, error) {
	found, err := s.adm.ListOffsetsAfterMilli(s.ctx, steps.Timestamp+10, s.Topic("four"))
	if err != nil {
		return nil, err
	}
	beyond, err := s.adm.ListOffsetsAfterMilli(s.ctx, steps.Timestamp+10000000, s.Topic("four"))
	if err != nil {
		return nil, err
	}
	newest, err := s.adm.ListMaxTimestampOffsets(s.ctx, s.Topic("four"))
	if err != nil {
		return nil, err
	}
	cl := s.direct(s.Topic("four"), kgo.NewOffset().AfterMilli(steps.Timestamp+10), 0, 1, 2, 3)
	defer cl.Close()
	records, err := s.read(cl, 10)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, r := range records {
		keys = append(keys, string(r.Key))
	}
	slices.Sort(keys)
	list := func(offsets kadm.ListedOffsets) (all []string) {
		for p := range int32(4) {
			o, _ := offsets.Lookup(s.Topic("four"), p)
			all = append(all, fmt.Sprint(o.Offset, " at ", o.Timestamp))
		}
		return all
	}
	return []any{list(found), list(beyond), list(newest), keys}, nil
}

func (s *script) severalGroups() (any, error) {
	var answers []any
	for _, group := range []string{"first", "second"} {
		cl := s.member(group, "four")
		records, err := s.read(cl, 20)
		if err != nil {
			return nil, err
		}
		if err := cl.CommitUncommittedOffsets(s.ctx); err != nil {
			return nil, err
		}
		found, err := s.committed(group)
		if err != nil {
			return nil, err
		}
		answers = append(answers, places(records), found)
		cl.Close()
	}
	return answers, nil
}

// owner counts what a member is assigned, by callbacks.
type owner struct {
	mu   sync.Mutex
	have map[int32]bool
}

func (o *owner) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.have)
}

func (o *owner) set(partitions map[string][]int32, have bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, ps := range partitions {
		for _, p := range ps {
			if have {
				o.have[p] = true
			} else {
				delete(o.have, p)
			}
		}
	}
}

func (s *script) rebalance() (any, error) {
	var answers []any
	for _, balancer := range []kgo.GroupBalancer{kgo.CooperativeStickyBalancer(), kgo.RangeBalancer()} {
		counts, err := s.rebalanceWith(balancer)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", balancer.ProtocolName(), err)
		}
		answers = append(answers, balancer.ProtocolName(), counts)
	}
	return answers, nil
}
