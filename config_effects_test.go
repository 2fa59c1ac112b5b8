package gregor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor"
	"github.com/gregor-stream/gregor/internal/config"
)

// This file is what "in effect" in docs/config.md stands on: a key has that
// state only if there is a probe here that starts a broker with it and sees
// the difference, or the name of a test elsewhere that does.

// probe starts brokers and fails where a key has no effect.
type probe func(t *testing.T)

// elsewhere names a test in another package: "internal/server TestX".
type elsewhere string

func TestEveryKeyInEffectHasItsEffect(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a broker for each key")
	}
	probes := allProbes()
	check := func(prefix string, r config.Resource) {
		for _, k := range config.Keys(r) {
			name := prefix + k.Name
			p, ok := probes[name]
			delete(probes, name)
			switch p := p.(type) {
			case probe:
				if k.State == config.InEffect {
					t.Run(name, p)
				} else {
					t.Errorf("%s has a probe and the state %q", name, k.State)
				}
			case elsewhere:
				dir, test, _ := strings.Cut(string(p), " ")
				if !hasTest(t, dir, test) {
					t.Errorf("%s: there is no %s in %s", name, test, dir)
				}
			default:
				if ok || k.State == config.InEffect {
					t.Errorf("%s is said to be in effect, and no test shows it", name)
				}
			}
		}
	}
	check("", config.ResourceBroker)
	check("topic:", config.ResourceTopic)
	check("group:", config.ResourceGroup)
	check("metrics:", config.ResourceClientMetrics)
	for name := range probes {
		t.Errorf("the probe %s is of no key", name)
	}
}

func hasTest(t *testing.T, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("func "+name+"(t *testing.T)")) {
			return true
		}
	}
	return false
}

// bench is a running broker and a client of it.
type bench struct {
	t      *testing.T
	server *gregor.Server
	client *kgo.Client
	dir    string
	node   int32
}

// tryUp starts a broker with "key=value" settings over those of a node alone.
func tryUp(t *testing.T, dir string, settings ...string) (*gregor.Server, error) {
	t.Helper()
	settings = append([]string{"listeners=PLAINTEXT://localhost:0", "log.initial.task.delay.ms=1"}, settings...)
	return gregor.Start(context.Background(), gregor.Config{Dir: dir, Properties: settings})
}

func up(t *testing.T, settings ...string) *bench {
	t.Helper()
	dir := t.TempDir()
	server, err := tryUp(t, dir, settings...)
	if err != nil {
		t.Fatal(err)
	}
	return attach(t, server, dir)
}

func attach(t *testing.T, server *gregor.Server, dir string) *bench {
	t.Helper()
	b := &bench{t: t, server: server, dir: dir, node: 1}
	t.Cleanup(func() {
		if b.client != nil {
			b.client.Close()
		}
		_ = server.Close()
	})
	b.client = b.newClient()
	return b
}

func (b *bench) newClient(options ...kgo.Opt) *kgo.Client {
	b.t.Helper()
	options = append([]kgo.Opt{
		kgo.SeedBrokers(b.server.Addr()), kgo.RequestRetries(0), kgo.RecordRetries(0), kgo.UnknownTopicRetries(0),
		kgo.ProducerBatchMaxBytes(8 << 20), kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0),
	}, options...)
	cl, err := kgo.NewClient(options...)
	if err != nil {
		b.t.Fatal(err)
	}
	return cl
}

// ask sends one request to the broker, without retries.
func ask[R kmsg.Response](b *bench, req kmsg.Request) R {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	resp, err := b.client.SeedBrokers()[0].Request(ctx, req)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.(R) //nolint:forcetypeassert // a test
}

func (b *bench) metadata(topics ...string) *kmsg.MetadataResponse {
	b.t.Helper()
	req := kmsg.NewPtrMetadataRequest()
	req.AllowAutoTopicCreation = true
	req.Topics = []kmsg.MetadataRequestTopic{}
	for _, name := range topics {
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = &name
		req.Topics = append(req.Topics, topic)
	}
	return ask[*kmsg.MetadataResponse](b, req)
}

