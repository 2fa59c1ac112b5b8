// Package observe proves what is seen of a running broker: clients' metrics
// with the real clients that push them, and the names of metrics against the
// MBeans of a running Apache Kafka. Kind: test
package observe

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/test/harness"
)

const records = 50

func newClient(t *testing.T, addr string, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(addr), kgo.AllowAutoTopicCreation()}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// subscribe has all clients push everything, twice a second.
func subscribe(t *testing.T, addr string) {
	t.Helper()
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	r := kmsg.NewIncrementalAlterConfigsRequestResource()
	r.ResourceType, r.ResourceName = kmsg.ConfigResourceTypeClientMetrics, "everything"
	for k, v := range map[string]string{"metrics": "*", "interval.ms": "500"} {
		c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		c.Name, c.Value = k, &v
		r.Configs = append(r.Configs, c)
	}
	req.Resources = append(req.Resources, r)
	resp, err := req.RequestWith(t.Context(), newClient(t, addr))
	if err == nil {
		err = kerr.ErrorForCode(resp.Resources[0].ErrorCode)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// series finds a series by name and labels, and gives its value; "" where
// there is none.
func series(page, name string, labels ...string) string {
	for line := range strings.Lines(page) {
		if !strings.HasPrefix(line, name+"{") {
			continue
		}
		if !slices.ContainsFunc(labels, func(l string) bool { return !strings.Contains(line, l) }) {
			return strings.TrimSpace(line[strings.LastIndexByte(line, ' '):])
		}
	}
	return ""
}

// TestRealClientsPushTheirMetrics runs a producer and a consumer of the Java
// client and of librdkafka, and sees in Gregor's metrics what they did.
func TestRealClientsPushTheirMetrics(t *testing.T) {
	port, err := harness.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	at := fmt.Sprintf("localhost:%d", port)
	gregor, err := harness.StartGregor(harness.Options{Name: "observe", Properties: map[string]string{"gregor.http.listeners": at}})
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := gregor.Remove(); err != nil {
			t.Error(err)
		}
	}()
	subscribe(t, gregor.Addr())
	for _, c := range []struct {
		name, software string
		command        func(t *testing.T) []string
		want           map[string]string // series and client id to value; "" for any
	}{
		{"java", "apache-kafka-java", java, map[string]string{
			"gregor_client_producer_record_send_total java-producer":                    fmt.Sprint(records),
			"gregor_client_producer_connection_creation_total java-producer":            "",
			"gregor_client_consumer_fetch_manager_records_consumed_total java-consumer": fmt.Sprint(records),
			"gregor_client_consumer_coordinator_commit_total java-consumer":             "",
			"gregor_client_consumer_coordinator_rebalance_latency_total java-consumer":  "",
		}},
		{"librdkafka", "confluent-kafka-python", python, map[string]string{
			"gregor_client_producer_connection_creation_total librdkafka-producer":       "",
			"gregor_client_producer_node_request_latency_avg librdkafka-producer":        "",
			"gregor_client_consumer_coordinator_assigned_partitions librdkafka-consumer": "",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append(c.command(t), gregor.Addr(), c.name, fmt.Sprint(records))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
			if err != nil || !strings.Contains(string(out), fmt.Sprintf("consumed %d", records)) {
				t.Fatalf("%v\n%s", err, out)
			}
			page := get(t, "http://"+at+"/metrics")
			for what, want := range c.want {
				name, id, _ := strings.Cut(what, " ")
				got := series(page, name, `client_id="`+id+`"`, `client_software_name="`+c.software+`"`, `client_instance_id="`)
				if got == "" || want != "" && got != want {
					t.Errorf("%s of %s is %q, not %q", name, id, got, want)
				}
			}
			if t.Failed() {
				for line := range strings.Lines(page) {
					if strings.HasPrefix(line, "gregor_client") {
						t.Log(strings.TrimSpace(line))
					}
				}
			}
		})
	}
	page := get(t, "http://"+at+"/metrics")
	if n := series(page+"x{} 1\n", "x"); n != "1" {
		t.Fatal("series finds nothing")
	}
	if !strings.Contains(page, "kafka_server_client_metrics_plugin_error_count 0\n") {
		t.Error("some pushes could not be read")
	}
}

func java(t *testing.T) []string {
	t.Helper()
	path, err := harness.Java().Find()
	harness.Missing(t, err)
	dir := t.TempDir()
	if err == nil {
		err = harness.CompileJava("broker", filepath.Join(harness.Root(), "test", "observe", "java", "Pushing.java"), dir)
	}
	harness.Missing(t, err)
	jars, errJars := harness.Jars("broker")
	harness.Missing(t, errJars)
	if err != nil || errJars != nil {
		t.Fatal(err, errJars)
	}
	return []string{path, "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
		"-cp", jars + string(os.PathListSeparator) + dir, "Pushing"}
}

func python(t *testing.T) []string {
	t.Helper()
	path, err := harness.Python().Find()
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	return []string{path, filepath.Join(harness.Root(), "test", "observe", "pushing.py")}
}

// bean is what an MBean or one of its attributes counts: domain:type=,name=
// of Yammer's metrics, domain:type=!attribute of Kafka's own.
func beans(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(text), "end\n") {
		t.Fatal("the list of MBeans is cut short")
	}
	typed, named := regexp.MustCompile(`type=([^,]+)`), regexp.MustCompile(`name=([^,]+)`)
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		name, attribute, ok := strings.Cut(strings.TrimSpace(line), "\t")
		domain, keys, _ := strings.Cut(name, ":")
		kind := typed.FindStringSubmatch(keys)
		if !ok || kind == nil {
			continue
		}
		key := domain + ":type=" + kind[1]
		if n := named.FindStringSubmatch(keys); n != nil {
			key += ",name=" + n[1]
		} else {
			key += "!" + attribute
		}
		seen[key] = true
	}
	var list []string
	for b := range seen {
		list = append(list, b)
	}
	slices.Sort(list)
	return list
}

