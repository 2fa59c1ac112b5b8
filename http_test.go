package gregor_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor"
)

func TestAListenerForMetricsIsTheServersToClose(t *testing.T) {
	listen := func() net.Listener {
		t.Helper()
		l, err := net.Listen("tcp", "localhost:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	closed := func(what string, l net.Listener) {
		t.Helper()
		if again, err := net.Listen("tcp", l.Addr().String()); err != nil {
			t.Errorf("%s: the port is still taken: %v", what, err)
		} else {
			_ = again.Close()
		}
	}
	for what, properties := range map[string][]string{
		"a setting that is none":    {"num.partitions=many"},
		"a port that cannot be had": {"listeners=PLAINTEXT://192.0.2.1:1"},
	} {
		l := listen()
		if server, err := gregor.Start(context.Background(), gregor.Config{Dir: t.TempDir(), Properties: properties, HTTP: l}); err == nil {
			_ = server.Close()
			t.Fatalf("%s: it started", what)
		}
		closed(what, l)
	}
	l := listen()
	server, err := gregor.Start(context.Background(), gregor.Config{Dir: t.TempDir(), Properties: []string{"listeners=PLAINTEXT://localhost:0"}, HTTP: l})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get("http://" + server.HTTPAddrs()[0] + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if want := `gregor_build_info{cluster="` + server.ClusterID() + `",kafka="4.4.0",node="1",version="` + gregor.Version + `"} 1`; !strings.Contains(string(body), want) {
		t.Errorf("no %s", want)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	closed("after Close", l)
}

// TestClientsAreAskedForMetricsOnlyWhereTheyAreShown: as Kafka, which names
// the two keys only where it has a receiver.
func TestClientsAreAskedForMetricsOnlyWhereTheyAreShown(t *testing.T) {
	advertised := func(b *bench) int {
		req := kmsg.NewPtrApiVersionsRequest()
		req.ClientSoftwareName, req.ClientSoftwareVersion = "test", "1"
		n := 0
		for _, k := range ask[*kmsg.ApiVersionsResponse](b, req).ApiKeys {
			if k.ApiKey == int16(kmsg.GetTelemetrySubscriptions) || k.ApiKey == int16(kmsg.PushTelemetry) {
				n++
			}
		}
		return n
	}
	same(t, "without an HTTP listener", advertised(up(t)), 0)
	same(t, "with one", advertised(up(t, onHTTP)), 2)
}

func TestGroupsAreCountedByState(t *testing.T) {
	b := up(t, onHTTP)
	b.must(b.topic("a", 1))
	b.must(b.produce("a", kgo.Record{Value: []byte("x")}))
	consumer := b.newClient(kgo.ConsumerGroup("g"), kgo.ConsumeTopics("a"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit())
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if got := consumer.PollFetches(ctx); got.NumRecords() != 1 {
		t.Fatalf("%d records, %v", got.NumRecords(), got.Errors())
	}
	b.must(consumer.CommitUncommittedOffsets(ctx))
	same(t, "groups", b.metric("kafka_coordinator_group_groupmetadatamanager_numgroups"), "1")
	same(t, "stable", b.metric("kafka_coordinator_group_groupmetadatamanager_numgroupsstable"), "1")
	same(t, "offsets committed", b.metric("kafka_server_group_coordinator_metrics_offset_commit_count"), "1")
	consumer.Close()
	eventually(t, "the group is empty", func() bool {
		return b.metric("kafka_coordinator_group_groupmetadatamanager_numgroupsempty") == "1"
	})
}
