package storage

import (
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// full makes a disk refuse what needs room in files whose names contain this.
func full(contains string) vfs.Fault {
	return vfs.Fault{Ops: needRoom | vfs.OpOpen, NoSpace: true, Contains: contains}
}

// A transaction whose abort finds no room for its index entry stays open, and is
// aborted when there is room: the marker is never in the log without the entry.
func TestAnAbortFindsItsRoomBeforeItIsWritten(t *testing.T) {
	c := DefaultConfig()
	c.VerifyTransactions = false
	faults := vfs.NewFaults(disk(t))
	l := newLog(t, faults, &c)
	const pid = 7
	producer := &batch.Producer{ID: pid}
	if _, err := l.AppendAsLeader(at(0), records(t, batch.Options{Transactional: true, Producer: producer}, 0, "a"), 0, AppendOptions{}); err != nil {
		t.Fatal(err)
	}
	abort := func() error {
		b := batch.NewBuilder(nil, batch.Options{Transactional: true, Control: true, Producer: &batch.Producer{ID: pid, Sequence: -1}})
		b.Append(stampAt(1), batch.ControlKey(batch.ControlAbort), make([]byte, 6))
		data, err := b.Build(nil)
		must(t, err)
		_, err = l.AppendAsLeader(at(1), data, 0, AppendOptions{Origin: batch.FromCoordinator})
		return err
	}
	faults.Inject(full(".txnindex"))
	if err := abort(); !vfs.IsNoSpace(err) || kafka.CodeOf(err) != kafka.ErrKafkaStorageError {
		t.Fatalf("the abort on a full disk: %v", err)
	}
	if l.LogEndOffset() != 1 {
		t.Fatalf("the log ends at %d: the marker is in it", l.LogEndOffset())
	}
	faults.Heal()
	must(t, abort())
	l.SetHighWatermark(2)
	aborted, err := l.AbortedTxns(nil, 0, 2)
	if err != nil || len(aborted) != 1 || aborted[0] != (AbortedTxn{ProducerID: pid}) {
		t.Errorf("aborted: %v %v", aborted, err)
	}
	if l.LastStableOffset() != 2 {
		t.Errorf("the last stable offset is %d", l.LastStableOffset())
	}
}

// A batch that is taken back because there is no room for its index entry leaves
// no timestamp behind: a later search by time would find it.
func TestABatchThatIsTakenBackLeavesNoTimestamp(t *testing.T) {
	c := DefaultConfig()
	c.IndexIntervalBytes = 1
	faults := vfs.NewFaults(disk(t))
	l := newLog(t, faults, &c)
	appendValues(t, l, 0, "a")
	faults.Inject(full("index")) // which is written when a page of entries is full
	var err error
	last := int64(0)
	for err == nil && last < 5000 {
		last++
		_, err = l.AppendAsLeader(at(last), records(t, opts(), last, "x"), 0, AppendOptions{})
	}
	if !vfs.IsNoSpace(err) {
		t.Fatalf("append %d with indexes that find no room: %v", last, err)
	}
	faults.Heal()
	appendValues(t, l, 0, "old")
	if found, ok, err := l.OffsetForTimestamp(MaxTimestamp); err != nil || !ok || found.Timestamp != stampAt(last-1) {
		t.Errorf("the newest record is %+v, %v; want the timestamp %d", found, err, stampAt(last-1))
	}
	if found, ok, err := l.OffsetForTimestamp(stampAt(last)); err != nil || ok {
		t.Errorf("a record of the refused timestamp is found at %+v, %v", found, err)
	}
}

// What a full disk leaves half made is made again.
func TestALogIsMadeAgainAfterAFullDisk(t *testing.T) {
	c := DefaultConfig()
	faults := vfs.NewFaults(disk(t))
	for _, name := range []string{testDir, "partition.metadata"} {
		faults.Inject(full(name))
		o := testOptions(&c)
		o.New = true
		if _, _, err := Open(hostOf(faults), o); !vfs.IsNoSpace(err) {
			t.Fatalf("%s: %v", name, err)
		}
		faults.Heal()
	}
	l := newLog(t, faults, &c)
	appendValues(t, l, 0, "a")
	must(t, l.Close(at(1)))
}

// A log on a full disk is closed idle without losing what is in memory, rolls
// without a snapshot, and gives its segments to retention.
func TestAFullDiskLetsALogRollAndShrink(t *testing.T) {
	c := DefaultConfig()
	c.RetentionBytes = 0
	faults := vfs.NewFaults(disk(t))
	l := newLog(t, faults, &c)
	appendValues(t, l, 0, strings.Repeat("a", 100))
	for _, s := range []string{".snapshot", ".log", ".index"} { // roll and retain where only one kind of file finds no room
		faults.Inject(vfs.Fault{Ops: vfs.OpWrite, NoSpace: true, Contains: s})
		must(t, l.Roll(at(1)))
		n, err := retain(l, at(2))
		if err != nil || n == 0 {
			t.Fatalf("%s: %d segments are deleted, %v", s, n, err)
		}
		faults.Heal()
		appendValues(t, l, 3, "b")
	}
	must(t, l.Close(at(4)))
}
