package storage

import (
	"slices"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// farBit is the byte of a base offset that puts it 2^32 or more too high.
const farBit = 3

// A base offset is under no checksum. One that was flipped is not taken for a
// batch that is far away, where the batches around it, or the end of the log as it
// is known, say otherwise.
func TestAFlippedOffsetSplitsNothing(t *testing.T) {
	size := int64(len(records(t, batch.Options{}, 0, "value 0")))
	for _, c := range []struct {
		name    string
		at      int64 // which batch
		point   kafka.Offset
		end     kafka.Offset
		damaged int
		cut     bool
	}{
		{"among what was durable", 2, 6, 6, 1, false},
		{"beyond the recovery point", 2, 1, 2, 0, true},
		{"at the end", 5, 5, 5, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, config := disk(t), splitConfig()
			sprawling{0: {0, 1, 2, 3, 4, 5}}.write(t, m)
			flip(t, m, vfs.Join(testDir, segment.Name(0, segment.LogSuffix)), c.at*size+farBit, 1)
			o := testOptions(&config)
			o.RecoveryPoint = c.point
			l, found, err := Open(hostOf(m), o)
			must(t, err)
			defer l.Abandon()
			if l.LogEndOffset() != c.end || len(found.Damaged) != c.damaged || (len(found.Cuts) > 0) != c.cut || len(found.Split) > 0 {
				t.Fatalf("the log ends at %d, %+v", l.LogEndOffset(), found)
			}
		})
	}
}

// What is damaged in a segment that overflows is damaged in its parts, and what is
// whole behind it is whole there.
func TestASplitGoesRoundDamage(t *testing.T) {
	size := int64(len(records(t, batch.Options{}, 0, "value 0")))
	far := int64(len(records(t, batch.Options{}, 0, "value 3000000000")))
	for name, c := range map[string]struct {
		flip    int64 // a byte
		damaged kafka.Offset
		lost    string // with the one before a wrong offset, which has no witness
	}{
		"in the first part":    {size + 70, 1, "value 1"},
		"between the parts":    {2*size + 70, 2, "value 2"},
		"in the second part":   {3*size + far + 70, 3*billion + 1, "value 3000000001"},
		"a far one":            {3*size + far + farBit, 3*billion + 1, "value 3000000000, value 3000000001"},
		"a near one, far away": {size + farBit, 1, "value 0, value 1"},
	} {
		t.Run(name, func(t *testing.T) {
			log := sprawling{0: {0, 1, 2, 3 * billion, 3*billion + 1, 3*billion + 2}, 4 * billion: {4 * billion}}
			m, config := disk(t), splitConfig()
			log.write(t, m)
			flip(t, m, vfs.Join(testDir, segment.Name(0, segment.LogSuffix)), c.flip, 1)
			o := testOptions(&config)
			o.RecoveryPoint = log.end()
			for range 2 {
				l, _, err := Open(hostOf(m), o)
				must(t, err)
				if got := bases(t, m); len(got) != 3 {
					t.Fatalf("%v", got)
				}
				var all []string
				for _, from := range []kafka.Offset{0, c.damaged + 1} {
					got, err := tryReadAll(l, from, l.LogEndOffset())
					all = append(all, got...)
					if err == nil {
						break
					}
				}
				var want []string
				for _, v := range log.values() {
					if !slices.Contains(strings.Split(c.lost, ", "), v) {
						want = append(want, v)
					}
				}
				equal(t, name, all, want)
				l.Abandon()
			}
		})
	}
}

// A torn end goes with the last part, and is cut off as ever.
func TestASplitKeepsTheTornEnd(t *testing.T) {
	m, config := disk(t), splitConfig()
	log := sprawling{0: {0, 1, 3 * billion, 3*billion + 1, 3*billion + 2}}
	log.write(t, m)
	name := vfs.Join(testDir, segment.Name(0, segment.LogSuffix))
	data, err := vfs.ReadFile(m, name, 1<<20)
	must(t, err)
	must(t, vfs.WriteFile(m, name, data[:len(data)-5]))
	o := testOptions(&config)
	o.RecoveryPoint = 2
	l, found, err := Open(hostOf(m), o)
	must(t, err)
	if l.LogEndOffset() != 3*billion+2 || len(found.Split) != 1 || len(found.Cuts) != 1 || !strings.Contains(found.Cuts[0].Aside, "/00000000003000000000.log.cut-3000000002") {
		t.Fatalf("the log ends at %d, %+v", l.LogEndOffset(), found)
	}
	equal(t, "all", readAll(t, l, 0), log.values()[:4])
	l.Abandon()
}

// The old formats name a wrapper by its last message: the new segment begins with
// the first.
func TestASplitOfTheOldFormats(t *testing.T) {
	for _, codec := range []compress.Codec{compress.None, compress.Gzip} {
		m, config := disk(t), splitConfig()
		must(t, m.MkdirAll(testDir))
		var data []byte
		for _, first := range []kafka.Offset{0, 3 * billion} {
			b := batch.NewMessageBuilder(&compress.Pool{}, batch.MessageOptions{Magic: 1, Codec: codec})
			for i := range kafka.Offset(3) {
				b.Append(first+i, stampAt(int64(i)), nil, []byte("old"))
			}
			var err error
			data, err = b.Build(data)
			must(t, err)
		}
		must(t, vfs.WriteFile(m, vfs.Join(testDir, segment.Name(0, segment.LogSuffix)), data))
		o := testOptions(&config)
		o.Clean, o.RecoveryPoint = true, 3*billion+3
		l, found, err := Open(hostOf(m), o)
		must(t, err)
		if got := bases(t, m); len(found.Split) != 1 || len(got) != 2 || got[1] != 3*billion {
			t.Fatalf("%v: segments %v, %+v", codec, got, found)
		}
		var f Fetched
		must(t, l.Read(3*billion, 1000, true, l.LogEndOffset(), &f))
		if f.Section.Len() == 0 {
			t.Errorf("%v: nothing is found at the first offset", codec)
		}
		f.Release()
		l.Abandon()
	}
}

// A follower of a compacted topic gets batches that are far from the end of its
// own log. They begin a segment, also where the log has none yet.
func TestAppendsFarAwayBeginASegment(t *testing.T) {
	for _, first := range []kafka.Offset{0, 3 * billion} {
		m, config := disk(t), splitConfig()
		l := newLog(t, m, &config)
		for _, at := range []kafka.Offset{first, first + 1, first + 3*billion} {
			_, err := l.AppendAsFollower(epoch2026, records(t, batch.Options{BaseOffset: at}, 0, "x"), 0)
			must(t, err)
		}
		must(t, l.Flush(l.LogEndOffset()))
		l.Abandon()
		for _, point := range []kafka.Offset{0, l.LogEndOffset()} {
			o := testOptions(&config)
			o.RecoveryPoint = point
			l, found, err := Open(hostOf(m), o)
			must(t, err)
			if len(found.Split)+len(found.Cuts)+len(found.Damaged) > 0 || l.LogStartOffset() != 0 {
				t.Fatalf("from %d: %d, %+v", first, l.LogStartOffset(), found)
			}
			if got := readAll(t, l, 0); len(got) != 3 {
				t.Fatalf("from %d: %v", first, got)
			}
			l.Abandon()
		}
	}
}
