package node

import (
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// Only an assigned replica, and not the leader itself, fetches as a follower.
func TestFetchAsAFollowerThatIsNone(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		self := int32(w.node.id())
		id := w.raw().topic("t", 1)
		w.stop()
		w.start() // the leader epoch is above 0 now
		r := w.raw()
		for _, c := range []struct {
			replica, epoch int32
			want           kafka.Error
		}{
			{self, -1, kafka.ErrNotLeaderOrFollower},
			{self + 7, -1, kafka.ErrNotLeaderOrFollower},
			{self, 0, kafka.ErrFencedLeaderEpoch},
			{self + 7, 0, kafka.ErrFencedLeaderEpoch},
			{self, 1000, kafka.ErrUnknownLeaderEpoch},
		} {
			req, resp := msg.NewFetchRequest(), msg.NewFetchResponse()
			req.ReplicaState.ReplicaId = c.replica
			req.SessionEpoch = -1
			p := msg.NewFetchRequestFetchPartition()
			p.PartitionMaxBytes, p.CurrentLeaderEpoch = 1000, c.epoch
			req.Topics = []msg.FetchRequestFetchTopic{{TopicId: id, Partitions: []msg.FetchRequestFetchPartition{*p}}}
			r.call(req, resp)
			if got := kafka.Error(resp.Responses[0].Partitions[0].ErrorCode); got != c.want {
				t.Errorf("replica %d (the leader is %d), leader epoch %d: %v, not %v", c.replica, self, c.epoch, got, c.want)
			}
		}
	})
}
