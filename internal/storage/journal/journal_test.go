package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/journal"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

const dir = "/d"

func inTurn(n int, f func(i int)) {
	for i := range n {
		f(i)
	}
}

// logs is a directory with logs of one segment each, and a journal.
type logs struct {
	t       *testing.T
	fs      *vfs.Mem
	chance  *rand.Rand
	journal *journal.Journal
	all     []*log
}

type log struct {
	name    string
	topic   kafka.TopicID
	file    vfs.File
	data    []byte // what was appended
	end     kafka.Offset
	durable int // of data: in the file or the journal
	filed   int // of data: in the file
	cut     int // how often it was cut
}

func newLogs(t *testing.T, seed uint64, n int) *logs {
	t.Helper()
	w := &logs{t: t, fs: vfs.NewMem(time.Now), chance: rand.New(rand.NewPCG(seed, 2))}
	w.ok(w.fs.MkdirAll(dir))
	w.ok(w.fs.SyncDir("/"))
	for i := range n {
		l := &log{name: fmt.Sprintf("topic-%d", i), topic: kafka.TopicID{0: byte(i + 1)}}
		w.ok(w.fs.Mkdir(vfs.Join(dir, l.name)))
		w.ok(logdir.WriteTopicID(w.fs, vfs.Join(dir, l.name), l.topic))
		f, err := w.fs.Open(vfs.Join(dir, l.name, logdir.PartitionFile), vfs.Write)
		w.ok(err)
		w.ok(f.Sync())
		w.ok(f.Close())
		l.file, err = w.fs.Open(l.path(), vfs.Create)
		w.ok(err)
		w.ok(w.fs.SyncDir(vfs.Join(dir, l.name)))
		w.all = append(w.all, l)
	}
	w.ok(w.fs.SyncDir(dir))
	w.journal = journal.New(w.fs, dir, 64<<10, [16]byte{byte(seed), 1, 2})
	return w
}

func (l *log) path() string { return vfs.Join(dir, l.name, segment.Name(0, segment.LogSuffix)) }

func (w *logs) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// append writes a batch to a log's file, and syncs nothing.
func (w *logs) append(l *log) {
	w.t.Helper()
	b := batch.NewBuilder(nil, batch.Options{BaseOffset: l.end, LeaderEpoch: kafka.LeaderEpoch(l.cut)})
	value := make([]byte, w.chance.IntN(3000))
	for i := range value {
		value[i] = byte(w.chance.Uint32())
	}
	b.Append(1, nil, value)
	data, err := b.Build(nil)
	w.ok(err)
	_, err = l.file.WriteAt(data, int64(len(l.data)))
	w.ok(err)
	l.data, l.end = append(l.data, data...), l.end+1
}

// Read reads the piece of the log that is not durable.
func (l *log) Read(into []byte) error {
	_, err := l.file.ReadAt(into, int64(l.durable))
	return err
}

// entry is the piece of a log that is not durable.
func (l *log) entry() *journal.Entry {
	return &journal.Entry{Log: l.name, Topic: l.topic, Position: int64(l.durable), End: l.end, Size: len(l.data) - l.durable}
}

// group makes pieces of some logs durable.
func (w *logs) group(some ...*log) {
	w.t.Helper()
	turned, err := w.journal.Begin()
	if errors.Is(err, journal.ErrBusy) {
		w.drain()
		turned, err = w.journal.Begin()
	}
	w.ok(err)
	if turned && w.chance.IntN(2) == 0 {
		w.drain()
	}
	var in []*log
	for _, l := range some {
		if l.durable == len(l.data) {
			continue
		}
		added, err := w.journal.Add(l.entry(), l)
		w.ok(err)
		if added {
			in = append(in, l)
		}
	}
	if len(in) == 0 {
		return
	}
	_, err = w.journal.Commit()
	w.ok(err)
	for _, l := range in {
		l.durable = len(l.data)
	}
}

