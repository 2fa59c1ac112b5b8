package metadata

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// topicEdit is a topic that a builder changes: its own copy, which shares the
// chunks that were not touched.
type topicEdit struct {
	topic   *Topic
	created bool
	owned   []bool  // of each chunk: it is this edit's own
	changed []int32 // partitions, in the order of their records
}

// edit gives the builder's own copy of a topic.
func (b *builder) edit(id kafka.TopicID) (*topicEdit, error) {
	if e, ok := b.topics[id]; ok {
		return e, nil
	}
	topic, ok := b.img.Topics.ByID(id)
	if !ok {
		return nil, fmt.Errorf("no topic with id %s", id)
	}
	own := *topic
	own.chunks = slices.Clone(topic.chunks)
	return b.keep(&topicEdit{topic: &own}), nil
}

func (b *builder) keep(e *topicEdit) *topicEdit {
	if b.topics == nil {
		b.topics = make(map[kafka.TopicID]*topicEdit)
	}
	b.topics[e.topic.ID] = e
	return e
}

func (b *builder) topic(r *msg.TopicRecord) error {
	if old, ok := b.img.Topics.ByName(r.Name); ok && old.ID != r.TopicId {
		return fmt.Errorf("topic %q with id %s is there with the id %s", r.Name, r.TopicId, old.ID)
	}
	topic := &Topic{Name: r.Name, ID: r.TopicId}
	if old, ok := b.img.Topics.ByID(r.TopicId); ok {
		b.img.Topics.partitions -= countPartitions(old)
	}
	b.keep(&topicEdit{topic: topic, created: true})
	b.img.Topics.byName = b.img.Topics.byName.with(text(r.Name), topic)
	b.img.Topics.byID = b.img.Topics.byID.with(topicKey(r.TopicId), topic)
	return nil
}

func countPartitions(t *Topic) int {
	n := 0
	for range t.All() {
		n++
	}
	return n
}

func (b *builder) partition(r *msg.PartitionRecord) error {
	e, err := b.edit(r.TopicId)
	if err != nil {
		return err
	}
	if r.PartitionId < 0 || r.PartitionId >= partitionsMax {
		return fmt.Errorf("topic %q: partition %d is out of bounds", e.topic.Name, r.PartitionId)
	}
	if len(r.Replicas) == 0 || len(r.Directories) != 0 && len(r.Directories) != len(r.Replicas) {
		return fmt.Errorf("topic %q partition %d: %d replicas with %d directories",
			e.topic.Name, r.PartitionId, len(r.Replicas), len(r.Directories))
	}
	p := e.slot(r.PartitionId)
	if p.Replicas == nil {
		b.img.Topics.partitions++
	}
	in := &b.shared
	*p = Partition{
		Replicas: in.nodes(r.Replicas), Isr: in.nodes(r.Isr),
		Removing: in.nodes(r.RemovingReplicas), Adding: in.nodes(r.AddingReplicas),
		Elr: in.nodes(r.EligibleLeaderReplicas), LastKnownElr: in.nodes(r.LastKnownElr),
		Directories: in.directories(r.Directories, len(r.Replicas)),
		Leader:      kafka.NodeID(r.Leader), LeaderEpoch: kafka.LeaderEpoch(r.LeaderEpoch),
		PartitionEpoch: r.PartitionEpoch, Recovery: RecoveryState(r.LeaderRecoveryState),
	}
	return nil
}

func (b *builder) partitionChange(r *msg.PartitionChangeRecord) error {
	e, err := b.edit(r.TopicId)
	if err != nil {
		return err
	}
	if old, ok := e.topic.Partition(r.PartitionId); !ok {
		return fmt.Errorf("topic %q has no partition %d", e.topic.Name, r.PartitionId)
	} else if n := len(r.Directories); n != 0 && n != len(r.Replicas) && (r.Replicas != nil || n != len(old.Replicas)) {
		return fmt.Errorf("topic %q partition %d: %d directories do not fit the replicas", e.topic.Name, r.PartitionId, n)
	}
	p := e.slot(r.PartitionId)
	p.merge(r, &b.shared)
	return nil
}

// merge takes the changed fields of r.
func (p *Partition) merge(r *msg.PartitionChangeRecord, in *interner) {
	set := func(field *[]int32, value []int32) {
		if value != nil {
			*field = in.nodes(value)
		}
	}
	directories := p.Directories
	if r.Directories != nil {
		directories = r.Directories
	}
	set(&p.Replicas, r.Replicas)
	set(&p.Isr, r.Isr)
	set(&p.Removing, r.RemovingReplicas)
	set(&p.Adding, r.AddingReplicas)
	set(&p.Elr, r.EligibleLeaderReplicas)
	set(&p.LastKnownElr, r.LastKnownElr)
	if r.Directories != nil || len(directories) != len(p.Replicas) {
		p.Directories = in.directories(directories, len(p.Replicas))
	}
	if r.Leader != NoLeaderChange {
		p.Leader = kafka.NodeID(r.Leader)
		p.LeaderEpoch++
	}
	if r.LeaderRecoveryState >= 0 {
		p.Recovery = RecoveryState(r.LeaderRecoveryState)
	}
	p.PartitionEpoch++
}

