package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

const billion = 1_000_000_000

// offsets are those of a segment's batches, of one record each.
type offsets []kafka.Offset

// sprawling is a log as an old Kafka can have left it: its segments, by base.
type sprawling map[kafka.Offset]offsets

// end is where the log ends.
func (s sprawling) end() kafka.Offset {
	last := s[slices.Max(slices.Collect(maps.Keys(s)))]
	return last[len(last)-1] + 1
}

// values are what a reader of the log gets.
func (s sprawling) values() []string {
	var all []string
	for _, base := range slices.Sorted(maps.Keys(s)) {
		for _, at := range s[base] {
			all = append(all, fmt.Sprint("value ", at))
		}
	}
	return all
}

// write puts the log on a disk, durably, with indexes that wrap around as those of
// old versions do.
func (s sprawling) write(t testing.TB, m *vfs.Mem) {
	t.Helper()
	must(t, m.MkdirAll(testDir))
	for base, all := range s {
		var data, index []byte
		for _, at := range all {
			if len(data) > 0 {
				index = binary.BigEndian.AppendUint32(index, uint32(at-base))
				index = binary.BigEndian.AppendUint32(index, uint32(len(data)))
			}
			data = append(data, records(t, batch.Options{BaseOffset: at}, int64(len(data)), fmt.Sprint("value ", at))...)
		}
		for suffix, content := range map[string][]byte{segment.LogSuffix: data, segment.IndexSuffix: index, segment.TimeSuffix: nil} {
			name := vfs.Join(testDir, segment.Name(base, suffix))
			must(t, vfs.WriteFile(m, name, content))
			f, err := m.Open(name, vfs.Write)
			must(t, err)
			must(t, errors.Join(f.Sync(), f.Close()))
		}
	}
	must(t, m.SyncDir(testDir))
	must(t, errors.Join(m.SyncDir("/data"), m.SyncDir("/")))
}

// bases are the segments that a directory holds.
func bases(t testing.TB, fsys vfs.FS) (found []kafka.Offset) {
	t.Helper()
	for name := range files(t, fsys, testDir) {
		if strings.HasSuffix(name, segment.LogSuffix) {
			base, _ := baseOf(name)
			found = append(found, base)
		}
	}
	slices.Sort(found)
	return found
}

func splitConfig() Config {
	c := DefaultConfig()
	c.IndexIntervalBytes = 100
	return c
}

// indexed checks that the indexes of segments are what their data give.
func indexed(t testing.TB, m *vfs.Mem, c *Config, bases []kafka.Offset) {
	t.Helper()
	want := files(t, m, testDir)
	for _, base := range bases {
		log := want[segment.Name(base, segment.LogSuffix)]
		config := new(Log).segmentConfig(c)
		s := segment.Open(segment.Place{FS: m.Clone(), Dir: testDir, Base: base, Buffers: new(segment.Buffers)}, int64(len(log)), at(0))
		r, err := s.Recover(segment.Resume{}, 1<<62, &config, func(*segment.Batch) error { return nil })
		must(t, err)
		if r.Tail != nil {
			t.Fatalf("segment %d: %v", base, r.Tail)
		}
		must(t, s.Seal())
		got := files(t, s.FS, testDir)
		for _, suffix := range []string{segment.IndexSuffix, segment.TimeSuffix} {
			if name := segment.Name(base, suffix); got[name] != want[name] {
				t.Errorf("%s: % x, want % x", name, want[name], got[name])
			}
		}
	}
}