// drain syncs all files, and lets the other half be used again.
func (w *logs) drain() {
	w.t.Helper()
	for _, l := range w.all {
		w.ok(l.file.Sync())
		l.filed, l.durable = len(l.data), len(l.data)
	}
	w.journal.Done()
}

// cut takes the end of a log back, as a follower does.
func (w *logs) cut(l *log) {
	w.t.Helper()
	w.ok(l.file.Sync())
	w.ok(w.journal.Forget(l.name, l.topic))
	var at []int
	for it := batch.Batches(l.data); it.Next(); {
		at = append(at, it.Position())
	}
	if len(at) == 0 {
		return
	}
	n := w.chance.IntN(len(at))
	l.data, l.end = l.data[:at[n]], kafka.Offset(n)
	w.ok(l.file.Truncate(int64(len(l.data))))
	w.ok(l.file.Sync())
	l.filed, l.durable = len(l.data), len(l.data)
	l.cut++
}

// check opens what a crash left.
func (w *logs) check(disk *vfs.Mem, what string) {
	w.t.Helper()
	for again := range 2 {
		found, err := journal.Read(disk, dir)
		w.ok(err)
		if found != nil {
			if found.Damage != nil {
				w.t.Fatalf("%s: %v", what, found.Damage)
			}
			if again > 0 {
				w.t.Fatalf("%s: the journal is still there", what)
			}
			done, err := found.Apply(disk, func(string) kafka.Offset { return 0 }, inTurn)
			w.ok(err)
			if len(done.Refused) > 0 {
				w.t.Fatalf("%s: %v", what, done.Refused)
			}
			disk = disk.CrashClone(nil) // what was put back is durable, or was there
		}
		for _, l := range w.all {
			data, err := vfs.ReadFile(disk, l.path(), 1<<30)
			w.ok(err)
			if len(data) < l.durable || !bytes.Equal(data[:l.durable], l.data[:l.durable]) {
				w.t.Fatalf("%s: %s has %d bytes, of which %d are not what was durable", what, l.name, len(data), l.durable)
			}
		}
	}
}

// Whatever a crash takes, what the journal said is durable is in the segments
// after a start: of appends to many logs, through turns of its halves, and where
// logs are cut in between.
func TestWhatIsDurableComesBack(t *testing.T) {
	for seed := range uint64(20) {
		w := newLogs(t, seed, 5)
		if seed%2 == 1 {
			w.fs.ShowStale(func(name string) bool { return name != logdir.PartitionFile })
		}
		for step := range 80 {
			some := w.all[:1+w.chance.IntN(len(w.all))]
			for _, l := range some {
				w.append(l)
			}
			switch w.chance.IntN(12) {
			case 0:
				w.cut(w.all[w.chance.IntN(len(w.all))])
			case 1:
				w.drain()
			default:
				w.group(some...)
			}
			for range 3 {
				w.check(w.fs.CrashClone(w.chance), fmt.Sprintf("seed %d, step %d", seed, step))
			}
			w.check(w.fs.CrashClone(nil), fmt.Sprintf("seed %d, step %d, nothing more", seed, step))
			w.check(w.fs.Clone(), fmt.Sprintf("seed %d, step %d, killed", seed, step))
		}
	}
}

// A crash while the journal is put back, or removed, changes nothing.
func TestCrashWhileItIsPutBack(t *testing.T) {
	for seed := range uint64(16) {
		w := newLogs(t, seed, 4)
		for range 1 + w.chance.IntN(40) {
			for _, l := range w.all {
				w.append(l)
			}
			w.group(w.all...)
		}
		for range 8 {
			disk := w.fs.CrashClone(w.chance)
			faults := vfs.NewFaults(disk)
			faults.Inject(vfs.Fault{Ops: vfs.OpWrite | vfs.OpSync | vfs.OpRemove | vfs.OpSyncDir, After: w.chance.IntN(12)})
			if found, err := journal.Read(faults, dir); err == nil && found != nil {
				_, _ = found.Apply(faults, func(string) kafka.Offset { return 0 }, inTurn) // it fails, or does not
			}
			w.check(disk.CrashClone(w.chance), fmt.Sprintf("seed %d", seed))
		}
		// An end without a crash.
		w.drain()
		w.drain()
		faults := vfs.NewFaults(w.fs)
		faults.Inject(vfs.Fault{Ops: vfs.OpRemove | vfs.OpSyncDir, After: w.chance.IntN(4)})
		_ = w.journal.Remove()
		w.check(w.fs.CrashClone(w.chance), fmt.Sprintf("seed %d, removed", seed))
	}
}

