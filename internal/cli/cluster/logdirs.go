package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

func newLogDirs(env *command.Env) *cobra.Command {
	var where client.Flags
	var topics, brokers string
	describe := false
	cmd := command.AsKafka(&cobra.Command{
		Use:   "log-dirs",
		Short: "Print what the log directories of brokers hold",
		Long: `Print what the log directories of brokers hold: the size of every partition in
bytes, and how far it is behind. The last line is JSON, as that of Kafka's
command; --format json prints that alone, with the size of the disks.`,
		Example: `  gregor log-dirs --bootstrap-server localhost:9092 --describe
  gregor log-dirs --bootstrap-server localhost:9092 --describe --topic-list orders --broker-list 1,2`,
		Args: command.KafkaArgs(env),
	}, "log-dirs")
	where.Add(cmd)
	f := cmd.Flags()
	f.BoolVar(&describe, "describe", false, "describe the log directories")
	f.StringVar(&topics, "topic-list", "", "only these `topics`: a,b; all without")
	f.StringVar(&brokers, "broker-list", "", "only these `brokers`: 0,1; all without")
	command.WithFormat(cmd, func(ctx context.Context, asJSON bool) error {
		if !describe {
			return command.Usagef("Missing required argument \"[describe]\"")
		}
		wanted, err := numbers(brokers)
		if err != nil {
			return err
		}
		c, err := open(ctx, env, &where)
		if err != nil {
			return err
		}
		defer c.Close()
		return command.Fail(c.printLogDirs(ctx, env, words(topics), wanted, asJSON))
	})
	return cmd
}

func words(list string) []string {
	return slices.DeleteFunc(strings.Split(list, ","), func(w string) bool { return w == "" })
}

func numbers(list string) ([]int32, error) {
	var ids []int32
	for _, w := range words(list) {
		id, err := strconv.ParseInt(w, 10, 32)
		if err != nil {
			return nil, command.Usagef("--broker-list %s: %q is no id of a broker", list, w)
		}
		ids = append(ids, int32(id))
	}
	return ids, nil
}

// brokerDirs are the log directories of one broker.
type brokerDirs struct {
	Broker  int32    `json:"broker"`
	LogDirs []logDir `json:"logDirs"`
}

// logDir is one of them. Sizes are bytes; -1: not known.
type logDir struct {
	LogDir      string    `json:"logDir"`
	Error       string    `json:"error"` // Kafka's name of the code; "": none
	TotalBytes  int64     `json:"totalBytes"`
	UsableBytes int64     `json:"usableBytes"`
	Cordoned    bool      `json:"cordoned"`
	Partitions  []logSize `json:"partitions"`

	class *string
}

type logSize struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Size      int64  `json:"size"`
	OffsetLag int64  `json:"offsetLag"`
	IsFuture  bool   `json:"isFuture"`
}

func (c *conn) printLogDirs(ctx context.Context, env *command.Env, topics []string, wanted []int32, asJSON bool) error {
	d, err := c.DescribeCluster(ctx, false)
	if err != nil {
		return err
	}
	all := make([]int32, len(d.Brokers))
	for i, b := range d.Brokers {
		all[i] = b.NodeID
	}
	missing := slices.DeleteFunc(slices.Clone(wanted), func(id int32) bool { return slices.Contains(all, id) })
	if len(missing) > 0 {
		return command.Failf("ERROR: The given brokers do not exist from --broker-list: %s. Current existent brokers: %s", commas(missing), commas(all))
	}
	if len(wanted) == 0 {
		wanted = all
	}
	slices.Sort(wanted)
	wanted = java.Order(slices.Compact(wanted), java.HashInt)
	if !asJSON {
		env.Println("Querying brokers for log directories information")
	}
	list := make([]brokerDirs, len(wanted))
	for i, id := range wanted {
		if list[i], err = c.logDirs(ctx, id, topics); err != nil {
			return err
		}
	}
	if asJSON {
		return env.PrintJSON(struct {
			Brokers []brokerDirs `json:"brokers"`
		}{list})
	}
	env.Printf("Received log directory information from brokers %s\n", commas(wanted))
	env.Println(kafkaJSON(list))
	return nil
}

func commas(ids []int32) string {
	ids = java.Order(ids, java.HashInt)
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = fmt.Sprint(id)
	}
	return strings.Join(texts, ",")
}

// logDirs asks one broker, and keeps the partitions of topics; all where
// there are none.
func (c *conn) logDirs(ctx context.Context, id int32, topics []string) (brokerDirs, error) {
	resp, err := kmsg.NewPtrDescribeLogDirsRequest().RequestWith(ctx, c.Node(id))
	out := brokerDirs{Broker: id}
	switch {
	case err != nil:
		return out, err
	case resp.ErrorCode != 0:
		return out, c.Refused(resp.ErrorCode, nil)
	case len(resp.Dirs) == 0:
		return out, c.Refused(kerr.ClusterAuthorizationFailed.Code, nil)
	}
	for _, d := range java.Order(resp.Dirs, func(d kmsg.DescribeLogDirsResponseDir) int32 { return java.Hash(d.Dir) }) {
		one := logDir{LogDir: d.Dir, TotalBytes: d.TotalBytes, UsableBytes: d.UsableBytes, Cordoned: d.IsCordoned, Partitions: []logSize{}}
		if d.ErrorCode != 0 {
			one.Error, one.class = java.Name(d.ErrorCode), new(java.Class(d.ErrorCode))
		}
		for _, t := range d.Topics {
			for _, p := range t.Partitions {
				one.Partitions = append(one.Partitions, logSize{t.Topic, p.Partition, p.Size, p.OffsetLag, p.IsFuture})
			}
		}
		hash := func(s logSize) int32 {
			return java.HashPartition(kafka.TopicPartition{Topic: s.Topic, Partition: s.Partition})
		}
		one.Partitions = java.Order(one.Partitions, hash)
		one.Partitions = slices.DeleteFunc(one.Partitions, func(s logSize) bool { return len(topics) > 0 && !slices.Contains(topics, s.Topic) })
		one.Partitions = java.Order(one.Partitions, hash) // Kafka's command makes a map again
		out.LogDirs = append(out.LogDirs, one)
	}
	return out, nil
}

// kafkaJSON is the line of JSON that Kafka's command prints: its maps' keys
// stand in the order of their hashes.
func kafkaJSON(list []brokerDirs) string {
	type partition struct {
		Partition string `json:"partition"`
		Size      int64  `json:"size"`
		OffsetLag int64  `json:"offsetLag"`
		IsFuture  bool   `json:"isFuture"`
	}
	type dir struct {
		Partitions []partition `json:"partitions"`
		Error      *string     `json:"error"`
		LogDir     string      `json:"logDir"`
	}
	type broker struct {
		Broker  int32 `json:"broker"`
		LogDirs []dir `json:"logDirs"`
	}
	out := struct {
		Brokers []broker `json:"brokers"`
		Version int      `json:"version"`
	}{[]broker{}, 1}
	for _, b := range list {
		one := broker{b.Broker, []dir{}}
		for _, d := range b.LogDirs {
			o := dir{[]partition{}, d.class, d.LogDir}
			for _, p := range d.Partitions {
				o.Partitions = append(o.Partitions, partition{fmt.Sprintf("%s-%d", p.Topic, p.Partition), p.Size, p.OffsetLag, p.IsFuture})
			}
			one.LogDirs = append(one.LogDirs, o)
		}
		out.Brokers = append(out.Brokers, one)
	}
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(out); err != nil {
		panic(err) // a broken invariant: there is nothing in it that JSON cannot say
	}
	return strings.TrimSpace(text.String())
}
