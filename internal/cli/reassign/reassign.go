// Package reassign holds the command reassign-partitions, which moves replicas
// between brokers and between the directories of a broker. Kind: shell
package reassign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/flags"
)

// Commands are this room's commands.
func Commands(env *command.Env) []*cobra.Command { return []*cobra.Command{newReassign(env)} }

// options are what the flags say.
type options struct {
	client.Flags

	generate, execute, verify, cancel, list bool

	file, topicsFile, brokers   string
	noRacks                     bool
	throttle, dirThrottle, wait int64 // bytes a second, bytes a second, milliseconds
	additional, keepThrottles   bool
	sameFactor                  bool
	set                         func(flag string) bool
}

func newReassign(env *command.Env) *cobra.Command {
	o := &options{}
	cmd := command.AsKafka(&cobra.Command{
		Use:   "reassign-partitions",
		Short: "Move replicas of partitions to other brokers or directories",
		Long: `Move replicas: --generate proposes where partitions of some topics could be,
--execute begins the move that a file describes, --verify says how far it is and
takes the throttles away when it is done, --cancel ends it, --list shows all
that are under way. The file of a move:

    {"version": 1, "partitions": [
      {"topic": "orders", "partition": 0, "replicas": [1, 2], "log_dirs": ["any", "any"]}]}

The file for --generate:

    {"version": 1, "topics": [{"topic": "orders"}]}`,
		Example: `  gregor reassign-partitions --bootstrap-server localhost:9092 --generate --topics-to-move-json-file topics.json --broker-list 1,2,3
  gregor reassign-partitions --bootstrap-server localhost:9092 --execute --reassignment-json-file move.json --throttle 50000000
  gregor reassign-partitions --bootstrap-server localhost:9092 --verify --reassignment-json-file move.json
  gregor reassign-partitions --bootstrap-server localhost:9092 --list`,
		Args: cobra.NoArgs,
	}, "reassign-partitions")
	o.define(cmd)
	command.WithFormat(cmd, func(ctx context.Context, asJSON bool) error {
		o.set = cmd.Flags().Changed
		if err := o.check(); err != nil {
			return err
		}
		return o.run(ctx, env, asJSON)
	})
	return cmd
}

func (o *options) define(cmd *cobra.Command) {
	o.Add(cmd)
	o.AddController(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.generate, "generate", false, "propose where partitions could be; nothing is moved")
	f.BoolVar(&o.execute, "execute", false, "begin the moves of a file")
	f.BoolVar(&o.verify, "verify", false, "say how far the moves of a file are, and take throttles away when they are done")
	f.BoolVar(&o.cancel, "cancel", false, "end the moves of a file")
	f.BoolVar(&o.list, "list", false, "list all moves that are under way")
	flags.Single(f, &o.file, "reassignment-json-file", "the JSON `file` of the moves")
	flags.Single(f, &o.topicsFile, "topics-to-move-json-file", "with --generate: the JSON `file` of the topics")
	flags.Single(f, &o.brokers, "broker-list", "with --generate: the brokers to use, `1,2,...`")
	f.BoolVar(&o.noRacks, "disable-rack-aware", false, "with --generate: without regard to racks")
	f.Int64Var(&o.throttle, "throttle", -1, "with --execute: `bytes` a second that moves between brokers may take")
	f.Int64Var(&o.dirThrottle, "replica-alter-log-dirs-throttle", -1, "with --execute: `bytes` a second that moves between directories may take")
	f.Int64Var(&o.wait, "timeout", 10000, "`milliseconds` to wait until moves between directories have begun")
	f.BoolVar(&o.additional, "additional", false, "with --execute: beside moves that are under way; changes their throttle too")
	f.BoolVar(&o.keepThrottles, "preserve-throttles", false, "with --verify and --cancel: leave throttles as they are")
	f.BoolVar(&o.sameFactor, "disallow-replication-factor-change", false, "with --execute: refuse to change how many replicas a partition has")
}

