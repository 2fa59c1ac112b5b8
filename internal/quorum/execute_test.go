package quorum

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// oneVoter starts a quorum of one on a disk in memory.
func oneVoter(t *testing.T, fsys vfs.FS, change func(*Config)) *Quorum {
	t.Helper()
	if err := Format(fsys, "/data", FormatOptions{Now: time.Now()}); err != nil {
		t.Fatal(err)
	}
	cfg := testConfig(t, fsys, "/data")
	if change != nil {
		change(&cfg)
	}
	return start(t, cfg)
}

// gatedFS holds syncs of segments back while the gate is closed.
type gatedFS struct {
	vfs.FS
	gate  sync.RWMutex
	syncs atomic.Int32
}

type gatedFile struct {
	vfs.File
	fs *gatedFS
}

func (g *gatedFS) Open(name string, flags vfs.Flag) (vfs.File, error) {
	f, err := g.FS.Open(name, flags)
	if err != nil {
		return nil, err
	}
	return gatedFile{f, g}, nil
}

func (f gatedFile) Sync() error {
	f.fs.gate.RLock()
	defer f.fs.gate.RUnlock()
	f.fs.syncs.Add(1)
	return f.File.Sync()
}

func TestConcurrentDecisionsShareASync(t *testing.T) {
	g := &gatedFS{FS: vfs.NewMem(nil)}
	q := oneVoter(t, g, nil)
	register(t, q)
	const callers = 100
	g.gate.Lock()
	before := g.syncs.Load()
	var group sync.WaitGroup
	var decided atomic.Int32
	for i := range callers {
		group.Go(func() {
			decide := createTopic(fmt.Sprintf("topic-%d", i), 1)
			execute[*msg.CreateTopicsResponse](t, q, func(in controller.Input) controller.Result {
				decided.Add(1)
				return decide(in)
			})
		})
	}
	for int(decided.Load())+len(q.requests) < callers { // the first are being synced, the others wait
		runtime.Gosched()
	}
	g.gate.Unlock()
	group.Wait()
	if syncs := g.syncs.Load() - before; syncs > 5 {
		t.Errorf("%d decisions took %d syncs", callers, syncs)
	}
	if n := q.Image().Topics.Len(); n != callers {
		t.Errorf("%d topics, want %d", n, callers)
	}
}

func TestDecisionsSeeWhatWasDecidedBefore(t *testing.T) {
	q := oneVoter(t, vfs.NewMem(nil), nil)
	register(t, q)
	var group sync.WaitGroup
	var made atomic.Int32
	for range 20 {
		group.Go(func() {
			resp := execute[*msg.CreateTopicsResponse](t, q, createTopic("once", 1))
			if resp.Topics[0].ErrorCode == 0 {
				made.Add(1)
			} else if resp.Topics[0].ErrorCode != int16(kafka.ErrTopicAlreadyExists) {
				t.Errorf("%+v", resp.Topics[0])
			}
			if _, ok := q.Image().Topics.ByName("once"); !ok {
				t.Error("answered, and the topic is not published")
			}
		})
	}
	group.Wait()
	if made.Load() != 1 {
		t.Errorf("the topic was made %d times", made.Load())
	}
}

func TestDecisionsWithoutRecordsAreAnsweredAtOnce(t *testing.T) {
	g := &gatedFS{FS: vfs.NewMem(nil)}
	q := oneVoter(t, g, nil)
	register(t, q)
	before := g.syncs.Load()
	for range 10 {
		execute[*msg.BrokerHeartbeatResponse](t, q, unfence)
	}
	if syncs := g.syncs.Load() - before; syncs != 0 {
		t.Errorf("heartbeats of a broker that stays as it is took %d syncs", syncs)
	}
}

func TestRefusedDecisionsWriteNothing(t *testing.T) {
	q := oneVoter(t, vfs.NewMem(nil), nil)
	end := q.Status().HighWatermark
	want := kafka.Errorf(kafka.ErrInvalidRequest, "no")
	_, err := q.Execute(t.Context(), func(controller.Input) controller.Result { return controller.Result{Err: want} })
	if !errors.Is(err, want) {
		t.Errorf("error %v", err)
	}
	// A record that does not fit the image is the decision's fault, and not written.
	_, err = q.Execute(t.Context(), func(controller.Input) controller.Result {
		return controller.Result{Records: []metadata.Record{{Message: &msg.RemoveTopicRecord{TopicId: kafka.UUID{1}}}}}
	})
	if kafka.CodeOf(err) != kafka.ErrUnknownServerError {
		t.Errorf("error %v", err)
	}
	// Nor is more than one batch can have, unless it may be divided.
	many := func(divisible bool) func(controller.Input) controller.Result {
		return func(controller.Input) controller.Result {
			records := make([]metadata.Record, 3*batchRecordsMax)
			for i := range records {
				value := fmt.Sprint(i)
				records[i] = metadata.Record{Message: &msg.ConfigRecord{ResourceType: int8(config.ResourceBroker), Name: "key", Value: &value}}
			}
			return controller.Result{Records: records, Divisible: divisible}
		}
	}
	if _, err = q.Execute(t.Context(), many(false)); kafka.CodeOf(err) != kafka.ErrPolicyViolation {
		t.Errorf("error %v", err)
	}
	if now := q.Status().HighWatermark; now != end {
		t.Errorf("the log grew from %d to %d", end, now)
	}
	if _, err = q.Execute(t.Context(), many(true)); err != nil {
		t.Error(err)
	}
	if v, _ := q.Image().Configs.Get(metadata.Resource{Type: config.ResourceBroker}, "key"); v != fmt.Sprint(3*batchRecordsMax-1) {
		t.Errorf("the divided decision ended at %s", v)
	}
}

