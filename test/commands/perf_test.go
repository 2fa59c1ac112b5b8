package commands

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Shape hides every figure of a line and keeps how many digits stand behind
// the point: what two runs must agree on.
func Shape(text string) string {
	text = regexp.MustCompile(`NaN|-?Infinity`).ReplaceAllString(text, "#")
	text = regexp.MustCompile(`-?\d+(\.\d+)?`).ReplaceAllStringFunc(text, func(number string) string {
		_, digits, fraction := strings.Cut(number, ".")
		if !fraction {
			return "#"
		}
		return "#." + strings.Repeat("#", len(digits))
	})
	return text
}

// Once keeps the first of lines that follow each other and are the same: how
// often an interval is reported depends on how fast the run is.
func Once(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		if len(kept) == 0 || kept[len(kept)-1] != line {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// counts keeps the number of records in a line about all of them.
func counts(text string) string {
	first := regexp.MustCompile(`(?m)^\d+( steady state)? records sent, \S+ records/sec \([^)]*\), \S+ ms avg latency, \S+ ms max latency, .*$`)
	var totals []string
	for _, line := range first.FindAllString(text, -1) {
		totals = append(totals, strings.Fields(line)[0])
	}
	return Once(Shape(text)) + "totals: " + strings.Join(totals, " ")
}

func TestProducerPerf(t *testing.T) {
	const to = " --bootstrap-server BROKER --topic NAME --num-records 20 --throughput -1"
	Compare(t, world(t), Script{
		Name: "producer-perf-test", Class: "org.apache.kafka.tools.ProducerPerformance", Command: "producer-perf-test",
		Files: map[string]string{
			"payloads": "one\n\ntwo\nthree\n", "comma": "a,b,,c", "empty": "",
			"client.properties": "bootstrap.servers=BROKER\nacks=1\nclient.id=from-file\n",
		},
		Steps: []Step{
			{Args: "--record-size 10" + to, Shown: counts},
			{Args: "--payload-monotonic" + to, Shown: counts},
			{Args: "--payload-file DIR/payloads" + to, Shown: counts},
			{Args: "--payload-file DIR/comma --payload-delimiter ,+" + to, Shown: counts},
			{Args: "--payload-file DIR/empty" + to},
			{Args: "--payload-file DIR/missing" + to},
			{Args: "--topic NAME --num-records 20 --throughput -1 --record-size 10 --producer-props bootstrap.servers=BROKER linger.ms=1 acks=0", Shown: counts},
			{Args: "--topic NAME --num-records 20 --throughput -1 --record-size 10 --command-property bootstrap.servers=BROKER linger.ms=1 --reporting-interval 1000000", Shown: counts},
			{Args: "--topic NAME --num-records 20 --throughput -1 --record-size 10 --command-config DIR/client.properties", Shown: counts},
			{Args: "--topic NAME --num-records 20 --throughput -1 --record-size 10 --producer.config DIR/client.properties --command-property acks=all", Shown: counts},
			{Args: "--record-size 10 --bootstrap-server BROKER --topic NAME --num-records 2400 --throughput 2000 --reporting-interval 100 --warmup-records 1600", Shown: counts},
			{Args: "--record-size 2000000 --bootstrap-server BROKER --topic NAME --num-records 2 --throughput -1", Shown: counts},
			{Args: "--record-size 10 --bootstrap-server BROKER --topic NAME/no --num-records 2 --throughput -1", Shown: counts},
			{Args: "--record-size 10 --command-property a=b=c" + to},
			// Command lines that make no sense.
			{Args: "--record-size 10 --payload-monotonic" + to},
			{Args: "--bootstrap-server BROKER --topic NAME --num-records 20 --throughput -1"},
			{Args: "--record-size 10 --topic NAME --num-records 20 --throughput -1"},
			{Args: "--record-size 0" + to},
			{Args: "--record-size x" + to},
			{Args: "--record-size 10 --warmup-records 20" + to},
			{Args: "--record-size 10 --transaction-duration-ms 0" + to},
			{Args: "--record-size 10 --reporting-interval 0" + to},
			{Args: "--record-size 10 --producer-props a=b --command-property a=b" + to},
			{Args: "--record-size 10 --producer.config DIR/empty --command-config DIR/empty" + to},
			{Args: "--record-size 10 --bootstrap-server BROKER --topic NAME --num-records 0 --throughput -1"},
			{Args: "--record-size 10 --bootstrap-server BROKER --topic NAME --throughput -1"},
			{Args: "--record-size 10 --bootstrap-server BROKER --topic NAME --num-records 1"},
			{Args: "--record-size 10 --bootstrap-server BROKER --num-records 1 --throughput -1"},
			{Args: "", CodeOnly: true}, // prints help
		},
	})
}

// Transactions are compared where they are served; elsewhere both commands
// fail before they print anything.
func TestProducerPerfInTransactions(t *testing.T) {
	const to = " --record-size 10 --bootstrap-server BROKER --topic NAME --num-records 200 --throughput 1000"
	Compare(t, world(t), Script{
		Name: "producer-perf-test transactions", Class: "org.apache.kafka.tools.ProducerPerformance", Command: "producer-perf-test",
		Steps: []Step{
			{Args: "--transaction-duration-ms 50" + to, Shown: counts},
			{Args: "--transactional-id NAME" + to, Shown: counts},
			{Args: "--command-property transactional.id=NAME" + to, Shown: counts},
		},
	})
}

// What is written is the same, byte for byte, as long as the seed is: here,
// what each command wrote is read by Kafka's.
func TestProducerPerfWritesKafkasRecords(t *testing.T) {
	w := world(t)
	for _, args := range []string{
		"--record-size 37", "--payload-monotonic", "--payload-file DIR/payloads",
	} {
		s := Script{
			Name: "producer-perf-test records", Class: "org.apache.kafka.tools.ProducerPerformance", Command: "producer-perf-test",
			Files: map[string]string{"payloads": "one\n\ntwo\nthree\n"},
		}
		for _, cluster := range w.Clusters() {
			kafka, gregor := newRun(t, s, cluster), newRun(t, s, cluster)
			load := Step{Args: args + " --bootstrap-server BROKER --topic NAME --num-records 300 --throughput -1 --command-property max.in.flight.requests.per.connection=1"}
			read := Step{
				Class: "org.apache.kafka.tools.consumer.ConsoleConsumer",
				Args:  "--bootstrap-server BROKER --topic NAME --from-beginning --max-messages 300 --timeout-ms 20000",
			}
			kafka.kafka(t, w, load)
			gregor.gregor(t, w, load)
			want, got := kafka.kafka(t, w, read), gregor.kafka(t, w, read)
			if want != got || len(want) < 300 {
				t.Errorf("%s on %s: the records differ\n--- Kafka's:\n%.300s\n--- ours:\n%.300s", args, cluster.Name, want, got)
			}
		}
	}
}

// metricNames are the names in the table of metrics.
func metricNames(text string) []string {
	return regexp.MustCompile(`(?m)^\S+:\S+:\{[^}]*\}`).FindAllString(text, -1)
}

// The client is another one, so that it has fewer metrics; but each has the
// name and the form of one of Kafka's.
func TestPerfMetricsHaveKafkasNames(t *testing.T) {
	w := world(t)
	for _, s := range []Script{
		{
			Class: "org.apache.kafka.tools.ProducerPerformance", Command: "producer-perf-test",
			Steps: []Step{{Args: "--record-size 10 --bootstrap-server BROKER --topic NAME --num-records 20 --throughput -1 --print-metrics"}},
		},
		{
			Class: "org.apache.kafka.tools.ConsumerPerformance", Command: "consumer-perf-test",
			Steps: []Step{
				{Args: "--record-size 10 --bootstrap-server BROKER --topic NAME --num-records 20 --throughput -1", Class: "org.apache.kafka.tools.ProducerPerformance", Command: "producer-perf-test"},
				{Args: "--bootstrap-server BROKER --topic NAME --num-records 20 --print-metrics"},
			},
		},
	} {
		for _, cluster := range w.Clusters() {
			var want, got string
			kafka, gregor := newRun(t, s, cluster), newRun(t, s, cluster)
			for _, step := range s.Steps {
				want, got = kafka.kafka(t, w, step), gregor.gregor(t, w, step)
			}
			known := make(map[string]bool)
			for _, name := range metricNames(want) {
				known[name] = true
			}
			ours := metricNames(got)
			if len(ours) < 40 {
				t.Errorf("%s on %s prints %d metrics:\n%s", s.Command, cluster.Name, len(ours), got)
			}
			for _, name := range ours {
				if !known[name] {
					t.Errorf("%s on %s: Kafka has no metric %s", s.Command, cluster.Name, name)
				}
			}
			header := regexp.MustCompile(`(?m)^\nMetric Name +   Value\n(\S.* +: (-?\d+\.\d{3}|NaN)\n)+`)
			if !header.MatchString(got) {
				t.Errorf("%s on %s: the table has another form:\n%s", s.Command, cluster.Name, got)
			}
		}
	}
}

// consumedFigures masks times and figures of consumer-perf-test, but for the records.
func consumedFigures(text string) string {
	text = regexp.MustCompile(`NaN|Infinity`).ReplaceAllString(text, "0.0000")
	records := regexp.MustCompile(`(?m)^<time>, <time>, \S+, \S+, (\d+),`)
	var counted []string
	for _, m := range records.FindAllStringSubmatch(text, -1) {
		counted = append(counted, m[1])
	}
	return Once(Shape(text)) + "records: " + strings.Join(counted, " ")
}

func TestConsumerPerf(t *testing.T) {
	const from = "--bootstrap-server BROKER --topic NAME"
	Compare(t, world(t), Script{
		Name: "consumer-perf-test", Class: "org.apache.kafka.tools.ConsumerPerformance", Command: "consumer-perf-test",
		Files: map[string]string{"client.properties": "client.id=x\nmax.poll.records=100\n"},
		Steps: []Step{
			{
				Class: "org.apache.kafka.tools.ProducerPerformance", Command: "producer-perf-test", Shown: counts,
				Args: "--record-size 100 --bootstrap-server BROKER --topic NAME --num-records 2000 --throughput -1",
			},
			{Args: from + " --num-records 2000", Shown: consumedFigures},
			{Args: from + " --messages 2000 --group NAME", Shown: consumedFigures},
			{Args: from + " --num-records 10 --group NAME --timeout 300", Shown: consumedFigures},
			{Args: from + " --num-records 10 --timeout 300 --from-latest --hide-header", Shown: consumedFigures},
			{Args: from + " --num-records 50 --command-property max.poll.records=50", Shown: consumedFigures},
			{Args: from + " --num-records 100 --command-config DIR/client.properties", Shown: consumedFigures},
			{Args: from + " --num-records 100 --consumer.config DIR/client.properties --fetch-size 2000 --socket-buffer-size 100000", Shown: consumedFigures},
			{Args: "--bootstrap-server BROKER --include N?NAM.* --num-records 1 --timeout 200 --hide-header", Shown: Shape},
			{Args: "--bootstrap-server BROKER --include NAM[E] --num-records 2000 --timeout 200", Shown: FirstLine},
			{Args: from + " --num-records 2000 --show-detailed-stats --reporting-interval 1 --timeout 300", Shown: func(s string) string { return Once(Shape(s)) }},
			{Args: from + " --num-records 2000 --show-detailed-stats --hide-header --reporting-interval 100000", Shown: consumedFigures},
			{Args: from + " --num-records 2000 --date-format 'yyyy/MM/dd,HH'", Shown: Shape},
			{Args: from + " --num-records 2000 --date-format qqq"},
			{Args: from + " --num-records 2000 --reporting-interval 0"},
			{Args: from + " --num-records 2000 --reporting-interval 1x"},
			{Args: from + " --num-records 2000 --command-config DIR/missing"},
			{Args: "--bootstrap-server BROKER --include NAME( --num-records 2000"},
			{Args: from + " --num-records 10 --timeout", Shown: Shape},
			{Args: from},
			{Args: from + " --num-records 10 --messages 10"},
			{Args: "--topic NAME --num-records 10"},
			{Args: "--bootstrap-server BROKER --num-records 10"},
			{Args: from + " --include x --num-records 10"},
			{Args: from + " --num-records 10 --consumer.config a --command-config b"},
			{Args: from + " --num-records x"},
		},
	})
}

// trips masks the figures of e2e-latency; how many digits a latency has is
// chance.
func trips(text string) string {
	text = regexp.MustCompile(`(?m)^(\d+)\t\d+\.\d+(E-?\d+)?$`).ReplaceAllString(text, "record $1 took ms")
	text = regexp.MustCompile(`(Avg latency|Percentiles): .*`).ReplaceAllStringFunc(text, Shape)
	return text
}

func TestEndToEndLatency(t *testing.T) {
	const to = "--bootstrap-server BROKER --topic NAME --num-records 20 --producer-acks 1 --record-size 10"
	Compare(t, world(t), Script{
		Name: "e2e-latency", Class: "org.apache.kafka.tools.EndToEndLatency", Command: "e2e-latency",
		Files: map[string]string{"client.properties": "client.id=x\n"},
		Steps: []Step{
			{Args: to, Shown: trips},
			{Args: to + " --record-key-size 5 --num-headers 2 --record-header-key-size 3 --record-header-size 4", Shown: trips},
			{Args: to + " --num-headers 2 --record-header-size -1 --record-header-key-size 2", Shown: trips},
			{Args: to + " --num-headers --record-key-size --command-config DIR/client.properties", Shown: trips},
			{Args: "--bootstrap-server BROKER --topic NAME --num-records 1001 --producer-acks all --record-size 0", Shown: trips},
			{Args: "BROKER NAME 3 all 10", Shown: trips},
			{Args: "BROKER NAME 3 all 10 DIR/client.properties", Shown: trips},
			{Args: "BROKER NAME 3 all"},
			{Args: "BROKER NAME 3 0 10"},
			{Args: "--bootstrap-server BROKER --topic NAME --num-records 20 --producer-acks 0 --record-size 10"},
			{Args: "--bootstrap-server BROKER --topic NAME --num-records 0 --producer-acks 1 --record-size 10"},
			{Args: "--bootstrap-server BROKER --topic NAME --num-records 1 --producer-acks 1 --record-size -1"},
			{Args: to + " --record-key-size -1"},
			{Args: to + " --record-header-key-size -1"},
			{Args: to + " --record-header-size -2"},
			{Args: to + " --num-headers -1"},
			{Args: "--bootstrap-server BROKER --topic NAME --num-records 20 --producer-acks 1"},
			{Args: "--bootstrap-server BROKER --topic NAME/no --num-records 1 --producer-acks 1 --record-size 1", CodeOnly: true},
		},
	})
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sparse makes a file that is long and takes no room.
func sparse(t *testing.T, name string, size int64) {
	t.Helper()
	writeFile(t, name, "x")
	if err := os.Truncate(name, size); err != nil {
		t.Fatal(err)
	}
}

// One clear line where nothing can be done.
func TestPerfSaysWhatIsWrong(t *testing.T) {
	w := world(t)
	nobody := "127.0.0.1:1"
	dir := t.TempDir()
	properties := dir + "/impatient"
	writeFile(t, properties, "default.api.timeout.ms=1000\nmax.block.ms=1000\n")
	big := dir + "/big"
	sparse(t, big, 257<<20)
	name := uniqueName()
	for args, want := range map[string]string{
		"producer-perf-test --topic x --num-records 1 --throughput -1 --record-size 1 --bootstrap-server " + nobody + " --command-config " + properties: `^gregor producer-perf-test: no broker answers at 127.0.0.1:1: connection refused \(waited 1s\)\n$`,
		"consumer-perf-test --topic x --num-records 1 --bootstrap-server " + nobody + " --command-config " + properties:                                 `^gregor consumer-perf-test: no broker answers at 127.0.0.1:1: connection refused \(waited 1s\)\n$`,
		"e2e-latency --topic x --num-records 1 --producer-acks 1 --record-size 1 --bootstrap-server " + nobody + " --command-config " + properties:      `^gregor e2e-latency: no broker answers at 127.0.0.1:1: connection refused \(waited 1s\)\n$`,
		"verifiable-producer --topic x --max-messages 1 --bootstrap-server " + nobody + " --command-config " + properties:                               `^gregor verifiable-producer: no broker answers at 127.0.0.1:1: connection refused \(waited 1s\)\n$`,
		"verifiable-consumer --topic x --group-id x --bootstrap-server " + nobody + " --command-config " + properties:                                   `^gregor verifiable-consumer: no broker answers at 127.0.0.1:1: connection refused \(waited 1s\)\n$`,
		"replica-verification --broker-list " + nobody + " --command-config " + properties:                                                              `^gregor replica-verification: no broker answers at 127.0.0.1:1: connection refused \(waited 1s\)\n$`,
		"producer-perf-test --topic x --num-records 1 --throughput -1 --payload-file " + big + " --bootstrap-server " + w.Pair.Gregor:                   `has 269484032 bytes; at most 268435456 are read`,
		"producer-perf-test --topic x --num-records 1 --throughput -1 --payload-file " + dir + " --bootstrap-server " + w.Pair.Gregor:                   `is a folder; want a text file`,
		"producer-perf-test --topics x": `unknown flag --topics; did you mean --topic\?`,
		"replica-verification --topics-include " + name + " --broker-list " + w.Pair.Gregor: `no topic matches --topics-include`,
	} {
		p, err := w.Gregor(t.Context(), strings.Fields(args), "")
		if err != nil {
			t.Fatal(err)
		}
		if p.Code != 1 || !regexp.MustCompile(want).MatchString(p.Err) || strings.Count(p.Err, "\n") != 1 {
			t.Errorf("%s: exit code %d, want one line with %q:\n%s", args, p.Code, want, p.Err)
		}
	}
}
