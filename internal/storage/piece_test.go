package storage

import (
	"testing"
)

// fakeJournal holds pieces of a log until it is told to forget them.
type fakeJournal struct {
	holds   bool
	forgets int
}

func (j *fakeJournal) Holds() bool   { return j.holds }
func (j *fakeJournal) Forget() error { j.forgets++; j.holds = false; return nil }

// journaledLog is a log with a record in its file, synced, and one that only a
// journal has.
func journaledLog(t *testing.T) (*Log, *fakeJournal) {
	t.Helper()
	c := DefaultConfig()
	j := &fakeJournal{}
	o := testOptions(&c)
	o.New, o.Journal = true, j
	l, _, err := Open(hostOf(disk(t)), o)
	must(t, err)
	appendValues(t, l, 0, "in the file")
	must(t, l.Sync())
	appendValues(t, l, 1, "in the journal")
	p, ok := l.BeginPiece(1 << 10)
	if !ok {
		t.Fatal("the journal cannot take the end of the log")
	}
	must(t, p.Read(make([]byte, p.Size)))
	j.holds = true
	l.EndPiece(&p, true)
	if l.Synced() != 2 {
		t.Fatalf("synced up to %d", l.Synced())
	}
	return l, j
}

// What only a journal has is in no file yet because the log was closed: the
// journal must not be used again for others, nor forget it.
func TestAbandonedLogStaysInTheJournal(t *testing.T) {
	l, j := journaledLog(t)
	l.Abandon()
	if done, err := l.File(); done || err != nil {
		t.Errorf("a log that was not synced counts as synced: %v, %v", done, err)
	}
	if _, err := l.TruncateTo(at(2), 1); err == nil {
		t.Error("a closed log was truncated")
	}
	if err := l.TruncateFully(at(2), 0); err == nil {
		t.Error("a closed log was truncated")
	}
	if j.forgets > 0 {
		t.Error("the journal was told to forget what no file has")
	}
	must(t, l.Delete(testTopicID))
	if done, err := l.File(); !done || err != nil || j.forgets != 1 {
		t.Errorf("of a deleted log: %v, %v, forgotten %d times", done, err, j.forgets)
	}
}

func TestClosedLogIsInItsFile(t *testing.T) {
	l, _ := journaledLog(t)
	must(t, l.Close(at(2)))
	if done, err := l.File(); !done || err != nil {
		t.Errorf("%v, %v", done, err)
	}
}

// A change of the files other than by appends: what the journal has is in the file
// first, and is then forgotten. The piece behind it is taken again once the file
// was synced.
func TestTruncationLeavesTheJournalFirst(t *testing.T) {
	l, j := journaledLog(t)
	if cut, err := l.TruncateTo(at(2), 1); !cut || err != nil {
		t.Fatal(cut, err)
	}
	if j.forgets != 1 {
		t.Errorf("forgotten %d times", j.forgets)
	}
	appendValues(t, l, 3, "instead")
	if _, ok := l.BeginPiece(1 << 10); ok {
		t.Error("a piece behind a cut that is not synced")
	}
	must(t, l.Sync())
	appendValues(t, l, 4, "and more")
	p, ok := l.BeginPiece(1 << 10)
	if !ok {
		t.Fatal("no piece when the cut is synced")
	}
	l.EndPiece(&p, false)
	if l.Synced() != 2 {
		t.Errorf("synced up to %d", l.Synced())
	}
}

// With preallocate=true a roll takes the zeros behind the data away. A crash must
// not bring them back in front of a segment whose records are on disk: the recovery
// would end the log there.
func TestRolledSegmentEndsWithItsDataOnDisk(t *testing.T) {
	c := DefaultConfig()
	c.Preallocate, c.SegmentBytes = true, 20_000
	m := disk(t)
	l := newLog(t, m, &c)
	appendValues(t, l, 0, "in the first segment")
	must(t, l.Sync())
	must(t, l.Roll(at(1)))
	appendValues(t, l, 2, "in the second")
	must(t, l.Sync())
	l, found, err := Open(hostOf(m.CrashClone(nil)), testOptions(&c))
	must(t, err)
	if l.LogEndOffset() != 2 {
		t.Errorf("after a loss of power the log ends at %d: %+v", l.LogEndOffset(), found.Cuts)
	}
}
