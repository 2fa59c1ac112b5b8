package transactions

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

func newList(env *command.Env, where *client.Flags) *cobra.Command {
	duration, pattern := int64(-1), ""
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the transactional ids, their coordinators and states",
		Example: `  gregor transactions --bootstrap-server localhost:9092 list
  gregor transactions --bootstrap-server localhost:9092 list --duration-filter 60000 --transactional-id-pattern 'orders-.*'`,
		Args: cobra.NoArgs,
	}
	f := cmd.Flags()
	f.Int64Var(&duration, "duration-filter", -1, "only transactions that are open for longer than so many `milliseconds`; below 0: all ids")
	f.StringVar(&pattern, "transactional-id-pattern", "", "only ids that this regular `expression` (RE2) matches as a whole")
	return run(env, where, cmd, nil, func(c *conn, asJSON bool) error {
		list, err := c.list(nil, duration, pattern)
		if err != nil {
			return fmt.Errorf("Failed to list transactions: %w", err)
		}
		if asJSON {
			return env.PrintJSON(struct {
				Transactions []listing `json:"transactions"`
			}{list})
		}
		rows := make([][]string, len(list))
		for i, l := range list {
			rows[i] = []string{l.TransactionalID, fmt.Sprint(l.Coordinator), fmt.Sprint(l.ProducerID), l.State}
		}
		command.PrettyTable(env.Out, []string{"TransactionalId", "Coordinator", "ProducerId", "TransactionState"}, rows)
		return nil
	})
}

func newDescribe(env *command.Env, where *client.Flags) *cobra.Command {
	id := ""
	cmd := &cobra.Command{
		Use:     "describe",
		Short:   "Describe a transactional id and its transaction",
		Example: `  gregor transactions --bootstrap-server localhost:9092 describe --transactional-id orders-1`,
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVar(&id, "transactional-id", "", "the transactional `id`")
	return run(env, where, cmd, []string{"transactional-id"}, func(c *conn, asJSON bool) error {
		all, err := c.describe([]string{id})
		if err != nil {
			return fmt.Errorf("Failed to describe transaction state of transactional-id `%s`: %w", id, err)
		}
		d, ok := all[id]
		if !ok {
			return fmt.Errorf("Failed to describe transaction state of transactional-id `%s`: no coordinator knows it", id)
		}
		if d.StartTime != nil {
			d.DurationMs = new(time.Now().UnixMilli() - *d.StartTime)
		}
		if asJSON {
			return env.PrintJSON(d)
		}
		printDescription(env, d)
		return nil
	})
}

func printDescription(env *command.Env, d description) {
	var partitions []string
	for _, p := range java.Order(d.Partitions, func(p partition) int32 { return java.HashPartition(kafka.TopicPartition(p)) }) {
		partitions = append(partitions, fmt.Sprintf("%s-%d", p.Topic, p.Partition))
	}
	command.PrettyTable(env.Out, []string{
		"CoordinatorId", "TransactionalId", "ProducerId", "ProducerEpoch", "TransactionState", "TransactionTimeoutMs",
		"CurrentTransactionStartTimeMs", "TransactionDurationMs", "TopicPartitions",
	}, [][]string{{
		fmt.Sprint(d.Coordinator), d.TransactionalID, fmt.Sprint(d.ProducerID), fmt.Sprint(d.ProducerEpoch), d.State, fmt.Sprint(d.TimeoutMs),
		orNone(d.StartTime), orNone(d.DurationMs), strings.Join(partitions, ","),
	}})
}

// orNone is a number, or Kafka's word where there is none.
func orNone(n *int64) string {
	if n == nil {
		return "None"
	}
	return strconv.FormatInt(*n, 10)
}
