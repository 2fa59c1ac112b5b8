package gregortest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/gregortest"
)

// In a test of yours the body of inTest is the body of the test:
// func TestX(t *testing.T).
func ExampleNew() {
	inTest(func(t *testing.T) {
		broker := gregortest.New(t)
		broker.CreateTopic("orders", 3, "retention.ms=60000")
		broker.Produce("orders", gregortest.Values("one", "two")...)

		client, err := kgo.NewClient(kgo.SeedBrokers(broker.Addr()), kgo.ConsumeTopics("orders"))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		for _, r := range client.PollFetches(t.Context()).Records() {
			fmt.Println(string(r.Value))
		}
	})
	// Output:
	// one
	// two
}

// In a bubble time is fake: an hour of retention passes in milliseconds.
func ExamplePipes() {
	inTest(func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			broker := gregortest.New(t, gregortest.Pipes())
			broker.CreateTopic("orders", 1, "retention.ms=3600000")
			broker.Produce("orders", gregortest.Values("an order")...)

			client, err := kgo.NewClient(kgo.SeedBrokers(broker.Addr()), kgo.Dialer(broker.DialContext))
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close() // before the bubble ends
			for _, wait := range []time.Duration{30 * time.Minute, time.Hour} {
				time.Sleep(wait)
				starts, err := kadm.NewClient(client).ListStartOffsets(t.Context(), "orders")
				if err != nil {
					t.Fatal(err)
				}
				start, _ := starts.Lookup("orders", 0)
				fmt.Println("the first offset is", start.Offset)
			}
		})
	})
	// Output:
	// the first offset is 0
	// the first offset is 1
}

// Consumers are ready when their group is.
func ExampleBroker_WaitForGroup() {
	inTest(func(t *testing.T) {
		broker := gregortest.New(t)
		broker.CreateTopic("orders", 2)
		for range 2 {
			client, err := kgo.NewClient(kgo.SeedBrokers(broker.Addr()), kgo.ConsumerGroup("billing"), kgo.ConsumeTopics("orders"))
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
		}
		broker.WaitForGroup("billing", 2)
		fmt.Println("both consume")
	})
	// Output: both consume
}

// A client's test of what happens when the broker goes away and comes back.
func ExampleBroker_Restart() {
	inTest(func(t *testing.T) {
		broker := gregortest.New(t)
		broker.CreateTopic("orders", 1)
		client, err := kgo.NewClient(kgo.SeedBrokers(broker.Addr()), kgo.DefaultProduceTopic("orders"), kgo.ConsumeTopics("orders"))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()

		broker.Produce("orders", gregortest.Values("before")...)
		broker.Restart() // at the same address, with its data
		if err := client.ProduceSync(t.Context(), kgo.StringRecord("after")).FirstErr(); err != nil {
			t.Fatal(err)
		}
		for n := 0; n < 2; {
			for _, r := range client.PollFetches(t.Context()).Records() {
				fmt.Println(string(r.Value))
				n++
			}
		}
	})
	// Output:
	// before
	// after
}

// After a loss of power only what was synced is there.
func ExampleBroker_Crash() {
	inTest(func(t *testing.T) {
		broker := gregortest.New(t)
		broker.CreateTopic("synced", 1)                                 // before it is acknowledged
		broker.CreateTopic("cached", 1, "gregor.durability=page-cache") // Kafka's default
		for _, topic := range []string{"synced", "cached"} {
			broker.Produce(topic, gregortest.Values("a record")...)
		}

		broker.Crash(nil)
		broker.Start()

		client, err := kgo.NewClient(kgo.SeedBrokers(broker.Addr()))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		ends, err := kadm.NewClient(client).ListEndOffsets(t.Context(), "synced", "cached")
		if err != nil {
			t.Fatal(err)
		}
		for _, topic := range []string{"synced", "cached"} {
			end, _ := ends.Lookup(topic, 0)
			fmt.Println(topic, "has", end.Offset)
		}
	})
	// Output:
	// synced has 1
	// cached has 0
}

// The disk fails once; the producer is told, and tries again.
func ExampleBroker_FailWrites() {
	inTest(func(t *testing.T) {
		broker := gregortest.New(t)
		broker.CreateTopic("orders", 1)
		client, err := kgo.NewClient(kgo.SeedBrokers(broker.Addr()), kgo.DefaultProduceTopic("orders"),
			kgo.DisableIdempotentWrite(), kgo.RecordRetries(0))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()

		broker.FailWrites("orders", 1)
		for range 2 {
			err := client.ProduceSync(t.Context(), kgo.StringRecord("an order")).FirstErr()
			fmt.Println("storage error:", errors.Is(err, kerr.KafkaStorageError))
		}
	})
	// Output:
	// storage error: true
	// storage error: false
}

// What does a service do when it may not write?
func ExampleBroker_FailRequests() {
	inTest(func(t *testing.T) {
		broker := gregortest.New(t)
		broker.CreateTopic("orders", 1)
		client, err := kgo.NewClient(kgo.SeedBrokers(broker.Addr()), kgo.DefaultProduceTopic("orders"))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()

		// Always, until the fault is cleared.
		fault := broker.FailRequests(gregortest.Produce, gregortest.ErrTopicAuthorizationFailed, 0)
		err = client.ProduceSync(t.Context(), kgo.StringRecord("an order")).FirstErr()
		fmt.Println("refused:", errors.Is(err, kerr.TopicAuthorizationFailed))
		fault.Clear()

		// Once: the client tries again by itself.
		broker.FailRequests(gregortest.Produce, gregortest.ErrRequestTimedOut, 1)
		err = client.ProduceSync(t.Context(), kgo.StringRecord("an order")).FirstErr()
		fmt.Println("then:", err)
	})
	// Output:
	// refused: true
	// then: <nil>
}

// A service that gives up after a second meets a broker that takes three.
func ExampleBroker_DelayRequests() {
	inTest(func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			broker := gregortest.New(t, gregortest.Pipes())
			broker.CreateTopic("orders", 1)
			client, err := kgo.NewClient(kgo.SeedBrokers(broker.Addr()), kgo.Dialer(broker.DialContext),
				kgo.DefaultProduceTopic("orders"), kgo.DisableIdempotentWrite())
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()

			broker.DelayRequests(gregortest.Produce, 3*time.Second, 1)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err = client.ProduceSync(ctx, kgo.StringRecord("an order")).FirstErr()
			fmt.Println(err)
		})
	})
	// Output: context deadline exceeded
}
