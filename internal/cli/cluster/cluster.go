// Package cluster holds the commands about a cluster as a whole: its id, its
// brokers' API versions, features, quorum and log directories. Kind: shell
package cluster

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

// Commands are this room's commands.
func Commands(env *command.Env) []*cobra.Command {
	return []*cobra.Command{newCluster(env), newBrokerAPIVersions(env), newFeatures(env), newMetadataQuorum(env), newLogDirs(env)}
}

func newCluster(env *command.Env) *cobra.Command {
	cmd := command.AsKafka(&cobra.Command{
		Use:   "cluster",
		Short: "Print the cluster's id, list its nodes and what they serve, unregister one",
		Example: `  gregor cluster cluster-id --bootstrap-server localhost:9092
  gregor cluster list-endpoints --bootstrap-controller localhost:9093
  gregor cluster unregister --bootstrap-server localhost:9092 --id 3`,
		Args: cobra.NoArgs,
	}, "cluster")
	cmd.RunE = needsSubcommand
	cmd.AddCommand(newClusterID(env), newUnregister(env), newUnregisterController(env), newListEndpoints(env), newAPIVersions(env))
	return cmd
}

// needsSubcommand is the error about a command that has sub-commands and got
// none.
func needsSubcommand(cmd *cobra.Command, _ []string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() && c.Name() != "help" {
			names = append(names, c.Name())
		}
	}
	return command.Usagef("say what to do: %s", strings.Join(names, " "))
}

// tool is a sub-command of cluster: all have the same flags of a connection.
type tool struct {
	where client.Flags
	old   string // --config
}

func (t *tool) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&t.where.Server, "bootstrap-server", "b", "", "connect to these brokers: `host:port,...` (or set "+client.BootstrapVariable+")")
	f.StringVarP(&t.where.Controller, "bootstrap-controller", "C", "", "connect to these controllers instead: `host:port,...`")
	f.StringVarP(&t.where.Config, "command-config", "c", "", "read client properties (security, timeouts) from this `file`")
	f.StringVar(&t.old, "config", "", "the old name of --command-config: a `file`")
	command.FormatFlag(cmd)
}

// run runs work with a connection.
func (t *tool) run(env *command.Env, work func(ctx context.Context, c *conn, asJSON bool) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		asJSON, err := command.IsJSON(cmd)
		if err != nil {
			return err
		}
		if t.old != "" {
			if t.where.Config != "" {
				return command.Usagef("--config and --command-config cannot be specified together.")
			}
			t.where.Config = t.old
			old := "Option --config has been deprecated and will be removed in a future version. Use --command-config instead."
			if asJSON {
				env.Warnf("%s", old)
			} else {
				env.Println(old)
			}
		}
		c, err := open(cmd.Context(), env, &t.where)
		if err != nil {
			return err
		}
		defer c.Close()
		return command.Fail(work(cmd.Context(), c, asJSON))
	}
}

// clusterID is what cluster-id prints for machines.
type clusterID struct {
	ClusterID string `json:"clusterId"`
}

func newClusterID(env *command.Env) *cobra.Command {
	t := new(tool)
	cmd := &cobra.Command{
		Use:     "cluster-id",
		Short:   "Print the id of the cluster",
		Example: `  gregor cluster cluster-id --bootstrap-server localhost:9092`,
		Args:    cobra.NoArgs,
	}
	t.flags(cmd)
	cmd.RunE = t.run(env, func(ctx context.Context, c *conn, asJSON bool) error {
		d, err := c.DescribeCluster(ctx, false)
		if err != nil {
			return err
		}
		if asJSON {
			return env.PrintJSON(clusterID{d.ClusterID})
		}
		env.Println("Cluster ID: " + d.ClusterID)
		return nil
	})
	return cmd
}

// endpoint is what list-endpoints prints for machines.
type endpoint struct {
	ID     int32   `json:"id"`
	Host   string  `json:"host"`
	Port   int32   `json:"port"`
	Rack   *string `json:"rack"`
	Fenced *bool   `json:"fenced,omitempty"` // of brokers
	Type   string  `json:"endpointType"`     // broker or controller
}

func newListEndpoints(env *command.Env) *cobra.Command {
	t := new(tool)
	fenced := false
	cmd := &cobra.Command{
		Use:   "list-endpoints",
		Short: "List the brokers, or the controllers, and where they are reached",
		Example: `  gregor cluster list-endpoints --bootstrap-server localhost:9092 --include-fenced-brokers
  gregor cluster list-endpoints --bootstrap-controller localhost:9093`,
		Args: cobra.NoArgs,
	}
	t.flags(cmd)
	cmd.Flags().BoolVar(&fenced, "include-fenced-brokers", false, "list brokers, too, that are fenced (down, or not caught up)")
	cmd.RunE = t.run(env, func(ctx context.Context, c *conn, asJSON bool) error {
		if fenced && c.Controllers() {
			return command.Failf("The option --include-fenced-brokers is only supported with --bootstrap-server option")
		}
		d, err := c.DescribeCluster(ctx, fenced)
		if err != nil {
			return err
		}
		nodes := java.Order(d.Brokers, func(b kmsg.DescribeClusterResponseBroker) int32 { return java.HashInt(b.NodeID) })
		if asJSON {
			return endpointsJSON(env, nodes, c.Controllers())
		}
		printEndpoints(env, nodes, c.Controllers())
		return nil
	})
	return cmd
}

func endpointsJSON(env *command.Env, nodes []kmsg.DescribeClusterResponseBroker, controllers bool) error {
	list := make([]endpoint, len(nodes))
	for i, n := range nodes {
		list[i] = endpoint{ID: n.NodeID, Host: n.Host, Port: n.Port, Rack: n.Rack, Fenced: &n.IsFenced, Type: "broker"}
		if controllers {
			list[i].Fenced, list[i].Type = nil, "controller"
		}
	}
	return env.PrintJSON(struct {
		Endpoints []endpoint `json:"endpoints"`
	}{list})
}

func printEndpoints(env *command.Env, nodes []kmsg.DescribeClusterResponseBroker, controllers bool) {
	host, rack := 0, 0
	for _, n := range nodes {
		host = max(host, utf8.RuneCountInString(n.Host))
		if n.Rack != nil {
			rack = max(rack, utf8.RuneCountInString(*n.Rack))
		}
	}
	if host == 0 {
		host = 100 // as Kafka's has it where there are no nodes
	}
	if rack == 0 {
		rack = 10
	}
	line := func(id, hostText, port, rackText, state, kind string) {
		text := fmt.Sprintf("%-10s %-*s %-10s %-*s ", id, host, hostText, port, rack, rackText)
		if !controllers {
			text += fmt.Sprintf("%-10s ", state)
		}
		env.Printf("%s%-15s\n", text, kind)
	}
	line("ID", "HOST", "PORT", "RACK", "STATE", "ENDPOINT_TYPE")
	for _, n := range nodes {
		rackText, state, kind := "null", "unfenced", "broker"
		if n.Rack != nil {
			rackText = *n.Rack
		}
		if n.IsFenced {
			state = "fenced"
		}
		if controllers {
			kind = "controller"
		}
		line(fmt.Sprint(n.NodeID), n.Host, fmt.Sprint(n.Port), rackText, state, kind)
	}
}
