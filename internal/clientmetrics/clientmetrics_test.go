package clientmetrics

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
)

var limits = Limits{MaxBytes: 1 << 20, SeriesMax: 1000}

type world struct {
	t   *testing.T
	m   *Manager
	now time.Time
	rnd *rand.ChaCha8
}

func newWorld(t *testing.T, subscriptions map[string]config.ClientMetrics) *world {
	w := &world{t: t, m: New(), now: time.Unix(1_700_000_000, 0), rnd: rand.NewChaCha8([32]byte{1})}
	w.m.SetSubscriptions(subscriptions)
	return w
}

func (w *world) get(id kafka.UUID, c Client) (Subscription, error) {
	return w.m.Subscribe(w.now, c, id, limits, w.rnd)
}

func (w *world) push(s Subscription, p Push) error {
	p.Instance, p.Subscription = s.Instance, s.ID
	if err := w.m.Check(w.now, Client{}, &p, limits); err != nil {
		return err
	}
	samples, omitted, err := Decode(new(compress.Pool), &p, limits.MaxBytes)
	if err != nil {
		return w.m.Failed(&p)
	}
	w.m.Took(w.now, &p, samples, omitted, limits)
	return nil
}

func (w *world) want(what string, got error, want kafka.Error) {
	w.t.Helper()
	if kafka.CodeOf(got) != want {
		w.t.Errorf("%s: %v, not %v", what, got, want)
	}
}

func every(interval time.Duration, metrics ...string) map[string]config.ClientMetrics {
	return map[string]config.ClientMetrics{"s": {Interval: interval, Metrics: metrics}}
}

func TestPushesKeepToTheInterval(t *testing.T) {
	w := newWorld(t, every(10*time.Second, "a"))
	s, err := w.get(kafka.UUID{}, Client{Connection: 1})
	if err != nil || s.Instance.IsZero() || s.Interval != 10*time.Second || s.MaxBytes != limits.MaxBytes {
		t.Fatalf("%+v, %v", s, err)
	}
	_, err = w.get(s.Instance, Client{})
	w.want("a second Get at once", err, kafka.ErrThrottlingQuotaExceeded)
	w.now = w.now.Add(time.Millisecond)
	w.want("the first push, early", w.push(s, Push{}), kafka.ErrNone)
	w.want("a second push at once", w.push(s, Push{}), kafka.ErrThrottlingQuotaExceeded)
	w.now = w.now.Add(10*time.Second - time.Millisecond)
	w.want("a push a millisecond early", w.push(s, Push{}), kafka.ErrThrottlingQuotaExceeded)
	w.now = w.now.Add(time.Millisecond)
	w.want("a push in time", w.push(s, Push{}), kafka.ErrNone)
	w.now = w.now.Add(time.Second)
	w.want("the last push, early", w.push(s, Push{Terminating: true}), kafka.ErrNone)
	w.now = w.now.Add(30 * time.Second)
	w.want("a push after the last", w.push(s, Push{}), kafka.ErrInvalidRequest)
	if got := w.m.Stats(); got.Throttles != 3 || got.Instances != 1 {
		t.Errorf("%+v", got)
	}
}

func TestAChangedSubscriptionIsTold(t *testing.T) {
	w := newWorld(t, every(10*time.Second, "a"))
	s, _ := w.get(kafka.UUID{}, Client{Connection: 1})
	w.m.SetSubscriptions(every(10*time.Second, "b"))
	w.now = w.now.Add(time.Second)
	w.want("a push under the old", w.push(s, Push{}), kafka.ErrUnknownSubscriptionID)
	fresh, err := w.get(s.Instance, Client{Connection: 1})
	w.want("a Get at once after that", err, kafka.ErrNone)
	if fresh.ID == s.ID || !slices.Equal(fresh.Metrics, []string{"b"}) {
		t.Errorf("%+v", fresh)
	}
	if n := w.m.Stats().UnknownSubscriptions; n != 1 {
		t.Errorf("%d unknown subscriptions", n)
	}
}

