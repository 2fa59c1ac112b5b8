package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// row is one thing that is measured: one load, with one or more figures.
type row struct {
	name       string
	load       string // what the clients do, for the page
	durability string // what an acknowledgement means, on all sides
	figures    []figure
	noFloor    bool // nothing that physics demands resembles the row
	alone      bool // it starts brokers of its own, and no other runs beside them
	// turn is how long one run on one side takes, for the time that is left.
	turn time.Duration
	// begin, if set, prepares a side once, before its first run.
	begin func(ctx context.Context, b *bench, s *side) error
	// run is one run on one side; it gives a value for each figure, or less for
	// the floor, which has no figure where its value is NaN.
	run func(ctx context.Context, b *bench, s *side) ([]float64, error)
	// end, if set, cleans a side up after its last run.
	end func(ctx context.Context, b *bench, s *side) error
}

// figure is one number of a row.
type figure struct {
	name, unit string
	more       bool    // more is better; otherwise less is
	mark       float64 // what R is to reach; 0: none
}

const (
	pageCache = "page cache: nobody syncs before the answer"
	asShipped = "as shipped: Gregor syncs before the answer, the others do not"
)

func rows() []row {
	return slices.Concat(produceRows(), durableRows(), consumeRows(), latencyRows(), transactionRows(), processRows(), restartRows())
}

// choose gives the rows with these names, all where there are none.
func choose(list string) ([]row, error) {
	all := rows()
	if list == "" {
		return all, nil
	}
	var chosen []row
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(all, func(r row) bool { return r.name == name })
		if i < 0 {
			return nil, fmt.Errorf("-rows: no row %q; there are %s", name, strings.Join(names(all), ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// names of rows.
func names(rows []row) []string {
	list := make([]string, len(rows))
	for i, r := range rows {
		list[i] = r.name
	}
	return list
}
