package metrics

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestThePageOfMetricsIsGenerated(t *testing.T) {
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(page, Page()) {
		t.Error("docs/metrics.md is not what the table says: go generate ./internal/metrics")
	}
}

func TestEveryMetricIsWhole(t *testing.T) {
	name := regexp.MustCompile(`^(kafka|gregor)_[a-z0-9_]+$`)
	seen := map[string]bool{}
	for i := range table {
		m := &table[i]
		if !name.MatchString(m.name) || m.help == "" || m.kind == "" || seen[m.name] {
			t.Errorf("row %d: %+v", i, *m)
		}
		seen[m.name] = true
		if own := strings.HasPrefix(m.name, "gregor_"); own != (m.bean == "") {
			t.Errorf("%s: Gregor's own metrics have no MBean, Kafka's have one (%q)", m.name, m.bean)
		}
		if m.kind == counter && !strings.HasSuffix(m.name, "_total") && !strings.HasSuffix(m.name, "_count") {
			t.Errorf("%s is a counter and does not say so", m.name)
		}
	}
}

// TestDashboardsShowMetricsThatExist takes every name out of every expression
// of every dashboard in the repository.
func TestDashboardsShowMetricsThatExist(t *testing.T) {
	files, err := filepath.Glob("../../dashboards/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no dashboards: %v", err)
	}
	names := Names()
	word := regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*`)
	quoted := regexp.MustCompile(`"[^"]*"|\{[^}]*\}|\[[^\]]*\]`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var board any
		if err := json.Unmarshal(text, &board); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		expressions := find(board, "expr", nil)
		if len(expressions) < 10 {
			t.Errorf("%s: %d expressions", file, len(expressions))
		}
		used := 0
		for _, e := range expressions {
			for _, w := range word.FindAllString(quoted.ReplaceAllString(e, " "), -1) {
				if !strings.Contains(w, "_") || slices.Contains(promWords(), w) {
					continue
				}
				used++
				if !slices.Contains(names, w) && !strings.HasPrefix(w, "process_") && !strings.HasPrefix(w, "go_") {
					t.Errorf("%s: there is no metric %s (in %s)", file, w, e)
				}
			}
		}
		if used < len(expressions) {
			t.Errorf("%s: %d names in %d expressions: some have none", file, used, len(expressions))
		}
	}
}

// promWords are the words of PromQL with an underscore.
func promWords() []string { return []string{"histogram_quantile", "label_replace", "group_left"} }

// find gives the strings of one key anywhere in a document.
func find(v any, key string, found []string) []string {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			if s, ok := inner.(string); ok && k == key {
				found = append(found, s)
			}
			found = find(inner, key, found)
		}
	case []any:
		for _, inner := range v {
			found = find(inner, key, found)
		}
	}
	return found
}

func TestQuantilesAreRightToAnEighth(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var h Histogram
	values := make([]int64, 10_000)
	for i := range values {
		values[i] = int64(r.ExpFloat64() * 5000)
		h.Observe(values[i])
	}
	slices.Sort(values)
	var counts Counts
	h.Read(&counts)
	if counts.Count() != uint64(len(values)) {
		t.Fatalf("%d values were counted", counts.Count())
	}
	for i, q := range counts.quantiles(new(Counts), ranks()) {
		want := float64(values[int(ranks()[i]*float64(len(values)))-1])
		if q < want*7/8-1 || q > want*9/8+1 {
			t.Errorf("the %v quantile is %v, told %v", ranks()[i], want, q)
		}
	}
	for i := range 30 {
		want := 0
		for _, v := range values {
			if v < 1<<i {
				want++
			}
		}
		if got := counts.below(1 << i); got != uint64(want) {
			t.Errorf("%d values are below %d, told %d", want, 1<<i, got)
		}
	}
}

func TestBucketsLieSideBySide(t *testing.T) {
	for i := range bucketCount - 1 {
		if bucketOf(lowest(i)) != i || bucketOf(lowest(i+1)-1) != i {
			t.Fatalf("bucket %d does not hold %d to %d", i, lowest(i), lowest(i+1)-1)
		}
	}
	for _, v := range []int64{-5, 0, 1<<62 + 1} {
		var h Histogram
		h.Observe(v) // must not panic
	}
}

