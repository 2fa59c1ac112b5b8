package quorum

import (
	"errors"
	"time"

	"github.com/gregor-stream/gregor/internal/vfs"
)

// fullPause is how long a write to a full disk waits before it is tried again.
const fullPause = 200 * time.Millisecond

// errStopped ends the wait for space.
var errStopped = errors.New("the controller stops while it waits for space")

// write appends batches to the log.
func (q *Quorum) write(now time.Time, batches []byte) error {
	return q.patiently(func() error { return q.log.log.Append(now, batches) })
}

// patiently does what needs room on the disk, and where there is none, not even
// the reserve's, waits for it: what was promised to Raft has to be written, and
// a process that ended would find the disk as full. Requests wait meanwhile.
func (q *Quorum) patiently(do func() error) error {
	err := do()
	if !vfs.IsNoSpace(err) {
		return err
	}
	q.cfg.Logger.Error("the disk of the metadata log is full, and so is its reserve: nothing can be changed until there is space",
		"dir", q.dir, "error", err)
	for vfs.IsNoSpace(err) {
		select {
		case <-q.stop:
			return errors.Join(errStopped, err)
		case <-time.After(fullPause):
		}
		err = do()
	}
	if err == nil {
		q.cfg.Logger.Info("the disk of the metadata log has space again", "dir", q.dir)
	}
	return err
}
