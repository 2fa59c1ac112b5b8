package gregor_test

import (
	"context"
	"fmt"
	"os"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor"
)

// A broker in memory, on a free port.
func Example() {
	ctx := context.Background()
	srv, err := gregor.Start(ctx, gregor.Config{})
	if err != nil {
		panic(err)
	}
	defer srv.Close()

	client, err := kgo.NewClient(
		kgo.SeedBrokers(srv.Addr()),
		kgo.AllowAutoTopicCreation(),
		kgo.ConsumeTopics("greetings"),
	)
	if err != nil {
		panic(err)
	}
	defer client.Close()
	record := &kgo.Record{Topic: "greetings", Key: []byte("en"), Value: []byte("hello")}
	if err := client.ProduceSync(ctx, record).FirstErr(); err != nil {
		panic(err)
	}
	for _, r := range client.PollFetches(ctx).Records() {
		fmt.Printf("%s-%d at %d: %s = %s\n", r.Topic, r.Partition, r.Offset, r.Key, r.Value)
	}
	// Output: greetings-0 at 0: en = hello
}

// Data that outlives the process, an address that is known before, and settings
// of server.properties.
func ExampleConfig() {
	dir, err := os.MkdirTemp("", "gregor")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)

	config := gregor.Config{
		Dir:        dir,
		Listen:     "127.0.0.1:0", // or localhost:9092
		Properties: []string{"num.partitions=3", "log.retention.hours=24"},
	}
	for range 2 {
		srv, err := gregor.Start(context.Background(), config)
		if err != nil {
			panic(err)
		}
		fmt.Println("a new cluster:", srv.Formatted())
		if err := srv.Close(); err != nil {
			panic(err)
		}
	}
	// Output:
	// a new cluster: true
	// a new cluster: false
}

// Several brokers in one process know nothing of each other.
func ExampleStart() {
	for _, name := range []string{"orders", "payments"} {
		srv, err := gregor.Start(context.Background(), gregor.Config{Listen: "127.0.0.1:0"})
		if err != nil {
			panic(err)
		}
		defer srv.Close()
		fmt.Println(name, "is served:", srv.Addr() != "")
	}
	// Output:
	// orders is served: true
	// payments is served: true
}
