package node

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gregor-stream/gregor/internal/vfs"
)

// cutOff makes the controller unreachable: nothing can be committed, for its log
// waits for space.
func cutOff(faults *vfs.Faults) {
	faults.Inject(vfs.Fault{Ops: vfs.OpWrite | vfs.OpPreallocate, Contains: "__cluster_metadata", NoSpace: true})
}

// The broker ends log.dir.failure.timeout.ms after a directory failed of which
// the controller does not know, and not where it does. A directory that fails
// later puts the end off, as in Kafka.
func TestTheNodeEndsWhereTheControllerIsNotToldOfAFailedDirectory(t *testing.T) {
	for _, c := range []struct {
		name    string
		timeout string
		again   time.Duration // when the controller is back, 0: never
		second  time.Duration // when a second directory fails, 0: never
		ends    time.Duration // 0: never
	}{
		{"never told", "7000", 0, 0, 7 * time.Second},
		{"the default", "30000", 0, 0, 30 * time.Second},
		{"told in time", "7000", 5 * time.Second, 0, 0},
		{"a second failure", "7000", 0, 5 * time.Second, 12 * time.Second},
		{"told of the second", "7000", 11 * time.Second, 5 * time.Second, 0},
		{"told at once", "7000", time.Nanosecond, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			jbod(t, []string{"log.dirs=/data,/d1,/d2", "log.dir.failure.timeout.ms=" + c.timeout}, func(t *testing.T, w *world, faults *vfs.Faults) {
				w.fs.SetLimit(16 << 20) // for the reserve that is given up and taken again to be small
				cl := w.manual()
				w.createTopic(cl, "t", 6, nil)
				synctest.Wait()
				fail := func(dir string) {
					faults.Inject(vfs.Fault{Ops: vfs.OpWrite, Contains: dir + "/t-"})
					if err := w.produceTo(cl, "t", w.dirOf(dir, "t")[0], "lost"); err == nil {
						t.Errorf("a write to %s succeeds", dir)
					}
				}
				cutOff(faults)
				began := time.Now()
				fail("/d1")
				if took := time.Since(began); took > 0 {
					t.Fatalf("the failure took %v", took)
				}
				until := func(at time.Duration) { time.Sleep(time.Until(began.Add(at))); synctest.Wait() }
				if c.second > 0 {
					until(c.second)
					fail("/d2")
				}
				if c.again > 0 {
					until(c.again)
					faults.Heal()
				}
				if c.ends > 0 {
					until(c.ends - time.Millisecond)
					if err := w.node.Err(); err != nil {
						t.Fatalf("it ended too soon: %v", err)
					}
					until(c.ends)
					if err := w.node.Err(); err == nil || !strings.Contains(err.Error(), "log.dir.failure.timeout.ms ("+c.timeout+")") {
						t.Errorf("at the deadline: %v", err)
					}
					faults.Heal()
					return
				}
				until(time.Minute)
				if err := w.node.Err(); err != nil {
					t.Errorf("it ended: %v", err)
				}
			})
		})
	}
}
