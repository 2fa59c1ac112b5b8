package perf

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// samplesMost bounds the latencies that are kept: of a longer run every n-th.
const samplesMost = 500_000

// stats is what is known about the records of a run that were acknowledged
// (ProducerPerformance.Stats). Its methods may be called by several goroutines.
type stats struct {
	env      *command.Env
	json     bool
	steady   bool // the records after those that warm up
	interval time.Duration
	every    int64 // one of so many latencies is kept

	mu        sync.Mutex
	start     time.Time
	silent    bool    // another one reports by now
	latencies []int32 // in milliseconds
	seen      int64   // records
	all       sums
	window    sums
	opened    time.Time // the window
}

// sums are of the records of a run or of one interval.
type sums struct {
	count, bytes, latencyMs int64
	maxLatencyMs            int64
}

func (s *sums) add(latencyMs, bytes int64) {
	s.count++
	s.bytes += bytes
	s.latencyMs += latencyMs
	s.maxLatencyMs = max(s.maxLatencyMs, latencyMs)
}

func (s *sums) averageMs() float64 { return float64(s.latencyMs) / float64(s.count) }

// newStats are those of a run of numRecords, at least 1.
func newStats(env *command.Env, asJSON bool, numRecords int64, interval time.Duration, steady bool, now time.Time) *stats {
	every := numRecords / min(numRecords, samplesMost)
	return &stats{
		env: env, json: asJSON, steady: steady, interval: interval, every: every,
		start: now, opened: now, latencies: make([]int32, 0, numRecords/every+1),
	}
}

// suppress ends the reports; the total is printed still.
func (s *stats) suppress() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = true
}

// record counts a record that was acknowledged at now, and reports an interval
// that is over.
func (s *stats) record(latency time.Duration, bytes int, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ms := latency.Milliseconds()
	s.all.add(ms, int64(bytes))
	s.window.add(ms, int64(bytes))
	if s.seen%s.every == 0 && len(s.latencies) < cap(s.latencies) {
		s.latencies = append(s.latencies, int32(ms))
	}
	s.seen++
	if now.Sub(s.opened) < s.interval {
		return
	}
	if s.steady && s.all.count == s.window.count && !s.json {
		s.env.Println("In steady state.")
	}
	if !s.silent {
		s.printWindow(now)
	}
	s.window, s.opened = sums{}, now
}

// report is one line of JSON about an interval or a run. Rates are of MiB.
type report struct {
	Type             string `json:"type"`
	Records          int64  `json:"records"`
	RecordsPerSecond figure `json:"recordsPerSecond"`
	MiBPerSecond     figure `json:"mibPerSecond"`
	AvgLatencyMs     figure `json:"avgLatencyMs"`
	MaxLatencyMs     int64  `json:"maxLatencyMs"`
	*percentiles
}

// percentiles are latencies in milliseconds.
type percentiles struct {
	P50  int32 `json:"p50LatencyMs"`
	P95  int32 `json:"p95LatencyMs"`
	P99  int32 `json:"p99LatencyMs"`
	P999 int32 `json:"p999LatencyMs"`
}

func newReport(kind string, s sums, elapsedMs int64) report {
	return report{
		Type: kind, Records: s.count,
		RecordsPerSecond: figure(perSecond(float64(s.count), elapsedMs)),
		MiBPerSecond:     figure(perSecond(float64(s.bytes), elapsedMs) / mib),
		AvgLatencyMs:     figure(s.averageMs()), MaxLatencyMs: s.maxLatencyMs,
	}
}

func (s *stats) printWindow(now time.Time) {
	r := newReport(kindReport, s.window, now.UnixMilli()-s.opened.UnixMilli())
	if s.json {
		printLine(s.env, r)
		return
	}
	s.env.Printf("%d records sent, %s records/sec (%s MB/sec), %s ms avg latency, %s ms max latency.\n",
		r.Records, one(float64(r.RecordsPerSecond)), two(float64(r.MiBPerSecond)), one(float64(r.AvgLatencyMs)), one(float64(r.MaxLatencyMs)))
}

// printTotal prints what the whole run came to.
func (s *stats) printTotal(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind, what := kindSummary, ""
	if s.steady {
		kind, what = kindSteady, " steady state"
	}
	r := newReport(kind, s.all, now.UnixMilli()-s.start.UnixMilli())
	slices.Sort(s.latencies)
	p := percentiles{percentile(s.latencies, 0.5), percentile(s.latencies, 0.95), percentile(s.latencies, 0.99), percentile(s.latencies, 0.999)}
	if s.json {
		r.percentiles = &p
		printLine(s.env, r)
		return
	}
	s.env.Println(fmt.Sprintf("%d%s records sent, %s records/sec (%s MB/sec), %s ms avg latency, %s ms max latency, %d ms 50th, %d ms 95th, %d ms 99th, %d ms 99.9th.",
		r.Records, what, six(float64(r.RecordsPerSecond)), two(float64(r.MiBPerSecond)), two(float64(r.AvgLatencyMs)), two(float64(r.MaxLatencyMs)), p.P50, p.P95, p.P99, p.P999))
}

// percentile is the value below which that share of sorted lies, as Kafka's
// tools pick it; 0 of nothing.
func percentile[T int32 | int64](sorted []T, share float64) T {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(share*float64(len(sorted)))]
}
