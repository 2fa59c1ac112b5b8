package batch

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// crumbs gives data in pieces of a few bytes.
type crumbs struct {
	data []byte
	size int
}

func (c *crumbs) Next() ([]byte, error) {
	if len(c.data) == 0 {
		return nil, io.EOF
	}
	n := min(c.size, len(c.data))
	piece := c.data[:n:n]
	c.data = c.data[n:]
	return piece, nil
}

// skimAll says which records data begins with, and whether data is sound.
func skimAll(data []byte, count int, size int) (records []seen, why flaw) {
	s := stream{reader: &crumbs{data, size}}
	for range count {
		var r seen
		if why := s.next(&r); why != sound {
			return records, why
		}
		records = append(records, r)
	}
	if !s.ended() {
		return records, flawLength
	}
	return records, sound
}

func plainAll(data []byte, count int) (records []seen, why flaw) {
	for range count {
		var r seen
		n, why := r.skim(data)
		if why != sound {
			return records, why
		}
		data = data[n:]
		records = append(records, r)
	}
	if len(data) > 0 {
		return records, flawLength
	}
	return records, sound
}

// compareSkims checks that the three ways to read records agree: whole, in
// pieces, and with slices of keys and values.
func compareSkims(t failer, data []byte, count int) {
	t.Helper()
	whole, why := plainAll(data, count)
	for _, size := range []int{1, 2, 3, 7, 50, 1 << 20} {
		pieces, pieceWhy := skimAll(data, count, size)
		if (why == sound) != (pieceWhy == sound) || len(whole) != len(pieces) {
			t.Fatalf("%x: whole %v after %d records, in pieces of %d %v after %d", data, why, len(whole), size, pieceWhy, len(pieces))
		}
		for i := range whole {
			if whole[i] != pieces[i] {
				t.Fatalf("%x: record %d is %+v whole and %+v in pieces of %d", data, i, whole[i], pieces[i], size)
			}
		}
	}
	var raw rawRecord
	rest := data
	for i := range whole {
		n, rawWhy := raw.parse(rest)
		if rawWhy != sound {
			t.Fatalf("%x: record %d is sound when skimmed and %v when parsed", data, i, rawWhy)
		}
		rest = rest[n:]
		if got := (seen{raw.timestampDelta, raw.offsetDelta, raw.key != nil}); got != whole[i] {
			t.Fatalf("%x: record %d is %+v skimmed and %+v parsed", data, i, whole[i], got)
		}
	}
	if _, rawWhy := raw.parse(rest); len(whole) < count && rawWhy == sound {
		t.Fatalf("%x: record %d is %v when skimmed and sound when parsed", data, len(whole), why)
	}
}

func TestRecordsAreTheSameWholeAndInPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Options{}
		records := drawRecords(t, &o, true)
		data := build(t, nil, o, records).Payload()
		for range rapid.IntRange(0, 3).Draw(t, "damages") {
			at := rapid.IntRange(0, len(data)-1).Draw(t, "at")
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				data[at] = rapid.Byte().Draw(t, "byte")
			case 1:
				data = data[:at+1]
			case 2:
				data = append(data, data[at])
			}
		}
		if len(data) > 10_000 {
			return // pieces of one byte take their time
		}
		compareSkims(t, data, rapid.IntRange(0, len(records)+1).Draw(t, "count"))
	})
}

func seeds(f *testing.F) {
	f.Helper()
	paths, err := filepath.Glob("testdata/java/*.bin")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
}

func FuzzRecords(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 2000 {
			return
		}
		compareSkims(t, data, 3)
	})
}

// FuzzValidate gives the validator batches whose length and checksum are right,
// and all else as it comes. What it takes must be readable, and be again what
// it takes.
func FuzzValidate(f *testing.F) {
	seeds(f)
	pool := &compress.Pool{}
	f.Fuzz(func(t *testing.T, data []byte) {
		for it := Batches(data); it.Next(); {
			_ = it.Batch().Verify()
		}
		_ = CheckProduce(data, 9)
		if len(data) < HeaderSize {
			return
		}
		b := Batch(bytes.Clone(data))
		binary.BigEndian.PutUint32(b[atLength:], uint32(len(b)-LogOverhead))
		b[atMagic] = Magic
		b.SetBaseOffset(0)
		b.setCRC()
		rules := clientRules()
		rules.AfterMaxMs = 1 << 62
		rules.MaxUnpackedBytes = 1 << 20
		v := NewValidator(pool)
		out, info, err := v.Validate(now, b, 1000, rules)
		if err != nil {
			if kafka.CodeOf(err) == kafka.ErrNone {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		if err := Batch(out).Verify(); err != nil {
			t.Fatal(err)
		}
		records, err := tryRead(out, pool)
		if err != nil || len(records) != int(Batch(out).Count()) || info.FirstOffset != 1000 {
			t.Fatalf("%+v: %d records, %v", info, len(records), err)
		}
		again := Batch(bytes.Clone(out))
		again.SetBaseOffset(0)
		if _, _, err := v.Validate(now, again, 1000, rules); err != nil {
			t.Fatalf("refused the second time: %v", err)
		}
	})
}
