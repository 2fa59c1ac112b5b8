package groups

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// noPartition stands for a topic whose partitions are not known.
const noPartition = -1

// deletedOffset is what became of the offset of one partition.
type deletedOffset struct {
	partition kafka.TopicPartition
	failure   *java.Thrown // nil: it is gone
}

func (o *options) runDeleteOffsets(ctx context.Context, env *command.Env, a *cluster) error {
	group := o.groups[0]
	if len(o.groups) > 1 {
		return &java.Thrown{Class: "joptsimple.MultipleArgumentsForOptionException", Message: "Found multiple arguments for option group, but you asked for only one"}
	}
	partitions, failed, err := a.partitionsOf(ctx, o.topics)
	if err != nil {
		return err
	}
	code, results, err := a.deleteOffsets(ctx, group, partitions)
	if ctx.Err() != nil {
		env.Warnf("The offsets may have been deleted, or not: --describe shows them.")
	}
	if err != nil {
		return execution(err)
	}
	results = append(results, failed...)
	slices.SortFunc(results, func(a, b deletedOffset) int {
		key := func(p kafka.TopicPartition) string { return p.Topic + fmt.Sprint(p.Partition) } // Kafka sorts by this text
		return cmp.Compare(key(a.partition), key(b.partition))
	})
	if o.asJSON {
		return deletedJSON(env, group, code, results)
	}
	env.Println(deletedSentence(group, code))
	printDeleted(env, results)
	return nil
}

// partitionsOf are the partitions that topics or topic:0,1 name, and the
// topics that are not there.
func (a *cluster) partitionsOf(ctx context.Context, args []string) (known []kafka.TopicPartition, failed []deletedOffset, err error) {
	var names []string
	for _, arg := range args {
		if !strings.Contains(arg, ":") {
			names = append(names, arg)
			continue
		}
		list, err := parsePartitions(arg)
		if err != nil {
			return nil, nil, err
		}
		known = append(known, list...)
	}
	topics, err := a.topics(ctx, names)
	if err != nil {
		return nil, nil, execution(err)
	}
	for _, t := range topics {
		if t.failure != nil {
			failed = append(failed, deletedOffset{kafka.TopicPartition{Topic: t.topic, Partition: noPartition}, t.failure.In(java.Execution)})
			continue
		}
		known = append(known, t.partitions()...)
	}
	known = slices.Compact(slices.SortedFunc(slices.Values(known), kafka.TopicPartition.Compare))
	return java.Order(known, java.HashPartition), failed, nil
}

// deleteOffsets deletes offsets of a group. code is the first error of all.
func (a *cluster) deleteOffsets(ctx context.Context, group string, partitions []kafka.TopicPartition) (int16, []deletedOffset, error) {
	req := kmsg.NewPtrOffsetDeleteRequest()
	req.Group = group
	for _, topic := range admin.ByTopic(partitions) {
		t := kmsg.NewOffsetDeleteRequestTopic()
		t.Topic = topic.Topic
		for _, n := range topic.Partitions {
			p := kmsg.NewOffsetDeleteRequestTopicPartition()
			p.Partition = n
			t.Partitions = append(t.Partitions, p)
		}
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, a)
	if err != nil {
		return 0, nil, err
	}
	codes := make(map[kafka.TopicPartition]int16)
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			codes[kafka.TopicPartition{Topic: t.Topic, Partition: p.Partition}] = p.ErrorCode
		}
	}
	first := resp.ErrorCode
	results := make([]deletedOffset, 0, len(partitions))
	for _, p := range partitions {
		d := deletedOffset{partition: p}
		if code := cmp.Or(resp.ErrorCode, codes[p]); code != 0 {
			first = cmp.Or(first, code)
			d.failure = java.Code(code, "").In(java.Execution)
		}
		results = append(results, d)
	}
	return first, results, nil
}

// deletedSentence is Kafka's sentence about the whole.
func deletedSentence(group string, code int16) string {
	switch code {
	case 0:
		return fmt.Sprintf("Request succeeded for deleting offsets from group %s.", group)
	case kerr.InvalidGroupID.Code, kerr.GroupIDNotFound.Code, kerr.GroupAuthorizationFailed.Code, kerr.NonEmptyGroup.Code:
		return "\nError: " + java.Sentence(code)
	case kerr.GroupSubscribedToTopic.Code, kerr.TopicAuthorizationFailed.Code, kerr.UnknownTopicOrPartition.Code:
		return "\nError: Encountered some partition-level error, see the follow-up details."
	}
	return "\nError: Encountered some unknown error: " + java.Name(code)
}

func printDeleted(env *command.Env, results []deletedOffset) {
	width := leastWidth
	for _, r := range results {
		width = max(width, utf8.RuneCountInString(r.partition.Topic))
	}
	line := func(topic, partition, status string) {
		env.Printf("\n%-*s %-10s %-15s", width, topic, partition, status)
	}
	line("TOPIC", "PARTITION", "STATUS")
	for _, r := range results {
		partition, status := "-", "Successful"
		if r.partition.Partition != noPartition {
			partition = fmt.Sprint(r.partition.Partition)
		}
		if r.failure != nil {
			status = "Error: " + r.failure.Message
		}
		line(r.partition.Topic, partition, status)
	}
	env.Println()
}

// deletedOffsets is what --delete-offsets prints for machines.
type deletedOffsets struct {
	GroupID    string              `json:"groupId"`
	Error      string              `json:"error"` // "": all is well
	Partitions []deletedOffsetJSON `json:"partitions"`
}

type deletedOffsetJSON struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"` // -1: the topic is not there
	Error     string `json:"error"`
}

func deletedJSON(env *command.Env, group string, code int16, results []deletedOffset) error {
	out := deletedOffsets{GroupID: group, Partitions: []deletedOffsetJSON{}}
	if code != 0 {
		out.Error = java.Sentence(code)
	}
	failed := 0
	for _, r := range results {
		one := deletedOffsetJSON{Topic: r.partition.Topic, Partition: r.partition.Partition}
		if r.failure != nil {
			one.Error = r.failure.Error()
			failed++
		}
		out.Partitions = append(out.Partitions, one)
	}
	if err := env.PrintJSON(out); err != nil || failed == 0 && code == 0 {
		return err
	}
	return command.Failf("not all offsets of group %s could be deleted", group)
}
