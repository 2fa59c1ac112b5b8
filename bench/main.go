// Command bench measures Gregor, Apache Kafka and a floor side by side on one
// machine, under the same clients: each row runs all three in turn (A B C C B
// A ...) and prints medians, R = ours / Kafka and F = ours / floor. The floor
// does what physics demands and no more, see package floor. Kind: tool
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/gregor-stream/gregor/bench/floor"
	"github.com/gregor-stream/gregor/test/harness"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// flags of the command.
type flags struct {
	pairs      int
	rows       string
	sides      string
	short      bool
	json, page string
	limit      time.Duration
	restartMB  int
}

func parse(args []string) (flags, error) {
	var f flags
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.IntVar(&f.pairs, "pairs", 3, "how often each row runs on each side (1 to 30); 9 or more make a small difference a fact")
	set.StringVar(&f.rows, "rows", "", "comma-separated names of rows; empty: all")
	set.StringVar(&f.sides, "sides", "", "comma-separated: gregor, kafka, floor; empty: all. Without all there are no ratios, and no page is written")
	set.BoolVar(&f.short, "short", false, "small loads, to see that it works: the figures mean little, and no page is written")
	set.StringVar(&f.json, "json", harness.Cache("..", "docs", "benchmarks.json"), "where the figures are kept; rows that did not run stay as they are")
	set.StringVar(&f.page, "page", harness.Cache("..", "docs", "benchmarks.md"), "where the page is written")
	set.DurationVar(&f.limit, "limit", 2*time.Hour, "give up after this time")
	set.IntVar(&f.restartMB, "restart-mb", 100, "how many MB lie in the 10,000 partitions of the row restart (10 to 100000)")
	if err := set.Parse(args); err != nil {
		return f, err
	}
	switch {
	case set.NArg() > 0:
		return f, fmt.Errorf("unexpected argument %q", set.Arg(0))
	case f.pairs < 1 || f.pairs > 30:
		return f, fmt.Errorf("-pairs is %d: want 1 to 30", f.pairs)
	case f.restartMB < 10 || f.restartMB > 100_000:
		return f, fmt.Errorf("-restart-mb is %d: want 10 to 100000", f.restartMB)
	case f.limit <= 0:
		return f, fmt.Errorf("-limit is %v: want more than 0", f.limit)
	}
	return f, nil
}

func run(args []string) (err error) {
	if len(args) == 3 && args[0] == "floor" {
		port, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		return floor.Run(port, args[2])
	}
	f, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	chosen, err := choose(f.rows)
	if err != nil {
		return err
	}
	sides, err := newSides(f.sides)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, f.limit)
	defer cancel()
	if _, err := harness.Binary(); err != nil { // built before any clock runs
		return err
	}
	fmt.Fprintf(os.Stderr, "%-18s %-24s\n", "touch memory", "so that no side pays for it")
	memory, err := touch(ctx, f.short)
	if err != nil {
		return err
	}
	b := &bench{pairs: f.pairs, short: f.short, restartMB: f.restartMB, sides: sides, began: time.Now()}
	defer func() { err = errors.Join(err, b.close()) }()
	report := newReport(memory)
	for i, r := range chosen {
		b.left = b.estimate(chosen[i+1:])
		if err := b.prepare(ctx, r); err != nil {
			return err
		}
		results, err := b.measure(ctx, r)
		if err != nil {
			return fmt.Errorf("row %s: %w", r.name, err)
		}
		report.Results = append(report.Results, results...)
		if f.short || f.sides != "" {
			continue
		}
		// After each row: what was measured is kept if a later one fails.
		if err := report.write(f.json, f.page, rows()); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stderr, "took %v\n", time.Since(b.began).Round(time.Second))
	return table(os.Stdout, report.Results)
}

// prepare has the shared brokers run for rows that share them, and nobody for
// rows that start their own.
func (b *bench) prepare(ctx context.Context, r row) error {
	if r.alone {
		return b.close()
	}
	return b.warm(ctx)
}
