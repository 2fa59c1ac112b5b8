package replica

import (
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// Durability says what has to be on disk before a record counts.
type Durability uint8

// The durabilities.
const (
	// Safe: what acks=all acknowledged survives the loss of any one machine's
	// power. It is on two replicas at least, or, where the in-sync set is the
	// leader alone, on the leader's disk.
	Safe Durability = iota
	// PageCache: nothing. The system writes when it sees fit, as for Kafka.
	PageCache
	// Disk: everything, on the leader's disk, for acks=1 too.
	Disk
)

// Position is where the local log stands.
type Position struct {
	End           kafka.Offset
	Synced        kafka.Offset // what is below is on disk
	HighWatermark kafka.Offset
}

// SetDurability sets the rule of the topic. The high watermark does not fall
// where the new rule is the stricter one: Effect.Sync lets the disk catch up.
func (l *Leader) SetDurability(now time.Time, d Durability, brokers Brokers) Effect {
	l.durability = d
	return l.settled(now, brokers)
}

// Synced says that the local log is on disk up to end.
func (l *Leader) Synced(now time.Time, end kafka.Offset, brokers Brokers) Effect {
	l.synced = max(l.synced, end)
	return l.settled(now, brokers)
}

// countsSynced says whether the leader's own log counts only as far as it is on
// disk.
func (l *Leader) countsSynced() bool {
	switch l.durability {
	case Disk:
		return true
	case Safe:
		return l.maybeAlone()
	case PageCache:
	}
	return false
}

// maybeAlone says whether the committed in-sync set may be the leader alone: it
// is, or a proposal is under way that makes it so. A member that is only
// proposed does not count. Walkthrough: record 5 is in the memory of node 1, the
// whole set, and of node 2, which is proposed; the proposal is lost, and node 1
// loses its power; it comes back as the only one that may lead, without record
// 5, and node 2 cuts its own.
func (l *Leader) maybeAlone() bool {
	return len(l.isr) == 1 || l.pending != nil && !l.pending.Expand && len(l.pending.members) == 1
}

// Behind says whether a sync of the local log would let something go on: who
// waits for the high watermark, or for an acknowledgement, asks for one.
func (l *Leader) Behind() bool { return l.synced < l.end && l.countsSynced() }

// OnDisk says whether the local log is on disk up to end, or need not be for the
// high watermark to pass.
func (l *Leader) OnDisk(end kafka.Offset) bool { return l.synced >= end || !l.countsSynced() }

// settled moves the high watermark after a change. Where the set has shrunk to
// the leader, or the rule became stricter, there may be records below the high
// watermark that only memory holds: the sync that puts that right is due at
// once.
func (l *Leader) settled(now time.Time, brokers Brokers) Effect {
	return Effect{
		Advanced: l.maybeAdvance(now, brokers),
		Sync:     l.synced < l.highWatermark && l.countsSynced(),
	}
}

// Acknowledged says whether an append that ended at end may be acknowledged to
// a producer with these acks, and with which error: for acks=all
// NOT_ENOUGH_REPLICAS_AFTER_APPEND where the in-sync set shrank below the
// minimum meanwhile. With other acks only [Disk] has something to wait for.
func (l *Leader) Acknowledged(acks int16, end kafka.Offset) (done bool, err error) {
	if acks != -1 {
		return l.durability != Disk || l.OnDisk(end), nil
	}
	// The high watermark may be above what is on disk, see settled.
	if l.highWatermark < end || !l.OnDisk(end) {
		return false, nil
	}
	if size := l.maximalISRSize(); size < l.effectiveMinISR() {
		return true, kafka.Errorf(kafka.ErrNotEnoughReplicasAfterAppend, "appended, but %d replicas are in sync, min.insync.replicas needs %d",
			size, l.effectiveMinISR())
	}
	return true, nil
}
