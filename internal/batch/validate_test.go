package batch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

const nowMs = 1_700_000_000_000

var (
	now     = time.UnixMilli(nowMs)
	allFive = []compress.Codec{compress.None, compress.Gzip, compress.Snappy, compress.Lz4, compress.Zstd}
)

// clientRules are a topic's defaults.
func clientRules() *Rules {
	return &Rules{
		Partition:       kafka.TopicPartition{Topic: "orders", Partition: 3},
		LeaderEpoch:     7,
		MaxMessageBytes: 1 << 20,
		BeforeMaxMs:     math.MaxInt64,
		AfterMaxMs:      3_600_000,
	}
}

// produced is a batch of n records as a producer sends it.
func produced(t failer, pool *compress.Pool, codec compress.Codec, n int) Batch {
	t.Helper()
	o := Options{Codec: codec, LeaderEpoch: -1}
	records := make([]plainRecord, n)
	for i := range records {
		records[i] = plainRecord{
			Offset:    kafka.Offset(i),
			Timestamp: nowMs - kafka.Timestamp(i%3),
			Key:       []byte{byte(i)},
			Value:     bytes.Repeat([]byte{byte(i)}, 100),
			Headers:   []Header{{"trace", []byte("abc")}},
		}
	}
	return build(t, pool, o, records)
}

func TestValidateAssignsOffsetsInPlace(t *testing.T) {
	pool := &compress.Pool{}
	v := NewValidator(pool)
	for _, codec := range allFive {
		for _, kind := range []TimestampType{CreateTime, LogAppendTime} {
			in := produced(t, pool, codec, 5)
			before := read(t, in, pool)
			rules := clientRules()
			rules.TimestampType = kind
			tail := append(clone(in), in[:HeaderSize-1]...) // a cut batch behind it
			out, info, err := v.Validate(now, tail, 1000, rules)
			if err != nil {
				t.Fatalf("%s: %v", codec, err)
			}
			if &out[0] != &tail[0] || len(out) != len(in) {
				t.Errorf("%s: the batch was copied", codec)
			}
			want := Info{
				FirstOffset: 1000, LastOffset: 1004, LastEpoch: 7, MaxTimestamp: nowMs,
				LogAppendTime: -1, Codec: codec, Batches: 1, ValidBytes: len(in),
			}
			if kind == LogAppendTime {
				want.LogAppendTime = nowMs
			}
			if diff := cmp.Diff(want, info); diff != "" {
				t.Errorf("%s: %s", codec, diff)
			}
			for i := range before {
				before[i].Offset += 1000
				if kind == LogAppendTime {
					before[i].Timestamp = nowMs
				}
			}
			if err := Batch(out).Verify(); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(before, read(t, out, pool)); diff != "" {
				t.Errorf("%s: %s", codec, diff)
			}
		}
	}
}

func TestValidateRecompressesByTheTopicsType(t *testing.T) {
	pool := &compress.Pool{}
	v := NewValidator(pool)
	for _, from := range allFive {
		for _, to := range allFive {
			in := produced(t, pool, from, 5)
			before := read(t, in, pool)
			rules := clientRules()
			rules.Recompress, rules.Codec = true, to
			out, info, err := v.Validate(now, in, 10, rules)
			if err != nil {
				t.Fatalf("%s to %s: %v", from, to, err)
			}
			b := Batch(out)
			if info.Rebuilt != (from != to) || b.Codec() != to || b.BaseOffset() != 10 || b.LeaderEpoch() != 7 || info.Codec != from {
				t.Errorf("%s to %s: %+v", from, to, info)
			}
			if err := b.Verify(); err != nil {
				t.Error(err)
			}
			for i := range before {
				before[i].Offset += 10
			}
			if diff := cmp.Diff(before, read(t, out, pool)); diff != "" {
				t.Errorf("%s to %s: %s", from, to, diff)
			}
		}
	}
}

func TestValidateChecksTheSizeAgainAfterRecompression(t *testing.T) {
	pool := &compress.Pool{}
	rules := clientRules()
	rules.Recompress, rules.MaxMessageBytes = true, 1000
	in := produced(t, pool, compress.Gzip, 50)
	if len(in) > 1000 {
		t.Fatalf("%d bytes", len(in))
	}
	if _, _, err := NewValidator(pool).Validate(now, in, 0, rules); kafka.CodeOf(err) != kafka.ErrMessageTooLarge {
		t.Errorf("got %v", err)
	}
	rules.IgnoreSize = true
	if _, _, err := NewValidator(pool).Validate(now, produced(t, pool, compress.Gzip, 50), 0, rules); err != nil {
		t.Errorf("a coordinator's batch: %v", err)
	}
}

