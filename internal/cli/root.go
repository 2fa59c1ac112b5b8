package cli

import (
	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/cluster"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/complete"
	"github.com/gregor-stream/gregor/internal/cli/configs"
	"github.com/gregor-stream/gregor/internal/cli/console"
	"github.com/gregor-stream/gregor/internal/cli/doctor"
	"github.com/gregor-stream/gregor/internal/cli/dumplog"
	"github.com/gregor-stream/gregor/internal/cli/groups"
	"github.com/gregor-stream/gregor/internal/cli/perf"
	"github.com/gregor-stream/gregor/internal/cli/reassign"
	"github.com/gregor-stream/gregor/internal/cli/storagetool"
	"github.com/gregor-stream/gregor/internal/cli/stream"
	"github.com/gregor-stream/gregor/internal/cli/topics"
	"github.com/gregor-stream/gregor/internal/cli/transactions"
	"github.com/gregor-stream/gregor/internal/cli/verify"
)

const longHelp = `Gregor is Apache Kafka's system as one program: any Kafka client works with it.

Without a command it starts one broker on localhost:9092, with its data in your
data directory, and says how to try it. With Kafka's own server.properties:

    gregor start server.properties
    gregor start server.properties --override num.partitions=3

It runs until it is told to stop (Ctrl-C, or SIGTERM).

The commands named like Kafka's take Kafka's flags and print what Kafka's print;
they work with Apache Kafka too. gregor links DIR makes kafka-topics.sh and the
others. All take --format json.`

// The groups of commands in gregor help.
const (
	groupBroker = "broker"
	groupKafka  = "kafka"
	groupMore   = "more"
)

func newRoot(env *command.Env) *cobra.Command {
	root := &cobra.Command{
		Use:           "gregor",
		Short:         "a Kafka broker in one file",
		Long:          longHelp,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddGroup(
		&cobra.Group{ID: groupBroker, Title: "The broker:"},
		&cobra.Group{ID: groupMore, Title: "Beyond Kafka:"},
		&cobra.Group{ID: groupKafka, Title: "Kafka's commands:"},
	)
	options := startFlags(root)
	root.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(cmd, args[0])
		}
		return nil
	}
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		return start(cmd.Context(), *options, env)
	}
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(groupBroker, newStart(env), newHealth(env), newVersion(env), newLinks(env))
	add(groupMore, stream.Commands(env)...)
	add(groupMore, doctor.Commands(env)...)
	for _, room := range []func(*command.Env) []*cobra.Command{
		cluster.Commands, configs.Commands, console.Commands, dumplog.Commands, groups.Commands, perf.Commands,
		reassign.Commands, storagetool.Commands, topics.Commands, transactions.Commands, verify.Commands,
	} {
		add(groupKafka, room(env)...)
	}
	complete.Register(root, env)
	judge(root)
	root.SetUsageFunc(usage)
	root.InitDefaultHelpCmd() // now, so that the words of a command line find them
	root.InitDefaultCompletionCmd("completion")
	return root
}
