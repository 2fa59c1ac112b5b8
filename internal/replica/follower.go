package replica

import "github.com/gregor-stream/gregor/internal/kafka"

// EpochEnd is the end of a leader epoch in a log: the offset at which a later
// epoch begins, or the log's end. Epoch -1 with End -1 is "not known".
type EpochEnd struct {
	Epoch kafka.LeaderEpoch
	End   kafka.Offset
}

// Epochs is the epoch cache of the local log.
type Epochs interface {
	// Latest is the newest epoch in the log; false where there is none.
	Latest() (kafka.LeaderEpoch, bool)
	// EndOffset answers OffsetForLeaderEpoch: for the latest epoch the log's
	// end; for one between two epochs the older of them and the start of the
	// newer; for one older than all, itself and the start of the oldest; for
	// -1 or one above the latest, not known.
	EndOffset(epoch kafka.LeaderEpoch) EpochEnd
}

// Follower is the follower's side of a partition.
//
// Invariant: the high watermark is at most the end of the local log.
type Follower struct {
	leader         kafka.NodeID
	leaderEpoch    kafka.LeaderEpoch // -1 before the first
	partitionEpoch int32
	highWatermark  kafka.Offset
}

// NewFollower makes the state of a follower that has not begun.
func NewFollower() *Follower {
	return &Follower{leader: kafka.NoNode, leaderEpoch: kafka.NoLeaderEpoch}
}

// Become follows the leader of r. It returns restart where the leader epoch is
// new and fetching has to begin anew, from cut: where that is below end, the
// log is to be cut first. (Only a log with records and without epochs, as old
// versions left them, is cut to its high watermark here: nothing else could tell
// what it has in common with the leader's.) An older registration does nothing.
func (f *Follower) Become(r *Registration, end, highWatermark kafka.Offset, epochs Epochs) (restart bool, cut kafka.Offset) {
	if r.PartitionEpoch < f.partitionEpoch {
		return false, end
	}
	restart = r.LeaderEpoch > f.leaderEpoch
	f.leader, f.leaderEpoch, f.partitionEpoch = r.Leader, r.LeaderEpoch, r.PartitionEpoch
	f.highWatermark = min(highWatermark, end)
	if _, known := epochs.Latest(); restart && !known {
		return true, f.highWatermark
	}
	return restart, end
}

// Leader is whom to fetch from, and in which epoch; NoNode is nobody.
func (f *Follower) Leader() (kafka.NodeID, kafka.LeaderEpoch) { return f.leader, f.leaderEpoch }

// PartitionEpoch is the version of the registration that the follower knows.
func (f *Follower) PartitionEpoch() int32 { return f.partitionEpoch }

// CheckEpoch compares the epoch that a request carries with the follower's, as
// [Leader.CheckEpoch] does: consumers fetch from followers too.
func (f *Follower) CheckEpoch(epoch kafka.LeaderEpoch) error { return checkEpoch(epoch, f.leaderEpoch) }

// Diverged answers the leader's finding that the logs differ: the diverging
// epoch in a fetch response. leader is the newest epoch of the leader's that is
// not above the follower's last one, and its end there. The result is where to
// cut the local log, which ends at end; the next fetch, from there, asks again.
func (f *Follower) Diverged(leader EpochEnd, end kafka.Offset, epochs Epochs) (cut kafka.Offset) {
	if leader.End < 0 {
		return min(f.highWatermark, end) // the leader could not say
	}
	own := epochs.EndOffset(leader.Epoch)
	if leader.Epoch < 0 || own.Epoch < 0 {
		return min(leader.End, end)
	}
	if own.Epoch != leader.Epoch {
		// We do not have the leader's epoch: all behind our last epoch before
		// it goes, and the leader is asked about that one.
		return min(own.End, end)
	}
	return min(own.End, leader.End, end)
}

// Appended takes the leader's high watermark from a fetch response, after its
// records were appended and the local log ends at end.
func (f *Follower) Appended(end, leaderHighWatermark kafka.Offset) (changed bool) {
	before := f.highWatermark
	f.highWatermark = max(0, min(end, leaderHighWatermark))
	return f.highWatermark != before
}

// Truncated says that the local log was cut to end.
func (f *Follower) Truncated(end kafka.Offset) { f.highWatermark = min(f.highWatermark, end) }

// HighWatermark is the follower's knowledge of the high watermark.
func (f *Follower) HighWatermark() kafka.Offset { return f.highWatermark }

// Diverging is the leader's side: whether a replica whose last record has
// epoch, and whose log ends at offset, has a log that differs from the local
// one, and where the local epoch ends. known is false where the epoch cannot be
// placed: OFFSET_OUT_OF_RANGE.
func Diverging(epochs Epochs, epoch kafka.LeaderEpoch, offset kafka.Offset) (end EpochEnd, diverging, known bool) {
	end = epochs.EndOffset(epoch)
	if end.Epoch < 0 || end.End < 0 {
		return end, false, false
	}
	return end, end.Epoch < epoch || end.End < offset, true
}
