package crash

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// counting counts the files that are open.
type counting struct {
	vfs.FS
	mu   sync.Mutex
	open map[*countedFile]string
}

type countedFile struct {
	vfs.File
	disk *counting
}

func (c *counting) Open(name string, flags vfs.Flag) (vfs.File, error) {
	f, err := c.FS.Open(name, flags)
	if err != nil {
		return nil, err
	}
	file := &countedFile{f, c}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[file] = name
	return file, nil
}

func (f *countedFile) Close() error {
	f.disk.mu.Lock()
	delete(f.disk.open, f)
	f.disk.mu.Unlock()
	return f.File.Close()
}

func (c *counting) left() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range c.open {
		return fmt.Errorf("%d files are left open, %s among them", len(c.open), name)
	}
	return nil
}

// trial is one run of the fault script, on a disk that fails somewhere.
type trial struct {
	*world
	faults *vfs.Faults
	failed int // calls that said so
	wrong  error
	// maybe has appends that failed: one of them may be there, at the end.
	maybe map[*part][]*written
}

func (f *trial) want(ok bool, format string, args ...any) {
	if !ok && f.wrong == nil {
		f.wrong = fmt.Errorf(format, args...)
	}
}

// refused notes an error of the broker, which must have a code of its own.
func (f *trial) refused(err error) bool {
	if err == nil {
		return false
	}
	f.failed++
	f.want(kafka.CodeOf(err) != kafka.ErrUnknownServerError, "an error of the disk has no code: %v", err)
	return true
}

// put appends one record, or the end of a transaction, and waits for the answer.
func (f *trial) put(p *part, o batch.Options, ao storage.AppendOptions, key, value string) {
	at, ok := f.set.Partition(p.tp)
	if !ok {
		return
	}
	first := p.end()
	epoch, _ := at.LeaderEpoch()
	x := &written{first: first, last: first, epoch: epoch, codec: o.Codec, id: -1, idEpoch: -1, sequence: -1, txn: o.Transactional, marker: o.Control,
		records: []record{{offset: first, stamp: kafka.Timestamp(time.Now().UnixMilli()), key: key, value: value}}}
	if o.Producer != nil {
		x.id, x.idEpoch, x.sequence = o.Producer.ID, o.Producer.Epoch, o.Producer.Sequence
	}
	b := batch.NewBuilder(f.codecs, o)
	b.Append(x.records[0].stamp, []byte(key), []byte(value))
	data, err := b.Build(nil)
	if err != nil {
		panic(err)
	}
	done, err := at.Append(time.Now(), data, -1, ao)
	if f.refused(err) {
		f.maybe[p] = append(f.maybe[p], x)
		return
	}
	f.want(done.FirstOffset == first, "%s: appended at %d, not at %d", p.tp, done.FirstOffset, first)
	p.batches, f.maybe[p] = append(p.batches, x), nil
	acked, err := done.Acked, done.AckErr
	if !acked {
		answer := make(chan error, 1)
		if acked, err = at.AwaitAck(-1, first+1, func(err error) { answer <- err }); !acked {
			select {
			case err = <-answer:
			case <-time.After(time.Minute): // a full disk: nobody is told until there is space
				err = kafka.ErrRequestTimedOut
			}
		}
	}
	if !f.refused(err) {
		p.acked = first + 1
	}
}

func (f *trial) part(topic string) *part { return f.parts[kafka.TopicPartition{Topic: topic}] }

// run does a little of everything, and goes on after errors.
func (f *trial) run() {
	list := kinds()[:2]
	for i := range list {
		list[i].partitions = 1
		f.create(list[i])
	}
	a, b := f.part("synced"), f.part("short")
	gzip := batch.Options{Codec: compress.Gzip}
	txn := batch.Options{Transactional: true, Producer: &batch.Producer{ID: 7}}
	marker := batch.Options{Transactional: true, Control: true, Producer: &batch.Producer{ID: 7, Sequence: -1}}
	for i := range 6 {
		f.put(a, batch.Options{}, storage.AppendOptions{}, "k", fmt.Sprintf("%d %0300d", i, i))
		f.put(b, gzip, storage.AppendOptions{}, "k", fmt.Sprintf("%d %d", i, rand.Uint64()))
	}
	f.put(a, txn, storage.AppendOptions{}, "k", "taken back")
	f.put(a, marker, storage.AppendOptions{Origin: batch.FromCoordinator, TransactionVersion: 1}, string(batch.ControlKey(batch.ControlAbort)), string(make([]byte, 6)))
	time.Sleep(30 * time.Second) // housekeeping: idle files, retention
	a.start = 4
	if at, ok := f.set.Partition(a.tp); ok {
		low, err := at.DeleteRecords(4)
		switch {
		case !f.refused(err):
			f.want(low == 4, "low watermark %d", low)
		case kafka.CodeOf(err) == kafka.ErrOffsetOutOfRange:
			a.start = 0 // so little was written
		}
	}
	time.Sleep(65 * time.Second) // checkpoints
	f.remove("short")
	f.create(list[1])
	b = f.part("short")
	for i := range 2 {
		f.put(a, batch.Options{}, storage.AppendOptions{}, "k", fmt.Sprint("late ", i))
		f.put(b, gzip, storage.AppendOptions{}, "k", fmt.Sprint("again ", i))
	}
	time.Sleep(30 * time.Second)
}

