package node

import (
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/logs"
	"github.com/gregor-stream/gregor/internal/metrics"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/server"
)

// requests counts and times the requests of a node, and logs slow ones. It
// allocates once for each API that is used, and then no more.
type requests struct {
	log  *slog.Logger
	slow func() int64 // gregor.log.slow.request.ms

	// byKey is indexed by API key; after the keys come the two kinds of Fetch.
	byKey []atomic.Pointer[requestStats]
	limit logs.Limiter

	mu       sync.Mutex
	rejected map[string]int64 // by reason; there are about ten
}

// versionsMax bounds the versions that are told apart.
const versionsMax = 32

// errorsMax bounds the error codes that are told apart: from -1 up.
const errorsMax = 160

// requestStats is one API.
type requestStats struct {
	versions  [versionsMax]atomic.Int64
	errors    [errorsMax]atomic.Int64
	slow      atomic.Int64
	answered  atomic.Int64 // bytes
	requested metrics.Histogram

	total, local, remote, queue, send metrics.Histogram // microseconds

	conversions *conversionStats // of Produce and Fetch, nil for others
}

// conversionStats is what it took to write records anew. As in Kafka every request
// counts, also those of which none were.
type conversionStats struct {
	time  metrics.Histogram // microseconds
	bytes metrics.Histogram
}

// The log has at most so many lines about slow requests in a period.
const (
	slowLines  = 10
	slowPeriod = 10 * time.Second
)

func newRequests(log *slog.Logger, slow func() int64) *requests {
	r := &requests{log: log, slow: slow, rejected: map[string]int64{}}
	last := kafka.APIKey(0)
	for key := range kafka.APIKey(math.MaxInt8) {
		if _, ok := msg.Lookup(key); ok {
			last = key
		}
	}
	r.byKey = make([]atomic.Pointer[requestStats], int(last)+1+fetchKinds)
	r.limit.Lines, r.limit.Period = slowLines, slowPeriod
	return r
}

// fetchKinds is how many names there are under which Kafka counts a Fetch once
// more: FetchConsumer and FetchFollower.
const fetchKinds = 2

// name is the name of an index into byKey.
func (r *requests) name(i int) string {
	switch i - (len(r.byKey) - fetchKinds) {
	case 0:
		return "FetchConsumer"
	case 1:
		return "FetchFollower"
	}
	return kafka.APIKey(i).String() //nolint:gosec // a small index
}

func (r *requests) of(i int) *requestStats {
	if s := r.byKey[i].Load(); s != nil {
		return s
	}
	st := new(requestStats)
	if key := kafka.APIKey(i); key == kafka.Produce || key == kafka.Fetch { //nolint:gosec // a small index
		st.conversions = new(conversionStats)
	}
	r.byKey[i].CompareAndSwap(nil, st)
	return r.byKey[i].Load()
}

// Served counts a request that was answered.
func (r *requests) Served(conn *server.ConnInfo, s server.Served) {
	if s.Key < 0 || int(s.Key) >= len(r.byKey) {
		return
	}
	total := s.Total()
	threshold := r.slow()
	slow := threshold >= 0 && total-s.Asked > time.Duration(threshold)*time.Millisecond
	r.of(int(s.Key)).add(&s, total, slow)
	if kafka.APIKey(s.Key) == kafka.Fetch {
		kind := len(r.byKey) - fetchKinds
		if s.Follower {
			kind++
		}
		r.of(kind).add(&s, total, slow)
	}
	if slow {
		r.logSlow(conn, &s, total)
	}
}

func (st *requestStats) add(s *server.Served, total time.Duration, slow bool) {
	st.versions[min(max(s.Version, 0), versionsMax-1)].Add(1)
	st.answered.Add(int64(s.ResponseBytes))
	st.requested.Observe(int64(s.RequestBytes))
	st.total.ObserveTime(total)
	st.local.ObserveTime(s.Local)
	st.remote.ObserveTime(s.Remote)
	st.queue.ObserveTime(s.Queue)
	st.send.ObserveTime(s.Send)
	if st.conversions != nil {
		st.conversions.time.ObserveTime(s.Conversion.Time)
		st.conversions.bytes.Observe(s.Conversion.Bytes)
	}
	if slow {
		st.slow.Add(1)
	}
}

