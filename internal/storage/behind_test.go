package storage

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Whatever byte of a batch is damaged, and whether the start saw it or it came
// later: DeleteRecords up to the next batch helps, and so does a consumer that
// goes on there. The index has an entry for every few batches only.
func TestWhatFollowsDamageIsReadFromItsFirstOffset(t *testing.T) {
	for _, interval := range []int{1, 80, 4096} {
		c := DefaultConfig()
		c.SegmentBytes, c.IndexIntervalBytes = 450, interval
		pristine, want := writtenWith(t, &c)
		name := vfs.Join(testDir, segment.Name(10, segment.LogSuffix))
		data := files(t, pristine, testDir)[vfs.Base(name)]
		size := len(data) / 5 // five batches of two values
		for position := 2 * size; position < 3*size; position++ {
			for bit := range 8 {
				for _, how := range []string{"clean", "durable", "later"} {
					m := pristine.Clone()
					o := testOptions(&c)
					o.Clean, o.RecoveryPoint = how != "durable", 30
					if how != "later" {
						flip(t, m, name, int64(position), bit)
					}
					l, _, err := Open(hostOf(m), o)
					must(t, err)
					l.SetHighWatermark(30)
					if how == "later" {
						flip(t, m, name, int64(position), bit)
					}
					what := fmt.Sprintf("interval %d, bit %d of byte %d, %s", interval, bit, position-2*size, how)
					checkBehind(t, what, l, want)
					l.Abandon()
				}
			}
		}
	}
}

func checkBehind(t *testing.T, what string, l *Log, want []string) {
	t.Helper()
	if got, err := tryReadAll(l, 16, 30); err != nil || len(got) != 14 {
		t.Fatalf("%s: a consumer that goes on: %v, %d values", what, err, len(got))
	}
	if _, err := l.AdvanceLogStart(16); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	got, err := tryReadAll(l, 16, 30)
	if err != nil {
		t.Fatalf("%s: after DeleteRecords: %v", what, err)
	}
	equal(t, what, got, want[16:])
}

// writtenWith is written with a configuration as it is.
func writtenWith(t testing.TB, c *Config) (*vfs.Mem, []string) {
	t.Helper()
	m := disk(t)
	l := newLog(t, m, c)
	var want []string
	for i := range 15 {
		a, b := fmt.Sprint(10+2*i), fmt.Sprint(11+2*i) // all of one length
		appendValues(t, l, int64(i), a, b)
		want = append(want, a, b)
	}
	must(t, l.Close(at(20)))
	return m, want
}

// A completed segment that is shorter than the log knows is damage with a name,
// and what is left of it is read, and what follows it.
func TestAShortenedSegmentIsDamage(t *testing.T) {
	c := DefaultConfig()
	pristine, want, memo := writtenAndSettled(t, &c)
	name := vfs.Join(testDir, segment.Name(10, segment.LogSuffix))
	data, err := vfs.ReadFile(pristine, name, 1<<20)
	must(t, err)
	for n := range data {
		m := pristine.Clone()
		must(t, vfs.WriteFile(m, name, data[:n]))
		o := testOptions(&c)
		o.Clean, o.RecoveryPoint, o.Settled, o.Memo, o.Unchanged = true, 30, 30, memo, true
		l, _, err := Open(hostOf(m), o)
		must(t, err)
		whole := 10 + 2*(n*5/len(data))
		got, err := tryReadAll(l, 0, 30)
		var damage *Damage
		if !errors.As(err, &damage) || damage.File != name || damage.Offset < kafka.Offset(whole-2) || damage.Offset > 20 || kafka.CodeOf(err) != kafka.ErrCorruptMessage {
			t.Fatalf("%d of %d bytes: %d values, then %v", n, len(data), len(got), err)
		}
		equal(t, "what is whole", got, want[:len(got)])
		for from := kafka.Offset(whole); from < 20; from++ {
			if err := l.Read(from, 1000, true, 30, new(Fetched)); !errors.As(err, &damage) || damage.File != name {
				t.Fatalf("%d of %d bytes: read at %d: %v", n, len(data), from, err)
			}
		}
		equal(t, "what follows", mustRead(t, l, 20, 30), want[20:])
		l.Abandon()
	}
}