func TestDamageIsNamed(t *testing.T) {
	w := newLogs(t, 1, 3)
	for range 5 {
		for _, l := range w.all {
			w.append(l)
		}
		w.group(w.all...)
	}
	name := vfs.Join(dir, journal.Name(0))
	data, err := vfs.ReadFile(w.fs, name, 1<<20)
	w.ok(err)
	groups, last := 0, 0
	for at := 4096; at < len(data); at += 4096 {
		if bytes.HasPrefix(data[at:], []byte("GJrn")) {
			groups, last = groups+1, at
		}
	}
	if groups != 5 {
		t.Fatalf("%d groups", groups)
	}
	for at := 0; at < last; at += 97 {
		disk := w.fs.CrashClone(nil)
		bad := bytes.Clone(data)
		bad[at] ^= 4
		w.ok(vfs.WriteFile(disk, name, bad))
		found, err := journal.Read(disk, dir)
		w.ok(err)
		done, err := found.Apply(disk, func(string) kafka.Offset { return 0 }, inTurn)
		w.ok(err)
		if found.Damage == nil { // in what nothing depends on
			for _, l := range w.all {
				if have, _ := vfs.ReadFile(disk, l.path(), 1<<20); !bytes.HasPrefix(have, l.data[:l.durable]) {
					t.Fatalf("position %d: records are missing, and nobody says so: %+v", at, done)
				}
			}
			continue
		}
		if !strings.Contains(found.Damage.Error(), name) {
			t.Errorf("position %d: %v", at, found.Damage)
		}
		if there, _ := journal.Exists(disk, dir); there {
			t.Errorf("position %d: the damaged journal would be read again", at)
		}
		if kept, _ := vfs.Exists(disk, name+".kept-1"); !kept {
			t.Errorf("position %d: the damaged journal is not kept", at)
		}
	}
}

// Kafka may have been started in between, and have written other records.
func TestWholeBatchesAreNeverReplaced(t *testing.T) {
	w := newLogs(t, 1, 2)
	for range 3 {
		w.append(w.all[0])
		w.append(w.all[1])
		w.group(w.all...)
	}
	disk := w.fs.CrashClone(nil)
	b := batch.NewBuilder(nil, batch.Options{})
	b.Append(7, nil, []byte("written by another program"))
	data, err := b.Build(nil)
	w.ok(err)
	w.ok(vfs.WriteFile(disk, w.all[0].path(), data))
	found, err := journal.Read(disk, dir)
	w.ok(err)
	done, err := found.Apply(disk, func(string) kafka.Offset { return 0 }, inTurn)
	w.ok(err)
	if len(done.Refused) != 1 || !strings.Contains(done.Refused[0].Error(), w.all[0].path()) || done.Logs != 1 {
		t.Errorf("%+v", done)
	}
	if have, _ := vfs.ReadFile(disk, w.all[0].path(), 1<<20); !bytes.Equal(have, data) {
		t.Error("the other program's batch was replaced")
	}
	if have, _ := vfs.ReadFile(disk, w.all[1].path(), 1<<20); !bytes.Equal(have, w.all[1].data) {
		t.Error("the other log did not come back")
	}
	if kept, _ := vfs.Exists(disk, vfs.Join(dir, journal.Name(0)+".kept-1")); !kept {
		t.Error("the journal is not kept")
	}
}

