package verify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// debugging is the replica id of one who reads from any replica as a consumer
// does (FetchRequest.DEBUGGING_CONSUMER_ID).
const debugging = -2

// fetchMost bounds one answer of a broker, in bytes. A partition that does not
// fit has its turn when those before it have nothing new.
const fetchMost = 50 << 20

// after is how long the fetches pause when a broker did not answer.
const after = 200 * time.Millisecond

// given is what one broker answered.
type given struct {
	broker   int32
	answers  map[partition]answer
	problems []string // a line each
}

// watch fetches from all brokers at once and compares what they gave, until ctx
// ends or the replicas differ in more than checksums.
func (b *comparison) watch(ctx context.Context, c *kgo.Client) error {
	said := make(map[string]bool) // problems are told once
	for ctx.Err() == nil {
		trouble := false
		for _, g := range b.fetch(ctx, c) {
			for p, a := range g.answers {
				b.partitions[p].answers[g.broker] = a
			}
			for _, line := range g.problems {
				trouble = true
				if !said[line] && ctx.Err() == nil && len(said) < problemsMost {
					said[line] = true
					b.run.env.Warnf("%s", line)
				}
			}
		}
		if ctx.Err() != nil {
			break
		}
		now := time.Now()
		if err := b.compare(now); err != nil {
			return err
		}
		b.report(now)
		if trouble {
			pause(ctx, after)
		}
	}
	b.compared()
	return command.Fail(ctx.Err())
}

// compared says how far it came when the user ended it.
func (b *comparison) compared() {
	batches := int64(0)
	for _, p := range b.partitions {
		batches += p.batches
	}
	b.run.env.Warnf("interrupted: %d batches of %d partitions were compared; the greatest lag is %d", batches, len(b.partitions), max(b.lag.records, 0))
}

// problemsMost bounds how many different problems are told.
const problemsMost = 1000

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// fetch asks all brokers for what comes next. One that does not answer has
// nothing: the comparison of its partitions waits for it.
func (b *comparison) fetch(ctx context.Context, c *kgo.Client) []given {
	brokers := slices.Sorted(maps.Keys(b.brokers))
	all := make([]given, len(brokers))
	var wait sync.WaitGroup
	for i, id := range brokers {
		wait.Go(func() { all[i] = b.fetchFrom(ctx, c, id) })
	}
	wait.Wait()
	return all
}

func (b *comparison) fetchFrom(ctx context.Context, c *kgo.Client, id int32) given {
	g := given{broker: id, answers: make(map[partition]answer)}
	for _, p := range b.brokers[id] {
		g.answers[p] = answer{highWatermark: -1}
	}
	resp, err := c.Broker(int(id)).Request(ctx, b.request(id))
	if err != nil {
		g.problems = append(g.problems, fmt.Sprintf("broker %d does not answer: %v; its replicas are compared when it does", id, err))
		return g
	}
	fetched, ok := resp.(*kmsg.FetchResponse)
	if !ok {
		panic(fmt.Sprintf("a fetch was answered by %T", resp)) // a broken invariant of franz-go
	}
	if err := kerr.ErrorForCode(fetched.ErrorCode); err != nil {
		g.problems = append(g.problems, fmt.Sprintf("broker %d: %v", id, err))
	}
	for _, t := range fetched.Topics {
		name := b.nameOf(t)
		for _, f := range t.Partitions {
			p := partition{name, f.Partition}
			if _, asked := g.answers[p]; !asked {
				continue
			}
			if err := kerr.ErrorForCode(f.ErrorCode); err != nil {
				g.problems = append(g.problems, problem(id, p, err))
				continue
			}
			g.answers[p] = answer{f.HighWatermark, f.RecordBatches}
		}
	}
	return g
}

func problem(broker int32, p partition, err error) string {
	hint := ""
	if errors.Is(err, kerr.OffsetOutOfRange) {
		hint = "; its records were deleted meanwhile: start again"
	}
	return fmt.Sprintf("broker %d, %s-%d: %v%s", broker, p.Topic, p.Partition, err, hint)
}

// nameOf is a topic's name; since version 13 an answer has its id alone.
func (b *comparison) nameOf(t kmsg.FetchResponseTopic) string {
	if t.Topic != "" {
		return t.Topic
	}
	for name, id := range b.ids {
		if id == kadm.TopicID(t.TopicID) {
			return name
		}
	}
	return ""
}

// request asks a broker for the next records of the partitions that it has
// replicas of.
func (b *comparison) request(id int32) *kmsg.FetchRequest {
	req := kmsg.NewPtrFetchRequest()
	req.ReplicaID = debugging
	req.ReplicaState.ID = debugging
	req.MaxWaitMillis = b.run.maxWaitMs
	req.MinBytes = 1
	req.MaxBytes = fetchMost
	index := make(map[string]int)
	for _, p := range b.brokers[id] {
		i, ok := index[p.Topic]
		if !ok {
			i = len(req.Topics)
			index[p.Topic] = i
			t := kmsg.NewFetchRequestTopic()
			t.Topic, t.TopicID = p.Topic, b.ids[p.Topic]
			req.Topics = append(req.Topics, t)
		}
		f := kmsg.NewFetchRequestTopicPartition()
		f.Partition = p.Partition
		f.FetchOffset = b.partitions[p].offset
		f.PartitionMaxBytes = min(b.run.fetchSize, fetchMost)
		f.CurrentLeaderEpoch = -1
		f.LastFetchedEpoch = -1
		f.LogStartOffset = 0
		req.Topics[i].Partitions = append(req.Topics[i].Partitions, f)
	}
	return req
}
