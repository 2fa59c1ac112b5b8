// Package cluster holds the commands about a cluster as a whole: its id, its
// brokers' API versions, features, quorum and log directories. Kind: shell
package cluster

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

// Commands are this room's commands.
func Commands(env *command.Env) []*cobra.Command {
	return []*cobra.Command{newCluster(env)}
}

func newCluster(env *command.Env) *cobra.Command {
	cmd := command.AsKafka(&cobra.Command{
		Use:   "cluster",
		Short: "Print the cluster's id, list its nodes, remove a broker from it",
		Args:  cobra.NoArgs,
	}, "cluster")
	cmd.AddCommand(newClusterID(env))
	return cmd
}

// clusterID is what cluster-id prints for machines.
type clusterID struct {
	ClusterID string `json:"clusterId"`
}

func newClusterID(env *command.Env) *cobra.Command {
	var where client.Flags
	cmd := &cobra.Command{
		Use:     "cluster-id",
		Short:   "Print the id of the cluster",
		Example: `  gregor cluster cluster-id --bootstrap-server localhost:9092`,
		Args:    cobra.NoArgs,
	}
	where.AddServer(cmd)
	where.AddController(cmd)
	cmd.Flags().StringVarP(&where.Config, "config", "c", "", "read client properties from this `file`")
	command.FormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		asJSON, err := command.IsJSON(cmd)
		if err != nil {
			return err
		}
		id, err := askClusterID(cmd.Context(), env, &where)
		if err != nil {
			return err
		}
		if asJSON {
			return env.PrintJSON(clusterID{id})
		}
		env.Println("Cluster ID: " + id)
		return nil
	}
	return cmd
}

func askClusterID(ctx context.Context, env *command.Env, where *client.Flags) (string, error) {
	p, err := where.Resolve()
	if err != nil {
		return "", err
	}
	c, err := client.Open(ctx, env, p)
	if err != nil {
		return "", err
	}
	defer c.Close()
	req := kmsg.NewPtrDescribeClusterRequest()
	resp, err := req.RequestWith(ctx, c)
	if err != nil {
		return "", client.Explain(err, p.Servers())
	}
	return resp.ClusterID, nil
}
