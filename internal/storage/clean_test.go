package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/compact"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// keyed is a record as it was appended, or as it is read.
type keyed struct {
	key, value string
	tombstone  bool
	stamp      kafka.Timestamp
	pid        kafka.ProducerID // of a transaction, -1: none
}

// keyedLog is a log of a compacted topic, and what was appended to it.
type keyedLog struct {
	t       testing.TB
	chance  *rand.Rand
	pool    compress.Pool
	fs      vfs.FS
	config  Config
	log     *Log
	seconds int64
	all     map[kafka.Offset]keyed
	aborted map[kafka.Offset]bool
	open    map[kafka.ProducerID][]kafka.Offset
	next    map[kafka.ProducerID]int32
	cleaned kafka.Offset
}

func compactConfig() Config {
	c := DefaultConfig()
	c.Compact, c.Delete = true, false
	c.SegmentBytes, c.IndexIntervalBytes = 1500, 200
	c.MinCleanableRatio = 0.01
	c.VerifyTransactions = false
	return c
}

func newKeyedLog(t testing.TB, fsys vfs.FS, seed uint64) *keyedLog {
	k := &keyedLog{
		t: t, chance: rand.New(rand.NewPCG(seed, 1)), fs: fsys, config: compactConfig(), all: map[kafka.Offset]keyed{},
		aborted: map[kafka.Offset]bool{}, open: map[kafka.ProducerID][]kafka.Offset{}, next: map[kafka.ProducerID]int32{}, cleaned: -1,
	}
	k.log = newLog(t, fsys, &k.config)
	return k
}

// step appends something: records, of a transaction perhaps, or its end.
func (k *keyedLog) step() {
	k.t.Helper()
	k.seconds += k.chance.Int64N(3)
	pid := kafka.ProducerID(-1)
	switch k.chance.IntN(10) {
	case 0, 1:
		pid = 1 // idempotent
	case 2, 3, 4, 5:
		pid = kafka.ProducerID(10 + k.chance.IntN(3))
	}
	if len(k.open[pid]) > 0 && k.chance.IntN(3) == 0 {
		k.endTxn(pid, k.chance.IntN(2) == 0)
		return
	}
	o := batch.Options{Codec: []compress.Codec{compress.None, compress.None, compress.Gzip, compress.Zstd, compress.Lz4, compress.Snappy}[k.chance.IntN(6)]}
	n := 1 + k.chance.IntN(4)
	if pid >= 0 {
		o.Producer = &batch.Producer{ID: pid, Sequence: k.next[pid]}
		o.Transactional = pid >= 10
		k.next[pid] += int32(n)
	}
	b := batch.NewBuilder(&k.pool, o)
	base := k.log.LogEndOffset()
	for i := range n {
		r := keyed{key: fmt.Sprint("key ", k.chance.IntN(12)), stamp: stampAt(k.seconds) + kafka.Timestamp(i), pid: -1}
		r.value = fmt.Sprint("value ", base+kafka.Offset(i))
		value := []byte(r.value)
		if k.chance.IntN(5) == 0 {
			r.tombstone, r.value, value = true, "", nil
		}
		if o.Transactional {
			r.pid = pid
			k.open[pid] = append(k.open[pid], base+kafka.Offset(i))
		}
		b.Append(r.stamp, []byte(r.key), value, batch.Header{Key: "h", Value: []byte{byte(i)}})
		k.all[base+kafka.Offset(i)] = r
	}
	data, err := b.Build(nil)
	must(k.t, err)
	info, err := k.log.AppendAsLeader(at(k.seconds), data, 0, AppendOptions{})
	if err != nil || info.FirstOffset != base {
		k.t.Fatalf("append: %+v %v", info, err)
	}
	k.log.SetHighWatermark(k.log.LogEndOffset())
}

func (k *keyedLog) endTxn(pid kafka.ProducerID, commit bool) {
	k.t.Helper()
	kind := batch.ControlAbort
	if commit {
		kind = batch.ControlCommit
	}
	b := batch.NewBuilder(nil, batch.Options{Transactional: true, Control: true, Producer: &batch.Producer{ID: pid, Sequence: -1}})
	b.Append(stampAt(k.seconds), batch.ControlKey(kind), make([]byte, 6))
	data, err := b.Build(nil)
	must(k.t, err)
	_, err = k.log.AppendAsLeader(at(k.seconds), data, 0, AppendOptions{Origin: batch.FromCoordinator})
	must(k.t, err)
	if !commit {
		for _, o := range k.open[pid] {
			k.aborted[o] = true
		}
	}
	delete(k.open, pid)
	k.log.SetHighWatermark(k.log.LogEndOffset())
}

