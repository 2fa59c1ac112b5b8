package perf

import (
	"fmt"
	"maps"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

// gauge watches a client from outside and knows its metrics by the names that
// Kafka's Java client gives them. Rates are of the whole run, where Kafka's are
// of the last 30 seconds. The client calls it from many goroutines.
type gauge struct {
	mu      sync.Mutex
	start   time.Time
	opened  int64 // connections
	closed  int64
	nodes   map[int32]*traffic
	batches map[string]*batches // produced, by topic
	fetched map[string]*batches
	calls   map[int16]*spread // the time of requests by API key, in milliseconds
	throttl map[int16]*spread
	sizes   spread // of produced batches, compressed, in bytes
}

// traffic is what went to and came from a node.
type traffic struct {
	sent, received       int64 // requests, responses
	bytesOut, bytesIn    int64
	requestSize, latency spread
}

// batches are what was written to or read from a topic.
type batches struct{ count, records, bytes, plain int64 }

// spread is a sum with its greatest part.
type spread struct {
	count    int64
	sum, max float64
}

func (s *spread) add(v float64) {
	if s.count == 0 || v > s.max {
		s.max = v
	}
	s.count++
	s.sum += v
}

func (s *spread) average() float64 { return s.sum / float64(s.count) } // NaN of nothing

func (s *spread) greatest() float64 {
	if s.count == 0 {
		return math.NaN()
	}
	return s.max
}

func newGauge(now time.Time) *gauge {
	return &gauge{
		start: now, nodes: make(map[int32]*traffic), batches: make(map[string]*batches), fetched: make(map[string]*batches),
		calls: make(map[int16]*spread), throttl: make(map[int16]*spread),
	}
}

// at is the value of a key, made where it is missing.
func at[K comparable, V any](m map[K]*V, key K) *V {
	v, ok := m[key]
	if !ok {
		v = new(V)
		m[key] = v
	}
	return v
}

// OnBrokerConnect counts a connection.
func (g *gauge) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err == nil {
		g.opened++
	}
}

// OnBrokerDisconnect counts the end of one.
func (g *gauge) OnBrokerDisconnect(kgo.BrokerMetadata, net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed++
}

// OnBrokerE2E counts a request and its response.
func (g *gauge) OnBrokerE2E(meta kgo.BrokerMetadata, key int16, e kgo.BrokerE2E) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := at(g.nodes, meta.NodeID)
	n.sent++
	n.bytesOut += int64(e.BytesWritten)
	n.requestSize.add(float64(e.BytesWritten))
	if e.ReadErr != nil || e.WriteErr != nil || e.BytesRead == 0 {
		return
	}
	n.received++
	n.bytesIn += int64(e.BytesRead)
	ms := float64(e.DurationE2E().Microseconds()) / 1000
	n.latency.add(ms)
	at(g.calls, key).add(ms)
}

// OnBrokerThrottle counts the time that a broker asked to wait for. franz-go
// does not say for which request.
func (g *gauge) OnBrokerThrottle(_ kgo.BrokerMetadata, d time.Duration, _ bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, key := range []int16{kmsg.Produce.Int16(), kmsg.Fetch.Int16()} {
		at(g.throttl, key).add(float64(d.Milliseconds()))
	}
}

// OnProduceBatchWritten counts a batch.
func (g *gauge) OnProduceBatchWritten(_ kgo.BrokerMetadata, topic string, _ int32, m kgo.ProduceBatchMetrics) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at(g.batches, topic).add(m.NumRecords, m.CompressedBytes, m.UncompressedBytes)
	g.sizes.add(float64(m.CompressedBytes))
}

// OnFetchBatchRead counts a batch.
func (g *gauge) OnFetchBatchRead(_ kgo.BrokerMetadata, topic string, _ int32, m kgo.FetchBatchMetrics) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at(g.fetched, topic).add(m.NumRecords, m.CompressedBytes, m.UncompressedBytes)
}

func (b *batches) add(records, bytes, plain int) {
	b.count++
	b.records += int64(records)
	b.bytes += int64(bytes)
	b.plain += int64(plain)
}

// metrics are values by group and name, such as "producer-metrics:batch-size-avg:{client-id=x}".
type metrics map[string]float64

// tagged is a group of metrics with tags.
type tagged struct {
	to          metrics
	group, tags string
	seconds     float64 // since the start
}

func (t tagged) set(name string, v float64) { t.to[t.group+":"+name+":{"+t.tags+"}"] = v }

// counted sets a total and its rate a second.
func (t tagged) counted(name string, total int64) {
	t.set(name+"-total", float64(total))
	t.set(name+"-rate", float64(total)/t.seconds)
}

func (t tagged) spread(name string, s *spread) {
	t.set(name+"-avg", s.average())
	t.set(name+"-max", s.greatest())
}

