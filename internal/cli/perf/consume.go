package perf

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

// consumerRun is one run of consumer-perf-test.
type consumerRun struct {
	env          *command.Env
	json         bool
	detailed     bool
	metrics      bool
	numRecords   int64
	timeoutMs    int64
	intervalMs   int64
	dates        *java.DateFormat
	properties   client.Properties
	subscription client.Subscription

	gauge *gauge
	joins joins
}

// pollWait is how long one poll waits for records.
const pollWait = 100 * time.Millisecond

// joins knows how long the consumer has had no partitions
// (ConsumerPerformance.ConsumerPerfRebListener). The client calls it.
type joins struct {
	mu       sync.Mutex
	assigned int // partitions
	since    time.Time
	total    time.Duration
	interval time.Duration // of the interval that is not reported yet
}

func (j *joins) gained(_ context.Context, _ *kgo.Client, p map[string][]int32) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.assigned == 0 {
		took := time.Since(j.since)
		j.total += took
		j.interval += took
	}
	j.assigned += count(p)
}

// revoked commits what was read before the partitions go to another member, as
// a consumer with auto commit does.
func (r *consumerRun) revoked(ctx context.Context, c *kgo.Client, p map[string][]int32) {
	if auto, err := r.properties.Bool("enable.auto.commit", true); auto && err == nil {
		if err := c.CommitUncommittedOffsets(ctx); err != nil && ctx.Err() == nil {
			r.env.Warnf("the offsets of the last records were not committed: %v", err)
		}
	}
	r.joins.lost(ctx, c, p)
}

func (j *joins) lost(_ context.Context, _ *kgo.Client, p map[string][]int32) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.assigned -= count(p)
	if j.assigned == 0 {
		j.since = time.Now()
	}
}

func count(p map[string][]int32) int {
	n := 0
	for _, list := range p {
		n += len(list)
	}
	return n
}

// take returns the time of the interval and begins a new one.
func (j *joins) take() time.Duration {
	j.mu.Lock()
	defer j.mu.Unlock()
	d := j.interval
	j.interval = 0
	return d
}

// consumed counts what was read.
type consumed struct{ records, bytes int64 }

func (r *consumerRun) do(ctx context.Context) error {
	most, err := r.properties.PollRecords()
	if err != nil {
		return command.Fail(err)
	}
	start := time.Now()
	r.joins.since = start
	options := []kgo.Opt{kgo.OnPartitionsAssigned(r.joins.gained), kgo.OnPartitionsRevoked(r.revoked), kgo.OnPartitionsLost(r.joins.lost)}
	if r.metrics {
		r.gauge = newGauge(start)
		options = append(options, kgo.WithHooks(r.gauge))
	}
	c, err := client.OpenConsumer(ctx, r.env, r.properties, r.subscription, options...)
	if err != nil {
		return err
	}
	defer c.Close()
	sum, err := r.consume(ctx, c, most, start)
	r.joins.mu.Lock()
	joined := r.joins.total
	r.joins.mu.Unlock()
	end := time.Now()
	if ctx.Err() == nil && err == nil && sum.records < r.numRecords {
		r.tooFew(ctx, c)
	}
	if err != nil && ctx.Err() == nil {
		return client.Explain(err, r.properties.Servers())
	}
	r.summary(start, end, sum, joined)
	if r.gauge != nil {
		r.gauge.print(r.env, r.json, r.consumerMetrics(sum))
	}
	if ctx.Err() != nil {
		interrupted(r.env, "%d of %d records were read", sum.records, r.numRecords)
		return command.Fail(ctx.Err())
	}
	return nil
}

// consume reads until there are enough records or none come any more.
func (r *consumerRun) consume(ctx context.Context, c *kgo.Client, most int, start time.Time) (sum consumed, err error) {
	var last consumed // at the end of the last interval
	reported, now := start, time.Now()
	came := now // the connection was made meanwhile
	for sum.records < r.numRecords && now.UnixMilli()-came.UnixMilli() <= r.timeoutMs {
		polled, cancel := context.WithTimeout(ctx, pollWait)
		fetches := c.PollRecords(polled, most)
		cancel()
		if ctx.Err() != nil {
			return sum, nil
		}
		now = time.Now()
		if err := client.PollError(fetches); err != nil {
			return sum, err
		}
		if !fetches.Empty() && fetches.NumRecords() > 0 {
			came = now
		}
		fetches.EachRecord(func(record *kgo.Record) {
			sum.records++
			sum.bytes += int64(len(record.Key) + len(record.Value))
			if now.UnixMilli()-reported.UnixMilli() < r.intervalMs {
				return
			}
			joined := r.joins.take()
			if r.detailed {
				r.progress(reported, now, sum, last, joined)
			}
			reported, last = now, sum
		})
	}
	return sum, nil
}

// tooFew says that the run ended before there were enough records, and why
// where it is known.
func (r *consumerRun) tooFew(ctx context.Context, c *kgo.Client) {
	deprecated(r.env, r.json, fmt.Sprintf("WARNING: Exiting before consuming the expected number of records: timeout (%d ms) exceeded. "+
		"You can use the --timeout option to increase the timeout.", r.timeoutMs))
	for _, topic := range r.subscription.Topics {
		limited, cancel := context.WithTimeout(ctx, grace)
		req := kmsg.NewPtrMetadataRequest()
		one := kmsg.NewMetadataRequestTopic()
		one.Topic = new(topic)
		req.Topics = append(req.Topics, one)
		resp, err := req.RequestWith(limited, c)
		cancel()
		if err == nil && len(resp.Topics) == 1 {
			if err := kerr.ErrorForCode(resp.Topics[0].ErrorCode); err != nil {
				r.env.Warnf("topic %s cannot be read: %v (gregor topics --list --bootstrap-server %s says what there is)", topic, err, r.properties.Servers())
			}
		}
	}
}

