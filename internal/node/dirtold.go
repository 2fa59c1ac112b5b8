package node

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// dirReports sees to it that the controller learns of failed directories: it
// would leave their partitions to this broker, where nobody serves them. A
// broker that cannot tell it within log.dir.failure.timeout.ms ends (KIP-858).
//
// As in Kafka's BrokerLifecycleManager there is one deadline: a directory that
// fails later puts it off, and is the one that is asked for. Each heartbeat
// names all of them, so that where the last was told, all were.
type dirReports struct {
	timeoutMs int64
	failed    chan kafka.UUID // has room for every directory, which fails once

	mu   sync.Mutex
	told map[kafka.UUID]bool
}

func newDirReports(timeoutMs int64, dirs int) *dirReports {
	return &dirReports{timeoutMs: timeoutMs, failed: make(chan kafka.UUID, dirs), told: make(map[kafka.UUID]bool)}
}

// add is told that a directory has failed. It does not block.
func (r *dirReports) add(dir kafka.UUID) {
	if !dir.IsZero() { // the controller does not know it
		r.failed <- dir
	}
}

// delivered takes note of a heartbeat that the controller took, and of the
// directories it named.
func (r *dirReports) delivered(dirs []kafka.UUID) {
	if len(dirs) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range dirs {
		r.told[id] = true
	}
}

func (r *dirReports) knows(dir kafka.UUID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.told[dir]
}

// tellOfDirs ends the node where the controller is not told in time.
func (n *Node) tellOfDirs(ctx context.Context) error {
	if err := n.membership.dirs.run(ctx); err != nil {
		n.fail(err)
	}
	return nil
}

// run waits for failures and their deadlines, until ctx ends. It begins with the
// registration: before it there is no controller to tell.
func (r *dirReports) run(ctx context.Context) error {
	timeout := time.Duration(min(r.timeoutMs, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond
	var last kafka.UUID
	var deadline <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case last = <-r.failed:
			deadline = time.After(timeout)
		case <-deadline:
			if !r.knows(last) {
				return fmt.Errorf("the controller could not be told within log.dir.failure.timeout.ms (%d) that the log directory with the id %s has failed; "+
					"mend the connection to the controllers, or the disk, and start the broker again", r.timeoutMs, last)
			}
			deadline = nil
		}
	}
}
