package topics

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/flags"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// electionOptions are what the flags of leader-election say.
type electionOptions struct {
	client.Flags

	oldConfig, file, topic, kind string
	partition                    int32
	all                          bool
	set                          func(flag string) bool
}

func newLeaderElection(env *command.Env) *cobra.Command {
	o := &electionOptions{}
	cmd := command.AsKafka(&cobra.Command{
		Use:   "leader-election",
		Short: "Elect the preferred leaders of partitions, or any leader at all",
		Long: `Elect leaders: --election-type preferred makes the first replica of a partition
its leader again; unclean gives a partition without a leader one that may lack
records. The partitions are named by --topic and --partition, by a file, or are
all of them (--all-topic-partitions). The file:

    {"partitions": [{"topic": "orders", "partition": 1}, {"topic": "orders", "partition": 2}]}`,
		Example: `  gregor leader-election --bootstrap-server localhost:9092 --election-type preferred --all-topic-partitions
  gregor leader-election --bootstrap-server localhost:9092 --election-type unclean --topic orders --partition 1`,
		Args: cobra.NoArgs,
	}, "leader-election")
	o.Add(cmd)
	f := cmd.Flags()
	flags.Single(f, &o.oldConfig, "admin.config", "the old name of --command-config: a `file`")
	_ = f.MarkHidden("admin.config")
	flags.Single(f, &o.file, "path-to-json-file", "a JSON `file` with the partitions")
	flags.Single(f, &o.topic, "topic", "the `topic` of the partition")
	f.Int32Var(&o.partition, "partition", 0, "the `number` of the partition")
	f.BoolVar(&o.all, "all-topic-partitions", false, "all partitions that need it")
	flags.Single(f, &o.kind, "election-type", "`preferred|unclean`")
	command.WithFormat(cmd, func(ctx context.Context, asJSON bool) error {
		o.set = cmd.Flags().Changed
		if err := o.check(); err != nil {
			return err
		}
		return o.run(ctx, env, asJSON)
	})
	return cmd
}

func (o *electionOptions) check() error {
	if !o.set("election-type") {
		return command.Usagef("Missing required option(s): election-type")
	}
	if o.kind = strings.ToUpper(o.kind); o.kind != "PREFERRED" && o.kind != "UNCLEAN" {
		return command.Usagef("--election-type is preferred or unclean")
	}
	if o.set("admin.config") && o.set("command-config") {
		return conflict("admin.config", "command-config")
	}
	given := 0
	for _, flag := range []string{"topic", "all-topic-partitions", "path-to-json-file"} {
		if o.set(flag) {
			given++
		}
	}
	switch {
	case given != 1:
		return command.Usagef("One and only one of the following options is required: topic, all-topic-partitions, path-to-json-file")
	case o.set("topic") && !o.set("partition"):
		return command.Usagef("Missing required option(s): partition")
	case !o.set("topic") && o.set("partition"):
		return command.Usagef("Option partition is only allowed if topic is used")
	}
	return nil
}

func (o *electionOptions) run(ctx context.Context, env *command.Env, asJSON bool) error {
	var partitions []kafka.TopicPartition // nil: all
	if o.set("topic") {
		partitions = []kafka.TopicPartition{{Topic: o.topic, Partition: o.partition}}
	}
	if o.set("path-to-json-file") {
		rows, err := readPartitions(o.file, false)
		if err != nil {
			return command.Fail(err)
		}
		partitions = []kafka.TopicPartition{}
		for i := range rows {
			partitions = append(partitions, rows[i].name())
		}
		// The answer has the order of the question, and that of Kafka's command is a HashSet's.
		partitions = java.OrderIn(partitions, java.HashPartition, max(java.DefaultCapacity, len(partitions)*4/3+1))
	}
	if o.set("admin.config") {
		if !asJSON {
			env.Println("Option --admin.config has been deprecated and will be removed in a future version. Use --command-config instead.")
		}
		o.Config = o.oldConfig
	}
	p, err := o.Resolve()
	if err != nil {
		return err
	}
	p.Default("default.api.timeout.ms", "30000")
	p.Default("request.timeout.ms", "15000")
	a, err := admin.Open(ctx, env, p)
	if err != nil {
		return err
	}
	defer a.Close()
	return o.elect(ctx, env, a, partitions, asJSON)
}

// election is what leader-election prints for machines.
type election struct {
	ElectionType string             `json:"electionType"`
	Elected      []electedPartition `json:"elected"`
	NotNeeded    []electedPartition `json:"notNeeded"`
	Failed       []electedPartition `json:"failed"`
}

type electedPartition struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Error     string `json:"error,omitempty"`
}

func (o *electionOptions) elect(ctx context.Context, env *command.Env, a *admin.Admin, partitions []kafka.TopicPartition, asJSON bool) error {
	answers, err := a.ElectLeaders(ctx, o.kind == "UNCLEAN", partitions)
	if err != nil {
		if text := refusal(err); text != "" && !asJSON {
			env.Println(text)
		}
		return command.Fail(interrupted(ctx, env, "the election", err))
	}
	result := election{ElectionType: o.kind, Elected: []electedPartition{}, NotNeeded: []electedPartition{}, Failed: []electedPartition{}}
	for _, answer := range answers {
		one := electedPartition{Topic: answer.Topic, Partition: answer.Partition}
		switch {
		case answer.Err == nil:
			result.Elected = append(result.Elected, one)
		case answer.Err.Code == kafka.ErrElectionNotNeeded:
			result.NotNeeded = append(result.NotNeeded, one)
		default:
			one.Error = answer.Err.String()
			result.Failed = append(result.Failed, one)
		}
	}
	if asJSON {
		err = env.PrintJSON(result)
	} else {
		result.print(env)
	}
	if n := len(result.Failed); n > 0 && err == nil {
		return command.Failf("%d replica(s) could not be elected", n)
	}
	return err
}

// refusal is what Kafka's command prints where the whole request failed.
func refusal(err error) string {
	switch {
	case errors.Is(err, kafka.ErrRequestTimedOut):
		return "Timeout waiting for election results"
	case errors.Is(err, kafka.ErrClusterAuthorizationFailed):
		return "Not authorized to perform leader election"
	}
	return ""
}

func (e *election) print(env *command.Env) {
	if len(e.Elected) > 0 {
		env.Printf("Successfully completed leader election (%s) for partitions %s\n", e.ElectionType, listed(e.Elected))
	}
	if len(e.NotNeeded) > 0 {
		env.Printf("Valid replica already elected for partitions %s\n", listed(e.NotNeeded))
	}
	for _, p := range hashed(e.Failed) {
		env.Printf("Error completing leader election (%s) for partition: %s: %s\n", e.ElectionType, p.name(), p.Error)
	}
}

func (p electedPartition) name() kafka.TopicPartition {
	return kafka.TopicPartition{Topic: p.Topic, Partition: p.Partition}
}

// hashed is the order of the set that Kafka's command sorts partitions into.
func hashed(list []electedPartition) []electedPartition {
	return java.Order(list, func(p electedPartition) int32 { return java.HashPartition(p.name()) })
}

func listed(list []electedPartition) string {
	var names []string
	for _, p := range hashed(list) {
		names = append(names, p.name().String())
	}
	return strings.Join(names, ", ")
}
