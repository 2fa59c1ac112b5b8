package doctor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// facts is what a cluster says of itself.
type facts struct {
	meta       kadm.Metadata
	dead       map[int32]error // brokers that do not answer
	configs    map[string]map[string]string
	starts     kadm.ListedOffsets
	ends       kadm.ListedOffsets
	newest     kadm.ListedOffsets // with the greatest timestamp of each partition
	groups     kadm.DescribedGroupLags
	dirs       kadm.DescribedAllLogDirs
	quorum     *kmsg.DescribeQuorumResponse
	unread     map[unreadKey]time.Time // the time of the oldest record that a group has not read
	topicBytes map[string]map[int32]int64
	missing    []string // what could not be asked
}

// unreadKey is a partition of a topic and the offset that a group has committed.
type unreadKey struct {
	topic     string
	partition int32
	offset    int64
}

// answerWithin bounds how long each broker may take for a sign of life.
const answerWithin = 5 * time.Second

// collect asks. Only metadata must be had; what else a cluster does not answer
// is noted.
func collect(ctx context.Context, c *kgo.Client) (*facts, error) {
	adm := kadm.NewClient(c)
	x := &facts{unread: make(map[unreadKey]time.Time)}
	var err error
	if x.meta, err = adm.Metadata(ctx); err != nil {
		return nil, err
	}
	x.dead = ping(ctx, c, x.meta.Brokers)
	note := func(what string, err error) bool {
		if err != nil {
			x.missing = append(x.missing, fmt.Sprintf("%s: %v", what, err))
		}
		return err == nil
	}
	topics := x.meta.Topics.Names()
	if len(topics) > 0 {
		x.starts, err = adm.ListStartOffsets(ctx, topics...)
		note("start offsets", err)
		x.ends, err = adm.ListEndOffsets(ctx, topics...)
		note("end offsets", err)
		x.newest, err = adm.ListMaxTimestampOffsets(ctx, topics...)
		note("newest timestamps", err)
		note("configs of topics", x.askConfigs(ctx, adm, topics))
	}
	x.groups, err = adm.Lag(ctx)
	note("groups", err)
	x.dirs, err = adm.DescribeAllLogDirs(ctx, nil)
	if note("log directories", err) {
		x.sizes()
	}
	note("quorum", x.askQuorum(ctx, c))
	note("unread records", x.askUnread(ctx, c))
	return x, ctx.Err()
}

// ping asks every broker for a sign of life, all at once.
func ping(ctx context.Context, c *kgo.Client, brokers kadm.BrokerDetails) map[int32]error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	dead := make(map[int32]error)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, b := range brokers {
		wg.Go(func() {
			_, err := c.Broker(int(b.NodeID)).Request(ctx, kmsg.NewPtrApiVersionsRequest())
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				dead[b.NodeID] = err
			}
		})
	}
	wg.Wait()
	return dead
}

func (x *facts) askConfigs(ctx context.Context, adm *kadm.Client, topics []string) error {
	described, err := adm.DescribeTopicConfigs(ctx, topics...)
	if err != nil {
		return err
	}
	x.configs = make(map[string]map[string]string)
	for _, d := range described {
		values := make(map[string]string)
		for _, c := range d.Configs {
			values[c.Key] = c.MaybeValue()
		}
		x.configs[d.Name] = values
	}
	return nil
}

// sizes sums up the bytes of each partition's leader (the largest replica).
func (x *facts) sizes() {
	x.topicBytes = make(map[string]map[int32]int64)
	x.dirs.Each(func(d kadm.DescribedLogDir) {
		d.Topics.Each(func(p kadm.DescribedLogDirPartition) {
			if x.topicBytes[p.Topic] == nil {
				x.topicBytes[p.Topic] = make(map[int32]int64)
			}
			x.topicBytes[p.Topic][p.Partition] = max(x.topicBytes[p.Topic][p.Partition], p.Size)
		})
	})
}

func (x *facts) askQuorum(ctx context.Context, c *kgo.Client) error {
	req := kmsg.NewPtrDescribeQuorumRequest()
	topic := kmsg.NewDescribeQuorumRequestTopic()
	topic.Topic = "__cluster_metadata"
	topic.Partitions = append(topic.Partitions, kmsg.NewDescribeQuorumRequestTopicPartition())
	req.Topics = append(req.Topics, topic)
	resp, err := req.RequestWith(ctx, c)
	if err != nil {
		return err
	}
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return err
	}
	x.quorum = resp
	return nil
}

// unreadMax bounds the partitions whose oldest unread record is looked at.
const unreadMax = 1000

// askUnread reads, for each partition that a group has not read to its end and
// that time deletes, the record that the group would read next.
func (x *facts) askUnread(ctx context.Context, c *kgo.Client) error {
	wanted := make(map[unreadKey]bool)
	for _, g := range x.groups {
		for _, lag := range g.Lag.Sorted() {
			at := unreadKey{lag.Topic, lag.Partition, lag.Commit.At}
			if lag.Lag > 0 && at.offset >= 0 && x.retention(lag.Topic) > 0 && len(wanted) < unreadMax {
				wanted[at] = true
			}
		}
	}
	var failed error
	for at := range wanted {
		t, err := timeAt(ctx, c, at)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		if !t.IsZero() {
			x.unread[at] = t
		}
	}
	return failed
}

// timeAt is the timestamp of the first record at an offset or after it; zero
// where none is there.
func timeAt(ctx context.Context, c *kgo.Client, at unreadKey) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	reader, err := kgo.NewClient(append(c.Opts(), kgo.FetchMaxPartitionBytes(1024), kgo.FetchMaxBytes(1024),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{at.topic: {at.partition: kgo.NewOffset().At(at.offset)}}))...)
	if err != nil {
		return time.Time{}, err
	}
	defer reader.Close()
	fetches := reader.PollRecords(ctx, 1)
	if ctx.Err() != nil {
		return time.Time{}, nil
	}
	if err := fetches.Err(); err != nil {
		return time.Time{}, fmt.Errorf("partition %d of %s: %w", at.partition, at.topic, err)
	}
	for iter := fetches.RecordIter(); !iter.Done(); {
		return iter.Next().Timestamp, nil
	}
	return time.Time{}, nil
}
