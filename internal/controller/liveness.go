package controller

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
)

// Liveness is what the active controller knows of the brokers' heartbeats. It
// is not in the metadata log: a new leader makes its own, see [NewLiveness].
// The owner of the Liveness calls Note and Forget; decisions only read it.
type Liveness struct {
	brokers map[kafka.NodeID]*life
	timeout time.Duration
}

// life is what is known of one registered broker.
type life struct {
	epoch int64
	last  time.Time
	// offset is how far it has read the metadata log.
	offset kafka.Offset
	// shutdown is the end of the records that took its leaderships away, once
	// it is in controlled shutdown; -1 before.
	shutdown kafka.Offset
}

// DefaultSessionTimeout is broker.session.timeout.ms.
const DefaultSessionTimeout = 9 * time.Second

// NewLiveness is that of a controller which becomes active. Every unfenced
// broker counts as heard of just now, so that a change of controller fences
// nobody: except the broker on the controller's own node. That one is this
// process, which holds the lock on the data directory, so an earlier
// incarnation of it is certainly gone.
func NewLiveness(now time.Time, img *metadata.Image, env *Env) *Liveness {
	l := &Liveness{brokers: make(map[kafka.NodeID]*life), timeout: env.SessionTimeout}
	if l.timeout <= 0 {
		l.timeout = DefaultSessionTimeout
	}
	for b := range img.Cluster.Brokers() {
		if !b.Fenced && b.ID != env.NodeID {
			l.brokers[b.ID] = &life{epoch: b.Epoch, last: now, offset: -1, shutdown: -1}
		}
	}
	return l
}

// Note takes a heartbeat, whose records end at end.
func (l *Liveness) Note(h Heartbeat, end kafka.Offset) {
	b := l.brokers[h.Broker]
	if b == nil || b.epoch != h.Epoch {
		b = &life{epoch: h.Epoch, shutdown: -1}
		l.brokers[h.Broker] = b
	}
	b.last, b.offset = h.At, h.Offset
	switch {
	case !h.Shutdown:
		b.shutdown = -1
	case b.shutdown < 0:
		b.shutdown = end
	}
}

// Forget drops what is known of a broker.
func (l *Liveness) Forget(id kafka.NodeID) { delete(l.brokers, id) }

// session says whether the broker's registration of that epoch was heard of
// within the session timeout.
func (l *Liveness) session(now time.Time, id kafka.NodeID, epoch int64) bool {
	b := l.brokers[id]
	return b != nil && b.epoch == epoch && now.Sub(b.last) <= l.timeout
}

// shutdownOffset is what the others must have read before the broker may go.
func (l *Liveness) shutdownOffset(id kafka.NodeID) kafka.Offset {
	if b := l.brokers[id]; b != nil {
		return b.shutdown
	}
	return -1
}

// lowestOffset is how far the active broker that is furthest behind has read.
func (l *Liveness) lowestOffset(img *metadata.Image) kafka.Offset {
	lowest := kafka.Offset(math.MaxInt64)
	for b := range img.Cluster.Brokers() {
		if !b.Active() {
			continue
		}
		offset := kafka.Offset(-1)
		if known := l.brokers[b.ID]; known != nil {
			offset = known.offset
		}
		lowest = min(lowest, offset)
	}
	return lowest
}

// NextExpiry is when the next session ends, and whether there is one: then
// [FenceStaleBroker] has something to do.
func (l *Liveness) NextExpiry(img *metadata.Image) (time.Time, bool) {
	var next time.Time
	for id, b := range l.brokers {
		if broker, ok := img.Cluster.Broker(id); !ok || broker.Fenced || broker.Epoch != b.epoch {
			continue
		}
		if end := b.last.Add(l.timeout); next.IsZero() || end.Before(next) {
			next = end
		}
	}
	return next, !next.IsZero()
}

// LastHeard is when a broker was heard of last, and whether it ever was.
func (l *Liveness) LastHeard(id kafka.NodeID) (time.Time, bool) {
	if b := l.brokers[id]; b != nil {
		return b.last, true
	}
	return time.Time{}, false
}

// stale lists the unfenced brokers whose session is over, the longest first.
func (l *Liveness) stale(now time.Time, img *metadata.Image) []kafka.NodeID {
	var ids []kafka.NodeID
	for b := range img.Cluster.Brokers() {
		if known := l.brokers[b.ID]; known != nil && !b.Fenced && known.epoch == b.Epoch && now.Sub(known.last) > l.timeout {
			ids = append(ids, b.ID)
		}
	}
	slices.SortStableFunc(ids, func(a, b kafka.NodeID) int {
		return cmp.Compare(l.brokers[a].last.UnixNano(), l.brokers[b].last.UnixNano())
	})
	return ids
}
