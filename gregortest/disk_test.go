package gregortest_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/gregortest"
)

// bluntly makes a client that tries nothing again.
func bluntly(t testing.TB, b *gregortest.Broker, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	return client(t, b, append([]kgo.Opt{
		kgo.RequestRetries(0), kgo.RecordRetries(0), kgo.DisableIdempotentWrite(), kgo.ProducerLinger(0), kgo.DefaultProduceTopic("t"),
	}, opts...)...)
}

func TestFailedWritesReachTheProducerAndLeaveNothing(t *testing.T) {
	for name, breakDisk := range map[string]func(*gregortest.Broker, string, int){
		"failed": (*gregortest.Broker).FailWrites, "torn": (*gregortest.Broker).TearWrites,
	} {
		for end, finish := range map[string]func(*gregortest.Broker){
			"running": func(*gregortest.Broker) {}, "stopped": (*gregortest.Broker).Stop, "killed": (*gregortest.Broker).Kill,
		} {
			t.Run(name+" "+end, func(t *testing.T) {
				inBoth(t, func(t *testing.T, opts ...gregortest.Option) {
					b := gregortest.New(t, append(opts, gregortest.LogLevel(100))...)
					b.CreateTopic("t", 1)
					b.CreateTopic("t-0", 1)
					cl := bluntly(t, b)
					var kept []string
					for i := range 10 {
						if i == 3 {
							breakDisk(b, "t", 4)
							b.Produce("t-0", gregortest.Values("of another topic")...)
						}
						value := fmt.Sprintf("%d%0200d", i, 0)
						err := cl.ProduceSync(soon(t), kgo.StringRecord(value)).FirstErr()
						switch fails := i >= 3 && i < 7; {
						case fails && !errors.Is(err, kerr.KafkaStorageError):
							t.Errorf("write %d: %v, want KAFKA_STORAGE_ERROR", i, err)
						case !fails && err != nil:
							t.Errorf("write %d: %v", i, err)
						case !fails:
							kept = append(kept, value)
						}
					}
					if finish(b); end != "running" {
						b.Start()
					}
					if got := all(t, b, "t"); !slices.Equal(got, kept) {
						t.Errorf("there are %d records, want %d: %.20q", len(got), len(kept), got)
					}
				})
			})
		}
	}
}

func TestAProducerThatTriesAgainWritesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gregortest.New(t, gregortest.Pipes(), gregortest.LogLevel(100))
		b.CreateTopic("t", 1)
		b.TearWrites("t", 5)
		cl := client(t, b, kgo.DefaultProduceTopic("t"))
		for i := range 10 {
			if err := cl.ProduceSync(soon(t), kgo.StringRecord(fmt.Sprint(i))).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		if got := all(t, b, "t"); !slices.Equal(got, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}) {
			t.Errorf("got %q", got)
		}
	})
}

func TestHealTakesBackWhatHasNotFailedYet(t *testing.T) {
	b := gregortest.New(t)
	b.CreateTopic("t", 1)
	b.FailWrites("t", 1)
	b.Heal()
	b.Produce("t", gregortest.Values("fine")...)
	b.FailWrites("t", 1)
	b.Kill()
	b.Start()
	b.Produce("t", gregortest.Values("fine")...)
}

func TestABrokerWithoutItsMetadataCannotGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gregortest.New(t, gregortest.Pipes(), gregortest.LogLevel(100))
		if err := b.Err(); err != nil {
			t.Fatalf("a broker that runs: %v", err)
		}
		b.FailWrites("", 1)
		cl := bluntly(t, b, kgo.AllowAutoTopicCreation())
		if err := cl.ProduceSync(soon(t), kgo.StringRecord("x")).FirstErr(); err == nil {
			t.Error("a topic was made without a disk to write it to")
		}
		synctest.Wait()
		if err := b.Err(); err == nil {
			t.Error("the broker goes on")
		}
		b.Kill()
		b.Start()
		b.CreateTopic("t", 1)
		b.Produce("t", gregortest.Values("x")...)
	})
}
