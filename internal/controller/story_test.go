package controller

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// cluster is a controller without a log: what is decided is applied at once.
type cluster struct {
	t        *testing.T
	env      Env
	img      *metadata.Image
	now      time.Time
	rand     *rand.ChaCha8
	liveness *Liveness
}

func newCluster(t *testing.T, properties string) *cluster {
	t.Helper()
	props, err := config.ParseProperties("server.properties", []byte(properties))
	if err != nil {
		t.Fatal(err)
	}
	broker, _, err := config.Load(props)
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, img: metadata.Empty(), now: time.UnixMilli(1_700_000_000_000).UTC(), rand: rand.NewChaCha8([32]byte{1})}
	c.env = Env{NodeID: 1000, ClusterID: "story", Config: broker, Features: SupportedFeatures()}
	c.liveness = NewLiveness(c.now, c.img, &c.env)
	c.run(func(in Input) Result { return Activate(in, nil, false) })
	return c
}

func (c *cluster) input() Input {
	return Input{Now: c.now, Image: c.img, Next: c.img.Offset, Rand: c.rand, Env: &c.env, Liveness: c.liveness}
}

// run decides, applies, and gives the result.
func (c *cluster) run(decide func(Input) Result) Result {
	c.t.Helper()
	result := decide(c.input())
	if len(result.Records) > 0 {
		loader := metadata.NewLoader(c.img)
		if _, err := loader.Apply(c.img.Offset, 1, result.Records); err != nil {
			c.t.Fatalf("the decision does not fit the image: %v", err)
		}
		c.img = loader.Image()
	}
	for _, h := range result.Heard {
		c.liveness.Note(h, c.img.Offset)
	}
	return result
}

// register makes brokers, each with one directory and, where given, a rack.
func (c *cluster) register(id int32, rack string, incarnation byte) Result {
	req := msg.NewBrokerRegistrationRequest()
	req.BrokerId, req.ClusterId, req.IncarnationId = id, "story", kafka.UUID{incarnation, byte(id)}
	req.Rack = nil
	if rack != "" {
		req.Rack = &rack
	}
	req.LogDirs = []kafka.UUID{{0xd0, byte(id)}}
	req.Listeners = []msg.BrokerRegistrationRequestListener{{Name: "PLAINTEXT", Host: "host", Port: uint16(9000 + id)}}
	for _, f := range SupportedFeatures() {
		req.Features = append(req.Features, msg.BrokerRegistrationRequestFeature{Name: f.Name, MinSupportedVersion: f.Min, MaxSupportedVersion: f.Max})
	}
	return c.run(func(in Input) Result { return RegisterBroker(in, req) })
}

func (c *cluster) heartbeat(id int32, fence, shutdown bool) Result {
	b, ok := c.img.Cluster.Broker(kafka.NodeID(id))
	if !ok {
		c.t.Fatalf("no broker %d", id)
	}
	req := msg.NewBrokerHeartbeatRequest()
	req.BrokerId, req.BrokerEpoch, req.CurrentMetadataOffset = id, b.Epoch, int64(c.img.Offset)
	req.WantFence, req.WantShutDown = fence, shutdown
	return c.run(func(in Input) Result { return BrokerHeartbeat(in, req) })
}

// TestStories replays testdata/*.txt: one command a paragraph, then the
// response and the records.
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		var c *cluster
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "cluster" {
				c = newCluster(t, d.Input)
				return ""
			}
			c.t = t
			return story(c, d)
		})
	})
}

func story(c *cluster, d *datadriven.TestData) string {
	switch d.Cmd {
	case "brokers":
		return storyBrokers(c, d)
	case "register":
		var id, incarnation int
		d.ScanArgs(c.t, "id", &id)
		d.ScanArgs(c.t, "incarnation", &incarnation)
		return c.show(c.register(int32(id), "", byte(incarnation)))
	case "heartbeat":
		var id int
		d.ScanArgs(c.t, "id", &id)
		return c.show(c.heartbeat(int32(id), d.HasArg("fence"), d.HasArg("shutdown")))
	case "sleep":
		var seconds int
		d.ScanArgs(c.t, "seconds", &seconds)
		c.now = c.now.Add(time.Duration(seconds) * time.Second)
		return ""
	case "fence-stale":
		return c.show(c.run(FenceStaleBroker))
	case "balance":
		return c.show(c.run(BalanceLeaders))
	case "elect-unclean":
		return c.show(c.run(ElectUnclean))
	case "topics":
		return c.topics()
	case "configs":
		return c.configs()
	}
	return storyRequest(c, d)
}

