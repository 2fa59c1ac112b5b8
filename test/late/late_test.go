package late

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/test/harness"
)

const (
	feature = "transaction.version"
	atOnce  = 20 // scripts; no fewer than those of a phase that moves
)

// phase is one way in which client and broker speak of transactions.
type phase struct {
	name  string
	jars  string // of the client
	level int16  // of transaction.version
	then  int16  // the same, after the first transaction
	v2    bool   // whether the first is of transactions v2: EndTxn 5 and later bump the epoch
}

func phases() []phase {
	return []phase{
		{name: "v2", jars: "broker", level: 2, then: 2, v2: true},
		{name: "old-client", jars: "client-old", level: 2, then: 2}, // Java 2.8 knows nothing of transaction.version
		{name: "v1", jars: "broker", level: 1, then: 1},
		{name: "raised", jars: "broker", level: 1, then: 2},
		{name: "lowered", jars: "broker", level: 2, then: 1, v2: true},
	}
}

// TestALateEndTxnMeetsALaterTransaction: a proxy holds the EndTxn of a Java
// producer back until a later transaction of its id is there. With transactions
// v2 it ends nothing but its own, and readers see what the producers were told.
// With v1 the broker cannot tell in time from late, and both brokers do the same.
func TestALateEndTxnMeetsALaterTransaction(t *testing.T) {
	_, err := harness.Java().Find()
	harness.Missing(t, err)
	kafka := begin(t, "kafka", harness.StartKafka)
	gregor := begin(t, "gregor", harness.StartGregor)
	programs := map[string]*program{}
	for _, ph := range phases() {
		p := programs[ph.jars]
		if p == nil {
			if p, err = startProgram(ph.jars); err != nil {
				t.Fatal(err)
			}
			programs[ph.jars] = p
			t.Cleanup(func() {
				if err := p.close(); err != nil {
					t.Error(err)
				}
			})
		}
		t.Run(ph.name, func(t *testing.T) {
			for _, at := range []*place{kafka, gregor} {
				if err := at.finalize(limited(t), ph.level); err != nil {
					t.Fatalf("%s: %v", at.name, err)
				}
			}
			compare(t, ph, kafka, gregor, p)
		})
	}
}

// begin starts a broker behind a proxy.
func begin(t *testing.T, name string, start func(harness.Options) (*harness.Broker, error)) *place {
	t.Helper()
	port, err := harness.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	at := &place{name: name}
	if at.proxy, err = newProxy(port); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = at.proxy.close() }) // its listener is closed once
	if at.addr, err = at.proxy.addr(); err != nil {
		t.Fatal(err)
	}
	at.broker, err = start(harness.Options{Name: "late", Port: port, Properties: map[string]string{
		"advertised.listeners": "PLAINTEXT://" + at.addr,
	}})
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	if at.cl, err = kgo.NewClient(kgo.SeedBrokers(at.addr)); err != nil {
		t.Fatal(err)
	}
	at.adm = kadm.NewClient(at.cl)
	t.Cleanup(func() {
		at.cl.Close()
		if t.Failed() {
			t.Logf("%s: kept: %s\n%s", name, at.broker.Dir, at.broker.Process().Tail(2000))
			_ = at.broker.Kill()
		} else if err := at.broker.Remove(); err != nil {
			t.Error(err)
		}
	})
	return at
}

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*waitLimit)
	t.Cleanup(cancel)
	return ctx
}

