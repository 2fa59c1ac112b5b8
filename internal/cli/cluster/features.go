package cluster

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

func newFeatures(env *command.Env) *cobra.Command {
	where := new(client.Flags)
	cmd := command.AsKafka(&cobra.Command{
		Use:   "features",
		Short: "Describe, upgrade, downgrade and disable the features of a cluster",
		Example: `  gregor features --bootstrap-server localhost:9092 describe
  gregor features --bootstrap-server localhost:9092 upgrade --release-version 4.4 --dry-run
  gregor features version-mapping --release-version 4.3`,
		Args: cobra.NoArgs,
	}, "features")
	cmd.RunE = needsSubcommand
	persistent(cmd, where)
	cmd.AddCommand(newFeaturesDescribe(env, where), newUpgrade(env, where), newDowngrade(env, where), newDisable(env, where),
		newVersionMapping(env), newFeatureDependencies(env))
	return cmd
}

// persistent defines the flags of a connection that may stand before or behind
// the sub-command.
func persistent(cmd *cobra.Command, where *client.Flags) {
	f := cmd.PersistentFlags()
	f.StringVar(&where.Server, "bootstrap-server", "", "connect to these brokers: `host:port,...` (or set "+client.BootstrapVariable+")")
	f.StringVar(&where.Controller, "bootstrap-controller", "", "connect to these controllers instead: `host:port,...`")
	f.StringVar(&where.Config, "command-config", "", "read client properties (security, timeouts) from this `file`")
}

// featureJSON is what features describe prints for machines.
type featureJSON struct {
	Feature   string `json:"feature"`
	Min       int16  `json:"supportedMin"`
	Max       int16  `json:"supportedMax"`
	Finalized int16  `json:"finalized"` // 0: off
	MinName   string `json:"supportedMinName"`
	MaxName   string `json:"supportedMaxName"`
	Name      string `json:"finalizedName"`
}

func newFeaturesDescribe(env *command.Env, where *client.Flags) *cobra.Command {
	var node int32
	cmd := &cobra.Command{
		Use:     "describe",
		Short:   "Print the features that are supported and those that are in force",
		Example: `  gregor features --bootstrap-server localhost:9092 describe`,
		Args:    cobra.NoArgs,
	}
	cmd.Flags().Int32Var(&node, "node-id", 0, "ask the node of this `id`; any node without")
	command.WithFormat(cmd, func(ctx context.Context, asJSON bool) error {
		one := cmd.Flags().Changed("node-id")
		if one && node < 0 {
			return command.Failf("Invalid node id %d: must be non-negative.", node)
		}
		c, err := open(ctx, env, where)
		if err != nil {
			return err
		}
		defer c.Close()
		resp, err := c.features(ctx, one, node)
		if err != nil {
			return command.Fail(err)
		}
		return printFeatures(env, resp, asJSON)
	})
	return cmd
}

func (c *conn) features(ctx context.Context, one bool, node int32) (*kmsg.ApiVersionsResponse, error) {
	if one {
		return c.versions(ctx, node)
	}
	req := kmsg.NewPtrApiVersionsRequest()
	req.ClientSoftwareName, req.ClientSoftwareVersion = "gregor", command.KafkaVersion
	resp, err := req.RequestWith(ctx, c)
	if err == nil && resp.ErrorCode != 0 {
		err = c.Refused(resp.ErrorCode, nil)
	}
	return resp, err
}

func printFeatures(env *command.Env, resp *kmsg.ApiVersionsResponse, asJSON bool) error {
	finalized := make(map[string]int16)
	for _, f := range resp.FinalizedFeatures {
		finalized[f.Name] = f.MaxVersionLevel
	}
	epoch := "-"
	if resp.FinalizedFeaturesEpoch >= 0 {
		epoch = fmt.Sprint(resp.FinalizedFeaturesEpoch)
	}
	list := make([]featureJSON, 0, len(resp.SupportedFeatures))
	for _, f := range resp.SupportedFeatures {
		at := finalized[f.Name]
		list = append(list, featureJSON{
			f.Name, f.MinVersion, f.MaxVersion, at,
			levelText(f.Name, f.MinVersion), levelText(f.Name, f.MaxVersion), levelText(f.Name, at),
		})
	}
	slices.SortFunc(list, func(a, b featureJSON) int { return cmp.Compare(a.Feature, b.Feature) })
	if asJSON {
		return env.PrintJSON(struct {
			Epoch    int64         `json:"epoch"` // -1: not known
			Features []featureJSON `json:"features"`
		}{resp.FinalizedFeaturesEpoch, list})
	}
	for _, f := range list {
		env.Printf("Feature: %-40s  SupportedMinVersion: %-15s  SupportedMaxVersion: %-15s  FinalizedVersionLevel: %-15s  Epoch: %s\n",
			f.Feature, f.MinName, f.MaxName, f.Name, epoch)
	}
	return nil
}