// Where another program's batch reaches over the place of the journal's, it is
// whole, too: that the journal's stands in the middle of it does not make it
// nothing. Such a place is met where entries before it do not count, by a recovery
// point of the other program, or because they were in the segment already.
func TestNothingIsWrittenIntoAWholeBatch(t *testing.T) {
	for _, settled := range []kafka.Offset{0, 2} {
		w := newLogs(t, 1, 1)
		l := w.all[0]
		for range 4 {
			w.append(l)
			w.group(l)
		}
		disk := w.fs.CrashClone(nil)
		b := batch.NewBuilder(nil, batch.Options{})
		for range 3 {
			b.Append(7, nil, bytes.Repeat([]byte("another program"), len(l.data)/15))
		}
		data, err := b.Build(nil)
		w.ok(err)
		w.ok(vfs.WriteFile(disk, l.path(), data))
		found, err := journal.Read(disk, dir)
		w.ok(err)
		done, err := found.Apply(disk, func(string) kafka.Offset { return settled }, inTurn)
		w.ok(err)
		if len(done.Refused) != 1 || !strings.Contains(done.Refused[0].Error(), l.path()) {
			t.Errorf("settled %d: %+v", settled, done)
		}
		if have, _ := vfs.ReadFile(disk, l.path(), 1<<20); !bytes.Equal(have, data) {
			t.Errorf("settled %d: the other program's batch was written over", settled)
		}
	}
}

// Another program has gone on in a new segment: records that are put back into the
// one before would have the offsets of its own. An empty one is what a roll that
// failed has left, and the log's opening removes it.
func TestNothingIsPutBackBeforeANewSegment(t *testing.T) {
	for _, c := range []struct {
		next, size, batches int
	}{{1, 1, 0}, {2, 1, 1}, {3, 1, 2}, {9, 1, 2}, {1, 0, 2}} {
		w := newLogs(t, 1, 1)
		l := w.all[0]
		w.append(l)
		w.group(l)
		w.drain()
		w.append(l)
		w.append(l)
		w.group(l)
		disk := w.fs.CrashClone(nil)
		next := vfs.Join(dir, l.name, segment.Name(kafka.Offset(c.next), segment.LogSuffix))
		w.ok(vfs.WriteFile(disk, next, make([]byte, c.size)))
		found, err := journal.Read(disk, dir)
		w.ok(err)
		done, err := found.Apply(disk, func(string) kafka.Offset { return 0 }, inTurn)
		w.ok(err)
		if done.Batches != c.batches || len(done.Refused) > 0 != (c.batches < 2) {
			t.Errorf("next segment at %d, of %d bytes: %+v", c.next, c.size, done)
		}
	}
}

// Damage before the place is none of the journal's business: the batch is put back.
func TestDamageBeforeDoesNotHinder(t *testing.T) {
	w := newLogs(t, 1, 1)
	l := w.all[0]
	for range 4 {
		w.append(l)
		w.group(l)
	}
	disk := w.fs.CrashClone(nil)
	var at []int
	for it := batch.Batches(l.data); it.Next(); {
		at = append(at, it.Position())
	}
	data := bytes.Clone(l.data)
	data[at[1]+50] ^= 1 // a batch that counts no more
	data[at[3]+50] ^= 1 // one that is put back
	w.ok(vfs.WriteFile(disk, l.path(), data))
	found, err := journal.Read(disk, dir)
	w.ok(err)
	done, err := found.Apply(disk, func(string) kafka.Offset { return 2 }, inTurn)
	w.ok(err)
	have, _ := vfs.ReadFile(disk, l.path(), 1<<20)
	if done.Batches != 1 || len(done.Refused) > 0 || !bytes.Equal(have[at[2]:], l.data[at[2]:]) {
		t.Errorf("%+v", done)
	}
}

// The sync of a segment failed, and the system took what it should have written
// for clean: the next process reads it, and no sync of its own would bring it to
// the disk. The journal does.
func TestFailedSyncOfASegmentIsMadeGood(t *testing.T) {
	w := newLogs(t, 1, 1)
	l := w.all[0]
	w.append(l)
	w.group(l)
	faults := vfs.NewFaults(w.fs)
	faults.Inject(vfs.Fault{Ops: vfs.OpSync, Drop: true})
	f, err := faults.Open(l.path(), vfs.Write)
	w.ok(err)
	if err := f.Sync(); err == nil {
		t.Fatal("the sync did not fail")
	}
	w.ok(f.Close())
	w.check(w.fs, "the next process, after a failed sync")
}

