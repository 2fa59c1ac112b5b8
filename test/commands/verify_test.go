package commands

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/test/harness"
)

const (
	javaProducer = "org.apache.kafka.tools.VerifiableProducer"
	javaConsumer = "org.apache.kafka.tools.VerifiableConsumer"
	javaReplicas = "org.apache.kafka.tools.ReplicaVerificationTool"
)

// event is one line of the verifiable tools.
type event struct {
	Name       string
	Key        *string
	Value      string
	Topic      string
	Partition  int32
	Offset     int64
	Count      int
	Sent       int64
	Acked      int64
	Success    bool
	Offsets    []event
	Partitions []struct {
		Partition            int32
		Count                int
		MinOffset, MaxOffset int64
	}
}

// events parses an output, all of it.
func events(t *testing.T, out string) []event {
	t.Helper()
	var list []event
	for line := range strings.Lines(out) {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q is no event: %v", line, err)
		}
		list = append(list, e)
	}
	return list
}

// moments hides what differs from run to run in the events: times, the
// throughput that was reached, the run's own name.
func (r *run) moments(out string) string {
	out = regexp.MustCompile(`"timestamp":\d+`).ReplaceAllString(r.unfill(out), `"timestamp":#`)
	return regexp.MustCompile(`"avg_throughput":\d+\.\d+(E\d+)?`).ReplaceAllString(out, `"avg_throughput":#`)
}

// pairOf runs the same arguments by Kafka's class and by ours, each in a
// process and with a topic of its own, and compares the events, field by field.
func pairOf(t *testing.T, w *World, addr, class, name, args string, files map[string]string, shown func(string) string, prepare func(r *run)) {
	t.Helper()
	var got [2]string
	for i := range got {
		r := newRun(t, Script{Files: files}, Cluster{Addr: addr})
		if prepare != nil {
			prepare(r)
		}
		words := r.args(Step{Args: args})
		var p harness.Printed
		if i == 0 {
			p = BeginKafka(t, class, words...).End()
		} else {
			p = BeginGregor(t, w, append([]string{name}, words...)...).End()
		}
		got[i] = fmt.Sprintf("%sexit code %d", shown(r.moments(p.Out)), p.Code)
	}
	if got[0] != got[1] {
		t.Errorf("%s %s\n--- Kafka's:\n%s\n--- gregor's:\n%s", name, args, got[0], got[1])
	}
}

// some are all cases for Apache Kafka's cluster and the first for Gregor's:
// Kafka's commands need a JVM each here, since they act when it ends.
func some(c Cluster, cases ...string) []string {
	if c.Name == "kafka" {
		return cases
	}
	return cases[:1]
}

func unchanged(s string) string { return s }

func TestVerifiableProducerEvents(t *testing.T) {
	w := world(t)
	files := map[string]string{"small": "max.request.size=60\n", "acks": "acks=1\n"}
	for _, cluster := range w.Clusters() {
		for _, args := range some(cluster,
			"--bootstrap-server BROKER --topic NAME --max-messages 5 --throughput 1000 --value-prefix 7 --repeating-keys 2 --message-create-time 1000",
			"--bootstrap-server BROKER --topic NAME --max-messages 2 --acks 0",
			"--bootstrap-server BROKER --topic NAME --max-messages 2 --acks 0 --producer.config DIR/acks",
			"--bootstrap-server BROKER --topic NAME --max-messages 2 --command-config DIR/small",
			"--bootstrap-server BROKER --topic NAME/no --max-messages 2",
		) {
			pairOf(t, w, cluster.Addr, javaProducer, "verifiable-producer", args, files, unchanged, nil)
		}
	}
}

func TestVerifiableConsumerEvents(t *testing.T) {
	w := world(t)
	files := map[string]string{"client.properties": "max.poll.records=2\n"}
	written := func(r *run) {
		p, err := w.Gregor(t.Context(), []string{"verifiable-producer", "--bootstrap-server", r.cluster.Addr, "--topic", r.name, "--max-messages", "6", "--repeating-keys", "4"}, "")
		if err != nil || p.Code != 0 {
			t.Fatal(p, err)
		}
	}
	const from = "--bootstrap-server BROKER --topic NAME --group-id NAME "
	for _, cluster := range w.Clusters() {
		for _, args := range some(cluster,
			from+"--max-messages 5 --verbose --consumer.config DIR/client.properties",
			from+"--max-messages 2 --enable-autocommit --assignment-strategy org.apache.kafka.clients.consumer.CooperativeStickyAssignor --session-timeout 7000 --group-instance-id one",
			from+"--reset-policy none",
		) {
			pairOf(t, w, cluster.Addr, javaConsumer, "verifiable-consumer", args, files, unchanged, written)
		}
	}
	// Only Apache Kafka has the new protocol's coordinator in every run.
	pairOf(t, w, w.Pair.Kafka, javaConsumer, "verifiable-consumer", from+"--group-protocol consumer --group-remote-assignor range --max-messages 6", files, unchanged, written)
}

