package groups

import (
	"context"
	"slices"
	"time"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// target says which offset each partition is reset to.
func (r resetter) target(ctx context.Context, id string, partitions []kafka.TopicPartition) (offsets[int64], error) {
	switch {
	case r.o.has("to-offset"):
		return r.toAll(ctx, partitions, r.o.toOffset)
	case r.o.toEarliest:
		of, err := r.a.listOffsets(ctx, partitions, earliest)
		return newOffsets(partitions, of), in(err, java.Execution, java.Runtime)
	case r.o.toLatest:
		of, err := r.a.listOffsets(ctx, partitions, latest)
		return newOffsets(partitions, of), in(err, java.Execution, java.Runtime)
	case r.o.has("shift-by"):
		return r.shift(ctx, id, partitions)
	case r.o.has("to-datetime"):
		at, err := parseDatetime(r.o.toDatetime)
		if err != nil {
			return offsets[int64]{}, err
		}
		return r.since(ctx, partitions, at)
	case r.o.has("by-duration"):
		ago, err := parseDuration(r.o.byDuration)
		if err != nil {
			return offsets[int64]{}, err
		}
		return r.since(ctx, partitions, time.Now().UnixMilli()-ago)
	case r.o.has("from-file"):
		return r.planned(ctx, id)
	}
	return r.current(ctx, id, partitions)
}

func (r resetter) toAll(ctx context.Context, partitions []kafka.TopicPartition, offset int64) (offsets[int64], error) {
	of := make(map[kafka.TopicPartition]int64, len(partitions))
	for _, p := range partitions {
		of[p] = offset
	}
	return r.inRange(ctx, newOffsets(partitions, of))
}

func (r resetter) shift(ctx context.Context, id string, partitions []kafka.TopicPartition) (offsets[int64], error) {
	done, err := r.a.committed(ctx, id)
	if err != nil {
		return offsets[int64]{}, in(err, java.Execution, java.Runtime)
	}
	of := make(map[kafka.TopicPartition]int64, len(partitions))
	for _, p := range partitions {
		at, ok := done.of[p]
		if !ok {
			return offsets[int64]{}, command.Usagef("Cannot shift offset for partition %s since there is no current committed offset", p.String())
		}
		of[p] = at.offset + r.o.shiftBy
	}
	return r.inRange(ctx, newOffsets(partitions, of))
}

func (r resetter) planned(ctx context.Context, id string) (offsets[int64], error) {
	p, err := readPlan(r.o.fromFile, r.o.groups)
	if err != nil {
		return offsets[int64]{}, err
	}
	mine, ok := p[id]
	if !ok {
		r.say("\nError: No reset plan for group %s found", id)
		return offsets[int64]{}, nil
	}
	return r.inRange(ctx, mine)
}

// current keeps what is committed, and takes the end where nothing is.
func (r resetter) current(ctx context.Context, id string, partitions []kafka.TopicPartition) (offsets[int64], error) {
	done, err := r.a.committed(ctx, id)
	if err != nil {
		return offsets[int64]{}, in(err, java.Execution, java.Runtime)
	}
	of := make(map[kafka.TopicPartition]int64, len(partitions))
	var with, without []kafka.TopicPartition
	for _, p := range partitions {
		if at, ok := done.of[p]; ok {
			of[p] = at.offset
			with = append(with, p)
			continue
		}
		without = append(without, p)
	}
	ends, err := r.a.listOffsets(ctx, without, latest)
	if err != nil {
		return offsets[int64]{}, in(err, java.Execution, java.Runtime)
	}
	for _, p := range without {
		of[p] = ends[p]
	}
	with = java.Order(with, java.HashPartition)
	return newOffsets(append(with, java.Order(without, java.HashPartition)...), of), nil
}

// since takes the first record not before at, and the end where none is.
func (r resetter) since(ctx context.Context, partitions []kafka.TopicPartition, at int64) (offsets[int64], error) {
	of, err := r.a.listOffsets(ctx, partitions, at)
	if err != nil {
		return offsets[int64]{}, in(err, java.Execution, java.Runtime)
	}
	var without []kafka.TopicPartition
	for _, p := range java.Order(partitions, java.HashPartition) {
		if of[p] < 0 {
			without = append(without, p)
		}
	}
	for _, p := range java.Order(without, java.HashPartition) {
		r.say("\nWarn: Partition %d from topic %s is empty. Falling back to latest known offset.", p.Partition, p.Topic)
	}
	ends, err := r.a.listOffsets(ctx, without, latest)
	if err != nil {
		return offsets[int64]{}, in(err, java.Execution, java.Runtime)
	}
	for _, p := range without {
		of[p] = ends[p]
	}
	return newOffsets(partitions, of), nil
}

// inRange keeps offsets between the start and the end of their logs.
func (r resetter) inRange(ctx context.Context, to offsets[int64]) (offsets[int64], error) {
	starts, err := r.a.listOffsets(ctx, to.order, earliest)
	if err != nil {
		return to, in(err, java.Execution, java.Runtime)
	}
	ends, err := r.a.listOffsets(ctx, to.order, latest)
	if err != nil {
		return to, in(err, java.Execution, java.Runtime)
	}
	of := make(map[kafka.TopicPartition]int64, len(to.order))
	for _, p := range to.order {
		want := to.of[p]
		of[p] = min(max(want, starts[p]), ends[p])
		if of[p] != want {
			r.env.Warnf("Partition %s has the offsets %d to %d: the new one is %d, not %d.", p.String(), starts[p], ends[p], of[p], want)
		}
	}
	return newOffsets(slices.Clone(to.order), of), nil
}