// readReport is one line of JSON about an interval or a run. Rates are of MiB.
type readReport struct {
	Type             string `json:"type"`
	Start            string `json:"startTime"`
	End              string `json:"endTime"`
	MiB              figure `json:"mib"`
	MiBPerSecond     figure `json:"mibPerSecond"`
	Records          int64  `json:"records"`
	RecordsPerSecond figure `json:"recordsPerSecond"`
	RebalanceMs      int64  `json:"rebalanceMs"`
	FetchMs          int64  `json:"fetchMs"`
	FetchMiBRate     figure `json:"fetchMibPerSecond"`
	FetchRate        figure `json:"fetchRecordsPerSecond"`
}

// summary prints the line about the whole run; with detailed stats, Kafka's
// command prints none.
func (r *consumerRun) summary(start, end time.Time, sum consumed, joined time.Duration) {
	ms := end.UnixMilli() - start.UnixMilli()
	fetchMs := ms - joined.Milliseconds()
	read := float64(sum.bytes) / mib
	s := readReport{
		Type: kindSummary, Start: r.dates.Format(start), End: r.dates.Format(end),
		MiB: figure(read), MiBPerSecond: figure(perSecond(read, ms)),
		Records: sum.records, RecordsPerSecond: figure(perSecond(float64(sum.records), ms)),
		RebalanceMs: joined.Milliseconds(), FetchMs: fetchMs,
		FetchMiBRate: figure(perSecond(read, fetchMs)), FetchRate: figure(perSecond(float64(sum.records), fetchMs)),
	}
	if r.json {
		printLine(r.env, s)
		return
	}
	if !r.detailed {
		r.env.Println(s.Start + ", " + s.End + s.columns())
	}
}

// columns are all but the times.
func (s readReport) columns() string {
	return fmt.Sprintf(", %s, %s, %d, %s, %d, %d, %s, %s", four(float64(s.MiB)), four(float64(s.MiBPerSecond)), s.Records, four(float64(s.RecordsPerSecond)),
		s.RebalanceMs, s.FetchMs, four(float64(s.FetchMiBRate)), four(float64(s.FetchRate)))
}

// progress prints the line about an interval: the sums are of the whole run,
// the rates of the interval.
func (r *consumerRun) progress(start, end time.Time, sum, last consumed, joined time.Duration) {
	ms := end.UnixMilli() - start.UnixMilli()
	fetchMs := ms - joined.Milliseconds()
	records, read := float64(sum.records-last.records), float64(sum.bytes-last.bytes)/mib
	s := readReport{
		Type: kindReport, Start: r.dates.Format(start), End: r.dates.Format(end),
		MiB: figure(float64(sum.bytes) / mib), MiBPerSecond: figure(perSecond(read, ms)),
		Records: sum.records, RecordsPerSecond: figure(perSecond(records, ms)),
		RebalanceMs: joined.Milliseconds(), FetchMs: fetchMs,
	}
	if fetchMs > 0 {
		s.FetchMiBRate, s.FetchRate = figure(perSecond(read, fetchMs)), figure(perSecond(records, fetchMs))
	}
	if r.json {
		printLine(r.env, s)
		return
	}
	r.env.Println(s.End + ", 0" + s.columns())
}

// consumerMetrics are those of the consumer.
func (r *consumerRun) consumerMetrics(sum consumed) metrics {
	g, m := r.gauge, make(metrics)
	r.joins.mu.Lock()
	assigned := r.joins.assigned
	r.joins.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	id, now := r.properties["client.id"], time.Now()
	g.traffic(m, "consumer", id, now)
	seconds := now.Sub(g.start).Seconds()
	fetch := at(g.calls, kmsg.Fetch.Int16())
	read := total(g.fetched)
	manager := tagged{m, "consumer-fetch-manager-metrics", "client-id=" + id, seconds}
	manager.counted("bytes-consumed", read.bytes)
	manager.counted("records-consumed", sum.records)
	manager.counted("fetch", fetch.count)
	manager.spread("fetch-latency", fetch)
	manager.set("fetch-size-avg", float64(read.bytes)/float64(fetch.count))
	manager.set("records-per-request-avg", float64(read.records)/float64(fetch.count))
	manager.spread("fetch-throttle-time", at(g.throttl, kmsg.Fetch.Int16()))
	group := tagged{m, "consumer-coordinator-metrics", "client-id=" + id, seconds}
	group.set("assigned-partitions", float64(assigned))
	for name, key := range map[string]kmsg.Key{"join": kmsg.JoinGroup, "sync": kmsg.SyncGroup, "heartbeat": kmsg.Heartbeat, "commit": kmsg.OffsetCommit} {
		group.counted(name, at(g.calls, key.Int16()).count)
	}
	group.spread("join-time", at(g.calls, kmsg.JoinGroup.Int16()))
	group.spread("sync-time", at(g.calls, kmsg.SyncGroup.Int16()))
	group.spread("commit-latency", at(g.calls, kmsg.OffsetCommit.Int16()))
	group.set("heartbeat-response-time-max", at(g.calls, kmsg.Heartbeat.Int16()).greatest())
	countMetrics(m, id)
	return m
}
