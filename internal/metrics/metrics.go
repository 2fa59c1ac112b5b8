// Package metrics is the list of all metrics, and shows them to Prometheus.
// The values come from [Source]s, which are asked when somebody scrapes: the
// rooms that count know nothing of Prometheus. Kind: shell
//
// To add a metric, add a row to the table and have a source set it; the page
// docs/metrics.md is generated with go generate ./internal/metrics.
package metrics

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

//go:generate go run github.com/gregor-stream/gregor/internal/metrics/gen ../../docs/metrics.md

// Source has the values of metrics.
type Source interface {
	// Collect sets what there is now. It may be called from several goroutines
	// at once, and must not block for long.
	Collect(now time.Time, into *Sink)
}

// Clients has the metrics of clients, whose names the table cannot know.
type Clients interface {
	// Series calls yield for each series. The slices are not changed later.
	// Names are valid, and labels of one series distinct.
	Series(now time.Time, yield func(s Series))
}

// Series is one metric of one client.
type Series struct {
	Name    string // gregor_client_...
	Help    string
	Counter bool
	Labels  []string
	Values  []string // of the labels
	Value   float64
}

// Registry is the metrics of one node.
type Registry struct {
	registry *prometheus.Registry
	descs    [metricsCount]*prometheus.Desc
	log      *slog.Logger
}

// scrapesMax bounds the scrapes that are answered at once; more get a 503.
const scrapesMax = 4

// New makes the registry of a node. clients may be nil.
func New(log *slog.Logger, clients Clients, sources ...Source) *Registry {
	r := &Registry{registry: prometheus.NewRegistry(), log: log}
	for id := range table {
		m := &table[id]
		r.descs[id] = prometheus.NewDesc(m.name, m.help, m.labels, nil)
	}
	r.registry.MustRegister(
		&collector{r: r, sources: sources, shadow: r.shadows()},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if clients != nil {
		r.registry.MustRegister(clientCollector{clients})
	}
	return r
}

// Handler answers scrapes.
func (r *Registry) Handler() http.Handler {
	return promhttp.HandlerFor(r.registry, promhttp.HandlerOpts{
		ErrorLog: errorLog{r.log}, ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: scrapesMax,
	})
}

type errorLog struct{ log *slog.Logger }

// Println logs what went wrong with a scrape.
func (e errorLog) Println(v ...any) {
	e.log.Warn("metrics are incomplete", "error", strings.TrimSpace(fmt.Sprintln(v...)))
}

// shadows are the descriptions without their labels, of counters whose sum
// over all topics stands beside the parts, as in Kafka.
func (r *Registry) shadows() map[ID]*prometheus.Desc {
	out := map[ID]*prometheus.Desc{}
	for id := range table {
		if m := &table[id]; len(m.labels) == 1 && m.labels[0] == "topic" {
			out[ID(id)] = prometheus.NewDesc(m.name, m.help, nil, nil)
		}
	}
	return out
}

type collector struct {
	r       *Registry
	sources []Source
	shadow  map[ID]*prometheus.Desc

	mu      sync.Mutex
	windows map[string]*window // by metric and label
}

// Describe describes nothing: a metric and its sum over all topics have
// different labels, which described metrics must not.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect asks the sources.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	now := time.Now()
	for _, s := range c.sources {
		s.Collect(now, &Sink{c: c, now: now, out: out})
	}
}

// Sink takes the values of one scrape.
type Sink struct {
	c   *collector
	now time.Time
	out chan<- prometheus.Metric
}

// Set sets a counter or gauge. Without its labels, a counter of topics is that
// of all topics.
func (s *Sink) Set(id ID, value float64, labels ...string) {
	desc := s.c.r.descs[id]
	if len(labels) == 0 && len(table[id].labels) > 0 {
		desc = s.c.shadow[id]
	}
	kind := prometheus.GaugeValue
	if table[id].kind == counter {
		kind = prometheus.CounterValue
	}
	for i := range labels {
		labels[i] = strings.ToValidUTF8(labels[i], "\uFFFD")
	}
	s.out <- prometheus.MustNewConstMetric(desc, kind, value, labels...)
}

