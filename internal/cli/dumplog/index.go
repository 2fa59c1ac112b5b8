package dumplog

import (
	"encoding/binary"
	"fmt"
	"math"

	"os"
)

const (
	indexEntry     = 8  // relative offset, position
	timeIndexEntry = 12 // timestamp, relative offset
	// warmBytes is the end of an index that Kafka searches first.
	warmBytes = 8192
	// indexBytesMax bounds an index that is read whole, as Kafka maps it.
	indexBytesMax = math.MaxInt32
)

// readIndex reads an index whole.
func readIndex(path string, max int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fileError(err)
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory", path)
	case info.Size() > max:
		return nil, fmt.Errorf("%s has %d bytes, and such a file has at most %d", path, info.Size(), max)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fileError(err)
	}
	return b, nil
}

// offsetIndex is an index of offsets in memory.
type offsetIndex struct {
	base    int64
	b       []byte
	entries int // whole ones
}

func loadOffsetIndex(path string) (*offsetIndex, error) {
	base, err := baseOffset(path)
	if err != nil {
		return nil, err
	}
	b, err := readIndex(path, indexBytesMax)
	if err != nil {
		return nil, err
	}
	return &offsetIndex{base: base, b: b, entries: len(b) / indexEntry}, nil
}

func (x *offsetIndex) offset(n int) int64 {
	return x.base + int64(int32(binary.BigEndian.Uint32(x.b[n*indexEntry:])))
}

func (x *offsetIndex) position(n int) int64 {
	return int64(int32(binary.BigEndian.Uint32(x.b[n*indexEntry+4:])))
}

// lookup finds the position at which a reader of an offset begins. It searches
// as Kafka does, so that a damaged index misleads both alike.
func (x *offsetIndex) lookup(offset int64) int64 {
	if x.entries == 0 {
		return 0
	}
	hot := max(0, x.entries-1-warmBytes/indexEntry)
	low, high := 0, hot
	switch {
	case x.offset(hot) < offset:
		low, high = hot, x.entries-1
	case x.offset(0) > offset:
		return 0
	}
	for low < high {
		mid := (low + high + 1) / 2
		switch found := x.offset(mid); {
		case found > offset:
			high = mid - 1
		case found < offset:
			low = mid
		default:
			return x.position(mid)
		}
	}
	return x.position(low)
}

const rebuild = "remove the index, and the broker builds it anew when it starts"

// offsetIndex shows an index, or compares it with its segment.
func (d *dumper) offsetIndex(path string) error {
	if _, err := baseOffset(path); err != nil {
		return err
	}
	s, err := openSource(sibling(path, logSuffix))
	if err != nil {
		return err
	}
	defer s.close()
	x, err := loadOffsetIndex(path)
	switch {
	case err != nil:
		return err
	case x.entries == 0:
		d.check(path, "is empty.", "empty")
		return nil
	case d.o.sanityOnly:
		switch last := x.offset(x.entries - 1); {
		case last < x.base:
			return fmt.Errorf("%s: corrupt index: the last offset is %d, below the base offset %d; %s", path, last, x.base, rebuild)
		case len(x.b)%indexEntry != 0:
			return fmt.Errorf("%s: corrupt index: %d bytes are no multiple of %d; %s", path, len(x.b), indexEntry, rebuild)
		}
		d.check(path, "passed sanity check.", "sane")
		return nil
	}
	for i := range x.entries {
		offset, position := x.offset(i), x.position(i)
		if offset == x.base && i > 0 { // the rest of the file was reserved, not written
			return nil
		}
		last, err := d.batchAt(s, path, position)
		if err != nil {
			return err
		}
		if last != offset {
			found := d.indexes.get(absolute(path), func() *indexMismatches { return &indexMismatches{byOffset: map[int64]int64{}} })
			found.byOffset[offset] = last
		}
		switch {
		case d.o.verifyOnly:
		case d.json:
			d.begin("offsetIndex", path)
			d.number("offset", offset)
			d.number("position", position)
			d.end()
		default:
			d.printf("offset: %d position: %d\n", offset, position)
		}
	}
	return nil
}

// batchAt gives the last offset of the batch at a position that an index
// names.
func (d *dumper) batchAt(s *source, index string, position int64) (int64, error) {
	if position < 0 || position > s.size {
		return 0, fmt.Errorf("%s: corrupt index: it points at position %d, and the segment has %d bytes; %s", index, position, s.size, rebuild)
	}
	if d.o.maxMessageSize < 0 {
		return 0, fmt.Errorf("--max-message-size %d: it cannot be negative", d.o.maxMessageSize)
	}
	end := min(s.size, position+int64(d.o.maxMessageSize))
	e, err := s.next(position, end)
	switch {
	case err != nil:
		return 0, err
	case e == nil:
		return 0, fmt.Errorf("%s: no whole batch begins at position %d of the segment within %d bytes: the segment is cut, or --max-message-size is too small", index, position, d.o.maxMessageSize)
	}
	return e.lastOffset()
}

// check prints what a check found.
func (d *dumper) check(path, text, status string) {
	if !d.json {
		d.printf("%s %s\n", path, text)
		return
	}
	d.begin("check", path)
	d.text("status", status)
	d.end()
}