// resum sets the checksum of a batch that a test has changed.
func resum(b Batch) []byte {
	b.setCRC()
	return b
}

func TestValidateRefuses(t *testing.T) {
	pool := &compress.Pool{}
	put32 := binary.BigEndian.PutUint32
	cases := []struct {
		name  string
		want  kafka.Error
		rules func(*Rules)
		spoil func(Batch) []byte
	}{
		{name: "nothing wrong", want: kafka.ErrNone},
		{name: "flipped bit", want: kafka.ErrCorruptMessage, spoil: func(b Batch) []byte { b[len(b)-1] ^= 1; return b }},
		{name: "base offset", want: kafka.ErrInvalidRecord, spoil: func(b Batch) []byte { b.SetBaseOffset(1); return b }},
		{name: "too large", want: kafka.ErrMessageTooLarge, rules: func(r *Rules) { r.MaxMessageBytes = 100 }},
		{name: "magic 3", want: kafka.ErrCorruptMessage, spoil: func(b Batch) []byte { b[atMagic] = 3; return b }},
		{name: "magic 1", want: kafka.ErrCorruptMessage, spoil: func(b Batch) []byte { b[atMagic] = 1; return b }},
		{name: "length 0", want: kafka.ErrCorruptMessage, spoil: func(b Batch) []byte { put32(b[atLength:], 0); return b }},
		{name: "length -1", want: kafka.ErrCorruptMessage, spoil: func(b Batch) []byte { put32(b[atLength:], math.MaxUint32); return b }},
		{name: "length 48", want: kafka.ErrCorruptMessage, spoil: func(b Batch) []byte { put32(b[atLength:], 48); return b }},
		{name: "two batches", want: kafka.ErrInvalidRecord, spoil: func(b Batch) []byte { return append(clone(b), b...) }},
		{name: "codec 5", want: kafka.ErrUnknownServerError, spoil: func(b Batch) []byte { b[atAttributes+1] |= 5; return resum(b) }},
		{name: "control", want: kafka.ErrInvalidRecord, spoil: func(b Batch) []byte { b[atAttributes+1] |= attrControl; return resum(b) }},
		{name: "count above the records", want: kafka.ErrInvalidRecord, spoil: func(b Batch) []byte {
			put32(b[atCount:], 6)
			put32(b[atLastOffsetDelta:], 5)
			return resum(b)
		}},
		{name: "count below the records", want: kafka.ErrInvalidRecord, spoil: func(b Batch) []byte {
			put32(b[atCount:], 4)
			put32(b[atLastOffsetDelta:], 3)
			return resum(b)
		}},
		{name: "count is not the span", want: kafka.ErrInvalidRecord, spoil: func(b Batch) []byte { put32(b[atCount:], 4); return resum(b) }},
		{name: "no records", want: kafka.ErrInvalidRecord, spoil: func(b Batch) []byte {
			put32(b[atCount:], 0)
			put32(b[atLastOffsetDelta:], math.MaxUint32)
			return resum(b)
		}},
		{name: "negative count", want: kafka.ErrInvalidRecord, spoil: func(b Batch) []byte { put32(b[atCount:], math.MaxUint32); return resum(b) }},
		{name: "producer without sequence", want: kafka.ErrInvalidRecord, spoil: func(b Batch) []byte {
			binary.BigEndian.PutUint64(b[atProducerID:], 5)
			return resum(b)
		}},
		{name: "LogAppendTime by the producer", want: kafka.ErrInvalidTimestamp,
			rules: func(r *Rules) { r.TimestampType = LogAppendTime },
			spoil: func(b Batch) []byte { b[atAttributes+1] |= attrLogAppendTime; return resum(b) }},
		{name: "too old", want: kafka.ErrInvalidTimestamp, rules: func(r *Rules) { r.BeforeMaxMs = 1 }},
		{name: "too new", want: kafka.ErrInvalidTimestamp, rules: func(r *Rules) { r.AfterMaxMs = -1 }},
		{name: "unpacks to too much", want: kafka.ErrNone, rules: func(r *Rules) { r.MaxUnpackedBytes = 10 }},
	}
	for _, codec := range allFive {
		for _, c := range cases {
			rules := clientRules()
			if c.rules != nil {
				c.rules(rules)
			}
			in := []byte(produced(t, pool, codec, 5))
			if c.spoil != nil {
				in = c.spoil(in)
			}
			want := c.want
			if c.name == "unpacks to too much" && codec != compress.None {
				want = kafka.ErrMessageTooLarge
			}
			if c.name == "codec 5" && codec != compress.None {
				in[atAttributes+1] |= 7
				in = resum(in)
			}
			_, _, err := NewValidator(pool).Validate(now, in, 0, rules)
			if got := kafka.CodeOf(err); got != want {
				t.Errorf("%s, %s: %v, want %v", codec, c.name, err, want)
			}
		}
	}
}

