package storage

import (
	"testing"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// What a full disk kept from being settled is settled when there is room: no
// file counts as synced that only had its turn.
func TestAFullDiskPutsSettlingOff(t *testing.T) {
	for _, full := range []string{"index", "timeindex", "leader-epoch"} {
		c := DefaultConfig()
		c.IndexIntervalBytes, c.VerifyTransactions = 1, false
		mem := disk(t)
		faults := vfs.NewFaults(mem)
		l := newLog(t, faults, &c)
		const pid = 7
		abortOne(t, l, pid)
		appendValues(t, l, 2, "a")
		appendValues(t, l, 2, "b")
		faults.Inject(vfs.Fault{Ops: vfs.OpWrite, NoSpace: true, Contains: full})
		if err := l.Settle(); !vfs.IsNoSpace(err) {
			t.Fatalf("settled on a full disk: %v", err)
		}
		if !l.Unsettled() {
			t.Fatal("nobody tries again")
		}
		faults.Heal()
		must(t, l.Settle())
		if l.Settled() != l.LogEndOffset() {
			t.Fatalf("settled to %d of %d", l.Settled(), l.LogEndOffset())
		}
		now, then := files(t, mem, testDir), files(t, mem.CrashClone(nil), testDir)
		for _, suffix := range []string{segment.LogSuffix, segment.IndexSuffix, segment.TimeSuffix, segment.TxnSuffix} {
			name := segment.Name(0, suffix)
			if now[name] != then[name] || now[name] == "" {
				t.Errorf("%s: a crash leaves %d of %d bytes of %s", full, len(then[name]), len(now[name]), name)
			}
		}
	}
}

// abortOne writes a transaction and aborts it.
func abortOne(t testing.TB, l *Log, pid kafka.ProducerID) {
	t.Helper()
	write := func(data []byte, origin batch.Origin) {
		t.Helper()
		_, err := l.AppendAsLeader(at(1), data, 0, AppendOptions{Origin: origin})
		must(t, err)
	}
	write(records(t, batch.Options{Transactional: true, Producer: &batch.Producer{ID: pid}}, 0, "x"), batch.FromClient)
	b := batch.NewBuilder(nil, batch.Options{Transactional: true, Control: true, Producer: &batch.Producer{ID: pid, Sequence: -1}})
	b.Append(stampAt(1), batch.ControlKey(batch.ControlAbort), make([]byte, 6))
	data, err := b.Build(nil)
	must(t, err)
	write(data, batch.FromCoordinator)
}

// A log start that nobody wrote down yet says nothing of what is on disk: the
// next start would take what a crash lost below it for damage.
func TestALogStartSettlesNothing(t *testing.T) {
	c := DefaultConfig()
	c.SegmentBytes = 300
	mem := disk(t)
	l := newLog(t, mem, &c)
	for i := range int64(10) {
		appendValues(t, l, i, "some value of some length")
	}
	if moved, err := l.AdvanceLogStart(8); !moved || err != nil {
		t.Fatal(moved, err)
	}
	o := testOptions(&c)
	o.Settled, o.RecoveryPoint = l.Settled(), l.Settled()
	crashed := mem.CrashClone(nil)
	must(t, crashed.MkdirAll(testDir)) // as of the crash: nothing of the records
	l2, found, err := Open(hostOf(crashed), o)
	if err != nil || len(found.Damaged) > 0 {
		t.Fatalf("settled to %d: %v %+v", o.Settled, err, found.Damaged)
	}
	l2.Abandon()
}

// A replacement that has begun is ended with the room that was kept for it: to
// break off would leave the log without appends until the next start.
func TestAFullDiskDoesNotBreakACompactionOff(t *testing.T) {
	for _, name := range []string{".log", ".index", ".swap"} {
		faults := vfs.NewFaults(disk(t))
		k := newKeyedLog(t, faults, 11)
		for range 80 {
			k.step()
		}
		must(t, k.log.Roll(at(k.seconds)))
		must(t, k.log.Settle())
		d, err := k.log.Dirt(at(k.seconds), -1)
		must(t, err)
		used := 0
		o := CleanOptions{Limits: quick(), Spare: func(do func() error) error {
			faults.Inject(vfs.Fault{Ops: vfs.OpRename, NoSpace: true, Contains: name})
			defer faults.Heal()
			err := do()
			if vfs.IsNoSpace(err) {
				used++
				faults.Heal()
				err = do()
			}
			return err
		}}
		o.Indexed = func() {
			if m, again, err := k.log.Memo(1 << 62); m != nil || !again || err != nil {
				t.Errorf("a memo while the files change: %v %v", again, err)
			}
		}
		if _, err := k.log.Clean(at(k.seconds), &d, &o); err != nil || used == 0 {
			t.Fatalf("%s: used %d times, %v", name, used, err)
		}
		k.step()
		k.check(name, k.log)
		must(t, k.log.Sweep(at(k.seconds+1000)))
		for left := range files(t, faults, testDir) {
			if !ofSegment(left) && left != logdir.PartitionFile && left != logdir.EpochFile {
				t.Errorf("%s: %s is left", name, left)
			}
		}
	}
}

// A copy that finds no room leaves nothing half: the next try, with more room,
// keeps the tail under the same name.
func TestHalfACutTailIsNotKept(t *testing.T) {
	c := DefaultConfig()
	m, _ := written(t, &c)
	last := vfs.Join(testDir, "00000000000000000020.log")
	flip(t, m, last, 100, 3)
	before, err := vfs.ReadFile(m, last, 1<<20)
	must(t, err)
	faults := vfs.NewFaults(m)
	faults.Inject(vfs.Fault{Ops: vfs.OpWrite, NoSpace: true, Short: true, Contains: ".cut-"})
	o := testOptions(&c)
	if _, _, err := Open(hostOf(faults), o); !vfs.IsNoSpace(err) {
		t.Fatalf("opened on a full disk: %v", err)
	}
	if there, err := vfs.Exists(m, last+".cut-22"); err != nil || there {
		t.Fatalf("half of the tail is kept: %v", err)
	}
	faults.Heal()
	l, found, err := Open(hostOf(faults), o)
	must(t, err)
	if len(found.Cuts) != 1 || found.Cuts[0].Aside != last+".cut-22" || found.Cuts[0].Position+found.Cuts[0].Bytes != int64(len(before)) {
		t.Errorf("%+v", found.Cuts)
	}
	l.Abandon()
}
