package gregortest_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/gregor-stream/gregor/gregortest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inBoth runs a test with a port, and with pipes in a bubble.
func inBoth(t *testing.T, f func(t *testing.T, opts ...gregortest.Option)) {
	t.Helper()
	t.Run("port", func(t *testing.T) { f(t) })
	t.Run("bubble", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { f(t, gregortest.Pipes()) })
	})
}

func client(t testing.TB, b *gregortest.Broker, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(b.Addr()), kgo.Dialer(b.DialContext)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// all reads a topic from its start to its present end.
func all(t testing.TB, b *gregortest.Broker, topic string) []string {
	t.Helper()
	cl := client(t, b, kgo.ConsumeTopics(topic))
	defer cl.Close()
	ends, err := kadm.NewClient(cl).ListEndOffsets(soon(t), topic)
	if err != nil {
		t.Fatal(err)
	}
	starts, err := kadm.NewClient(cl).ListStartOffsets(soon(t), topic)
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	ends.Each(func(o kadm.ListedOffset) {
		start, _ := starts.Lookup(topic, o.Partition)
		want += int(o.Offset - start.Offset)
	})
	var values []string
	for len(values) < want {
		fetches := cl.PollFetches(soon(t))
		if err := fetches.Err(); err != nil {
			t.Fatalf("after %d of %d records: %v", len(values), want, err)
		}
		fetches.EachRecord(func(r *kgo.Record) { values = append(values, string(r.Value)) })
	}
	return values
}

func TestSeededRecordsAreWhatAClientReads(t *testing.T) {
	inBoth(t, func(t *testing.T, opts ...gregortest.Option) {
		b := gregortest.New(t, opts...)
		b.CreateTopic("t", 2)
		at := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
		b.Produce("t", gregortest.Record{
			Partition: 1, Key: []byte("k"), Value: []byte("v"), Time: at, Headers: []gregortest.Header{{Key: "h", Value: []byte("x")}},
		}, gregortest.Record{Partition: 1, Key: []byte("gone")})
		cl := client(t, b, kgo.ConsumeTopics("t"))
		var got []*kgo.Record
		for len(got) < 2 {
			fetches := cl.PollFetches(soon(t))
			if err := fetches.Err(); err != nil {
				t.Fatal(err)
			}
			got = append(got, fetches.Records()...)
		}
		r := got[0]
		if r.Partition != 1 || string(r.Key) != "k" || string(r.Value) != "v" || !r.Timestamp.Equal(at) || len(r.Headers) != 1 || r.Headers[0].Key != "h" || string(r.Headers[0].Value) != "x" {
			t.Errorf("got %+v", r)
		}
		if r := got[1]; r.Value != nil || string(r.Key) != "gone" || r.Offset != 1 {
			t.Errorf("the tombstone is %+v", r)
		}
	})
}

func TestManyRecordsTakeManyBatches(t *testing.T) {
	b := gregortest.New(t)
	b.CreateTopic("t", 1)
	large := strings.Repeat("x", 10_000)
	b.Produce("t", gregortest.Values(slices.Repeat([]string{large}, 300)...)...)
	if got := all(t, b, "t"); len(got) != 300 || got[299] != large {
		t.Errorf("got %d records", len(got))
	}
}

func TestWaitForGroupSeesMembersComeAndGo(t *testing.T) {
	inBoth(t, func(t *testing.T, opts ...gregortest.Option) {
		b := gregortest.New(t, opts...)
		b.CreateTopic("t", 2)
		b.WaitForGroup("g", 0) // of which nobody has heard
		var members []*kgo.Client
		for range 2 {
			members = append(members, client(t, b, kgo.ConsumerGroup("g"), kgo.ConsumeTopics("t")))
			b.WaitForGroup("g", len(members))
		}
		b.Produce("t", gregortest.Record{Value: []byte("a")}, gregortest.Record{Partition: 1, Value: []byte("b")})
		for _, m := range members {
			fetches := m.PollFetches(soon(t))
			if n := fetches.NumRecords(); n != 1 || fetches.Err() != nil {
				t.Errorf("a member got %d records (%v), want 1 each", n, fetches.Err())
			}
		}
		for _, m := range members {
			m.Close()
		}
		b.WaitForGroup("g", 0)
	})
}

func TestBrokersDoNotKnowEachOther(t *testing.T) {
	inBoth(t, func(t *testing.T, opts ...gregortest.Option) {
		var wait sync.WaitGroup
		for i := range 20 {
			b := gregortest.New(t, opts...)
			b.CreateTopic("t", 1)
			want := fmt.Sprint("of broker ", i)
			b.Produce("t", gregortest.Values(want)...)
			wait.Go(func() {
				if got := all(t, b, "t"); len(got) != 1 || got[0] != want {
					t.Errorf("broker %d gave %q", i, got)
				}
			})
		}
		wait.Wait()
	})
}

func TestHoursOfRetentionPassInABubble(t *testing.T) {
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		b := gregortest.New(t, gregortest.Pipes())
		b.CreateTopic("t", 1, "retention.ms=7200000", "segment.ms=600000")
		cl := client(t, b)
		send := func(value string) {
			t.Helper()
			if err := cl.ProduceSync(soon(t), &kgo.Record{Topic: "t", Value: []byte(value)}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		send("old")
		time.Sleep(time.Hour)
		send("young")
		time.Sleep(30 * time.Minute)
		if got := all(t, b, "t"); !slices.Equal(got, []string{"old", "young"}) {
			t.Errorf("after an hour and a half: %q", got)
		}
		time.Sleep(time.Hour) // "old" is two and a half hours old
		if got := all(t, b, "t"); !slices.Equal(got, []string{"young"}) {
			t.Errorf("after two hours and a half: %q", got)
		}
		time.Sleep(2 * time.Hour)
		if got := all(t, b, "t"); len(got) != 0 {
			t.Errorf("after four hours and a half: %q", got)
		}
	})
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("four and a half hours took %v", took)
	} else {
		t.Logf("four and a half hours took %v", took)
	}
}

