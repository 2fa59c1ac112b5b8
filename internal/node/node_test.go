package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/server"
	"github.com/gregor-stream/gregor/internal/vfs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is one machine in a bubble: a disk, and the node that runs on it.
type world struct {
	t     *testing.T
	fs    *vfs.Mem
	props []string
	watch func(vfs.FS) vfs.FS // stands between the node and its disk; nil: nothing
	logs  io.Writer           // nil: the test's
	node  *Node
	pipe  *server.Pipe

	mu    sync.Mutex
	conns []net.Conn // of the clients, to the node that runs
}

// inBubble runs f with fake time; the node is closed at the end.
func inBubble(t *testing.T, props []string, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, fs: vfs.NewMem(time.Now), props: props}
		w.start()
		t.Cleanup(w.stop)
		f(t, w)
	})
}

func (w *world) start() {
	w.t.Helper()
	var err error
	w.node, err = w.tryStart()
	if err != nil {
		w.t.Fatalf("start: %v", err)
	}
}

func (w *world) tryStart() (*Node, error) {
	w.t.Helper()
	all := config.Quickstart("/data")
	for _, p := range w.props {
		o, err := config.ParseOverride(p)
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, o)
	}
	b, _, err := config.Load(all)
	if err != nil {
		w.t.Fatal(err)
	}
	var disk vfs.FS = w.fs
	if w.watch != nil {
		disk = w.watch(disk)
	}
	logs := w.logs
	if logs == nil {
		logs = w.t.Output()
	}
	return Start(w.t.Context(), Config{
		Broker: b, FS: disk, Log: slog.New(slog.NewTextHandler(logs, nil)),
		Listen: func(_ context.Context, address string) (net.Listener, error) {
			pipe := server.NewPipe(address)
			w.mu.Lock()
			defer w.mu.Unlock()
			w.pipe = pipe
			return pipe, nil
		},
	})
}

func (w *world) stop() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := w.node.Close(ctx); err != nil {
		w.t.Errorf("close: %v", err)
	}
}

// kill is kill -9: what was written is there, and nothing is written any more.
// The old node goes on, unseen, on its own copy of the disk until the end.
func (w *world) kill() {
	old := w.node
	w.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = old.Close(ctx)
	})
	w.fs = w.fs.Clone()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, nc := range w.conns {
		_ = nc.Close()
	}
	w.conns = nil
}

func (w *world) client(opts ...kgo.Opt) *kgo.Client {
	w.t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers("localhost:9092"),
		// A connection goes to whatever node runs now.
		kgo.Dialer(func(ctx context.Context, network, host string) (net.Conn, error) {
			w.mu.Lock()
			pipe := w.pipe
			w.mu.Unlock()
			nc, err := pipe.DialContext(ctx, network, host)
			w.mu.Lock()
			defer w.mu.Unlock()
			if err == nil {
				w.conns = append(w.conns, nc)
			}
			return nc, err
		}),
	}, opts...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(cl.Close)
	return cl
}

func (w *world) createTopic(cl *kgo.Client, name string, partitions int32, configs map[string]*string) {
	w.t.Helper()
	if _, err := kadm.NewClient(cl).CreateTopic(w.t.Context(), partitions, 1, configs, name); err != nil {
		w.t.Fatalf("create topic %s: %v", name, err)
	}
}

// produce sends n records named from..from+n-1 and waits for all of them.
func (w *world) produce(cl *kgo.Client, topic string, from, n int) {
	w.t.Helper()
	records := make([]*kgo.Record, n)
	for i := range records {
		records[i] = &kgo.Record{Topic: topic, Key: fmt.Appendf(nil, "k%d", from+i), Value: fmt.Appendf(nil, "v%d", from+i)}
	}
	if err := cl.ProduceSync(w.t.Context(), records...).FirstErr(); err != nil {
		w.t.Fatalf("produce: %v", err)
	}
}

