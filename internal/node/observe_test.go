package node

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metrics"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/wire"
)

// scrape is the value of each series that a node shows.
func scrape(t *testing.T, n *Node) map[string]float64 {
	t.Helper()
	code, body := httpGet(t, n, "/metrics")
	if code != http.StatusOK {
		t.Fatalf("status %d: %s", code, body)
	}
	values := map[string]float64{}
	for line := range strings.Lines(body) {
		at := strings.LastIndexByte(line, ' ')
		if strings.HasPrefix(line, "#") || at < 0 {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(line[at:]), 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		values[line[:at]] = v
	}
	return values
}

func httpGet(t *testing.T, n *Node, path string) (code int, body string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	resp, err := client.Get("http://" + n.HTTPAddrs()[0].String() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

const httpHere = "gregor.http.listeners=127.0.0.1:0"

// TestMetricsCountWhatHappened scrapes a node after a known workload, to the
// record and to the byte.
func TestMetricsCountWhatHappened(t *testing.T) {
	n, r := onDisk(t, httpHere)
	id := r.topic("t", 2)
	// Three requests with a batch of 10 records for each of two partitions.
	batchBytes := len(plainBatch(10, 100))
	produce := produceFrame(id, -1, 2, 10, 100)
	for range 3 {
		r.send(produce)
		r.receive()
	}
	// A batch whose CRC is wrong fails in an ordinary way; one whose timestamp
	// lies in the far future fails in another.
	damaged := produceFrame(id, 1, 1, 1, 1)
	damaged[len(damaged)-6] ^= 1
	r.send(damaged)
	r.receive()
	r.send(futureFrame(id))
	r.receive()
	// All of partition 0, nothing new, and an offset that does not exist; then a
	// long poll for 20 ms.
	fetched := 0
	for _, offset := range []int64{0, 0, 1000} {
		r.send(fetchFrame(id, offset, 1<<20))
		fetched += len(r.receive())
	}
	poll := pollFrame(id, 30, 20)
	r.send(poll)
	r.receive()
	// A client without manners.
	rude := dialRaw(t, n)
	rude.send([]byte{0, 0, 0, 11, 0, 3, 0, 99, 0, 0, 0, 1, 0xff, 0xff, 0}) // Metadata v99
	if _, err := rude.conn.Read(make([]byte, 1)); err == nil {
		t.Error("Metadata v99 was answered")
	}
	r.call(msg.NewDescribeClusterRequest(), msg.NewDescribeClusterResponse()) // an answer counts when it is written: before the next
	v := scrape(t, n)
	records, bytes := 60.0, float64(6*batchBytes)
	for series, want := range map[string]float64{
		`kafka_server_brokertopicmetrics_messagesin_total`:                                       records,
		`kafka_server_brokertopicmetrics_messagesin_total{topic="t"}`:                            records,
		`kafka_server_brokertopicmetrics_bytesin_total{topic="t"}`:                               bytes,
		`kafka_server_brokertopicmetrics_bytesin_total`:                                          bytes,
		`kafka_server_brokertopicmetrics_bytesout_total{topic="t"}`:                              bytes, // half of it, twice
		`kafka_server_brokertopicmetrics_totalproducerequests_total{topic="t"}`:                  8,
		`kafka_server_brokertopicmetrics_failedproducerequests_total{topic="t"}`:                 1,
		`kafka_server_brokertopicmetrics_totalfetchrequests_total{topic="t"}`:                    4,
		`kafka_server_brokertopicmetrics_failedfetchrequests_total{topic="t"}`:                   0,
		`kafka_network_requestmetrics_requests_total{request="Produce",version="13"}`:            5,
		`kafka_network_requestmetrics_requests_total{request="Fetch",version="17"}`:              4,
		`kafka_network_requestmetrics_requests_total{request="FetchConsumer",version="17"}`:      4,
		`kafka_network_requestmetrics_errors_total{error="NONE",request="Produce"}`:              6,
		`kafka_network_requestmetrics_errors_total{error="CORRUPT_MESSAGE",request="Produce"}`:   1,
		`kafka_network_requestmetrics_errors_total{error="INVALID_TIMESTAMP",request="Produce"}`: 1,
		`kafka_network_requestmetrics_errors_total{error="OFFSET_OUT_OF_RANGE",request="Fetch"}`: 1,
		`kafka_network_requestmetrics_errors_total{error="NONE",request="Fetch"}`:                7, // four answers, three partitions
		`kafka_network_requestmetrics_errors_total{error="NONE",request="CreateTopics"}`:         1,
		`kafka_network_requestmetrics_totaltimems_count{request="Produce"}`:                      5,
		`kafka_network_requestmetrics_requestbytes_sum{request="Fetch"}`:                         float64(3*len(fetchFrame(id, 0, 1<<20)) + len(poll)),
		`gregor_request_duration_seconds_count{request="Fetch"}`:                                 4,
		`gregor_rejected_total{reason="unsupported_version"}`:                                    1,
		`kafka_log_log_logendoffset{partition="0",topic="t"}`:                                    30,
		`kafka_log_log_logstartoffset{partition="1",topic="t"}`:                                  0,
		`kafka_log_log_size{partition="1",topic="t"}`:                                            bytes / 2,
		`kafka_log_log_numlogsegments{partition="1",topic="t"}`:                                  1,
		`kafka_cluster_partition_insyncreplicascount{partition="1",topic="t"}`:                   1,
		`kafka_server_replicamanager_partitioncount`:                                             2,
		`kafka_server_replicamanager_leadercount`:                                                2,
		`kafka_controller_kafkacontroller_globalpartitioncount`:                                  2,
		`kafka_server_socket_server_metrics_connection_creation_total{listener="PLAINTEXT"}`:     2,
		`kafka_server_kafkaserver_brokerstate`:                                                   3,
		`gregor_ready`:                                                                           1,
	} {
		if got, ok := v[series]; !ok || got != want {
			t.Errorf("%s is %v (%v), not %v", series, got, ok, want)
		}
	}
	// The wait of the long poll is remote time, the rest is not.
	if got := v[`kafka_network_requestmetrics_remotetimems_sum{request="Fetch"}`]; got < 20 || got > 2000 {
		t.Errorf("a poll of 20 ms waited %v ms", got)
	}
	if got := v[`gregor_response_bytes_total{request="Fetch"}`]; got < float64(fetched) {
		t.Errorf("%v bytes of answers to fetches, the first had %d", got, fetched)
	}
}

func futureFrame(id kafka.UUID) []byte {
	req := msg.NewProduceRequest()
	req.Acks, req.TimeoutMs = 1, 30_000
	records := batchAt(time.Now().Add(1000 * time.Hour))
	req.TopicData = []msg.ProduceRequestTopicProduceData{{TopicId: id, PartitionData: []msg.ProduceRequestPartitionProduceData{{Records: records}}}}
	return wire.AppendRequest(nil, 13, 7, "raw", req)
}

func pollFrame(id kafka.UUID, offset int64, waitMs int32) []byte {
	req := msg.NewFetchRequest()
	req.MinBytes, req.MaxWaitMs, req.MaxBytes = 1, waitMs, 1<<20
	p := msg.NewFetchRequestFetchPartition()
	p.FetchOffset, p.PartitionMaxBytes = offset, 1<<20
	req.Topics = []msg.FetchRequestFetchTopic{{TopicId: id, Partitions: []msg.FetchRequestFetchPartition{*p}}}
	return wire.AppendRequest(nil, 17, 7, "raw", req)
}

// TestEveryMetricOfTheTableIsShown: what is documented has a value somewhere.
func TestEveryMetricOfTheTableIsShown(t *testing.T) {
	n, r := onDisk(t, httpHere)
	id := r.topic("t", 1)
	r.send(produceFrame(id, -1, 1, 1, 1))
	r.receive()
	rude := dialRaw(t, n)
	rude.send([]byte{0x7f, 0, 0, 0})
	_, _ = rude.conn.Read(make([]byte, 1))
	shown := map[string]bool{}
	for series := range scrape(t, n) {
		name, _, _ := strings.Cut(series, "{")
		shown[name] = true
	}
	for _, name := range metrics.Names() {
		if !shown[name] && !shown[name+"_count"] {
			t.Errorf("%s is in the table and never shown", name)
		}
	}
}

// TestCountersNeverFall: what a deleted topic counted stays in the sums.
func TestCountersNeverFall(t *testing.T) {
	n, r := onDisk(t, httpHere)
	id := r.topic("t", 1)
	r.send(produceFrame(id, -1, 1, 7, 1))
	r.receive()
	req, resp := msg.NewDeleteTopicsRequest(), msg.NewDeleteTopicsResponse()
	req.Topics, req.TimeoutMs = []msg.DeleteTopicsRequestDeleteTopicState{{TopicId: id}}, 10_000
	r.call(req, resp)
	v := scrape(t, n)
	if got := v["kafka_server_brokertopicmetrics_messagesin_total"]; got != 7 {
		t.Errorf("%v records in all, not 7", got)
	}
	if got, ok := v[`kafka_server_brokertopicmetrics_messagesin_total{topic="t"}`]; ok {
		t.Errorf("%v records of a topic that is gone", got)
	}
}

// logged is a log that a test reads.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) lines(with string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []string
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, with) {
			found = append(found, line)
		}
	}
	return found
}

