package wire

import (
	"bytes"
	"compress/gzip"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/test/harness"
)

// withReceiver tells the stories of KIP-714 to an Apache Kafka that has a
// receiver, which the one of the other stories does not: it serves the two keys
// only so. Gregor serves them where it has an HTTP listener to show the metrics.
func withReceiver(t *testing.T, report *report) {
	kafka, gregor, err := harness.StartReceivers("telemetry", "")
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
	pair := &harness.Pair{Kafka: kafka.Addr(), Gregor: gregor.Addr()}
	serves, own := versions(t, pair.Kafka), versions(t, pair.Gregor)
	for _, s := range telemetryStories() {
		key := int16(s.key)
		if span(serves, key) == "" {
			t.Fatalf("Apache Kafka does not serve %s: it has no receiver", kmsg.NameForKey(key))
		}
		report.rows[key] = &row{Key: kmsg.NameForKey(key), Kafka: span(serves, key), Gregor: span(own, key)}
		if report.rows[key].Kafka != report.rows[key].Gregor {
			t.Errorf("%+v", report.rows[key])
		}
		for v := serves[key].MinVersion; v <= serves[key].MaxVersion; v++ {
			answers, different := compare(t, pair, s, v, serves)
			report.count(key, answers, different)
		}
	}
}

func telemetryStories() []story {
	return []story{
		{kmsg.GetTelemetrySubscriptions, "what to push", tellSubscriptions},
		{kmsg.PushTelemetry, "pushing", tellPushes},
	}
}

// clientInstance is the id of a client, the same on both brokers: what follows
// from it is compared.
func clientInstance(n byte) [16]byte {
	return [16]byte{n, 0x5a, 3, 0xf0, n, 0x11, 0x4c, 7, 0x9e, 1, 2, 3, 0xff, 0x80, n, 9}
}

// subscriptions asks as a client.
func (x *talk) subscriptions(step string, n byte) *kmsg.GetTelemetrySubscriptionsResponse {
	r := kmsg.NewPtrGetTelemetrySubscriptionsRequest()
	r.ClientInstanceID = clientInstance(n)
	resp, _ := x.ask(step, r).(*kmsg.GetTelemetrySubscriptionsResponse)
	return resp
}