func quick() compact.Limits {
	return compact.Limits{MapBytes: 1 << 20, MapLoad: 0.9, IOBytes: 700, Pace: func(int) error { return nil }}
}

// clean does one pass, if there is anything to do.
func (k *keyedLog) clean(limits compact.Limits) (Cleaned, error) {
	d, err := k.log.Dirt(at(k.seconds), k.cleaned)
	if err != nil {
		return Cleaned{}, err
	}
	if err := k.log.Flush(d.End); err != nil {
		return Cleaned{}, err
	}
	done, err := k.log.Clean(at(k.seconds), &d, &CleanOptions{Limits: limits})
	if err == nil {
		k.cleaned = done.Upto
	}
	return done, err
}

// read gives what is in a log, by offset: all of it, and what a consumer of
// committed records sees.
func readKeyed(t testing.TB, pool *compress.Pool, l *Log) (all, committed map[kafka.Offset]keyed) {
	t.Helper()
	all, committed = map[kafka.Offset]keyed{}, map[kafka.Offset]keyed{}
	var records batch.RecordReader
	defer records.Close()
	from, end := l.LogStartOffset(), l.LogEndOffset()
	stable := l.LastStableOffset()
	for from < end {
		var f Fetched
		must(t, l.Read(from, 1000, true, end, &f))
		if f.Section.Len() == 0 {
			break
		}
		buf := make([]byte, f.Section.Len())
		if _, err := f.Section.ReadAt(buf, 0); err != nil {
			t.Fatal(err)
		}
		list, err := l.AbortedIn(nil, &f)
		if errors.Is(err, fs.ErrNotExist) {
			continue // compacted and swept since
		}
		must(t, err)
		slices.SortFunc(list, func(a, b AbortedTxn) int { return int(a.FirstOffset - b.FirstOffset) })
		inAborted := map[kafka.ProducerID]bool{}
		for it := batch.Batches(buf); it.Next(); {
			b := it.Batch()
			must(t, b.Verify())
			if b.LastOffset() < from {
				continue
			}
			for len(list) > 0 && list[0].FirstOffset <= b.LastOffset() {
				inAborted[list[0].ProducerID] = true
				list = list[1:]
			}
			must(t, records.Reset(b, pool, 1<<20))
			for records.Next() {
				r := records.Record()
				if b.Control() {
					if kind, _ := batch.ParseControlKey(r.Key); kind == batch.ControlAbort {
						delete(inAborted, b.ProducerID())
					}
					continue
				}
				x := keyed{key: string(r.Key), value: string(r.Value), tombstone: r.Value == nil, stamp: r.Timestamp, pid: -1}
				if b.Transactional() {
					x.pid = b.ProducerID()
				}
				all[r.Offset] = x
				if r.Offset < stable && !(b.Transactional() && inAborted[b.ProducerID()]) {
					committed[r.Offset] = x
				}
			}
			must(t, records.Err())
			from = b.NextOffset()
		}
		f.Release()
	}
	return all, committed
}

// latest gives the last record of each key.
func latest(records map[kafka.Offset]keyed) map[string]kafka.Offset {
	last := map[string]kafka.Offset{}
	for _, offset := range slices.Sorted(maps.Keys(records)) {
		last[records[offset].key] = offset
	}
	return last
}

