package history

import (
	"bytes"
	"strings"
	"testing"
)

func said(t *testing.T, v *Verdict) string {
	t.Helper()
	var b strings.Builder
	if err := v.Print(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func check(t *testing.T, ops []Op, o Options) *Verdict {
	t.Helper()
	v, err := Check(ops, o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestValidHistoriesAreValid makes histories of a correct log: nothing wrong is
// found in any of them, and in those that are serial nothing at all.
func TestValidHistoriesAreValid(t *testing.T) {
	var lines, info, read int
	for seed := range uint64(1500) {
		ops := valid(seed, 40+int(seed%300), false)
		for _, o := range []Options{{}, {WriteWrite: true}, {WriteWrite: true, ReadWrite: true}, {Uncommitted: true}} {
			if v := check(t, ops, o); !v.Valid {
				t.Fatalf("seed %d, %+v: %s", seed, o, said(t, v))
			}
		}
		ops = valid(seed, 40+int(seed%300), true)
		v := check(t, ops, Options{WriteWrite: true, Strict: true})
		if len(v.Findings) > 0 {
			t.Fatalf("seed %d, serial: %s", seed, said(t, v))
		}
		lines, info, read = lines+v.Lines, info+v.Info, read+v.Read
	}
	t.Logf("%d lines, %d operations of unknown outcome, %d values read", lines, info, read)
}

// TestLinesKeepAHistory writes histories and reads them again.
func TestLinesKeepAHistory(t *testing.T) {
	for seed := range uint64(20) {
		ops := valid(seed, 200, false)
		var b, again bytes.Buffer
		if err := Write(&b, ops); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		read, err := Read(&b, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := Write(&again, read); err != nil {
			t.Fatal(err)
		}
		if text != again.String() {
			t.Fatalf("seed %d: the history is another one after it was read", seed)
		}
		if x, y := said(t, check(t, ops, Options{})), said(t, check(t, read, Options{})); x != y {
			t.Fatalf("seed %d: %s\nafter reading: %s", seed, x, y)
		}
		cut := text[:len(text)-20]
		if _, err := Read(strings.NewReader(cut), false); err == nil {
			t.Fatalf("seed %d: a torn last line went unnoticed", seed)
		}
		if read, err := Read(strings.NewReader(cut), true); err != nil || len(read) != len(ops)-1 {
			t.Fatalf("seed %d: %d of %d lines, %v", seed, len(read), len(ops), err)
		}
	}
}

// TestWhatIsNoHistoryIsRefused names the line and what is wrong with it.
func TestWhatIsNoHistoryIsRefused(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"process":1,"type":"ok","f":"poll"}`, "line 1: process 1 ends a poll that it did not begin"},
		{`{"process":1,"type":"invoke","f":"poll"}` + "\n" + `{"process":1,"type":"ok","f":"send"}`, "line 2: process 1 ends a send that it did not begin"},
		{`{"process":1,"type":"invoke","f":"send","micro":[{"send":[0,-1,7]},{"send":[0,-1,7]}]}`, "line 1: value 7 is sent to key 0 a second time"},
		{`{"process":1,"type":"good","f":"send"}`, `line 1: type "good" is none of`},
		{`{"process":1,"type":"ok","f":"sing"}`, `line 1: f "sing" is none of`},
		{`{"process":1,"type":"ok","f":"send","micro":[{"send":[0,7]}]}`, "is not [key, offset, value]"},
	} {
		ops, err := Read(strings.NewReader(c.text), false)
		if err == nil {
			_, err = Check(ops, Options{})
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\n says %v, want %s", c.text, err, c.want)
		}
	}
}

// TestAMillionOperationsTakeSeconds is about the growth, not the machine.
func TestAMillionOperationsTakeSeconds(t *testing.T) {
	ops := valid(7, 900_000, false)
	v := check(t, ops, Options{WriteWrite: true})
	if !v.Valid || v.Lines < 400_000 {
		t.Errorf("%s", said(t, v))
	}
}

func BenchmarkCheck(b *testing.B) {
	ops := valid(7, 3_800_000, false)
	n := 0
	for b.Loop() {
		v, err := Check(ops, Options{})
		if err != nil || !v.Valid {
			b.Fatal(err, v)
		}
		n = v.OK + v.Info + v.Fail
	}
	b.ReportMetric(float64(n), "operations")
}
