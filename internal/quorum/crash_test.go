package quorum

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// watchedFS calls point before and after everything that changes the disk.
type watchedFS struct {
	vfs.FS
	point func()
}

func (w watchedFS) around(op func() error) error {
	w.point()
	err := op()
	w.point()
	return err
}

func (w watchedFS) Open(name string, flags vfs.Flag) (vfs.File, error) {
	if flags&(vfs.Create|vfs.Truncate) != 0 {
		w.point()
	}
	f, err := w.FS.Open(name, flags)
	if err != nil {
		return nil, err
	}
	return watchedFile{f, w}, nil
}
func (w watchedFS) Mkdir(name string) error {
	return w.around(func() error { return w.FS.Mkdir(name) })
}
func (w watchedFS) MkdirAll(name string) error {
	return w.around(func() error { return w.FS.MkdirAll(name) })
}
func (w watchedFS) Remove(name string) error {
	return w.around(func() error { return w.FS.Remove(name) })
}
func (w watchedFS) Rename(from, to string) error {
	return w.around(func() error { return w.FS.Rename(from, to) })
}
func (w watchedFS) SyncDir(name string) error {
	return w.around(func() error { return w.FS.SyncDir(name) })
}

type watchedFile struct {
	vfs.File
	w watchedFS
}

func (f watchedFile) WriteAt(p []byte, at int64) (n int, err error) {
	err = f.w.around(func() error { n, err = f.File.WriteAt(p, at); return err })
	return n, err
}
func (f watchedFile) Sync() error { return f.w.around(f.File.Sync) }
func (f watchedFile) Truncate(size int64) error {
	return f.w.around(func() error { return f.File.Truncate(size) })
}

// crashPoint is a disk at one moment, and what had been promised by then.
type crashPoint struct {
	disk     *vfs.Mem
	promised int // topics acknowledged or published
	asked    int // topics asked for
}

// script makes topics one after the other, each with an answer, while
// snapshots are written and old segments removed. point sees every moment.
type script struct {
	acked, asked atomic.Int32
	published    atomic.Int32
}

// Publish counts the topics that were shown.
func (s *script) Publish(img *metadata.Image, _ *metadata.Delta) {
	n := int32(0)
	for t := range img.Topics.All() {
		if strings.HasPrefix(t.Name, "t-") {
			n++
		}
	}
	s.published.Store(n)
}

func (s *script) promised() int { return int(max(s.acked.Load(), s.published.Load())) }

func smallSnapshots(cfg *Config) {
	cfg.SnapshotBytes, cfg.RetentionBytes, cfg.SegmentBytes, cfg.tiny = 700, 1500, 600, true
}

func (s *script) run(t *testing.T, fsys vfs.FS, topics int, fatal func(error)) error {
	t.Helper()
	if err := Format(fsys, "/data", FormatOptions{Now: time.Now()}); err != nil {
		return err
	}
	cfg := testConfig(t, fsys, "/data")
	smallSnapshots(&cfg)
	cfg.Publishers, cfg.Fatal = []Publisher{s}, fatal
	q, err := Open(cfg)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- q.Run(context.Background()) }()
	defer func() { _ = q.Close() }()
	select {
	case <-q.Ready():
	case err := <-ended:
		ended <- err
		return err
	}
	if err := s.topics(t, q, topics); err != nil {
		return err
	}
	return q.Close()
}

func (s *script) topics(t *testing.T, q *Quorum, topics int) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if _, err := q.Execute(ctx, registration(q.cfg.Env.ClusterID)); err != nil {
		return err
	}
	if _, err := q.Execute(ctx, unfence); err != nil {
		return err
	}
	for i := range topics {
		s.asked.Store(int32(i) + 1)
		if _, err := q.Execute(ctx, createTopic(fmt.Sprintf("t-%03d", i), 2)); err != nil {
			return err
		}
		s.acked.Store(int32(i) + 1)
	}
	return nil
}

