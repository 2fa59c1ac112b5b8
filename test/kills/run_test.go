// Package kills kills the broker (-9) under load from real clients, again and
// again: while it serves, while it starts, while it stops, while it rolls tiny
// segments. Every client takes down what it was told, and the checker of
// test/history decides in the end. docs/history-checker.md says how to run it.
// Kind: test
package kills

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
	"github.com/gregor-stream/gregor/test/history"
)

var (
	cycles = flag.Int("cycles", 40, "how often the broker is ended")
	seed   = flag.Uint64("seed", 0, "of the moments and the loads; 0: of the clock")
	simple = flag.Bool("plain", false, "leave transactions out")
	kafka  = flag.Bool("kafka", false, "kill Apache Kafka instead, to see what the checker says of it")
)

// The topics, and the first of the keys that stand for their partitions.
const (
	plain, plainKey     = "plain", 0 // idempotent producers
	txns, txnsKey       = "txns", 10 // transactions
	compact, compactKey = "compact", 20
	copied, copiedKey   = "copied", 30 // plain, copied in transactions
	marks, marksKey     = "marks", 40  // no records: offsets that are committed, one after another
	partitions          = 3
)

// run is one broker and its clients.
type run struct {
	t      *testing.T
	seed   uint64
	rng    *rand.Rand // the driver's
	b      *harness.Broker
	rec    *history.Recorder
	acks   atomic.Int64 // operations that ended well
	copies atomic.Int64 // transactions of the copiers that are committed
	ctx    context.Context
	stop   context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	said   []error // of clients that cannot go on
	made   map[string]bool
}

// TestNothingIsLostOverKills is the proof.
func TestNothingIsLostOverKills(t *testing.T) {
	r := start(t)
	r.topics()
	programs := r.programs()
	r.clients()
	begun := time.Now()
	for cycle := range *cycles {
		if err := r.cycle(); err != nil {
			t.Fatalf("cycle %d: %v", cycle, err)
		}
	}
	t.Logf("%d cycles in %v", *cycles, time.Since(begun).Round(time.Millisecond))
	r.enough()
	r.stop()
	r.wg.Wait()
	files := r.endPrograms(programs)
	r.fence()
	r.lastLook()
	copies := r.lastLook() // what was sent between the two looks tells torn transactions
	r.decide(files)
	r.copiedOnce(copies)
	r.sameTopics()
	for _, err := range r.said {
		t.Error(err)
	}
}

