// Package topics holds the commands about topics and their partitions: topics
// itself, get-offsets, delete-records, leader-election. Kind: shell
package topics

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

// Commands are this room's commands.
func Commands(env *command.Env) []*cobra.Command {
	return []*cobra.Command{newTopics(env), newGetOffsets(env), newDeleteRecords(env), newLeaderElection(env)}
}

// options are what the flags of topics say.
type options struct {
	client.Flags

	create, list, describe, alter, remove bool

	words map[string]*[]string // of the flags that want one value, what was given

	topic, topicID     string
	config             []string
	deleteConfig       string
	partitions         int32
	replicationFactor  int32
	replicaAssignment  string
	underReplicated    bool
	unavailable        bool
	underMinISR        bool
	atMinISR           bool
	withOverrides      bool
	ifExists           bool
	ifNotExists        bool
	excludeInternal    bool
	partitionSizeLimit int32

	set func(flag string) bool // whether the command line has it
}

func newTopics(env *command.Env) *cobra.Command {
	o := &options{}
	cmd := command.AsKafka(&cobra.Command{
		Use:   "topics",
		Short: "Create, list, describe, change and delete topics",
		Long: `Create, list, describe, change or delete topics: exactly one of --create, --list,
--describe, --alter and --delete.

--topic is a regular expression that must match a whole name (but for --create);
a comma in it stands for "or". The settings of a topic that exists are changed
with gregor configs.`,
		Example: `  gregor topics --bootstrap-server localhost:9092 --create --topic orders --partitions 6 --config retention.ms=86400000
  gregor topics --bootstrap-server localhost:9092 --list --exclude-internal
  gregor topics --bootstrap-server localhost:9092 --describe --topic 'orders|payments'
  gregor topics --bootstrap-server localhost:9092 --describe --under-replicated-partitions
  gregor topics --bootstrap-server localhost:9092 --alter --topic orders --partitions 12
  gregor topics --bootstrap-server localhost:9092 --delete --topic orders --if-exists`,
		Args: cobra.NoArgs,
	}, "topics")
	o.define(cmd)
	command.WithFormat(cmd, func(ctx context.Context, asJSON bool) error {
		o.set = cmd.Flags().Changed
		if err := o.check(env); err != nil {
			return err
		}
		return o.run(ctx, env, asJSON)
	})
	return cmd
}

func (o *options) define(cmd *cobra.Command) {
	o.Add(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.create, "create", false, "create a topic")
	f.BoolVar(&o.list, "list", false, "list the topics")
	f.BoolVar(&o.describe, "describe", false, "show topics, their settings and partitions")
	f.BoolVar(&o.alter, "alter", false, "give a topic more partitions")
	f.BoolVar(&o.remove, "delete", false, "delete topics")
	o.one(f, "topic", "the `topic`: a name for --create, otherwise a regular expression")
	o.one(f, "topic-id", "describe the topic with this `id`, whatever --topic says")
	f.StringArrayVar(&o.config, "config", nil, "with --create: a setting of the new topic, `name=value`; may be given often")
	f.StringVar(&o.deleteConfig, "delete-config", "", "not supported any more: `name`; gregor configs deletes settings")
	_ = f.MarkHidden("delete-config")
	o.one(f, "partitions", "`how many` partitions the topic is to have (default: what the cluster is set to)")
	o.one(f, "replication-factor", "`how many` replicas each partition of a new topic has (default: what the cluster is set to)")
	o.one(f, "replica-assignment", "the brokers of each partition by hand, the leader first: `0:1,1:2,...`")
	f.BoolVar(&o.underReplicated, "under-replicated-partitions", false, "with --describe: only partitions with replicas out of sync")
	f.BoolVar(&o.unavailable, "unavailable-partitions", false, "with --describe: only partitions without a leader that is alive")
	f.BoolVar(&o.underMinISR, "under-min-isr-partitions", false, "with --describe: only partitions with fewer replicas in sync than min.insync.replicas")
	f.BoolVar(&o.atMinISR, "at-min-isr-partitions", false, "with --describe: only partitions with just min.insync.replicas in sync")
	f.BoolVar(&o.withOverrides, "topics-with-overrides", false, "with --describe: only topics with settings of their own")
	f.BoolVar(&o.ifExists, "if-exists", false, "with --alter, --delete, --describe: a topic that is not there is no error")
	f.BoolVar(&o.ifNotExists, "if-not-exists", false, "with --create: a topic that is there is no error")
	f.BoolVar(&o.excludeInternal, "exclude-internal", false, "with --list, --describe: without internal topics")
	o.one(f, "partition-size-limit-per-response", "with --describe: ask for at most this `many` partitions at a time (default 2000)")
}

