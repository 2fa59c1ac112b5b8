package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/test/harness"
)

// javaTool runs one of Kafka's perf tests as Kafka's scripts run it.
func javaTool(ctx context.Context, class string, args ...string) (string, error) {
	made, err := harness.JVM(harness.ShippedJVM("-Xmx512M"), "tools", class, args...)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, made.Args[0], made.Args[1:]...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", class, err, out)
	}
	return string(out), nil
}

// The last line of ProducerPerformance, with a warm-up:
// "... steady state records sent, 12345.6 records/sec".
var sentLine = regexp.MustCompile(`([0-9]+) (?:steady state )?records sent, ([0-9.]+) records/sec`)

// produceJava runs Kafka's producer perf test with the client's defaults. The
// rate is that of the records after the warm-up, a third of all: the client's
// JVM is cold at first.
func produceJava(ctx context.Context, addr, topic string, size int, total int64) (int64, time.Duration, error) {
	n := total / int64(size)
	out, err := javaTool(ctx, "org.apache.kafka.tools.ProducerPerformance", "--bootstrap-server", addr, "--topic", topic,
		"--num-records", strconv.FormatInt(n, 10), "--warmup-records", strconv.FormatInt(n/3, 10),
		"--record-size", strconv.Itoa(size), "--throughput", "-1")
	if err != nil {
		return 0, 0, err
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	m := sentLine.FindStringSubmatch(lines[len(lines)-1])
	if m == nil {
		return 0, 0, fmt.Errorf("the producer perf test ended with %q", lines[len(lines)-1])
	}
	rate, err := strconv.ParseFloat(m[2], 64)
	if err != nil || rate <= 0 {
		return 0, 0, fmt.Errorf("the producer perf test ended with %q", m[0])
	}
	total = n * int64(size)
	return total, time.Duration(float64(n) / rate * float64(time.Second)), nil
}

// consumeJava runs Kafka's consumer perf test with the client's defaults. The
// rate leaves out the time in which the group is made.
func consumeJava(ctx context.Context, addr, topic string, size int, total int64) (int64, time.Duration, error) {
	n := total / int64(size)
	out, err := javaTool(ctx, "org.apache.kafka.tools.ConsumerPerformance", "--bootstrap-server", addr, "--topic", topic,
		"--num-records", strconv.FormatInt(n, 10), "--hide-header")
	if err != nil {
		return 0, 0, err
	}
	// start.time, end.time, MB, MB/s, records, records/s, rebalance ms, fetch ms, fetch MB/s, fetch records/s
	lines := strings.Split(strings.TrimSpace(out), "\n")
	fields := strings.Split(lines[len(lines)-1], ",")
	if len(fields) != 10 {
		return 0, 0, fmt.Errorf("the consumer perf test ended with %q", lines[len(lines)-1])
	}
	got, err := strconv.ParseInt(strings.TrimSpace(fields[4]), 10, 64)
	if err != nil || got < n {
		return 0, 0, fmt.Errorf("the consumer perf test read %q of %d records", fields[4], n)
	}
	ms, err := strconv.ParseFloat(strings.TrimSpace(fields[7]), 64)
	if err != nil || ms <= 0 {
		return 0, 0, fmt.Errorf("the consumer perf test ended with %q", lines[len(lines)-1])
	}
	return got * int64(size), time.Duration(ms * float64(time.Millisecond)), nil
}
