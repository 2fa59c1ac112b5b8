package logdir

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gregor-stream/gregor/internal/kafka"
)

func memos() []*Memo {
	return []*Memo{
		{TopicPartition: kafka.TopicPartition{Topic: "empty", Partition: 7}, TopicID: kafka.TopicID{1}, DirTime: -5, Segments: []MemoSegment{}, Snapshots: []kafka.Offset{}, Epochs: []byte{}, Producers: []byte{}},
		{
			TopicPartition: kafka.TopicPartition{Topic: "orders"}, TopicID: kafka.TopicID{2}, DirTime: 1 << 60, FileTime: 1<<60 + 1, End: 1 << 40,
			Segments: []MemoSegment{{Base: 5, Size: 100}, {Base: 1 << 39, Size: 1 << 30}}, Snapshots: []kafka.Offset{5, 1 << 40},
			Epochs: []byte("0\n0\n"), Producers: []byte{1, 2, 3},
		},
	}
}

func TestMemosAreReadAsTheyWereWritten(t *testing.T) {
	got, err := parseMemos(appendMemos(nil, 77, memos()))
	if err != nil || got.Written != 77 || len(got.Of) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, want := range memos() {
		if diff := cmp.Diff(want, got.Of[want.TopicPartition]); diff != "" {
			t.Error(diff)
		}
	}
}

// A hint that is damaged is none: not a bit of it is believed.
func TestDamagedMemosAreRefused(t *testing.T) {
	data := appendMemos(nil, 77, memos())
	for i := range data {
		if _, err := parseMemos(data[:i]); err == nil {
			t.Errorf("%d of %d bytes are read", i, len(data))
		}
		data[i] ^= 0x10
		if _, err := parseMemos(data); err == nil {
			t.Errorf("byte %d is flipped, and it is read", i)
		}
		data[i] ^= 0x10
	}
	if _, err := parseMemos(append(data, 0)); err == nil {
		t.Error("what follows is not seen")
	}
}