// NoLeaderChange is the leader in a PartitionChangeRecord that leaves it.
const NoLeaderChange = -2

// slot gives partition n to write, made where it is not there.
func (e *topicEdit) slot(n int32) *Partition {
	e.changed = append(e.changed, n)
	t := e.topic
	chunk := int(n / chunkSize)
	for have := t.NumPartitions(); have <= n; have++ {
		last := int(have / chunkSize)
		if last == len(t.chunks) {
			t.chunks = append(t.chunks, make([]Partition, 0, roundUp(int(n-have)+1)))
			e.mark(last)
		}
		e.own(last)
		t.chunks[last] = append(t.chunks[last], Partition{})
	}
	e.own(chunk)
	return &t.chunks[chunk][n%chunkSize]
}

// roundUp is the capacity to begin a chunk with: most topics stay small.
func roundUp(n int) int {
	if n <= 1 {
		return 1
	}
	return chunkSize
}

func (e *topicEdit) own(chunk int) {
	if chunk < len(e.owned) && e.owned[chunk] {
		return
	}
	e.mark(chunk)
	e.topic.chunks[chunk] = slices.Clone(e.topic.chunks[chunk])
}

func (e *topicEdit) mark(chunk int) {
	for len(e.owned) <= chunk {
		e.owned = append(e.owned, false)
	}
	e.owned[chunk] = true
}

func (b *builder) removeTopic(r *msg.RemoveTopicRecord) error {
	topic, ok := b.img.Topics.ByID(r.TopicId)
	if !ok {
		return fmt.Errorf("no topic with id %s", r.TopicId)
	}
	if e, ok := b.topics[r.TopicId]; ok {
		topic = e.topic
		delete(b.topics, r.TopicId)
	}
	if old, ok := b.old.Topics.ByID(r.TopicId); ok {
		if b.gone == nil {
			b.gone = make(map[kafka.TopicID]*Topic)
		}
		b.gone[r.TopicId] = old
	}
	b.img.Topics.partitions -= countPartitions(topic)
	b.img.Topics.byName = b.img.Topics.byName.without(text(topic.Name))
	b.img.Topics.byID = b.img.Topics.byID.without(topicKey(topic.ID))
	res := Resource{Type: config.ResourceTopic, Name: topic.Name}
	if _, ok := b.img.Configs.byResource.get(res); ok {
		b.img.Configs.byResource = b.img.Configs.byResource.without(res)
		note(&b.configs, res)
	}
	return nil
}

// clearElr forgets the eligible leaders of one topic, or of all (KIP-966).
func (b *builder) clearElr(r *msg.ClearElrRecord) error {
	if r.TopicName != "" {
		topic, ok := b.img.Topics.ByName(r.TopicName)
		if !ok {
			return fmt.Errorf("no topic %q", r.TopicName)
		}
		return b.clearElrOf(topic.ID)
	}
	for topic := range b.img.Topics.All() {
		if err := b.clearElrOf(topic.ID); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) clearElrOf(id kafka.TopicID) error {
	topic, _ := b.img.Topics.ByID(id)
	if e, ok := b.topics[id]; ok {
		topic = e.topic
	}
	for n, p := range topic.All() {
		if len(p.Elr)+len(p.LastKnownElr) == 0 {
			continue
		}
		e, err := b.edit(id)
		if err != nil {
			return err
		}
		own := e.slot(n)
		own.Elr, own.LastKnownElr = nil, nil
		own.PartitionEpoch++
	}
	return nil
}

// finishTopics puts the edited topics into the image and names them in d.
func (b *builder) finishTopics(d *Delta) {
	for _, topic := range b.gone {
		d.Deleted = append(d.Deleted, topic)
	}
	slices.SortFunc(d.Deleted, compareTopics)
	for _, e := range b.topics {
		b.img.Topics.byName = b.img.Topics.byName.with(text(e.topic.Name), e.topic)
		b.img.Topics.byID = b.img.Topics.byID.with(topicKey(e.topic.ID), e.topic)
		slices.Sort(e.changed)
		d.Topics = append(d.Topics, TopicDelta{Topic: e.topic, Created: e.created, Partitions: slices.Compact(e.changed)})
	}
	slices.SortFunc(d.Topics, func(a, c TopicDelta) int { return compareTopics(a.Topic, c.Topic) })
}

func compareTopics(a, b *Topic) int {
	if c := strings.Compare(a.Name, b.Name); c != 0 {
		return c
	}
	return compareUUID(a.ID, b.ID)
}

// With is the registration after a change.
func (p *Partition) With(r *msg.PartitionChangeRecord) *Partition {
	next := *p
	next.merge(r, &interner{})
	return &next
}
