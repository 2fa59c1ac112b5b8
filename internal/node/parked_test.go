package node

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/vfs"
	"github.com/gregor-stream/gregor/internal/wire"
)

// stuckDisk is a disk whose syncs below a path hang when they are told to.
type stuckDisk struct {
	vfs.FS
	below string

	mu    sync.Mutex
	stuck chan struct{} // closed when they go on; nil: none hangs
	err   error         // of those that hang
}

func (d *stuckDisk) hang() { d.set(make(chan struct{}), nil) }

// goOn lets the syncs that hang end, with err.
func (d *stuckDisk) goOn(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.stuck)
	d.stuck, d.err = nil, err
}

func (d *stuckDisk) set(stuck chan struct{}, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stuck, d.err = stuck, err
}

func (d *stuckDisk) Open(name string, flags vfs.Flag) (vfs.File, error) {
	f, err := d.FS.Open(name, flags)
	if err != nil || !strings.HasPrefix(name, d.below) {
		return f, err
	}
	return &stuckFile{f, d}, nil
}

type stuckFile struct {
	vfs.File
	d *stuckDisk
}

func (f *stuckFile) Sync() error {
	f.d.mu.Lock()
	stuck := f.d.stuck
	f.d.mu.Unlock()
	if stuck != nil {
		<-stuck
		f.d.mu.Lock()
		err := f.d.err
		f.d.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return f.File.Sync()
}

// produceTo is a Produce request, as it is sent, of one record for one partition.
func produceTo(topic string, partition, timeoutMs int32) []byte {
	req := msg.NewProduceRequest()
	req.Acks, req.TimeoutMs = -1, timeoutMs
	req.TopicData = append(req.TopicData, msg.ProduceRequestTopicProduceData{
		Name: topic, PartitionData: []msg.ProduceRequestPartitionProduceData{{Index: partition, Records: plainBatch(1, 10)}},
	})
	return wire.AppendRequest(nil, 9, 7, "raw", req)
}

// produced reads the answer to produceTo.
func (r *raw) produced() kafka.Error {
	r.tb.Helper()
	frame := r.receive()
	resp := msg.NewProduceResponse()
	_, at, err := wire.ParseResponseHeader(frame, kafka.Produce, 9)
	if err == nil {
		err = msg.Unmarshal(resp, frame[at:], 9)
	}
	if err != nil {
		r.tb.Fatal(err)
	}
	return kafka.Error(resp.Responses[0].PartitionResponses[0].ErrorCode)
}

// An acks=all request whose sync hangs is answered at its timeout, or when its
// topic is deleted or its disk fails, or by nobody when its client goes away:
// nobody holds what it was made of any more, though the sync still hangs.
func TestParkedRequestsHoldNothingWhenTheyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, fs: vfs.NewMem(time.Now), props: []string{"log.dirs=/data,/d1", "min.insync.replicas=1"}}
		disk := &stuckDisk{below: "/d1/"}
		w.watch = func(fsys vfs.FS) vfs.FS { disk.FS = fsys; return disk }
		w.start()
		t.Cleanup(w.stop)
		cl := w.client()
		for i := range 4 {
			w.createTopic(cl, fmt.Sprint("t", i), 2, nil)
		}
		held := func(waiting, held int64) {
			t.Helper()
			synctest.Wait()
			if s := w.node.handlers.Stats(); s.WaitingProduce != waiting || s.HeldProduce != held {
				t.Errorf("%d requests wait and %d are held, want %d and %d", s.WaitingProduce, s.HeldProduce, waiting, held)
			}
		}
		// park sends three requests for a partition on the disk that hangs.
		park := func(topic string, timeoutMs int32) *raw {
			t.Helper()
			on := w.dirOf("/d1", topic)
			if len(on) == 0 {
				t.Fatalf("%s has no partition on /d1", topic)
			}
			r := w.raw()
			r.send(produceTo(topic, on[0], 1000))
			if err := r.produced(); err != 0 {
				t.Fatalf("before it hangs: %v", err)
			}
			disk.hang()
			for range 3 {
				r.send(produceTo(topic, on[0], timeoutMs))
			}
			held(3, 3)
			return r
		}

		r := park("t0", 100)
		began := time.Now()
		for range 3 {
			if err := r.produced(); err != kafka.ErrRequestTimedOut || time.Since(began) != 100*time.Millisecond {
				t.Errorf("answered %v after %v", err, time.Since(began))
			}
		}
		held(0, 0)
		disk.goOn(nil)
		held(0, 0)
		r.send(produceTo("t0", w.dirOf("/d1", "t0")[0], 5000))
		if err := r.produced(); err != 0 {
			t.Errorf("after it hung: %v", err)
		}

		r = park("t1", 60_000)
		_ = r.conn.Close()
		held(0, 0)
		disk.goOn(nil)
		held(0, 0)

		r = park("t2", 60_000)
		deleted := make(chan error, 1)
		go func() {
			_, err := kadm.NewClient(cl).DeleteTopics(t.Context(), "t2")
			deleted <- err
		}()
		for range 3 {
			if err := r.produced(); err != kafka.ErrUnknownTopicOrPartition {
				t.Errorf("answered %v while the topic is deleted", err)
			}
		}
		disk.goOn(nil) // a fake clock stands still: who deletes waits for a lock
		if err := <-deleted; err != nil {
			t.Error(err)
		}
		held(0, 0)

		r = park("t3", 60_000)
		disk.goOn(fmt.Errorf("sync: the disk is gone"))
		for range 3 {
			if err := r.produced(); err != kafka.ErrKafkaStorageError {
				t.Errorf("answered %v while the disk fails", err)
			}
		}
		held(0, 0)
	})
}
