// Package transactions holds the command about transactions: it lists and
// describes them and the producers of a partition, finds transactions that
// hang, and ends them. Kind: shell
package transactions

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

const long = `List and describe transactions, and the producers that have written to a
partition; find transactions that hang, and end them.

A transaction hangs where a partition waits for its end, and its coordinator
knows nothing of it: nobody will end it, and those who read_committed read no
further. find-hanging finds such, abort ends one. Transactions whose producer is
gone are ended by their coordinator after their own timeout, or at once by
forceTerminateTransaction.`

// Commands are this room's commands.
func Commands(env *command.Env) []*cobra.Command {
	where := new(client.Flags)
	cmd := &cobra.Command{
		Use:   "transactions",
		Short: "List and describe transactions, find those that hang, and end them",
		Long:  long,
		Example: `  gregor transactions --bootstrap-server localhost:9092 list
  gregor transactions --bootstrap-server localhost:9092 describe --transactional-id orders-1
  gregor transactions --bootstrap-server localhost:9092 find-hanging --broker-id 1`,
		Args: cobra.NoArgs,
	}
	f := cmd.PersistentFlags()
	f.StringVar(&where.Server, "bootstrap-server", "", "connect to these brokers: `host:port,...` (or set "+client.BootstrapVariable+")")
	f.StringVar(&where.Config, "command-config", "", "read client properties (security, timeouts) from this `file`")
	f.BoolP("version", "v", false, "print the version of Kafka that this stands for")
	command.AsKafka(cmd, "transactions")
	cmd.RunE = needsSubcommand
	cmd.AddCommand(
		newList(env, where), newDescribe(env, where), newDescribeProducers(env, where),
		newAbort(env, where), newFindHanging(env, where), newForceTerminate(env, where),
	)
	return []*cobra.Command{cmd}
}

// needsSubcommand is the error about a command line without one.
func needsSubcommand(cmd *cobra.Command, _ []string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() && c.Name() != "help" {
			names = append(names, c.Name())
		}
	}
	return command.Usagef("say what to do: %s", strings.Join(names, " "))
}

// required are the flags that a sub-command cannot do without, in Kafka's words.
func required(cmd *cobra.Command, names ...string) error {
	for _, name := range names {
		if !cmd.Flags().Changed(name) {
			return command.Usagef("argument --%s is required", name)
		}
	}
	return nil
}

// run gives cmd its --format, the flags that it needs, and a connection to
// work with.
func run(env *command.Env, where *client.Flags, cmd *cobra.Command, needs []string, work func(*conn, bool) error) *cobra.Command {
	command.FormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		asJSON, err := command.IsJSON(cmd)
		if err != nil {
			return err
		}
		if err := required(cmd, needs...); err != nil {
			return err
		}
		c, err := open(cmd.Context(), env, where)
		if err != nil {
			return err
		}
		defer c.Close()
		return command.Fail(work(c, asJSON))
	}
	return cmd
}
