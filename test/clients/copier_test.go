package clients

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

// copied is how many records a copier copies.
const copied = 1500

// copier is a program that copies IN to OUT in transactions.
type copier struct {
	name    string
	command func(broker string) ([]string, error)
}

func copiers() []copier {
	return []copier{
		{"Kafka's TransactionalMessageCopier", func(broker string) ([]string, error) {
			cmd, err := harness.KafkaToolCommand(context.Background(), "org.apache.kafka.tools.TransactionalMessageCopier",
				"--transactional-id", "copier", "--consumer-group", "copier", "--input-topic", "in", "--input-partition", "0",
				"--output-topic", "out", "--broker-list", broker, "--transaction-size", "20", "--transaction-timeout", "10000",
				"--enable-random-aborts", "--use-group-metadata")
			if err != nil {
				return nil, err
			}
			return cmd.Args, nil
		}},
		{"Java", func(broker string) ([]string, error) {
			classes := harness.Cache("java", "copier")
			if err := os.MkdirAll(classes, 0o755); err != nil {
				return nil, err
			}
			if err := harness.CompileJava("broker", script("java", "Copier.java"), classes); err != nil {
				return nil, err
			}
			cmd, err := harness.JVM([]string{"-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"}, "broker", "Copier",
				broker, "copier", "copier", "in", "out")
			if err != nil {
				return nil, err
			}
			at := slices.Index(cmd.Args, "-cp") + 1
			cmd.Args[at] += string(os.PathListSeparator) + classes
			return cmd.Args, nil
		}},
		{"confluent-kafka", func(broker string) ([]string, error) {
			python, err := harness.Python().Find()
			return []string{python, script("python", "copier.py"), broker, "copier", "copier", "in", "out"}, err
		}},
		{"franz-go", func(broker string) ([]string, error) {
			binary := harness.Cache("bin", "client-copier")
			cmd := exec.Command("go", "build", "-o", binary, "./clients/copier")
			cmd.Dir = filepath.Join(harness.Root(), "test")
			if out, err := cmd.CombinedOutput(); err != nil {
				return nil, fmt.Errorf("build: %w\n%s", err, out)
			}
			return []string{binary, broker, "copier", "copier", "in", "out"}, nil
		}},
	}
}

// TestCopiersAreExactlyOnceOverKills lets real clients copy a topic in
// transactions, some of which they abort themselves, while they and the broker
// are killed (-9) in turn: each record arrives once.
func TestCopiersAreExactlyOnceOverKills(t *testing.T) {
	for _, c := range copiers() {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			b, err := harness.StartGregor(harness.Options{Name: "copier", Properties: map[string]string{
				"transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
				"group.min.session.timeout.ms":                                "1000",
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = b.Remove() }()
			command, err := c.command(b.Addr())
			harness.Missing(t, err)
			if err != nil {
				t.Fatal(err)
			}
			w := &copying{t: t, b: b, command: command}
			w.prepare()
			w.killInTurn(8)
			w.check()
		})
	}
}

// copying is one run of a copier.
type copying struct {
	t       *testing.T
	b       *harness.Broker
	command []string
	running *exec.Cmd
	done    chan struct{} // closed when it has ended
	log     strings.Builder
	kills   int
	admin   *kadm.Client
}

func (w *copying) client(opts ...kgo.Opt) *kgo.Client {
	w.t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(w.b.Addr())}, opts...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(cl.Close)
	return cl
}

func (w *copying) prepare() {
	w.t.Helper()
	cl := w.client(kgo.DefaultProduceTopic("in"))
	if _, err := kadm.NewClient(cl).CreateTopics(w.t.Context(), 1, 1, nil, "in", "out"); err != nil {
		w.t.Fatal(err)
	}
	for i := range copied {
		cl.Produce(w.t.Context(), kgo.StringRecord(fmt.Sprint(i)), nil)
	}
	if err := cl.Flush(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// start begins a copier; its end is waited for in the background.
func (w *copying) start() {
	w.t.Helper()
	w.running = exec.Command(w.command[0], w.command[1:]...)
	w.running.Stderr = &w.log
	if err := w.running.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) { _ = cmd.Wait(); close(done) }(w.running, w.done)
}

func (w *copying) kill() {
	_ = w.running.Process.Kill()
	<-w.done
}

// killInTurn kills the broker and the copier in turn, each after a bit of
// progress, and lets the copier come to its end.
func (w *copying) killInTurn(kills int) {
	w.t.Helper()
	w.start()
	defer w.kill()
	deadline := time.Now().Add(150 * time.Second)
	next := int64(copied / (kills + 1))
	for at := w.place(); at < copied; at = w.place() {
		if time.Now().After(deadline) {
			w.t.Fatalf("after %d kills the copier is at %d of %d:\n%s", w.kills, at, copied, w.tail())
		}
		select {
		case <-w.done: // it gave up, or found nothing more
			w.start()
		case <-time.After(time.Duration(rand.IntN(30)) * time.Millisecond):
		}
		if at < next || w.kills == kills {
			continue
		}
		next = at + copied/int64(kills+1)
		if w.kills++; w.kills%2 == 0 {
			w.kill()
			w.start()
			continue
		}
		if err := w.b.Kill(); err != nil {
			w.t.Fatal(err)
		}
		if err := w.b.Start(); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *copying) tail() string {
	text := w.log.String()
	return text[max(0, len(text)-3000):]
}

// check reads what counts of the copy: everything, once.
func (w *copying) check() {
	w.t.Helper()
	// Who begins last ends what a killed copier has left open.
	last := w.client(kgo.TransactionalID("copier"), kgo.DefaultProduceTopic("out"))
	if err := last.BeginTransaction(); err != nil {
		w.t.Fatal(err)
	}
	if err := last.ProduceSync(w.t.Context(), kgo.StringRecord("end")).FirstErr(); err != nil {
		w.t.Fatal(err)
	}
	if err := last.EndTransaction(w.t.Context(), kgo.TryCommit); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), 60*time.Second)
	defer cancel()
	cl := w.client(kgo.ConsumeTopics("out"), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	seen, ended := map[string]int{}, false
	for !ended {
		cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			seen[string(r.Value)]++
			ended = ended || string(r.Value) == "end"
		})
		if err := ctx.Err(); err != nil {
			w.t.Fatalf("the copy does not come to its end: %v", err)
		}
	}
	wrong := 0
	for i := range copied {
		if n := seen[fmt.Sprint(i)]; n != 1 {
			if wrong++; wrong < 5 {
				w.t.Errorf("record %d is there %d times", i, n)
			}
		}
	}
	w.t.Logf("%d records, %d wrong, %d kills", len(seen)-1, wrong, w.kills)
}

// place is how far the copier has come.
func (w *copying) place() int64 {
	ctx, cancel := context.WithTimeout(w.t.Context(), 5*time.Second)
	defer cancel()
	if w.admin == nil {
		w.admin = kadm.NewClient(w.client(kgo.RetryTimeout(3 * time.Second)))
	}
	offsets, err := w.admin.FetchOffsets(ctx, "copier")
	if err != nil {
		return -1
	}
	at, ok := offsets.Lookup("in", 0)
	if !ok {
		return 0
	}
	return at.At
}