// traffic are the metrics that producers and consumers have in common. kind is
// "producer" or "consumer".
func (g *gauge) traffic(to metrics, kind, clientID string, now time.Time) {
	seconds := now.Sub(g.start).Seconds()
	all := tagged{to, kind + "-metrics", "client-id=" + clientID, seconds}
	all.counted("connection-creation", g.opened)
	all.counted("connection-close", g.closed)
	all.set("connection-count", float64(g.opened-g.closed))
	var sum traffic
	for id, n := range g.nodes {
		node := tagged{to, kind + "-node-metrics", fmt.Sprintf("client-id=%s, node-id=%s", clientID, nodeName(id)), seconds}
		node.counted("incoming-byte", n.bytesIn)
		node.counted("outgoing-byte", n.bytesOut)
		node.counted("request", n.sent)
		node.counted("response", n.received)
		node.spread("request-latency", &n.latency)
		node.spread("request-size", &n.requestSize)
		sum.sent, sum.received = sum.sent+n.sent, sum.received+n.received
		sum.bytesIn, sum.bytesOut = sum.bytesIn+n.bytesIn, sum.bytesOut+n.bytesOut
		sum.requestSize.count += n.requestSize.count
		sum.requestSize.sum += n.requestSize.sum
		sum.requestSize.max = max(sum.requestSize.max, n.requestSize.max)
	}
	all.counted("incoming-byte", sum.bytesIn)
	all.counted("outgoing-byte", sum.bytesOut)
	all.counted("network-io", sum.sent+sum.received)
	all.counted("request", sum.sent)
	all.counted("response", sum.received)
	all.spread("request-size", &sum.requestSize)
}

// nodeName is what Kafka's client calls a node: the addresses that it began
// with are node--1, node--2 and so on.
func nodeName(id int32) string {
	if id < 0 {
		return fmt.Sprintf("node--%d", int64(id)-math.MinInt32+1)
	}
	return fmt.Sprintf("node-%d", id)
}

// print prints the metrics as ToolsUtils.printMetrics does.
func (g *gauge) print(env *command.Env, asJSON bool, m metrics) {
	names := slices.Sorted(maps.Keys(m))
	if asJSON {
		values := make(map[string]figure, len(m))
		for name, v := range m {
			values[name] = figure(v)
		}
		printLine(env, struct {
			Type    string            `json:"type"`
			Metrics map[string]figure `json:"metrics"`
		}{kindMetrics, values})
		return
	}
	width := 0
	for _, name := range names {
		width = max(width, len(name))
	}
	pad := func(s string) string { return s + strings.Repeat(" ", max(width-len(s), 0)) }
	env.Printf("\n%s   Value\n", pad("Metric Name"))
	for _, name := range names {
		env.Printf("%s : %s\n", pad(name), java.Fixed(m[name], 3))
	}
}

// total sums the topics up.
func total(topics map[string]*batches) batches {
	var sum batches
	for _, b := range topics {
		sum.count += b.count
		sum.records += b.records
		sum.bytes += b.bytes
		sum.plain += b.plain
	}
	return sum
}

// producerMetrics are those of the producer.
func (r *producerRun) producerMetrics() metrics {
	g, m := r.gauge, make(metrics)
	g.mu.Lock()
	defer g.mu.Unlock()
	id, now := r.properties["client.id"], time.Now()
	g.traffic(m, "producer", id, now)
	seconds := now.Sub(g.start).Seconds()
	all := tagged{m, "producer-metrics", "client-id=" + id, seconds}
	sum := total(g.batches)
	all.spread("batch-size", &g.sizes)
	all.set("records-per-request-avg", float64(sum.records)/float64(at(g.calls, kmsg.Produce.Int16()).count))
	all.set("compression-rate-avg", float64(sum.bytes)/float64(sum.plain))
	all.counted("record-send", sum.records)
	all.counted("record-error", r.failed.Load())
	all.set("record-size-avg", float64(sum.plain)/float64(sum.records))
	all.spread("request-latency", at(g.calls, kmsg.Produce.Int16()))
	all.spread("produce-throttle-time", at(g.throttl, kmsg.Produce.Int16()))
	for name, b := range g.batches {
		topic := tagged{m, "producer-topic-metrics", "client-id=" + id + ", topic=" + name, seconds}
		topic.counted("byte", b.bytes)
		topic.counted("record-send", b.records)
		topic.counted("record-error", r.failed.Load())
		topic.set("compression-rate", float64(b.bytes)/float64(b.plain))
	}
	countMetrics(m, id)
	return m
}

// countMetrics adds how many there are.
func countMetrics(m metrics, clientID string) {
	m["kafka-metrics-count:count:{client-id="+clientID+"}"] = float64(len(m) + 1)
}
