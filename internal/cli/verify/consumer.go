package verify

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

// consumerRun is one run of verifiable-consumer, its flags included.
type consumerRun struct {
	env                             *command.Env
	events                          events
	server, topic                   string
	protocol, remoteAssignor        string
	group, instance                 string
	maxMessages, session, closeMs   int32
	verbose, autoCommit             bool
	resetPolicy, assignmentStrategy string
	config, oldConfig               string

	consumer *kgo.Client
	consumed int64
}

func newConsumer(env *command.Env) *cobra.Command {
	r := &consumerRun{env: env, events: events{env: env}}
	cmd := command.AsKafka(&cobra.Command{
		Use:   "verifiable-consumer",
		Short: "Read a topic in a group and tell in JSON what was read and committed",
		Long: `Read a topic as a member of a group and print one JSON object a line: partitions
that were assigned or revoked, records that were read, offsets that were
committed. It runs until you stop it, or for --max-messages.`,
		Example: `  gregor verifiable-consumer --bootstrap-server localhost:9092 --topic proof --group-id checkers --max-messages 1000
  gregor verifiable-consumer --bootstrap-server localhost:9092 --topic proof --group-id checkers --verbose`,
		Args: cobra.NoArgs,
	}, "verifiable-consumer")
	s := cmd.Flags()
	s.StringVar(&r.server, "bootstrap-server", "", "connect to these brokers: `host:port,...`")
	s.StringVar(&r.topic, "topic", "", "read this `topic`")
	s.StringVar(&r.protocol, "group-protocol", "classic", "who shares the partitions out, a member or the broker: `classic|consumer`")
	s.StringVar(&r.remoteAssignor, "group-remote-assignor", "", "how the broker shares them out, with --group-protocol consumer: an `assignor`")
	s.StringVar(&r.group, "group-id", "", "read as a member of this `group`")
	s.StringVar(&r.instance, "group-instance-id", "", "be the static member of this `id`")
	s.Int32Var(&r.maxMessages, "max-messages", -1, "read so many records (`count`); -1 until you stop it")
	s.Int32Var(&r.session, "session-timeout", 0, "the session timeout in `ms`, with --group-protocol classic")
	s.BoolVar(&r.verbose, "verbose", false, "print each record as well")
	s.BoolVar(&r.autoCommit, "enable-autocommit", false, "commit now and then instead of after every poll")
	s.Int32Var(&r.closeMs, "close-timeout", 30000, "leaving the group may take so many `ms`")
	s.StringVar(&r.resetPolicy, "reset-policy", "earliest", "where to begin without a committed offset: `earliest|latest|none`")
	s.StringVar(&r.assignmentStrategy, "assignment-strategy", "org.apache.kafka.clients.consumer.RangeAssignor", "how a member shares the partitions out, with --group-protocol classic: a `class` of Kafka's")
	s.StringVar(&r.config, "command-config", "", "read consumer properties from this `file`; flags win over them")
	s.StringVar(&r.oldConfig, "consumer.config", "", "the old name of --command-config: a `file`")
	command.FormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if s.NFlag() == 0 {
			return cmd.Help()
		}
		if _, err := command.IsJSON(cmd); err != nil { // both formats are JSON
			return err
		}
		if err := required(cmd, &r.server, "topic", "group-id"); err != nil {
			return err
		}
		p, err := r.properties(s.Changed)
		if err != nil {
			return err
		}
		return r.do(cmd.Context(), p)
	}
	return cmd
}

// properties are those of the consumer. The flags' win over the file's.
func (r *consumerRun) properties(set func(string) bool) (client.Properties, error) {
	if r.config != "" && r.oldConfig != "" {
		return nil, command.Usagef("Options --consumer.config and --command-config are mutually exclusive.")
	}
	file := r.config
	if r.oldConfig != "" {
		deprecated(r.env, "consumer.config")
		file = r.oldConfig
	}
	p, err := client.Load(file)
	if err != nil {
		return nil, err
	}
	p["group.protocol"] = r.protocol
	if strings.EqualFold(r.protocol, "consumer") {
		if set("group-remote-assignor") {
			p["group.remote.assignor"] = r.remoteAssignor
		}
	} else {
		p["partition.assignment.strategy"] = r.assignmentStrategy
	}
	if set("session-timeout") {
		p["session.timeout.ms"] = strconv.Itoa(int(r.session))
	}
	if set("group-instance-id") {
		p["group.instance.id"] = r.instance
	}
	p["group.id"] = r.group
	p[client.BootstrapServers] = r.server
	p["enable.auto.commit"] = strconv.FormatBool(r.autoCommit)
	p["auto.offset.reset"] = r.resetPolicy
	if _, err := p.ConsumerOptions(); err != nil {
		return nil, command.Fail(err)
	}
	if _, err := p.GroupOptions(); err != nil {
		return nil, command.Fail(err)
	}
	return p, nil
}

func (r *consumerRun) do(ctx context.Context, p client.Properties) error {
	most, err := p.PollRecords()
	if err != nil {
		return command.Fail(err)
	}
	r.events.print(named("startup_complete"))
	r.consumer, err = client.OpenConsumer(ctx, r.env, p, client.Subscription{Topics: []string{r.topic}},
		kgo.BlockRebalanceOnPoll(), // Kafka's consumer rebalances inside a poll: no event falls between a poll and its commit
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, p map[string][]int32) { r.moved("partitions_assigned", p) }),
		kgo.OnPartitionsRevoked(r.revoked),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, p map[string][]int32) { r.moved("partitions_revoked", p) }))
	if err != nil {
		return err
	}
	if err := r.consume(ctx, most); err != nil {
		// Kafka's command ends well here too: its events say how far it came.
		r.env.Warnf("the consumer ends: %v", err)
	}
	asked := ctx.Err() != nil
	if asked {
		r.events.print(named("shutdown_requested"))
	}
	r.close(ctx)
	r.events.print(named("shutdown_complete"))
	if !asked {
		r.events.print(named("shutdown_requested"))
	}
	return command.Fail(ctx.Err())
}

// close leaves the group.
func (r *consumerRun) close(ctx context.Context) {
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Duration(max(r.closeMs, 0))*time.Millisecond)
	defer cancel()
	r.consumer.AllowRebalance()
	if err := r.consumer.LeaveGroupContext(leaving); err != nil {
		r.env.Warnf("the group was not left: %v; the broker notices after the session timeout", err)
	}
	r.consumer.Close()
}

// consume reads and commits until there are enough records or ctx ends.
func (r *consumerRun) consume(ctx context.Context, most int) error {
	for r.maxMessages < 0 || r.consumed < int64(r.maxMessages) {
		fetches := r.consumer.PollRecords(ctx, most)
		if ctx.Err() != nil {
			return nil
		}
		if err := client.PollError(fetches); err != nil {
			return err
		}
		if fetches.NumRecords() == 0 {
			r.consumer.AllowRebalance()
			continue
		}
		offsets := r.received(fetches)
		if !r.autoCommit {
			if err := r.commit(ctx, offsets); err != nil {
				return err
			}
		}
		r.consumer.AllowRebalance()
	}
	return nil
}

func (r *consumerRun) revoked(ctx context.Context, c *kgo.Client, p map[string][]int32) {
	if r.autoCommit {
		_ = c.CommitUncommittedOffsets(ctx) // as at every interval: what is not committed is read again
	}
	r.moved("partitions_revoked", p)
}
