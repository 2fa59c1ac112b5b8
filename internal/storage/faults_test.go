package storage

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// faultScript does a little of everything and goes on after errors. It gives the
// values that were acknowledged, by offset, and the lowest log start it got.
type faultScript struct {
	t      *testing.T
	acked  map[kafka.Offset]string
	failed int
	start  kafka.Offset
}

func (s *faultScript) note(err error) bool {
	if err == nil {
		return true
	}
	s.failed++
	if kafka.CodeOf(err) == kafka.ErrUnknownServerError {
		s.t.Errorf("an error of the disk has no code: %v", err)
	}
	return false
}

func (s *faultScript) append(l *Log, i int) {
	value := fmt.Sprint("value ", i)
	info, err := l.AppendAsLeader(at(int64(i)), records(s.t, opts(), int64(i), value), kafka.LeaderEpoch(i/4), AppendOptions{})
	if s.note(err) {
		s.acked[info.FirstOffset] = value
		l.SetHighWatermark(info.LastOffset + 1)
	}
}

func (s *faultScript) run(host *Host, c *Config) (*Log, error) {
	o := testOptions(c)
	o.New = true
	l, _, err := Open(host, o)
	if err != nil {
		return nil, err
	}
	for i := range 12 {
		s.append(l, i)
		switch i {
		case 5:
			s.note(l.Flush(l.LogEndOffset()))
		case 7:
			_, err := l.AdvanceLogStart(2)
			s.note(err)
			s.start = l.LogStartOffset()
			_, err = retain(l, at(8))
			s.note(err)
			s.note(l.Sweep(at(1000)))
		case 9:
			for range 3 {
				s.note(l.CloseIdle(at(10_000)))
			}
		}
	}
	s.note(l.Roll(at(13)))
	s.append(l, 12)
	return l, nil
}

// needRoom are the operations that a full disk refuses.
const needRoom = vfs.OpWrite | vfs.OpPreallocate | vfs.OpMkdir

// Whichever operation of the disk fails, and whether once or from there on: the
// error is returned with a code, what was acknowledged is read, before and after
// a restart, and nothing else than what was tried.
func TestAnyOperationMayFail(t *testing.T) {
	c := DefaultConfig()
	c.SegmentBytes, c.IndexIntervalBytes = 300, 50
	count, failed := 0, 0
	for n := -1; n <= count; n++ {
		for _, fault := range []vfs.Fault{{Times: 1}, {}, {Times: 1, NoSpace: true, Short: true, Ops: needRoom}, {NoSpace: true, Ops: needRoom}} {
			faults := vfs.NewFaults(disk(t))
			if fault.Ops == 0 {
				fault.Ops = vfs.OpAny
			}
			fault.After = n
			if n >= 0 {
				faults.Inject(fault)
			}
			s := &faultScript{t: t, acked: map[kafka.Offset]string{}}
			l, err := s.run(hostOf(faults), &c)
			if n < 0 {
				count = faults.Count()
				if s.failed > 0 || err != nil {
					t.Fatalf("%d operations failed without a fault, %v", s.failed, err)
				}
			}
			failed += s.failed
			if err != nil {
				continue // the log was not made
			}
			faults.Heal()
			what := fmt.Sprintf("operation %d of %d, %+v", n, count, fault)
			s.check(what+", before", l)
			if before := s.failed; fault.NoSpace {
				// There is space again: the log goes on as it is.
				if s.append(l, 50); s.failed > before {
					t.Fatalf("%s: a disk that was full has broken the log", what)
				}
				s.note(l.Flush(l.LogEndOffset()))
				if s.failed > before {
					t.Fatalf("%s: a disk that was full has broken the log's flush", what)
				}
			}
			l.Abandon()
			o := testOptions(&c)
			o.LogStart, o.RecoveryPoint = s.start, l.RecoveryPoint()
			again, found, err := Open(hostOf(faults), o)
			if err != nil || len(found.Damaged) > 0 {
				t.Fatalf("%s: reopen: %v %+v", what, err, found)
			}
			s.check(what+", after", again)
			s.append(again, 99)
			if _, there := s.acked[again.LogEndOffset()-1]; !there {
				t.Fatalf("%s: no append after the restart", what)
			}
			must(t, again.Close(at(50)))
		}
	}
	if count < 50 || failed < count {
		t.Fatalf("only %d operations, of which %d failed", count, failed)
	}
}

func (s *faultScript) check(what string, l *Log) {
	s.t.Helper()
	for offset, value := range s.acked {
		if offset < l.LogStartOffset() {
			continue
		}
		got, err := tryReadAll(l, offset, offset+1)
		if err != nil || !slices.Equal(got, []string{value}) {
			s.t.Fatalf("%s: offset %d is %v (%v), want %q", what, offset, got, err, value)
		}
	}
	all, err := tryReadAll(l, l.LogStartOffset(), l.LogEndOffset())
	if err != nil || len(all) != int(l.LogEndOffset()-l.LogStartOffset()) {
		s.t.Fatalf("%s: [%d, %d) has %v, %v", what, l.LogStartOffset(), l.LogEndOffset(), all, err)
	}
}

