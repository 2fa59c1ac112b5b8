package storage

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
)

// checkIndexes compares the index files of a log that was just opened with a
// scan of its data: each entry must be true, and each later than the one before.
func checkIndexes(t testing.TB, l *Log) {
	t.Helper()
	must(t, l.settleRest(l.segments, 0, false))
	all := files(t, l.host.fs, l.dir)
	for _, s := range l.segments {
		last := map[int64]kafka.Offset{}             // by position
		stamps := map[kafka.Offset]kafka.Timestamp{} // the highest so far
		highest := kafka.NoTimestamp
		err := s.Batches(s.Base, 1<<62, func(b *segment.Batch) error {
			last[b.Position] = b.Last
			highest = max(highest, b.MaxTimestamp)
			stamps[b.Last] = highest
			return nil
		})
		if bad, ok := errors.AsType[*segment.Bad](err); ok && bad.Offset < l.LogStartOffset() {
			continue // below the log start nothing need be on disk
		}
		must(t, err)
		before := int64(0)
		for e := []byte(all[segment.Name(s.Base, segment.IndexSuffix)]); len(e) > 0; e = e[8:] {
			offset, at := s.Base+kafka.Offset(binary.BigEndian.Uint32(e[:])), int64(binary.BigEndian.Uint32(e[4:]))
			if want, ok := last[at]; !ok || want != offset || at <= before {
				t.Fatalf("index of %d: an entry of offset %d at %d, where the batch ends with %d", s.Base, offset, at, want)
			}
			before = at
		}
		stamp := kafka.NoTimestamp
		for e := []byte(all[segment.Name(s.Base, segment.TimeSuffix)]); len(e) > 0; e = e[12:] {
			at, offset := kafka.Timestamp(binary.BigEndian.Uint64(e)), s.Base+kafka.Offset(binary.BigEndian.Uint32(e[8:]))
			if stamps[offset] != at || at <= stamp {
				t.Fatalf("time index of %d: an entry of offset %d with time %d, want %d", s.Base, offset, at, stamps[offset])
			}
			stamp = at
		}
	}
}
