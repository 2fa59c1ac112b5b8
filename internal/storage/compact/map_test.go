package compact

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/gregor-stream/gregor/internal/kafka"
)

func TestTheMapHoldsTheLastOffsetOfEachKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := NewMap(rapid.Int64Range(0, 24*200).Draw(t, "bytes"), rapid.Float64Range(0.1, 1).Draw(t, "load"), rapid.Int64Range(0, 300).Draw(t, "records"))
		want := map[string]kafka.Offset{}
		for offset := range kafka.Offset(rapid.IntRange(0, 300).Draw(t, "puts")) {
			if m.Full() {
				break
			}
			key := fmt.Sprint(rapid.IntRange(0, 150).Draw(t, "key"))
			m.Put([]byte(key), offset)
			want[key] = offset
			if m.Latest() != offset || m.Len() != len(want) {
				t.Fatalf("latest %d, %d keys; want %d, %d", m.Latest(), m.Len(), offset, len(want))
			}
		}
		for i := range 200 {
			key := fmt.Sprint(i)
			offset, ok := want[key]
			if !ok {
				offset = -1
			}
			if got := m.Get([]byte(key)); got != offset {
				t.Fatalf("key %s is at %d, want %d", key, got, offset)
			}
		}
	})
}

// The memory is bounded by the setting however many keys there are, and by the
// keys however large the setting is.
func TestTheMapIsBounded(t *testing.T) {
	for _, c := range []struct {
		bytes, records int64
		load           float64
		most, maxBytes int64
	}{
		{128 << 20, 1 << 40, 0.9, 5033164, 128 << 20},
		{1 << 20, 1 << 40, 0.5, 21845, 1 << 20},
		{128 << 20, 1000, 0.9, 1000, 1516 * 24},
		{128 << 20, 100000, 0.000001, 5, 128 << 20},
		{0, 100, 0.9, 1, 48},
	} {
		m := NewMap(c.bytes, c.load, c.records)
		if int64(m.most) != c.most || m.Bytes() > c.maxBytes {
			t.Errorf("%+v: takes %d keys in %d bytes", c, m.most, m.Bytes())
		}
	}
}