// ours reads the MBeans out of docs/metrics.md.
func ours(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(harness.Root(), "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `(kafka_\\w+)` \\|[^|]*\\|[^|]*\\| `([^`]+)`(?: `([^`]+)`)? \\|")
	found := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(string(page), -1) {
		key := m[2]
		if m[3] != "" {
			key += "!" + m[3]
		}
		found[key] = m[1]
	}
	if len(found) < 50 {
		t.Fatalf("%d MBeans on the page", len(found))
	}
	return found
}

// TestMetricsHaveKafkasMBeans asks a running Apache Kafka which MBeans it has,
// after some work, and finds every one that docs/metrics.md names. It prints
// which of Kafka's have no equivalent.
func TestMetricsHaveKafkasMBeans(t *testing.T) {
	file := filepath.Join(t.TempDir(), "beans")
	kafka, gregor, err := harness.StartReceivers("beans", file)
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		for _, b := range []*harness.Broker{kafka, gregor} {
			if err := b.Remove(); err != nil {
				t.Error(err)
			}
		}
	}()
	work(t, kafka.Addr())
	push(t, kafka.Addr(), file)
	theirs, mine := beans(t, file), ours(t)
	for key, name := range mine {
		if !slices.Contains(theirs, key) {
			t.Errorf("Apache Kafka has no MBean %s, which %s is to be", key, name)
		}
	}
	// Those with a name are Yammer's: one thing each. Kafka's own metrics have
	// an average, a maximum and a rate of everything, and its clients within.
	named := slices.DeleteFunc(slices.Clone(theirs), func(b string) bool { return !strings.Contains(b, ",name=") })
	var without []string
	for _, b := range named {
		if _, ok := mine[b]; !ok {
			without = append(without, b)
		}
	}
	t.Logf("of Apache Kafka's %d MBeans with a name %d have an equivalent; %d attributes of others have one, too", len(named), len(named)-len(without), len(mine)-len(named)+len(without))
	t.Logf("without:\n%s", strings.Join(without, "\n"))
}

// work makes the broker do a little of everything that it counts.
func work(t *testing.T, addr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	producer := newClient(t, addr)
	if err := producer.ProduceSync(ctx, &kgo.Record{Topic: "t", Value: []byte("x")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	consumer := newClient(t, addr, kgo.ConsumerGroup("g"), kgo.ConsumeTopics("t"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if fetches := consumer.PollFetches(ctx); fetches.NumRecords() != 1 {
		t.Fatalf("%d records, %v", fetches.NumRecords(), fetches.Errors())
	}
	if err := consumer.CommitUncommittedOffsets(ctx); err != nil {
		t.Fatal(err)
	}
}

// push has the receiver write its file.
func push(t *testing.T, addr, file string) {
	t.Helper()
	cl := newClient(t, addr, kgo.DisableClientMetrics())
	get, err := kmsg.NewPtrGetTelemetrySubscriptionsRequest().RequestWith(t.Context(), cl)
	if err != nil {
		t.Fatal(err)
	}
	req := kmsg.NewPtrPushTelemetryRequest()
	req.ClientInstanceID, req.SubscriptionID, req.Metrics, req.Terminating = get.ClientInstanceID, get.SubscriptionID, []byte{0x0a, 0}, true
	resp, err := req.RequestWith(t.Context(), cl)
	if err == nil {
		err = kerr.ErrorForCode(resp.ErrorCode)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
}
