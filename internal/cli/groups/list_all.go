package groups

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

// allOptions are the flags of groups.
type allOptions struct {
	where                    client.Flags
	list                     bool
	kind, protocol           string
	consumer, share, streams bool
}

// listTimeout is how long Kafka's command waits for the list.
const listTimeout = 30 * time.Second

func newGroups(env *command.Env) *cobra.Command {
	o := new(allOptions)
	cmd := command.AsKafka(&cobra.Command{
		Use:   "groups",
		Short: "List groups of all types: consumer, share, streams and others",
		Example: `  gregor groups --bootstrap-server localhost:9092 --list
  gregor groups --bootstrap-server localhost:9092 --list --group-type classic --protocol connect`,
		Args: command.KafkaArgs(env),
	}, "groups")
	o.where.Add(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.list, "list", false, "list the groups")
	f.StringVar(&o.kind, "group-type", "", "only groups of this `type`: classic, consumer, share, streams")
	f.StringVar(&o.protocol, "protocol", "", "only groups of this `protocol` type: consumer, connect ...")
	f.BoolVar(&o.consumer, "consumer", false, "only consumer groups of all kinds: new, classic, and those that only commit")
	f.BoolVar(&o.share, "share", false, "only share groups")
	f.BoolVar(&o.streams, "streams", false, "only streams groups")
	command.WithFormat(cmd, func(ctx context.Context, asJSON bool) error {
		given := func(name string) bool { return cmd.Flags().Changed(name) }
		if err := o.check(given); err != nil {
			return err
		}
		err := o.run(ctx, env, asJSON, given("protocol"))
		if thrown, ok := errors.AsType[*java.Thrown](err); ok && !asJSON {
			env.Printf("Error while executing groups command : %s\n", thrown.Message)
		}
		return command.Fail(err)
	})
	return cmd
}

func (o *allOptions) check(given func(string) bool) error {
	if !o.list {
		return command.Usagef("Command must include exactly one action: --list.")
	}
	if given("group-type") {
		kind, ok := named(o.kind, allTypes())
		if !ok {
			return command.Usagef("--group-type must be a valid group type: %s", strings.ToLower(strings.Join(allTypes(), ", ")))
		}
		o.kind = kind
	}
	exclusive := []string{"consumer", "share", "streams"}
	for _, one := range exclusive {
		for _, other := range append(exclusive, "group-type", "protocol") {
			if one != other && given(one) && given(other) {
				return command.Usagef("Option \"[%s]\" can't be used with option \"[%s]\"", one, other)
			}
		}
	}
	return nil
}

func (o *allOptions) run(ctx context.Context, env *command.Env, asJSON, withProtocol bool) error {
	a, err := open(ctx, env, &o.where, listTimeout)
	if err != nil {
		return err
	}
	defer a.Close()
	all, err := a.list(ctx, filter{})
	if err != nil {
		return err
	}
	wanted := []listing{}
	for _, l := range all {
		if o.wants(l, withProtocol) {
			wanted = append(wanted, l)
		}
	}
	if asJSON {
		return env.PrintJSON(listed{wanted})
	}
	width := 20
	for _, l := range wanted {
		for _, cell := range []string{l.GroupID, l.Type, l.Protocol} {
			width = max(width, utf8.RuneCountInString(cell))
		}
	}
	cell := func(text string) string { return fmt.Sprintf("%-*s", width, text) }
	env.Println(cell("GROUP"), cell("TYPE"), cell("PROTOCOL"))
	for _, l := range wanted {
		env.Printf("%s %s %s \n", cell(l.GroupID), cell(l.Type), cell(l.Protocol))
	}
	return nil
}

// wants says whether a group passes the filters.
func (o *allOptions) wants(l listing, withProtocol bool) bool {
	protocol := !withProtocol || l.Protocol == o.protocol
	switch {
	case o.kind != "":
		return l.Type == o.kind && protocol
	case withProtocol:
		return protocol
	case o.consumer:
		return l.Protocol == "consumer" || l.Protocol == "" || l.Type == typeConsumer
	case o.share:
		return l.Type == "Share"
	case o.streams:
		return l.Type == "Streams"
	}
	return true
}