func TestPushesThatCannotBeTakenAreRefused(t *testing.T) {
	w := newWorld(t, every(time.Second, "a"))
	for _, id := range []kafka.UUID{{}, {15: 1}} {
		w.want("a reserved instance", w.m.Check(w.now, Client{}, &Push{Instance: id}, limits), kafka.ErrInvalidRequest)
	}
	for _, c := range []struct {
		what string
		push Push
		want kafka.Error
	}{
		{"an unknown compression", Push{Compression: 5}, kafka.ErrUnsupportedCompressionType},
		{"a negative compression", Push{Compression: -1}, kafka.ErrUnsupportedCompressionType},
		{"too much", Push{Metrics: make([]byte, limits.MaxBytes+1)}, kafka.ErrTelemetryTooLarge},
		{"what is not OTLP", Push{Metrics: []byte{0xff}}, kafka.ErrInvalidRecord},
		{"what does not unpack", Push{Metrics: []byte{1, 2, 3}, Compression: int8(compress.Zstd)}, kafka.ErrInvalidRecord},
		{"what unpacks to too much", Push{Metrics: packed(t, make([]byte, limits.MaxBytes+1)), Compression: int8(compress.Zstd)}, kafka.ErrInvalidRecord},
		{"nothing", Push{}, kafka.ErrNone},
	} {
		s, err := w.get(kafka.UUID{}, Client{Connection: 1})
		w.want("Get", err, kafka.ErrNone)
		w.now = w.now.Add(time.Millisecond)
		w.want(c.what, w.push(s, c.push), c.want)
	}
	if got := w.m.Stats(); got.PushErrors != 3 || got.Pushes != 0 {
		t.Errorf("%+v", got)
	}
}

func packed(t *testing.T, data []byte) []byte {
	t.Helper()
	out, err := new(compress.Pool).Compress(nil, data, compress.Zstd, 3)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestInstancesAreForgotten(t *testing.T) {
	w := newWorld(t, every(time.Second, "a"))
	s, _ := w.get(kafka.UUID{}, Client{Connection: 1})
	w.m.Disconnected(1)
	w.m.Disconnected(2)
	_, err := w.get(s.Instance, Client{Connection: 3})
	w.want("a Get at once on a new connection", err, kafka.ErrNone)
	w.now = w.now.Add(forgetAfter)
	w.m.Expire(w.now)
	if n := w.m.Stats().Instances; n != 0 || len(w.m.byConn) != 0 || w.m.byUse.Len() != 0 {
		t.Errorf("%d instances, %d connections, %d in the list", n, len(w.m.byConn), w.m.byUse.Len())
	}
	for i := range instancesMax + 10 {
		_, err := w.get(kafka.UUID{0: 1, 1: byte(i >> 16), 2: byte(i >> 8), 3: byte(i)}, Client{Connection: uint64(i)})
		w.want("Get", err, kafka.ErrNone)
	}
	if n := w.m.Stats().Instances; n != instancesMax || len(w.m.byConn) != instancesMax {
		t.Errorf("%d instances, %d connections", n, len(w.m.byConn))
	}
	_, err = w.get(kafka.UUID{0: 1, 3: 11}, Client{Connection: 11})
	w.want("a Get of who is still known", err, kafka.ErrThrottlingQuotaExceeded)
	_, err = w.get(kafka.UUID{0: 1, 3: 3}, Client{Connection: 3})
	w.want("a Get of who had to make room", err, kafka.ErrNone)
}

func TestSubscriptionsSelectByEveryAttribute(t *testing.T) {
	id := kafka.UUID{0: 9}
	c := Client{ClientID: "app-7", Software: "apache-kafka-java", Version: "4.4.0", Address: "10.0.0.1", Port: "4711"}
	for _, test := range []struct {
		match map[string]string
		want  bool
	}{
		{nil, true},
		{map[string]string{"client_id": "app-.*"}, true},
		{map[string]string{"client_id": "app"}, false}, // the whole of it has to match
		{map[string]string{"client_id": "app-7|x", "client_software_name": "apache.*", "client_software_version": "4\\..*"}, true},
		{map[string]string{"client_id": "app-7", "client_source_port": "1"}, false},
		{map[string]string{"client_source_address": "10\\.0\\.0\\..", "client_source_port": "47.."}, true},
		{map[string]string{"client_instance_id": id.String()}, true},
		{map[string]string{"client_id": "(?=x)"}, false}, // not an expression here
	} {
		rules := makeRules(map[string]config.ClientMetrics{"s": {Interval: time.Second, Metrics: []string{"a"}, Match: test.match}})
		if got := rules[0].matches(id, &c); got != test.want {
			t.Errorf("%v: %v", test.match, got)
		}
	}
	empty := Client{}
	rules := makeRules(map[string]config.ClientMetrics{"s": {Match: map[string]string{"client_software_name": ".*"}}})
	if rules[0].matches(id, &empty) {
		t.Error("a client that has not said what it is matches anything")
	}
}

// TestSubscriptionIDsAreKafkas: the ids and orders are what Apache Kafka 4.4.0
// answered to these instances (test/wire tells the same story to both).
func TestSubscriptionIDsAreKafkas(t *testing.T) {
	const many = "org.apache.kafka.producer.,org.apache.kafka.consumer.,org.apache.kafka.consumer.coordinator.rebalance.latency.max," +
		"org.apache.kafka.consumer.fetch.manager.fetch.latency.max,org.apache.kafka.producer.node.request.latency.max," +
		"org.apache.kafka.producer.record.queue.time.max,Aa,BB,AaAa,BBBB,AaBB,ü,z,y,x,w,v,u,t,s,r,q,p,o,n"
	one := config.ClientMetrics{Interval: time.Minute, Metrics: []string{"org.apache.kafka.producer."}}
	two := config.ClientMetrics{Interval: 100 * time.Second, Metrics: strings.Split(many, ",")}
	twelve := config.ClientMetrics{Interval: 5 * time.Minute, Metrics: strings.Split("m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12", ",")}
	for _, c := range []struct {
		n             byte
		subscriptions map[string]config.ClientMetrics
		id            int32
		metrics       string
	}{
		{1, nil, -1257433309, ""},
		{2, map[string]config.ClientMetrics{"one": one}, -1574831587, "org.apache.kafka.producer."},
		{3, map[string]config.ClientMetrics{"one": one, "many": two}, 212562963,
			"Aa BB org.apache.kafka.producer. org.apache.kafka.consumer. org.apache.kafka.producer.record.queue.time.max AaAa BBBB AaBB " +
				"org.apache.kafka.producer.node.request.latency.max org.apache.kafka.consumer.coordinator.rebalance.latency.max " +
				"org.apache.kafka.consumer.fetch.manager.fetch.latency.max n o p q r s t u v w x y z ü"},
		{4, map[string]config.ClientMetrics{"one": one, "many": two, "twelve": twelve}, -1374877241,
			"Aa BB m11 m10 m12 org.apache.kafka.producer. org.apache.kafka.consumer. org.apache.kafka.producer.record.queue.time.max AaAa BBBB AaBB " +
				"m1 m2 m3 m4 m5 org.apache.kafka.producer.node.request.latency.max m6 m7 m8 m9 org.apache.kafka.consumer.coordinator.rebalance.latency.max " +
				"org.apache.kafka.consumer.fetch.manager.fetch.latency.max n o p q r s t u v w x y z ü"},
	} {
		id := kafka.UUID{c.n, 0x5a, 3, 0xf0, c.n, 0x11, 0x4c, 7, 0x9e, 1, 2, 3, 0xff, 0x80, c.n, 9}
		s := subscribe(makeRules(c.subscriptions), id, &Client{})
		if got := strings.Join(s.Metrics, " "); s.ID != c.id || got != c.metrics {
			t.Errorf("instance %d: %d %s\nKafka: %d %s", c.n, s.ID, got, c.id, c.metrics)
		}
	}
}

// nest appends a message or string.
func nest(b []byte, n protowire.Number, inner []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), inner)
}