// A segment whose offsets are too far from its base becomes several, whichever way
// the last shutdown was: with the same records, and the log start offset where it
// was.
func TestASegmentThatOverflowsIsSplit(t *testing.T) {
	const most = 1<<31 - 1
	for _, c := range []struct {
		name string
		log  sprawling
		want []kafka.Offset
	}{
		{"the last", sprawling{0: {0, 1, 2, 3 * billion, 3*billion + 1}}, []kafka.Offset{0, 3 * billion}},
		{"a compacted beginning", sprawling{0: {7, 9, 3 * billion, 3*billion + 5}}, []kafka.Offset{0, 3 * billion}},
		{"into three", sprawling{10: {10, 3 * billion, 3*billion + 1, 9 * billion, 9*billion + 1}}, []kafka.Offset{10, 3 * billion, 9 * billion}},
		{"not the last", sprawling{0: {0, 1, 3 * billion}, 4 * billion: {4 * billion, 4*billion + 1}}, []kafka.Offset{0, 3 * billion, 4 * billion}},
		{"two of three", sprawling{0: {0, 3 * billion}, 4 * billion: {4 * billion}, 5 * billion: {5 * billion, 9 * billion, 9*billion + 1}}, []kafka.Offset{0, 3 * billion, 4 * billion, 5 * billion, 9 * billion}},
		{"all of it", sprawling{0: {3 * billion, 3*billion + 1}, 5 * billion: {5 * billion}}, []kafka.Offset{0, 3 * billion, 5 * billion}},
		{"the first that does", sprawling{5: {5, 5 + most, 5 + most + 1, 5 + most + 2}}, []kafka.Offset{5, 5 + most + 1}},
		{"none", sprawling{0: {0, 1, most}, most + 1: {most + 1, most + 2}, 9 * billion: {9 * billion}}, []kafka.Offset{0, most + 1, 9 * billion}},
	} {
		for _, o := range []Options{{Clean: true, RecoveryPoint: c.log.end()}, {RecoveryPoint: c.log.end()}, {RecoveryPoint: slices.Max(slices.Collect(maps.Keys(c.log)))}, {}} {
			t.Run(fmt.Sprintf("%s, clean %t, recovery point %d", c.name, o.Clean, o.RecoveryPoint), func(t *testing.T) {
				m, config := disk(t), splitConfig()
				c.log.write(t, m)
				if config.Compact = true; o.RecoveryPoint == 0 && len(c.log) == 1 {
					config.Compact = false // the gaps are no loss all the same
				}
				opts := testOptions(&config)
				opts.Clean, opts.RecoveryPoint = o.Clean, o.RecoveryPoint
				split := len(c.want) > len(c.log)
				for range 2 {
					l, found, err := Open(hostOf(m), opts)
					must(t, err)
					if len(found.Cuts)+len(found.Damaged) > 0 {
						t.Fatalf("%+v", found)
					}
					first := slices.Min(c.want)
					if l.LogStartOffset() != first || l.LogEndOffset() != c.log.end() || !slices.Equal(bases(t, m), c.want) {
						t.Fatalf("[%d, %d) in %v, want [%d, %d) in %v", l.LogStartOffset(), l.LogEndOffset(), bases(t, m), first, c.log.end(), c.want)
					}
					if (len(found.Split) > 0) != split {
						t.Fatalf("%+v", found)
					}
					for i, from := range c.want {
						equal(t, fmt.Sprint("from ", from), readAll(t, l, from), c.log.values()[len(c.log.values())-count(c.log, from):])
						if i > 0 { // and from within the gap
							equal(t, "before it", readAll(t, l, from-1), c.log.values()[len(c.log.values())-count(c.log, from-1):])
						}
					}
					must(t, l.Close(at(1)))
					for _, s := range found.Split {
						indexed(t, m, &config, s.Bases)
					}
					split = false // the second time
				}
			})
		}
	}
}

// count is how many records a log has from an offset on.
func count(s sprawling, from kafka.Offset) (n int) {
	for _, all := range s {
		for _, at := range all {
			if at >= from {
				n++
			}
		}
	}
	return n
}

// Whenever the power goes while a segment is split, and again while the next start
// goes on: every record is there, once, and a third start finds nothing to do.
func TestACrashAtAnyStepOfASplit(t *testing.T) {
	images, twice := 0, 0
	log := sprawling{
		0: {0, 1, 3 * billion, 3*billion + 1, 6 * billion, 6*billion + 7, 9 * billion}, 10 * billion: {10 * billion, 10*billion + 1},
	}
	for _, c := range []struct {
		log   sprawling
		clean bool
		point kafka.Offset
	}{{log, true, log.end()}, {log, false, 10 * billion}, {sprawling{0: log[0]}, false, 0}, {sprawling{0: log[0]}, true, 9*billion + 1}} {
		m, config := disk(t), splitConfig()
		config.Compact = c.point == 0 // otherwise its last batch is damage
		c.log.write(t, m)
		o := testOptions(&config)
		o.Clean, o.RecoveryPoint = c.clean, c.point
		var after func(what string, m *vfs.Mem, again bool)
		after = func(what string, m *vfs.Mem, again bool) {
			images++
			if again {
				w := watched{FS: m.Clone(), before: func() {}}
				step := uint64(0)
				w.before = func() {
					step++
					twice++
					after(fmt.Sprintf("%s, and at step %d of the next start", what, step), w.FS.(*vfs.Mem).CrashClone(rand.New(rand.NewPCG(step, 7))), false)
				}
				l, _, err := Open(hostOf(&w), o)
				w.before = func() {}
				must(t, err)
				l.Abandon()
			}
			for _, n := range []string{"first", "second"} {
				l, found, err := Open(hostOf(m), o)
				if err != nil || len(found.Damaged)+len(found.Cuts) > 0 || n == "second" && len(found.Removed)+len(found.Split) > 0 {
					t.Fatalf("%s, the %s start: %v %+v", what, n, err, found)
				}
				equal(t, what, readAll(t, l, 0), c.log.values())
				l.Abandon()
			}
		}
		w, step := watched{FS: m, before: func() {}}, uint64(0)
		w.before = func() {
			step++
			for try := range uint64(3) {
				after(fmt.Sprintf("at step %d, try %d", step, try), m.CrashClone(rand.New(rand.NewPCG(step, try))), try == 0 && step%9 == 0)
			}
		}
		l, found, err := Open(hostOf(&w), o)
		w.before = func() {}
		if err != nil || len(found.Split) != 1 || step < 40 {
			t.Fatalf("%v %+v in %d steps", err, found, step)
		}
		l.Abandon()
	}
	t.Logf("%d images, %d of them of a second crash", images, twice)
}