func TestVerifiableToolsRefuseWhatKafkasRefuse(t *testing.T) {
	w := world(t)
	const from = "--bootstrap-server BROKER --topic NAME --group-id NAME "
	for _, s := range []Script{
		{Name: "verifiable-producer usage", Class: javaProducer, Command: "verifiable-producer", Steps: []Step{
			{Args: "--bootstrap-server BROKER"},
			{Args: "--topic NAME"},
			{Args: "--topic NAME --bootstrap-server BROKER --acks 2"},
			{Args: "--topic NAME --bootstrap-server BROKER --max-messages x"},
			{Args: "--topic NAME --bootstrap-server BROKER --command-config DIR/missing"},
			{Args: "--topic NAME --bootstrap-server BROKER --command-config a --producer.config b"},
		}},
		{Name: "verifiable-consumer usage", Class: javaConsumer, Command: "verifiable-consumer", Steps: []Step{
			{Args: "--bootstrap-server BROKER --topic NAME"},
			{Args: "--bootstrap-server BROKER --group-id NAME"},
			{Args: "--topic NAME --group-id NAME"},
			{Args: from + "--reset-policy never"},
			{Args: from + "--assignment-strategy no.such.Assignor"},
			{Args: from + "--group-protocol nothing"},
			{Args: from + "--group-protocol consumer --session-timeout 7000"},
			{Args: from + "--command-config a --consumer.config b"},
		}},
		{Name: "replica-verification usage", Class: javaReplicas, Command: "replica-verification", Steps: []Step{
			{Args: ""},
			{Args: "--broker-list nowhere"},
			{Args: "--broker-list BROKER --topics-include NAME("},
			{Args: "--broker-list BROKER --topics-include NAME"},
			{Args: "--broker-list BROKER --time x"},
		}},
	} {
		Compare(t, w, s)
	}
}

// key is a record's place and value.
func (e event) key() string {
	return fmt.Sprintf("%s-%d@%d=%s", e.Topic, e.Partition, e.Offset, e.Value)
}

// acknowledged are the records that a producer was told are safe.
func acknowledged(t *testing.T, p harness.Printed) []string {
	t.Helper()
	list := events(t, p.Out)
	var acked []string
	for _, e := range list {
		if e.Name == "producer_send_success" {
			acked = append(acked, e.key())
		}
	}
	last := list[len(list)-1]
	if last.Name != "tool_data" || int(last.Acked) != len(acked) || last.Sent < last.Acked {
		t.Errorf("the last event is %+v, and %d records were acknowledged", last, len(acked))
	}
	for line := range strings.Lines(p.Out) {
		if strings.Contains(line, "producer_send_error") {
			t.Logf("a record was not acknowledged, and nobody sent it again: %s", line)
			break
		}
	}
	slices.Sort(acked)
	return acked
}

// seen are the records that a consumer read; its summaries and commits must
// say the same.
func seen(t *testing.T, p harness.Printed) []string {
	t.Helper()
	var list []string
	counted, committed := 0, make(map[int32]int64)
	for _, e := range events(t, p.Out) {
		switch e.Name {
		case "record_data":
			list = append(list, e.key())
		case "records_consumed":
			for _, s := range e.Partitions {
				counted += s.Count
				if s.MaxOffset-s.MinOffset+1 != int64(s.Count) {
					t.Errorf("offsets %d to %d are %d records", s.MinOffset, s.MaxOffset, s.Count)
				}
			}
		case "offsets_committed":
			if !e.Success {
				t.Errorf("a commit failed: %+v", e)
			}
			for _, o := range e.Offsets {
				committed[o.Partition] = o.Offset
			}
		}
	}
	sum := int64(0)
	for _, offset := range committed {
		sum += offset
	}
	if counted != len(list) || sum != int64(len(list)) {
		t.Errorf("%d records were read, %d summed up, %d committed", len(list), counted, sum)
	}
	slices.Sort(list)
	return list
}

