package producer

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
)

func snapshotOf(entries ...Entry) []byte {
	var s State
	for _, e := range entries {
		s.put(e)
	}
	return s.AppendSnapshot(nil)
}

func TestADamagedSnapshotIsRefusedAndChangesNothing(t *testing.T) {
	good := snapshotOf(Entry{ID: 9, Epoch: 1, TxnFirstOffset: -1, LastTimestamp: 5})
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			s := State{end: 77}
			if err := s.Load(bad, 5, 0, 1<<60); err == nil || s.Len() != 0 || s.End() != 77 {
				t.Fatalf("bit %d of byte %d: %v, %d producers", bit, i, err, s.Len())
			}
		}
	}
	for _, c := range []struct{ data, want string }{
		{"", "too short"}, {"\x00\x01\x00\x00", "too short"}, {"\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00", "version 2"},
	} {
		if err := new(State).Load([]byte(c.data), 0, 0, 0); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.data, err)
		}
	}
}

func TestASnapshotLeavesOutWhatIsExpired(t *testing.T) {
	data := snapshotOf(
		Entry{ID: 1, TxnFirstOffset: -1, LastTimestamp: 100},
		Entry{ID: 2, TxnFirstOffset: -1, LastTimestamp: 200},
		Entry{ID: 3, TxnFirstOffset: 4, LastTimestamp: 100},
	)
	var s State
	if err := s.Load(data, 9, 300, 200); err != nil || s.End() != 9 {
		t.Fatal(err)
	}
	if s.Entry(1) != nil || s.Entry(2) == nil || s.Entry(3) == nil {
		t.Fatalf("%d producers", s.Len())
	}
	if first, open := s.FirstOpen(); !open || first != 4 {
		t.Fatalf("first open %d %v", first, open)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(snapshotOf())
	f.Add(snapshotOf(Entry{ID: 1, Epoch: 2, TxnFirstOffset: 3}, Entry{ID: 4, TxnFirstOffset: -1}))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s State
		if s.Load(data, 10, 0, 1<<60) != nil {
			return
		}
		var again State
		if err := again.Load(s.AppendSnapshot(nil), 10, 0, 1<<60); err != nil || again.Len() != s.Len() {
			t.Fatalf("%d producers become %d: %v", s.Len(), again.Len(), err)
		}
	})
}

func TestStateIsSmallWhileEmpty(t *testing.T) {
	var s State
	s.LogStart(5)
	s.HighWatermark(7)
	s.Expire(0, 0)
	s.Discard()
	if s.End() != 5 || s.producers != nil || !s.Empty() || len(s.Commit()) != 0 {
		t.Fatal("an empty state has something")
	}
	if _, ok := s.FirstUnstable(); ok || s.Entry(kafka.ProducerID(1)) != nil {
		t.Fatal("an empty state knows something")
	}
}
