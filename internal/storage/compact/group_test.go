package compact

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// segmentOf makes a segment of one batch with a value of so many bytes; 0: none.
func segmentOf(t *testing.T, m vfs.FS, base kafka.Offset, size int) *segment.Segment {
	t.Helper()
	c := segment.Config{IndexBytes: 1000, SegmentBytes: 1 << 20}
	s, err := segment.Create(segment.Place{FS: m, Dir: "/", Base: base, Buffers: new(segment.Buffers)}, time.Unix(0, 0), &c)
	if err != nil {
		t.Fatal(err)
	}
	for i := range min(size, 3) {
		b := batch.NewBuilder(nil, batch.Options{BaseOffset: base + kafka.Offset(i)})
		b.Append(kafka.Timestamp(i+1), []byte("k"), make([]byte, size))
		data, err := b.Build(nil)
		if err == nil {
			err = s.Append(data, &c)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// Segments are put together while their data, their indexes and the reach of
// their offsets fit; as in Kafka an empty one reaches nowhere.
func TestGroups(t *testing.T) {
	type part struct {
		base kafka.Offset
		size int
	}
	for _, c := range []struct {
		name              string
		parts             []part
		dataMax, indexMax int64
		want              string
	}{
		{"all fit", []part{{0, 100}, {10, 100}, {20, 100}}, 1 << 20, 1 << 20, "0 10 20"},
		{"by data", []part{{0, 100}, {10, 100}, {20, 100}}, 1100, 1 << 20, "0 10|20"},
		{"one that is too large", []part{{0, 100}, {10, 100}, {20, 100}}, 100, 1 << 20, "0|10|20"},
		{"by index", []part{{0, 100}, {10, 100}, {20, 100}}, 1 << 20, 16, "0|10|20"},
		{"by reach", []part{{0, 100}, {1 << 31, 100}, {1<<31 + 10, 100}}, 1 << 20, 1 << 20, "0|2147483648 2147483658"},
		{"by the reach of the last", []part{{0, 100}, {1<<31 - 10, 100}, {1 << 31, 100}}, 1 << 20, 1 << 20, "0 2147483638|2147483648"},
		{"empty ones reach nowhere", []part{{0, 0}, {1 << 31, 0}, {1 << 32, 0}, {1<<32 + 5, 100}}, 1 << 20, 1 << 20, "0 2147483648 4294967296|4294967301"},
		{"none", nil, 1, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := vfs.NewMem(nil)
			var segments []*segment.Segment
			end := kafka.Offset(0)
			for _, p := range c.parts {
				segments = append(segments, segmentOf(t, m, p.base, p.size))
				end = p.base + 3
			}
			groups, err := Group(segments, c.dataMax, c.indexMax, end)
			if err != nil {
				t.Fatal(err)
			}
			var shown []string
			for _, g := range groups {
				var bases []string
				for _, s := range g {
					bases = append(bases, fmt.Sprint(s.Base))
				}
				shown = append(shown, strings.Join(bases, " "))
			}
			if got := strings.Join(shown, "|"); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}