// consume polls until n records have come, and returns their values' count.
func (w *world) consume(cl *kgo.Client, n int) map[string]int {
	w.t.Helper()
	got := make(map[string]int)
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	for len(got) < n {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			w.t.Fatalf("consume, after %d of %d records: %v", len(got), n, err)
		}
		fetches.EachRecord(func(r *kgo.Record) { got[string(r.Value)]++ })
	}
	return got
}

func TestClientProducesAndConsumes(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		admin := w.client()
		w.createTopic(admin, "t", 3, nil)
		cl := w.client(kgo.ConsumeTopics("t"))
		w.produce(cl, "t", 0, 1000)
		got := w.consume(cl, 1000)
		for v, n := range got {
			if n != 1 {
				t.Errorf("%s came %d times", v, n)
			}
		}
	})
}

func TestLongPollEndsWithTheRecordItWaitsFor(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		consumer := w.client(kgo.ConsumeTopics("t"), kgo.FetchMaxWait(30*time.Second))
		producer := w.client()
		w.createTopic(producer, "t", 1, nil)
		w.produce(producer, "t", 0, 1)
		w.consume(consumer, 1)
		for i := range 5 {
			time.Sleep(3 * time.Second)
			start := time.Now()
			w.produce(producer, "t", i, 1)
			w.consume(consumer, 1)
			if took := time.Since(start); took > 100*time.Millisecond {
				t.Errorf("the record took %v to a consumer that waits", took)
			}
		}
	})
}

func TestGroupOfTwoSharesPartitionsAndKeepsOffsets(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		producer := w.client()
		w.createTopic(producer, "t", 4, nil)
		w.produce(producer, "t", 0, 400)
		member := func() *kgo.Client {
			return w.client(kgo.ConsumerGroup("g"), kgo.ConsumeTopics("t"), kgo.DisableAutoCommit(),
				kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
		}
		a := member()
		w.consume(a, 400)
		if err := a.CommitUncommittedOffsets(t.Context()); err != nil {
			t.Fatal(err)
		}
		b := member()
		time.Sleep(10 * time.Second) // the rebalance
		w.produce(producer, "t", 400, 400)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		got, fromB := 0, 0
		for got < 400 && ctx.Err() == nil {
			// Each its own time: a poll whose context is over gives nothing.
			short, cut := context.WithTimeout(ctx, 50*time.Millisecond)
			a.PollFetches(short).EachRecord(func(*kgo.Record) { got++ })
			cut()
			short, cut = context.WithTimeout(ctx, 50*time.Millisecond)
			b.PollFetches(short).EachRecord(func(*kgo.Record) { got++; fromB++ })
			cut()
		}
		cancel()
		if got != 400 || fromB == 0 || fromB == 400 {
			t.Errorf("two members got %d records, the second %d of them", got, fromB)
		}
		a.Close()
		b.Close()
	})
}

func TestRestartKeepsTopicsRecordsOffsetsAndProducers(t *testing.T) {
	for _, how := range []string{"clean", "crash"} {
		t.Run(how, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, w *world) {
				producer := w.client()
				w.createTopic(producer, "t", 2, nil)
				w.produce(producer, "t", 0, 100)
				member := w.client(kgo.ConsumerGroup("g"), kgo.ConsumeTopics("t"), kgo.DisableAutoCommit(),
					kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
				w.consume(member, 100)
				if err := member.CommitUncommittedOffsets(t.Context()); err != nil {
					t.Fatal(err)
				}
				member.Close()
				if how == "clean" {
					w.stop()
				} else {
					w.kill()
				}
				w.start()
				w.produce(producer, "t", 100, 50) // the same producer id goes on
				producer.Close()
				member = w.client(kgo.ConsumerGroup("g"), kgo.ConsumeTopics("t"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
				got := w.consume(member, 50)
				if got["v100"] != 1 || got["v99"] != 0 {
					t.Errorf("after the restart the group got %v", got)
				}
				member.Close()
				all := w.client(kgo.ConsumeTopics("t"))
				w.consume(all, 150)
				all.Close()
			})
		})
	}
}

