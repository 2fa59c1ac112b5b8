package clients

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

// told is a line of Kafka's verifiable tools.
type told struct {
	Name      string
	Value     string
	Partition int32
	Offset    int64
}

// verifiable is one of Kafka's verifiable tools, running.
type verifiable struct {
	t     *testing.T
	class string
	args  []string
	cmd   *exec.Cmd
	read  chan struct{} // closed when its output has ended

	mu   sync.Mutex
	told []told
	errs strings.Builder
}

func (v *verifiable) start() {
	v.t.Helper()
	cmd, err := harness.KafkaToolCommand(v.t.Context(), v.class, v.args...)
	if err != nil {
		v.t.Fatal(err)
	}
	cmd.Stderr = &v.errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		v.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	v.cmd, v.read = cmd, make(chan struct{})
	go v.listen(out, v.read)
}

// listen takes the lines; one that a kill has cut is none.
func (v *verifiable) listen(out io.Reader, done chan struct{}) {
	defer close(done)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var one told
		if json.Unmarshal(lines.Bytes(), &one) == nil {
			v.mu.Lock()
			v.told = append(v.told, one)
			v.mu.Unlock()
		}
	}
}

func (v *verifiable) kill() {
	_ = v.cmd.Process.Kill()
	v.wait()
}

func (v *verifiable) wait() {
	<-v.read
	_ = v.cmd.Wait() // it was killed, or says what went wrong in its output
}

// all are the lines of a name so far.
func (v *verifiable) all(name string) []told {
	v.mu.Lock()
	defer v.mu.Unlock()
	var list []told
	for _, e := range v.told {
		if e.Name == name {
			list = append(list, e)
		}
	}
	return list
}

// await waits for n lines of a name; false where the tool ends before.
func (v *verifiable) await(name string, n int) bool {
	v.t.Helper()
	for end := time.Now().Add(60 * time.Second); len(v.all(name)) < n; {
		if time.Now().After(end) {
			v.t.Fatalf("%s has said %s %d times, not %d:\n%s", v.class, name, len(v.all(name)), n, v.errs.String())
		}
		select {
		case <-v.read:
			return len(v.all(name)) >= n
		case <-time.After(5 * time.Millisecond):
		}
	}
	return true
}

// TestVerifiableToolsOverKills: the broker is killed (-9) under Kafka's
// VerifiableProducer, then under its VerifiableConsumer, which is killed, too.
// What the first was told is acknowledged lies where it was told, once, and the
// second gets all of it.
func TestVerifiableToolsOverKills(t *testing.T) {
	_, err := harness.Java().Find()
	harness.Missing(t, err)
	b, err := harness.StartGregor(harness.Options{Name: "verifiable"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Remove() }()
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.ConsumeTopics("v"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	if _, err := kadm.NewClient(cl).CreateTopics(t.Context(), 2, 1, nil, "v"); err != nil {
		t.Fatal(err)
	}
	again := func() {
		t.Helper()
		if err := b.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := b.Start(); err != nil {
			t.Fatal(err)
		}
	}
	const acked, sent = "producer_send_success", 6000
	p := &verifiable{t: t, class: "org.apache.kafka.tools.VerifiableProducer", args: []string{
		"--bootstrap-server", b.Addr(), "--topic", "v", "--max-messages", "6000", "--throughput", "2000", "--acks", "-1",
	}}
	p.start()
	defer p.kill()
	for _, n := range []int{sent / 8, sent / 4, sent / 2} {
		if !p.await(acked, n) {
			t.Fatalf("the producer ended early:\n%s", p.errs.String())
		}
		again()
	}
	p.wait()

	c := &verifiable{t: t, class: "org.apache.kafka.tools.VerifiableConsumer", args: []string{
		"--bootstrap-server", b.Addr(), "--topic", "v", "--group-id", "v", "--group-instance-id", "one", "--session-timeout", "6000",
		"--reset-policy", "earliest", "--verbose",
	}}
	c.start()
	defer func() { c.kill() }()
	want := p.all(acked)
	c.await("record_data", len(want)/4)
	again()
	c.await("record_data", len(want)/2)
	c.kill()
	c.start()
	got := map[string]bool{}
	missing := func() (first told, n int) {
		for _, e := range c.all("record_data") {
			got[e.Value] = true
		}
		for _, e := range want {
			if !got[e.Value] {
				first, n = e, n+1
			}
		}
		return first, n
	}
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		e, n := missing()
		if n == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d acknowledged records were not consumed, %+v among them:\n%s", n, e, c.errs.String())
		}
	}
	lies(t, cl, want)
}

// lies says that each record lies where its producer was told, and no value
// lies twice: the producer tries nothing again.
func lies(t *testing.T, cl *kgo.Client, want []told) {
	t.Helper()
	type place struct {
		partition int32
		offset    int64
	}
	at, values := map[place]string{}, map[string]int{}
	for end := time.Now().Add(30 * time.Second); len(at) < len(want) && time.Now().Before(end); {
		cl.PollFetches(t.Context()).EachRecord(func(r *kgo.Record) {
			at[place{r.Partition, r.Offset}] = string(r.Value)
			values[string(r.Value)]++
		})
	}
	for _, e := range want {
		if v := at[place{e.Partition, e.Offset}]; v != e.Value || values[e.Value] != 1 {
			t.Fatalf("%s was acknowledged at %d of partition %d, where %q lies; it is there %d times", e.Value, e.Offset, e.Partition, v, values[e.Value])
		}
	}
	t.Logf("%d records acknowledged, %d in the log", len(want), len(at))
}
