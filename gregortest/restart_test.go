package gregortest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/gregortest"
)

func TestRestartKeepsEverythingAndTheAddress(t *testing.T) {
	inBoth(t, func(t *testing.T, opts ...gregortest.Option) {
		b := gregortest.New(t, opts...)
		addr := b.Addr()
		b.CreateTopic("t", 1, "retention.ms=123456")
		cl := client(t, b, kgo.ConsumerGroup("g"), kgo.ConsumeTopics("t"), kgo.DisableAutoCommit(),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
		send := func(value string) {
			t.Helper()
			if err := cl.ProduceSync(soon(t), &kgo.Record{Topic: "t", Value: []byte(value)}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		send("a")
		cl.PollFetches(soon(t))
		if err := cl.CommitUncommittedOffsets(soon(t)); err != nil {
			t.Fatal(err)
		}
		b.Restart()
		if b.Addr() != addr {
			t.Errorf("the address was %s and is %s", addr, b.Addr())
		}
		send("b") // the same client goes on
		if got := all(t, b, "t"); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("after the restart: %q", got)
		}
		offsets, err := kadm.NewClient(cl).FetchOffsets(soon(t), "g")
		if o, ok := offsets.Lookup("t", 0); err != nil || !ok || o.At != 1 {
			t.Errorf("the committed offset is %+v (%v)", o, err)
		}
		configs, err := kadm.NewClient(cl).DescribeTopicConfigs(soon(t), "t")
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(configs[0].Configs, func(c kadm.Config) bool { return c.Key == "retention.ms" }); configs[0].Configs[i].MaybeValue() != "123456" {
			t.Errorf("retention.ms is %s", configs[0].Configs[i].MaybeValue())
		}
	})
}

func TestAStoppedBrokerRefusesConnections(t *testing.T) {
	inBoth(t, func(t *testing.T, opts ...gregortest.Option) {
		b := gregortest.New(t, opts...)
		for name, end := range map[string]func(){"Stop": b.Stop, "Kill": b.Kill, "Crash": func() { b.Crash(nil) }} {
			open, err := b.DialContext(soon(t), "tcp", b.Addr())
			if err != nil {
				t.Fatal(err)
			}
			end()
			if _, err := open.Read(make([]byte, 1)); err == nil {
				t.Errorf("%s: an open connection goes on", name)
			}
			_ = open.Close()
			if nc, err := b.DialContext(soon(t), "tcp", b.Addr()); err == nil {
				_ = nc.SetDeadline(time.Now().Add(10 * time.Second))
				if _, err = nc.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("%s: a connection to a port without a broker ends with %v", name, err)
				}
				_ = nc.Close()
			} else if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%s: a dial fails with %v", name, err)
			}
			b.Start()
			b.CreateTopic(name, 1)
		}
	})
}

// produceAcross writes records one after the other while the broker is ended and
// started again, and gives those that were acknowledged.
func produceAcross(t *testing.T, b *gregortest.Broker, topic string, before int, end func()) (acked []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	reached, goesOn := make(chan struct{}), make(chan struct{})
	cl := client(t, b, kgo.ProducerLinger(0), kgo.DefaultProduceTopic(topic), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	var started atomic.Bool
	var wait sync.WaitGroup
	wait.Go(func() {
		after := 0
		for i := 0; ; i++ {
			value := fmt.Sprint(i)
			if err := cl.ProduceSync(ctx, kgo.StringRecord(value)).FirstErr(); err != nil {
				if ctx.Err() == nil {
					t.Errorf("record %d: %v", i, err)
				}
				return
			}
			acked = append(acked, value)
			if i == before {
				close(reached)
			}
			if started.Load() {
				if after++; after == 3 {
					close(goesOn)
				}
			}
		}
	})
	<-reached
	end()
	b.Start()
	started.Store(true)
	<-goesOn
	cancel()
	wait.Wait()
	cl.Close()
	return acked
}

// wantAll fails where a record is missing, or there twice.
func wantAll(t *testing.T, b *gregortest.Broker, topic string, acked []string) {
	t.Helper()
	times := map[string]int{}
	for _, v := range all(t, b, topic) {
		times[v]++
	}
	for _, v := range acked {
		if times[v] != 1 {
			t.Errorf("record %s was acknowledged and is there %d times", v, times[v])
		}
	}
	if len(times) > len(acked)+1 { // one may have been written and not acknowledged
		t.Errorf("%d records were acknowledged and %d are there", len(acked), len(times))
	}
}

func TestKillLosesNothingThatWasAcknowledged(t *testing.T) {
	b := gregortest.New(t)
	for round := range 10 {
		topic := fmt.Sprint("t", round)
		b.CreateTopic(topic, 2)
		wantAll(t, b, topic, produceAcross(t, b, topic, 20*round, b.Kill))
	}
}

func TestCrashLosesNothingThatWasAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gregortest.New(t, gregortest.Pipes(), gregortest.LogLevel(100))
		for round := range 40 {
			topic := fmt.Sprint("t", round)
			b.CreateTopic(topic, 2, [][]string{nil, {"gregor.durability=disk"}, {"gregor.durability=page-cache", "flush.messages=1"}}[round%3]...)
			var chance *rand.Rand // in the first rounds nothing is kept that was not synced
			if round > 10 {
				chance = rand.New(rand.NewPCG(uint64(round), 1))
			}
			wantAll(t, b, topic, produceAcross(t, b, topic, 5*round, func() { b.Crash(chance) }))
		}
	})
}

