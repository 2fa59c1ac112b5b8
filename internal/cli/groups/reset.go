package groups

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// reset is what --reset-offsets did, or would do, to one group.
type reset struct {
	group string
	to    offsets[int64]
}

// resetter resets groups as the flags say.
type resetter struct {
	o   *options
	a   *cluster
	env *command.Env
}

func (o *options) runReset(ctx context.Context, env *command.Env, a *cluster) error {
	r := resetter{o, a, env}
	ids, err := o.chosen(ctx, a)
	if err != nil {
		return err
	}
	ids = java.Order(slices.Compact(slices.Sorted(slices.Values(ids))), java.Hash)
	states, err := a.describe(ctx, ids)
	if err != nil {
		return in(err, java.Execution, java.Runtime)
	}
	var done []reset
	for _, id := range ids {
		to, err := r.group(ctx, id, states[id])
		if err != nil {
			return r.broken(err, done)
		}
		done = append(done, reset{id, to})
	}
	switch {
	case o.asJSON:
		return r.printJSON(done)
	case o.export:
		r.export(done)
	default:
		r.print(done)
	}
	return nil
}

// broken is a failure after some groups have been reset: it says which.
func (r resetter) broken(err error, done []reset) error {
	if !r.o.execute || len(done) == 0 {
		return err
	}
	names := make([]string, len(done))
	for i, d := range done {
		names[i] = d.group
	}
	r.env.Warnf("These groups were reset before that: %s", strings.Join(names, ", "))
	return err
}

// say is a line that Kafka's command prints among its results.
func (r resetter) say(format string, args ...any) {
	if r.o.asJSON {
		r.env.Warnf(strings.TrimPrefix(format, "\n"), args...)
		return
	}
	r.env.Printf(format+"\n", args...)
}

// group resets one group, or says why it does not.
func (r resetter) group(ctx context.Context, id string, d described) (offsets[int64], error) {
	var none offsets[int64]
	switch {
	case d.failure != nil && d.failure.Class != java.Class(kerr.GroupIDNotFound.Code):
		return none, in(d.failure, java.Execution, java.Runtime)
	case d.group != nil && d.group.state != stateEmpty && d.group.state != stateDead:
		r.say("\nError: Assignments can only be reset if the group '%s' is inactive, but the current state is %s.", id, d.group.state)
		return none, nil
	}
	partitions, err := r.partitions(ctx, id)
	if err != nil {
		return none, err
	}
	if err := r.valid(ctx, partitions); err != nil {
		return none, err
	}
	to, err := r.target(ctx, id, partitions)
	if err != nil || !r.o.execute {
		return to, err
	}
	return to, r.commit(ctx, id, to)
}

