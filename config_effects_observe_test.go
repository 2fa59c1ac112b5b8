package gregor_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gregor-stream/gregor"
)

// get fetches a page of the broker's HTTP listener.
func (b *bench) get(path string) (code int, body string) {
	b.t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	resp, err := client.Get("http://" + b.server.HTTPAddrs()[0] + path)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// metric is the value of one series, "" where there is none.
func (b *bench) metric(series string) string {
	b.t.Helper()
	_, body := b.get("/metrics")
	for line := range strings.Lines(body) {
		if name, value, ok := strings.Cut(line, " "); ok && name == series {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

const onHTTP = "gregor.http.listeners=localhost:0"

// oneGauge is a push of one gauge with n data points.
func oneGauge(n int) []byte {
	field := func(b []byte, n protowire.Number, inner []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), inner)
	}
	var points []byte
	for i := range n {
		key := field(nil, 1, []byte("i"))
		key = field(key, 2, field(nil, 1, []byte(strings.Repeat("x", i+1))))
		point := protowire.AppendFixed64(protowire.AppendTag(nil, 6, protowire.Fixed64Type), 7)
		points = field(points, 1, field(point, 7, key))
	}
	metric := field(field(nil, 1, []byte("org.apache.kafka.m")), 5, points)
	return field(nil, 1, field(nil, 2, field(nil, 2, metric)))
}

// subscribe asks which metrics to push, as a new client.
func (b *bench) subscribe() *kmsg.GetTelemetrySubscriptionsResponse {
	return ask[*kmsg.GetTelemetrySubscriptionsResponse](b, kmsg.NewPtrGetTelemetrySubscriptionsRequest())
}

// push asks, and pushes metrics then.
func (b *bench) push(metrics []byte) error {
	s := b.subscribe()
	req := kmsg.NewPtrPushTelemetryRequest()
	req.ClientInstanceID, req.SubscriptionID, req.Metrics = s.ClientInstanceID, s.SubscriptionID, metrics
	return kerr.ErrorForCode(ask[*kmsg.PushTelemetryResponse](b, req).ErrorCode)
}

func observeProbes() map[string]any {
	const subscription = kmsg.ConfigResourceTypeClientMetrics
	return map[string]any{
		"gregor.http.listeners": func(t *testing.T) {
			same(t, "addresses without it", len(up(t).server.HTTPAddrs()), 0)
			b := up(t, "gregor.http.listeners=http://localhost:0,127.0.0.1:0")
			same(t, "addresses", len(b.server.HTTPAddrs()), 2)
			code, body := b.get("/readyz")
			same(t, "ready", code == http.StatusOK && body == "ready\n", true)
			refused(t, `gregor.http.listeners: "nowhere" is not host:port`, "gregor.http.listeners=nowhere")
		},
		"gregor.http.pprof.enable": func(t *testing.T) {
			for on, want := range map[string]int{"false": http.StatusNotFound, "true": http.StatusOK} {
				code, _ := up(t, onHTTP, "gregor.http.pprof.enable="+on).get("/debug/pprof/goroutine?debug=1")
				same(t, "status with "+on, code, want)
			}
		},
		"gregor.log.format": func(t *testing.T) {
			for format, want := range map[string]string{"text": "level=WARN msg=", "json": `"level":"WARN","msg":"`} {
				var log buffer
				server, err := gregor.Start(context.Background(), gregor.Config{Dir: t.TempDir(), LogTo: &log, Properties: []string{
					"listeners=PLAINTEXT://localhost:0", "gregor.log.format=" + format, "unknown.key=1"}})
				if err != nil {
					t.Fatal(err)
				}
				if err := server.Close(); err != nil {
					t.Error(err)
				}
				if !strings.Contains(log.String(), want) {
					t.Errorf("%s: no %s in the log:\n%s", format, want, log.String())
				}
			}
		},
		"gregor.log.slow.request.ms": func(t *testing.T) {
			const slow = `gregor_slow_requests_total{request="CreateTopics"}`
			b := up(t, onHTTP, "gregor.log.slow.request.ms=0") // all are slow
			b.must(b.topic("a", 1))
			// A request counts when its answer is written, which the client may see first.
			eventually(t, "a slow request is counted", func() bool { return b.metric(slow) == "1" })
			b.alter(kmsg.ConfigResourceTypeBroker, "", "gregor.log.slow.request.ms", "-1")
			b.must(b.topic("b", 1))
			same(t, "slow requests", b.metric(slow), "1")
		},
		"gregor.metrics.max.topics": func(t *testing.T) {
			b := up(t, onHTTP, "gregor.metrics.max.topics=1")
			b.must(b.topic("a", 1))
			b.must(b.topic("b", 1))
			same(t, "of the first", b.metric(`kafka_server_brokertopicmetrics_messagesin_total{topic="a"}`), "0")
			same(t, "of the second", b.metric(`kafka_server_brokertopicmetrics_messagesin_total{topic="b"}`), "")
			same(t, "omitted", b.metric(`gregor_omitted{what="topics"}`), "1")
		},
		"gregor.metrics.max.partitions": func(t *testing.T) {
			b := up(t, onHTTP, "gregor.metrics.max.partitions=2")
			b.must(b.topic("a", 5))
			same(t, "of the second", b.metric(`kafka_log_log_logendoffset{partition="1",topic="a"}`), "0")
			same(t, "of the third", b.metric(`kafka_log_log_logendoffset{partition="2",topic="a"}`), "")
			same(t, "omitted", b.metric(`gregor_omitted{what="partitions"}`), "3")
		},
		"gregor.client.metrics.max.series": func(t *testing.T) {
			b := up(t, onHTTP, "gregor.client.metrics.max.series=10") // a fifth of it for one client
			b.must(b.push(oneGauge(5)))
			same(t, "kept", b.metric("gregor_client_series"), "2")
			same(t, "left out", b.metric(`gregor_omitted{what="client_series"}`), "3")
		},
		"telemetry.max.bytes": func(t *testing.T) {
			b := up(t, onHTTP, "telemetry.max.bytes=100")
			same(t, "as told", b.subscribe().TelemetryMaxBytes, 100)
			same(t, "too much", b.push(oneGauge(20)), error(kerr.TelemetryTooLarge))
			b.must(b.push(oneGauge(1)))
		},
		"metrics:interval.ms": func(t *testing.T) {
			b := up(t, onHTTP)
			same(t, "without a subscription", b.subscribe().PushIntervalMillis, 300_000)
			b.alter(subscription, "s", "interval.ms", "1234")
			same(t, "with one", b.subscribe().PushIntervalMillis, 1234)
		},
		"metrics:metrics": func(t *testing.T) {
			b := up(t, onHTTP)
			same(t, "without a subscription", len(b.subscribe().RequestedMetrics), 0)
			b.alter(subscription, "s", "metrics", "org.apache.kafka.producer.")
			same(t, "with one", strings.Join(b.subscribe().RequestedMetrics, ","), "org.apache.kafka.producer.")
		},
		"metrics:match": func(t *testing.T) {
			b := up(t, onHTTP)
			b.alter(subscription, "s", "metrics", "*")
			same(t, "for everybody", len(b.subscribe().RequestedMetrics), 1)
			b.alter(subscription, "s", "match", "client_id=somebody-else.*")
			same(t, "for somebody else", len(b.subscribe().RequestedMetrics), 0)
			b.alter(subscription, "s", "match", "client_id=kg.,client_software_name=k.*,client_source_address=127.0.0.1|::1")
			same(t, "for this client", len(b.subscribe().RequestedMetrics), 1)
		},
	}
}

// buffer is a log that many write.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
