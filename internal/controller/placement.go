package controller

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
)

// placer puts the replicas of new partitions on brokers the way Kafka's
// striped placer does: racks in turn, within a rack the brokers in turn, the
// unfenced ones first, never a fenced one in the leader's place, and from a
// random start so that small topics do not all begin on the first broker.
type placer struct {
	random   *rand.Rand
	racks    []*rack
	usable   int // brokers that may hold replicas
	unfenced int // of these, the ones that may lead
	round    int
	offset   int
}

// rack is the usable brokers of one rack.
type rack struct {
	named            bool
	name             string
	unfenced, fenced ring
}

// ring hands out its brokers once a round, from a start that moves on with
// every round.
type ring struct {
	brokers []int32
	given   int
	offset  int
	round   int
}

func (r *ring) next(round int) (int32, bool) {
	if len(r.brokers) == 0 {
		return 0, false
	}
	if r.round != round {
		r.round, r.given = round, 0
		r.offset = (r.offset + 1) % len(r.brokers)
	}
	if r.given >= len(r.brokers) {
		return 0, false
	}
	broker := r.brokers[(r.given+r.offset)%len(r.brokers)]
	r.given++
	return broker, true
}

func (r *ring) start(random *rand.Rand) {
	if len(r.brokers) > 0 {
		r.offset = random.IntN(len(r.brokers))
	}
}

func (r *ring) shuffle(random *rand.Rand) {
	random.Shuffle(len(r.brokers), func(i, j int) { r.brokers[i], r.brokers[j] = r.brokers[j], r.brokers[i] })
}

// seeded makes a source of chance from the decision's randomness.
func seeded(r io.Reader) (*rand.Rand, error) {
	var seed [16]byte
	if _, err := io.ReadFull(r, seed[:]); err != nil {
		return nil, fmt.Errorf("read randomness for the placement of replicas: %w", err)
	}
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(seed[:8]), binary.LittleEndian.Uint64(seed[8:]))), nil //nolint:gosec // placement is no secret
}

func newPlacer(in *Input) (*placer, error) {
	random, err := seeded(in.Rand)
	if err != nil {
		return nil, err
	}
	p := &placer{random: random}
	for b := range in.Image.Cluster.Brokers() {
		if !b.Fenced && b.InControlledShutdown || !hasUncordonedDir(b) {
			continue
		}
		r := p.rackOf(b)
		p.usable++
		if b.Fenced {
			r.fenced.brokers = append(r.fenced.brokers, int32(b.ID))
		} else {
			p.unfenced++
			r.unfenced.brokers = append(r.unfenced.brokers, int32(b.ID))
		}
	}
	slices.SortFunc(p.racks, func(a, b *rack) int {
		if a.named != b.named { // brokers without a rack come first
			if a.named {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.name, b.name)
	})
	for _, r := range p.racks {
		r.fenced.start(random)
		r.unfenced.start(random)
	}
	if len(p.racks) > 0 {
		p.offset = random.IntN(len(p.racks))
	}
	return p, nil
}

func (p *placer) rackOf(b *metadata.Broker) *rack {
	name := ""
	if b.Rack != nil {
		name = *b.Rack
	}
	for _, r := range p.racks {
		if r.named == (b.Rack != nil) && r.name == name {
			return r
		}
	}
	r := &rack{named: b.Rack != nil, name: name}
	p.racks = append(p.racks, r)
	return r
}

// check refuses a replication factor that the brokers can not give.
func (p *placer) check(replicas int) error {
	switch {
	case replicas <= 0:
		return kafka.Errorf(kafka.ErrInvalidReplicationFactor,
			"Invalid replication factor %d: the replication factor must be positive.", replicas)
	case p.unfenced == 0:
		return kafka.Errorf(kafka.ErrInvalidReplicationFactor,
			"All brokers are currently fenced, or have all their log directories cordoned.")
	case replicas > p.usable:
		return kafka.Errorf(kafka.ErrInvalidReplicationFactor, "The target replication factor of %d cannot be reached "+
			"because only %d broker(s) are registered or some brokers have all their log directories cordoned.",
			replicas, p.usable)
	}
	return nil
}

// place gives the replicas of one partition. The factor was checked.
func (p *placer) place(replicas int) []int32 {
	if p.round == p.unfenced && p.unfenced > 1 {
		// All were first once: another order keeps assignments from repeating.
		p.random.Shuffle(len(p.racks), func(i, j int) { p.racks[i], p.racks[j] = p.racks[j], p.racks[i] })
		for _, r := range p.racks {
			r.fenced.shuffle(p.random)
			r.unfenced.shuffle(p.random)
		}
		p.round = 0
	}
	if p.offset == len(p.racks) {
		p.offset = 0
	}
	brokers := make([]int32, 0, replicas)
	first := p.offset
	for {
		if b, ok := p.racks[first].unfenced.next(p.round); ok {
			brokers = append(brokers, b)
			break
		}
		first = (first + 1) % len(p.racks)
	}
	at := p.offset
	for len(brokers) < replicas {
		if at == first {
			first = -1 // the leader's rack has had its turn in this pass
		} else if b, ok := p.racks[at].next(p.round); ok {
			brokers = append(brokers, b)
		}
		at = (at + 1) % len(p.racks)
	}
	p.round++
	p.offset++
	return brokers
}

func (r *rack) next(round int) (int32, bool) {
	if b, ok := r.unfenced.next(round); ok {
		return b, true
	}
	return r.fenced.next(round)
}

// hasUncordonedDir says whether new replicas may be put on the broker.
func hasUncordonedDir(b *metadata.Broker) bool {
	if len(b.LogDirs) == 0 || b.CordonedLogDirs == nil {
		return true
	}
	return slices.ContainsFunc(b.LogDirs, func(d kafka.UUID) bool { return !slices.Contains(b.CordonedLogDirs, d) })
}

// defaultDir is the directory of a new replica on a broker: its only one, or
// unassigned, for the broker to choose and tell.
func (in *Input) defaultDir(broker int32) kafka.UUID {
	b, ok := in.Image.Cluster.Broker(kafka.NodeID(broker))
	switch {
	case !ok:
		return metadata.DirectoryUnassigned
	case len(b.LogDirs) == 0:
		return metadata.DirectoryMigrating
	case len(b.LogDirs) == 1:
		return b.LogDirs[0]
	}
	return metadata.DirectoryUnassigned
}

// hasOnlineDir says whether a replica in dir on the broker can be led from.
func (in *Input) hasOnlineDir(broker int32, dir kafka.UUID) bool {
	b, ok := in.Image.Cluster.Broker(kafka.NodeID(broker))
	if !ok {
		return false
	}
	switch dir {
	case metadata.DirectoryUnassigned, metadata.DirectoryMigrating:
		return true
	case metadata.DirectoryLost:
		return false
	}
	return len(b.LogDirs) == 0 || slices.Contains(b.LogDirs, dir)
}

// active says whether a broker may lead: registered, unfenced, not leaving.
func (in *Input) active(broker int32) bool {
	b, ok := in.Image.Cluster.Broker(kafka.NodeID(broker))
	return ok && b.Active()
}
