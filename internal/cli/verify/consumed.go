package verify

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// partitionsMoved is the event of an assignment or its end.
type partitionsMoved struct {
	head
	Partitions []partition `json:"partitions"`
}

// moved prints that partitions came or went. When nothing was held, nothing
// went.
func (r *consumerRun) moved(name string, p map[string][]int32) {
	list := make([]partition, 0, len(p))
	for _, topic := range slices.Sorted(maps.Keys(p)) {
		for _, n := range slices.Sorted(slices.Values(p[topic])) {
			list = append(list, partition{topic, n})
		}
	}
	if name == "partitions_revoked" && len(list) == 0 {
		return
	}
	r.events.print(partitionsMoved{named(name), list})
}

// recordsConsumed is the event of one poll: how many records it returned, and
// those of them that count.
type recordsConsumed struct {
	head
	Count      int              `json:"count"`
	Partitions []partitionCount `json:"partitions"`
}

type partitionCount struct {
	partition
	Count     int   `json:"count"`
	MinOffset int64 `json:"minOffset"`
	MaxOffset int64 `json:"maxOffset"`
}

// recordData is the event of one record, with --verbose.
type recordData struct {
	head
	Key       *string `json:"key"`
	Value     *string `json:"value"`
	Topic     string  `json:"topic"`
	Partition int32   `json:"partition"`
	Offset    int64   `json:"offset"`
}

// received prints what a poll returned and gives the offsets to commit. Of the
// last poll only as many records count as --max-messages leaves.
func (r *consumerRun) received(fetches kgo.Fetches) map[partition]int64 {
	byPartition := make(map[partition][]*kgo.Record)
	fetches.EachRecord(func(record *kgo.Record) {
		p := partition{record.Topic, record.Partition}
		byPartition[p] = append(byPartition[p], record)
	})
	offsets := make(map[partition]int64, len(byPartition))
	summaries := make([]partitionCount, 0, len(byPartition))
	for _, p := range sorted(byPartition) {
		records := byPartition[p]
		if r.maxMessages >= 0 {
			records = records[:min(int64(len(records)), int64(r.maxMessages)-r.consumed)]
		}
		if len(records) == 0 {
			continue
		}
		last := records[len(records)-1].Offset
		offsets[p] = last + 1
		summaries = append(summaries, partitionCount{p, len(records), records[0].Offset, last})
		if r.verbose {
			for _, record := range records {
				r.events.print(recordData{named("record_data"), text(record.Key), text(record.Value), p.Topic, p.Partition, record.Offset})
			}
		}
		r.consumed += int64(len(records))
	}
	r.events.print(recordsConsumed{named("records_consumed"), fetches.NumRecords(), summaries})
	return offsets
}

func text(b []byte) *string {
	if b == nil {
		return nil
	}
	return new(string(b))
}

func sorted[V any](m map[partition]V) []partition {
	return slices.SortedFunc(maps.Keys(m), func(a, b partition) int {
		if a.Topic != b.Topic {
			if a.Topic < b.Topic {
				return -1
			}
			return 1
		}
		return int(a.Partition) - int(b.Partition)
	})
}

// offsetsCommitted is the event of a commit.
type offsetsCommitted struct {
	head
	Offsets []committed `json:"offsets"`
	Error   string      `json:"error,omitempty"`
	Success bool        `json:"success"`
}

type committed struct {
	partition
	Offset int64 `json:"offset"`
}

// commit commits and prints how it went. An error is one that ends the
// consumer: another has taken its group.instance.id.
func (r *consumerRun) commit(ctx context.Context, offsets map[partition]int64) error {
	event := offsetsCommitted{Offsets: make([]committed, 0, len(offsets)), Success: true}
	request := make(map[string]map[int32]kgo.EpochOffset)
	for _, p := range sorted(offsets) {
		event.Offsets = append(event.Offsets, committed{p, offsets[p]})
		if request[p.Topic] == nil {
			request[p.Topic] = make(map[int32]kgo.EpochOffset)
		}
		request[p.Topic][p.Partition] = kgo.EpochOffset{Epoch: -1, Offset: offsets[p]}
	}
	var failure error
	r.consumer.CommitOffsetsSync(ctx, request, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, err error) {
		failure = commitError(resp, err)
	})
	if errors.Is(failure, kerr.FencedInstanceID) {
		return failure
	}
	if failure != nil {
		event.Success, event.Error = false, failure.Error()
		if code, ok := errors.AsType[*kerr.Error](failure); ok {
			event.Error = code.Description
		}
	}
	event.head = named("offsets_committed")
	r.events.print(event)
	return nil
}

func commitError(resp *kmsg.OffsetCommitResponse, err error) error {
	if err != nil || resp == nil {
		return err
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return err
			}
		}
	}
	return nil
}