// check compares a log with what was appended: nothing has another offset, value
// or timestamp, of each key the last committed record is there (a tombstone may
// be gone), and none of an aborted transaction is seen.
func (k *keyedLog) check(what string, l *Log) (kept int) {
	k.t.Helper()
	all, seen := readKeyed(k.t, &k.pool, l)
	for offset, got := range all {
		if want, ok := k.all[offset]; !ok || got != want {
			k.t.Fatalf("%s: offset %d is %+v, want %+v", what, offset, got, want)
		}
	}
	want := map[kafka.Offset]keyed{}
	for offset, r := range k.all {
		if offset >= l.LogStartOffset() && offset < l.LastStableOffset() && !k.aborted[offset] {
			want[offset] = r
		}
	}
	for offset := range seen {
		if _, ok := want[offset]; !ok {
			k.t.Fatalf("%s: a consumer of committed records sees offset %d: %+v", what, offset, seen[offset])
		}
	}
	last := latest(seen)
	for key, offset := range latest(want) {
		got, ok := last[key]
		if ok && got != offset || !ok && !want[offset].tombstone {
			k.t.Fatalf("%s: the last of %q is offset %d (%v), want %d: %+v", what, key, got, ok, offset, want[offset])
		}
	}
	return len(all)
}

func TestCompactionKeepsTheLastOfEachKey(t *testing.T) {
	for seed := range uint64(40) {
		k := newKeyedLog(t, disk(t), seed)
		limits := quick()
		if seed%3 == 0 {
			limits.MapBytes = 24 * 12 // several passes
		}
		for round := range 6 {
			for range 60 {
				k.step()
			}
			before := k.log.Producers()
			end, stable := k.log.LogEndOffset(), k.log.LastStableOffset()
			for range 4 {
				if _, err := k.clean(limits); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
			what := fmt.Sprintf("seed %d, round %d", seed, round)
			k.check(what, k.log)
			if k.log.LogEndOffset() != end || k.log.LastStableOffset() != stable || !slices.Equal(k.log.Producers(), before) {
				t.Fatalf("%s: the end of the log or its producers changed", what)
			}
			k.reopen(what, before, round%2 == 0)
			k.seconds += int64(k.chance.IntN(30 * 3600))
		}
	}
}

// reopen restarts the log, cleanly or after a kill with nothing known as
// durable, and compares its state.
func (k *keyedLog) reopen(what string, producers []ProducerState, clean bool) {
	k.t.Helper()
	end, stable, hw := k.log.LogEndOffset(), k.log.LastStableOffset(), k.log.HighWatermark()
	o := testOptions(&k.config)
	o.Now = at(k.seconds)
	if o.Clean = clean; clean {
		must(k.t, k.log.Close(at(k.seconds)))
		o.RecoveryPoint = k.log.RecoveryPoint()
	} else {
		k.log.Abandon()
	}
	l, found, err := Open(NewHost(k.fs, &k.pool), o)
	must(k.t, err)
	if len(found.Damaged)+len(found.Cuts) > 0 {
		k.t.Fatalf("%s: %+v", what, found)
	}
	l.SetHighWatermark(hw)
	k.log = l
	if l.LogEndOffset() != end || l.LastStableOffset() != stable {
		k.t.Fatalf("%s: after a restart the log ends at %d and is stable to %d, want %d and %d", what, l.LogEndOffset(), l.LastStableOffset(), end, stable)
	}
	byID := map[kafka.ProducerID]ProducerState{}
	for _, p := range l.Producers() {
		byID[p.ProducerID] = p
	}
	for _, p := range producers {
		if got := byID[p.ProducerID]; got.LastSequence != p.LastSequence || got.Epoch != p.Epoch || got.TxnFirstOffset != p.TxnFirstOffset {
			k.t.Fatalf("%s: after a restart producer %+v, want %+v", what, got, p)
		}
	}
	k.check(what+", restarted", l)
}

func TestTombstonesAndMarkersGoAfterTheirHorizon(t *testing.T) {
	k := newKeyedLog(t, disk(t), 7)
	for range 300 {
		k.step()
	}
	for pid := range k.open {
		k.endTxn(pid, false)
	}
	must(t, k.log.Roll(at(k.seconds)))
	_, err := k.clean(quick())
	must(t, err)
	tombstones := func() (n, controls int) {
		all, _ := readKeyed(t, &k.pool, k.log)
		for _, r := range all {
			if r.tombstone {
				n++
			}
		}
		segments, _ := k.log.view()
		for _, s := range segments {
			must(t, s.Batches(s.Base, 1<<60, func(b *segment.Batch) error {
				if b.View.Control() && b.View.Count() > 0 {
					controls++
				}
				return nil
			}))
		}
		return n, controls
	}
	some, markers := tombstones()
	if some == 0 || markers == 0 {
		t.Fatalf("%d tombstones and %d markers after the first cleaning", some, markers)
	}
	again := func(after int64) (int, int) {
		k.seconds += after
		k.step() // something dirty
		for pid := range k.open {
			k.endTxn(pid, true)
		}
		must(t, k.log.Roll(at(k.seconds)))
		_, err := k.clean(quick())
		must(t, err)
		k.check("later", k.log)
		return tombstones()
	}
	if n, m := again(3600); n < some-4 || m < markers-4 {
		t.Errorf("after an hour %d of %d tombstones and %d of %d markers are left", n, some, m, markers)
	}
	if n, m := again(24 * 3600); n > 4 || m > 8 {
		t.Errorf("after a day %d tombstones and %d markers are left", n, m)
	}
	k.reopen("at last", k.log.Producers(), false)
}

func TestCompactionWithoutChangeLeavesTheFiles(t *testing.T) {
	m := disk(t)
	k := newKeyedLog(t, m, 3)
	for range 200 {
		k.step()
	}
	for range 4 { // until no two segments fit into one
		_, err := k.clean(quick())
		must(t, err)
		k.cleaned = -1
	}
	must(t, k.log.Sweep(at(k.seconds+100)))
	segments, _ := k.log.view()
	done, err := k.clean(quick())
	must(t, err)
	after, _ := k.log.view()
	if done.Segments == 0 || !slices.Equal(segments, after) {
		t.Fatalf("%d segments were replaced by the same", done.Segments)
	}
	for name := range files(t, m, testDir) {
		if strings.HasSuffix(name, segment.CleanedSuffix) {
			t.Errorf("%s was left", name)
		}
	}
}

func TestACancelledCompactionChangesNothing(t *testing.T) {
	m := disk(t)
	k := newKeyedLog(t, m, 5)
	for range 200 {
		k.step()
	}
	must(t, k.log.Flush(k.log.LogEndOffset()))
	must(t, k.log.Sweep(at(k.seconds+1000)))
	before := files(t, m, testDir)
	stop := errors.New("stop")
	for n := range 30 {
		limits, calls := quick(), 0
		limits.Pace = func(int) error {
			if calls++; calls > n {
				return stop
			}
			return nil
		}
		k.cleaned = -1
		_, err := k.clean(limits)
		if !errors.Is(err, stop) {
			t.Fatalf("call %d: %v", n, err)
		}
		if n < 5 {
			sameFiles(t, files(t, m, testDir), before)
		}
		k.check(fmt.Sprint("stopped at call ", n), k.log)
	}
}

// watched calls before with each change of the disk that is about to be made.
type watched struct {
	vfs.FS
	before func()
}

func (w watched) Open(name string, flags vfs.Flag) (vfs.File, error) {
	if flags&(vfs.Create|vfs.Truncate) != 0 {
		w.before()
	}
	f, err := w.FS.Open(name, flags)
	if err != nil {
		return nil, err
	}
	return watchedFile{f, w}, nil
}

func (w watched) Remove(name string) error {
	w.before()
	return w.FS.Remove(name)
}

func (w watched) Rename(from, to string) error {
	w.before()
	return w.FS.Rename(from, to)
}

func (w watched) SyncDir(name string) error {
	w.before()
	return w.FS.SyncDir(name)
}

type watchedFile struct {
	vfs.File
	w watched
}

func (f watchedFile) WriteAt(p []byte, at int64) (int, error) {
	f.w.before()
	return f.File.WriteAt(p, at)
}

func (f watchedFile) Truncate(size int64) error {
	f.w.before()
	return f.File.Truncate(size)
}

func (f watchedFile) Sync() error {
	f.w.before()
	return f.File.Sync()
}

// Whenever the power goes while a log is compacted, and again while the next
// start mends it: every record is there that has to be, and a third start finds
// nothing more to do.
func TestACrashAtAnyStepOfACompaction(t *testing.T) {
	images := 0
	for seed := range uint64(4) {
		m := disk(t)
		w := watched{FS: m, before: func() {}}
		k := newKeyedLog(t, &w, seed)
		for range 150 {
			k.step()
		}
		must(t, k.log.Roll(at(k.seconds)))
		must(t, k.log.Flush(k.log.LogEndOffset()))
		if seed%2 == 0 {
			_, err := k.clean(quick())
			must(t, err)
			for range 60 {
				k.step()
			}
			k.seconds += 30 * 3600
			must(t, k.log.Roll(at(k.seconds)))
			must(t, k.log.Flush(k.log.LogEndOffset()))
		}
		o := testOptions(&k.config)
		o.RecoveryPoint = k.log.LogEndOffset()
		if seed == 3 {
			k.config.Compact = false // the policy was changed since: the gaps are no loss all the same
		}
		if seed == 1 { // what an earlier cleaning could not remove
			for _, name := range []string{"00000000000000000001.log.cleaned", "00000000000000000001.index.swap"} {
				must(t, vfs.WriteFile(m, vfs.Join(testDir, name), []byte("leftover")))
			}
			must(t, m.SyncDir(testDir))
		}
		hw, point := k.log.HighWatermark(), 0
		w.before = func() {
			point++
			for try := range 1 + uint64(point)%2 {
				c := m.CrashClone(rand.New(rand.NewPCG(seed<<32|uint64(point), try)))
				images++
				k.afterCrash(fmt.Sprintf("seed %d, point %d, try %d", seed, point, try), c, o, hw, try == 0 && point%29 == 0)
			}
		}
		k.cleaned = -1
		_, err := k.clean(quick())
		w.before = func() {}
		must(t, err)
		if point < 60 {
			t.Errorf("seed %d: only %d points", seed, point)
		}
	}
	t.Logf("%d images", images)
}

func (k *keyedLog) afterCrash(what string, c *vfs.Mem, o Options, hw kafka.Offset, twice bool) {
	k.t.Helper()
	if twice {
		w := watched{FS: c.Clone(), before: func() {}}
		point := uint64(0)
		w.before = func() {
			point++
			again := w.FS.(*vfs.Mem).CrashClone(rand.New(rand.NewPCG(point, 9)))
			k.afterCrash(fmt.Sprintf("%s, and point %d of the start", what, point), again, o, hw, false)
		}
		l, _, err := Open(NewHost(&w, &k.pool), o)
		w.before = func() {}
		must(k.t, err)
		l.Abandon()
	}
	l, found, err := Open(NewHost(c, &k.pool), o)
	if err != nil || len(found.Damaged)+len(found.Cuts) > 0 {
		k.t.Fatalf("%s: %v %+v", what, err, found)
	}
	if l.LogEndOffset() != k.log.LogEndOffset() {
		k.t.Fatalf("%s: the log ends at %d, want %d", what, l.LogEndOffset(), k.log.LogEndOffset())
	}
	l.SetHighWatermark(hw)
	k.check(what, l)
	l.Abandon()
	l, found, err = Open(NewHost(c, &k.pool), o)
	if err != nil || len(found.Removed)+len(found.Damaged)+len(found.Cuts) > 0 {
		k.t.Fatalf("%s, again: %v %+v", what, err, found)
	}
	l.Abandon()
}

// Whichever operation of the disk fails while a log is compacted, nothing is
// lost: neither for who reads on, nor for the next start.
func TestAnyOperationOfACompactionMayFail(t *testing.T) {
	count := 0
	for n := -1; n <= count; n++ {
		for _, fault := range []vfs.Fault{{Times: 1}, {}, {Times: 1, NoSpace: true, Short: true}} {
			faults := vfs.NewFaults(disk(t))
			k := newKeyedLog(t, faults, 11)
			for range 80 {
				k.step()
			}
			must(t, k.log.Roll(at(k.seconds)))
			must(t, k.log.Flush(k.log.LogEndOffset()))
			begin := faults.Count()
			if fault.Ops = vfs.OpAny; fault.NoSpace {
				fault.Ops = vfs.OpWrite | vfs.OpPreallocate | vfs.OpOpen
			}
			fault.After = n
			if n >= 0 {
				faults.Inject(fault)
			}
			_, err := k.clean(quick())
			if n < 0 {
				must(t, err)
				count = faults.Count() - begin
			}
			if err != nil && kafka.CodeOf(err) == kafka.ErrUnknownServerError {
				t.Fatalf("operation %d: an error of the disk has no code: %v", n, err)
			}
			faults.Heal()
			what := fmt.Sprintf("operation %d of %d, %+v", n, count, fault)
			k.check(what, k.log)
			if k.log.broken == nil { // it goes on, and what was left does not stand in its way
				k.cleaned = -1
				_, err := k.clean(quick())
				must(t, err)
				k.check(what+", cleaned again", k.log)
				for name := range files(t, faults, testDir) {
					if strings.HasSuffix(name, segment.CleanedSuffix) || strings.HasSuffix(name, segment.SwapSuffix) {
						t.Fatalf("%s: %s is left", what, name)
					}
				}
			}
			recovery := k.log.RecoveryPoint()
			k.log.Abandon()
			o := testOptions(&k.config)
			o.RecoveryPoint = recovery
			l, found, err := Open(NewHost(faults, &k.pool), o)
			if err != nil || len(found.Damaged)+len(found.Cuts) > 0 {
				t.Fatalf("%s: %v %+v", what, err, found)
			}
			l.SetHighWatermark(l.LogEndOffset())
			k.check(what+", restarted", l)
			l.Abandon()
		}
	}
	if count < 100 {
		t.Errorf("only %d operations", count)
	}
}

// BenchmarkClean compacts a log of 100-byte records, ten to a batch, of which
// nine of ten are obsolete.
func BenchmarkClean(b *testing.B) {
	c := compactConfig()
	c.SegmentBytes, c.IndexIntervalBytes = 4<<20, 4096
	l := logOnDisk(b, &c)
	const count, keys = 200_000, 20_000
	for i := 0; i < count; i += 10 {
		builder := batch.NewBuilder(nil, opts())
		for j := range 10 {
			builder.Append(stampAt(int64(i)), fmt.Append(nil, "key-", (i+j)%keys), make([]byte, 100))
		}
		data, err := builder.Build(nil)
		must(b, err)
		_, err = l.AppendAsLeader(at(int64(i)), data, 0, AppendOptions{})
		must(b, err)
	}
	l.SetHighWatermark(count)
	must(b, l.Flush(count))
	limits := quick()
	limits.MapBytes, limits.IOBytes = 128<<20, 256<<10
	read := int64(0)
	limits.Pace = func(n int) error { read += int64(n); return nil }
	for b.Loop() {
		// The first time all is obsolete that can be; then nothing.
		d, err := l.Dirt(at(count), -1)
		must(b, err)
		b.SetBytes(d.Cleanable)
		_, err = l.Clean(at(count), &d, &CleanOptions{Limits: limits})
		must(b, err)
	}
}

// A segment of which compaction has left nothing is no end of the search by time.
func TestASearchByTimePassesEmptySegments(t *testing.T) {
	m := disk(t)
	k := newKeyedLog(t, m, 5)
	for range 40 { // one key, over and over: only the last segments keep anything
		b := batch.NewBuilder(&k.pool, batch.Options{})
		b.Append(stampAt(k.seconds), []byte("key"), make([]byte, 400))
		data, err := b.Build(nil)
		must(t, err)
		_, err = k.log.AppendAsLeader(at(k.seconds), data, 0, AppendOptions{})
		must(t, err)
		k.log.SetHighWatermark(k.log.LogEndOffset())
		k.seconds++
	}
	_, err := k.clean(quick())
	must(t, err)
	segments, _ := k.log.view()
	if segments[0].Size() != 0 {
		t.Fatalf("the first segment has %d bytes", segments[0].Size())
	}
	end := k.log.LogEndOffset()
	last := stampAt(k.seconds - 1)
	if found, ok, err := k.log.OffsetForTimestamp(last); err != nil || !ok || found.Offset != end-1 || found.Timestamp != last {
		t.Errorf("the newest record is found: %+v %v %v", found, ok, err)
	}
	if found, ok, err := k.log.OffsetForTimestamp(stampAt(0)); err != nil || !ok || found.Timestamp < stampAt(0) {
		t.Errorf("any record is found: %+v %v %v", found, ok, err)
	}
	if found, ok, err := k.log.OffsetForTimestamp(last + 1); err != nil || ok {
		t.Errorf("no record is found: %+v %v %v", found, ok, err)
	}
}
