package storage

import (
	"fmt"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// retained appends ten records a second each, two to a segment, and says where
// the log begins after a retention at some time.
func retained(t *testing.T, change func(c *Config), seconds int64, prepare func(l *Log)) (start kafka.Offset, segments int) {
	t.Helper()
	c := DefaultConfig()
	c.SegmentBytes, c.RetentionMs = 150, 10_000 // two batches of 70 bytes
	change(&c)
	l := newLog(t, disk(t), &c)
	for i := range int64(10) {
		appendKeyed(t, l, i)
	}
	if prepare != nil {
		prepare(l)
	}
	_, err := retain(l, at(seconds))
	must(t, err)
	return l.LogStartOffset(), l.Segments()
}

// retain is what a caller does who has nothing else to make durable.
func retain(l *Log, now time.Time) (int, error) {
	if _, err := l.Expire(now); err != nil {
		return 0, err
	}
	return l.Retain(now)
}

func appendKeyed(t *testing.T, l *Log, second int64) {
	t.Helper()
	b := batch.NewBuilder(nil, opts())
	b.Append(stampAt(second), []byte("k"), []byte("v"))
	data, err := b.Build(nil)
	must(t, err)
	_, err = l.AppendAsLeader(at(second), data, 0, AppendOptions{})
	must(t, err)
	l.SetHighWatermark(l.LogEndOffset())
}

// Retention goes by the policy: time and size where it has "delete", the log
// start always, and nothing is deleted at or above the high watermark.
func TestRetentionGoesByThePolicy(t *testing.T) {
	policy := func(compact, del bool) func(c *Config) {
		return func(c *Config) { c.Compact, c.Delete = compact, del }
	}
	both := func(changes ...func(c *Config)) func(c *Config) {
		return func(c *Config) {
			for _, change := range changes {
				change(c)
			}
		}
	}
	size := func(bytes int64) func(c *Config) {
		return func(c *Config) { c.RetentionBytes, c.RetentionMs = bytes, -1 }
	}
	deleted := func(l *Log) {
		if _, err := l.AdvanceLogStart(5); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name     string
		change   func(c *Config)
		seconds  int64
		prepare  func(l *Log)
		start    kafka.Offset
		segments int
	}{
		{"young", policy(false, true), 10, nil, 0, 5},
		{"exactly as old as allowed", policy(false, true), 11, nil, 0, 5},
		{"older", policy(false, true), 12, nil, 2, 4},
		{"all are old", policy(false, true), 30, nil, 10, 1},
		{"compact alone", policy(true, false), 30, nil, 0, 5},
		{"both", policy(true, true), 30, nil, 10, 1},
		{"neither", policy(false, false), 1e9, nil, 0, 5},
		{"by size", both(policy(false, true), size(350)), 30, nil, 4, 3},
		{"by size, which is reached exactly", both(policy(false, true), size(2*140)), 30, nil, 6, 2},
		{"by size, where all fit", both(policy(false, true), size(5*140)), 30, nil, 0, 5},
		{"by size, but neither", both(policy(false, false), size(0)), 30, nil, 0, 5},
		{"DeleteRecords", policy(false, true), 1, deleted, 5, 3},
		{"DeleteRecords, compact", policy(true, false), 1, deleted, 5, 3},
		{"DeleteRecords, neither", policy(false, false), 1, deleted, 5, 3},
		{"the high watermark", policy(false, true), 30, func(l *Log) { l.hw = 5 }, 4, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			if start, segments := retained(t, c.change, c.seconds, c.prepare); start != c.start || segments != c.segments {
				t.Errorf("begins at %d with %d segments, want %d with %d", start, segments, c.start, c.segments)
			}
		})
	}
}

// Retention may take the beginning of a transaction that is open. What is left
// of it stays unstable until its marker, and is aborted by it.
func TestRetentionMayTakeTheBeginningOfAnOpenTransaction(t *testing.T) {
	c := DefaultConfig()
	c.SegmentBytes, c.RetentionMs, c.VerifyTransactions = 200, 10_000, false
	m := disk(t)
	l := newLog(t, m, &c)
	write := func(second int64, control bool, sequence int32) {
		o := batch.Options{Transactional: true, Control: control, Producer: &batch.Producer{ID: 9, Sequence: sequence}}
		b := batch.NewBuilder(nil, o)
		ao := AppendOptions{}
		if control {
			b.Append(stampAt(second), batch.ControlKey(batch.ControlAbort), make([]byte, 6))
			ao.Origin = batch.FromCoordinator
		} else {
			b.Append(stampAt(second), []byte("k"), fmt.Append(nil, sequence))
		}
		data, err := b.Build(nil)
		must(t, err)
		_, err = l.AppendAsLeader(at(second), data, 0, ao)
		must(t, err)
		l.SetHighWatermark(l.LogEndOffset())
	}
	for i := range int32(8) {
		write(int64(i), false, i)
	}
	n, err := retain(l, at(14))
	must(t, err)
	start := l.LogStartOffset()
	if n == 0 || start == 0 || start >= 7 {
		t.Fatalf("%d segments were deleted, the log begins at %d", n, start)
	}
	if stable := l.LastStableOffset(); stable != start {
		t.Errorf("stable to %d, where the open transaction is left from %d on", stable, start)
	}
	write(8, true, -1)
	if stable := l.LastStableOffset(); stable != 9 {
		t.Errorf("after the marker stable to %d", stable)
	}
	aborted, err := l.AbortedTxns(nil, start, 9)
	if err != nil || len(aborted) != 1 || aborted[0].FirstOffset > start {
		t.Errorf("aborted %v, %v", aborted, err)
	}
	l.Abandon()
	o := testOptions(&c)
	o.LogStart = start
	l, _, err = Open(hostOf(m), o)
	must(t, err)
	l.SetHighWatermark(9)
	aborted, err = l.AbortedTxns(nil, start, 9)
	if err != nil || len(aborted) != 1 || aborted[0].FirstOffset > start || l.LastStableOffset() != 9 {
		t.Errorf("after a restart stable to %d, aborted %v, %v", l.LastStableOffset(), aborted, err)
	}
	must(t, l.Close(at(20)))
}