func storyBrokers(c *cluster, d *datadriven.TestData) string {
	for word := range strings.FieldsSeq(d.Input) {
		var id int32
		name, rack, _ := strings.Cut(word, "@")
		fenced := strings.HasSuffix(name, "!")
		if _, err := fmt.Sscan(strings.TrimSuffix(name, "!"), &id); err != nil {
			c.t.Fatal(err)
		}
		if err := c.register(id, rack, 1).Err; err != nil {
			c.t.Fatal(err)
		}
		if !fenced {
			c.heartbeat(id, false, false)
		}
	}
	return ""
}

// storyRequest decodes a request from JSON with Kafka's field names.
func storyRequest(c *cluster, d *datadriven.TestData) string {
	version := int16(-1)
	if d.HasArg("version") {
		d.ScanArgs(c.t, "version", &version)
	}
	decode := func(into any) {
		dec := json.NewDecoder(strings.NewReader(d.Input))
		dec.DisallowUnknownFields()
		if err := dec.Decode(into); err != nil {
			d.Fatalf(c.t, "%v", err)
		}
	}
	var decide func(in Input) Result
	switch d.Cmd {
	case "CreateTopics":
		req := msg.NewCreateTopicsRequest()
		decode(req)
		decide = func(in Input) Result { return CreateTopics(in, req) }
	case "DeleteTopics":
		req := msg.NewDeleteTopicsRequest()
		decode(req)
		decide = func(in Input) Result { return DeleteTopics(in, req, 6) }
	case "CreatePartitions":
		req := msg.NewCreatePartitionsRequest()
		decode(req)
		decide = func(in Input) Result { return CreatePartitions(in, req) }
	case "IncrementalAlterConfigs":
		req := msg.NewIncrementalAlterConfigsRequest()
		decode(req)
		decide = func(in Input) Result { return IncrementalAlterConfigs(in, req) }
	case "AlterConfigs":
		req := msg.NewAlterConfigsRequest()
		decode(req)
		decide = func(in Input) Result { return AlterConfigs(in, req) }
	case "ElectLeaders":
		req := msg.NewElectLeadersRequest()
		decode(req)
		decide = func(in Input) Result { return ElectLeaders(in, req) }
	case "AlterPartitionReassignments":
		req := msg.NewAlterPartitionReassignmentsRequest()
		decode(req)
		decide = func(in Input) Result { return AlterPartitionReassignments(in, req) }
	case "ListPartitionReassignments":
		req := msg.NewListPartitionReassignmentsRequest()
		decode(req)
		decide = func(in Input) Result { return ListPartitionReassignments(in, req) }
	case "UpdateFeatures":
		req := msg.NewUpdateFeaturesRequest()
		decode(req)
		decide = func(in Input) Result { return UpdateFeatures(in, req, max(version, 1)) }
	case "AlterClientQuotas":
		req := msg.NewAlterClientQuotasRequest()
		decode(req)
		decide = func(in Input) Result { return AlterClientQuotas(in, req) }
	case "AllocateProducerIds":
		req := msg.NewAllocateProducerIdsRequest()
		decode(req)
		if b, ok := c.img.Cluster.Broker(kafka.NodeID(req.BrokerId)); ok {
			req.BrokerEpoch = b.Epoch
		}
		decide = func(in Input) Result { return AllocateProducerIDs(in, req) }
	case "AlterPartition":
		decide = c.alterPartition(d)
	default:
		d.Fatalf(c.t, "unknown command")
	}
	return c.show(c.run(decide))
}