// partitions are those that the flags name.
func (r resetter) partitions(ctx context.Context, id string) ([]kafka.TopicPartition, error) {
	if r.o.allTopics {
		done, err := r.a.committed(ctx, id)
		return done.order, in(err, java.Execution, java.Runtime)
	}
	var names []string
	var list []kafka.TopicPartition
	for _, arg := range r.o.topics {
		if !strings.Contains(arg, ":") {
			names = append(names, arg)
			continue
		}
		some, err := parsePartitions(arg)
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	topics, err := r.a.topics(ctx, names)
	if err != nil {
		return nil, err
	}
	for _, t := range topics {
		if t.failure != nil {
			return nil, t.failure
		}
		list = append(list, t.partitions()...)
	}
	return list, r.twice(list)
}

// twice refuses a partition that is named twice.
func (r resetter) twice(list []kafka.TopicPartition) error {
	seen := make(map[kafka.TopicPartition]bool, len(list))
	for _, p := range list {
		if seen[p] {
			return &java.Thrown{Class: "java.lang.IllegalStateException", Message: fmt.Sprintf("Duplicate key %s", p.String())}
		}
		seen[p] = true
	}
	return nil
}

// valid says which partitions are not there, or have no leader.
func (r resetter) valid(ctx context.Context, partitions []kafka.TopicPartition) error {
	leaders, err := r.a.leaders(ctx, topicsOf(partitions))
	if err != nil {
		return in(err, java.Execution, java.Runtime)
	}
	var missing, headless []string
	for _, p := range partitions {
		switch led, ok := leaders[p]; {
		case !ok:
			missing = append(missing, p.String())
		case !led:
			headless = append(headless, p.String())
		}
	}
	switch {
	case len(missing) > 0:
		return java.Code(kerr.UnknownTopicOrPartition.Code, fmt.Sprintf("The partitions \"%s\" do not exist", strings.Join(missing, ",")))
	case len(headless) > 0:
		return java.Code(kerr.LeaderNotAvailable.Code, fmt.Sprintf("The partitions \"%s\" have no leader", strings.Join(headless, ",")))
	}
	return nil
}

// commit makes the offsets the group's.
func (r resetter) commit(ctx context.Context, id string, to offsets[int64]) error {
	if len(to.order) == 0 {
		return nil
	}
	all := make(kadm.Offsets)
	for _, p := range to.order {
		all.AddOffset(p.Topic, p.Partition, to.of[p], -1)
	}
	bounded, cancel := context.WithTimeout(ctx, r.a.timeout)
	defer cancel()
	resp, err := kadm.NewClient(r.a.Client()).CommitOffsets(bounded, id, all)
	if err != nil {
		if ctx.Err() != nil {
			r.env.Warnf("Group %s may have been reset, or not: --describe shows it.", id)
		}
		return r.a.thrown(ctx, kmsg.OffsetCommit.Int16(), err)
	}
	var failed []kafka.TopicPartition
	var code int16
	for _, p := range to.order {
		if e, ok := errors.AsType[*kerr.Error](resp[p.Topic][p.Partition].Err); ok {
			failed, code = append(failed, p), e.Code
		}
	}
	if code == 0 {
		return nil
	}
	names := make([]string, len(failed))
	for i, p := range java.Order(failed, java.HashPartition) {
		names[i] = p.String()
	}
	return java.Code(code, fmt.Sprintf("Failed altering group offsets for the following partitions: [%s]", strings.Join(names, ", ")))
}

func (r resetter) print(done []reset) {
	group, topic := leastWidth, leastWidth
	for _, d := range done {
		group = max(group, utf8.RuneCountInString(d.group))
		for _, p := range d.to.order {
			topic = max(topic, utf8.RuneCountInString(p.Topic))
		}
	}
	line := func(name, topicName, partition, offset string) {
		r.env.Printf("\n%-*s %-*s %-10s %s", group, name, topic, topicName, partition, offset)
	}
	if len(done) > 0 {
		line("GROUP", "TOPIC", "PARTITION", "NEW-OFFSET")
	}
	for _, d := range done {
		for _, p := range d.to.order {
			line(d.group, p.Topic, fmt.Sprint(p.Partition), fmt.Sprint(d.to.of[p]))
		}
	}
	r.env.Println()
}

func (r resetter) export(done []reset) {
	for _, d := range done {
		for _, p := range d.to.order {
			if len(r.o.groups) != 1 {
				r.env.Printf("%s,", csvField(d.group))
			}
			r.env.Printf("%s,%d,%d\n", csvField(p.Topic), p.Partition, d.to.of[p])
		}
	}
	r.env.Println()
}

// resetJSON is what --reset-offsets prints for machines.
type resetJSON struct {
	Executed bool            `json:"executed"` // false: this is what would be done
	Offsets  []newOffsetJSON `json:"offsets"`
}

type newOffsetJSON struct {
	GroupID   string `json:"groupId"`
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	NewOffset int64  `json:"newOffset"`
}

func (r resetter) printJSON(done []reset) error {
	out := resetJSON{Executed: r.o.execute, Offsets: []newOffsetJSON{}}
	for _, d := range done {
		for _, p := range d.to.order {
			out.Offsets = append(out.Offsets, newOffsetJSON{d.group, p.Topic, p.Partition, d.to.of[p]})
		}
	}
	return r.env.PrintJSON(out)
}