func TestValidateNamesTheRefusedRecords(t *testing.T) {
	pool := &compress.Pool{}
	for _, codec := range allFive {
		o := Options{Codec: codec}
		in := build(t, pool, o, []plainRecord{
			{Offset: 0, Timestamp: nowMs, Key: []byte("k")},
			{Offset: 1, Timestamp: nowMs},
			{Offset: 2, Timestamp: nowMs + 7_200_000, Key: []byte("k")},
			{Offset: 3, Timestamp: -1},
		})
		rules := clientRules()
		var refused *RecordErrors
		rules.Compacted = true
		_, _, err := NewValidator(pool).Validate(now, clone(in), 0, rules)
		if !errors.As(err, &refused) || kafka.CodeOf(err) != kafka.ErrInvalidTimestamp || kafka.MessageOf(err) == nil {
			t.Fatalf("%s: %v", codec, err)
		}
		var indexes []int32
		for _, r := range refused.Records {
			indexes = append(indexes, r.Index)
			if r.Message == "" {
				t.Errorf("record %d without a message", r.Index)
			}
		}
		if diff := cmp.Diff([]int32{1, 2, 3}, indexes); diff != "" {
			t.Errorf("%s: %s", codec, diff)
		}
		rules.AfterMaxMs = math.MaxInt64
		_, _, err = NewValidator(pool).Validate(now, clone(in), 0, rules)
		if !errors.As(err, &refused) || kafka.CodeOf(err) != kafka.ErrInvalidRecord || len(refused.Records) != 2 {
			t.Errorf("%s: %v", codec, err)
		}
	}
}