func TestCloseAnswersWhoWaitsAndLeavesNothing(t *testing.T) {
	defer goleak.VerifyNone(t)
	g := &gatedFS{FS: vfs.NewMem(nil)}
	q := oneVoter(t, g, nil)
	register(t, q)
	g.gate.Lock()
	answered := make(chan error, 50)
	for i := range cap(answered) {
		go func() {
			_, err := q.Execute(context.Background(), createTopic(fmt.Sprint(i), 1))
			answered <- err
		}()
	}
	closed := make(chan error, 1)
	go func() { closed <- q.Close() }()
	g.gate.Unlock()
	for range cap(answered) {
		if err := <-answered; err != nil && kafka.CodeOf(err) != kafka.ErrNotController {
			t.Errorf("error %v", err)
		}
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, err := q.Execute(context.Background(), unfence); kafka.CodeOf(err) != kafka.ErrNotController {
		t.Errorf("after Close: %v", err)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}

func TestCloseWithoutRun(t *testing.T) {
	disk := vfs.NewMem(nil)
	if err := Format(disk, "/data", FormatOptions{Now: time.Now()}); err != nil {
		t.Fatal(err)
	}
	q, err := Open(testConfig(t, disk, "/data"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(q.Close(), q.Close()); err != nil {
		t.Error(err)
	}
	if _, err := Open(testConfig(t, vfs.NewMem(nil), "/nowhere")); err == nil {
		t.Error("a directory that was never formatted is opened")
	}
}

func TestExecuteGivesUpWithItsContext(t *testing.T) {
	g := &gatedFS{FS: vfs.NewMem(nil)}
	q := oneVoter(t, g, nil)
	register(t, q)
	g.gate.Lock()
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := q.Execute(ctx, createTopic("t", 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	g.gate.Unlock()
	mustCreate(t, q, "u", 1)
	if _, ok := q.Image().Topics.ByName("t"); !ok {
		t.Error("what was decided is not written because nobody waited for it")
	}
}

// In a bubble time is ours: sessions end, a transaction left open is aborted.
func TestSessionsEndAndOpenTransactionsAreAborted(t *testing.T) {
	disk := vfs.NewMem(nil)
	synctest.Test(t, func(t *testing.T) {
		q := oneVoter(t, disk, nil)
		register(t, q)
		time.Sleep(8 * time.Second)
		execute[*msg.BrokerHeartbeatResponse](t, q, unfence)
		time.Sleep(8 * time.Second)
		if b, _ := q.Image().Cluster.Broker(1); b.Fenced {
			t.Error("fenced within its session")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if b, _ := q.Image().Cluster.Broker(1); !b.Fenced {
			t.Error("not fenced after its session")
		}
		_, err := q.Execute(t.Context(), func(controller.Input) controller.Result {
			value := "1"
			return controller.Result{Records: []metadata.Record{
				{Message: &msg.BeginTransactionRecord{}},
				{Message: &msg.ConfigRecord{ResourceType: int8(config.ResourceBroker), Name: "half", Value: &value}},
			}}
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := q.Image().Configs.Get(metadata.Resource{Type: config.ResourceBroker}, "half"); ok {
			t.Error("half a transaction may be seen")
		}
		mustClose(t, q)
	})
	synctest.Test(t, func(t *testing.T) {
		q := oneVoter(t, disk, nil)
		if _, ok := q.Image().Configs.Get(metadata.Resource{Type: config.ResourceBroker}, "half"); ok {
			t.Error("half a transaction was completed")
		}
		mustCreateFor(t, q, 1)
		mustClose(t, q)
		if _, open := q.loader.Transaction(); open {
			t.Error("the transaction is still open")
		}
	})
}

// mustCreateFor makes a topic after the broker is back.
func mustCreateFor(t *testing.T, q *Quorum, n int32) {
	t.Helper()
	register(t, q)
	mustCreate(t, q, "after", n)
}

func TestOldSnapshotsAndSegmentsGo(t *testing.T) {
	disk := vfs.NewMem(func() time.Time { return time.Now() })
	q := oneVoter(t, disk, smallSnapshots)
	register(t, q)
	for i := range 200 {
		mustCreate(t, q, fmt.Sprintf("t-%03d", i%7), 1)
		execute[*msg.DeleteTopicsResponse](t, q, deleteTopic(fmt.Sprintf("t-%03d", i%7)))
	}
	mustClose(t, q)
	entries, err := disk.List("/data/__cluster_metadata-0")
	if err != nil {
		t.Fatal(err)
	}
	var bytes int64
	for _, e := range entries {
		info, err := disk.Stat("/data/__cluster_metadata-0/" + e.Name)
		if err != nil {
			t.Fatal(err)
		}
		bytes += info.Size
	}
	if len(entries) > 60 || bytes > 20_000 {
		t.Errorf("%d files of %d bytes are left: %v", len(entries), bytes, entries)
	}
	if q.log.log.Start() == 0 {
		t.Error("the log still begins at 0")
	}
}

func deleteTopic(name string) func(controller.Input) controller.Result {
	req := msg.NewDeleteTopicsRequest()
	req.Topics = []msg.DeleteTopicsRequestDeleteTopicState{{Name: &name}}
	return func(in controller.Input) controller.Result { return controller.DeleteTopics(in, req, 6) }
}
