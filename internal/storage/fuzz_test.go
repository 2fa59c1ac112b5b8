package storage

import (
	"testing"

	"github.com/gregor-stream/gregor/internal/vfs"
)

// Whatever stands in the files of a log, it opens or says why not, and what it
// gives can be read to its end.
func FuzzOpen(f *testing.F) {
	c := DefaultConfig()
	m, _ := written(f, &c)
	good := files(f, m, testDir)
	const base = "00000000000000000000"
	f.Add([]byte(good[base+".log"]), []byte(good[base+".index"]), []byte(good[base+".timeindex"]), []byte(nil), false)
	f.Add([]byte(good[base+".log"]), []byte("12345678"), []byte("123456789012"), make([]byte, 34), true)
	f.Add([]byte(good[base+".log"])[:100], []byte{}, []byte{}, make([]byte, 35), true)
	f.Fuzz(func(t *testing.T, log, index, times, txns []byte, clean bool) {
		d := disk(t)
		must(t, d.Mkdir(testDir))
		for suffix, data := range map[string][]byte{".log": log, ".index": index, ".timeindex": times, ".txnindex": txns} {
			must(t, vfs.WriteFile(d, vfs.Join(testDir, base+suffix), data))
		}
		c := DefaultConfig()
		o := testOptions(&c)
		o.Clean = clean
		l, _, err := Open(hostOf(d), o)
		if err != nil {
			return
		}
		end := l.LogEndOffset()
		var fetched Fetched
		for from, reads := l.LogStartOffset(), 0; from < end && reads < 100; reads++ {
			if l.Read(from, 300, true, end, &fetched) != nil || fetched.Section.Len() == 0 {
				break
			}
			from = fetched.Upper
			fetched.Release()
		}
		_, _, _ = l.OffsetForTimestamp(stampAt(3))
		_, _, _ = l.OffsetForTimestamp(MaxTimestamp)
		_, _ = l.AbortedTxns(nil, 0, end)
		if _, err := l.TruncateTo(at(1), end/2); err == nil && l.LogEndOffset() > end/2 {
			t.Errorf("truncated to %d, and the end is %d", end/2, l.LogEndOffset())
		}
		l.Abandon()
	})
}