func (r *requests) logSlow(conn *server.ConnInfo, s *server.Served, total time.Duration) {
	ok, omitted := r.limit.Allow(time.Now())
	if !ok {
		return
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	attrs := []any{
		"api", kafka.APIKey(s.Key).String(), "version", s.Version, "client", s.Client, "remote", conn.Remote, "principal", s.Principal,
		"listener", conn.Listener, "total_ms", ms(total), "local_ms", ms(s.Local), "remote_ms", ms(s.Remote), "asked_ms", ms(s.Asked),
		"queue_ms", ms(s.Queue), "send_ms", ms(s.Send), "request_bytes", s.RequestBytes, "response_bytes", s.ResponseBytes,
	}
	if omitted > 0 {
		attrs = append(attrs, "omitted", omitted)
	}
	r.log.Warn("slow request", attrs...)
}

// Refused counts a client that was turned away.
func (r *requests) Refused(reason string) {
	r.mu.Lock()
	r.rejected[reason]++
	r.mu.Unlock()
}

// CountErrors counts error codes in answers.
func (r *requests) CountErrors(key kafka.APIKey, code kafka.Error, n int) {
	if key < 0 || int(key) >= len(r.byKey) || code < -1 || int(code)+1 >= errorsMax {
		return
	}
	r.of(int(key)).errors[code+1].Add(int64(n))
}

const microsecondsPerMilli = 1000

// Collect shows the requests.
func (r *requests) Collect(_ time.Time, into *metrics.Sink) {
	in, out := 0.0, 0.0
	for i := range r.byKey {
		st := r.byKey[i].Load()
		if st == nil {
			continue
		}
		name := r.name(i)
		r.collect(st, name, into)
		if i < len(r.byKey)-fetchKinds {
			var sizes metrics.Counts
			st.requested.Read(&sizes)
			in, out = in+float64(sizes.Sum), out+float64(st.answered.Load())
		}
	}
	into.Set(metrics.IncomingBytes, in)
	into.Set(metrics.OutgoingBytes, out)
	r.mu.Lock()
	defer r.mu.Unlock()
	for reason, n := range r.rejected {
		into.Set(metrics.Rejected, float64(n), reason)
	}
}

func (r *requests) collect(st *requestStats, name string, into *metrics.Sink) {
	for v := range st.versions {
		if n := st.versions[v].Load(); n > 0 {
			into.Set(metrics.Requests, float64(n), name, versionName(v))
		}
	}
	for code := range st.errors {
		if n := st.errors[code].Load(); n > 0 {
			into.Set(metrics.RequestErrors, float64(n), name, errorName(kafka.Error(code-1))) //nolint:gosec // a small index
		}
	}
	into.SetSummary(metrics.TotalTime, &st.total, microsecondsPerMilli, name)
	into.SetSummary(metrics.LocalTime, &st.local, microsecondsPerMilli, name)
	into.SetSummary(metrics.RemoteTime, &st.remote, microsecondsPerMilli, name)
	into.SetSummary(metrics.ResponseQueueTime, &st.queue, microsecondsPerMilli, name)
	into.SetSummary(metrics.ResponseSendTime, &st.send, microsecondsPerMilli, name)
	into.SetSummary(metrics.RequestBytes, &st.requested, 1, name)
	if st.conversions != nil {
		into.SetSummary(metrics.ConversionsTime, &st.conversions.time, microsecondsPerMilli, name)
		into.SetSummary(metrics.TemporaryMemory, &st.conversions.bytes, 1, name)
	}
	into.SetDurations(metrics.RequestDuration, &st.total, name)
	into.Set(metrics.ResponseBytes, float64(st.answered.Load()), name)
	into.Set(metrics.SlowRequests, float64(st.slow.Load()), name)
}

// errorName is Kafka's name, with NONE for success.
func errorName(code kafka.Error) string {
	if code == kafka.ErrNone {
		return "NONE"
	}
	return code.Error()
}
