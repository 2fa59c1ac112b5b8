package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// place is a partition of a topic.
type place struct {
	topic     string
	partition int32
}

// span is what is read of a partition: from an offset up to, not including,
// end, which is the end of the log when the reading began.
type span struct{ from, end int64 }

// start says where the reading of a topic begins. The first that is set wins.
type start struct {
	offsets   []string // "7", "-5" (from the end) or "2:7" for one partition
	since     time.Time
	beginning bool
	last      int64 // of every partition
	committed bool  // the end is the last stable offset
}

// spans looks up the offsets of the chosen partitions of topics.
func spans(ctx context.Context, adm *kadm.Client, topics []string, partitions []int32, s start) (map[place]span, error) {
	starts, err := adm.ListStartOffsets(ctx, topics...)
	if err != nil {
		return nil, err
	}
	for _, topic := range topics {
		if err := known(starts, topic); err != nil {
			return nil, err
		}
	}
	listEnds := adm.ListEndOffsets
	if s.committed {
		listEnds = adm.ListCommittedOffsets
	}
	ends, err := listEnds(ctx, topics...)
	if err != nil {
		return nil, err
	}
	var since kadm.ListedOffsets
	if !s.since.IsZero() {
		if since, err = adm.ListOffsetsAfterMilli(ctx, s.since.UnixMilli(), topics...); err != nil {
			return nil, err
		}
	}
	all := make(map[place]span)
	var failed error
	ends.Each(func(end kadm.ListedOffset) {
		at := place{end.Topic, end.Partition}
		if len(partitions) > 0 && !slices.Contains(partitions, at.partition) {
			return
		}
		first, _ := starts.Lookup(at.topic, at.partition)
		if err := end.Err; err != nil && failed == nil {
			failed = fmt.Errorf("partition %d of %s: %w", at.partition, at.topic, err)
		}
		after, _ := since.Lookup(at.topic, at.partition)
		from, err := s.of(at.partition, first.Offset, end.Offset, after)
		if err != nil && failed == nil {
			failed = err
		}
		all[at] = span{from: max(from, first.Offset), end: end.Offset}
	})
	if failed == nil && len(all) == 0 {
		failed = command.Usagef("--partition: no such partition of %s", strings.Join(topics, ", "))
	}
	return all, failed
}

// known says in one line that a topic is not there.
func known(listed kadm.ListedOffsets, topic string) error {
	for _, p := range listed[topic] {
		if p.Partition >= 0 {
			return nil
		}
		if p.Err != nil && !errors.Is(p.Err, kerr.UnknownTopicOrPartition) {
			return command.Failf("topic %s: %w", topic, p.Err)
		}
	}
	return command.Failf("topic %s: there is no such topic (gregor topics --list shows those that are there)", topic)
}

// parseOffset reads a value of --offset; only is the partition that it is for,
// "" for all.
func parseOffset(text string) (only string, n int64, err error) {
	only, number, has := strings.Cut(text, ":")
	if !has {
		only, number = "", text
	}
	if n, err = strconv.ParseInt(number, 10, 64); err != nil {
		err = command.Usagef("--offset %s: want a number, one below zero (from the end), or partition:number", text)
	}
	return only, n, err
}

// of is the offset at which the reading of one partition begins.
func (s start) of(partition int32, first, end int64, since kadm.ListedOffset) (int64, error) {
	for _, text := range s.offsets {
		only, n, err := parseOffset(text)
		if err != nil {
			return 0, err
		}
		if only != "" && only != strconv.Itoa(int(partition)) {
			continue
		}
		if n < 0 {
			n += end
		}
		return n, nil
	}
	switch {
	case !s.since.IsZero():
		if since.Offset >= 0 && since.Timestamp >= 0 {
			return since.Offset, nil
		}
		return end, nil
	case s.beginning:
		return first, nil
	case s.last >= 0:
		return end - s.last, nil
	}
	return end, nil
}

// assignment is all in the form in which a client takes it.
func assignment(all map[place]span) map[string]map[int32]kgo.Offset {
	m := make(map[string]map[int32]kgo.Offset)
	for at, s := range all {
		if m[at.topic] == nil {
			m[at.topic] = make(map[int32]kgo.Offset)
		}
		m[at.topic][at.partition] = kgo.NewOffset().At(s.from)
	}
	return m
}

// unread counts the partitions that have not been read to their ends.
func unread(all map[place]span) int {
	n := 0
	for _, s := range all {
		if s.from < s.end {
			n++
		}
	}
	return n
}
