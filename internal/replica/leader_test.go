package replica

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// TestLeaderStories runs testdata/leader/*.txt: what happens to a leader, one
// command a line of its own, and what that changes.
func TestLeaderStories(t *testing.T) {
	datadriven.Walk(t, "testdata/leader", func(t *testing.T, path string) {
		s := &leaderStory{}
		datadriven.RunTest(t, path, s.run)
	})
}

type leaderStory struct {
	l       *Leader
	now     time.Time
	brokers brokerTable
	sent    *Proposal
}

type brokerTable map[kafka.NodeID]Broker

func (b brokerTable) Broker(id kafka.NodeID) (Broker, bool) {
	broker, ok := b[id]
	return broker, ok
}

var zero = time.UnixMilli(1_000_000_000)

func (s *leaderStory) run(t *testing.T, d *datadriven.TestData) string {
	number := func(name string, preset int64) int64 {
		if d.HasArg(name) {
			d.ScanArgs(t, name, &preset)
		}
		return preset
	}
	first := func() kafka.Offset {
		n, err := strconv.Atoi(d.CmdArgs[0].Key)
		if err != nil {
			t.Fatal(err)
		}
		return kafka.Offset(n)
	}
	switch d.Cmd {
	case "leader":
		settings := &Settings{Local: 1, LagMax: 30 * time.Second}
		*s = leaderStory{l: NewLeader(settings), now: zero, brokers: brokerTable{}}
		s.l.SetMinISR(s.now, int(number("min-isr", 1)), s.brokers)
		// The stories of Kafka's own rules say nothing of disks.
		s.l.SetDurability(s.now, durabilityOf(t, d, PageCache), s.brokers)
		for id := range 5 {
			s.brokers[kafka.NodeID(id+1)] = Broker{Epoch: 100}
		}
		return ""
	case "broker":
		s.brokers[kafka.NodeID(first())] = Broker{number("epoch", 100), d.HasArg("fenced"), d.HasArg("stopping")}
		return ""
	case "at":
		after, err := time.ParseDuration(d.CmdArgs[0].Key)
		if err != nil {
			t.Fatal(err)
		}
		s.now = zero.Add(after)
		return ""
	case "become":
		effect, begun := s.l.Become(s.now, s.registration(t, d), Position{
			End: kafka.Offset(number("end", int64(s.l.end))), Synced: kafka.Offset(number("synced", int64(s.l.synced))), HighWatermark: kafka.Offset(number("hw", 0)),
		}, s.brokers)
		return fmt.Sprintf("begun %t, ", begun) + s.effect(effect)
	case "append":
		return s.effect(s.l.Appended(s.now, first(), s.brokers))
	case "sync":
		return s.effect(s.l.Synced(s.now, first(), s.brokers))
	case "durability":
		return s.effect(s.l.SetDurability(s.now, durabilityOf(t, d, Safe), s.brokers))
	case "behind":
		return fmt.Sprintf("%t\n", s.l.Behind())
	case "min-isr":
		return s.effect(s.l.SetMinISR(s.now, int(first()), s.brokers))
	case "fetch":
		return s.fetch(kafka.NodeID(first()), number)
	case "shrink":
		return s.effect(s.l.MaybeShrinkISR(s.now))
	case "done":
		return s.effect(s.l.AlterPartitionDone(s.now, s.sent, s.registration(t, d), s.brokers))
	case "failed":
		return fmt.Sprintf("retry %t, pending %t\n", s.l.AlterPartitionFailed(s.sent, kafka.Error(first())), s.l.Pending() != nil)
	case "acked":
		done, err := s.l.Acknowledged(int16(number("acks", -1)), first())
		return fmt.Sprintf("%t, %v\n", done, kafka.CodeOf(err))
	case "check-append":
		return fmt.Sprintf("%v\n", kafka.CodeOf(s.l.CheckAppend(int16(first()))))
	case "check-epoch":
		return fmt.Sprintf("%v\n", kafka.CodeOf(s.l.CheckEpoch(kafka.LeaderEpoch(first()))))
	case "low-watermark":
		return fmt.Sprintf("%d\n", s.l.LowWatermark(first(), s.brokers))
	case "state":
		return s.state()
	}
	t.Fatalf("unknown command %s", d.Cmd)
	return ""
}

