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
	// EndOffset is the end of the newest epoch that is at most epoch.
	EndOffset(epoch kafka.LeaderEpoch) EpochEnd
}

// Phase is what a follower does next.
type Phase uint8

// The phases of a follower.
const (
	// Fetching: fetch from the log's end, with the last fetched epoch.
	Fetching Phase = iota
	// Truncating: ask the leader with OffsetForLeaderEpoch first; only where
	// the log has records and no epochs, written by an old version.
	Truncating
)

// Follower is the follower's side of a partition.
type Follower struct {
	leader         kafka.NodeID
	leaderEpoch    kafka.LeaderEpoch
	partitionEpoch int32
	phase          Phase
	highWatermark  kafka.Offset
}

// NewFollower makes the state of a follower that has not begun.
func NewFollower() *Follower { return &Follower{} }

// Become follows the leader of r. It returns restart where the leader epoch is
// new and fetching has to begin anew. An older registration does nothing.
func (f *Follower) Become(r *Registration, end, highWatermark kafka.Offset, epochs Epochs) (restart bool) {
	return false
}

// Leader is whom to fetch from, and in which epoch; NoNode is nobody.
func (f *Follower) Leader() (kafka.NodeID, kafka.LeaderEpoch) { return f.leader, f.leaderEpoch }

// Phase is what to do next.
func (f *Follower) Phase() Phase { return f.phase }

// Diverged answers the leader's finding that the logs differ: a diverging epoch
// in a fetch response, or the answer to OffsetForLeaderEpoch. It returns where
// to cut the local log, never below what is certain to be common; again says
// that the leader must be asked once more after the cut.
func (f *Follower) Diverged(leader EpochEnd, end kafka.Offset, epochs Epochs) (cut kafka.Offset, again bool) {
	return end, false
}

// Appended takes the leader's high watermark from a fetch response, after its
// records were appended and the local log ends at end.
func (f *Follower) Appended(end, leaderHighWatermark kafka.Offset) (advanced bool) { return false }

// Truncated says that the local log was cut to end.
func (f *Follower) Truncated(end kafka.Offset) {}

// HighWatermark is the follower's knowledge of the high watermark.
func (f *Follower) HighWatermark() kafka.Offset { return f.highWatermark }

// Diverging is the leader's side: whether a replica whose last record has
// epoch, and whose log ends at offset, has a log that differs from the local
// one, and where the local epoch ends. known is false where the epoch cannot be
// placed: OFFSET_OUT_OF_RANGE.
func Diverging(epochs Epochs, epoch kafka.LeaderEpoch, offset kafka.Offset) (end EpochEnd, diverging, known bool) {
	return EpochEnd{}, false, true
}
