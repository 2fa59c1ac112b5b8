package replica

import (
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// history is an epoch cache: where each epoch begins, and the log's end.
type history struct {
	starts []EpochEnd // Epoch, and End is its start
	end    kafka.Offset
}

func (h history) Latest() (kafka.LeaderEpoch, bool) {
	if len(h.starts) == 0 {
		return -1, false
	}
	return h.starts[len(h.starts)-1].Epoch, true
}

func (h history) EndOffset(epoch kafka.LeaderEpoch) EpochEnd {
	latest, ok := h.Latest()
	if !ok || epoch < 0 || epoch > latest {
		return EpochEnd{-1, -1}
	}
	if epoch == latest {
		return EpochEnd{epoch, h.end}
	}
	floor := epoch
	for i, s := range h.starts {
		if s.Epoch > epoch {
			return EpochEnd{floor, h.starts[i].End}
		}
		floor = s.Epoch
	}
	panic("not reached")
}

// meet lets a follower fetch from a leader until their logs agree, and returns
// where the follower's was cut to.
func meet(t *testing.T, leader, follower history) kafka.Offset {
	t.Helper()
	f := NewFollower()
	if restart, cut := f.Become(&Registration{Leader: 1, LeaderEpoch: 9, PartitionEpoch: 1}, follower.end, 0, follower); !restart || cut != follower.end {
		t.Fatalf("restart %t at %d", restart, cut)
	}
	for range 10 {
		latest, ok := follower.Latest()
		if !ok {
			return follower.end
		}
		end, diverging, known := Diverging(leader, latest, follower.end)
		if !known {
			return kafka.NoOffset
		}
		if !diverging {
			return follower.end
		}
		cut := f.Diverged(end, follower.end, follower)
		if cut >= follower.end {
			t.Fatalf("diverging at %+v, and no cut below %d", end, follower.end)
		}
		follower.end = cut
		for len(follower.starts) > 0 && follower.starts[len(follower.starts)-1].End >= cut {
			follower.starts = follower.starts[:len(follower.starts)-1]
		}
		f.Truncated(cut)
	}
	t.Fatal("the logs do not meet")
	return 0
}

func TestFollowerCutsToWhatItHasInCommon(t *testing.T) {
	for name, c := range map[string]struct {
		leader, follower history
		want             kafka.Offset
	}{
		"behind, same epoch":             {history{[]EpochEnd{{0, 0}}, 20}, history{[]EpochEnd{{0, 0}}, 10}, 10},
		"behind, older epoch":            {history{[]EpochEnd{{0, 0}, {1, 10}}, 20}, history{[]EpochEnd{{0, 0}}, 7}, 7},
		"a tail that was not replicated": {history{[]EpochEnd{{0, 0}, {1, 10}}, 20}, history{[]EpochEnd{{0, 0}}, 15}, 10},
		"an epoch the leader never saw":  {history{[]EpochEnd{{0, 0}, {2, 10}}, 20}, history{[]EpochEnd{{0, 0}, {1, 8}}, 12}, 8},
		// KIP-279: several changes of leader in a short time.
		"epochs interleaved": {
			history{[]EpochEnd{{0, 0}, {2, 10}, {4, 14}}, 20},
			history{[]EpochEnd{{0, 0}, {1, 6}, {3, 9}}, 15}, 6},
		"an epoch the follower never saw": {
			history{[]EpochEnd{{0, 0}, {1, 5}, {3, 12}}, 20},
			history{[]EpochEnd{{0, 0}, {2, 5}}, 9}, 5},
		"empty":                         {history{[]EpochEnd{{0, 0}}, 20}, history{}, 0},
		"an epoch beyond the leader's":  {history{[]EpochEnd{{0, 0}}, 20}, history{[]EpochEnd{{5, 0}}, 9}, kafka.NoOffset},
		"before the leader's first one": {history{[]EpochEnd{{5, 100}}, 120}, history{[]EpochEnd{{2, 0}}, 50}, 50},
	} {
		if got := meet(t, c.leader, c.follower); got != c.want {
			t.Errorf("%s: cut to %d, want %d", name, got, c.want)
		}
	}
}

func TestFollowerOfALogWithoutEpochsCutsToItsHighWatermark(t *testing.T) {
	f := NewFollower()
	r := &Registration{Leader: 2, LeaderEpoch: 4, PartitionEpoch: 7}
	if restart, cut := f.Become(r, 50, 40, history{end: 50}); !restart || cut != 40 {
		t.Errorf("restart %t, cut %d", restart, cut)
	}
	f.Truncated(40)
	if cut := f.Diverged(EpochEnd{-1, -1}, 50, history{end: 50}); cut != 40 {
		t.Errorf("a leader that cannot say: cut %d", cut)
	}
	if cut := f.Diverged(EpochEnd{3, 45}, 50, history{end: 50}); cut != 45 {
		t.Errorf("an epoch below all: cut %d", cut)
	}
	if cut := f.Diverged(EpochEnd{-1, 45}, 44, history{end: 44}); cut != 44 {
		t.Errorf("a leader without epochs: cut %d", cut)
	}
}

func TestFollowerFollowsTheNewestRegistration(t *testing.T) {
	f := NewFollower()
	if id, _ := f.Leader(); id != kafka.NoNode {
		t.Errorf("follows %d before it begins", id)
	}
	cache := history{[]EpochEnd{{0, 0}}, 10}
	f.Become(&Registration{Leader: 2, LeaderEpoch: 4, PartitionEpoch: 7}, 10, 5, cache)
	if restart, _ := f.Become(&Registration{Leader: 2, LeaderEpoch: 4, PartitionEpoch: 8}, 10, 5, cache); restart {
		t.Error("the same leader epoch restarts")
	}
	if restart, _ := f.Become(&Registration{Leader: 3, LeaderEpoch: 9, PartitionEpoch: 6}, 10, 5, cache); restart {
		t.Error("an older registration restarts")
	}
	if id, epoch := f.Leader(); id != 2 || epoch != 4 || f.PartitionEpoch() != 8 {
		t.Errorf("follows %d in %d, partition epoch %d", id, epoch, f.PartitionEpoch())
	}
	if kafka.CodeOf(f.CheckEpoch(3)) != kafka.ErrFencedLeaderEpoch || f.CheckEpoch(4) != nil {
		t.Error("epochs are not compared")
	}
}

func TestFollowersHighWatermarkIsTheLeadersWithinTheLog(t *testing.T) {
	f := NewFollower()
	for _, c := range []struct {
		end, leader, want kafka.Offset
		changed           bool
	}{
		{10, 20, 10, true},
		{10, 20, 10, false},
		{30, 20, 20, true},
		{30, 15, 15, true}, // a new leader may know less
		{30, -1, 0, true},
	} {
		if changed := f.Appended(c.end, c.leader); changed != c.changed || f.HighWatermark() != c.want {
			t.Errorf("end %d, leader's %d: %d, %t", c.end, c.leader, f.HighWatermark(), changed)
		}
	}
}