// check refuses combinations of flags that make no sense.
func (o *options) check() error {
	type rule struct{ required, permitted []string }
	rules := map[string]rule{
		"generate": {[]string{"topics-to-move-json-file", "broker-list"}, []string{"bootstrap-server", "command-config", "disable-rack-aware"}},
		"execute": {[]string{"reassignment-json-file"}, []string{"bootstrap-server", "command-config", "additional", "throttle",
			"replica-alter-log-dirs-throttle", "timeout", "disallow-replication-factor-change"}},
		"verify": {[]string{"reassignment-json-file"}, []string{"bootstrap-server", "command-config", "preserve-throttles"}},
		"cancel": {[]string{"reassignment-json-file"}, []string{"bootstrap-server", "bootstrap-controller", "command-config", "preserve-throttles", "timeout"}},
		"list":   {nil, []string{"bootstrap-server", "bootstrap-controller", "command-config"}},
	}
	action, given := "", 0
	for name := range rules {
		if o.set(name) {
			action, given = name, given+1
		}
	}
	if given != 1 {
		return command.Usagef("Command must include exactly one action: --generate, --execute, --verify, --cancel, --list")
	}
	if o.set("bootstrap-server") && o.set("bootstrap-controller") {
		return command.Usagef("Please don't specify both --bootstrap-server and --bootstrap-controller")
	}
	r := rules[action]
	for _, flag := range r.required {
		if !o.set(flag) {
			return command.Usagef("Missing required argument \"[%s]\"", flag)
		}
	}
	for _, flag := range []string{"bootstrap-controller", "reassignment-json-file", "topics-to-move-json-file", "broker-list", "disable-rack-aware", "throttle",
		"replica-alter-log-dirs-throttle", "timeout", "additional", "preserve-throttles", "disallow-replication-factor-change"} {
		if o.set(flag) && !slices.Contains(r.required, flag) && !slices.Contains(r.permitted, flag) {
			return command.Usagef("Option \"[%s]\" can't be used with action \"[%s]\"", flag, action)
		}
	}
	return nil
}

// terse is an error that Kafka's command prints as it stands; others it prints
// behind "Error: ".
type terse struct{ error }

// caused is an error in Kafka's words, which leave the cause out.
type caused struct {
	error

	cause error
}

// Error is the sentence and the cause.
func (c caused) Error() string { return c.error.Error() + ": " + c.cause.Error() }

// Unwrap is the cause.
func (c caused) Unwrap() error { return c.cause }

// job is one run of the command.
type job struct {
	*admin.Admin

	env    *command.Env
	asJSON bool
}

// say prints a text for people.
func (j *job) say(format string, args ...any) {
	if !j.asJSON {
		j.env.Printf(format, args...)
	}
}

func (o *options) run(ctx context.Context, env *command.Env, asJSON bool) error {
	p, err := o.Resolve()
	if err != nil {
		return err
	}
	j := &job{env: env, asJSON: asJSON}
	do, err := o.action(j)
	if err == nil {
		if j.Admin, err = admin.Open(ctx, env, p); err != nil {
			return err
		}
		defer j.Close()
		err = do(ctx)
	}
	switch {
	case err == nil || errors.As(err, new(*command.Failure)) || ctx.Err() != nil:
		return err
	case errors.As(err, new(terse)):
		j.say("%s\n", err.Error())
	case errors.As(err, new(caused)):
		c, _ := errors.AsType[caused](err)
		j.say("Error: %s\n", c.error.Error())
	default:
		j.say("Error: %s\n", err.Error())
	}
	return command.Fail(oneLine(err))
}

// oneLine is the line on standard error of an error that has several.
func oneLine(err error) error {
	return errors.New(strings.ReplaceAll(err.Error(), "\n", " "))
}

// action reads the arguments of what is asked for.
func (o *options) action(j *job) (func(context.Context) error, error) {
	if o.list {
		return j.list, nil
	}
	if o.generate {
		text, err := command.ReadFile(o.topicsFile, maxFile)
		if err != nil {
			return nil, err
		}
		brokers, topics, err := parseGenerate(text, o.brokers)
		return func(ctx context.Context) error { return j.generate(ctx, topics, brokers, !o.noRacks) }, malformed(o.topicsFile, err)
	}
	text, err := command.ReadFile(o.file, maxFile)
	if err != nil {
		return nil, err
	}
	m, err := parseMoves(text)
	if err != nil {
		return nil, malformed(o.file, err)
	}
	wait := time.Duration(o.wait) * time.Millisecond
	switch {
	case o.execute:
		err = m.check()
		return func(ctx context.Context) error { return j.execute(ctx, m, o, wait) }, err
	case o.verify:
		return func(ctx context.Context) error { return j.verify(ctx, m, o.keepThrottles) }, nil
	}
	return func(ctx context.Context) error { return j.cancel(ctx, m, o.keepThrottles, wait) }, nil
}

// malformed names the file where err is about its JSON, and the line of a slip
// in it. Kafka's own sentences stay as they are.
func malformed(file string, err error) error {
	slip, is := errors.AsType[*json.SyntaxError](err)
	if wrong, other := errors.AsType[*json.UnmarshalTypeError](err); other {
		return fmt.Errorf("%s: %q is no %s: %w", file, wrong.Field, wrong.Type, err)
	}
	if is {
		return fmt.Errorf("%s: at byte %d: %w", file, slip.Offset, err)
	}
	return err
}

// maxFile bounds a file of moves, in bytes: a million of them fit.
const maxFile = 128 << 20
