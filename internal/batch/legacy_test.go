package batch

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// recordLines are the oracle's words for records, without those for batches.
func recordLines(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "  ") {
			out.WriteString(line)
		}
	}
	return out.String()
}

func messageWords(t *testing.T, data []byte) string {
	t.Helper()
	var r MessageReader
	r.Reset(data, &compress.Pool{}, 1<<20)
	var out strings.Builder
	for r.Next() {
		m := r.Record()
		wordRecord(&out, m.Offset, m.Timestamp, m.Sequence, m.Key, m.Value)
		out.WriteByte('\n')
	}
	if r.Err() != nil || r.Consumed() != len(data) {
		t.Fatalf("%v after %d of %d bytes", r.Err(), r.Consumed(), len(data))
	}
	return out.String()
}

func TestReadsMessageSetsThatKafkaWrote(t *testing.T) {
	for _, name := range append(goldenNames(t, "v0_*"), goldenNames(t, "v1_*")...) {
		data, want := golden(t, name)
		if diff := cmp.Diff(recordLines(want), messageWords(t, data)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func goldenMessages(magic int8) (records []plainRecord) {
	at := kafka.Timestamp(1_700_000_000_000)
	for i, r := range []plainRecord{
		{Timestamp: at, Key: []byte("key"), Value: []byte("value")},
		{Timestamp: at + 7, Value: bytes.Repeat([]byte{'x'}, 300)},
		{Timestamp: at, Key: []byte{}},
	} {
		r.Offset, r.Sequence = 40+kafka.Offset(i), NoSequence
		if magic == 0 {
			r.Timestamp = -1
		}
		records = append(records, r)
	}
	return records
}

func TestBuildsTheMessagesThatKafkaBuilds(t *testing.T) {
	pool := &compress.Pool{}
	for magic := range int8(2) {
		for _, codec := range allFive[:4] {
			name := fmt.Sprintf("v%d_%s", magic, codec)
			want, text := golden(t, name)
			b := NewMessageBuilder(pool, MessageOptions{Magic: magic, Codec: codec})
			for _, r := range goldenMessages(magic) {
				b.Append(r.Offset, r.Timestamp, r.Key, r.Value)
			}
			got, err := b.Build(nil)
			if err != nil {
				t.Fatal(err)
			}
			if codec == compress.None && !bytes.Equal(got, want) {
				t.Errorf("%s: got  %x\nwant %x", name, got, want)
			}
			if diff := cmp.Diff(recordLines(text), messageWords(t, got)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
}

func TestConvertsMessagesToABatch(t *testing.T) {
	pool := &compress.Pool{}
	for _, name := range append(goldenNames(t, "v0_*"), goldenNames(t, "v1_*")...) {
		data, text := golden(t, name)
		got, err := ConvertMessages(nil, data, pool, Options{BaseOffset: 40, Codec: compress.Lz4}, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(recordLines(text), recordLines(words(t, got))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestDamagedMessagesAreRefused(t *testing.T) {
	pool := &compress.Pool{}
	rapid.Check(t, func(t *rapid.T) {
		magic := rapid.Int8Range(0, 1).Draw(t, "magic")
		codec := rapid.SampledFrom(allFive[:4]).Draw(t, "codec")
		b := NewMessageBuilder(pool, MessageOptions{Magic: magic, Codec: codec})
		for _, r := range goldenMessages(magic) {
			b.Append(r.Offset, r.Timestamp, r.Key, r.Value)
		}
		data, err := b.Build(nil)
		if err != nil {
			t.Fatal(err)
		}
		at := rapid.IntRange(messageMagic, len(data)-1).Draw(t, "at")
		if codec == compress.None {
			at = rapid.IntRange(messageMagic, 33).Draw(t, "at") // within the first
		}
		data[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		var r MessageReader
		r.Reset(data, pool, 1<<20)
		if r.Next() || r.Err() == nil {
			t.Fatalf("a flipped bit at %d goes unseen", at)
		}
	})
}

func TestWrappersThatAreRefused(t *testing.T) {
	pool := &compress.Pool{}
	inner := func(magic int8, offset kafka.Offset, codec compress.Codec) []byte {
		return appendMessage(nil, &MessageOptions{Magic: magic}, codec, offset, 5, nil, []byte("v"))
	}
	for name, c := range map[string]struct {
		value  []byte
		offset kafka.Offset
		codec  compress.Codec
		want   kafka.Error
	}{
		"good":                  {inner(1, 3, 0), 10, compress.Gzip, 0},
		"no offset":             {inner(1, 3, 0), 0, compress.Gzip, 0},
		"offset below the last": {inner(1, 3, 0), 2, compress.Gzip, kafka.ErrInvalidRecord},
		"none":                  {nil, 2, compress.Gzip, kafka.ErrInvalidRecord},
		"another magic":         {inner(0, 3, 0), 9, compress.Gzip, kafka.ErrInvalidRecord},
		"a wrapper":             {inner(1, 3, compress.Gzip), 9, compress.Gzip, kafka.ErrInvalidRecord},
		"cut":                   {inner(1, 3, 0)[:20], 9, compress.Gzip, kafka.ErrInvalidRecord},
		"zstd":                  {inner(1, 3, 0), 9, compress.Zstd, kafka.ErrInvalidRecord},
	} {
		packed, err := pool.Compress(nil, c.value, c.codec, 0)
		if err != nil {
			t.Fatal(err)
		}
		data := appendMessage(nil, &MessageOptions{Magic: 1}, c.codec, c.offset, 5, nil, packed)
		var r MessageReader
		r.Reset(data, pool, 1<<20)
		for r.Next() {
		}
		if got := kafka.CodeOf(r.Err()); got != c.want {
			t.Errorf("%s: %v", name, r.Err())
		}
	}
}

// A batch of several wrappers: who begins in the middle is sent no wrapper that
// has nothing for him. A client whose limit takes one of them would never get on.
func TestWrappersBelowWhatWasAskedForAreLeftOut(t *testing.T) {
	pool := &compress.Pool{}
	b := NewBuilder(pool, Options{BaseOffset: 10, Codec: compress.Gzip})
	for i := range 12 {
		b.Append(kafka.Timestamp(i), nil, bytes.Repeat([]byte{byte(i)}, wrapperBytes/3))
	}
	data, err := b.Build(nil)
	if err != nil {
		t.Fatal(err)
	}
	d := NewDowngrader(pool)
	for magic := range int8(2) {
		for from := kafka.Offset(10); from < 22; from++ {
			out, count, err := d.Append(nil, data, magic, from)
			if err != nil {
				t.Fatal(err)
			}
			first, _, err := parseMessage(out)
			if err != nil || first.offset() < from {
				t.Errorf("v%d from %d: the first wrapper ends at %d, %v", magic, from, first.offset(), err)
			}
			var r MessageReader
			r.Reset(out, pool, 2*wrapperBytes)
			read, next := 0, from
			for r.Next() {
				if read++; r.Record().Offset == next {
					next++
				}
			}
			if r.Err() != nil || next != 22 || read != count {
				t.Errorf("v%d from %d: %d records of %d, up to %d, %v", magic, from, read, count, next, r.Err())
			}
		}
	}
}

func FuzzMessages(f *testing.F) {
	seeds(f)
	pool := &compress.Pool{}
	for magic := range int8(2) { // what hostile producers send
		nested := messageSet(f, pool, magic, compress.Gzip, goldenMessages(magic))
		for range 3 {
			packed, err := pool.Compress(nil, nested, compress.Gzip, 0)
			if err != nil {
				f.Fatal(err)
			}
			nested = appendMessage(nil, &MessageOptions{Magic: magic}, compress.Gzip, 2, 5, nil, packed)
			f.Add(nested)
		}
		lying := messageSet(f, pool, magic, compress.None, goldenMessages(magic))
		binary.BigEndian.PutUint32(lying[atLength:], 1<<31-1)
		f.Add(lying)
	}
	v, d := NewValidator(pool), NewDowngrader(pool)
	f.Fuzz(func(t *testing.T, data []byte) {
		out, _, err := v.Validate(now, bytes.Clone(data), 7, clientRules())
		if err == nil && len(out) > 0 {
			if err := Batch(out).Verify(); err != nil {
				t.Fatal(err)
			}
			for magic := range int8(2) {
				if _, _, err := d.Append(nil, out, magic, 7); err != nil && kafka.CodeOf(err) != kafka.ErrUnsupportedCompressionType {
					t.Fatalf("stored, and not to be read as v%d: %v", magic, err)
				}
			}
		}
		var r MessageReader
		r.Reset(data, pool, 1<<20)
		for r.Next() {
			if r.Consumed() > len(data) {
				t.Fatalf("%d of %d bytes", r.Consumed(), len(data))
			}
		}
	})
}
