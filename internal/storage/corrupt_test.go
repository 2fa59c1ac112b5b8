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

// flip flips a bit of a file.
func flip(t testing.TB, fsys vfs.FS, name string, position int64, bit int) {
	t.Helper()
	f, err := fsys.Open(name, vfs.Write)
	must(t, err)
	b := []byte{0}
	_, err = f.ReadAt(b, position)
	must(t, err)
	b[0] ^= 1 << bit
	_, err = f.WriteAt(b, position)
	must(t, err)
	must(t, f.Close())
}

// written is a closed log of three segments with values "0" to "29", two to a
// batch.
func written(t testing.TB, c *Config) (*vfs.Mem, []string) {
	t.Helper()
	c.SegmentBytes, c.IndexIntervalBytes = 450, 80
	m := disk(t)
	l := newLog(t, m, c)
	var want []string
	for i := range 15 {
		a, b := fmt.Sprint(2*i), fmt.Sprint(2*i+1)
		appendValues(t, l, int64(i), a, b)
		want = append(want, a, b)
	}
	must(t, l.Close(at(20)))
	return m, want
}

// Whatever bit flips in whatever file, and however the log is opened: what is
// read was written, in order, and what cannot be read is named.
func TestNoFlippedBitIsServed(t *testing.T) {
	c := DefaultConfig()
	pristine, want := written(t, &c)
	for name, data := range files(t, pristine, testDir) {
		if name == "partition.metadata" {
			continue // its only content is compared with the topic's id
		}
		for position := int64(0); position < int64(len(data)); position++ {
			for _, how := range []string{"clean", "killed", "durable"} {
				m := pristine.Clone()
				bit := int(position*7+int64(len(how))) % 8
				flip(t, m, vfs.Join(testDir, name), position, bit)
				what := fmt.Sprintf("%s: bit %d of byte %d, %s", name, bit, position, how)
				o := testOptions(&c)
				switch how {
				case "clean":
					o.Clean, o.RecoveryPoint = true, 30
				case "durable":
					o.RecoveryPoint = 30
				}
				checkFlipped(t, what, name, m, o, want)
			}
		}
	}
}

func checkFlipped(t *testing.T, what, name string, m *vfs.Mem, o Options, want []string) {
	t.Helper()
	isLog := strings.HasSuffix(name, ".log")
	l, found, err := Open(hostOf(m), o)
	var damage *Damage
	if errors.As(err, &damage) && isLog && o.RecoveryPoint > 0 {
		if !strings.HasSuffix(damage.File, name) || damage.Offset > 30 {
			t.Fatalf("%s: %v", what, damage)
		}
		return
	}
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	end := l.LogEndOffset()
	got, err := tryReadAll(l, 0, end)
	switch {
	case errors.As(err, &damage):
		if !strings.HasSuffix(damage.File, name) || !isLog {
			t.Fatalf("%s: %v", what, damage)
		}
		if damage.Offset > kafka.Offset(len(got)) {
			t.Fatalf("%s: %d values before %v", what, len(got), damage)
		}
		if rest, err := tryReadAll(l, min(end, 28), end); o.Clean && err == nil && len(rest) == 2 {
			got = append(got, rest...) // what follows damage is still there
			want = slices.Concat(want[:len(got)-2], want[28:])
		}
	case err != nil:
		t.Fatalf("%s: %v", what, err)
	case len(got) < len(want):
		if len(found.Cuts)+len(found.Damaged) == 0 || !isLog {
			t.Fatalf("%s: %d values, and nothing is reported: %+v", what, len(got), found)
		}
	}
	if !isLog && len(got) < len(want) {
		t.Fatalf("%s: %d values", what, len(got))
	}
	if !slices.Equal(got, want[:len(got)]) {
		t.Fatalf("%s: read %v", what, got)
	}
	if len(found.Damaged) > 0 {
		return
	}
	if _, err := l.AppendAsLeader(at(40), records(t, opts(), 40, "new"), 0, AppendOptions{}); err != nil {
		t.Fatalf("%s: append: %v", what, err)
	}
}

// What is cut off is kept aside, reported, and under a name that no start takes
// notice of.
func TestACutTailIsKeptAside(t *testing.T) {
	c := DefaultConfig()
	m, want := written(t, &c)
	last := vfs.Join(testDir, "00000000000000000020.log")
	before, err := vfs.ReadFile(m, last, 1<<20)
	must(t, err)
	flip(t, m, last, 100, 3)
	o := testOptions(&c)
	l, found, err := Open(hostOf(m), o)
	must(t, err)
	if len(found.Cuts) != 1 || found.Cuts[0].File != last || found.Cuts[0].Offset != 22 {
		t.Fatalf("%+v", found)
	}
	cut := found.Cuts[0]
	if cut.Aside != last+".cut-22" || cut.Position+cut.Bytes != int64(len(before)) || cut.Reason == "" {
		t.Fatalf("%+v", cut)
	}
	aside, err := vfs.ReadFile(m, cut.Aside, 1<<20)
	must(t, err)
	if len(aside) == 0 || string(aside[1:]) == "" || int64(len(aside)) != cut.Bytes {
		t.Fatalf("%d bytes aside, want %d", len(aside), cut.Bytes)
	}
	equal(t, "the rest", readAll(t, l, 0), want[:22])
	l.Abandon()
	l, found, err = Open(hostOf(m), o)
	must(t, err)
	if len(found.Cuts) > 0 || l.LogEndOffset() != 22 {
		t.Fatalf("the second start cuts again: %+v", found)
	}
	if there, err := vfs.Exists(m, cut.Aside); err != nil || !there {
		t.Fatal("the second start lost what the first kept")
	}
	if a := l.Aside(); a.Files != 1 || a.Bytes != cut.Bytes {
		t.Errorf("%+v is kept aside, want %d bytes", a, cut.Bytes)
	}
	must(t, l.Close(at(50)))
	memo, _, err := l.Memo(at(1 << 30).UnixNano())
	must(t, err)
	o.Clean, o.RecoveryPoint, o.Memo, o.Unchanged = true, 22, memo, true
	l, _, err = Open(hostOf(m), o)
	must(t, err)
	if a := l.Aside(); a.Files != 1 || a.Bytes != cut.Bytes {
		t.Errorf("by its memo %+v is kept aside, want %d bytes", a, cut.Bytes)
	}
}

