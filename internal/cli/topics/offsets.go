package topics

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/flags"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// offsetOptions are what the flags of get-offsets say.
type offsetOptions struct {
	client.Flags

	topicPartitions, topic, partitions, time string
	excludeInternal                          bool
	set                                      func(flag string) bool
}

func newGetOffsets(env *command.Env) *cobra.Command {
	o := &offsetOptions{}
	cmd := command.AsKafka(&cobra.Command{
		Use:   "get-offsets",
		Short: "Print the first, last or timed offset of partitions",
		Long: `Print an offset of each partition, as topic:partition:offset. A partition that has
no such offset is left out.

--topic-partitions names partitions by patterns: a regular expression for the
topic, and behind a colon a partition, a range (0-3 is 0, 1 and 2), 5- or -3.`,
		Example: `  gregor get-offsets --bootstrap-server localhost:9092 --topic orders
  gregor get-offsets --bootstrap-server localhost:9092 --topic orders --partitions 0,1 --time earliest
  gregor get-offsets --bootstrap-server localhost:9092 --topic-partitions 'orders:0-3,payments.*' --time 1767225600000`,
		Args: cobra.NoArgs,
	}, "get-offsets")
	o.Add(cmd)
	f := cmd.Flags()
	flags.Single(f, &o.topicPartitions, "topic-partitions", "only these: `topic1:1,topic2:0-3,topic3,topic4:5-,topic5:-3`")
	flags.Single(f, &o.topic, "topic", "only topics that match this regular `expression`")
	flags.Single(f, &o.partitions, "partitions", "only these partitions, `0,1,...`")
	o.time = "latest"
	flags.Single(f, &o.time, "time", "the offset at this `time`: Unix milliseconds, or latest (-1), earliest (-2), max-timestamp (-3), earliest-local (-4), latest-tiered (-5), earliest-pending-upload (-6)")
	f.BoolVar(&o.excludeInternal, "exclude-internal-topics", false, "without internal topics")
	command.WithFormat(cmd, func(ctx context.Context, asJSON bool) error {
		o.set = cmd.Flags().Changed
		return o.run(ctx, env, asJSON)
	})
	return cmd
}

// question is get-offsets with its arguments read.
type question struct {
	which           partitionFilter
	time            int64
	excludeInternal bool
}

func (o *offsetOptions) question() (*question, error) {
	if o.set("topic-partitions") && (o.set("topic") || o.set("partitions")) {
		return nil, command.Usagef("--topic-partitions cannot be used with --topic or --partitions")
	}
	q := &question{excludeInternal: o.excludeInternal}
	var err error
	if q.time, err = parseTime(o.time); err != nil {
		return nil, &command.Usage{Err: err}
	}
	if o.set("topic-partitions") {
		q.which, err = parsePatterns(o.topicPartitions)
	} else {
		q.which, err = parseTopicAndPartitions(o.topic, o.set("topic"), o.partitions)
	}
	if err != nil {
		return nil, &command.Usage{Err: err}
	}
	return q, nil
}

// parseTime reads --time: a word, or a number as the protocol has it.
func parseTime(text string) (int64, error) {
	words := []string{"latest", "earliest", "max-timestamp", "earliest-local", "latest-tiered", "earliest-pending-upload"}
	if i := slices.Index(words, text); i >= 0 {
		return int64(-1 - i), nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("Malformed time argument %s. Please use -1 or latest / -2 or earliest / -3 or max-timestamp / -4 or earliest-local / -5 or latest-tiered / -6 or earliest-pending-upload, or a specified long format timestamp", text)
	}
	return n, nil
}

// offsets is what get-offsets prints for machines.
type offsets struct {
	Offsets []offset `json:"offsets"`
}

type offset struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
}

func (o *offsetOptions) run(ctx context.Context, env *command.Env, asJSON bool) error {
	p, err := o.Resolve()
	if err != nil {
		return err
	}
	q, err := o.question()
	if err != nil {
		return err
	}
	a, err := admin.Open(ctx, env, p)
	if err != nil {
		return err
	}
	defer a.Close()
	partitions, err := q.partitions(ctx, a)
	if err != nil {
		return command.Fail(err)
	}
	if len(partitions) == 0 {
		return command.Failf("Could not match any topic-partitions with the specified filters: gregor topics --list shows what there is")
	}
	found := offsets{Offsets: []offset{}}
	answers := a.ListOffsets(ctx, partitions, q.time)
	if ctx.Err() != nil {
		return command.Fail(ctx.Err())
	}
	for _, p := range partitions {
		switch answer, ok := answers[p]; {
		case !ok || answer.Err != nil:
			env.Warnf("Skip getting offsets for topic-partition %s due to error: %s", p.String(), reason(answer.Err))
		case answer.Offset >= 0:
			found.Offsets = append(found.Offsets, offset{p.Topic, p.Partition, answer.Offset})
		}
	}
	if asJSON {
		return env.PrintJSON(found)
	}
	for _, f := range found.Offsets {
		env.Printf("%s:%d:%d\n", f.Topic, f.Partition, f.Offset)
	}
	return nil
}

// reason is why a partition has no answer, with the class of the exception as
// Kafka's commands print it.
func reason(err error) string {
	if t, ok := errors.AsType[*java.Thrown](err); ok {
		return t.String()
	}
	if err == nil {
		return "the broker's answer does not have it"
	}
	return err.Error()
}

// partitions are those that the filter lets through, by their names.
func (q *question) partitions(ctx context.Context, a *admin.Admin) ([]kafka.TopicPartition, error) {
	all, err := a.Topics(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, t := range all {
		if (!t.Internal || !q.excludeInternal) && q.which.topic(t.Name) {
			names = append(names, t.Name)
		}
	}
	topics, err := a.Describe(ctx, names, 2000)
	if err != nil {
		return nil, err
	}
	var list []kafka.TopicPartition
	for _, t := range topics {
		for _, p := range t.Partitions {
			if q.which.partition(t.Name, p.Number) {
				list = append(list, kafka.TopicPartition{Topic: t.Name, Partition: p.Number})
			}
		}
	}
	slices.SortFunc(list, func(x, y kafka.TopicPartition) int {
		return cmp.Or(strings.Compare(x.String(), y.String()), cmp.Compare(x.Partition, y.Partition))
	})
	return list, nil
}