// try runs the script with a fault, stops in one way or the other, and looks at
// what is left: after a stop or kill, and after a loss of power.
func try(seed uint64, fault *vfs.Fault, kill bool) (f *trial) {
	w := newWorld(seed, newImages(0), nil)
	f = &trial{world: w, faults: vfs.NewFaults(w.fs), maybe: map[*part][]*written{}}
	if fault != nil {
		f.faults.Inject(*fault)
	}
	disk := &counting{FS: f.faults, open: map[*countedFile]string{}}
	set, err := newSet(w.cfg, disk, w.codecs, w.img, seed)
	if err != nil && set == nil {
		f.failed++
		return f // it did not start
	}
	w.set = set
	w.stop = run(set)
	f.run()
	w.stop()
	if kill {
		set.Abandon()
	} else if err := set.Close(5); err != nil {
		f.failed++
	}
	synctest.Wait()
	f.want(disk.left() == nil, "%v", disk.left())
	for _, p := range w.parts {
		p.start = max(p.start, p.mayBegin(time.Now()))
	}
	if err := f.checkLeft(w.fs.CrashClone(nil)); err != nil {
		f.want(false, "after a loss of power: %w", err)
	}
	if err := f.checkLeft(w.fs.Clone()); err != nil {
		f.want(false, "after a restart: %w", err)
	}
	return f
}

// checkLeft opens a disk with what was promised, and compares each partition.
func (f *trial) checkLeft(disk *vfs.Mem) error {
	set, err := newSet(f.cfg, disk, f.codecs, f.img, 99)
	// Where the disk failed before the checkpoints forgot the topic that was
	// deleted, the one of its name that was made again is missed. What is lost
	// the comparison sees.
	if set == nil || (err != nil && !strings.Contains(err.Error(), "the directory of a partition is gone")) {
		return err
	}
	defer set.Abandon()
	synctest.Wait()
	for _, p := range f.parts {
		at, ok := set.Partition(p.tp)
		if !ok || at.Log() == nil {
			return fmt.Errorf("%s is offline", p.tp)
		}
		_, _, err := p.check(at.Log())
		for _, x := range f.maybe[p] {
			if err != nil {
				p.flight = []*written{x}
				_, _, err = p.check(at.Log())
			}
		}
		p.flight = nil
		if err != nil {
			return err
		}
	}
	return nil
}

// Whichever operation on the disk fails, and however: whoever asked is told with
// a code, what was acknowledged is there after a restart and after a loss of
// power, a sync that failed is never made good by a later one, and no file is
// left open.
func TestAnyOperationMayFail(t *testing.T) {
	inBubble := func(fault *vfs.Fault, kill bool) (f *trial) {
		synctest.Test(t, func(*testing.T) { f = try(2, fault, kill) })
		return f
	}
	plain := inBubble(nil, false)
	if plain.failed > 0 || plain.wrong != nil {
		t.Fatalf("without a fault: %d calls failed, %v", plain.failed, plain.wrong)
	}
	kindsOf := []struct {
		name  string
		fault vfs.Fault
	}{
		{"EIO, once", vfs.Fault{Ops: vfs.OpAny, Times: 1}},
		{"EIO, from there on", vfs.Fault{Ops: vfs.OpAny}},
		{"a short write and ENOSPC", vfs.Fault{Ops: vfs.OpWrite, Times: 1, Short: true, NoSpace: true}},
		{"ENOSPC, from there on", vfs.Fault{Ops: vfs.OpWrite | vfs.OpPreallocate | vfs.OpOpen | vfs.OpMkdir, NoSpace: true}},
		{"a sync that loses its writes", vfs.Fault{Ops: vfs.OpSync, Times: 1, Drop: true}},
	}
	for _, k := range kindsOf {
		runs, told := 0, 0
		for n := 0; ; n++ {
			fault := k.fault
			fault.After = n
			f := inBubble(&fault, n%2 == 0)
			if f.wrong != nil {
				t.Errorf("%s, operation %d (%s): %v", k.name, n, f.faults.Last(), f.wrong)
			}
			if f.faults.Failed() == 0 {
				break // the script has no more
			}
			runs++
			if f.failed > 0 {
				told++
			}
			if t.Failed() && runs > 3000 {
				return
			}
		}
		t.Logf("%s: %d operations failed in turn, %d times a caller was told", k.name, runs, told)
		if runs < 20 || told == 0 {
			t.Errorf("%s: only %d operations failed, and %d times a caller was told", k.name, runs, told)
		}
	}
}
