package node

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/vfs"
)

// faultRun starts a node on a disk that fails, produces if it can, and stops.
// acked is what a producer was told of.
func faultRun(t *testing.T, w *world, faults *vfs.Faults) (started bool, acked []string) {
	w.watch = func(vfs.FS) vfs.FS { return faults }
	node, err := w.tryStart()
	if err != nil {
		if !strings.Contains(err.Error(), "/data") {
			t.Errorf("%s fails, and the start says: %v", faults.Last(), err)
		}
		return false, nil
	}
	cl := w.client(kgo.RecordDeliveryTimeout(2*time.Second), kgo.ProducerLinger(0), kgo.DisableIdempotentWrite())
	for i := range 3 {
		if node.Err() != nil {
			break // the process would end
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		value := fmt.Sprint("more ", i)
		if cl.ProduceSync(ctx, &kgo.Record{Topic: "t", Value: []byte(value)}).FirstErr() == nil {
			acked = append(acked, value)
		}
		cancel()
	}
	cl.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = node.Close(ctx) // it may well have failed
	return true, acked
}

// Whichever operation of a start, of a little work and of a stop fails: the
// start says which file it was, or the node serves; and after a loss of power a
// start on a whole disk has all that was acknowledged.
func TestStartAndStopWithAnyOperationFailing(t *testing.T) {
	for _, fault := range []vfs.Fault{{Ops: vfs.OpAny, Times: 1}, {Ops: vfs.OpAny}, {Ops: vfs.OpSync | vfs.OpSyncDir, Times: 1, Drop: true}} {
		var refused, served int
		for n := 0; ; n++ {
			failed := false
			synctest.Test(t, func(t *testing.T) {
				w := &world{t: t, fs: vfs.NewMem(time.Now)}
				w.start()
				cl := w.client()
				w.createTopic(cl, "t", 1, nil)
				w.produce(cl, "t", 0, 5)
				cl.Close()
				w.stop()
				faults := vfs.NewFaults(w.fs)
				f := fault
				f.After = n
				faults.Inject(f)
				started, acked := faultRun(t, w, faults)
				failed = faults.Failed() > 0
				if failed && started {
					served++
				} else if failed {
					refused++
				}
				w.fs, w.watch = w.fs.CrashClone(nil), nil
				w.start()
				cl = w.client(kgo.ConsumeTopics("t"))
				got := w.consume(cl, 5+len(acked))
				for _, value := range acked {
					if got[value] != 1 {
						t.Errorf("%s failed: %q was acknowledged and is there %d times", faults.Last(), value, got[value])
					}
				}
				cl.Close()
				w.stop()
			})
			if !failed || t.Failed() {
				break
			}
		}
		t.Logf("%+v: %d operations failed; with %d the start was refused, with %d the node served", fault, refused+served, refused, served)
		if refused+served < 10 {
			t.Errorf("only %d operations failed", refused+served)
		}
	}
}