// SetFlag sets a gauge to 1 or 0.
func (s *Sink) SetFlag(id ID, on bool, labels ...string) {
	value := 0.0
	if on {
		value = 1
	}
	s.Set(id, value, labels...)
}

// ranks are the quantiles that Kafka's exporter shows.
func ranks() []float64 { return []float64{0.5, 0.75, 0.95, 0.98, 0.99, 0.999} }

// SetSummary sets a summary; values are divided by scale. Sum and count are of
// the node's life, the quantiles of the last one to two minutes.
func (s *Sink) SetSummary(id ID, h *Histogram, scale float64, label string) {
	var now Counts
	h.Read(&now)
	list := ranks()
	values := s.c.recent(table[id].name+"\xff"+label, s.now, &now, list)
	quantiles := make(map[float64]float64, len(list))
	for i, q := range list {
		quantiles[q] = values[i] / scale
	}
	var labels []string
	if len(table[id].labels) > 0 {
		labels = []string{label}
	}
	s.out <- prometheus.MustNewConstSummary(s.c.r.descs[id], now.Count(), float64(now.Sum)/scale, quantiles, labels...)
}

// The bounds of a histogram of durations: powers of two of microseconds, from
// 128 µs to 17 s.
const (
	firstBound = 7
	lastBound  = 24
)

// SetDurations sets a histogram from one of microseconds, in seconds.
func (s *Sink) SetDurations(id ID, h *Histogram, label string) {
	const perSecond = 1e6
	var now Counts
	h.Read(&now)
	buckets := make(map[float64]uint64, lastBound-firstBound+1)
	for i := firstBound; i <= lastBound; i++ {
		buckets[float64(int64(1)<<i)/perSecond] = now.below(1 << i)
	}
	s.out <- prometheus.MustNewConstHistogram(s.c.r.descs[id], now.Count(), float64(now.Sum)/perSecond, buckets, label)
}

// window is what a histogram was like one to two minutes ago. Nothing moves it
// but scrapes, so that no request pays for it.
type window struct {
	old, young     *Counts
	since, youngAt time.Time
}

// windowLength is how often a window moves on.
const windowLength = time.Minute

// recent are the quantiles of what came within the window.
func (c *collector) recent(key string, now time.Time, counts *Counts, list []float64) []float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.windows[key]
	if w == nil {
		if c.windows == nil {
			c.windows = map[string]*window{}
		}
		w = &window{old: new(Counts), young: new(Counts), since: now, youngAt: now}
		c.windows[key] = w // as many as there are summaries: APIs times stages
	}
	if now.Sub(w.youngAt) >= windowLength {
		*w.old, w.since = *w.young, w.youngAt
		*w.young, w.youngAt = *counts, now
	}
	return counts.quantiles(w.old, list)
}

// clientCollector shows clients' metrics.
type clientCollector struct{ clients Clients }

// Describe describes nothing: the names are the clients'.
func (clientCollector) Describe(chan<- *prometheus.Desc) {}

// Collect shows every series.
func (c clientCollector) Collect(out chan<- prometheus.Metric) {
	// One name has one type and one help: the first's. A scrape of which a part
	// is refused would be refused whole.
	first := map[string]Series{}
	c.clients.Series(time.Now(), func(s Series) {
		f, seen := first[s.Name]
		switch {
		case !seen:
			first[s.Name] = s
		case f.Counter != s.Counter:
			return
		default:
			s.Help = f.Help
		}
		kind := prometheus.GaugeValue
		if s.Counter {
			kind = prometheus.CounterValue
		}
		m, err := prometheus.NewConstMetric(prometheus.NewDesc(s.Name, s.Help, s.Labels, nil), kind, s.Value, s.Values...)
		if err == nil {
			out <- m
		}
	})
}
