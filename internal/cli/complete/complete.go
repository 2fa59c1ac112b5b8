// Package complete completes the names of topics, groups and transactional ids
// on the command line, by asking the cluster that the words typed so far name.
// Kind: shell
package complete

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

// patience is how long a person waits for a completion.
const patience = 2 * time.Second

// namesMax bounds what one completion offers: a shell shows no more.
const namesMax = 2000

// names asks a cluster for names of one kind.
type names func(ctx context.Context, adm *kadm.Client) ([]string, error)

// completion is what cobra calls for a flag or an argument.
type completion = func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective)

// Register gives the flags of root and of all commands below it that take
// such names their completion.
func Register(root *cobra.Command, env *command.Env) {
	for flag, kind := range map[string]names{
		"topic": topics, "topics": topics, "include": topics, "topic-list": topics, "topics-include": topics,
		"group": groups, "transactional-id": transactionalIDs, "transactionalId": transactionalIDs,
	} {
		if f := root.Flags().Lookup(flag); f != nil && f.NoOptDefVal == "" {
			_ = root.RegisterFlagCompletionFunc(flag, ask(env, kind)) // it is registered once
		}
	}
	for _, c := range root.Commands() {
		Register(c, env)
	}
}

// TopicArgument completes the first argument of a command with topics.
func TopicArgument(env *command.Env) func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	complete := ask(env, topics)
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return complete(cmd, args, word)
	}
}

// ask completes with what the cluster answers. Where none answers there is
// nothing to offer, and nothing is said: the person is typing.
func ask(env *command.Env, kind names) completion {
	return func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		p, err := properties(cmd)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		p["default.api.timeout.ms"] = "2000"
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		quiet := &command.Env{In: env.In, Out: env.Out, Err: io.Discard}
		c, err := client.Open(ctx, quiet, p)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer c.Close()
		all, err := kind(ctx, kadm.NewClient(c))
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		slices.Sort(all)
		all = slices.DeleteFunc(all, func(n string) bool { return !strings.HasPrefix(n, word) })
		return all[:min(len(all), namesMax)], cobra.ShellCompDirectiveNoFileComp
	}
}

// properties are the connection that the flags typed so far name, and the
// broker on this machine where they name none.
func properties(cmd *cobra.Command) (client.Properties, error) {
	value := func(names ...string) string {
		for _, n := range names {
			if f := cmd.Flags().Lookup(n); f != nil && f.Value.String() != "" {
				return f.Value.String()
			}
		}
		return ""
	}
	f := client.Flags{Server: value("bootstrap-server"), Config: value("command-config", "consumer.config", "producer.config")}
	p, err := f.Resolve()
	if usage := new(command.Usage); errors.As(err, &usage) {
		f.Server = client.LocalBroker
		return f.Resolve()
	}
	return p, err
}

func topics(ctx context.Context, adm *kadm.Client) ([]string, error) {
	list, err := adm.ListTopics(ctx)
	return list.Names(), err
}

func groups(ctx context.Context, adm *kadm.Client) ([]string, error) {
	list, err := adm.ListGroups(ctx)
	return list.Groups(), err
}

func transactionalIDs(ctx context.Context, adm *kadm.Client) ([]string, error) {
	list, err := adm.ListTransactions(ctx, nil, nil)
	return list.TransactionalIDs(), err
}