// start runs a broker; if the test fails, everything is kept.
func start(t *testing.T) *run {
	t.Helper()
	r := &run{t: t, seed: *seed, rec: history.NewRecorder(), made: map[string]bool{}}
	if r.seed == 0 {
		r.seed = uint64(time.Now().UnixNano())
	}
	r.rng = rand.New(rand.NewPCG(r.seed, 0))
	r.ctx, r.stop = context.WithCancel(context.Background())
	o := harness.Options{Name: "kills", Properties: map[string]string{
		"log.retention.ms":         "-1",
		"log.index.interval.bytes": "256",
		"transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
		"group.min.session.timeout.ms":                                "500",
		"log.cleaner.backoff.ms":                                      "100",
		"transaction.state.log.segment.bytes":                         "1048576",
		"offsets.topic.segment.bytes":                                 "1048576",
	}}
	started := harness.StartGregor
	if *kafka {
		started = harness.StartKafka
	}
	var err error
	if r.b, err = started(o); err != nil {
		harness.Missing(t, err)
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.stop()
		r.wg.Wait()
		if t.Failed() {
			_ = r.b.Kill()
			t.Logf("seed %d; kept: %s (the broker's folder)\n%s", r.seed, r.b.Dir, r.b.Process().Tail(3000))
		} else if err := r.b.Remove(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// topics makes what the clients use, in segments so small that they roll all
// the time.
func (r *run) topics() {
	r.t.Helper()
	small, now, all, ratio := "16384", "200", "compact", "0.01"
	ctx, cancel := context.WithTimeout(r.ctx, 30*time.Second)
	defer cancel()
	cl := r.client()
	defer cl.Close()
	adm := kadm.NewClient(cl)
	for _, topic := range []string{plain, txns, compact, copied, marks} {
		configs := map[string]*string{"internal.segment.bytes": &small}
		if topic == compact {
			configs["cleanup.policy"], configs["segment.ms"], configs["min.cleanable.dirty.ratio"] = &all, &now, &ratio
		}
		resp, err := adm.CreateTopic(ctx, partitions, 1, configs, topic)
		if err = errors.Join(err, resp.Err); err != nil {
			r.t.Fatalf("create %s: %v", topic, err)
		}
	}
}

// client is one of franz-go's that comes back soon after a kill.
func (r *run) client(opts ...kgo.Opt) *kgo.Client {
	cl, err := kgo.NewClient(append(r.usual(), opts...)...)
	if err != nil {
		panic(err) // the options are wrong
	}
	return cl
}

func (r *run) usual() []kgo.Opt {
	return []kgo.Opt{
		kgo.SeedBrokers(r.b.Addr()), kgo.ProducerLinger(0), kgo.MetadataMinAge(30 * time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 20 * time.Millisecond }), kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.RetryTimeout(waitMax), kgo.RecordDeliveryTimeout(waitMax), kgo.SessionTimeout(2 * time.Second), kgo.RebalanceTimeout(5 * time.Second),
		kgo.HeartbeatInterval(200 * time.Millisecond), kgo.AlwaysRetryEOF(), // a kill may hit a connection's first answer
	}
}

// waitMax is how long a client waits for one answer: the broker is never gone
// for so long.
const waitMax = 60 * time.Second

// cycle lets the clients work, ends the broker in some way, and starts it.
func (r *run) cycle() error {
	switch way := r.rng.IntN(20); {
	case way < 11:
		r.work(1 + r.rng.IntN(800))
		if way < 3 && !*simple { // groups are back, too
			r.waitFor(&r.copies, 1+r.rng.Int64N(5), 5*patience)
		}
	case way < 13: // just started, and nobody is back yet
		time.Sleep(r.some(30))
	case way < 15: // while it starts, several times
		r.work(r.rng.IntN(200))
		for range 1 + r.rng.IntN(3) {
			if err := errors.Join(r.b.Kill(), r.b.Launch()); err != nil {
				return err
			}
			time.Sleep(r.some(60) * r.slower())
		}
	case way < 18: // while it stops
		r.work(r.rng.IntN(300))
		r.b.Process().Ask()
		time.Sleep(r.some(40) * r.slower())
	default: // a clean stop
		r.work(r.rng.IntN(200))
		return errors.Join(r.b.Stop(), r.b.Start())
	}
	return errors.Join(r.b.Kill(), r.b.Start())
}

func (r *run) some(ms int) time.Duration {
	return time.Duration(r.rng.IntN(ms*1000)) * time.Microsecond
}

// slower is for Apache Kafka, which starts and stops in seconds.
func (r *run) slower() time.Duration {
	if *kafka {
		return 60
	}
	return 1
}

// work waits until clients were told that much.
func (r *run) work(acks int) {
	r.waitFor(&r.acks, int64(acks), patience)
	time.Sleep(r.some(2))
}

// patience is how long a cycle lasts at most where clients are slow to come back.
const patience = 3 * time.Second

// waitFor waits until a count has grown, or for so long.
func (r *run) waitFor(count *atomic.Int64, more int64, most time.Duration) {
	want, deadline := count.Load()+more, time.Now().Add(most*min(r.slower(), 4))
	for count.Load() < want && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
}

// enough lets the clients do what a busy machine did not let them do between
// the kills: with less the proof proves nothing.
func (r *run) enough() {
	r.waitFor(&r.acks, int64(20**cycles)-r.acks.Load(), 10*patience)
	if !*simple {
		r.waitFor(&r.copies, int64(*cycles)-r.copies.Load(), 10*patience)
	}
}

// programs begins the clients in other languages that this machine can run.
func (r *run) programs() []*other {
	r.t.Helper()
	all := others()
	for i, o := range all {
		r.t.Run(o.name, func(t *testing.T) {
			err := o.begin(r, (i+1)*1_000_000)
			harness.Missing(t, err)
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	r.t.Cleanup(func() {
		for _, o := range all {
			if o.cmd != nil && o.cmd.Process != nil {
				_ = o.cmd.Process.Kill() // one that has ended well is gone already
			}
		}
	})
	return all
}

// endPrograms ends them, and returns the files of their histories.
func (r *run) endPrograms(programs []*other) []string {
	r.t.Helper()
	var files []string
	for _, o := range programs {
		if err := o.end(); err != nil {
			r.t.Error(err)
		}
		if o.done != nil {
			files = append(files, o.file)
		}
	}
	return files
}

// fail notes that a client met what no kill explains.
func (r *run) fail(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.said) < 20 {
		r.said = append(r.said, fmt.Errorf(format, args...))
	}
}

// decide asks the checker. A history that is wrong is kept.
func (r *run) decide(files []string) {
	r.t.Helper()
	ops := r.rec.Ops()
	if len(files) > 0 {
		theirs, err := history.ReadFiles(append(files, os.DevNull)...)
		if err != nil {
			r.t.Fatal(err)
		}
		ops = append(ops, theirs...)
		history.Sort(ops)
	}
	path := filepath.Join(r.b.Dir, "history.jsonl")
	if err := history.WriteFile(path, ops); err != nil {
		r.t.Fatal(err)
	}
	v, err := history.Check(ops, history.Options{})
	if err != nil {
		r.t.Fatalf("%s: %v", path, err)
	}
	if !v.Valid {
		r.t.Errorf("seed %d: the history is wrong; see it again: cd test && go run ./cmd/history %s", r.seed, path)
	}
	if v.Acknowledged < 20**cycles {
		r.t.Errorf("only %d values were acknowledged in %d cycles: the proof proves nothing", v.Acknowledged, *cycles)
	}
	if err := v.Print(r.t.Output()); err != nil {
		r.t.Error(err)
	}
}