// topic creates a topic with configs and gives the error of it.
func (b *bench) topic(name string, partitions int32, configs ...string) error {
	b.t.Helper()
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis = 5000
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, partitions, -1
	for i := 0; i < len(configs); i += 2 {
		c := kmsg.NewCreateTopicsRequestTopicConfig()
		c.Name, c.Value = configs[i], &configs[i+1]
		topic.Configs = append(topic.Configs, c)
	}
	req.Topics = append(req.Topics, topic)
	return kerr.ErrorForCode(ask[*kmsg.CreateTopicsResponse](b, req).Topics[0].ErrorCode)
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// produce sends one record to partition 0.
func (b *bench) produce(topic string, r kgo.Record, options ...kgo.Opt) error {
	b.t.Helper()
	cl := b.client
	if len(options) > 0 {
		cl = b.newClient(options...)
		defer cl.Close()
	}
	r.Topic = topic
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return cl.ProduceSync(ctx, &r).FirstErr()
}

func (b *bench) produceAt(topic string, at time.Time) {
	b.t.Helper()
	b.must(b.produce(topic, kgo.Record{Value: []byte("x"), Timestamp: at}))
}

// eventually waits for what the broker does by itself.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it did not happen: " + what)
		}
	}
}

// earliest is the first offset of partition 0.
func (b *bench) earliest(topic string) int64 {
	b.t.Helper()
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	rt := kmsg.NewListOffsetsRequestTopic()
	rt.Topic = topic
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Timestamp = -2
	rt.Partitions = append(rt.Partitions, p)
	req.Topics = append(req.Topics, rt)
	return ask[*kmsg.ListOffsetsResponse](b, req).Topics[0].Partitions[0].Offset
}

// files are the paths below the data directory that match.
func (b *bench) files(pattern string) []string {
	b.t.Helper()
	found, err := filepath.Glob(filepath.Join(b.dir, pattern))
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

func (b *bench) size(pattern string) int64 {
	b.t.Helper()
	var total int64
	for _, f := range b.files(pattern) {
		info, err := os.Stat(f)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		b.must(err)
		total += info.Size()
	}
	return total
}

// value is a configuration of a resource as DescribeConfigs tells it.
func (b *bench) value(kind kmsg.ConfigResourceType, name, key string) string {
	b.t.Helper()
	req := kmsg.NewPtrDescribeConfigsRequest()
	r := kmsg.NewDescribeConfigsRequestResource()
	r.ResourceType, r.ResourceName, r.ConfigNames = kind, name, []string{key}
	req.Resources = append(req.Resources, r)
	resp := ask[*kmsg.DescribeConfigsResponse](b, req).Resources[0]
	if len(resp.Configs) != 1 || resp.Configs[0].Value == nil {
		return ""
	}
	return *resp.Configs[0].Value
}

// alter sets a configuration while the broker runs.
func (b *bench) alter(kind kmsg.ConfigResourceType, name, key, value string) {
	b.t.Helper()
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	r := kmsg.NewIncrementalAlterConfigsRequestResource()
	r.ResourceType, r.ResourceName = kind, name
	c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	c.Name, c.Value = key, &value
	r.Configs = append(r.Configs, c)
	req.Resources = append(req.Resources, r)
	resp := ask[*kmsg.IncrementalAlterConfigsResponse](b, req).Resources[0]
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		b.t.Fatalf("%s=%s: %v", key, value, err)
	}
}

func refused(t *testing.T, want string, settings ...string) {
	t.Helper()
	server, err := tryUp(t, t.TempDir(), settings...)
	if err == nil {
		_ = server.Close()
		t.Fatalf("%q started", settings)
	}
	if !strings.Contains(err.Error(), want) {
		t.Fatalf("%q: %v", settings, err)
	}
}