// After a sync has failed, nobody knows what is durable: the log takes no more.
func TestAFailedSyncEndsAppends(t *testing.T) {
	c := DefaultConfig()
	faults := vfs.NewFaults(disk(t))
	l := newLog(t, faults, &c)
	appendValues(t, l, 0, "a")
	faults.Inject(vfs.Fault{Ops: vfs.OpSync, Times: 1})
	if err := l.Flush(1); kafka.CodeOf(err) != kafka.ErrKafkaStorageError {
		t.Fatalf("flush: %v", err)
	}
	if l.RecoveryPoint() != 0 {
		t.Fatal("a failed sync moved the recovery point")
	}
	if _, err := l.AppendAsLeader(at(1), records(t, opts(), 1, "b"), 0, AppendOptions{}); kafka.CodeOf(err) != kafka.ErrKafkaStorageError {
		t.Fatalf("append after a failed sync: %v", err)
	}
	equal(t, "reads go on", readAll(t, l, 0), []string{"a"})
	if err := l.Close(at(2)); err == nil {
		t.Fatal("such a log closes cleanly")
	}
}

func TestAClosedLogSaysSo(t *testing.T) {
	c := DefaultConfig()
	m := disk(t)
	l := newLog(t, m, &c)
	appendValues(t, l, 0, "a", "b")
	var f Fetched
	must(t, l.Read(0, 1000, true, 2, &f))
	id := kafka.UUID{0xab, 15: 0x01}
	must(t, l.Delete(id))
	must(t, l.Delete(id))
	if want := "/data/orders-0.ab000000000000000000000000000001-delete"; l.Dir() != want {
		t.Fatalf("deleted to %s, want %s", l.Dir(), want)
	}
	if n, err := f.Section.ReadAt(make([]byte, 10), 0); n != 10 || err != nil {
		t.Fatalf("a section that was handed out: %d %v", n, err)
	}
	f.Release()
	f.Release()
	if err := l.Read(0, 10, true, 2, &f); !errors.Is(err, kafka.ErrNotLeaderOrFollower) {
		t.Fatalf("read: %v", err)
	}
	if _, err := l.AppendAsLeader(at(1), nil, 0, AppendOptions{}); !errors.Is(err, kafka.ErrNotLeaderOrFollower) {
		t.Fatalf("append: %v", err)
	}
	again := newLog(t, m, &c) // of the same name
	appendValues(t, again, 0, "c")
	must(t, l.Remove())
	if entries, err := m.List("/data"); err != nil || len(entries) != 1 {
		t.Fatalf("%v %v", entries, err)
	}
	if err := again.Remove(); err == nil {
		t.Fatal("a log that was not deleted can be removed")
	}
}

// A roll that fails half-way leaves no file behind: a smaller batch may fit into
// the old segment, and the leftover would stand among its offsets.
func TestAFailedRollLeavesNoSegment(t *testing.T) {
	c := DefaultConfig()
	c.SegmentBytes = 400
	for _, suffix := range []string{".index", ".timeindex"} {
		faults := vfs.NewFaults(disk(t))
		l := newLog(t, faults, &c)
		appendValues(t, l, 0, strings.Repeat("a", 200))
		faults.Inject(vfs.Fault{Ops: vfs.OpOpen, Contains: "01" + suffix, Times: 1})
		if _, err := l.AppendAsLeader(at(1), records(t, opts(), 1, strings.Repeat("b", 200)), 0, AppendOptions{}); err == nil {
			t.Fatal("there was no fault")
		}
		appendValues(t, l, 1, "c")
		appendValues(t, l, 2, strings.Repeat("d", 200))
		l.Abandon()
		again, found, err := Open(hostOf(faults), testOptions(&c))
		must(t, err)
		if len(found.Cuts) > 0 || again.LogEndOffset() != 3 {
			t.Errorf("%s: the log ends at %d after a crash: %+v", suffix, again.LogEndOffset(), found)
		}
		must(t, again.Close(at(3)))
	}
}

// A fetch whose limit is used up asks the other partitions for nothing.
func TestAReadOfNothingReadsNoFile(t *testing.T) {
	c := DefaultConfig()
	c.SegmentBytes = 300
	m := disk(t)
	l := newLog(t, m, &c)
	for i := range 10 {
		appendValues(t, l, int64(i), strings.Repeat("a", 200))
	}
	must(t, l.Close(at(20)))
	faults := vfs.NewFaults(m)
	o := testOptions(&c)
	o.Clean = true
	l, _, err := Open(hostOf(faults), o)
	must(t, err)
	before := faults.Count()
	var f Fetched
	must(t, l.Read(1, 0, false, 10, &f))
	if n := faults.Count() - before; n > 0 || f.Section.Len() > 0 {
		t.Errorf("%d operations for %d bytes", n, f.Section.Len())
	}
	must(t, l.Close(at(21)))
}