func TestBrokerStaysAMemberWhileItRuns(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		w.createTopic(w.client(), "t", 1, nil)
		tp := kafka.TopicPartition{Topic: "t"}
		before, _ := w.node.quorum.Image().Topics.Partition(tp)
		time.Sleep(10 * time.Minute)
		after, _ := w.node.quorum.Image().Topics.Partition(tp)
		if before.LeaderEpoch != after.LeaderEpoch || after.Leader != 1 {
			t.Errorf("leader epoch %d has become %d, the leader is %d", before.LeaderEpoch, after.LeaderEpoch, after.Leader)
		}
	})
}

func (w *world) alterBroker(cl *kgo.Client, key, value string) {
	w.t.Helper()
	resps, err := kadm.NewClient(cl).AlterBrokerConfigs(w.t.Context(), []kadm.AlterConfig{{Name: key, Value: &value}})
	if err == nil {
		err = resps[0].Err
	}
	if err != nil {
		w.t.Fatalf("set %s: %v", key, err)
	}
}

func TestDynamicConfigurationTakesEffectAtOnce(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		cl := w.client(kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.DisableIdempotentWrite(), kgo.RecordRetries(0))
		w.createTopic(cl, "t", 1, nil)
		large := &kgo.Record{Topic: "t", Value: make([]byte, 5000)}
		if err := cl.ProduceSync(t.Context(), large).FirstErr(); err != nil {
			t.Fatal(err)
		}
		w.alterBroker(cl, "message.max.bytes", "2000")
		if err := cl.ProduceSync(t.Context(), large).FirstErr(); !errors.Is(err, kerr.MessageTooLarge) {
			t.Errorf("a record beyond message.max.bytes: %v", err)
		}
		w.alterBroker(cl, "message.max.bytes", "100000")
		if err := cl.ProduceSync(t.Context(), large).FirstErr(); err != nil {
			t.Errorf("after message.max.bytes was raised: %v", err)
		}
		w.alterBroker(cl, "max.connections.per.ip", "1")
		nc, err := w.pipe.DialContext(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = nc.Close() }()
		if _, err := nc.Read(make([]byte, 1)); err == nil {
			t.Error("a connection beyond max.connections.per.ip was let in")
		}
		// What was changed outlives a restart.
		w.stop()
		w.start()
		if got := w.node.broker.Load().MaxConnectionsPerIP; got != 1 {
			t.Errorf("after the restart max.connections.per.ip is %d", got)
		}
	})
}

func TestCleanRestartReadsNoRecords(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		cl := w.client()
		w.createTopic(cl, "t", 100, nil)
		w.produce(cl, "t", 0, 1000)
		w.stop()
		start := time.Now()
		w.start()
		if took := time.Since(start); took > 100*time.Millisecond {
			t.Errorf("a clean restart took %v", took)
		}
		w.produce(cl, "t", 1000, 1)
	})
}

func TestDirectoryOfAnotherIsRefused(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		if n, err := w.tryStart(); err == nil {
			_ = n.Close(t.Context())
			t.Fatal("a directory in use was opened a second time")
		} else if !strings.Contains(err.Error(), "/data") {
			t.Errorf("the error does not name the directory: %v", err)
		}
		w.stop()
		w.props = []string{"node.id=2"}
		if n, err := w.tryStart(); err == nil {
			_ = n.Close(t.Context())
			t.Error("node 2 opened the directory of node 1")
		}
		w.props = nil
		w.start()
	})
}

func TestThreeNodesLiveInOneProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wait sync.WaitGroup
		for i := range 3 {
			w := &world{t: t, fs: vfs.NewMem(time.Now)}
			w.start()
			t.Cleanup(w.stop)
			cl := w.client(kgo.ConsumeTopics("t"))
			wait.Go(func() {
				w.createTopic(w.client(), "t", 1, nil)
				w.produce(cl, "t", i*100, 100)
				if got := w.consume(cl, 100); got[fmt.Sprintf("v%d", i*100)] != 1 {
					t.Errorf("node %d served another's records", i)
				}
			})
		}
		wait.Wait()
	})
}
