package storage

import (
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// A crash undid the deletion of one old segment, and not that of the next: the
// log begins behind the last gap of which a snapshot has the records. Above that
// a gap is a loss.
func TestUndoneDeletionsLeaveNoGap(t *testing.T) {
	for _, c := range []struct{ recovery, covered, start, end kafka.Offset }{
		{10, 10, 4, 10},
		{10, 4, 4, 10},
		{10, 3, 0, 10},
		{0, 0, 0, 2},
	} {
		config := DefaultConfig()
		config.SegmentBytes = 150 // two batches
		m := disk(t)
		l := newLog(t, m, &config)
		for i := range int64(10) {
			appendKeyed(t, l, i)
		}
		dir := l.Dir()
		must(t, l.Close(at(10)))
		must(t, m.Remove(vfs.Join(dir, segment.Name(2, segment.LogSuffix))))
		o := testOptions(&config)
		o.RecoveryPoint, o.Covered = c.recovery, c.covered
		l, _, err := Open(hostOf(m), o)
		must(t, err)
		if l.LogStartOffset() != c.start || l.LogEndOffset() != c.end {
			t.Errorf("covered up to %d, recovery point %d: the log is [%d, %d), want [%d, %d)",
				c.covered, c.recovery, l.LogStartOffset(), l.LogEndOffset(), c.start, c.end)
		}
		must(t, l.Close(at(11)))
	}
}
