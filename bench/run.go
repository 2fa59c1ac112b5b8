package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// bench is one run of the command.
type bench struct {
	pairs  int
	short  bool
	sides  []*side
	warmed bool // the shared brokers have seen load
	// restartMB is how much lies in the partitions of the row restart.
	restartMB int

	began time.Time
	left  time.Duration // estimate for the rows to come
}

// bytes and count scale a load down for a short run.
func (b *bench) bytes(n int64) int64 {
	if b.short {
		return n / 8
	}
	return n
}

func (b *bench) count(n int) int {
	if b.short {
		return n / 5
	}
	return n
}

// result is one figure of one row on all sides.
type result struct {
	Row        string    `json:"row"`
	Load       string    `json:"load"`
	Durability string    `json:"durability"`
	Figure     string    `json:"figure"`
	Unit       string    `json:"unit"`
	More       bool      `json:"moreIsBetter,omitempty"`
	Mark       float64   `json:"mark,omitempty"`
	Gregor     []float64 `json:"gregor"`
	Kafka      []float64 `json:"kafka"`
	Floor      []float64 `json:"floor,omitempty"`
	// R is ours / Kafka and F is ours / floor, of the medians, each with its
	// bootstrap interval.
	R  float64    `json:"r"`
	RI [2]float64 `json:"rInterval"`
	F  float64    `json:"f,omitempty"`
	FI [2]float64 `json:"fInterval,omitzero"`
}

func (r *result) sum() {
	r.R, r.RI[0], r.RI[1] = ratio(r.Gregor, r.Kafka)
	if len(r.Floor) > 0 {
		r.F, r.FI[0], r.FI[1] = ratio(r.Gregor, r.Floor)
	}
}

// lost says that Kafka did better.
func (r *result) lost() bool { return r.More && r.R < 1 || !r.More && r.R > 1 }

// missed says that the mark was not reached.
func (r *result) missed() bool {
	return r.Mark > 0 && (r.More && r.R < r.Mark || !r.More && r.R > r.Mark)
}

// measure runs one row: a pass that is thrown away, then the pairs, in the
// order A B C C B A A B C, so that a drift of the machine falls on all alike.
func (b *bench) measure(ctx context.Context, r row) (_ []result, err error) {
	results := make([]result, len(r.figures))
	for i, f := range r.figures {
		results[i] = result{Row: r.name, Load: r.load, Durability: r.durability, Figure: f.name, Unit: f.unit, More: f.more, Mark: f.mark}
	}
	sides := slices.Clone(b.sides)
	if r.noFloor {
		sides = slices.DeleteFunc(sides, func(s *side) bool { return s.name == "floor" })
	}
	if r.end != nil {
		defer func() {
			for _, s := range sides {
				if s.broker != nil {
					err = errors.Join(err, r.end(ctx, b, s))
				}
			}
		}()
	}
	if r.begin != nil {
		for _, s := range sides {
			if err := r.begin(ctx, b, s); err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	began := time.Now()
	for pass := range b.pairs + 1 {
		order := slices.Clone(sides)
		if pass%2 == 0 {
			slices.Reverse(order)
		}
		for _, s := range order {
			b.progress(r, pass, s, began)
			values, err := r.run(ctx, b, s)
			if err != nil {
				return nil, fmt.Errorf("%s: %w%s", s.name, err, s.lastWords())
			}
			if pass > 0 {
				keep(results, s, values)
			}
		}
	}
	for i := range results {
		results[i].sum()
	}
	return results, nil
}

func keep(results []result, s *side, values []float64) {
	for i, v := range values {
		switch s.name {
		case "gregor":
			results[i].Gregor = append(results[i].Gregor, v)
		case "kafka":
			results[i].Kafka = append(results[i].Kafka, v)
		default:
			results[i].Floor = append(results[i].Floor, v)
		}
	}
}

// progress tells what runs now, and about how long the rest takes.
func (b *bench) progress(r row, pass int, s *side, began time.Time) {
	passes := b.pairs + 1
	left := b.left + time.Duration((passes-pass)*len(b.sides))*r.turn
	if pass > 0 {
		left = b.left + time.Since(began)/time.Duration(pass)*time.Duration(passes-pass)
	}
	what := fmt.Sprintf("pair %d of %d", pass, b.pairs)
	if pass == 0 {
		what = "first run, thrown away"
	}
	fmt.Fprintf(os.Stderr, "%-18s %-24s %-7s about %v left\n", r.name, what, s.name, left.Round(time.Second))
}

// estimate is how long rows take, by what a turn takes.
func (b *bench) estimate(rows []row) time.Duration {
	var all time.Duration
	for _, r := range rows {
		all += r.turn * time.Duration(len(b.sides)*(b.pairs+1))
	}
	return all
}

// warm gives the shared brokers a first load: Kafka's machine compiles what
// it runs often.
func (b *bench) warm(ctx context.Context) error {
	if b.warmed {
		return nil
	}
	b.warmed = true
	for _, s := range b.sides {
		fmt.Fprintf(os.Stderr, "%-18s %-24s %-7s\n", "warm up", "", s.name)
		for range 2 {
			if _, err := produceOnce(ctx, b, s, false, consumeSize, b.bytes(1000*million)); err != nil {
				return fmt.Errorf("warm up %s: %w", s.name, err)
			}
		}
	}
	return nil
}

func (b *bench) close() error {
	var errs []error
	for _, s := range b.sides {
		errs = append(errs, s.down())
	}
	b.warmed = false
	return errors.Join(errs...)
}
