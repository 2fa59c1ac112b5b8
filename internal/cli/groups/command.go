package groups

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/flags"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

const consumerGroupsLong = `List and describe consumer groups, with the lag of every partition; reset or
delete their offsets; delete groups. Exactly one of --list, --describe,
--delete, --reset-offsets, --delete-offsets, --validate-regex and --watch says
what to do.

--reset-offsets shows what it would do and changes nothing unless --execute is
there. The group must have no active members. Which offset: --to-earliest,
--to-latest, --to-current, --to-offset, --shift-by, --to-datetime,
--by-duration or --from-file; which partitions: --all-topics, or --topic NAME
or NAME:0,1,2, repeated.

--watch is Gregor's own: the lag and its change, the rate of consumption,
members that come and go and partitions that move, every --interval.`

const consumerGroupsExample = `  gregor consumer-groups --bootstrap-server localhost:9092 --list
  gregor consumer-groups --bootstrap-server localhost:9092 --describe --group billing
  gregor consumer-groups --bootstrap-server localhost:9092 --describe --group billing --members --verbose
  gregor consumer-groups --bootstrap-server localhost:9092 --group billing \
      --reset-offsets --to-earliest --topic orders:0,1 --execute
  gregor consumer-groups --bootstrap-server localhost:9092 --watch --all-groups --interval 5s`

// options are the flags of consumer-groups.
type options struct {
	where  client.Flags
	groups []string
	topics []string

	list, describe, delete, reset, deleteOffsets, watch bool
	allGroups, allTopics                                bool
	members, verbose, offsets                           bool
	state, kind, regex                                  string
	dryRun, execute, export                             bool
	timeout                                             string

	toOffsetText, shiftByText        string
	toOffset, shiftBy                int64 // read from them
	fromFile, toDatetime, byDuration string
	toEarliest, toLatest, toCurrent  bool
	interval                         time.Duration
	count                            int
	asJSON                           bool
	has                              func(name string) bool // the user gave this flag
}

// every is the value of --state and --type without one.
const every = "all"

func newConsumerGroups(env *command.Env) *cobra.Command {
	o := new(options)
	cmd := command.AsKafka(&cobra.Command{
		Use:     "consumer-groups",
		Short:   "List, describe, watch, reset and delete consumer groups",
		Long:    consumerGroupsLong,
		Example: consumerGroupsExample,
		Args:    command.KafkaArgs(env),
	}, "consumer-groups")
	o.where.Add(cmd)
	o.flags(cmd)
	o.has = func(name string) bool { return cmd.Flags().Changed(name) }
	command.WithFormat(cmd, func(ctx context.Context, asJSON bool) error {
		o.asJSON = asJSON
		if err := o.check(env); err != nil {
			return err
		}
		return o.told(env, cmd.CommandPath(), o.run(ctx, env))
	})
	return cmd
}

