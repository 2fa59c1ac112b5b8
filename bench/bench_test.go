package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMedianAndPercentiles(t *testing.T) {
	if got := median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("the median of four is %v, want 2.5", got)
	}
	if got := median(nil); got != 0 {
		t.Errorf("the median of none is %v", got)
	}
	sorted := make([]float64, 1000)
	for i := range sorted {
		sorted[i] = float64(i + 1)
	}
	for p, want := range map[float64]float64{50: 500, 99: 990, 99.9: 999, 100: 1000, 0: 1} {
		if got := percentile(sorted, p); got != want {
			t.Errorf("p%v of 1 to 1000 is %v, want %v", p, got, want)
		}
	}
}

func TestIntervalIsTheSameEachTimeAndHoldsTheRatio(t *testing.T) {
	a := []float64{10, 11, 12, 10, 11, 13, 10, 11, 12}
	b := []float64{20, 21, 22, 19, 20, 21, 20, 22, 18}
	r, low, high := ratio(a, b)
	r2, low2, high2 := ratio(a, b)
	if r != r2 || low != low2 || high != high2 {
		t.Error("two calls differ")
	}
	if !(low <= r && r <= high) || low < 0.45 || high > 0.7 {
		t.Errorf("ratio %v, interval %v to %v", r, low, high)
	}
	if r, _, _ := ratio(a, nil); !math.IsNaN(r) {
		t.Errorf("a ratio to nothing is %v", r)
	}
}

func TestASmallDifferenceNeedsNinePairs(t *testing.T) {
	for _, c := range []struct {
		r, low, high float64
		pairs        int
		want         bool
	}{
		{2, 0.9, 3, 3, true}, {0.5, 0.4, 1.2, 1, true},
		{1.5, 1.4, 1.6, 8, false}, {1.5, 1.4, 1.6, 9, true},
		{1.5, 0.99, 1.6, 9, false}, {0.8, 0.7, 0.9, 12, true}, {0.8, 0.7, 1.01, 12, false},
	} {
		if got := fact(c.r, c.low, c.high, c.pairs); got != c.want {
			t.Errorf("fact%v is %v", c, got)
		}
	}
}

func TestVerdictNamesWhatIsLostAndWhatIsMissed(t *testing.T) {
	nine := func(v float64) []float64 {
		values := make([]float64, 9)
		for i := range values {
			values[i] = v + float64(i)/1000
		}
		return values
	}
	for _, c := range []struct {
		result
		want string
	}{
		{result{Gregor: nine(1), Kafka: nine(4), Mark: 0.25}, "mark missed"},
		{result{Gregor: nine(1), Kafka: nine(5), Mark: 0.25}, "ahead"},
		{result{Gregor: nine(5), Kafka: nine(4)}, "LOST"},
		{result{Gregor: nine(5), Kafka: nine(4), More: true, Mark: 1.5}, "mark missed"},
		{result{Gregor: nine(7), Kafka: nine(4), More: true, Mark: 1.5}, "ahead"},
		{result{Gregor: nine(3), Kafka: nine(4), More: true}, "LOST"},
		{result{Gregor: []float64{3}, Kafka: []float64{4}, More: true}, "behind, within the noise"},
		{result{Gregor: []float64{3}, Kafka: []float64{4}}, "ahead, within the noise"},
	} {
		c.sum()
		if got := c.verdict(); got != c.want {
			t.Errorf("%v / %v, more is better %v, mark %v: %q, want %q", median(c.Gregor), median(c.Kafka), c.More, c.Mark, got, c.want)
		}
	}
}

func TestRowsThatDidNotRunStay(t *testing.T) {
	dir := t.TempDir()
	file, page := filepath.Join(dir, "b.json"), filepath.Join(dir, "b.md")
	figure := func(row string, ours float64) result {
		r := result{Row: row, Load: "load of " + row, Durability: "none", Figure: "time", Unit: "s", Gregor: []float64{ours}, Kafka: []float64{4}}
		r.sum()
		return r
	}
	order := []row{{name: "one"}, {name: "two"}}
	first := &report{Results: []result{figure("two", 1), figure("gone", 1), figure("one", 1)}}
	if err := first.write(file, page, order); err != nil {
		t.Fatal(err)
	}
	second := &report{Results: []result{figure("two", 8)}}
	if err := second.write(file, page, order); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got report
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Results) != 2 || got.Results[0].Row != "one" || got.Results[1].Gregor[0] != 8 {
		t.Errorf("kept %+v", got.Results)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"**two, time**: LOST", "### one", "Load of two"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestAnUnknownRowNamesThoseThatThereAre(t *testing.T) {
	if _, err := choose("produce-1k,nonsense"); err == nil || !strings.Contains(err.Error(), `no row "nonsense"; there are produce-100b,`) {
		t.Errorf("the error is %v", err)
	}
	if got, err := choose("commit,produce-1k"); err != nil || len(got) != 2 || got[0].name != "commit" {
		t.Errorf("chose %v, %v", got, err)
	}
	for _, bad := range [][]string{{"-pairs", "0"}, {"-pairs", "31"}, {"-limit", "0"}, {"rest"}} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%v is accepted", bad)
		}
	}
}