// Whichever operation of the disk fails while a segment is split, the next start
// does it.
func TestAnyOperationOfASplitMayFail(t *testing.T) {
	log, total := sprawling{0: {0, 1, 3 * billion, 3*billion + 1, 6 * billion}, 7 * billion: {7 * billion}}, 0
	for n := -1; n <= total; n++ {
		for _, fault := range []vfs.Fault{{Times: 1}, {}, {NoSpace: true, Short: true}} {
			m, config := disk(t), splitConfig()
			log.write(t, m)
			o := testOptions(&config)
			o.Clean, o.RecoveryPoint = true, log.end()
			faults := vfs.NewFaults(m)
			if fault.Ops = vfs.OpAny; fault.NoSpace {
				fault.Ops = vfs.OpWrite | vfs.OpPreallocate | vfs.OpOpen
			}
			if fault.After = n; n >= 0 {
				faults.Inject(fault)
			}
			l, _, err := Open(hostOf(faults), o)
			switch {
			case n < 0:
				must(t, err)
				total = faults.Count()
			case err != nil && kafka.CodeOf(err) == kafka.ErrUnknownServerError:
				t.Fatalf("operation %d: an error of the disk has no code: %v", n, err)
			case err != nil && fault.NoSpace && !vfs.IsNoSpace(err):
				t.Fatalf("operation %d: it does not say that the disk is full: %v", n, err)
			}
			if err == nil {
				l.Abandon()
			}
			faults.Heal()
			l, found, err := Open(hostOf(m), o)
			if err != nil || len(found.Damaged)+len(found.Cuts) > 0 {
				t.Fatalf("operation %d of %d, %+v: %v %+v", n, total, fault, err, found)
			}
			equal(t, fmt.Sprint("operation ", n), readAll(t, l, 0), log.values())
			if got := bases(t, m); len(got) != 4 {
				t.Fatalf("operation %d: %v", n, got)
			}
			l.Abandon()
		}
	}
	if total < 60 {
		t.Errorf("only %d operations", total)
	}
}

// With the batches of a transaction go its entries of the transaction index: to
// where its marker is.
func TestASplitKeepsAbortedTransactions(t *testing.T) {
	m, config := disk(t), splitConfig()
	log := sprawling{0: {0, 3 * billion, 3*billion + 1, 6 * billion}, 7 * billion: {7 * billion}}
	log.write(t, m)
	s := segment.Open(segment.Place{FS: m, Dir: testDir, Base: 0}, 1, at(0))
	var want []segment.AbortedTxn
	for i, marker := range []kafka.Offset{2, 3*billion + 1, 6 * billion} {
		a := segment.AbortedTxn{Producer: kafka.ProducerID(i), FirstOffset: 0, LastOffset: marker, LastStable: 0}
		want = append(want, a)
		must(t, s.AppendAborted(a))
	}
	o := testOptions(&config)
	o.Clean, o.RecoveryPoint = true, log.end()
	l, found, err := Open(hostOf(m), o)
	must(t, err)
	if len(found.Split) != 1 {
		t.Fatalf("%+v", found)
	}
	for i, base := range found.Split[0].Bases {
		data := files(t, m, testDir)[segment.Name(base, segment.TxnSuffix)]
		if data != string(want[i].AppendTo(nil)) {
			t.Errorf("segment %d has % x", base, data)
		}
	}
	l.Abandon()
}

// Kafka names the first part by its first batch. Where it was interrupted beside a
// segment that begins lower, that one goes all the same; one that ends before the
// first part stays.
func TestASplitThatKafkaBeganIsFinished(t *testing.T) {
	before := sprawling{0: {0, 1}, 5: {7, 9, 3 * billion, 3*billion + 5}, 4 * billion: {4 * billion}}
	parts := sprawling{7: {7, 9}, 3 * billion: {3 * billion, 3*billion + 5}}
	for name, old := range map[string]sprawling{"with the old segment": before, "without it": {0: before[0], 4 * billion: before[4*billion]}} {
		m, config := disk(t), splitConfig()
		config.Compact = true
		parts.write(t, m)
		for base := range parts {
			log := vfs.Join(testDir, segment.Name(base, segment.LogSuffix))
			must(t, m.Rename(log, log+segment.SwapSuffix))
		}
		old.write(t, m)
		o := testOptions(&config)
		o.Clean, o.RecoveryPoint = true, before.end()
		l, found, err := Open(hostOf(m), o)
		must(t, err)
		if got := bases(t, m); !slices.Equal(got, []kafka.Offset{0, 7, 3 * billion, 4 * billion}) || len(found.Split) > 0 {
			t.Fatalf("%s: %v, %+v", name, got, found)
		}
		equal(t, name, readAll(t, l, 0), before.values())
		l.Abandon()
	}
}