func TestSessionsTimeOutInABubble(t *testing.T) {
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		b := gregortest.New(t, gregortest.Pipes())
		b.CreateTopic("t", 2)
		member := func(name string) *kgo.Client {
			// A static member leaves without a word: only its session ends.
			return client(t, b, kgo.ConsumerGroup("g"), kgo.ConsumeTopics("t"), kgo.InstanceID(name), kgo.SessionTimeout(5*time.Minute))
		}
		stays, goes := member("stays"), member("goes")
		b.WaitForGroup("g", 2)
		goes.Close()
		left := time.Now()
		time.Sleep(4 * time.Minute)
		b.WaitForGroup("g", 2)
		time.Sleep(50 * time.Second)
		b.WaitForGroup("g", 2) // the last heartbeat was within three seconds of Close
		if took := time.Since(left); took > 5*time.Minute {
			t.Errorf("the group was not stable for %v", took)
		}
		time.Sleep(20 * time.Second)
		b.WaitForGroup("g", 1)
		b.Produce("t", gregortest.Record{Value: []byte("a")}, gregortest.Record{Partition: 1, Value: []byte("b")})
		for got := 0; got < 2; {
			fetches := stays.PollFetches(soon(t))
			if err := fetches.Err(); err != nil {
				t.Fatalf("the member that stays got %d of 2 records: %v", got, err)
			}
			got += fetches.NumRecords()
		}
	})
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("five minutes took %v", took)
	} else {
		t.Logf("five minutes took %v", took)
	}
}

func TestEveryListenerIsReachedByItsAddress(t *testing.T) {
	for name, opts := range map[string][]gregortest.Option{
		"ports": {gregortest.Properties("listeners=A://127.0.0.1:0,B://127.0.0.1:0")},
		"pipes": {gregortest.Properties("listeners=A://a:1,B://b:2"), gregortest.Pipes()},
	} {
		t.Run(name, func(t *testing.T) {
			b := gregortest.New(t, append(opts, gregortest.Properties(
				"listener.security.protocol.map=A:PLAINTEXT,B:PLAINTEXT", "inter.broker.listener.name=A"))...)
			b.CreateTopic("t", 1)
			for range 2 {
				b.Produce("t", gregortest.Values("x")...)
				cl := client(t, b) // metadata leads to the same listener again
				meta, err := kadm.NewClient(cl).BrokerMetadata(soon(t))
				if err != nil {
					t.Fatal(err)
				}
				if at := fmt.Sprintf("%s:%d", meta.Brokers[0].Host, meta.Brokers[0].Port); at != b.Addr() {
					t.Errorf("the first listener %s is advertised as %s", b.Addr(), at)
				}
				cl.Close()
				b.Restart()
			}
			if name == "pipes" {
				second := client(t, b, kgo.SeedBrokers("b:2"))
				meta, err := kadm.NewClient(second).BrokerMetadata(soon(t))
				if err != nil || meta.Brokers[0].Host != "b" {
					t.Errorf("the second listener leads to %+v (%v)", meta.Brokers, err)
				}
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		gregortest.New(b, gregortest.Pipes()).Close()
	}
}
