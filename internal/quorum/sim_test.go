package quorum

import (
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"testing"
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// simulation is three voters in one goroutine, over a network that loses,
// doubles and reorders messages and cuts them inside batches, on disks that
// lose what was not synced. After every event the promises are checked.
type simulation struct {
	t      *testing.T
	chance *rand.Rand
	nodes  [3]*simNode
	flight []simMessage // on the way, in no order

	// chosen is what was committed anywhere: offset -> epoch and checksum.
	chosen  map[kafka.Offset]simBatch
	leaders map[kafka.LeaderEpoch]kafka.NodeID
	acked   map[int]int // decision -> its records
	next    int         // decision

	elections, crashes, snapshots, sent int
}

type simBatch struct {
	epoch kafka.LeaderEpoch
	end   kafka.Offset
	sum   uint32
}

type simMessage struct {
	to  int
	raw []byte
}

// simNode is one voter, or what a crash left of it.
type simNode struct {
	s    *simulation
	id   int
	disk *vfs.Mem
	q    *Quorum
	open []simRequest
	seen kafka.Offset // committed and compared
}

// simRequest is a decision that waits for its answer.
type simRequest struct {
	decision, records int
	answer            chan answer
}

// Send implements Transport.
func (n *simNode) Send(to kafka.NodeID, raw []byte) {
	n.s.flight = append(n.s.flight, simMessage{to: int(to), raw: raw})
}

func newSimulation(t *testing.T, seed uint64) *simulation {
	s := &simulation{
		t: t, chance: rand.New(rand.NewPCG(seed, 7)), chosen: map[kafka.Offset]simBatch{},
		leaders: map[kafka.LeaderEpoch]kafka.NodeID{}, acked: map[int]int{},
	}
	for i := range s.nodes {
		s.nodes[i] = &simNode{s: s, id: i, disk: vfs.NewMem(nil)}
		if err := Format(s.nodes[i].disk, "/data", FormatOptions{Now: time.UnixMilli(1)}); err != nil {
			t.Fatal(err)
		}
		s.nodes[i].start()
	}
	return s
}

func (n *simNode) start() {
	t := n.s.t
	env := testEnv(t)
	env.NodeID = kafka.NodeID(n.id)
	cfg := Config{
		FS: n.disk, Dir: "/data", Env: env, Transport: n, Rand: rand.NewChaCha8([32]byte{byte(n.id)}),
		Voters:       []Voter{{ID: 0}, {ID: 1}, {ID: 2}},
		messageBytes: 40, SnapshotBytes: 3000, RetentionBytes: 6000, SegmentBytes: 1500, tiny: true,
		BalanceInterval: -1, MaxIdle: -1,
	}
	q, err := open(cfg, nil, time.UnixMilli(1))
	if err != nil {
		t.Fatalf("node %d: open: %v", n.id, err)
	}
	n.q, n.open, n.seen = q, nil, 0
	n.work()
}

// work does what the library wants, and looks at what came of it.
func (n *simNode) work() {
	t := n.s.t
	t.Helper()
	if err := n.q.work(); err != nil {
		t.Fatalf("node %d: %v", n.id, err)
	}
	for n.q.snap.running {
		n.s.snapshots++
		if err := n.q.onSaved(<-n.q.saved, time.UnixMilli(1)); err != nil {
			t.Fatalf("node %d: %v", n.id, err)
		}
	}
	if n.s.chance.IntN(4) == 0 {
		n.q.savePoint(time.UnixMilli(1))
	}
	n.check()
}

// check compares what is committed here with what was committed anywhere.
func (n *simNode) check() {
	t, s := n.s.t, n.s
	t.Helper()
	if n.q.lead.leading {
		if other, ok := s.leaders[n.q.lead.epoch]; ok && other != kafka.NodeID(n.id) {
			t.Fatalf("epoch %d has the leaders %d and %d", n.q.lead.epoch, other, n.id)
		} else if !ok {
			s.elections++
		}
		s.leaders[n.q.lead.epoch] = kafka.NodeID(n.id)
	}
	from := max(n.seen, n.q.log.log.Start(), n.q.log.first.end)
	if n.q.committed > from {
		err := eachBatch(n.q.log.log, from, n.q.committed, func(b batch.Batch) error {
			got := simBatch{epoch: b.LeaderEpoch(), end: b.NextOffset(), sum: crc32.ChecksumIEEE(b)}
			if want, ok := s.chosen[b.BaseOffset()]; ok && want != got {
				t.Fatalf("node %d: at offset %d %+v is committed, elsewhere %+v", n.id, b.BaseOffset(), got, want)
			}
			s.chosen[b.BaseOffset()] = got
			if b.NextOffset() > n.q.committed {
				t.Fatalf("node %d: the committed end %d is inside a batch", n.id, n.q.committed)
			}
			return nil
		})
		if err != nil {
			t.Fatalf("node %d: %v", n.id, err)
		}
		n.seen = n.q.committed
	}
	n.answers()
}

func (n *simNode) answers() {
	rest := n.open[:0]
	for _, r := range n.open {
		select {
		case a := <-r.answer:
			if a.err == nil {
				n.s.acked[r.decision] = r.records
			} else if !errors.Is(a.err, kafka.ErrNotController) {
				n.s.t.Fatalf("node %d: %v", n.id, a.err)
			}
		default:
			rest = append(rest, r)
		}
	}
	n.open = rest
}

// propose has a decision of several records taken, if the node leads.
func (n *simNode) propose() {
	if !n.q.lead.active {
		return
	}
	s := n.s
	records := 1 + s.chance.IntN(9)
	r := simRequest{decision: s.next, records: records, answer: make(chan answer, 1)}
	s.next++
	n.q.serve(&request{answer: r.answer, decide: func(controller.Input) controller.Result {
		var out []metadata.Record
		for i := range records {
			value := fmt.Sprint(records)
			out = append(out, metadata.Record{Message: &msg.ConfigRecord{
				ResourceType: int8(config.ResourceClientMetrics), ResourceName: fmt.Sprintf("decision-%06d", r.decision),
				Name: fmt.Sprintf("record-%d", i), Value: &value,
			}})
		}
		return controller.Result{Records: out}
	}}, time.UnixMilli(2))
	n.open = append(n.open, r)
	if s.chance.IntN(2) == 0 { // else the next one shares the sync
		n.work()
	}
}

// crash takes the node's power; some of what was not synced survives.
func (n *simNode) crash() {
	n.s.crashes++
	n.disk = n.disk.CrashClone(n.s.chance)
	n.start()
}

func (s *simulation) deliver(at int) {
	m := s.flight[at]
	if s.chance.IntN(20) != 0 { // else it comes again
		s.flight[at] = s.flight[len(s.flight)-1]
		s.flight = s.flight[:len(s.flight)-1]
	}
	decoded, err := decodeMessage(m.raw)
	if err != nil {
		s.t.Fatalf("message to %d: %v", m.to, err)
	}
	if decoded.GetType() == raftpb.MsgSnap {
		s.sent++
	}
	n := s.nodes[m.to]
	if err := n.q.raft.Step(decoded); err != nil && !errors.Is(err, raft.ErrProposalDropped) && !errors.Is(err, raft.ErrStepPeerNotFound) {
		s.t.Fatalf("step: %v", err)
	}
	n.work()
}

// step is one event.
func (s *simulation) step() {
	switch k := s.chance.IntN(1000); {
	case k < 700 && len(s.flight) > 0:
		s.deliver(s.chance.IntN(len(s.flight)))
	case k < 740 && len(s.flight) > 0: // lost
		at := s.chance.IntN(len(s.flight))
		s.flight[at] = s.flight[len(s.flight)-1]
		s.flight = s.flight[:len(s.flight)-1]
	case k < 900:
		s.nodes[s.chance.IntN(3)].propose()
	case k < 985:
		n := s.nodes[s.chance.IntN(3)]
		n.q.raft.Tick()
		n.work()
	case k < 987:
		s.nodes[s.chance.IntN(3)].crash()
	case k < 989: // a partition of the network: everything on the way is lost
		s.flight = nil
	}
	if len(s.flight) > 2000 {
		s.flight = s.flight[1000:]
	}
}

// settle lets the voters talk without losses until all have committed alike.
func (s *simulation) settle() {
	for range 20_000 {
		for _, n := range s.nodes {
			n.q.raft.Tick()
			n.work()
		}
		for len(s.flight) > 0 {
			m := s.flight[0]
			s.flight = s.flight[1:]
			decoded, err := decodeMessage(m.raw)
			if err != nil {
				s.t.Fatal(err)
			}
			_ = s.nodes[m.to].q.raft.Step(decoded)
			s.nodes[m.to].work()
		}
		a, b, c := s.nodes[0].q, s.nodes[1].q, s.nodes[2].q
		if (a.lead.active || b.lead.active || c.lead.active) && a.applied == b.applied && b.applied == c.applied &&
			a.applied == a.log.log.End() && b.applied == b.log.log.End() && c.applied == c.log.log.End() {
			return
		}
	}
	s.t.Fatal("the voters do not agree any more")
}

// judge checks the whole: the images are alike, every decision is whole, and
// what was acknowledged is there.
func (s *simulation) judge() {
	img := s.nodes[0].q.loader.Image()
	for _, n := range s.nodes[1:] {
		if d := metadata.Diff(img, n.q.loader.Image()); !d.IsEmpty() {
			s.t.Fatalf("the images of nodes 0 and %d differ: %+v", n.id, d)
		}
	}
	for r := range img.Configs.Resources() {
		have := img.Configs.Map(r)
		if r.Type == config.ResourceClientMetrics && fmt.Sprint(len(have)) != have["record-0"] {
			s.t.Fatalf("%s is torn: %d of %s records", r.Name, len(have), have["record-0"])
		}
	}
	for decision, records := range s.acked {
		r := metadata.Resource{Type: config.ResourceClientMetrics, Name: fmt.Sprintf("decision-%06d", decision)}
		if have := len(img.Configs.Map(r)); have != records {
			s.t.Fatalf("decision %d was acknowledged with %d records, %d are there", decision, records, have)
		}
	}
}

func TestThreeVotersAgreeOverABadNetworkAndCrashes(t *testing.T) {
	seeds, steps := uint64(8), 6_000
	if testing.Short() {
		seeds = 2
	}
	total := simulation{}
	acked := 0
	for seed := range seeds {
		s := newSimulation(t, seed)
		for range 3 {
			for range steps / 3 {
				s.step()
			}
			s.settle()
			s.judge()
		}
		acked += len(s.acked)
		total.elections += s.elections
		total.crashes += s.crashes
		total.snapshots += s.snapshots
		total.sent += s.sent
		total.next += s.next
	}
	t.Logf("%d decisions, %d acknowledged, %d elections, %d crashes, %d snapshots, %d sent",
		total.next, acked, total.elections, total.crashes, total.snapshots, total.sent)
	if acked < 200 || total.elections < 20 || total.crashes < 20 || total.snapshots < 20 || total.sent == 0 {
		t.Error("the simulation does not reach what it is for")
	}
}