// A damaged journal is set aside, and a crash comes between its two files: what the
// newer one says of the older one, that it does not count, stands as long as that.
func TestCrashWhileItIsSetAside(t *testing.T) {
	for turns := range 4 {
		w := newLogs(t, 1, 2)
		l, other := w.all[0], w.all[1]
		put := func() int {
			w.append(l)
			w.group(l)
			return w.journal.Active()
		}
		put()
		for range turns {
			for active := w.journal.Active(); put() == active; {
				w.drain()
			}
		}
		before := len(l.data)
		put() // what is cut off below
		w.drain()
		for active := w.journal.Active(); w.journal.Active() == active; w.drain() {
			w.append(other)
			w.group(other)
		}
		w.ok(w.journal.Forget(l.name, l.topic))
		w.ok(l.file.Truncate(int64(before)))
		w.ok(l.file.Sync())
		l.data, l.filed, l.durable = l.data[:before], before, before
		for range 3 {
			w.append(other)
			w.group(other)
		}
		name := vfs.Join(dir, journal.Name(w.journal.Active()))
		data, err := vfs.ReadFile(w.fs, name, 1<<20)
		w.ok(err)
		data[2*4096+60] ^= 1 // the second group
		w.ok(vfs.WriteFile(w.fs, name, data))
		for after := range 2 {
			disk := w.fs.Clone()
			faults := vfs.NewFaults(disk)
			faults.Inject(vfs.Fault{Ops: vfs.OpRename, After: after})
			for _, fsys := range []vfs.FS{faults, disk} {
				found, err := journal.Read(fsys, dir)
				w.ok(err)
				if _, err := found.Apply(fsys, func(string) kafka.Offset { return 0 }, inTurn); (err != nil) != (fsys == faults) {
					t.Fatal(err)
				}
				if have, _ := vfs.ReadFile(disk, l.path(), 1<<20); !bytes.Equal(have, l.data) {
					t.Fatalf("%d turns, %d renamed: %d bytes came back that were cut off", turns, after, len(have)-len(l.data))
				}
			}
		}
	}
}

// A start on a failing disk again and again does not fill it.
func TestFewJournalsAreKept(t *testing.T) {
	w := newLogs(t, 1, 1)
	for i := range 12 {
		w.ok(vfs.WriteFile(w.fs, vfs.Join(dir, journal.Name(i%2)), []byte{byte(i)}))
		w.ok(journal.Keep(w.fs, dir))
	}
	list, err := w.fs.List(dir)
	w.ok(err)
	var kept []string
	for _, e := range list {
		if strings.Contains(e.Name, "kept-") {
			kept = append(kept, e.Name)
		}
	}
	if len(kept) != 9 {
		t.Errorf("kept: %v", kept)
	}
}

// A segment that ends before what the journal has of it has lost something.
func TestLostMiddleIsNamed(t *testing.T) {
	w := newLogs(t, 1, 1)
	l := w.all[0]
	w.append(l)
	w.ok(l.file.Sync())
	l.durable = len(l.data)
	w.append(l)
	w.group(l)
	disk := w.fs.CrashClone(nil)
	w.ok(vfs.WriteFile(disk, l.path(), nil))
	found, err := journal.Read(disk, dir)
	w.ok(err)
	done, err := found.Apply(disk, func(string) kafka.Offset { return 0 }, inTurn)
	w.ok(err)
	if len(done.Refused) != 1 || !strings.Contains(done.Refused[0].Error(), "it ends at position 0") {
		t.Errorf("%+v", done)
	}
}