func TestValidateRenumbersRecordsThatItCompresses(t *testing.T) {
	pool := &compress.Pool{}
	for _, from := range allFive {
		for _, to := range allFive {
			in := build(t, pool, Options{Codec: from}, []plainRecord{
				{Offset: 0, Timestamp: nowMs, Value: []byte("a")},
				{Offset: 3, Timestamp: nowMs, Value: []byte("b"), Headers: []Header{{"h", nil}}},
			})
			binary.BigEndian.PutUint32(in[atLastOffsetDelta:], 1) // an old client's idea of a batch
			rules := clientRules()
			rules.Recompress, rules.Codec = true, to
			out, info, err := NewValidator(pool).Validate(now, resum(in), 100, rules)
			if from == to && from != compress.None {
				if kafka.CodeOf(err) != kafka.ErrUnknownServerError {
					t.Errorf("%s: %v", from, err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s to %s: %v", from, to, err)
			}
			want := kafka.Offset(101)
			if from == to {
				want = 103 // Kafka does not look there
			}
			records := read(t, out, pool)
			if records[1].Offset != want || info.LastOffset != 101 || Batch(out).LastOffset() != 101 || string(records[1].Value) != "b" {
				t.Errorf("%s to %s: %+v %+v", from, to, records, info)
			}
			if err := Batch(out).Verify(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestValidateTakesWhatOnlyBrokersWrite(t *testing.T) {
	pool := &compress.Pool{}
	rules := clientRules()
	rules.Origin = FromCoordinator
	rules.Recompress, rules.Codec = true, compress.Zstd
	in := build(t, pool, Options{Control: true, Transactional: true, Producer: &Producer{9, 1, NoSequence}}, []plainRecord{
		{Timestamp: nowMs, Key: ControlKey(ControlCommit), Value: []byte{0, 0, 0, 0, 0, 1}},
	})
	out, info, err := NewValidator(pool).Validate(now, in, 4, rules)
	if err != nil || info.Rebuilt || Batch(out).Codec() != compress.None || !Batch(out).Control() {
		t.Fatalf("%+v, %v", info, err)
	}
}

func TestAnalyzeOfAFollower(t *testing.T) {
	pool := &compress.Pool{}
	at := func(base kafka.Offset, epoch kafka.LeaderEpoch) []byte {
		return build(t, pool, Options{BaseOffset: base, LeaderEpoch: epoch}, []plainRecord{{Offset: base, Timestamp: 5}, {Offset: base + 1, Timestamp: 9}})
	}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	rules := &Rules{Origin: FromReplication, LeaderEpoch: 4, MaxMessageBytes: 1000}
	one := len(at(0, 0))

	info, err := Analyze(join(at(10, 3), at(12, 4), at(14, 5), at(16, 4)), rules)
	if err != nil || info.ValidBytes != 2*one || info.LastOffset != 13 || info.LastEpoch != 4 || info.FirstOffset != 10 || info.MaxTimestamp != 9 {
		t.Errorf("a batch of a later epoch: %+v, %v", info, err)
	}
	if _, err := Analyze(join(at(10, 3), at(10, 3)), rules); err == nil {
		t.Error("offsets that do not rise are taken")
	}
	if info, err := Analyze(join(at(10, 3), at(12, 3)[:70]), rules); err != nil || info.ValidBytes != one {
		t.Errorf("a cut tail: %+v, %v", info, err)
	}
	if info, err := Analyze(at(10, 3)[:50], rules); err != nil || info.ValidBytes != 0 || info.LastOffset != -1 {
		t.Errorf("only a cut tail: %+v, %v", info, err)
	}
	rules.Origin = FromRaftLeader
	if _, err := Analyze(at(10, 3), rules); kafka.CodeOf(err) != kafka.ErrInvalidRecord {
		t.Errorf("another epoch from the raft leader: %v", err)
	}
}

func TestCheckProduce(t *testing.T) {
	pool := &compress.Pool{}
	plain, packed := produced(t, pool, compress.None, 1), produced(t, pool, compress.Zstd, 1)
	old := clone(plain)
	old[atMagic] = 1
	for name, c := range map[string]struct {
		records []byte
		version int16
		want    kafka.Error
	}{
		"good":            {plain, 3, 0},
		"a cut tail":      {append(clone(plain), plain[:60]...), 3, 0},
		"nothing":         {nil, 9, kafka.ErrInvalidRecord},
		"cut":             {plain[:70], 9, kafka.ErrInvalidRecord},
		"two":             {append(clone(plain), plain...), 9, kafka.ErrInvalidRecord},
		"magic 1":         {old, 9, kafka.ErrInvalidRecord},
		"zstd in 7":       {packed, 7, 0},
		"zstd in 6":       {packed, 6, kafka.ErrUnsupportedCompressionType},
		"an empty length": {make([]byte, 100), 9, kafka.ErrCorruptMessage},
	} {
		if got := kafka.CodeOf(CheckProduce(c.records, c.version)); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestValidateAllocatesNothing(t *testing.T) {
	pool := &compress.Pool{}
	v := NewValidator(pool)
	rules := clientRules()
	for _, codec := range allFive {
		in := produced(t, pool, codec, 1000)
		run := func() {
			in.SetBaseOffset(0)
			if _, _, err := v.Validate(now, in, 77, rules); err != nil {
				t.Fatal(err)
			}
		}
		if n := testing.AllocsPerRun(50, run); n > 0.5 {
			t.Errorf("%s: %v allocations", codec, n)
		}
	}
}

func BenchmarkValidate(b *testing.B) {
	pool := &compress.Pool{}
	v := NewValidator(pool)
	rules := clientRules()
	for _, codec := range allFive {
		b.Run(codec.String(), func(b *testing.B) {
			in := produced(b, pool, codec, 1000)
			b.SetBytes(1000 * 110)
			b.ReportAllocs()
			for b.Loop() {
				in.SetBaseOffset(0)
				if _, _, err := v.Validate(now, in, 77, rules); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