func attr(key, value string) []byte {
	return nest(nest(nil, 1, []byte(key)), 2, nest(nil, 1, []byte(value)))
}

func number(v float64, attrs ...[]byte) []byte {
	b := protowire.AppendTag(nil, 6, protowire.Fixed64Type)
	b = protowire.AppendFixed64(b, uint64(int64(v)))
	for _, a := range attrs {
		b = nest(b, 7, a)
	}
	return b
}

func sum(name string, temporality uint64, monotonic bool, points ...[]byte) []byte {
	var inner []byte
	for _, p := range points {
		inner = nest(inner, 1, p)
	}
	inner = protowire.AppendVarint(protowire.AppendTag(inner, 2, protowire.VarintType), temporality)
	inner = protowire.AppendVarint(protowire.AppendTag(inner, 3, protowire.VarintType), protowire.EncodeBool(monotonic))
	return nest(nest(nil, 1, []byte(name)), 7, inner)
}

func gauge(name string, points ...[]byte) []byte {
	var inner []byte
	for _, p := range points {
		inner = nest(inner, 1, p)
	}
	return nest(nest(nil, 1, []byte(name)), 5, inner)
}

// metricsData is a push with one resource.
func metricsData(resource []byte, metrics ...[]byte) []byte {
	var scope []byte
	for _, m := range metrics {
		scope = nest(scope, 2, m)
	}
	return nest(nil, 1, nest(nest(nil, 2, scope), 1, nest(nil, 1, resource))) // the resource last: any order is right
}

