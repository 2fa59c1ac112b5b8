package cluster

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/kafka"
)

func newMetadataQuorum(env *command.Env) *cobra.Command {
	where := new(client.Flags)
	cmd := command.AsKafka(&cobra.Command{
		Use:   "metadata-quorum",
		Short: "Describe the controllers' quorum, add a controller to it, remove one",
		Example: `  gregor metadata-quorum --bootstrap-server localhost:9092 describe --status
  gregor metadata-quorum --bootstrap-controller localhost:9093 describe --replication --human-readable`,
		Args: cobra.NoArgs,
	}, "metadata-quorum")
	cmd.RunE = needsSubcommand
	persistent(cmd, where)
	cmd.AddCommand(newQuorumDescribe(env, where), newAddController(env, where), newRemoveController(env, where))
	return cmd
}

func newQuorumDescribe(env *command.Env, where *client.Flags) *cobra.Command {
	var status, replication, human bool
	cmd := &cobra.Command{
		Use:   "describe",
		Short: "Print the quorum's leader and members, or how far each of them is",
		Example: `  gregor metadata-quorum --bootstrap-server localhost:9092 describe --status
  gregor metadata-quorum --bootstrap-server localhost:9092 describe --replication`,
		Args: cobra.NoArgs,
	}
	f := cmd.Flags()
	f.BoolVar(&status, "status", false, "print a summary")
	f.BoolVar(&replication, "replication", false, "print how far each member has read the metadata log")
	f.BoolVar(&human, "human-readable", false, "print times of --replication as how long ago they are")
	command.WithFormat(cmd, func(ctx context.Context, asJSON bool) error {
		switch {
		case status && replication:
			return command.Failf("Only one of --status or --replication should be specified with describe sub-command")
		case !status && !replication:
			return command.Failf("One of --status or --replication must be specified with describe sub-command")
		case status && human:
			return command.Failf("The option --human-readable is only supported along with --replication")
		}
		c, err := open(ctx, env, where)
		if err != nil {
			return err
		}
		defer c.Close()
		q, err := c.quorum(ctx)
		if err != nil {
			return command.Fail(err)
		}
		switch {
		case asJSON:
			return env.PrintJSON(q)
		case replication:
			return q.printReplication(env, human, time.Now())
		}
		q.printStatus(env)
		return nil
	})
	return cmd
}

// quorum is the state of the controllers' quorum.
type quorum struct {
	ClusterID     string    `json:"clusterId"`
	Leader        int32     `json:"leaderId"`
	LeaderEpoch   int32     `json:"leaderEpoch"`
	HighWatermark int64     `json:"highWatermark"`
	Voters        []replica `json:"voters"`
	Observers     []replica `json:"observers"`
}

// replica is one member. Times are milliseconds since 1970, -1: not known.
type replica struct {
	ID           int32    `json:"id"`
	DirectoryID  string   `json:"directoryId"`
	LogEndOffset int64    `json:"logEndOffset"`
	LastFetch    int64    `json:"lastFetchTimestamp"`
	LastCaughtUp int64    `json:"lastCaughtUpTimestamp"`
	Endpoints    []string `json:"endpoints"` // CONTROLLER://host:port
}

// zeroDirectory is the id of a directory that has none.
const zeroDirectory = "AAAAAAAAAAAAAAAAAAAAAA"

func (c *conn) quorum(ctx context.Context) (*quorum, error) {
	d, err := c.DescribeCluster(ctx, false)
	if err != nil {
		return nil, err
	}
	req := kmsg.NewPtrDescribeQuorumRequest()
	topic := kmsg.NewDescribeQuorumRequestTopic()
	topic.Topic = kafka.ClusterMetadataTopic
	topic.Partitions = []kmsg.DescribeQuorumRequestTopicPartition{kmsg.NewDescribeQuorumRequestTopicPartition()}
	req.Topics = append(req.Topics, topic)
	resp, err := req.RequestWith(ctx, c)
	if err != nil {
		return nil, err
	}
	if resp.ErrorCode != 0 {
		return nil, c.Refused(resp.ErrorCode, resp.ErrorMessage)
	}
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		return nil, command.Failf("the answer of %s is not about the metadata log alone", c.Servers())
	}
	p := resp.Topics[0].Partitions[0]
	if p.ErrorCode != 0 {
		return nil, c.Refused(p.ErrorCode, p.ErrorMessage)
	}
	endpoints := make(map[int32][]string)
	for _, n := range resp.Nodes {
		for _, l := range n.Listeners {
			endpoints[n.NodeID] = append(endpoints[n.NodeID], endpointText(l.Name, l.Host, l.Port))
		}
	}
	q := &quorum{d.ClusterID, p.LeaderID, p.LeaderEpoch, p.HighWatermark, replicas(p.CurrentVoters, endpoints), replicas(p.Observers, endpoints)}
	if !slices.ContainsFunc(q.Voters, func(r replica) bool { return r.ID == q.Leader }) {
		return nil, command.Failf("the quorum has no leader among its voters now; try again")
	}
	return q, nil
}