// subscribe sets a client metrics resource ("" deletes a key), and waits until
// new clients are told so many metrics.
func (x *talk) subscribe(name string, metrics int, pairs ...string) {
	r := kmsg.NewPtrIncrementalAlterConfigsRequest()
	res := kmsg.NewIncrementalAlterConfigsRequestResource()
	res.ResourceType, res.ResourceName = kmsg.ConfigResourceTypeClientMetrics, name
	for i := 0; i < len(pairs); i += 2 {
		c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		c.Name, c.Value = pairs[i], &pairs[i+1]
		if pairs[i+1] == "" {
			c.Op, c.Value = kmsg.IncrementalAlterConfigOpDelete, nil
		}
		res.Configs = append(res.Configs, c)
	}
	r.Resources = append(r.Resources, res)
	x.quiet(r)
	for range 200 { // Kafka publishes a moment later
		resp, ok := x.quiet(kmsg.NewPtrGetTelemetrySubscriptionsRequest()).(*kmsg.GetTelemetrySubscriptionsResponse)
		if ok && len(resp.RequestedMetrics) == metrics {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func tellSubscriptions(x *talk) {
	fresh := kmsg.NewPtrGetTelemetrySubscriptionsRequest()
	x.setVersion(fresh)
	resp, odd, err := x.main.ask(fresh)
	if told, ok := resp.(*kmsg.GetTelemetrySubscriptionsResponse); ok {
		told.SubscriptionID = 0 // follows from the generated id
	}
	x.record("a client without an id", resp, odd, err)
	x.subscriptions("nobody has subscribed", 1)
	x.subscriptions("too soon", 1)
	x.subscribe("one", 1, "metrics", "org.apache.kafka.producer.", "interval.ms", "60000")
	x.subscriptions("one subscription", 2)
	x.subscriptions("the client that came too soon", 1)
	x.subscriptions("again", 1)
	many := "org.apache.kafka.producer.,org.apache.kafka.consumer.,org.apache.kafka.consumer.coordinator.rebalance.latency.max," +
		"org.apache.kafka.consumer.fetch.manager.fetch.latency.max,org.apache.kafka.producer.node.request.latency.max," +
		"org.apache.kafka.producer.record.queue.time.max,Aa,BB,AaAa,BBBB,AaBB,ü,z,y,x,w,v,u,t,s,r,q,p,o,n"
	x.subscribe("many", 25, "metrics", many, "interval.ms", "100000")
	x.subscriptions("many metrics of two subscriptions", 3)
	x.subscribe("twelve", 37, "metrics", "m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12")
	x.subscriptions("of three", 4)
	x.subscribe("twelve", 25, "match", "client_id=somebody.*,client_software_name=.*")
	x.subscriptions("one is for somebody else", 5)
	x.subscribe("twelve", 37, "match", "client_id=w..e")
	x.subscriptions("and for this one", 6)
	x.subscribe("twelve", 37, "match", "client_id=wire,client_source_address=.*,client_source_port=[0-9]+,client_software_version=unknown")
	x.subscriptions("by more than one", 7)
	x.subscribe("all", 1, "metrics", "a,*,b", "interval.ms", "100")
	x.subscriptions("everything", 8)
	for _, name := range []string{"all", "twelve", "many", "one"} {
		x.subscribe(name, map[string]int{"all": 37, "twelve": 25, "many": 1}[name], "metrics", "", "interval.ms", "", "match", "")
	}
	x.subscriptions("nobody again", 9)
}

func tellPushes(x *talk) {
	push := func(step string, id [16]byte, subscription int32, change func(*kmsg.PushTelemetryRequest)) {
		r := kmsg.NewPtrPushTelemetryRequest()
		r.ClientInstanceID, r.SubscriptionID, r.Metrics = id, subscription, []byte{}
		if change != nil {
			change(r)
		}
		x.ask(step, r)
	}
	terminating := func(r *kmsg.PushTelemetryRequest) { r.Terminating = true }
	with := func(compression int8, metrics []byte) func(*kmsg.PushTelemetryRequest) {
		return func(r *kmsg.PushTelemetryRequest) { r.CompressionType, r.Metrics = compression, metrics }
	}
	push("no id", [16]byte{}, 0, nil)
	push("a reserved id", [16]byte{15: 1}, 0, nil)
	push("a stranger", clientInstance(20), 4711, nil)
	s := x.subscriptions("what to push", 21)
	push("in time", clientInstance(21), s.SubscriptionID, nil)
	push("too soon", clientInstance(21), s.SubscriptionID, nil)
	push("too soon, and another subscription", clientInstance(21), s.SubscriptionID+1, nil)
	x.subscriptions("Get too soon", 21)
	push("the last", clientInstance(21), s.SubscriptionID, terminating)
	push("after the last", clientInstance(21), s.SubscriptionID, nil)
	push("and after that", clientInstance(21), s.SubscriptionID, nil)
	s = x.subscriptions("what to push, unknown subscription", 22)
	push("another subscription", clientInstance(22), s.SubscriptionID+1, nil)
	x.subscriptions("Get at once after that", 22)
	x.subscriptions("and again", 22)
	n := byte(30)
	once := func(step string, change func(*kmsg.PushTelemetryRequest)) {
		n++
		told := x.subscriptions(step+": what to push", n)
		push(step, clientInstance(n), told.SubscriptionID, change)
		x.subscriptions(step+": Get after it", n)
	}
	once("nothing", nil)
	once("an unknown compression", with(5, []byte{1}))
	once("a negative compression", with(-1, []byte{1}))
	once("too much", with(0, make([]byte, 1<<20+1)))
	once("what is not gzip", with(1, []byte{1, 2, 3}))
	once("what is not snappy", with(2, []byte{1, 2, 3}))
	once("what is not lz4", with(3, []byte{1, 2, 3}))
	once("what is not zstd", with(4, []byte{1, 2, 3}))
	once("what unpacks to too much", with(1, bomb(1<<20+1)))
}

// bomb is so many zeros, packed by gzip.
func bomb(size int) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(make([]byte, size)) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}
