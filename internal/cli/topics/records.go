package topics

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/flags"
	"github.com/gregor-stream/gregor/internal/kafka"
)

func newDeleteRecords(env *command.Env) *cobra.Command {
	var where client.Flags
	var file string
	cmd := command.AsKafka(&cobra.Command{
		Use:   "delete-records",
		Short: "Delete the records of partitions below an offset",
		Long: `Delete the records of partitions below an offset; -1 stands for all records that
are there. What is deleted is gone for good. The file says which:

    {"partitions": [{"topic": "orders", "partition": 0, "offset": 1200}], "version": 1}

A partition that fails is named in the output; the exit code is 0, as Kafka's is.`,
		Example: `  gregor delete-records --bootstrap-server localhost:9092 --offset-json-file delete.json`,
		Args:    cobra.NoArgs,
	}, "delete-records")
	where.Add(cmd)
	flags.Single(cmd.Flags(), &file, "offset-json-file", "the JSON `file` with an offset for each partition")
	command.WithFormat(cmd, func(ctx context.Context, asJSON bool) error {
		p, err := where.Resolve()
		if err != nil {
			return err
		}
		if !cmd.Flags().Changed("offset-json-file") {
			return command.Usagef("Missing required argument \"[offset-json-file]\"")
		}
		rows, err := readPartitions(file, true)
		if err != nil {
			return command.Fail(err)
		}
		a, err := admin.Open(ctx, env, p)
		if err != nil {
			return err
		}
		defer a.Close()
		return deleteRecords(ctx, env, a, rows, asJSON)
	})
	return cmd
}

// deletedRecords is what delete-records prints for machines.
type deletedRecords struct {
	Partitions []deletedPartition `json:"partitions"`
}

type deletedPartition struct {
	Topic        string `json:"topic"`
	Partition    int32  `json:"partition"`
	LowWatermark *int64 `json:"lowWatermark,omitempty"` // the first offset that is left
	Error        string `json:"error,omitempty"`
}

func deleteRecords(ctx context.Context, env *command.Env, a *admin.Admin, rows []partitionRow, asJSON bool) error {
	before := make(map[kafka.TopicPartition]int64, len(rows))
	order := make([]kafka.TopicPartition, 0, len(rows))
	for i := range rows {
		before[rows[i].name()] = *rows[i].Offset
		order = append(order, rows[i].name())
	}
	slices.SortFunc(order, kafka.TopicPartition.Compare) // the order of Kafka's command is another in each run
	if !asJSON {
		env.Println("Executing records delete operation")
	}
	answers := a.DeleteRecords(ctx, before)
	if ctx.Err() != nil {
		env.Warnf("the deletion was asked for and not answered by all: it may have happened (gregor get-offsets --time earliest shows it)")
		return command.Fail(ctx.Err())
	}
	result := deletedRecords{Partitions: []deletedPartition{}}
	for _, p := range order {
		one := deletedPartition{Topic: p.Topic, Partition: p.Partition}
		if answer, ok := answers[p]; !ok || answer.Err != nil {
			one.Error = reason(answer.Err)
		} else {
			one.LowWatermark = &answer.Offset
		}
		result.Partitions = append(result.Partitions, one)
	}
	if asJSON {
		return env.PrintJSON(result)
	}
	env.Println("Records delete operation completed:")
	for _, p := range result.Partitions {
		name := kafka.TopicPartition{Topic: p.Topic, Partition: p.Partition}.String()
		if p.LowWatermark == nil {
			env.Printf("partition: %s\terror: %s\n", name, p.Error)
		} else {
			env.Printf("partition: %s\tlow_watermark: %d\n", name, *p.LowWatermark)
		}
	}
	return nil
}