func replicas(list []kmsg.DescribeQuorumResponseTopicPartitionReplicaState, endpoints map[int32][]string) []replica {
	out := make([]replica, len(list))
	for i, r := range list {
		out[i] = replica{
			r.ReplicaID, base64.RawURLEncoding.EncodeToString(r.ReplicaDirectoryID[:]), r.LogEndOffset,
			r.LastFetchTimestamp, r.LastCaughtUpTimestamp, append([]string{}, endpoints[r.ReplicaID]...),
		}
	}
	return out
}

func endpointText(name, host string, port uint16) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return fmt.Sprintf("%s://%s:%d", name, host, port)
}

func (q *quorum) leader() replica {
	return q.Voters[slices.IndexFunc(q.Voters, func(r replica) bool { return r.ID == q.Leader })]
}

func (q *quorum) printStatus(env *command.Env) {
	leader := q.leader()
	behind := slices.MinFunc(q.Voters, func(a, b replica) int { return int(a.LogEndOffset - b.LogEndOffset) })
	lagMs := int64(-1)
	switch {
	case behind.ID == leader.ID:
		lagMs = 0
	case leader.LastCaughtUp >= 0 && behind.LastCaughtUp >= 0:
		lagMs = leader.LastCaughtUp - behind.LastCaughtUp
	}
	env.Printf("ClusterId:              %s\nLeaderId:               %d\nLeaderEpoch:            %d\nHighWatermark:          %d\n",
		q.ClusterID, q.Leader, q.LeaderEpoch, q.HighWatermark)
	env.Printf("MaxFollowerLag:         %d\nMaxFollowerLagTimeMs:   %d\nCurrentVoters:          %s\nCurrentObservers:       %s\n",
		leader.LogEndOffset-behind.LogEndOffset, lagMs, replicasText(q.Voters), replicasText(q.Observers))
}

// replicasText is members as Kafka's status shows them, which is nearly JSON.
func replicasText(list []replica) string {
	texts := make([]string, len(list))
	for i, r := range list {
		text := fmt.Sprintf(`{"id": %d`, r.ID)
		if r.DirectoryID != zeroDirectory {
			text += fmt.Sprintf(`, "directoryId": "%s"`, r.DirectoryID)
		}
		if len(r.Endpoints) > 0 {
			text += `, "endpoints": ["` + strings.Join(r.Endpoints, `", "`) + `"]`
		}
		texts[i] = text + "}"
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

func (q *quorum) printReplication(env *command.Env, human bool, now time.Time) error {
	leader := q.leader()
	var rows [][]string
	add := func(list []replica, status string) error {
		for _, r := range list {
			if (r.ID == q.Leader && status != "Observer") != (status == "Leader") {
				continue
			}
			fetched, err := whenText(r.LastFetch, "last fetch", human, now)
			if err != nil {
				return err
			}
			caughtUp, err := whenText(r.LastCaughtUp, "last caught up", human, now)
			if err != nil {
				return err
			}
			rows = append(rows, []string{
				fmt.Sprint(r.ID), r.DirectoryID, fmt.Sprint(r.LogEndOffset), fmt.Sprint(leader.LogEndOffset - r.LogEndOffset), fetched, caughtUp, status,
			})
		}
		return nil
	}
	for _, part := range []struct {
		list   []replica
		status string
	}{{q.Voters, "Leader"}, {q.Voters, "Follower"}, {q.Observers, "Observer"}} {
		if err := add(part.list, part.status); err != nil {
			return err
		}
	}
	command.PrettyTable(env.Out, []string{"NodeId", "DirectoryId", "LogEndOffset", "Lag", "LastFetchTimestamp", "LastCaughtUpTimestamp", "Status"}, rows)
	return nil
}

// whenText is a time in milliseconds since 1970, or how long ago it is.
func whenText(ms int64, what string, human bool, now time.Time) (string, error) {
	switch {
	case ms < 0:
		return "-1", nil
	case !human:
		return fmt.Sprint(ms), nil
	case ms == 0 || ms > now.UnixMilli():
		return "", command.Failf("Error while computing relative time, possible drift in system clock. Current timestamp is %d, %s timestamp is %d",
			now.UnixMilli(), what, ms)
	}
	return fmt.Sprintf("%d ms ago", now.UnixMilli()-ms), nil
}