func TestDeltasAddUpAndGaugesReplace(t *testing.T) {
	w := newWorld(t, every(time.Second, "*"))
	s, _ := w.get(kafka.UUID{}, Client{Connection: 1, ClientID: "c", Software: "x"})
	for i := range 3 {
		w.now = w.now.Add(time.Second)
		data := metricsData(attr("group.id", "g"),
			sum("org.apache.kafka.consumer.fetch.manager.bytes", 1, true, number(10, attr("topic", "t"), attr("client_id", "other"))),
			sum("org.apache.kafka.producer.total", 2, true, number(float64(100+i))),
			gauge("my.gauge", number(float64(i)), []byte(nil)))
		w.want("push", w.push(s, Push{Metrics: packed(t, data), Compression: int8(compress.Zstd)}), kafka.ErrNone)
	}
	got := ""
	for _, x := range w.m.Shown() {
		labels := ""
		for i, l := range x.Labels {
			if l != "client_instance_id" {
				labels += l + "=" + x.Values[i] + " "
			}
		}
		got += fmt.Sprintf("%s %v %s%v\n", x.Name, x.Counter, labels, x.Value)
	}
	want := `gregor_client_consumer_fetch_manager_bytes_total true client_id=c client_software_name=x group_id=g topic=t 30
gregor_client_my_gauge false client_id=c client_software_name=x group_id=g 0
gregor_client_producer_total true client_id=c client_software_name=x group_id=g 102
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestSeriesAreBoundedInNumberAndAge(t *testing.T) {
	w := newWorld(t, every(time.Second, "*"))
	client := func(n int) Subscription {
		s, err := w.get(kafka.UUID{}, Client{Connection: uint64(n)})
		w.want("Get", err, kafka.ErrNone)
		var points [][]byte
		for i := range 400 {
			points = append(points, number(1, attr("i", fmt.Sprint(i))))
		}
		w.now = w.now.Add(time.Millisecond)
		w.want("push", w.push(s, Push{Metrics: metricsData(nil, gauge("g", points...))}), kafka.ErrNone)
		return s
	}
	for i := range 7 {
		client(i)
	}
	if got := w.m.Stats(); got.Series != limits.SeriesMax || got.SeriesOmitted != 7*400-int64(limits.SeriesMax) {
		t.Errorf("%+v", got)
	}
	w.m.Disconnected(1)
	if got := w.m.Stats().Series; got != limits.SeriesMax {
		t.Errorf("%d series when one has gone: the last push is of interest", got)
	}
	w.now = w.now.Add(forgetAfter)
	w.m.Expire(w.now)
	if got := w.m.Stats().Series; got != 0 || len(w.m.store.clients) != 0 {
		t.Errorf("%d series when they are old", got)
	}
}

func TestNamesAndLabelsAreCutAndCleaned(t *testing.T) {
	in := &instance{id: kafka.UUID{1}, client: Client{ClientID: strings.Repeat("é", 400)}}
	s := seriesOf(in, &Sample{Name: "9." + strings.Repeat("ü", 300), Attrs: []Attr{{"__name__", "x"}, {"", "x"}, {"a b", "y"}, {"a-b", "z"}, {"c", ""}}})
	if len(s.Name) > nameMax+len(prefix) || strings.Trim(s.Name, "abcdefghijklmnopqrstuvwxyz_0123456789") != "" {
		t.Errorf("name %q", s.Name)
	}
	if !slices.Equal(s.Labels, []string{"client_instance_id", "client_id", "a_b"}) || len(s.Values[1]) > valueMax+3 || s.Values[2] != "y" {
		t.Errorf("%q %q", s.Labels, s.Values)
	}
}

// FuzzDecode: whatever is pushed, it ends soon and takes little memory.
func FuzzDecode(f *testing.F) {
	f.Add(metricsData(attr("a", "b"), sum("s", 1, true, number(3, attr("c", "d"))), gauge("g", number(1))))
	f.Add([]byte{0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		samples, _, err := Decode(new(compress.Pool), &Push{Metrics: data}, 1<<20)
		runtime.ReadMemStats(&after)
		if err != nil && !errors.Is(err, errOTLP) {
			t.Fatalf("%v", err)
		}
		if len(samples) > samplesMax {
			t.Fatalf("%d samples", len(samples))
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<16+uint64(len(data))*200 {
			t.Fatalf("%d bytes of memory for %d of data", took, len(data))
		}
	})
}
