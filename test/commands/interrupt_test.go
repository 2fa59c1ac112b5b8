package commands

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// loaded makes a topic with so many records.
func loaded(t *testing.T, w *World, c Cluster, records int) string {
	t.Helper()
	topic := uniqueName()
	succeeds(t, w, "", "topics", "--bootstrap-server", c.Addr, "--create", "--topic", topic, "--partitions", "2")
	succeeds(t, w, "", "producer-perf-test", "--bootstrap-server", c.Addr, "--topic", topic, "--num-records", fmt.Sprint(records), "--record-size", "200", "--throughput", "-1")
	return topic
}

// TestABrokenPipeEndsACommandQuietly closes the output after the first line,
// as head -1 does.
func TestABrokenPipeEndsACommandQuietly(t *testing.T) {
	w := world(t)
	c := w.Clusters()[1]
	topic := loaded(t, w, c, 20000)
	to := " --bootstrap-server " + c.Addr
	for _, line := range []string{
		"tail " + topic + " --from-beginning" + to,
		"tail " + topic + " --from-beginning --format json --follow=false" + to,
		"console-consumer --from-beginning --topic " + topic + to,
		"verifiable-consumer --verbose --group-id " + topic + " --topic " + topic + to,
		"verifiable-producer --topic " + topic + to,
		"producer-perf-test --num-records 1000000 --record-size 10 --throughput 1000 --reporting-interval 100 --topic " + topic + to,
		"consumer-perf-test --num-records 10000000 --timeout 1000 --show-detailed-stats --reporting-interval 100 --topic " + topic + to,
		"e2e-latency --num-records 10000000 --producer-acks 1 --record-size 10 --topic " + topic + to,
		"consumer-groups --watch --all-groups --interval 200ms" + to,
		"broker-api-versions" + to,
		"topics --describe" + to,
	} {
		r := startGregor(t, w, Words(line)...)
		r.line(t)
		began := time.Now()
		_ = r.pipe.Close()
		kill := time.AfterFunc(mostWait, func() { _ = r.cmd.Process.Kill() })
		_ = r.cmd.Wait()
		kill.Stop()
		said := strings.TrimPrefix(r.errs.String(), "Unable to write to standard out, closing consumer.\n") // Kafka's sentence
		said = regexp.MustCompile(`^Processed a total of \d+ messages\n$`).ReplaceAllString(said, "")
		if took := time.Since(began); took > mostWait || said != "" {
			t.Errorf("%s: after %v: %s", line, took, said)
		}
	}
}

// TestCtrlCSaysWhatWasDone interrupts long work when it has begun.
func TestCtrlCSaysWhatWasDone(t *testing.T) {
	w := world(t)
	c := w.Clusters()[1]
	topic := loaded(t, w, c, 2000)
	to := " --bootstrap-server " + c.Addr
	startGregor(t, w, Words("producer-perf-test --num-records 10000000 --record-size 10 --throughput 500 --reporting-interval 600000 --topic "+topic+to)...) // there is always more to read
	const stopped = `gregor [a-z0-9-]+: interrupted\n`
	tests := []struct {
		line  string
		begun int // lines of the output that show that it runs
		code  int
		out   string // a pattern of the end of standard output
		errs  string // a pattern of all of standard error
	}{
		{"producer-perf-test --num-records 10000000 --record-size 10 --throughput 1000 --reporting-interval 100 --topic " + topic, 1, 130,
			`records sent, .*99\.9th\.\n$`, `interrupted: \d+ of 10000000 records were written and acknowledged\n` + stopped},
		{"consumer-perf-test --num-records 10000000 --timeout 60000 --show-detailed-stats --reporting-interval 100 --topic " + topic, 2, 130,
			"", `interrupted: \d+ of 10000000 records were read\n` + stopped},
		{"e2e-latency --num-records 10000000 --producer-acks 1 --record-size 10 --topic " + topic + "-own", 2, 130, // nobody else may write to it
			"Percentiles: .*\n$", `interrupted: \d+ of 10000000 records made the trip\n` + stopped},
		{"console-consumer --from-beginning --topic " + topic, 2000, 130, "", `Processed a total of \d+ messages\n` + stopped},
		{"verifiable-producer --throughput 100 --topic " + topic, 2, 130, `"tool_data","sent":\d+,"acked":\d+.*\n$`, stopped},
		{"verifiable-consumer --group-id " + topic + " --topic " + topic, 2, 130, `"shutdown_complete"\}\n$`, stopped},
		// Following has no other end.
		{"tail --last 2 " + topic, 4, 0, "", ""},
		{"consumer-groups --watch --all-groups --interval 200ms", 2, 0, "", ""},
	}
	for _, test := range tests {
		r := startGregor(t, w, Words(test.line+to)...)
		for range test.begun {
			r.line(t)
		}
		r.interrupted(t, test.line, test.code, test.out, test.errs)
	}
}

// interrupted sends Ctrl-C and checks the end.
func (r *running) interrupted(t *testing.T, line string, code int, out, errs string) {
	t.Helper()
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(mostWait, func() { _ = r.cmd.Process.Kill() })
	defer kill.Stop()
	rest, _ := io.ReadAll(r.out)
	_ = r.cmd.Wait()
	if got := r.cmd.ProcessState.ExitCode(); got != code || !regexp.MustCompile(out).Match(rest) || !regexp.MustCompile("^"+errs+"$").MatchString(r.errs.String()) {
		t.Errorf("%s: exit code %d, want %d\nstdout ends with %q, want %s\nstderr is %q, want %s", line, got, code, rest[max(len(rest)-300, 0):], out, r.errs.String(), errs)
	}
}

// TestCtrlCWhileLinesComeFromAPipe interrupts produce and copy: what they say
// is what is there.
func TestCtrlCWhileLinesComeFromAPipe(t *testing.T) {
	w := world(t)
	c := w.Clusters()[1]
	topic := loaded(t, w, c, 5000)
	to := " --bootstrap-server " + c.Addr

	target := uniqueName()
	succeeds(t, w, "", "topics", "--bootstrap-server", c.Addr, "--create", "--topic", target)
	r := startGregor(t, w, Words("produce "+target+to)...)
	_, _ = io.WriteString(r.in, strings.Repeat("x\n", 100))
	reached(t, w, c, target, 100)
	r.interrupted(t, "produce", 130, "^100 records written to "+target+"\n$", "gregor produce: interrupted\n")

	r = startGregor(t, w, Words("copy "+topic+to+" --to "+c.Addr+" --to-topic "+topic+"-2 --follow")...)
	reached(t, w, c, topic+"-2", 5000)
	r.interrupted(t, "copy", 0, "^5000 records of "+topic+" copied to ", "")
}

// reached waits until a topic has so many records.
func reached(t *testing.T, w *World, c Cluster, topic string, n int64) {
	t.Helper()
	for end := time.Now().Add(mostWait); ; {
		p, err := w.Gregor(t.Context(), Words("get-offsets --bootstrap-server "+c.Addr+" --topic "+topic), "")
		if err != nil {
			t.Fatal(err)
		}
		var sum int64
		for _, m := range regexp.MustCompile(`(?m):(\d+)$`).FindAllStringSubmatch(p.Out, -1) {
			var at int64
			_, _ = fmt.Sscan(m[1], &at)
			sum += at
		}
		if p.Code == 0 && sum >= n {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s has %d of %d records: %s%s", topic, sum, n, p.Out, p.Err)
		}
	}
}
