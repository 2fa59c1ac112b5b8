package replica

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// cluster is one partition on three brokers and a controller, with messages
// that are late or lost, and brokers that stop and come back. It knows every
// record that any leader has committed.
type cluster struct {
	t        *rapid.T
	now      time.Time
	settings map[kafka.NodeID]*Settings
	nodes    map[kafka.NodeID]*simNode
	brokers  brokerTable // the controller's
	reg      Registration
	minISR   int
	sent     []*sentProposal
	records  int
	// committed is the record at each offset below any leader's high watermark.
	committed []int
}

// simNode is a broker with its log, which survives a stop.
type simNode struct {
	id       kafka.NodeID
	up       bool
	epoch    int64 // of the broker
	log      []int // record numbers
	epochs   history
	known    int32 // the partition epoch of the registration it knows; -1 none
	leader   *Leader
	follower *Follower
	hw       kafka.Offset
}

func (n *simNode) end() kafka.Offset { return kafka.Offset(len(n.log)) }

func (n *simNode) cache() history {
	h := n.epochs
	h.end = n.end()
	return h
}

func (n *simNode) truncate(end kafka.Offset) {
	n.log = n.log[:end]
	n.epochs.starts = slices.DeleteFunc(slices.Clone(n.epochs.starts), func(s EpochEnd) bool { return s.End >= end })
}

func (n *simNode) assign(epoch kafka.LeaderEpoch, start kafka.Offset) {
	if last := len(n.epochs.starts); last == 0 || n.epochs.starts[last-1].Epoch < epoch {
		n.epochs.starts = append(slices.Clone(n.epochs.starts), EpochEnd{epoch, start})
	}
}

// sentProposal is a proposal on its way to the controller, or its answer on the
// way back.
type sentProposal struct {
	from     *simNode
	leader   *Leader
	p        *Proposal
	answered bool
	code     kafka.Error
	reg      Registration
}

func newCluster(t *rapid.T) *cluster {
	c := &cluster{
		t: t, now: zero, settings: map[kafka.NodeID]*Settings{}, nodes: map[kafka.NodeID]*simNode{}, brokers: brokerTable{},
		minISR: rapid.IntRange(1, 2).Draw(t, "min.insync.replicas"),
		reg:    Registration{Replicas: []kafka.NodeID{1, 2, 3}, ISR: []kafka.NodeID{1, 2, 3}, Leader: 1},
	}
	for id := kafka.NodeID(1); id <= 3; id++ {
		c.settings[id] = &Settings{Local: id, LagMax: 10 * time.Second}
		c.nodes[id] = &simNode{id: id, up: true, epoch: 1, known: -1}
		c.brokers[id] = Broker{Epoch: 1}
	}
	return c
}

func (c *cluster) pick(label string) *simNode {
	return c.nodes[kafka.NodeID(rapid.IntRange(1, 3).Draw(c.t, label))]
}

// register makes a new version of the registration.
func (c *cluster) register(leader kafka.NodeID, isr []kafka.NodeID, newEpoch bool) {
	c.reg.ISR = slices.Clone(isr)
	c.reg.PartitionEpoch++
	if newEpoch || leader != c.reg.Leader {
		c.reg.LeaderEpoch++
	}
	c.reg.Leader = leader
}

// learn lets a node see the newest metadata.
func (c *cluster) learn(n *simNode) {
	if !n.up {
		return
	}
	n.known = c.reg.PartitionEpoch
	reg := c.reg
	if reg.Leader != n.id {
		n.leader = nil
		if n.follower == nil {
			n.follower = NewFollower()
		}
		restart, cut := n.follower.Become(&reg, n.end(), n.hw, n.cache())
		if restart && cut < n.end() {
			n.truncate(cut)
			n.follower.Truncated(cut)
		}
		n.hw = n.follower.HighWatermark()
		return
	}
	n.follower = nil
	if n.leader == nil {
		n.leader = NewLeader(c.settings[n.id])
		n.leader.SetMinISR(c.now, c.minISR, c.brokers)
		n.leader.SetDurability(c.now, PageCache, c.brokers)
	}
	effect, begun := n.leader.Become(c.now, &reg, Position{End: n.end(), HighWatermark: n.hw}, c.brokers)
	if begun {
		n.assign(reg.LeaderEpoch, n.end())
		for offset, record := range c.committed {
			if offset >= len(n.log) || n.log[offset] != record {
				c.t.Fatalf("node %d leads epoch %d without the committed record %d at offset %d: %v", n.id, reg.LeaderEpoch, record, offset, n.log)
			}
		}
	}
	c.apply(n, effect)
}

