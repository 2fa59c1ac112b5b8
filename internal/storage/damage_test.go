package storage

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// spoils is what happens to files besides flipped bits.
func spoils(data string) map[string]func(t testing.TB, m *vfs.Mem, name string) {
	write := func(content string) func(t testing.TB, m *vfs.Mem, name string) {
		return func(t testing.TB, m *vfs.Mem, name string) { must(t, vfs.WriteFile(m, name, []byte(content))) }
	}
	all := map[string]func(t testing.TB, m *vfs.Mem, name string){
		"empty":      write(""),
		"missing":    func(t testing.TB, m *vfs.Mem, name string) { must(t, m.Remove(name)) },
		"all zeros":  write(strings.Repeat("\x00", len(data))),
		"zeros more": write(data + strings.Repeat("\x00", 100)),
		"twice":      write(data + data),
	}
	for _, n := range []int{1, 7, len(data) / 3, len(data) / 2, len(data) - 1} {
		if n > 0 && n < len(data) {
			all["cut"+string(rune('a'+n%26))] = write(data[:n])
			all["zeros behind"+string(rune('a'+n%26))] = write(data[:n] + strings.Repeat("\x00", len(data)-n))
		}
	}
	return all
}

// Whatever file is cut, emptied, doubled, removed or ends in zeros: no record is
// served that was not written there, none is left out in silence, and after a
// start the indexes are true. The log knows by its memo how long its files were.
func TestNoSpoiltFileIsServed(t *testing.T) {
	c := DefaultConfig()
	pristine, want, memo := writtenAndSettled(t, &c)
	for name, data := range files(t, pristine, testDir) {
		for what, spoil := range spoils(data) {
			if name == logdir.PartitionFile && what == "twice" {
				continue // it says the same
			}
			for _, how := range []string{"clean", "settled"} {
				m := pristine.Clone()
				spoil(t, m, vfs.Join(testDir, name))
				o := testOptions(&c)
				o.Clean, o.RecoveryPoint, o.Settled = how == "clean", 30, 30
				o.Memo, o.Unchanged = memo, MemoHolds(m, testDir, memo)
				checkSpoilt(t, strings.Join([]string{name, what, how}, ", "), name, m, o, want)
			}
		}
	}
}

// writtenAndSettled is written, with a memo.
func writtenAndSettled(t testing.TB, c *Config) (*vfs.Mem, []string, *logdir.Memo) {
	t.Helper()
	m, want := written(t, c)
	o := testOptions(c)
	o.Clean, o.RecoveryPoint, o.Settled = true, 30, 30
	l, _, err := Open(hostOf(m), o)
	must(t, err)
	must(t, l.Close(at(30)))
	memo, _, err := l.Memo(at(1 << 30).UnixNano())
	must(t, err)
	if memo == nil {
		t.Fatal("a closed log has no memo")
	}
	return m, want, memo
}

func checkSpoilt(t *testing.T, what, name string, m *vfs.Mem, o Options, want []string) {
	t.Helper()
	isLog := strings.HasSuffix(name, ".log")
	l, found, err := Open(hostOf(m), o)
	var damage *Damage
	switch {
	case errors.As(err, &damage):
		if !isLog {
			t.Fatalf("%s: %v", what, damage)
		}
		return
	case err != nil:
		t.Fatalf("%s: %v", what, err)
	}
	got, err := tryReadAll(l, 0, l.LogEndOffset())
	if err != nil && !(isLog && (errors.As(err, &damage) || kafka.CodeOf(err) == kafka.ErrKafkaStorageError)) {
		t.Fatalf("%s: %v", what, err)
	}
	if err == nil && len(got) < len(want) && len(found.Cuts)+len(found.Damaged) == 0 {
		t.Fatalf("%s: %d values, and nothing is reported: %+v", what, len(got), found)
	}
	if len(got) > len(want) || !slices.Equal(got, want[:len(got)]) {
		t.Fatalf("%s: read %v", what, got)
	}
	if !isLog {
		checkIndexes(t, l)
	}
}