// alterPartition proposes an in-sync set with the epochs that are right.
func (c *cluster) alterPartition(d *datadriven.TestData) func(Input) Result {
	var topic, isr string
	var partition, leaderEpoch, partitionEpoch int
	d.ScanArgs(c.t, "topic", &topic)
	d.ScanArgs(c.t, "partition", &partition)
	d.ScanArgs(c.t, "isr", &isr)
	t, _ := c.img.Topics.ByName(topic)
	p, _ := t.Partition(int32(partition))
	broker := int32(p.Leader)
	if d.HasArg("from") {
		d.ScanArgs(c.t, "from", &broker)
	}
	d.MaybeScanArgs(c.t, "leader-epoch-plus", &leaderEpoch)
	d.MaybeScanArgs(c.t, "partition-epoch-plus", &partitionEpoch)
	b, _ := c.img.Cluster.Broker(kafka.NodeID(broker))
	data := msg.AlterPartitionRequestPartitionData{
		PartitionIndex: int32(partition), LeaderEpoch: int32(p.LeaderEpoch) + int32(leaderEpoch),
		PartitionEpoch: p.PartitionEpoch + int32(partitionEpoch), LeaderRecoveryState: int8(p.Recovery),
	}
	for word := range strings.SplitSeq(isr, "/") {
		var id int32
		if _, err := fmt.Sscan(word, &id); err != nil {
			d.Fatalf(c.t, "%v", err)
		}
		data.NewIsrWithEpochs = append(data.NewIsrWithEpochs, msg.AlterPartitionRequestBrokerState{BrokerId: id, BrokerEpoch: -1})
	}
	req := msg.NewAlterPartitionRequest()
	req.BrokerId, req.BrokerEpoch = broker, b.Epoch
	req.Topics = []msg.AlterPartitionRequestTopicData{{TopicId: t.ID, Partitions: []msg.AlterPartitionRequestPartitionData{data}}}
	return func(in Input) Result { return AlterPartition(in, req, 3) }
}

// show prints a result: the error or the response, then the records.
func (c *cluster) show(r Result) string {
	var out bytes.Buffer
	if r.Err != nil {
		fmt.Fprintf(&out, "error: %v\n", r.Err)
	}
	if r.Response != nil {
		fmt.Fprintf(&out, "%s\n", compact(r.Response))
	}
	for _, record := range r.Records {
		fmt.Fprintf(&out, "%s v%d %s\n", record.Message.MessageName(), record.Version, compact(record.Message))
	}
	return out.String()
}

// compact prints a struct as JSON without what is zero, null or empty, and
// with ids as Kafka writes them.
func compact(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	var tree any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		return err.Error()
	}
	var b strings.Builder
	write(&b, tree)
	return b.String()
}

func write(b *strings.Builder, v any) {
	switch v := v.(type) {
	case map[string]any:
		names := make([]string, 0, len(v))
		for k, x := range v {
			if !blank(x) && k != "Configs" {
				names = append(names, k)
			}
		}
		sort.Strings(names)
		b.WriteByte('{')
		for i, k := range names {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(k + ": ")
			write(b, v[k])
		}
		b.WriteByte('}')
	case []any:
		if id, ok := uuid(v); ok {
			b.WriteString(id.String())
			return
		}
		b.WriteByte('[')
		for i, x := range v {
			if i > 0 {
				b.WriteString(" ")
			}
			write(b, x)
		}
		b.WriteByte(']')
	case string:
		fmt.Fprintf(b, "%q", v)
	default:
		fmt.Fprint(b, v)
	}
}

func blank(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case json.Number:
		return v == "0"
	case []any:
		id, ok := uuid(v)
		return ok && id.IsZero()
	}
	return false
}

func uuid(v []any) (id kafka.UUID, ok bool) {
	if len(v) != len(id) {
		return id, false
	}
	for i, x := range v {
		n, isNumber := x.(json.Number)
		value, err := n.Int64()
		if !isNumber || err != nil || value < 0 || value > 255 {
			return id, false
		}
		id[i] = byte(value)
	}
	return id, true
}

// topics prints all partitions.
func (c *cluster) topics() string {
	var b strings.Builder
	for t := range c.img.Topics.All() {
		for n, p := range t.All() {
			fmt.Fprintf(&b, "%s-%d replicas=%v isr=%v leader=%d epoch=%d/%d", t.Name, n, p.Replicas, p.Isr, p.Leader, p.LeaderEpoch, p.PartitionEpoch)
			if len(p.Elr) > 0 {
				fmt.Fprintf(&b, " elr=%v", p.Elr)
			}
			if len(p.LastKnownElr) > 0 {
				fmt.Fprintf(&b, " last=%v", p.LastKnownElr)
			}
			if p.Reassigning() {
				fmt.Fprintf(&b, " removing=%v adding=%v", p.Removing, p.Adding)
			}
			if p.Recovery == metadata.Recovering {
				b.WriteString(" recovering")
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func (c *cluster) configs() string {
	var b strings.Builder
	for r := range c.img.Configs.Resources() {
		for k, v := range c.img.Configs.Of(r) {
			fmt.Fprintf(&b, "%d %q %s=%s\n", r.Type, r.Name, k, v)
		}
	}
	return b.String()
}
