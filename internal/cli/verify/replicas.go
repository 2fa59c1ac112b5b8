package verify

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

// replicasRun is one run of replica-verification, its flags included.
type replicasRun struct {
	env                  *command.Env
	json                 bool
	where                client.Flags
	fetchSize, maxWaitMs int32
	include              string
	time, intervalMs     int64
}

func newReplicas(env *command.Env) *cobra.Command {
	r := &replicasRun{env: env}
	cmd := command.AsKafka(&cobra.Command{
		Use:   "replica-verification",
		Short: "Compare the replicas of partitions, batch by batch",
		Long: `Fetch the partitions of some topics from every replica and compare the checksums
of their batches up to the high watermark. It runs until you stop it, and prints
now and then how far the comparison is behind. Replicas that differ are named.
All brokers must be up when it starts.`,
		Example: `  gregor replica-verification --broker-list localhost:9092 --topics-include 'orders.*' --time -2`,
		Args:    cobra.NoArgs,
	}, "replica-verification")
	s := cmd.Flags()
	s.StringVar(&r.where.Server, "broker-list", "", "connect to these brokers: `host:port,...`")
	s.StringVar(&r.where.Config, "command-config", "", "read client properties (security, timeouts) from this `file`")
	s.Int32Var(&r.fetchSize, "fetch-size", 1<<20, "fetch at most so many `bytes` of a partition at once")
	s.Int32Var(&r.maxWaitMs, "max-wait-ms", 1000, "a fetch waits at most so many `ms` for records")
	s.StringVar(&r.include, "topics-include", ".*", "compare the topics whose whole name matches this `pattern`")
	s.Int64Var(&r.time, "time", -1, "begin with the first record of this time (`ms` since 1970), -1 at the end, -2 at the beginning")
	s.Int64Var(&r.intervalMs, "report-interval-ms", 30_000, "print how far it is every so many `ms`")
	command.FormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var err error
		if r.json, err = command.IsJSON(cmd); err != nil {
			return err
		}
		if client.Named(r.where.Server) == "" {
			return command.Usagef("Missing required argument \"[broker-list]\"")
		}
		return r.do(cmd.Context())
	}
	return cmd
}

func (r *replicasRun) do(ctx context.Context) error {
	p, err := r.where.Resolve()
	if err != nil {
		return err
	}
	allowed, err := topicFilter(r.include)
	if err != nil {
		return err
	}
	if r.fetchSize < 1 || r.maxWaitMs < 0 {
		return command.Failf("--fetch-size %d, --max-wait-ms %d: want at least 1 and 0", r.fetchSize, r.maxWaitMs)
	}
	p.Default("client.id", "replica-verification")
	c, err := client.Open(ctx, r.env, p)
	if err != nil {
		return err
	}
	defer c.Close()
	admin := kadm.NewClient(c)
	topics, err := admin.ListTopicsWithInternal(ctx)
	if err != nil {
		return client.Explain(err, p.Servers())
	}
	b := newComparison(r)
	for _, topic := range slices.Sorted(maps.Keys(topics)) {
		if d := topics[topic]; allowed(topic) && d.Err == nil {
			b.add(d)
		}
	}
	if len(b.partitions) == 0 {
		return command.Failf("no topic matches --topics-include %s (gregor topics --list says what there is)", r.include)
	}
	if err := r.begin(ctx, admin, b); err != nil {
		return client.Explain(err, p.Servers())
	}
	b.started()
	return b.watch(ctx, c)
}

// begin finds the offsets to begin at.
func (r *replicasRun) begin(ctx context.Context, admin *kadm.Client, b *comparison) error {
	names := slices.Sorted(maps.Keys(b.ids))
	list := func() (kadm.ListedOffsets, error) {
		switch r.time {
		case -1:
			return admin.ListEndOffsets(ctx, names...)
		case -2:
			return admin.ListStartOffsets(ctx, names...)
		}
		return admin.ListOffsetsAfterMilli(ctx, r.time, names...)
	}
	offsets, err := list()
	if err == nil {
		err = offsets.Error()
	}
	if err != nil {
		return err
	}
	for p := range b.partitions {
		o, ok := offsets.Lookup(p.Topic, p.Partition)
		if !ok {
			return fmt.Errorf("%s-%d: no broker gave its offsets", p.Topic, p.Partition)
		}
		if r.time >= 0 && o.Timestamp < 0 {
			return fmt.Errorf("%s-%d has no record of --time %d or later; use -2 (the beginning) or -1 (the end)", p.Topic, p.Partition, r.time)
		}
		b.partitions[p].offset = o.Offset
	}
	return nil
}