// What one is told is safe the other reads: all of it, nothing else, Kafka's
// tools and ours, both ways.
func TestWhatIsAcknowledgedIsConsumed(t *testing.T) {
	w := world(t)
	const messages = "3000"
	for _, cluster := range w.Clusters() {
		for _, ourProducer := range []bool{true, false} {
			name := uniqueName()
			create, err := w.Tools.Run("org.apache.kafka.tools.TopicCommand",
				[]string{"--create", "--bootstrap-server", cluster.Addr, "--topic", name, "--partitions", "3", "--replication-factor", "1"}, "")
			if err != nil || create.Code != 0 {
				t.Fatal(create, err)
			}
			produce := []string{"--bootstrap-server", cluster.Addr, "--topic", name, "--max-messages", messages, "--repeating-keys", "17"}
			consume := []string{"--bootstrap-server", cluster.Addr, "--topic", name, "--group-id", name, "--verbose", "--max-messages"}
			var acked, consumed []string
			if ourProducer {
				acked = acknowledged(t, BeginGregor(t, w, append([]string{"verifiable-producer"}, produce...)...).End())
				consumed = seen(t, BeginKafka(t, javaConsumer, append(consume, strconv.Itoa(len(acked)))...).End())
			} else {
				acked = acknowledged(t, BeginKafka(t, javaProducer, produce...).End())
				consumed = seen(t, BeginGregor(t, w, append(append([]string{"verifiable-consumer"}, consume...), strconv.Itoa(len(acked)))...).End())
			}
			if len(acked) == 0 || !slices.Equal(acked, consumed) {
				t.Errorf("%s, our producer %v: %d acknowledged, %d consumed, the same: %v", cluster.Name, ourProducer, len(acked), len(consumed), slices.Equal(acked, consumed))
			}
		}
	}
}

// Ctrl-C in the middle: what was done is printed, the exit code is 130, and
// what was acknowledged by then is there.
func TestInterruptedCommandsSayWhatTheyDid(t *testing.T) {
	w := world(t)
	addr, name := w.Pair.Gregor, uniqueName()
	to := []string{"--bootstrap-server", addr, "--topic", name}
	expect := func(p harness.Printed, out, errs string) {
		t.Helper()
		if p.Code != 130 || !regexp.MustCompile(out).MatchString(p.Out) || !regexp.MustCompile(errs).MatchString(p.Err) {
			t.Errorf("exit code %d, want 130 and %q, %q:\n%s\n%s", p.Code, out, errs, p.Out, p.Err)
		}
	}

	load := BeginGregor(t, w, append([]string{"producer-perf-test", "--record-size", "10", "--num-records", "1000000", "--throughput", "500", "--reporting-interval", "100"}, to...)...)
	load.Await("records sent", 2)
	load.Interrupt()
	expect(load.End(), `(?m)^\d+ records sent, .* 99\.9th\.\n$`, `interrupted: \d+ of 1000000 records were written and acknowledged`)

	// Of a transaction that is open nothing is left.
	inTransaction := BeginGregor(t, w, "producer-perf-test", "--record-size", "10", "--num-records", "1000000", "--throughput", "500", "--reporting-interval", "100",
		"--transaction-duration-ms", "60000", "--bootstrap-server", w.Pair.Kafka, "--topic", name+"t")
	inTransaction.Await("records sent", 2)
	inTransaction.Interrupt()
	expect(inTransaction.End(), `(?m)^\d+ records sent, .* 99\.9th\.\n$`, `the open transaction of \d+ records was aborted: nobody reads them`)
	committed, err := w.Gregor(t.Context(), strings.Fields("consumer-perf-test --num-records 1 --timeout 500 --hide-header --command-property isolation.level=read_committed --bootstrap-server "+w.Pair.Kafka+" --topic "+name+"t"), "")
	if err != nil || !strings.Contains(committed.Out, ", 0.0000, 0.0000, 0, 0.0000, ") {
		t.Errorf("after the abort %v\n%s", err, committed.Out)
	}

	// Nothing was sent yet: it ends at once, not when the topic is there.
	waiting := BeginGregor(t, w, "verifiable-producer", "--bootstrap-server", addr, "--topic", strings.Repeat("x", 250))
	waiting.Await("producer_send_error", 1) // a name that is too long
	waiting.Interrupt()
	expect(waiting.End(), `"shutdown_complete"}\n.*"tool_data".*"acked":0.*\n$`, `interrupted`)

	reader := BeginGregor(t, w, append([]string{"consumer-perf-test", "--num-records", "1000000", "--timeout", "60000", "--show-detailed-stats", "--reporting-interval", "1", "--format", "json"}, to...)...)
	reader.Await(`"type":"report"`, 1)
	reader.Interrupt()
	expect(reader.End(), `\{"type":"summary",.*"records":[1-9]\d*,.*\}\n$`, `interrupted: [1-9]\d* of 1000000 records were read`)

	trips := BeginGregor(t, w, "e2e-latency", "--bootstrap-server", addr, "--topic", name+"e", "--num-records", "10000000", "--producer-acks", "all", "--record-size", "10")
	trips.Await("1000\t", 1)
	trips.Interrupt()
	expect(trips.End(), `Percentiles: .*\n$`, `interrupted: \d+ of 10000000 records made the trip`)

	replicas := BeginGregor(t, w, "replica-verification", "--broker-list", addr, "--topics-include", name, "--time", "-2", "--report-interval-ms", "1", "--max-wait-ms", "100")
	replicas.Await("max lag is 0 for partition "+name+"-0", 1)
	replicas.Interrupt()
	expect(replicas.End(), `verification process is started\n`, `interrupted: [1-9]\d* batches of 1 partitions were compared; the greatest lag is 0`)

	writer := BeginGregor(t, w, "verifiable-producer", "--bootstrap-server", addr, "--topic", name+"v", "--throughput", "1000")
	follower := BeginGregor(t, w, "verifiable-consumer", "--bootstrap-server", addr, "--topic", name+"v", "--group-id", name, "--verbose")
	writer.Await("producer_send_success", 50)
	writer.Interrupt()
	wrote := writer.End()
	acked := acknowledged(t, wrote)
	expect(wrote, `"shutdown_complete"}\n.*"tool_data".*\n$`, `interrupted`)
	follower.Await("record_data", len(acked))
	follower.Await("offsets_committed", 1)
	follower.Interrupt()
	read := follower.End()
	expect(read, `"shutdown_requested"}\n(.*"partitions_revoked".*\n)?.*"shutdown_complete"}\n$`, `interrupted`)
	if consumed := seenSoFar(t, read); !slices.Equal(acked, consumed) {
		t.Errorf("%d records were acknowledged, %d consumed", len(acked), len(consumed))
	}
}

