package doctor

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// metricsBytesMax bounds an answer with metrics.
const metricsBytesMax = 64 << 20

// clockOff is how far a broker's clock may be from this machine's.
const clockOff = 2 * time.Second

// dropped gives the oldest version of an API that Kafka 4 still serves, for
// those of which it dropped versions (KIP-896).
func dropped() map[string]int {
	return map[string]int{
		kafka.Produce.String(): 3, kafka.Fetch.String(): 4, kafka.ListOffsets.String(): 1,
		kafka.OffsetCommit.String(): 2, kafka.OffsetFetch.String(): 1, kafka.OffsetForLeaderEpoch.String(): 2,
		kafka.CreateTopics.String(): 2, kafka.DeleteTopics.String(): 1, kafka.DescribeConfigs.String(): 1,
		kafka.DescribeLogDirs.String(): 1,
	}
}

// requestLine is a counter of requests in Prometheus's text.
func requestLine() *regexp.Regexp {
	return regexp.MustCompile(`^kafka_network_requestmetrics_requests_total\{(.*)\} ([0-9.e+]+)$`)
}

// rejectedLine is the counter of what the broker turned away.
func rejectedLine() *regexp.Regexp {
	return regexp.MustCompile(`^gregor_rejected_total\{(.*)\} ([0-9.e+]+)$`)
}

// turnedAway tells of clients that the broker does not understand.
func turnedAway(f *findings, reason, count string) {
	n, err := strconv.ParseFloat(count, 64)
	if err != nil || n == 0 {
		return
	}
	switch reason {
	case "unsupported_version", "unsupported_api":
		f.add(Warn, reason, "see the broker's log for their addresses, and docs/protocol.md for what is served", "%.0f requests were refused: their clients are too old, or too new", n)
	case "frame_size", "malformed_header", "malformed_request":
		f.add(Warn, reason, "see the broker's log for their addresses: often HTTP or TLS on the wrong port", "%.0f connections sent what is no request of Kafka's", n)
	}
}

// protocols looks at the metrics of a Gregor broker for clients that speak
// versions which Kafka 4 does not serve, and at its clock.
func protocols(ctx context.Context, url string, f *findings) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return command.Usagef("--metrics %s: %w", url, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return command.Failf("--metrics: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	if resp.StatusCode != http.StatusOK {
		return command.Failf("--metrics %s: %s", url, resp.Status)
	}
	f.check("clocks")
	if t, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		if off := time.Since(t); off > clockOff+time.Second || off < -clockOff { // Date is cut to seconds
			f.add(Warn, url, "synchronize the clocks (NTP)", "the broker's clock is %s off this machine's", rough(time.Duration(math.Abs(float64(off)))))
		}
	}
	f.check("protocols")
	return oldRequests(io.LimitReader(resp.Body, metricsBytesMax), f)
}

// oldRequests names the APIs that were asked for in versions which Kafka 4
// dropped.
func oldRequests(text io.Reader, f *findings) error {
	label := func(labels, name string) string {
		m := regexp.MustCompile(name + `="([^"]*)"`).FindStringSubmatch(labels)
		if m == nil {
			return ""
		}
		return m[1]
	}
	line := requestLine()
	oldest := dropped()
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, 1<<20)
	rejected := rejectedLine()
	for lines.Scan() {
		if m := rejected.FindStringSubmatch(lines.Text()); m != nil {
			turnedAway(f, label(m[1], "reason"), m[2])
			continue
		}
		m := line.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		api := label(m[1], "request")
		version, err := strconv.Atoi(label(m[1], "version"))
		count, _ := strconv.ParseFloat(m[2], 64)
		if least, ok := oldest[api]; ok && err == nil && version < least && count > 0 {
			f.add(Warn, fmt.Sprintf("%s v%d", api, version), "update these clients before they meet Kafka 4, which serves v"+strconv.Itoa(least)+" and above",
				"%.0f requests came from clients with this old protocol", count)
		}
	}
	return command.Fail(lines.Err())
}
