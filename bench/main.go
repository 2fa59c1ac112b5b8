// Command bench measures Gregor and Apache Kafka side by side on one machine:
// each row runs both in turn (A B B A ...) and prints the medians and their
// ratio. Ratios of 2 or more are facts; the machine's noise is in the rest.
// Kind: tool
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	pairs := flag.Int("pairs", 3, "how often each row runs on each side (1 to 20)")
	only := flag.String("rows", "", "comma-separated names of rows; empty: all")
	file := flag.String("json", "", "also write the figures to this file")
	flag.Parse()
	if *pairs < 1 || *pairs > 20 {
		return fmt.Errorf("-pairs is %d: want 1 to 20", *pairs)
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	var results []result
	for i, r := range chosen {
		fmt.Fprintf(os.Stderr, "row %d of %d: %s (%d pairs)\n", i+1, len(chosen), r.name, *pairs)
		res, err := measure(ctx, r, *pairs)
		if err != nil {
			return fmt.Errorf("row %s: %w", r.name, err)
		}
		results = append(results, res...)
	}
	if err := table(results); err != nil {
		return err
	}
	if *file == "" {
		return nil
	}
	data, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(*file, append(data, '\n'), 0o644)
}

func choose(names string) ([]row, error) {
	if names == "" {
		return rows(), nil
	}
	var chosen []row
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(rows(), func(r row) bool { return r.name == name })
		if i < 0 {
			var known []string
			for _, r := range rows() {
				known = append(known, r.name)
			}
			return nil, fmt.Errorf("no row %q; there are %s", name, strings.Join(known, ", "))
		}
		chosen = append(chosen, rows()[i])
	}
	return chosen, nil
}

// result is one figure of one row on both sides.
type result struct {
	Row    string    `json:"row"`
	Figure string    `json:"figure"`
	Unit   string    `json:"unit"`
	Mark   float64   `json:"mark,omitempty"` // what we set out to reach; 0: none
	Gregor []float64 `json:"gregor"`
	Kafka  []float64 `json:"kafka"`
}

func (r result) ratio() float64 { return median(r.Gregor) / median(r.Kafka) }

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func table(results []result) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "row\tfigure\tunit\tgregor\tkafka\tgregor/kafka\tmark\tpairs\t")
	for _, r := range results {
		mark := "-"
		if r.Mark > 0 {
			mark = fmt.Sprintf("%g", r.Mark)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.4g\t%.4g\t%.3f\t%s\t%d\t\n",
			r.Row, r.Figure, r.Unit, median(r.Gregor), median(r.Kafka), r.ratio(), mark, len(r.Gregor))
	}
	return w.Flush()
}

// measure runs one row in the order A B B A A B ..., so that a drift of the
// machine falls on both sides alike.
func measure(ctx context.Context, r row, pairs int) ([]result, error) {
	results := make([]result, len(r.figures))
	for i, f := range r.figures {
		results[i] = result{Row: r.name, Figure: f.name, Unit: f.unit, Mark: f.mark}
	}
	for turn := range 2 * pairs {
		side := sides()[(turn+turn/2)%2] // 0 1 1 0 0 1 1 0
		values, err := r.run(ctx, side)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", side.name, err)
		}
		if len(values) != len(r.figures) {
			return nil, fmt.Errorf("%s gave %d figures, want %d", side.name, len(values), len(r.figures))
		}
		for i, v := range values {
			if side.name == "gregor" {
				results[i].Gregor = append(results[i].Gregor, v)
			} else {
				results[i].Kafka = append(results[i].Kafka, v)
			}
		}
	}
	return results, nil
}