func TestCrashKeepsExactlyWhatWasSynced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gregortest.New(t, gregortest.Pipes(), gregortest.LogLevel(100))
		const cached = "gregor.durability=page-cache"
		b.CreateTopic("t", 1, cached)
		b.Produce("t", gregortest.Values("before the stop")...)
		b.Restart() // which syncs
		b.CreateTopic("late", 1, cached)
		b.CreateTopic("safe", 1)
		for _, topic := range []string{"t", "late", "safe"} {
			b.Produce(topic, gregortest.Values("after")...)
		}
		one := client(t, b, kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite(), kgo.DefaultProduceTopic("safe"))
		if err := one.ProduceSync(t.Context(), kgo.StringRecord("acks=1")).FirstErr(); err != nil {
			t.Fatal(err)
		}
		one.Close()
		b.Crash(nil)
		b.Start()
		for topic, want := range map[string][]string{"t": {"before the stop"}, "late": nil, "safe": {"after"}} {
			if got := all(t, b, topic); !slices.Equal(got, want) {
				t.Errorf("in %s there is %q, not %q", topic, got, want)
			}
		}
		b.Produce("late", gregortest.Values("again")...)
	})
}

func TestTheSameChanceGivesTheSameCrash(t *testing.T) {
	crash := func(seed uint64) (left int) {
		synctest.Test(t, func(t *testing.T) {
			b := gregortest.New(t, gregortest.Pipes(), gregortest.LogLevel(100))
			b.CreateTopic("t", 1, "gregor.durability=page-cache")
			b.Produce("t", gregortest.Values("first")...)
			time.Sleep(61 * time.Second) // the names of the files are on disk, as of all that is a little older
			for i := range 200 {
				b.Produce("t", gregortest.Values(fmt.Sprintf("%0200d", i))...)
			}
			b.Crash(rand.New(rand.NewPCG(seed, 1)))
			b.Start()
			left = len(all(t, b, "t"))
		})
		return left
	}
	several := map[int]bool{}
	for seed := range uint64(20) {
		left := crash(seed)
		several[left] = true
		if again := crash(seed); again != left {
			t.Errorf("seed %d left %d records, and then %d", seed, left, again)
		}
	}
	if len(several) < 3 {
		t.Errorf("twenty seeds left only %v records", several)
	}
}

func TestBrokerCanBeEndedInAnyOrder(t *testing.T) {
	b := gregortest.New(t)
	b.Stop()
	b.Start()
	b.Kill()
	b.Start()
	b.Close()
	b.Close()
}

// TestCrashTakesNoCommittedOffsetBack commits one offset after the other, and
// takes the power away at some moment.
func TestCrashTakesNoCommittedOffsetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gregortest.New(t, gregortest.Pipes(), gregortest.LogLevel(100))
		b.CreateTopic("t", 1)
		chance := rand.New(rand.NewPCG(3, 1))
		for round := range 20 {
			admin := kadm.NewClient(client(t, b))
			group := fmt.Sprint("g", round)
			commit := func(at int64) error {
				offsets := kadm.Offsets{}
				offsets.Add(kadm.Offset{Topic: "t", At: at, LeaderEpoch: -1})
				return admin.CommitAllOffsets(t.Context(), group, offsets)
			}
			last := int64(chance.IntN(20))
			for at := range last + 1 {
				if err := commit(at); err != nil {
					t.Fatal(err)
				}
			}
			b.Crash([]*rand.Rand{nil, chance}[round%2])
			b.Start()
			committed, err := admin.FetchOffsets(t.Context(), group)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := committed.Lookup("t", 0); got.At != last {
				t.Errorf("round %d: offset %d was acknowledged, and %d is committed", round, last, got.At)
			}
			admin.Close()
		}
	})
}