func TestQuantilesForgetWhatIsOld(t *testing.T) {
	var h Histogram
	c := new(collector)
	now := time.Unix(1000, 0)
	read := func() float64 {
		var counts Counts
		h.Read(&counts)
		return c.recent("m", now, &counts, []float64{0.5})[0]
	}
	h.Observe(7)
	for range 3 {
		if got := read(); got != 7 {
			t.Fatalf("at first %v", got)
		}
		now = now.Add(20 * time.Second)
	}
	read()
	now = now.Add(windowLength)
	h.Observe(3)
	read()
	now = now.Add(windowLength)
	h.Observe(3)
	if got := read(); got != 3 {
		t.Errorf("two minutes later %v", got)
	}
}

type source func(*Sink)

func (s source) Collect(_ time.Time, into *Sink) { s(into) }

type series []Series

func (s series) Series(_ time.Time, yield func(Series)) {
	for _, one := range s {
		yield(one)
	}
}

func TestAScrapeShowsWhatSourcesSet(t *testing.T) {
	var h Histogram
	h.ObserveTime(100 * time.Microsecond)
	h.ObserveTime(3 * time.Millisecond)
	r := New(slog.New(slog.DiscardHandler), series{
		{Name: "gregor_client_a_total", Help: "one", Counter: true, Labels: []string{"x"}, Values: []string{"1"}, Value: 4},
		{Name: "gregor_client_a_total", Help: "another", Counter: true, Labels: []string{"y"}, Values: []string{"1"}, Value: 5},
		{Name: "gregor_client_a_total", Counter: false, Labels: []string{"z"}, Values: []string{"1"}, Value: 6}, // of another type
	}, source(func(s *Sink) {
		s.Set(MessagesIn, 12)
		s.Set(MessagesIn, 7, "a\xffb")
		s.SetDurations(RequestDuration, &h, "Fetch")
		s.SetSummary(TotalTime, &h, 1000, "Fetch")
	}))
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	body := w.Body.String()
	for _, want := range []string{
		"# TYPE kafka_server_brokertopicmetrics_messagesin_total counter\n",
		"kafka_server_brokertopicmetrics_messagesin_total 12\n",
		"kafka_server_brokertopicmetrics_messagesin_total{topic=\"a\uFFFDb\"} 7\n",
		`gregor_request_duration_seconds_bucket{request="Fetch",le="0.000128"} 1` + "\n",
		`gregor_request_duration_seconds_bucket{request="Fetch",le="0.004096"} 2` + "\n",
		`gregor_request_duration_seconds_sum{request="Fetch"} 0.0031` + "\n",
		`kafka_network_requestmetrics_totaltimems_sum{request="Fetch"} 3.1` + "\n",
		`kafka_network_requestmetrics_totaltimems_count{request="Fetch"} 2` + "\n",
		`gregor_client_a_total{x="1"} 4` + "\n", `gregor_client_a_total{y="1"} 5` + "\n", "go_goroutines ",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q", want)
		}
	}
	if w.Code != 200 || strings.Contains(body, `z="1"`) {
		t.Errorf("status %d; a series of another type is shown: %v", w.Code, strings.Contains(body, `z="1"`))
	}
}

func TestTwoNodesInAProcessDoNotMeet(t *testing.T) {
	for range 2 {
		New(slog.New(slog.DiscardHandler), nil) // would panic on a common registry
	}
	if got, err := prometheus.DefaultGatherer.Gather(); err == nil {
		for _, f := range got {
			if strings.HasPrefix(f.GetName(), "kafka_") {
				t.Error(fmt.Sprint("in the default registry: ", f.GetName()))
			}
		}
	}
}

func TestObservingAllocatesNothing(t *testing.T) {
	var h Histogram
	if n := testing.AllocsPerRun(100, func() { h.ObserveTime(time.Millisecond) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