func same[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func wants(t *testing.T, err error, want *kerr.Error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

// noise is data that does not pack well, and words is data that does.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

func words(n int) []byte {
	r := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // a test
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, "word%d ", r.IntN(1000))
	}
	return b.Bytes()[:n]
}

// dialOpen says whether the broker keeps a new connection open.
func (b *bench) dialOpen() bool {
	b.t.Helper()
	conn, err := net.Dial("tcp", b.server.Addr()) //nolint:noctx // a test
	b.must(err)
	defer func() { _ = conn.Close() }()
	b.must(conn.SetDeadline(time.Now().Add(time.Second)))
	_, err = conn.Read(make([]byte, 1))
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func allProbes() map[string]any {
	probes := map[string]any{}
	for _, some := range []map[string]any{nodeProbes(), topicProbes(), socketProbes(), logProbes(), groupProbes(), observeProbes(), transactionProbes()} {
		for k, p := range some {
			switch p := p.(type) {
			case func(*testing.T):
				probes[k] = probe(p)
			case string:
				probes[k] = elsewhere(p)
			}
		}
	}
	return probes
}

func nodeProbes() map[string]any {
	withFile := func(t *testing.T, lines ...string) *bench {
		t.Helper()
		dir := t.TempDir()
		file := filepath.Join(dir, "server.properties")
		lines = append(lines, "listeners=PLAINTEXT://localhost:0", "log.dirs="+dir+"/data")
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		server, err := gregor.Start(context.Background(), gregor.Config{File: file})
		if err != nil {
			t.Fatal(err)
		}
		return attach(t, server, dir+"/data")
	}
	twoListeners := []string{
		"listeners=OUT://localhost:0,CTL://localhost:0", "listener.security.protocol.map=OUT:PLAINTEXT,CTL:PLAINTEXT",
		"controller.listener.names=CTL", "inter.broker.listener.name=OUT",
	}
	return map[string]any{
		"node.id": func(t *testing.T) {
			same(t, "node id", up(t, "node.id=7").metadata().Brokers[0].NodeID, 7)
		},
		"broker.id": func(t *testing.T) {
			same(t, "node id", withFile(t, "broker.id=8").metadata().Brokers[0].NodeID, 8)
		},
		"process.roles": func(t *testing.T) {
			refused(t, "not in effect yet", "process.roles=controller", "listeners=CONTROLLER://localhost:0")
		},
		"listeners": func(t *testing.T) {
			b := up(t, "listeners=PLAINTEXT://127.0.0.1:0")
			same(t, "host", b.metadata().Brokers[0].Host, "127.0.0.1")
		},
		"advertised.listeners": func(t *testing.T) {
			node := up(t, "advertised.listeners=PLAINTEXT://kafka.example.org:1234").metadata().Brokers[0]
			same(t, "address", node.Host+":"+strconv.Itoa(int(node.Port)), "kafka.example.org:1234")
		},
		"controller.listener.names": func(t *testing.T) {
			same(t, "client listeners", len(up(t, twoListeners...).server.Addrs()), 1)
		},
		"listener.security.protocol.map": func(t *testing.T) {
			up(t, twoListeners...)
			refused(t, "No security protocol defined for listener OUT", "listeners=OUT://localhost:0")
		},
		"inter.broker.listener.name": func(t *testing.T) {
			up(t, twoListeners...)
			refused(t, "inter.broker.listener.name", slices.Concat(twoListeners, []string{"inter.broker.listener.name=CTL"})...)
		},
		"controller.quorum.voters": func(t *testing.T) {
			features := func(settings ...string) int {
				req := kmsg.NewPtrApiVersionsRequest()
				req.ClientSoftwareName, req.ClientSoftwareVersion = "test", "1"
				return len(ask[*kmsg.ApiVersionsResponse](up(t, settings...), req).FinalizedFeatures)
			}
			// A quorum of fixed voters is of kraft.version 0, which is not finalized.
			same(t, "features fewer", features()-features("controller.quorum.voters=1@localhost:9093"), 1)
			refused(t, "not in effect yet", "controller.quorum.voters=1@a:1,2@b:1,3@c:1")
		},
		"controller.quorum.bootstrap.servers": func(t *testing.T) {
			refused(t, "not in effect yet", "controller.quorum.bootstrap.servers=a:1,b:1")
		},
		"log.dirs": func(t *testing.T) {
			dir := t.TempDir()
			b := up(t, "log.dirs="+dir)
			b.dir = dir
			same(t, "meta.properties", len(b.files("meta.properties")), 1)
		},
		"log.dir": func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "f")
			if err := os.WriteFile(file, []byte("listeners=PLAINTEXT://localhost:0\nlog.dir="+dir+"/here"), 0o600); err != nil {
				t.Fatal(err)
			}
			server, err := gregor.Start(context.Background(), gregor.Config{File: file})
			if err != nil {
				t.Fatal(err)
			}
			same(t, "meta.properties", len(attach(t, server, dir+"/here").files("meta.properties")), 1)
		},
		"log.dir.failure.timeout.ms": "internal/node TestTheNodeEndsWhereTheControllerIsNotToldOfAFailedDirectory",
		"metadata.log.dir": func(t *testing.T) {
			dir := t.TempDir()
			b := up(t, "metadata.log.dir="+dir)
			same(t, "metadata among the data", len(b.files("__cluster_metadata-0")), 0)
			b.dir = dir
			same(t, "metadata", len(b.files("__cluster_metadata-0")), 1)
		},
		"broker.rack": func(t *testing.T) {
			rack := up(t, "broker.rack=r7").metadata().Brokers[0].Rack
			same(t, "rack", rack != nil && *rack == "r7", true)
		},
		"metadata.log.max.record.bytes.between.snapshots": func(t *testing.T) {
			b := up(t, "metadata.log.max.record.bytes.between.snapshots=500")
			for i := range 20 {
				b.must(b.topic("t"+strconv.Itoa(i), 1))
			}
			eventually(t, "a snapshot", func() bool { return len(b.files("__cluster_metadata-0/*.checkpoint")) > 1 })
		},
	}
}