// apply takes note of what a leader's call changed.
func (c *cluster) apply(n *simNode, e Effect) {
	hw := n.leader.HighWatermark()
	if hw < n.hw || hw > n.end() || e.Advanced != (hw > n.hw) {
		c.t.Fatalf("the high watermark of node %d goes from %d to %d, log end %d, advanced %t", n.id, n.hw, hw, n.end(), e.Advanced)
	}
	n.hw = hw
	for offset := range int(hw) {
		if offset == len(c.committed) {
			c.committed = append(c.committed, n.log[offset])
		} else if c.committed[offset] != n.log[offset] {
			c.t.Fatalf("node %d commits record %d at offset %d, where %d is committed", n.id, n.log[offset], offset, c.committed[offset])
		}
	}
	if e.Propose != nil {
		c.sent = append(c.sent, &sentProposal{from: n, leader: n.leader, p: e.Propose})
	}
}

func (c *cluster) produce(n *simNode) {
	if !n.up || n.leader == nil || n.leader.CheckAppend(-1) != nil {
		return
	}
	c.records++
	n.log = append(slices.Clone(n.log), c.records)
	c.apply(n, n.leader.Appended(c.now, n.end(), c.brokers))
}

// fetch lets a follower fetch; the response may be lost.
func (c *cluster) fetch(f *simNode, lost bool, records int) {
	if !f.up || f.follower == nil {
		return
	}
	id, epoch := f.follower.Leader()
	l := c.nodes[id]
	if l == nil || !l.up || l.leader == nil || l.leader.CheckEpoch(epoch) != nil || l.leader.CheckFollower(f.id, epoch) != nil {
		return
	}
	if last, ok := f.cache().Latest(); ok {
		end, diverging, known := Diverging(l.cache(), last, f.end())
		if !known {
			c.t.Fatalf("node %d cannot place epoch %d of node %d", l.id, last, f.id)
		}
		if diverging {
			if !lost {
				cut := f.follower.Diverged(end, f.end(), f.cache())
				if cut < f.hw && int(cut) < len(c.committed) && slices.Contains(l.leader.ISR(), f.id) {
					c.t.Fatalf("node %d, in sync, cuts to %d below its high watermark %d", f.id, cut, f.hw)
				}
				f.truncate(cut)
				f.follower.Truncated(cut)
				f.hw = f.follower.HighWatermark()
			}
			return
		}
	}
	if f.end() > l.end() {
		c.t.Fatalf("node %d ends at %d, behind its leader's end %d, unnoticed", f.id, f.end(), l.end())
	}
	effect, err := l.leader.Fetched(c.now, &FollowerFetch{Node: f.id, BrokerEpoch: f.epoch, Offset: f.end(), LeaderEnd: l.end()}, c.brokers)
	if err != nil {
		return
	}
	c.apply(l, effect)
	if lost {
		return
	}
	for range records {
		at := f.end()
		if at == l.end() {
			break
		}
		for _, s := range l.epochs.starts {
			if s.End <= at {
				f.assign(s.Epoch, at) // the epoch of the record stands in its batch
			}
		}
		f.log = append(slices.Clone(f.log), l.log[at])
	}
	f.follower.Appended(f.end(), l.hw)
	f.hw = f.follower.HighWatermark()
}

// decide is the controller's answer to a proposal.
func (c *cluster) decide(s *sentProposal) {
	s.answered = true
	switch {
	case s.p.LeaderEpoch != c.reg.LeaderEpoch || s.from.id != c.reg.Leader:
		s.code = kafka.ErrFencedLeaderEpoch
		return
	case s.p.PartitionEpoch != c.reg.PartitionEpoch:
		s.code = kafka.ErrInvalidUpdateVersion
		return
	}
	var isr []kafka.NodeID
	for _, member := range s.p.ISR {
		b := c.brokers[member.ID]
		if b.Fenced || member.Epoch != -1 && member.Epoch != b.Epoch {
			s.code = kafka.ErrIneligibleReplica
			return
		}
		isr = append(isr, member.ID)
	}
	c.register(c.reg.Leader, isr, false)
	s.reg = c.reg
}

// answer brings a leader the controller's answer, or an error where it is lost.
func (c *cluster) answer(s *sentProposal, lost bool) {
	if !s.from.up || s.from.leader != s.leader {
		return
	}
	code := s.code
	if lost {
		code = kafka.ErrNetworkException
	}
	if code != kafka.ErrNone {
		if s.leader.AlterPartitionFailed(s.p, code) {
			c.sent = append(c.sent, &sentProposal{from: s.from, leader: s.leader, p: s.p})
		}
		return
	}
	c.apply(s.from, s.leader.AlterPartitionDone(c.now, s.p, &s.reg, c.brokers))
}

