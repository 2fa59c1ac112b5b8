package storage

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// What Kafka's cleaner leaves where it is interrupted is finished or undone, as
// Kafka does it.
func TestLeftoversOfTheCleaner(t *testing.T) {
	seg := func(name string) string { return "000000000000000000" + name }
	for _, c := range []struct {
		name    string
		rename  map[string]string // of the files of the log with the segments 0, 10 and 20
		copies  map[string]string
		want    []string // the segments
		removed []string
	}{
		{
			name:    "deleted",
			rename:  map[string]string{"00.log": "00.log.deleted", "00.index": "00.index.deleted", "00.timeindex": "00.timeindex.deleted"},
			want:    []string{"10", "20"},
			removed: []string{"00.log.deleted"},
		},
		{
			name:    "cleaned is incomplete",
			copies:  map[string]string{"00.log": "00.log.cleaned", "00.index": "00.index.cleaned", "10.log": "10.log.swap"},
			want:    []string{"00", "10", "20"},
			removed: []string{"00.log.cleaned", "10.log.swap"},
		},
		{
			name:    "swap is complete",
			copies:  map[string]string{"00.log": "00.log.swap", "00.index": "00.index.swap", "00.timeindex": "00.timeindex.swap"},
			want:    []string{"00", "10", "20"},
			removed: []string{"00.log", "00.log.swap"},
		},
		{
			name:    "index without data",
			copies:  map[string]string{"00.index": "05.index"},
			want:    []string{"00", "10", "20"},
			removed: []string{"05.index"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := DefaultConfig()
			m, want := written(t, &config)
			for from, to := range c.rename {
				must(t, m.Rename(vfs.Join(testDir, seg(from)), vfs.Join(testDir, seg(to))))
			}
			for from, to := range c.copies {
				data, err := vfs.ReadFile(m, vfs.Join(testDir, seg(from)), 1<<20)
				must(t, err)
				must(t, vfs.WriteFile(m, vfs.Join(testDir, seg(to)), data))
			}
			o := testOptions(&config)
			o.Clean, o.RecoveryPoint = true, 30
			l, found, err := Open(hostOf(m), o)
			must(t, err)
			for _, name := range c.removed {
				if !slices.Contains(found.Removed, vfs.Join(testDir, seg(name))) {
					t.Errorf("%s was not reported: %v", name, found.Removed)
				}
			}
			var bases []string
			for name := range files(t, m, testDir) {
				if base, ok := strings.CutSuffix(name, ".log"); ok {
					bases = append(bases, strings.TrimPrefix(base, seg("")))
				}
			}
			slices.Sort(bases)
			if !slices.Equal(bases, c.want) {
				t.Fatalf("segments %v, want %v", bases, c.want)
			}
			equal(t, "all", readAll(t, l, l.LogStartOffset()), want[l.LogStartOffset():])
		})
	}
}

// oldMessage is a message of format v1.
func oldMessage(offset int64, stamp kafka.Timestamp, value string) []byte {
	body := []byte{1, 0} // magic, attributes
	body = binary.BigEndian.AppendUint64(body, uint64(stamp))
	body = append(body, 0xff, 0xff, 0xff, 0xff) // no key
	body = binary.BigEndian.AppendUint32(body, uint32(len(value)))
	body = append(body, value...)
	b := binary.BigEndian.AppendUint64(nil, uint64(offset))
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)+4))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(body))
	return append(b, body...)
}

// Segments that an old Kafka wrote in the old formats are kept, verified and
// served as they are.
func TestMessagesOfTheOldFormatAreKept(t *testing.T) {
	m := disk(t)
	must(t, m.Mkdir(testDir))
	var data []byte
	for i := range int64(5) {
		data = append(data, oldMessage(i, stampAt(i), "old")...)
	}
	old := len(data)
	data = append(data, records(t, batch.Options{BaseOffset: 5}, 9, "new")...)
	must(t, vfs.WriteFile(m, vfs.Join(testDir, "00000000000000000000.log"), data))
	c := DefaultConfig()
	c.IndexIntervalBytes = 40
	l, found, err := Open(hostOf(m), testOptions(&c))
	must(t, err)
	if l.LogEndOffset() != 6 || len(found.Cuts) > 0 {
		t.Fatalf("end %d, %+v", l.LogEndOffset(), found)
	}
	var f Fetched
	must(t, l.Read(3, 50, true, 6, &f))
	got := make([]byte, f.Section.Len())
	_, err = f.Section.ReadAt(got, 0)
	must(t, err)
	if string(got) != string(oldMessage(3, stampAt(3), "old")) {
		t.Fatalf("% x", got)
	}
	f.Release()
	l.Abandon()
	flip(t, m, vfs.Join(testDir, "00000000000000000000.log"), int64(old)-2, 1) // in the last old one
	l, found, err = Open(hostOf(m), testOptions(&c))
	must(t, err)
	if l.LogEndOffset() != 4 || len(found.Cuts) != 1 {
		t.Fatalf("end %d, %+v", l.LogEndOffset(), found)
	}
}

// With preallocate the file is as long as a segment may be, also over a kill;
// completed segments are cut to their data.
func TestPreallocateAsKafkaDoesIt(t *testing.T) {
	c := DefaultConfig()
	c.Preallocate, c.SegmentBytes = true, 300
	m := disk(t)
	l := newLog(t, m, &c)
	for i := range int64(4) {
		appendValues(t, l, i, strings.Repeat("x", 60))
	}
	sizes := files(t, m, testDir)
	if first, last := len(sizes["00000000000000000000.log"]), len(sizes["00000000000000000002.log"]); first != 258 || last != 300 {
		t.Fatalf("%d and %d bytes", first, last)
	}
	l.Abandon()
	l, found, err := Open(hostOf(m), testOptions(&c))
	must(t, err)
	if l.LogEndOffset() != 4 || len(found.Cuts) > 0 {
		t.Fatalf("end %d, %+v", l.LogEndOffset(), found)
	}
	appendValues(t, l, 5, "y")
	must(t, l.Close(at(6)))
	total := 0
	for name, data := range files(t, m, testDir) {
		if strings.HasSuffix(name, ".log") {
			total += len(data)
		}
	}
	if got := l.Size(); got != int64(total) || total > 600 {
		t.Fatalf("%d bytes of data in files of %d", got, total)
	}
}

// An empty segment among the offsets of another is what a failed roll can leave
// where it could not be removed either. Nothing is lost for it.
func TestEmptySegmentsAmongOthersGo(t *testing.T) {
	for _, empty := range []string{"00000000000000000005", "00000000000000000025"} {
		for _, clean := range []bool{true, false} {
			c := DefaultConfig()
			m, want := written(t, &c)
			for _, suffix := range []string{".log", ".index", ".timeindex"} {
				must(t, vfs.WriteFile(m, vfs.Join(testDir, empty+suffix), nil))
			}
			o := testOptions(&c)
			o.Clean = clean
			l, found, err := Open(hostOf(m), o)
			must(t, err)
			if len(found.Cuts)+len(found.Damaged) > 0 || l.LogEndOffset() != 30 {
				t.Fatalf("%s, clean %v: end %d, %+v", empty, clean, l.LogEndOffset(), found)
			}
			for from := range kafka.Offset(30) {
				equal(t, empty, readAll(t, l, from), want[from:])
			}
		}
	}
}
