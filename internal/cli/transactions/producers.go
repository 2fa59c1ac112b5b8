package transactions

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// partitionFlags defines the two flags that name a partition.
func partitionFlags(f *pflag.FlagSet, p *kafka.TopicPartition) {
	f.StringVar(&p.Topic, "topic", "", "the `topic`")
	f.Int32Var(&p.Partition, "partition", 0, "the `number` of the partition")
}

func newDescribeProducers(env *command.Env, where *client.Flags) *cobra.Command {
	broker, p := anyBroker, kafka.TopicPartition{}
	cmd := &cobra.Command{
		Use:   "describe-producers",
		Short: "Describe the producers that a partition remembers",
		Example: `  gregor transactions --bootstrap-server localhost:9092 describe-producers --topic orders --partition 0
  gregor transactions --bootstrap-server localhost:9092 describe-producers --topic orders --partition 0 --broker-id 1`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().Int32Var(&broker, "broker-id", anyBroker, "ask this `broker`, one of the replicas, instead of the leader")
	partitionFlags(cmd.Flags(), &p)
	return run(env, where, cmd, []string{"topic", "partition"}, func(c *conn, asJSON bool) error {
		if !cmd.Flags().Changed("broker-id") {
			broker = anyBroker
		}
		all, err := c.producers(broker, []kafka.TopicPartition{p})
		if err != nil {
			at := "leader"
			if broker != anyBroker {
				at = fmt.Sprintf("broker %d", broker)
			}
			return fmt.Errorf("Failed to describe producers for partition %s-%d on %s: %w", p.Topic, p.Partition, at, err)
		}
		list := all[p]
		if asJSON {
			return env.PrintJSON(struct {
				Topic     string     `json:"topic"`
				Partition int32      `json:"partition"`
				Producers []producer `json:"producers"`
			}{p.Topic, p.Partition, list})
		}
		rows := make([][]string, len(list))
		for i, o := range list {
			rows[i] = []string{
				fmt.Sprint(o.ProducerID), fmt.Sprint(o.ProducerEpoch), fmt.Sprint(o.CoordinatorEpoch), fmt.Sprint(o.LastSequence),
				fmt.Sprint(o.LastTimestamp), orNone(o.StartOffset),
			}
		}
		command.PrettyTable(env.Out, []string{
			"ProducerId", "ProducerEpoch", "LatestCoordinatorEpoch", "LastSequence", "LastTimestamp", "CurrentTransactionStartOffset",
		}, rows)
		return nil
	})
}