func TestSlowRequestsAndRejectedClientsAreLoggedWithinBounds(t *testing.T) {
	log := new(logged)
	all := config.Quickstart(t.TempDir())
	for _, p := range []string{"listeners=PLAINTEXT://127.0.0.1:0", "gregor.log.slow.request.ms=0"} {
		o, err := config.ParseOverride(p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
	b, _, err := config.Load(all)
	if err != nil {
		t.Fatal(err)
	}
	n, err := Start(t.Context(), Config{Broker: b, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := n.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	r := dialRaw(t, n)
	id := r.topic("t", 1)
	for range slowLines + 5 {
		r.send(produceFrame(id, -1, 1, 1, 1))
		r.receive()
	}
	slow := log.lines(`msg="slow request"`)
	if len(slow) != slowLines {
		t.Errorf("%d lines about slow requests, not %d", len(slow), slowLines)
	}
	want := regexp.MustCompile(`api=CreateTopics version=7 client=raw remote=127\.0\.0\.1:\d+ principal=ANONYMOUS listener=PLAINTEXT total_ms=[\d.]+ local_ms=[\d.]+ remote_ms=[\d.]+`)
	if len(slow) > 0 && !want.MatchString(slow[0]) {
		t.Errorf("%s", slow[0])
	}
	for range 15 {
		rude, err := net.Dial("tcp", n.Addrs()[0].String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = rude.Write([]byte{0x7f, 0, 0, 0})
		_, _ = rude.Read(make([]byte, 1))
		_ = rude.Close()
	}
	cut := log.lines("reason=frame_size")
	if len(cut) == 0 || len(cut) > 10 || !strings.Contains(cut[0], "socket.request.max.bytes is 104857600") {
		t.Errorf("%d lines: %s", len(cut), strings.Join(cut, ""))
	}
}

func TestANodeThatIsNotReadySaysWhy(t *testing.T) {
	n, _ := onDisk(t, httpHere)
	if code, body := httpGet(t, n, "/readyz"); code != http.StatusOK || body != "ready\n" {
		t.Errorf("%d %s", code, body)
	}
	n.state.Store(stateRecovery)
	if code, body := httpGet(t, n, "/readyz"); code != http.StatusServiceUnavailable || body != "the node is starting\n" {
		t.Errorf("%d %s", code, body)
	}
	n.state.Store(stateRunning)
	n.membership.epoch.Store(-1)
	if code, body := httpGet(t, n, "/readyz"); code != http.StatusServiceUnavailable || body != "the broker is not registered with the controller\n" {
		t.Errorf("%d %s", code, body)
	}
	if code, body := httpGet(t, n, "/healthz"); code != http.StatusOK || body != "ok\n" {
		t.Errorf("%d %s", code, body)
	}
	n.fail(io.ErrUnexpectedEOF)
	if code, body := httpGet(t, n, "/healthz"); code != http.StatusServiceUnavailable || body != "failed: unexpected EOF\n" {
		t.Errorf("%d %s", code, body)
	}
}