// seenSoFar is seen for a consumer that was stopped, maybe before its last
// commit.
func seenSoFar(t *testing.T, p harness.Printed) []string {
	t.Helper()
	var list []string
	for _, e := range events(t, p.Out) {
		if e.Name == "record_data" {
			list = append(list, e.key())
		}
	}
	slices.Sort(list)
	return list
}

// Kafka's comparison of replicas never ends, so that each is stopped after its
// second report.
func TestReplicaVerification(t *testing.T) {
	w := world(t)
	for _, cluster := range w.Clusters() {
		name := uniqueName()
		if p, err := w.Gregor(t.Context(), []string{"verifiable-producer", "--bootstrap-server", cluster.Addr, "--topic", name, "--max-messages", "100"}, ""); err != nil || p.Code != 0 {
			t.Fatal(p, err)
		}
		for _, time := range some(cluster, "-2", "-1", "5") {
			args := []string{"--broker-list", cluster.Addr, "--topics-include", "none-such, " + name, "--time", time, "--report-interval-ms", "1", "--max-wait-ms", "50", "--fetch-size", "500"}
			var got [2]string
			for i := range got {
				var p *Process
				if i == 0 {
					p = BeginKafka(t, javaReplicas, args...)
				} else {
					p = BeginGregor(t, w, append([]string{"replica-verification"}, args...)...)
				}
				p.Await("max lag is 0", 2)
				p.Interrupt()
				out := p.End()
				out.Out = Mask(strings.ReplaceAll(out.Out, name, "NAME"))
				var lines []string // the reports on the way to the end are as many as the run is slow
				for line := range strings.Lines(out.Out) {
					if !strings.Contains(line, "max lag is") || strings.Contains(line, "max lag is 0") {
						lines = append(lines, line)
					}
				}
				got[i] = fmt.Sprintf("%sexit code %d", Once(strings.Join(lines, "")), out.Code)
			}
			if got[0] != got[1] {
				t.Errorf("on %s from %s\n--- Kafka's:\n%s\n--- gregor's:\n%s", cluster.Name, time, got[0], got[1])
			}
		}
	}
}