func (o *options) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&o.groups, "group", nil, "the consumer `group`; may be repeated")
	f.StringArrayVar(&o.topics, "topic", nil, "the `topic`, or topic:0,1,2, whose offsets are reset or deleted; may be repeated")
	f.BoolVar(&o.allTopics, "all-topics", false, "reset all topics that the group has offsets of")
	f.BoolVar(&o.allGroups, "all-groups", false, "describe, delete, reset or watch all consumer groups")
	f.BoolVar(&o.list, "list", false, "list all consumer groups")
	f.BoolVar(&o.describe, "describe", false, "describe groups and their lag")
	f.BoolVar(&o.delete, "delete", false, "delete groups and their offsets")
	f.BoolVar(&o.reset, "reset-offsets", false, "set the offsets of a group that has no active members")
	f.BoolVar(&o.deleteOffsets, "delete-offsets", false, "delete the offsets of a group for some topics")
	f.StringVar(&o.regex, "validate-regex", "", "say whether a `regex` is one of RE2's, as subscriptions of groups take them")
	f.StringVar(&o.timeout, "timeout", "30000", "wait so many `milliseconds` for an answer")
	f.BoolVar(&o.members, "members", false, "describe the members of the group")
	f.BoolVar(&o.offsets, "offsets", false, "describe the offsets of the group; this is the default")
	f.BoolVar(&o.verbose, "verbose", false, "describe with assignments, epochs and strategies")
	f.StringVar(&o.state, "state", "", "describe the state of the group; or list with states, and only groups in these `states`")
	f.StringVar(&o.kind, "type", "", "list with types, and only groups of these `types`")
	for _, name := range []string{"state", "type"} {
		flags.Annotate(f, name, flags.Optional)
		f.Lookup(name).NoOptDefVal = every
	}
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would be reset, and change nothing; this is the default")
	f.BoolVar(&o.execute, "execute", false, "reset the offsets")
	f.BoolVar(&o.export, "export", false, "print the offsets as CSV for --from-file")
	f.StringVar(&o.toOffsetText, "to-offset", "", "reset to this `offset`")
	f.StringVar(&o.fromFile, "from-file", "", "reset to the offsets of this CSV `file`: topic,partition,offset, or group,topic,partition,offset")
	f.StringVar(&o.toDatetime, "to-datetime", "", "reset to the first record not before this `time`: YYYY-MM-DDThh:mm:ss.sss, UTC unless it ends with an offset")
	f.StringVar(&o.byDuration, "by-duration", "", "reset to the first record since so long ago: a `duration` such as PT1H or P7D")
	f.BoolVar(&o.toEarliest, "to-earliest", false, "reset to the earliest offset")
	f.BoolVar(&o.toLatest, "to-latest", false, "reset to the latest offset")
	f.BoolVar(&o.toCurrent, "to-current", false, "reset to the committed offset, or the latest where there is none")
	f.StringVar(&o.shiftByText, "shift-by", "", "reset to so many `offsets` after the committed one, or before it (negative)")
	f.BoolVar(&o.watch, "watch", false, "show lag, members and moves of groups again and again, until Ctrl-C")
	f.DurationVar(&o.interval, "interval", 2*time.Second, "watch with this `pause` in between: 500ms, 5s")
	f.IntVar(&o.count, "count", 0, "watch so many `times`; 0: until Ctrl-C")
}

func (o *options) run(ctx context.Context, env *command.Env) error {
	if o.has("validate-regex") {
		return validateRegex(env, o.regex, o.asJSON)
	}
	timeoutMs, err := o.numbers()
	if err != nil {
		return err
	}
	a, err := open(ctx, env, &o.where, time.Duration(timeoutMs)*time.Millisecond)
	if err != nil {
		return err
	}
	defer a.Close()
	switch {
	case o.list:
		return o.runList(ctx, env, a)
	case o.describe:
		return o.runDescribe(ctx, env, a)
	case o.delete:
		return o.runDelete(ctx, env, a)
	case o.reset:
		return o.runReset(ctx, env, a)
	case o.deleteOffsets:
		return o.runDeleteOffsets(ctx, env, a)
	}
	return o.runWatch(ctx, env, a)
}

// numbers reads the numbers among the flags: Kafka's command, which reads them
// where it needs them, ends as after any other failure. It returns --timeout.
func (o *options) numbers() (timeoutMs int64, err error) {
	for _, n := range []struct {
		name, text string
		value      *int64
	}{{"timeout", o.timeout, &timeoutMs}, {"to-offset", o.toOffsetText, &o.toOffset}, {"shift-by", o.shiftByText, &o.shiftBy}} {
		if n.text == "" && !o.has(n.name) {
			continue
		}
		if *n.value, err = strconv.ParseInt(n.text, 10, 64); err != nil {
			return 0, &java.Thrown{Class: "joptsimple.OptionArgumentConversionException", Message: fmt.Sprintf("Cannot parse argument '%s' of option %s", n.text, n.name)}
		}
	}
	if timeoutMs < 1 || timeoutMs > math.MaxInt32 {
		return 0, command.Usagef("--timeout %d: want 1 to %d milliseconds", timeoutMs, math.MaxInt32)
	}
	return timeoutMs, nil
}

// told prints a failure that Kafka's command prints and then ends with exit
// code 0: its line goes to standard output, ours to standard error. With
// --format json the exit code is 1, since nobody reads a line there.
func (o *options) told(env *command.Env, path string, err error) error {
	thrown, ok := errors.AsType[*java.Thrown](err)
	if !ok || o.asJSON || o.watch {
		return command.Fail(err)
	}
	env.Printf("\nError: Executing consumer group command failed due to %s\n", thrown.Message)
	env.Warnf("%s: %s", path, thrown.Error())
	return nil
}

// chosen are the groups that the flags name.
func (o *options) chosen(ctx context.Context, a *cluster) ([]string, error) {
	if !o.allGroups {
		return o.groups, nil
	}
	ids, err := a.ids(ctx)
	return ids, in(err, java.Execution, java.Runtime)
}