func durabilityOf(t *testing.T, d *datadriven.TestData, preset Durability) Durability {
	switch {
	case d.HasArg("safe"):
		return Safe
	case d.HasArg("page-cache"):
		return PageCache
	case d.HasArg("disk"):
		return Disk
	case d.Cmd == "durability":
		t.Fatalf("no such durability: %v", d.CmdArgs)
	}
	return preset
}

func (s *leaderStory) fetch(node kafka.NodeID, number func(string, int64) int64) string {
	if err := s.l.CheckFollower(node, kafka.LeaderEpoch(number("leader-epoch", int64(s.l.leaderEpoch)))); err != nil {
		return fmt.Sprintf("%v\n", kafka.CodeOf(err))
	}
	effect, err := s.l.Fetched(s.now, &FollowerFetch{
		Node:        node,
		BrokerEpoch: number("broker-epoch", 100),
		Offset:      kafka.Offset(number("offset", 0)),
		LogStart:    kafka.Offset(number("start", 0)),
		LeaderEnd:   kafka.Offset(number("leader-end", int64(s.l.end))),
	}, s.brokers)
	if err != nil {
		return fmt.Sprintf("%v\n", kafka.CodeOf(err))
	}
	return s.effect(effect)
}

func (s *leaderStory) effect(e Effect) string {
	out := fmt.Sprintf("high watermark %d", s.l.HighWatermark())
	if e.Advanced {
		out += ", advanced"
	}
	if e.Sync {
		out += ", sync"
	}
	if e.Propose != nil {
		s.sent = e.Propose
		out += fmt.Sprintf(", propose %v in epochs %d %d", e.Propose.ISR, e.Propose.LeaderEpoch, e.Propose.PartitionEpoch)
	}
	return out + "\n"
}

func (s *leaderStory) state() string {
	var out strings.Builder
	fmt.Fprintf(&out, "epochs %d %d, in sync %v, under minimum %t, at minimum %t\n",
		s.l.LeaderEpoch(), s.l.PartitionEpoch(), s.l.ISR(), s.l.UnderMinISR(), s.l.AtMinISR())
	for _, f := range s.l.Followers() {
		since := func(at time.Time) string {
			if at.IsZero() {
				return "never"
			}
			return at.Sub(zero).String()
		}
		fmt.Fprintf(&out, "%d: end %d, fetched %s, caught up %s\n", f.ID, f.End, since(f.LastFetch), since(f.LastCaughtUp))
	}
	return out.String()
}

func (s *leaderStory) registration(t *testing.T, d *datadriven.TestData) *Registration {
	ids := func(name string, preset []kafka.NodeID) []kafka.NodeID {
		for _, arg := range d.CmdArgs {
			if arg.Key != name {
				continue
			}
			var list []kafka.NodeID
			for _, v := range arg.Vals {
				id, err := strconv.Atoi(v)
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, kafka.NodeID(id))
			}
			return list
		}
		return preset
	}
	r := &Registration{Leader: 1, LeaderEpoch: s.l.leaderEpoch, PartitionEpoch: s.l.partitionEpoch + 1}
	r.Replicas, r.ISR = ids("replicas", s.l.replicas), ids("isr", s.l.isr)
	if d.HasArg("epoch") {
		d.ScanArgs(t, "epoch", (*int32)(&r.LeaderEpoch))
	}
	if d.HasArg("partition-epoch") {
		d.ScanArgs(t, "partition-epoch", &r.PartitionEpoch)
	}
	return r
}

func TestLeaderForgetsFollowersThatAnotherLeaderMayHaveHad(t *testing.T) {
	for epoch, want := range map[kafka.LeaderEpoch]kafka.Offset{1: 5, 2: -1} {
		l := NewLeader(&Settings{Local: 1})
		r := &Registration{Replicas: []kafka.NodeID{1, 2}, ISR: []kafka.NodeID{1, 2}, Leader: 1}
		brokers := brokerTable{2: {Epoch: 1}}
		l.Become(zero, r, Position{}, brokers)
		l.Appended(zero, 5, brokers)
		if _, err := l.Fetched(zero, &FollowerFetch{Node: 2, BrokerEpoch: 1, Offset: 5, LeaderEnd: 5}, brokers); err != nil {
			t.Fatal(err)
		}
		r.LeaderEpoch, r.PartitionEpoch = epoch, 1
		l.Become(zero, r, Position{End: 5, HighWatermark: 5}, brokers)
		if got := l.Followers()[0].End; got != want {
			t.Errorf("in epoch %d after 0 the follower ends at %d, want %d", epoch, got, want)
		}
	}
}
