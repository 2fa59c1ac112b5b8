package console

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// positions are the offsets that a member of a group commits: behind the last
// record that was printed, and, where a partition gave none, where it began to
// be read, as Kafka's consumer commits it. A nil one commits nothing.
type positions struct {
	earliest bool // where partitions without an offset begin
	latest   bool

	mu   sync.Mutex // franz-go calls back from goroutines of its own
	at   map[string]map[int32]kgo.EpochOffset
	mine map[string]map[int32]bool  // what is assigned
	ends map[string]map[int32]int64 // of what was assigned, then
}

func newPositions(reset string) *positions {
	return &positions{
		earliest: reset == "earliest", latest: reset == "latest",
		at: make(map[string]map[int32]kgo.EpochOffset), mine: make(map[string]map[int32]bool), ends: make(map[string]map[int32]int64),
	}
}

func put[V any](m map[string]map[int32]V, topic string, partition int32, v V) {
	if m[topic] == nil {
		m[topic] = make(map[int32]V)
	}
	m[topic][partition] = v
}

func (p *positions) options() []kgo.Opt {
	return []kgo.Opt{
		kgo.AutoCommitMarks(),
		kgo.OnPartitionsAssigned(p.assigned),
		kgo.OnPartitionsRevoked(p.revoked),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, lost map[string][]int32) { p.forget(lost) }),
	}
}

func (p *positions) assigned(ctx context.Context, c *kgo.Client, got map[string][]int32) {
	var ends kadm.ListedOffsets
	if p.latest && len(got) > 0 {
		topics := make([]string, 0, len(got))
		for topic := range got {
			topics = append(topics, topic)
		}
		ends, _ = kadm.NewClient(c).ListEndOffsets(ctx, topics...) // without them, nothing is committed for a silent partition
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for topic, partitions := range got {
		for _, n := range partitions {
			put(p.mine, topic, n, true)
			if end, ok := ends.Lookup(topic, n); ok && end.Err == nil {
				put(p.ends, topic, n, end.Offset)
			}
		}
	}
}

// revoked commits what is marked before the partitions go to another member.
func (p *positions) revoked(ctx context.Context, c *kgo.Client, gone map[string][]int32) {
	_ = c.CommitMarkedOffsets(ctx) // who gets them begins at the older offsets then
	p.forget(gone)
}

func (p *positions) forget(gone map[string][]int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for topic, partitions := range gone {
		for _, n := range partitions {
			delete(p.mine[topic], n)
			delete(p.at[topic], n)
			delete(p.ends[topic], n)
		}
	}
}

// passed says that a record was handled.
func (p *positions) passed(r *kgo.Record) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	put(p.at, r.Topic, r.Partition, kgo.EpochOffset{Epoch: r.LeaderEpoch, Offset: r.Offset + 1})
}

// mark lets the next automatic commit have what was passed.
func (p *positions) mark(c *kgo.Client) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c.MarkCommitOffsets(p.at)
}

// commit commits everything, at the end.
func (p *positions) commit(ctx context.Context, c *kgo.Client) error {
	if p == nil {
		return nil
	}
	if err := c.CommitMarkedOffsets(ctx); err != nil {
		return err
	}
	silent, err := p.silent(ctx, c)
	if err != nil || len(silent) == 0 {
		return err
	}
	var failed error
	c.CommitOffsetsSync(ctx, silent, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, err error) {
		failed = err
		if resp == nil {
			return
		}
		for _, t := range resp.Topics {
			for _, one := range t.Partitions {
				failed = errors.Join(failed, kerr.ErrorForCode(one.ErrorCode))
			}
		}
	})
	return failed
}

// silent are the beginnings of the partitions that gave no record and have no
// committed offset.
func (p *positions) silent(ctx context.Context, c *kgo.Client) (map[string]map[int32]kgo.EpochOffset, error) {
	group, _ := c.GroupMetadata()
	out := make(map[string]map[int32]kgo.EpochOffset)
	p.mu.Lock()
	var topics []string
	for topic, partitions := range p.mine {
		for n := range partitions {
			if _, passed := p.at[topic][n]; !passed {
				put(out, topic, n, kgo.EpochOffset{Epoch: -1, Offset: -1})
			}
		}
		if len(out[topic]) > 0 {
			topics = append(topics, topic)
		}
	}
	p.mu.Unlock()
	if len(out) == 0 || !p.earliest && !p.latest {
		return nil, nil
	}
	admin := kadm.NewClient(c)
	committed, err := admin.FetchOffsets(ctx, group)
	if err != nil {
		return nil, err
	}
	var starts kadm.ListedOffsets
	if p.earliest {
		if starts, err = admin.ListStartOffsets(ctx, topics...); err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for topic, partitions := range out {
		for n := range partitions {
			begin, known := p.ends[topic][n]
			if p.earliest {
				start, ok := starts.Lookup(topic, n)
				begin, known = start.Offset, ok && start.Err == nil
			}
			if was, ok := committed.Lookup(topic, n); !known || ok && was.At >= 0 {
				delete(partitions, n)
				continue
			}
			partitions[n] = kgo.EpochOffset{Epoch: -1, Offset: begin}
		}
		if len(partitions) == 0 {
			delete(out, topic)
		}
	}
	return out, nil
}

func ms(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