// What a client writes is never taken for a group, though it looks like one.
func TestRecordsAreNoGroups(t *testing.T) {
	evil := newLogs(t, 9, 2)
	evil.append(evil.all[1])
	evil.group(evil.all[1])
	forged, err := vfs.ReadFile(evil.fs, vfs.Join(dir, journal.Name(0)), 1<<20)
	evil.ok(err)
	w := newLogs(t, 1, 2)
	for shift := range 200 {
		b := batch.NewBuilder(nil, batch.Options{})
		b.Append(1, nil, bytes.Repeat(append(make([]byte, shift), forged[4096:]...), 2))
		data, err := b.Build(nil)
		w.ok(err)
		w.all[0].data = append(w.all[0].data[:0], data...)
		_, err = w.all[0].file.WriteAt(data, 0)
		w.ok(err)
		w.all[0].durable, w.all[0].end = 0, 1
		w.group(w.all[0])
		disk := w.fs.CrashClone(nil)
		name := vfs.Join(dir, journal.Name(w.journal.Active()))
		torn, err := vfs.ReadFile(disk, name, 1<<20)
		w.ok(err)
		for at := 4096; at < len(torn); at += 4096 {
			if bytes.HasPrefix(torn[at:], []byte("GJrn")) {
				torn[at] ^= 1 // so that what is inside is looked at
			}
		}
		w.ok(vfs.WriteFile(disk, name, torn))
		found, err := journal.Read(disk, dir)
		w.ok(err)
		_, err = found.Apply(disk, func(string) kafka.Offset { return 0 }, inTurn)
		w.ok(err)
		if have, _ := vfs.ReadFile(disk, w.all[1].path(), 1<<20); len(have) > 0 {
			t.Fatal("a record was taken for a group of the journal")
		}
	}
}

func TestFullDiskAndFailedSync(t *testing.T) {
	w := newLogs(t, 1, 1)
	faults := vfs.NewFaults(w.fs)
	j := journal.New(faults, dir, 64<<10, [16]byte{1})
	faults.Inject(vfs.Fault{Ops: vfs.OpWrite, NoSpace: true, Short: true, Times: 1})
	if _, err := j.Begin(); !vfs.IsNoSpace(err) {
		t.Errorf("begun on a full disk: %v", err)
	}
	put := func() error {
		if _, err := j.Begin(); err != nil {
			return err
		}
		w.append(w.all[0])
		if added, err := j.Add(w.all[0].entry(), w.all[0]); !added || err != nil {
			t.Fatal(added, err)
		}
		_, err := j.Commit()
		return err
	}
	w.ok(put()) // there is room again
	faults.Inject(vfs.Fault{Ops: vfs.OpWrite, NoSpace: true, Short: true, Times: 1})
	if err := put(); !vfs.IsNoSpace(err) {
		t.Errorf("written on a full disk: %v", err)
	}
	w.ok(put())
	faults.Inject(vfs.Fault{Ops: vfs.OpSync, Times: 1, Drop: true})
	if err := put(); !vfs.IsFailed(err) {
		t.Errorf("a failed sync: %v", err)
	}
	if err := put(); !vfs.IsFailed(err) {
		t.Errorf("a failed sync was made good: %v", err)
	}
	if err := j.Forget("topic-0", w.all[0].topic); !vfs.IsFailed(err) {
		t.Errorf("a failed sync was made good: %v", err)
	}
	found, err := journal.Read(w.fs, dir)
	w.ok(err)
	if found.Damage != nil {
		t.Error(found.Damage)
	}
}

// A journal says nothing of what is outside of its directory.
func TestEntriesStayInTheDirectory(t *testing.T) {
	for _, name := range []string{"..", ".", "../d/topic-0", "/d/topic-0"} {
		w := newLogs(t, 1, 1)
		l := w.all[0]
		w.append(l)
		e := l.entry()
		e.Log = name
		_, err := w.journal.Begin()
		w.ok(err)
		_, err = w.journal.Add(e, l)
		w.ok(err)
		_, err = w.journal.Commit()
		w.ok(err)
		found, err := journal.Read(w.fs, dir)
		w.ok(err)
		if _, err := found.Apply(w.fs, func(string) kafka.Offset { return 0 }, inTurn); err == nil || !strings.Contains(err.Error(), journal.Name(0)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