func TestLoggersAreChangedWhileTheBrokerRuns(t *testing.T) {
	b := up(t)
	logger := kmsg.ConfigResourceTypeBrokerLogger
	same(t, "level", b.value(logger, "1", "quorum"), "INFO")
	b.alter(logger, "1", "quorum", "DEBUG")
	same(t, "level", b.value(logger, "1", "quorum"), "DEBUG")
	same(t, "root's level", b.value(logger, "1", "root"), "INFO")
}

func TestDynamicDefaultsReachTopicsThatExist(t *testing.T) {
	b := up(t, "log.retention.check.interval.ms=20")
	b.must(b.topic("a", 1))
	b.produceAt("a", time.Now().Add(-time.Hour))
	b.alter(kmsg.ConfigResourceTypeBroker, "", "log.retention.ms", "60000")
	eventually(t, "old records go", func() bool { return b.earliest("a") == 1 })
}

func TestDynamicLimitsOfConnectionsHoldAtOnce(t *testing.T) {
	b := up(t)
	b.metadata()
	same(t, "a second connection stays open", b.dialOpen(), true)
	b.alter(kmsg.ConfigResourceTypeBroker, "", "max.connections.per.ip", "1")
	same(t, "a second connection stays open", b.dialOpen(), false)
}

func TestConfigurationOutlivesARestart(t *testing.T) {
	b := up(t)
	b.must(b.topic("a", 1, "retention.ms", "7"))
	b.alter(kmsg.ConfigResourceTypeBroker, "", "log.segment.bytes", "2097152")
	b.must(b.server.Close())
	server, err := tryUp(t, b.dir)
	b.must(err)
	again := attach(t, server, b.dir)
	same(t, "of the topic", again.value(kmsg.ConfigResourceTypeTopic, "a", "retention.ms"), "7")
	same(t, "of the broker", again.value(kmsg.ConfigResourceTypeTopic, "a", "segment.bytes"), "2097152")
}
