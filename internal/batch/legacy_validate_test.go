package batch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// messageSet is a set of records as an old producer sends it.
func messageSet(t failer, pool *compress.Pool, magic int8, codec compress.Codec, records []plainRecord) []byte {
	t.Helper()
	b := NewMessageBuilder(pool, MessageOptions{Magic: magic, Codec: codec})
	for i, r := range records {
		b.Append(kafka.Offset(i), r.Timestamp, r.Key, r.Value)
	}
	set, err := b.Build(nil)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestMessagesAreStoredAsOneBatch(t *testing.T) {
	pool := &compress.Pool{}
	v := NewValidator(pool)
	for magic := range int8(2) {
		for _, codec := range allFive[:4] {
			for _, target := range append([]compress.Codec{255}, allFive...) { // 255: the producer's
				for _, kind := range []TimestampType{CreateTime, LogAppendTime} {
					name := fmt.Sprintf("magic %d, %s to %s, %s", magic, codec, target, kind)
					rules := clientRules()
					rules.TimestampType, rules.Codec, rules.Recompress = kind, target, target != 255
					in := messageSet(t, pool, magic, codec, goldenMessages(magic))
					out, info, err := v.Validate(now, in, 500, rules)
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					b := Batch(out)
					if err := b.Verify(); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					want := goldenMessages(magic)
					for i := range want {
						want[i].Offset = 500 + kafka.Offset(i)
						if kind == LogAppendTime {
							want[i].Timestamp = nowMs
						}
					}
					if diff := cmp.Diff(want, read(t, b, pool)); diff != "" {
						t.Errorf("%s: %s", name, diff)
					}
					if target == 255 {
						target = codec
					}
					if b.Codec() != target || b.LeaderEpoch() != 7 || b.HasProducerID() || b.TimestampType() != kind {
						t.Errorf("%s: codec %s, epoch %d, producer %d, %s", name, b.Codec(), b.LeaderEpoch(), b.ProducerID(), b.TimestampType())
					}
					if info.FirstOffset != 500 || info.LastOffset != 502 || info.Converted != 3 || !info.Rebuilt || info.Codec != codec {
						t.Errorf("%s: %+v", name, info)
					}
				}
			}
		}
	}
}

func TestWhatMessagesAreRefusedFor(t *testing.T) {
	pool := &compress.Pool{}
	set := func(magic int8, codec compress.Codec) []byte {
		return messageSet(t, pool, magic, codec, goldenMessages(magic))
	}
	wrap := func(magic int8, attributes compress.Codec, value []byte) []byte {
		packed, err := pool.Compress(nil, value, compress.Gzip, 0)
		if err != nil {
			t.Fatal(err)
		}
		return appendMessage(nil, &MessageOptions{Magic: magic}, attributes, 0, nowMs, nil, packed)
	}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	late := goldenMessages(1)
	late[1].Timestamp = nowMs * 2
	for name, c := range map[string]struct {
		in    []byte
		rules func(*Rules)
		want  kafka.Error
	}{
		"mixed magics":              {in: join(set(0, 0), set(1, 0)), want: kafka.ErrInvalidRecord},
		"messages and a batch":      {in: join(set(1, 0), produced(t, pool, 0, 1)), want: kafka.ErrInvalidRecord},
		"a batch and messages":      {in: join(produced(t, pool, 0, 1), set(1, 0)), want: kafka.ErrInvalidRecord},
		"two wrappers":              {in: join(set(1, compress.Gzip), set(1, compress.Gzip)), want: kafka.ErrInvalidRecord},
		"a wrapper and a message":   {in: join(set(1, compress.Gzip), set(1, 0)), want: kafka.ErrInvalidRecord},
		"a wrapper in a wrapper":    {in: wrap(1, compress.Gzip, set(1, compress.Gzip)), want: kafka.ErrInvalidRecord},
		"a wrapper of another":      {in: wrap(1, compress.Gzip, set(0, 0)), want: kafka.ErrInvalidRecord},
		"zstd":                      {in: wrap(1, compress.Zstd, set(1, 0)), want: kafka.ErrInvalidRecord},
		"codec 5":                   {in: wrap(1, 5, set(1, 0)), want: kafka.ErrUnknownServerError},
		"not what it says":          {in: wrap(1, compress.Lz4, set(1, 0)), want: kafka.ErrUnknownServerError},
		"no key, compacted":         {in: set(1, 0), rules: func(r *Rules) { r.Compacted = true }, want: kafka.ErrInvalidRecord},
		"no key, compacted, packed": {in: set(0, compress.Gzip), rules: func(r *Rules) { r.Compacted = true }, want: kafka.ErrInvalidRecord},
		"the future":                {in: messageSet(t, pool, 1, 0, late), want: kafka.ErrInvalidTimestamp},
		"the future, packed":        {in: messageSet(t, pool, 1, compress.Snappy, late), want: kafka.ErrInvalidTimestamp},
		"too large alone":           {in: set(1, 0), rules: func(r *Rules) { r.MaxMessageBytes = 100 }, want: kafka.ErrMessageTooLarge},
		"too large together":        {in: set(1, 0), rules: func(r *Rules) { r.MaxMessageBytes = 340 }, want: kafka.ErrMessageTooLarge},
		"too large unpacked": {in: set(1, compress.Gzip), rules: func(r *Rules) { r.MaxMessageBytes, r.Recompress = 250, true },
			want: kafka.ErrMessageTooLarge},
		"nothing whole": {in: set(1, 0)[:30], want: kafka.ErrNone},
		"a cut end":     {in: set(1, 0)[:60], want: kafka.ErrNone},
	} {
		rules := clientRules()
		if c.rules != nil {
			c.rules(rules)
		}
		_, _, err := NewValidator(pool).Validate(now, bytes.Clone(c.in), 0, rules)
		if got := kafka.CodeOf(err); got != c.want {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestMessageBombsAreBounded packs far more zeros than a producer may send.
func TestMessageBombsAreBounded(t *testing.T) {
	pool := &compress.Pool{}
	v := NewValidator(pool)
	rules := clientRules()
	rules.MaxMessageBytes = 200 << 10 // 19 MiB of messages
	large := appendMessage(nil, &MessageOptions{Magic: 1}, 0, 0, nowMs, nil, make([]byte, 64<<20))
	liar := bytes.Clone(large[:1000])
	many := bytes.Repeat(appendMessage(nil, &MessageOptions{Magic: 0}, 0, 0, 0, nil, nil), 2_000_000)
	for name, c := range map[string]struct {
		inner []byte
		magic int8
		want  kafka.Error
	}{
		"one large message":        {large, 1, kafka.ErrMessageTooLarge},
		"a length that is a lie":   {liar, 1, kafka.ErrInvalidRecord},
		"two million tiny ones":    {many, 0, kafka.ErrMessageTooLarge},
		"zeros instead of lengths": {make([]byte, 64<<20), 0, kafka.ErrMessageTooLarge},
	} {
		packed, err := pool.Compress(nil, c.inner, compress.Gzip, 0)
		if err != nil {
			t.Fatal(err)
		}
		in := appendMessage(nil, &MessageOptions{Magic: c.magic}, compress.Gzip, 0, nowMs, nil, packed)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err = v.Validate(now, in, 0, rules)
		runtime.ReadMemStats(&after)
		if got := kafka.CodeOf(err); got != c.want {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 110<<20 { // a slice that grows to 19 MiB
			t.Errorf("%s: %d MiB allocated", name, n>>20)
		}
		if kept := cap(v.messages.scratch) + cap(v.converted.records); kept > 2*scratchMax {
			t.Errorf("%s: %d bytes kept", name, kept)
		}
	}
}

// TestWhatIsWrittenAnewTwiceIsTheSame converts random batches for an old
// consumer, and what it gets as an old producer's.
func TestWhatIsWrittenAnewTwiceIsTheSame(t *testing.T) {
	pool := &compress.Pool{}
	v, d := NewValidator(pool), NewDowngrader(pool)
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) plainRecord {
			bytesOrNull := rapid.OneOf(rapid.Just[[]byte](nil), rapid.SliceOfN(rapid.Byte(), 0, 200))
			return plainRecord{
				Timestamp: kafka.Timestamp(rapid.Int64Range(0, nowMs).Draw(t, "timestamp")),
				Key:       bytesOrNull.Draw(t, "key"), Value: bytesOrNull.Draw(t, "value"),
				Headers: []Header{{"h", []byte("v")}},
			}
		}), 1, 40).Draw(t, "records")
		offset := kafka.Offset(rapid.Int64Range(0, 1<<40).Draw(t, "base"))
		for i := range records {
			records[i].Offset = offset
			offset += kafka.Offset(1 + rapid.IntRange(0, 3).Draw(t, "gap"))
		}
		magic := rapid.Int8Range(0, 1).Draw(t, "magic")
		codec := rapid.SampledFrom(allFive[:4]).Draw(t, "codec")
		from := records[rapid.IntRange(0, len(records)-1).Draw(t, "from")].Offset
		set, count, err := d.Append(nil, build(t, pool, Options{BaseOffset: records[0].Offset, Codec: codec}, records), magic, from)
		d.Release()
		if err != nil {
			t.Fatal(err)
		}
		var want []plainRecord
		for _, r := range records {
			if codec == compress.None && r.Offset < from {
				continue
			}
			r.Sequence, r.Headers = NoSequence, nil
			if magic == 0 {
				r.Timestamp = kafka.NoTimestamp
			}
			want = append(want, r)
		}
		if diff := cmp.Diff(want, readMessages(t, set, pool)); diff != "" || count != len(want) {
			t.Fatalf("%d, %s", count, diff)
		}
		out, _, err := v.Validate(now, set, 9, clientRules())
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			want[i].Offset = 9 + kafka.Offset(i)
		}
		if diff := cmp.Diff(want, read(t, Batch(out), pool)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func readMessages(t failer, set []byte, pool *compress.Pool) (records []plainRecord) {
	t.Helper()
	var r MessageReader
	r.Reset(set, pool, 1<<26)
	for r.Next() {
		m := r.Record()
		records = append(records, plainRecord{Offset: m.Offset, Timestamp: m.Timestamp, Sequence: m.Sequence, Key: bytes.Clone(m.Key), Value: bytes.Clone(m.Value)})
	}
	if r.Err() != nil || r.Consumed() != len(set) {
		t.Fatalf("%v after %d of %d bytes", r.Err(), r.Consumed(), len(set))
	}
	return records
}

func TestDowngraderLeavesOutWhatOldClientsDoNotKnow(t *testing.T) {
	pool := &compress.Pool{}
	d := NewDowngrader(pool)
	records := goldenRecords(40)
	marker := build(t, pool, Options{BaseOffset: 40, Control: true}, records[:1])
	empty := AppendEmpty(nil, &Options{BaseOffset: 40, LastOffset: 42}, nowMs)
	packed := build(t, pool, Options{BaseOffset: 40, Codec: compress.Gzip, LastOffset: 49}, records)
	plain := build(t, pool, Options{BaseOffset: 40, LastOffset: 49}, records)
	for name, c := range map[string]struct {
		in   Batch
		from kafka.Offset
		want int
	}{
		"a marker":                            {marker, 40, 0},
		"a batch that compaction has emptied": {empty, 40, 0},
		"below what was asked for":            {packed, 60, 0},
		"the rest of what compaction left":    {plain, 45, 0},
		"the rest of it, packed":              {packed, 45, 0},
		"from the middle":                     {plain, 41, 2},
		"from the middle, packed":             {packed, 41, 3},
	} {
		out, count, err := d.Append([]byte("before"), c.in, 1, c.from)
		if err != nil || count != c.want || len(readMessages(t, out[6:], pool)) != c.want || string(out[:6]) != "before" {
			t.Errorf("%s: %d messages, %v, want %d", name, count, err, c.want)
		}
	}
	_, _, err := d.Append(nil, build(t, pool, Options{BaseOffset: 40, Codec: compress.Zstd}, records), 1, 40)
	if !errors.Is(err, kafka.ErrUnsupportedCompressionType) {
		t.Errorf("zstd: %v", err)
	}
	damaged := bytes.Clone(plain)
	damaged[len(damaged)-1] ^= 1
	if _, _, err := d.Append(nil, damaged, 1, 40); !errors.Is(err, kafka.ErrCorruptMessage) {
		t.Errorf("damage: %v", err)
	}
	if _, _, err := d.Append(nil, zeros(t, pool, 130<<20), 1, 0); !errors.Is(err, kafka.ErrMessageTooLarge) {
		t.Errorf("130 MiB: %v", err)
	}
}

// zeros is a batch of one record of so many zeros.
func zeros(t *testing.T, pool *compress.Pool, size int) Batch {
	t.Helper()
	return build(t, pool, Options{Codec: compress.Lz4}, []plainRecord{{Value: make([]byte, size)}})
}

func TestALargeBatchIsPackedPieceByPiece(t *testing.T) {
	pool := &compress.Pool{}
	records := make([]plainRecord, 40)
	for i := range records {
		records[i] = plainRecord{Offset: kafka.Offset(i), Timestamp: nowMs, Sequence: NoSequence, Value: make([]byte, 100_000)}
	}
	set, count, err := NewDowngrader(pool).Append(nil, build(t, pool, Options{Codec: compress.Gzip}, records), 1, 0)
	if err != nil || count != len(records) {
		t.Fatalf("%d, %v", count, err)
	}
	for i, r := range readMessages(t, set, pool) {
		if want := records[i]; r.Offset != want.Offset || r.Timestamp != want.Timestamp || !bytes.Equal(r.Value, want.Value) {
			t.Errorf("message %d at offset %d", i, r.Offset)
		}
	}
	wrappers := 0
	for at := 0; at < len(set); wrappers++ {
		at += LogOverhead + int(binary.BigEndian.Uint32(set[at+atLength:]))
	}
	if wrappers != 4 {
		t.Errorf("%d wrappers", wrappers)
	}
}

func BenchmarkConvertMessages(b *testing.B) {
	pool := &compress.Pool{}
	records := make([]plainRecord, 100)
	for i := range records {
		records[i] = plainRecord{Offset: kafka.Offset(i), Timestamp: nowMs, Value: make([]byte, 1000)}
	}
	for _, codec := range allFive[:4] {
		set := messageSet(b, pool, 1, codec, records)
		v, rules := NewValidator(pool), clientRules()
		b.Run("in/"+codec.String(), func(b *testing.B) {
			b.SetBytes(100_000)
			for b.Loop() {
				if _, _, err := v.Validate(now, set, 0, rules); err != nil {
					b.Fatal(err)
				}
			}
		})
		d, in := NewDowngrader(pool), build(b, pool, Options{Codec: codec}, records)
		var out []byte
		b.Run("out/"+codec.String(), func(b *testing.B) {
			b.SetBytes(100_000)
			for b.Loop() {
				var err error
				if out, _, err = d.Append(out[:0], in, 1, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