// finalize sets the level of transaction.version, and waits until the broker
// tells it to clients. It asks again where the proxy has ended its connection.
func (at *place) finalize(ctx context.Context, level int16) error {
	for asked := false; ; {
		now, err := at.level(ctx)
		switch {
		case err == nil && now == level:
			return nil
		case err == nil && !asked:
			update := kadm.FeatureUpdate{Feature: feature, MaxVersionLevel: level, UpgradeType: 1}
			if level < now {
				update.UpgradeType = 2 // a safe downgrade
			}
			var done kadm.UpdatedFeatures
			done, err = at.adm.UpdateFeatures(ctx, false, update)
			if refused := done.Error(); refused != nil {
				return refused
			}
			asked = err == nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// level is the level that the broker tells to clients.
func (at *place) level(ctx context.Context) (int16, error) {
	resp, err := kmsg.NewPtrApiVersionsRequest().RequestWith(ctx, at.cl)
	if err != nil {
		return 0, err
	}
	for _, f := range resp.FinalizedFeatures {
		if f.Name == feature {
			return f.MaxVersionLevel, nil
		}
	}
	return 0, nil
}

// middle is what a phase does after the first transaction of all its scripts.
func (ph phase) middle(ctx context.Context, at *place, scripts int) func() error {
	if ph.then == ph.level {
		return func() error { return nil }
	}
	var all sync.WaitGroup
	all.Add(scripts)
	move := sync.OnceValue(func() error {
		err := at.finalize(ctx, ph.then)
		at.proxy.reset() // or clients do not see it
		return err
	})
	return func() error {
		all.Done()
		all.Wait()
		return move()
	}
}

// compare tells all scripts to both brokers.
func compare(t *testing.T, ph phase, kafka, gregor *place, p *program) {
	t.Helper()
	ctx := limited(t)
	list := scripts()
	if ph.then != ph.level {
		list = slices.DeleteFunc(list, func(s script) bool { return s.meets != open })
	}
	got := make([][2]*told, len(list))
	room := make(chan struct{}, atOnce)
	middles := []func() error{ph.middle(ctx, kafka, len(list)), ph.middle(ctx, gregor, len(list))}
	var wg sync.WaitGroup
	for i, s := range list {
		for j, at := range []*place{kafka, gregor} {
			room <- struct{}{}
			wg.Go(func() {
				defer func() { <-room }()
				got[i][j] = run(ctx, s, at, p, at.name+"-"+ph.name, middles[j])
			})
		}
	}
	wg.Wait()
	touched := 0
	for i, s := range list {
		k, g := got[i][0], got[i][1]
		t.Run(s.name(), func(t *testing.T) {
			for _, r := range got[i] {
				switch {
				case r.err != nil:
					t.Fatalf("%s: %v, after%s", r.at.name, r.err, r.story())
				case (r.version >= 5) != ph.v2:
					t.Errorf("%s: the late EndTxn has version %d", r.at.name, r.version)
				}
			}
			if k.story() != g.story() {
				t.Errorf("Apache Kafka:%s\n\ngregor:%s", k.story(), g.story())
			}
			if k.untouched() != nil {
				touched++
			}
			if err := g.untouched(); err != nil && (ph.v2 || s.successor()) {
				t.Errorf("%v:%s", err, g.story())
			}
		})
	}
	t.Logf("in %d of %d stories Apache Kafka, too, is touched by the late EndTxn, or does not know it for one", touched, len(list))
}

// untouched says where a story is not as if the late EndTxn had never come: it
// is refused, all goes on as it would have, and what counts is what was told.
func (r *told) untouched() error {
	refused := "PRODUCER_FENCED"
	if r.meets == between {
		refused = "NONE" // it asks again what was answered
	}
	for i, at := range r.steps {
		switch want := "ok"; at.what {
		case "reader read":
			if want = r.committed(); at.said != want {
				return fmt.Errorf("the reader sees %q, not %q", at.said, want)
			}
		case lateEnd:
			if at.said != refused {
				return fmt.Errorf("the late EndTxn is answered %s, not %s", at.said, refused)
			}
			if want = "Ongoing"; r.meets != between && r.meets != over && r.after(i) != want {
				return fmt.Errorf("the late EndTxn has made the later transaction %s", r.after(i))
			}
		case theEnd:
			if (at.said == want) == r.successor() {
				return fmt.Errorf("the first producer was told of its end: %s", at.said)
			}
		case state:
		default:
			if at.said != want {
				return fmt.Errorf("%s: %s", at.what, at.said)
			}
		}
	}
	return nil
}

// after is the first state after a step.
func (r *told) after(i int) string {
	for _, at := range r.steps[i:] {
		if at.what == state {
			return at.said
		}
	}
	return "unknown"
}

// committed is what readers must see where each transaction ends as its
// producer has asked, and that of a producer that was fenced does not count.
func (r *told) committed() string {
	var first, second []string
	if r.late == "commit" && !r.successor() {
		first = append(first, "a")
	}
	if r.then == "commit" {
		first = append(first, "b1")
		if r.elsewhere {
			second = append(second, "b2")
		} else {
			first = append(first, "b2")
		}
	}
	return strings.Join(append(first, "c"), " ") + " | " + strings.Join(second, " ")
}
