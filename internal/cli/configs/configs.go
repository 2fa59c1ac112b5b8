// Package configs holds the command configs, which shows and changes the
// settings of topics, brokers, loggers, groups, client metrics, and the quotas
// and passwords of users, clients and addresses. Kind: shell
package configs

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/flags"
)

// Commands are this room's commands.
func Commands(env *command.Env) []*cobra.Command { return []*cobra.Command{newConfigs(env)} }

// options are what the flags of configs say.
type options struct {
	client.Flags

	alter, describe, all       bool
	add, addFile, deleteConfig []string
	types                      []string           // of --entity-type
	names                      []string           // of --entity-name and --entity-default ("") as they stand
	byFlag                     map[string]*string // of --topic, --client and so on
	set                        func(flag string) bool
}

func newConfigs(env *command.Env) *cobra.Command {
	o := &options{byFlag: make(map[string]*string)}
	cmd := command.AsKafka(&cobra.Command{
		Use:   "configs",
		Short: "Show and change settings: topics, brokers, groups, quotas, passwords",
		Long: `Show (--describe) or change (--alter) the settings of a topic, a broker, the
loggers of a broker, a group, a client metrics subscription; quotas of users,
clients and addresses; SCRAM passwords of users.

--add-config takes key=value,key=value. A value with a comma in it stands in
square brackets: cleanup.policy=[compact,delete]. A password is set with
SCRAM-SHA-256=[iterations=8192,password=secret]; only what is derived from it
is sent.`,
		Example: `  gregor configs --bootstrap-server localhost:9092 --describe --topic orders
  gregor configs --bootstrap-server localhost:9092 --describe --broker 1 --all
  gregor configs --bootstrap-server localhost:9092 --alter --topic orders --add-config 'retention.ms=3600000,cleanup.policy=[compact,delete]'
  gregor configs --bootstrap-server localhost:9092 --alter --topic orders --delete-config retention.ms
  gregor configs --bootstrap-server localhost:9092 --alter --broker-defaults --add-config log.cleaner.threads=2
  gregor configs --bootstrap-server localhost:9092 --alter --broker-logger 1 --add-config org.apache.kafka=DEBUG
  gregor configs --bootstrap-server localhost:9092 --alter --user alice --client app --add-config producer_byte_rate=1048576`,
		Args: cobra.NoArgs,
	}, "configs")
	o.define(cmd)
	command.WithFormat(cmd, func(ctx context.Context, asJSON bool) error {
		o.set = cmd.Flags().Changed
		return o.run(ctx, env, asJSON)
	})
	return cmd
}

func (o *options) define(cmd *cobra.Command) {
	o.AddServer(cmd)
	o.AddController(cmd)
	f := cmd.Flags()
	flags.Single(f, &o.Config, "command-config", "read client properties (security, timeouts) from this `file`")
	f.BoolVar(&o.alter, "alter", false, "change settings")
	f.BoolVar(&o.describe, "describe", false, "show settings")
	f.BoolVar(&o.all, "all", false, "with --describe: all settings, those from files and defaults too")
	f.StringArrayVar(&o.types, "entity-type", nil, "what it is: `topics|clients|users|brokers|broker-loggers|ips|client-metrics|groups`")
	f.Var(&entityNames{list: &o.names}, "entity-name", "its `name`: the topic, client id, user, broker id, address, subscription or group")
	f.Var(&entityNames{list: &o.names, isDefault: true}, "entity-default", "the defaults of clients, users, brokers or ips")
	f.Lookup("entity-default").NoOptDefVal = "true"
	f.StringArrayVar(&o.add, "add-config", nil, "set these: `key=value,key=[a,b],...`")
	f.StringArrayVar(&o.addFile, "add-config-file", nil, "set what this `file` of properties has")
	f.StringArrayVar(&o.deleteConfig, "delete-config", nil, "take these settings away: `key,key,...`")
	for _, e := range entityFlags() {
		if e.isDefault {
			f.Bool(e.flag, false, e.usage)
			continue
		}
		o.byFlag[e.flag] = new(string)
		flags.Single(f, o.byFlag[e.flag], e.flag, e.usage)
	}
}

// run does what is asked.
func (o *options) run(ctx context.Context, env *command.Env, asJSON bool) error {
	e := o.entity()
	if err := o.check(ctx, e); err != nil {
		return err
	}
	p, err := o.Resolve()
	if err != nil {
		return err
	}
	var c change
	if o.alter {
		if c, err = o.change(e); err != nil {
			return err
		}
	}
	a, err := admin.Open(ctx, env, p)
	if err != nil {
		return err
	}
	defer a.Close()
	if o.alter {
		return alter(ctx, env, a, e, c, asJSON)
	}
	return describe(ctx, env, a, e, o.all, asJSON)
}
