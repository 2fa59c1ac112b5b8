package cluster

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func newBrokerAPIVersions(env *command.Env) *cobra.Command {
	var where client.Flags
	cmd := command.AsKafka(&cobra.Command{
		Use:     "broker-api-versions",
		Short:   "Print which versions of which requests each broker serves",
		Example: `  gregor broker-api-versions --bootstrap-server localhost:9092`,
		Args:    command.KafkaArgs(env),
	}, "broker-api-versions")
	where.Add(cmd)
	command.WithFormat(cmd, func(ctx context.Context, asJSON bool) error {
		c, err := open(ctx, env, &where)
		if err != nil {
			return err
		}
		defer c.Close()
		return command.Fail(c.printVersions(ctx, env, asJSON, java.HashNode))
	})
	return cmd
}

func newAPIVersions(env *command.Env) *cobra.Command {
	t := new(tool)
	cmd := &cobra.Command{
		Use:   "api-versions",
		Short: "Print which versions of which requests each broker, or controller, serves",
		Example: `  gregor cluster api-versions --bootstrap-server localhost:9092
  gregor cluster api-versions --bootstrap-controller localhost:9093`,
		Args: cobra.NoArgs,
	}
	t.flags(cmd)
	cmd.RunE = t.run(env, func(ctx context.Context, c *conn, asJSON bool) error {
		return c.printVersions(ctx, env, asJSON, nil)
	})
	return cmd
}

// served is what one node serves, for machines.
type served struct {
	ID    int32        `json:"id"`
	Host  string       `json:"host"`
	Port  int32        `json:"port"`
	Rack  *string      `json:"rack"`
	Error string       `json:"error"` // "": it answered
	APIs  []servedAPIs `json:"apis"`
}

type servedAPIs struct {
	Key    int16  `json:"key"`
	Name   string `json:"name"` // "" where Kafka 4.4 has no such key
	Min    int16  `json:"min"`
	Max    int16  `json:"max"`
	Usable int16  `json:"usable"` // the newest that a client of Kafka 4.4 uses; -1: none
}

// printVersions asks all nodes; hash gives the order of Kafka's map, nil that
// of the ids.
func (c *conn) printVersions(ctx context.Context, env *command.Env, asJSON bool, hash func(java.Node) int32) error {
	d, err := c.DescribeCluster(ctx, false)
	if err != nil {
		return err
	}
	nodes := slices.SortedFunc(slices.Values(d.Brokers), func(a, b kmsg.DescribeClusterResponseBroker) int { return cmp.Compare(a.NodeID, b.NodeID) })
	if hash != nil {
		nodes = java.Order(nodes, func(b kmsg.DescribeClusterResponseBroker) int32 { return hash(javaNode(b)) })
	}
	list := make([]served, len(nodes))
	for i, n := range nodes {
		list[i] = served{ID: n.NodeID, Host: n.Host, Port: n.Port, Rack: n.Rack, APIs: []servedAPIs{}}
		resp, err := c.versions(ctx, n.NodeID)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var text string
		if err != nil {
			list[i].Error = err.Error()
			text = "ERROR: " + err.Error()
		} else {
			list[i].APIs = apis(resp.ApiKeys)
			text = "(\n\t" + strings.Join(apiTexts(list[i].APIs), ",\n\t") + "\n)"
		}
		if !asJSON {
			env.Printf("%s -> %s\n", javaNode(n), text)
		}
	}
	if !asJSON {
		return nil
	}
	return env.PrintJSON(struct {
		Nodes []served `json:"nodes"`
	}{list})
}

// versions asks one node what it serves.
func (c *conn) versions(ctx context.Context, node int32) (*kmsg.ApiVersionsResponse, error) {
	req := kmsg.NewPtrApiVersionsRequest()
	req.ClientSoftwareName, req.ClientSoftwareVersion = "gregor", command.KafkaVersion
	resp, err := req.RequestWith(ctx, c.Node(node))
	if err == nil && resp.ErrorCode != 0 {
		err = java.Code(resp.ErrorCode, "")
	}
	return resp, err
}

func javaNode(b kmsg.DescribeClusterResponseBroker) java.Node {
	return java.Node{ID: b.NodeID, Host: b.Host, Port: b.Port, Rack: b.Rack, Fenced: b.IsFenced}
}

func apis(keys []kmsg.ApiVersionsResponseApiKey) []servedAPIs {
	list := make([]servedAPIs, 0, len(keys))
	for _, k := range keys {
		one := servedAPIs{Key: k.ApiKey, Min: k.MinVersion, Max: k.MaxVersion, Usable: -1}
		if known, ok := msg.Lookup(kafka.APIKey(k.ApiKey)); ok {
			one.Name = known.Name
			if known.MinStable44 >= 0 && k.MaxVersion >= known.MinStable44 && k.MinVersion <= known.MaxVersion {
				one.Usable = min(known.MaxVersion, k.MaxVersion)
			}
		}
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b servedAPIs) int { return cmp.Compare(a.Key, b.Key) })
	return list
}

// apiTexts are lines as Kafka's NodeApiVersions has them, with what a broker
// ought to serve and does not.
func apiTexts(list []servedAPIs) []string {
	texts := make(map[int16]string)
	for _, a := range list {
		versions := fmt.Sprint(a.Min)
		if a.Min != a.Max {
			versions = fmt.Sprintf("%d to %d", a.Min, a.Max)
		}
		known, _ := msg.Lookup(kafka.APIKey(a.Key))
		switch {
		case a.Name == "":
			texts[a.Key] = fmt.Sprintf("UNKNOWN(%d): %s", a.Key, versions)
		case a.Usable >= 0:
			texts[a.Key] = fmt.Sprintf("%s(%d): %s [usable: %d]", a.Name, a.Key, versions, a.Usable)
		case known.MaxVersion < a.Min:
			texts[a.Key] = fmt.Sprintf("%s(%d): %s [unusable: node too new]", a.Name, a.Key, versions)
		default:
			texts[a.Key] = fmt.Sprintf("%s(%d): %s [unusable: node too old]", a.Name, a.Key, versions)
		}
	}
	for key := range int16(len(list) + 256) {
		known, ok := msg.Lookup(kafka.APIKey(key))
		if _, is := texts[key]; ok && !is && known.MinStable44 >= 0 && known.Listeners&msg.OnBroker != 0 {
			texts[key] = fmt.Sprintf("%s(%d): UNSUPPORTED", known.Name, key)
		}
	}
	keys := make([]int16, 0, len(texts))
	for key := range texts {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	lines := make([]string, len(keys))
	for i, key := range keys {
		lines[i] = texts[key]
	}
	return lines
}