// one defines a flag that wants one value. It is read by [options.read], whose
// errors Kafka's command prints as errors of the work.
func (o *options) one(f *pflag.FlagSet, name, usage string) {
	if o.words == nil {
		o.words = make(map[string]*[]string)
	}
	o.words[name] = f.StringArray(name, nil, usage)
}

// read reads the flags that want one value.
func (o *options) read() error {
	o.partitionSizeLimit = 2000
	texts := map[string]*string{"topic": &o.topic, "topic-id": &o.topicID, "replica-assignment": &o.replicaAssignment}
	numbers := map[string]*int32{
		"partitions": &o.partitions, "replication-factor": &o.replicationFactor,
		"partition-size-limit-per-response": &o.partitionSizeLimit,
	}
	for _, name := range slices.Sorted(maps.Keys(o.words)) {
		switch words := *o.words[name]; len(words) {
		case 0:
		case 1:
			if text, ok := texts[name]; ok {
				*text = words[0]
				continue
			}
			n, err := strconv.ParseInt(words[0], 10, 32)
			if err != nil {
				return fmt.Errorf("Cannot parse argument '%s' of option %s", words[0], name)
			}
			*numbers[name] = int32(n)
		default:
			return fmt.Errorf("Found multiple arguments for option %s, but you asked for only one", name)
		}
	}
	return nil
}

// job is one of the five things that topics does, its arguments read.
type job interface {
	do(ctx context.Context, env *command.Env, a *admin.Admin, asJSON bool) error
}

// job reads the arguments of what is asked for. The errors are those that
// Kafka's command finds before it asks a broker.
func (o *options) job() (job, error) {
	if err := o.read(); err != nil {
		return nil, err
	}
	switch {
	case o.create:
		return o.newCreation()
	case o.alter:
		return o.newAlteration()
	case o.list:
		return o.newSelection()
	case o.describe:
		return o.newDescription()
	}
	return o.newDeletion()
}

// run does what is asked. An error of the work is printed where Kafka's
// command prints it, on standard output, and the line about it with the
// remedy on standard error.
func (o *options) run(ctx context.Context, env *command.Env, asJSON bool) error {
	p, err := o.Resolve()
	if err != nil {
		return err
	}
	j, err := o.job()
	if err != nil {
		return said(ctx, env, err, asJSON)
	}
	a, err := admin.Open(ctx, env, p)
	if err != nil {
		return err
	}
	defer a.Close()
	return said(ctx, env, j.do(ctx, env, a, asJSON), asJSON)
}

func said(ctx context.Context, env *command.Env, err error, asJSON bool) error {
	if err == nil || ctx.Err() != nil || errors.As(err, new(*command.Failure)) {
		return err
	}
	if !asJSON {
		env.Println("Error while executing topic command : " + sentence(err))
	}
	return command.Fail(err)
}

// hinted is an error in Kafka's words, and what to do about it.
type hinted struct {
	error

	hint string
}

func hint(err error, remedy string) error { return &hinted{err, remedy} }

// Error is the sentence and the remedy.
func (h *hinted) Error() string { return strings.TrimSuffix(h.error.Error(), ".") + ": " + h.hint }

// Unwrap is the sentence.
func (h *hinted) Unwrap() error { return h.error }

// sentence is err in Kafka's words alone.
func sentence(err error) string {
	if h, ok := errors.AsType[*hinted](err); ok {
		return h.error.Error()
	}
	return err.Error()
}