// A tail of zeros is what Kafka's preallocation leaves: it is no loss.
func TestATailOfZerosIsCutWithoutAFile(t *testing.T) {
	c := DefaultConfig()
	m, want := written(t, &c)
	last := vfs.Join(testDir, "00000000000000000020.log")
	f, err := m.Open(last, vfs.Write)
	must(t, err)
	must(t, f.Truncate(1<<20))
	l, found, err := Open(hostOf(m), testOptions(&c))
	must(t, err)
	if len(found.Cuts) != 1 || found.Cuts[0].Aside != "" {
		t.Fatalf("%+v", found)
	}
	equal(t, "all", readAll(t, l, 0), want)
}

// Damage below the recovery point is left as it is: named, not cut, not served.
// What follows it is served.
func TestDurableDamageIsNamedAndGoneRound(t *testing.T) {
	c := DefaultConfig()
	m, want := written(t, &c)
	name := vfs.Join(testDir, "00000000000000000020.log")
	before := files(t, m, testDir)
	flip(t, m, name, 100, 3) // in the batch of the offsets 22 and 23
	o := testOptions(&c)
	o.RecoveryPoint = 30
	l, found, err := Open(hostOf(m), o)
	must(t, err)
	if len(found.Damaged) != 1 || found.Damaged[0].Offset != 22 || found.Damaged[0].File != name || len(found.Cuts) > 0 {
		t.Fatalf("%+v", found)
	}
	equal(t, "before it", mustRead(t, l, 0, 22), want[:22])
	var damage *Damage
	if err := l.Read(22, 1000, true, 30, new(Fetched)); !errors.As(err, &damage) || kafka.CodeOf(err) != kafka.ErrCorruptMessage {
		t.Fatalf("read of damage: %v", err)
	}
	if damage.File != name || damage.Offset != 22 || !strings.Contains(damage.Error(), "restore the file") {
		t.Fatalf("%v", damage)
	}
	equal(t, "behind it", mustRead(t, l, 24, 30), want[24:])
	appendValues(t, l, 50, "new")
	equal(t, "the new value", readAll(t, l, 30), []string{"new"})
	after := files(t, m, testDir)
	if len(after[vfs.Base(name)]) < len(before[vfs.Base(name)]) {
		t.Fatal("the damaged file was cut")
	}
}

// Durable records that are not there any more are damage like others: a log that
// went on below them would give their offsets to other records.
func TestALogThatLostItsDurableEndIsNotOpened(t *testing.T) {
	c := DefaultConfig()
	pristine, _ := written(t, &c)
	last := vfs.Join(testDir, "00000000000000000020.log")
	data, err := vfs.ReadFile(pristine, last, 1<<20)
	must(t, err)
	lost := map[string]struct {
		how func(m *vfs.Mem)
		at  kafka.Offset
	}{
		"the file is cut between batches": {func(m *vfs.Mem) { must(t, vfs.WriteFile(m, last, data[:2*len(data)/5])) }, 24},
		"the file is cut in a batch":      {func(m *vfs.Mem) { must(t, vfs.WriteFile(m, last, data[:2*len(data)/5+9])) }, 24},
		"the file is empty":               {func(m *vfs.Mem) { must(t, vfs.WriteFile(m, last, nil)) }, 20},
		"the file is gone":                {func(m *vfs.Mem) { must(t, m.Remove(last)) }, 20},
		"all files are gone": {func(m *vfs.Mem) {
			must(t, m.RemoveAll(testDir))
			must(t, m.Mkdir(testDir))
		}, 0},
	}
	for what, x := range lost {
		for _, clean := range []bool{false, true} {
			m := pristine.Clone()
			x.how(m)
			o := testOptions(&c)
			o.Clean, o.RecoveryPoint, o.Settled = clean, 30, 30
			_, found, err := Open(hostOf(m), o)
			var damage *Damage
			if !errors.As(err, &damage) || !damage.AtEnd || damage.Offset != x.at || len(found.Damaged) != 1 || len(found.Cuts) > 0 {
				t.Errorf("%s, clean %v: %v, %+v", what, clean, err, found)
				continue
			}
			if kafka.CodeOf(err) != kafka.ErrKafkaStorageError || !strings.Contains(err.Error(), "recovery-point-offset-checkpoint") {
				t.Errorf("%s: %v", what, err)
			}
			// What the error says helps, and keeps what it cuts.
			o.Clean, o.RecoveryPoint, o.Settled = false, 0, 0
			l, _, err := Open(hostOf(m), o)
			must(t, err)
			if l.LogEndOffset() != x.at {
				t.Errorf("%s: the log ends at %d", what, l.LogEndOffset())
			}
		}
	}
}

func mustRead(t testing.TB, l *Log, from, upTo kafka.Offset) []string {
	t.Helper()
	values, err := tryReadAll(l, from, upTo)
	must(t, err)
	return values
}