// stop ends a broker; the controller takes it out of the set, unless it is the
// last one, and elects another leader from the set.
func (c *cluster) stop(n *simNode) {
	if !n.up {
		return
	}
	n.up, n.leader, n.follower, n.known = false, nil, nil, -1
	c.brokers[n.id] = Broker{Epoch: c.brokers[n.id].Epoch, Fenced: true}
	isr := slices.DeleteFunc(slices.Clone(c.reg.ISR), func(id kafka.NodeID) bool { return id == n.id })
	leader := c.reg.Leader
	if len(isr) == 0 {
		isr = c.reg.ISR
	}
	if leader == n.id {
		leader = kafka.NoNode
		if isr[0] != n.id {
			leader = isr[0]
		}
	}
	c.register(leader, isr, leader != c.reg.Leader)
}

func (c *cluster) start(n *simNode) {
	if n.up {
		return
	}
	n.up, n.epoch = true, n.epoch+1
	n.hw = kafka.Offset(rapid.Int64Range(0, int64(n.hw)).Draw(c.t, "checkpointed high watermark"))
	c.brokers[n.id] = Broker{Epoch: n.epoch}
	if c.reg.Leader == kafka.NoNode && slices.Contains(c.reg.ISR, n.id) {
		c.register(n.id, c.reg.ISR, true)
	}
}

func (c *cluster) elect() {
	id := rapid.SampledFrom(c.reg.ISR).Draw(c.t, "elected")
	if c.nodes[id].up && !c.brokers[id].Fenced {
		c.register(id, c.reg.ISR, true)
	}
}

func (c *cluster) takeSent() *sentProposal {
	if len(c.sent) == 0 {
		return nil
	}
	i := rapid.IntRange(0, len(c.sent)-1).Draw(c.t, "proposal")
	s := c.sent[i]
	c.sent = slices.Delete(c.sent, i, i+1)
	return s
}

func TestNoCommittedRecordIsLost(t *testing.T) {
	most := 0
	for range 30 { // a hundred runs each: the rare orders of events need many
		rapid.Check(t, func(t *rapid.T) {
			c := newCluster(t)
			for id := kafka.NodeID(1); id <= 3; id++ {
				c.learn(c.nodes[id])
			}
			for range rapid.IntRange(0, 200).Draw(t, "steps") {
				c.step()
			}
			most = max(most, len(c.committed))
			c.settle()
		})
	}
	if most < 10 {
		t.Errorf("no run commits more than %d records: the test sees nothing", most)
	}
}

// step is one thing that happens.
func (c *cluster) step() {
	const calm = "produce produce produce fetch fetch fetch fetch fetch all all learn learn learn decide decide answer answer "
	switch rapid.SampledFrom(strings.Fields(calm+"time shrink stop start start elect")).Draw(c.t, "step") {
	case "produce":
		c.produce(c.pick("node"))
	case "fetch":
		c.fetch(c.pick("node"), rapid.IntRange(0, 3).Draw(c.t, "lost") == 0, rapid.IntRange(0, 3).Draw(c.t, "records"))
	case "all":
		for id := kafka.NodeID(1); id <= 3; id++ {
			c.fetch(c.nodes[id], false, 5)
		}
	case "learn":
		c.learn(c.pick("node"))
	case "time":
		c.now = c.now.Add(time.Duration(rapid.IntRange(1, 8).Draw(c.t, "seconds")) * time.Second)
	case "shrink":
		if n := c.pick("node"); n.up && n.leader != nil {
			c.apply(n, n.leader.MaybeShrinkISR(c.now))
		}
	case "decide":
		if s := c.takeSent(); s != nil {
			if !s.answered {
				c.decide(s)
			}
			c.sent = append(c.sent, s)
		}
	case "answer":
		if s := c.takeSent(); s != nil {
			c.answer(s, !s.answered || rapid.IntRange(0, 3).Draw(c.t, "lost") == 0)
		}
	case "stop":
		c.stop(c.pick("node"))
	case "start":
		c.start(c.pick("node"))
	case "elect":
		c.elect()
	}
}

// settle starts all brokers and lets messages through: then all logs are the
// same, committed to their end.
func (c *cluster) settle() {
	for id := kafka.NodeID(1); id <= 3; id++ {
		c.start(c.nodes[id])
	}
	for range 20 {
		c.now = c.now.Add(time.Second)
		for id := kafka.NodeID(1); id <= 3; id++ {
			c.learn(c.nodes[id])
		}
		for id := kafka.NodeID(1); id <= 3; id++ {
			c.fetch(c.nodes[id], false, 1000)
		}
		for _, s := range slices.Clone(c.sent) {
			if !s.answered {
				c.decide(s)
			}
			c.answer(s, false)
		}
		c.sent = nil
	}
	want := fmt.Sprint(c.nodes[c.reg.Leader].log)
	for id := kafka.NodeID(1); id <= 3; id++ {
		n := c.nodes[id]
		if got := fmt.Sprint(n.log); got != want || n.hw != n.end() || len(c.reg.ISR) != 3 {
			c.t.Fatalf("at last node %d has %s of which %d are committed, the leader %s, in sync %v", id, got, n.hw, want, c.reg.ISR)
		}
	}
}
