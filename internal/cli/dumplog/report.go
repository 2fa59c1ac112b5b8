package dumplog

import (
	"maps"
	"slices"

	"github.com/gregor-stream/gregor/internal/cli/java"
)

// fileMap keeps what was found for each file, and gives it in the order in
// which Java's HashMap would: scripts compare the reports.
type fileMap[V any] struct {
	names  []string // in the order of their coming
	values map[string]V
}

// get finds the value of a file, and makes it where there is none.
func (m *fileMap[V]) get(name string, make func() V) V {
	v, ok := m.values[name]
	if !ok {
		v = make()
		if m.values == nil {
			m.values = map[string]V{}
		}
		m.values[name] = v
		m.names = append(m.names, name)
	}
	return v
}

// ordered gives the files in that order.
func (m *fileMap[V]) ordered() []string { return java.Order(m.names, java.Hash) }

// offsetPair is what an index says, and what the segment says.
type offsetPair struct{ index, log int64 }

// indexMismatches are the wrong entries of an index by their offset.
type indexMismatches struct{ byOffset map[int64]int64 }

// report prints what is wrong with indexes and offsets.
func (d *dumper) report() {
	for _, file := range d.indexes.ordered() {
		d.problem("Mismatches in :%s", file)
		found := d.indexes.values[file].byOffset
		for _, offset := range slices.Backward(slices.Sorted(maps.Keys(found))) {
			d.pair(file, "indexMismatch", "  Index offset: %d, log offset: %d", "indexOffset", offset, "logOffset", found[offset])
		}
	}
	lists := []struct {
		of                          *fileMap[*[]offsetPair]
		title, kind, line, one, two string
	}{
		{&d.timestamps, "Found timestamp mismatch in :%s", "timestampMismatch", "  Index timestamp: %d, log timestamp: %d", "indexTimestamp", "logTimestamp"},
		{&d.outOfOrder, "Found out of order timestamp in :%s", "timestampOutOfOrder", "  Index timestamp: %d, Previously indexed timestamp: %d", "indexTimestamp", "previousTimestamp"},
		{&d.notFound, "The following indexed offsets are not found in :%s", "offsetNotFound", "Indexed offset: %d, found log offset: %d", "indexOffset", "logOffset"},
	}
	for _, l := range lists {
		for _, file := range l.of.ordered() {
			d.problem(l.title, file)
			for _, p := range *l.of.values[file] {
				d.pair(file, l.kind, l.line, l.one, p.index, l.two, p.log)
			}
		}
	}
	for _, file := range d.consecutive.ordered() {
		d.problem("Non-consecutive offsets in %s", file)
		found := d.consecutive.values[file]
		for _, offset := range slices.Sorted(maps.Keys(found)) {
			d.pair(file, "nonConsecutiveOffsets", "  %d is followed by %d", "offset", offset, "next", found[offset])
		}
	}
}

// problem prints the title of a list of the text form.
func (d *dumper) problem(format, file string) {
	if !d.json {
		d.warn(format, file)
	}
}

// pair prints one finding.
func (d *dumper) pair(file, kind, line, one string, a int64, two string, b int64) {
	if !d.json {
		d.warn(line, a, b)
		return
	}
	d.begin("problem", file)
	d.text("problem", kind)
	d.number(one, a)
	d.number(two, b)
	d.end()
}