// verify opens what a crash left: everything promised is there, in order, and
// nothing that was never asked for.
func (p crashPoint) verify(t *testing.T, disk *vfs.Mem, what string) {
	t.Helper()
	if err := Format(disk, "/data", FormatOptions{Now: time.Now()}); err != nil {
		t.Fatalf("%s: format again: %v", what, err)
	}
	cfg := testConfig(t, disk, "/data")
	smallSnapshots(&cfg)
	q, err := Open(cfg)
	if err != nil {
		t.Fatalf("%s: open: %v", what, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- q.Run(context.Background()) }()
	select {
	case <-q.Ready():
	case err := <-ended:
		t.Fatalf("%s: run: %v", what, err)
	}
	img := q.Image()
	n := 0
	for topic := range img.Topics.All() {
		if topic.Name != fmt.Sprintf("t-%03d", n) || topic.NumPartitions() != 2 {
			t.Fatalf("%s: topic %d is %s with %d partitions: a batch is torn or lost", what, n, topic.Name, topic.NumPartitions())
		}
		n++
	}
	if n < p.promised || n > p.asked {
		t.Fatalf("%s: %d topics, of which %d were promised and %d asked for", what, n, p.promised, p.asked)
	}
	if err := q.Close(); err != nil {
		t.Fatalf("%s: close: %v", what, err)
	}
}

func TestNothingPromisedIsLostInACrashAtAnyPoint(t *testing.T) {
	const topics = 25
	disk := vfs.NewMem(nil)
	s := &script{}
	var mu sync.Mutex // snapshots are written beside the quorum's goroutine
	var points []crashPoint
	chance := rand.New(rand.NewPCG(1, 2))
	watched := watchedFS{FS: disk, point: func() {
		mu.Lock()
		defer mu.Unlock()
		promised := s.promised()
		points = append(points, crashPoint{disk: disk.CrashClone(chance), promised: promised, asked: int(s.asked.Load())})
	}}
	if err := s.run(t, watched, topics, func(err error) { t.Errorf("fatal: %v", err) }); err != nil {
		t.Fatal(err)
	}
	if len(points) < 10*topics {
		t.Fatalf("only %d points: the disk is not watched", len(points))
	}
	removed := false
	for i, p := range points {
		if _, err := p.disk.Stat("/data/__cluster_metadata-0/00000000000000000000.log"); err != nil && i > len(points)/2 {
			removed = true
		}
		p.asked = max(p.asked, int(s.asked.Load())) // what was asked for after the point was taken may not be there, so this only bounds
		p.verify(t, p.disk, fmt.Sprintf("crash at point %d of %d", i, len(points)))
	}
	if !removed {
		t.Error("no old segment was removed: the script does not reach that")
	}
	t.Logf("%d crash points", len(points))
}

// The promise is made by publishing, too: a crash in the middle of a
// publication keeps what is being published.
func TestWhatIsPublishedIsDurable(t *testing.T) {
	disk := vfs.NewMem(nil)
	if err := Format(disk, "/data", FormatOptions{Now: time.Now()}); err != nil {
		t.Fatal(err)
	}
	cfg := testConfig(t, disk, "/data")
	smallSnapshots(&cfg)
	s := &script{}
	chance := rand.New(rand.NewPCG(3, 4))
	var points []crashPoint
	cfg.Publishers = []Publisher{s, publisherFunc(func(img *metadata.Image, _ *metadata.Delta) {
		points = append(points, crashPoint{disk: disk.CrashClone(chance), promised: s.promised(), asked: 1000})
	})}
	q := start(t, cfg)
	if err := s.topics(t, q, 10); err != nil {
		t.Fatal(err)
	}
	mustClose(t, q)
	if len(points) < 10 {
		t.Fatalf("%d publications", len(points))
	}
	for i, p := range points {
		p.verify(t, p.disk, fmt.Sprintf("crash in publication %d", i))
	}
}

type publisherFunc func(*metadata.Image, *metadata.Delta)

func (f publisherFunc) Publish(img *metadata.Image, delta *metadata.Delta) { f(img, delta) }

func TestAFailingDiskEndsTheQuorumAndLosesNothing(t *testing.T) {
	const topics = 12
	count := func() int {
		faults := vfs.NewFaults(vfs.NewMem(nil))
		if err := (&script{}).run(t, faults, topics, func(error) {}); err != nil {
			t.Fatal(err)
		}
		return faults.Count()
	}()
	failed, fatal := 0, 0
	for at := range count {
		for _, once := range []int{0, 1} { // the disk fails for ever, or once
			disk := vfs.NewMem(nil)
			faults := vfs.NewFaults(disk)
			faults.Inject(vfs.Fault{Ops: vfs.OpWrite | vfs.OpSync | vfs.OpSyncDir | vfs.OpRename | vfs.OpTruncate | vfs.OpRemove, After: at, Times: once, Short: at%2 == 0})
			s := &script{}
			calls := atomic.Int32{}
			err := s.run(t, faults, topics, func(error) { calls.Add(1) })
			if err != nil {
				failed++
			}
			if calls.Load() > 1 {
				t.Fatalf("fault at operation %d: Fatal was called %d times", at, calls.Load())
			}
			fatal += int(calls.Load())
			p := crashPoint{promised: s.promised(), asked: int(s.asked.Load())}
			p.verify(t, disk.CrashClone(rand.New(rand.NewPCG(uint64(at), uint64(once)))), fmt.Sprintf("after the fault at operation %d (%v)", at, err))
		}
	}
	if failed == 0 || fatal == 0 {
		t.Fatalf("%d operations: %d runs failed, %d were fatal: the faults do not strike", count, failed, fatal)
	}
	t.Logf("%d operations: %d runs failed, of which %d ended a running quorum", count, failed, fatal)
}

// A damaged record that a snapshot vouches for is an error; a torn end that
// nobody was promised is cut.
func TestATornEndIsCutAndADamagedMiddleIsNot(t *testing.T) {
	dir := t.TempDir()
	if err := Format(vfs.OS{}, dir, FormatOptions{Now: time.Now()}); err != nil {
		t.Fatal(err)
	}
	q := start(t, testConfig(t, vfs.OS{}, dir))
	register(t, q)
	mustCreate(t, q, "a", 1)
	end := q.log.log.Bytes()
	mustClose(t, q)
	name := dir + "/" + logName + "/00000000000000000000.log"
	f, err := vfs.OS{}.Open(name, vfs.Write)
	if err != nil {
		t.Fatal(err)
	}
	garbage := make([]byte, 300)
	if _, err := f.ReadAt(garbage[:200], 0); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(garbage, end); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	q = start(t, testConfig(t, vfs.OS{}, dir))
	if _, ok := q.Image().Topics.ByName("a"); !ok {
		t.Error("the topic is gone with the torn end")
	}
	mustCreate(t, q, "b", 1)
	mustClose(t, q)
}
