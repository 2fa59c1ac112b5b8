package storage

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// What a log remembers of its end is what its file has there, whatever happens
// between appends, syncs and pieces.
func TestRememberedEndIsTheFiles(t *testing.T) {
	c := DefaultConfig()
	c.SegmentBytes = 30_000
	m := disk(t)
	host := hostOf(m)
	o := testOptions(&c)
	o.New, o.Journal = true, &fakeJournal{}
	l, _, err := Open(host, o)
	must(t, err)
	rng := rand.New(rand.NewPCG(1, 2))
	pieces, remembered, clock := 0, 0, int64(0)
	take := func(between func()) {
		p, ok := l.BeginPiece(64 << 10)
		if !ok {
			return
		}
		between()
		got, want := make([]byte, p.Size), make([]byte, p.Size)
		must(t, p.Read(got))
		pieces++
		if p.tail != nil {
			remembered++
		}
		p.tail = nil
		must(t, p.Read(want))
		if !bytes.Equal(got, want) {
			t.Fatalf("piece %d at %d of %d is not what the file has", pieces, p.Position, p.Base)
		}
		l.EndPiece(&p, rng.IntN(4) > 0)
	}
	appendSome := func() {
		clock++
		appendValues(t, l, clock, strings.Repeat(string(rune('a'+rng.IntN(26))), 1+rng.IntN(900)))
	}
	for range 5000 {
		switch n := rng.IntN(100); {
		case n < 45:
			appendSome()
		case n < 75:
			take(func() {})
		case n < 92:
			take(func() {
				for range rng.IntN(8) {
					appendSome()
				}
			})
		case n < 96:
			must(t, l.Sync())
		case n < 97:
			must(t, l.Roll(at(clock)))
		case n < 98:
			_, err := l.TruncateTo(at(clock), l.LogEndOffset()-1)
			must(t, err)
		default:
			appendValues(t, l, clock, strings.Repeat("long", 2000))
		}
	}
	if remembered < 500 || pieces-remembered < 50 {
		t.Errorf("%d of %d pieces were remembered: the test tests nothing", remembered, pieces)
	}
	must(t, l.Close(at(clock)))
	if n := host.tails.out.Load(); n != 0 {
		t.Errorf("a closed log keeps memory of %d ends", n)
	}
}

// The memory for the ends of logs that nobody syncs is bounded.
func TestEndsOfManyLogsAreNotRemembered(t *testing.T) {
	c := DefaultConfig()
	host := hostOf(disk(t))
	host.tails.out.Store(tailsMost)
	o := testOptions(&c)
	o.New, o.Journal = true, &fakeJournal{}
	l, _, err := Open(host, o)
	must(t, err)
	appendValues(t, l, 0, "x")
	must(t, l.Sync())
	appendValues(t, l, 1, "y")
	if p, ok := l.BeginPiece(1 << 10); !ok || p.tail != nil || host.tails.out.Load() != tailsMost {
		t.Errorf("ok %v, remembered %v, %d ends in all", ok, p.tail != nil, host.tails.out.Load())
	}
}
