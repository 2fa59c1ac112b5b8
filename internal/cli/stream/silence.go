package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A log's end may promise records that never come: compaction took them away,
// and left gaps or empty batches, which a consuming client passes over without
// a word. So a silence alone says nothing; the broker is asked what is there.

const (
	idle    = time.Second // how long nothing comes before the broker is asked
	idleMax = time.Minute // how long records that are there may take to come

	dueAfter = 5 * time.Second // how often the broker is asked where other partitions are not silent
	askWait  = 500 * time.Millisecond
	askSize  = 1 << 20 // bytes; one batch that is larger comes whole
)

// silence finds out where what is awaited does not exist.
type silence struct {
	c         *kgo.Client
	committed bool // aborted records do not count, and what is behind the last stable offset is not there yet
	since     time.Time
	asked     time.Time
}

// broken notes that records came. due says that the broker should be asked all
// the same: they may be of other partitions than those that are awaited.
func (s *silence) broken() (due bool) {
	s.since = time.Time{}
	if s.asked.IsZero() {
		s.asked = time.Now()
	}
	return time.Since(s.asked) > dueAfter
}

// pass asks the leader of a partition what is there from a position on, and
// returns the first offset, at most the position's end, at which there is a
// record, or at which there may be one that cannot be read yet.
func (s *silence) pass(ctx context.Context, at place, p span) (int64, error) {
	s.asked = time.Now()
	if s.since.IsZero() {
		s.since = s.asked
	}
	leader, err := s.leader(ctx, at)
	for err == nil && p.from < p.end {
		var next int64
		next, err = s.ask(ctx, leader, at, p.from)
		if err != nil || next <= p.from {
			break
		}
		p.from = min(next, p.end)
		s.since = time.Now()
	}
	var cause error
	if moves(err) {
		cause, err = err, nil
	}
	if err == nil && p.from < p.end && time.Since(s.since) > idleMax {
		err = fmt.Errorf("nothing has come for %v", idleMax)
		if cause != nil {
			err = fmt.Errorf("%w: %w", err, cause)
		}
	}
	if err != nil {
		return p.from, fmt.Errorf("partition %d of %s, offset %d: %w", at.partition, at.topic, p.from, err)
	}
	return p.from, nil
}

// errUnasked says that a leader did not answer.
var errUnasked = errors.New("its leader cannot be asked")

// moves says whether err may be over when another broker leads the partition, or
// the one that does is there again.
func moves(err error) bool {
	for _, e := range []error{
		errUnasked, kerr.NotLeaderForPartition, kerr.LeaderNotAvailable, kerr.FencedLeaderEpoch, kerr.UnknownLeaderEpoch,
		kerr.ReplicaNotAvailable, kerr.OffsetNotAvailable, kerr.KafkaStorageError,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func (s *silence) leader(ctx context.Context, at place) (int32, error) {
	topics, err := kadm.NewClient(s.c).ListTopics(ctx, at.topic)
	if err != nil {
		return 0, err
	}
	t := topics[at.topic]
	p, ok := t.Partitions[at.partition]
	switch {
	case t.Err != nil:
		return 0, t.Err
	case !ok:
		return 0, kerr.UnknownTopicOrPartition
	case p.Leader < 0:
		return 0, kerr.LeaderNotAvailable
	}
	return p.Leader, p.Err
}

// ask fetches once, and returns the offset of the first record, or how far
// there is none.
func (s *silence) ask(ctx context.Context, leader int32, at place, from int64) (int64, error) {
	part := kmsg.NewFetchRequestTopicPartition()
	part.Partition, part.FetchOffset, part.PartitionMaxBytes = at.partition, from, askSize
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic, topic.Partitions = at.topic, []kmsg.FetchRequestTopicPartition{part}
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis, req.MinBytes, req.MaxBytes = int32(askWait.Milliseconds()), 1, askSize
	req.Topics, req.SessionEpoch = []kmsg.FetchRequestTopic{topic}, -1
	level := kgo.ReadUncommitted()
	if s.committed {
		req.IsolationLevel, level = 1, kgo.ReadCommitted()
	}
	// Once: while this broker is asked again and again another may lead.
	answer, err := s.c.Broker(int(leader)).Request(ctx, &named{req})
	if err != nil && ctx.Err() == nil {
		return from, fmt.Errorf("%w: %w", errUnasked, err)
	}
	if err != nil {
		return from, err
	}
	resp, ok := answer.(*kmsg.FetchResponse)
	if !ok || len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		return from, errors.Join(kerr.ErrorForCode(resp.ErrorCode), errors.New("the answer to Fetch is not about this partition"))
	}
	got := &resp.Topics[0].Partitions[0]
	if got.ErrorCode == kerr.OffsetOutOfRange.Code {
		return s.start(ctx, at, from)
	}
	if err := errors.Join(kerr.ErrorForCode(resp.ErrorCode), kerr.ErrorForCode(got.ErrorCode)); err != nil {
		return from, err
	}
	read, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
		KeepControlRecords: true, Offset: from, IsolationLevel: level, Topic: at.topic, Partition: at.partition,
	}, got, kgo.DefaultDecompressor(), nil)
	if len(read.Records) > 0 {
		return read.Records[0].Offset, nil
	}
	return next, read.Err
}

// start is where a log begins that has been deleted up to some offset beyond
// from.
func (s *silence) start(ctx context.Context, at place, from int64) (int64, error) {
	starts, err := kadm.NewClient(s.c).ListStartOffsets(ctx, at.topic)
	if err != nil {
		return from, err
	}
	start, ok := starts.Lookup(at.topic, at.partition)
	switch {
	case !ok:
		return from, kerr.UnknownTopicOrPartition
	case start.Err != nil:
		return from, start.Err
	case start.Offset < from:
		return from, kerr.OffsetOutOfRange // beyond the end: records are lost
	}
	return start.Offset, nil
}

// named is a Fetch that names topics by name: later versions want their ids.
type named struct{ *kmsg.FetchRequest }

func (named) MaxVersion() int16 { return 12 }
