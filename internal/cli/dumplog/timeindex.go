package dumplog

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// timeIndex shows an index of timestamps, or compares it with its segment.
func (d *dumper) timeIndex(path string) error {
	base, err := baseOffset(path)
	if err != nil {
		return err
	}
	s, err := openSource(sibling(path, logSuffix))
	if err != nil {
		return err
	}
	defer s.close()
	offsets, err := loadOffsetIndex(sibling(path, indexSuffix))
	if err != nil {
		return err
	}
	b, err := readIndex(path, indexBytesMax)
	if err != nil {
		return err
	}
	x := &timeIndex{base: base, b: b, entries: len(b) / timeIndexEntry}
	if d.o.sanityOnly {
		if err := x.sane(path); err != nil {
			return err
		}
		d.check(path, "passed sanity check.", "sane")
		return nil
	}
	w := &timeIndexWalk{d: d, path: path, source: s, offsets: offsets, before: -1}
	for i := range x.entries {
		timestamp, offset := x.entry(i)
		if offset == base && i > 0 { // the rest of the file was reserved, not written
			return nil
		}
		if err := w.entry(timestamp, offset); err != nil {
			return err
		}
		w.before = timestamp
		switch {
		case d.o.verifyOnly:
		case d.json:
			d.begin("timeIndex", path)
			d.number("timestamp", timestamp)
			d.number("offset", offset)
			d.end()
		default:
			d.printf("timestamp: %d offset: %d\n", timestamp, offset)
		}
	}
	return nil
}

// timeIndex is an index of timestamps in memory.
type timeIndex struct {
	base    int64
	b       []byte
	entries int // whole ones
}

func (x *timeIndex) entry(n int) (timestamp, offset int64) {
	e := x.b[n*timeIndexEntry:]
	return int64(binary.BigEndian.Uint64(e)), x.base + int64(int32(binary.BigEndian.Uint32(e[8:])))
}

// sane is the check of a starting broker.
func (x *timeIndex) sane(path string) error {
	if x.entries > 0 {
		first, _ := x.entry(0)
		switch last, offset := x.entry(x.entries - 1); {
		case last < first:
			return fmt.Errorf("%s: corrupt time index: the last timestamp is %d, below the first, %d; %s", path, last, first, rebuild)
		case offset < x.base:
			return fmt.Errorf("%s: corrupt time index: the last offset is %d, below the base offset %d; %s", path, offset, x.base, rebuild)
		}
	}
	if len(x.b)%timeIndexEntry != 0 {
		return fmt.Errorf("%s: corrupt time index: %d bytes are no multiple of %d; %s", path, len(x.b), timeIndexEntry, rebuild)
	}
	return nil
}

// timeIndexWalk compares the entries of an index with its segment.
type timeIndexWalk struct {
	d       *dumper
	path    string
	source  *source
	offsets *offsetIndex
	before  int64 // the timestamp of the entry before

	batches []*entry // from the position from on, to the end of the segment
	from    int64
	read    bool
}

func (w *timeIndexWalk) entry(timestamp, offset int64) error {
	batches, err := w.batchesFrom(w.offsets.lookup(offset))
	if err != nil {
		return err
	}
	for _, e := range batches {
		last, err := e.lastOffset()
		e.head = nil // many are looked at
		switch {
		case err != nil:
			return err
		case last < offset:
			continue
		case last > offset:
			w.note(&w.d.notFound, offset, last)
			return nil
		}
		return w.batch(e, timestamp)
	}
	w.note(&w.d.notFound, offset, -1)
	return nil
}

// batch compares the entry with the batch that it is about.
func (w *timeIndexWalk) batch(e *entry, timestamp int64) error {
	highest := int64(-1)
	if err := e.loadHead(); err != nil {
		return err
	}
	if err := e.checkCodec(); err != nil {
		return err
	}
	if err := e.loadFull(); err != nil {
		return err
	}
	err := e.records(w.d.pool, func(r *record) error {
		highest = max(highest, r.timestamp)
		return nil
	})
	e.full = nil
	if err != nil {
		return err
	}
	if highest != timestamp {
		w.note(&w.d.timestamps, timestamp, highest)
	}
	if w.before >= timestamp {
		w.note(&w.d.outOfOrder, timestamp, w.before)
	}
	return nil
}

func (w *timeIndexWalk) note(in *fileMap[*[]offsetPair], index, log int64) {
	list := in.get(absolute(w.path), func() *[]offsetPair { return new([]offsetPair) })
	*list = append(*list, offsetPair{index, log})
}

// batchesFrom lists the batches from a position to the end of the segment. It
// reads the segment once: positions rise from entry to entry.
func (w *timeIndexWalk) batchesFrom(position int64) ([]*entry, error) {
	if position < 0 || position > w.source.size {
		return nil, fmt.Errorf("%s: the index of offsets points at position %d, and the segment has %d bytes; %s", w.path, position, w.source.size, rebuild)
	}
	if w.read && position >= w.from {
		at, ok := slices.BinarySearchFunc(w.batches, position, func(e *entry, p int64) int { return int(e.position - p) })
		if ok {
			return w.batches[at:], nil
		}
	}
	w.batches, w.from, w.read = nil, position, true
	for at := position; ; {
		e, err := w.source.next(at, w.source.size)
		if err != nil {
			return nil, err
		}
		if e == nil {
			return w.batches, nil
		}
		w.batches = append(w.batches, e)
		at += e.size
	}
}
