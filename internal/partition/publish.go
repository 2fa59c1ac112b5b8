package partition

import (
	"errors"
	"slices"
	"time"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/replica"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Publish carries out what changed in the metadata: when it returns, requests
// see the new partitions, leaders and configurations. Before [Set.Load] it
// only remembers the image.
func (s *Set) Publish(img *metadata.Image, delta *metadata.Delta) {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	s.image.Store(img)
	if !s.loaded || s.closed {
		return
	}
	now := time.Now()
	for _, t := range delta.Deleted {
		s.removeTopic(t)
	}
	s.leave(leaveWait)
	for i := range delta.Topics {
		s.changeTopic(now, img, &delta.Topics[i])
	}
	s.leave(leaveWait)
	s.changeConfigs(img, delta.Configs)
}

// removeTopic takes a topic's partitions away.
func (s *Set) removeTopic(gone *metadata.Topic) {
	s.mu.Lock()
	t := s.byID[gone.ID]
	if t == nil {
		s.mu.Unlock()
		return
	}
	delete(s.byID, t.id)
	if s.byName[t.name] == t {
		delete(s.byName, t.name)
	}
	s.gone.add(&t.gone)
	s.gone.addAll(t.partitions)
	s.mu.Unlock()
	for _, p := range t.partitions {
		if p != nil {
			// The topic's id never comes back, and by it the journal's entries are told
			// from those of another log of the name: it need not forget them, with a
			// sync for each.
			p.journaled.Store(0)
		}
	}
	s.removePartitions(t.partitions)
}

// changeTopic makes partitions that are new here, removes those that moved
// away, and tells the others their leader.
func (s *Set) changeTopic(now time.Time, img *metadata.Image, delta *metadata.TopicDelta) {
	t := s.topicFor(img, delta.Topic)
	next := slices.Clone(t.partitions)
	if n := int(delta.Topic.NumPartitions()); n > len(next) {
		next = append(next, make([]*Partition, n-len(next))...)
	}
	var made, gone, kept []*Partition
	for _, n := range delta.Partitions {
		reg, ok := delta.Topic.Partition(n)
		here := ok && reg.HasReplica(s.cfg.NodeID)
		switch p := next[n]; {
		case here && p == nil:
			next[n] = s.newPartition(t, n, reg)
			made = append(made, next[n])
		case !here && p != nil:
			next[n] = nil
			gone = append(gone, p)
		case here:
			kept = append(kept, p)
		}
	}
	changed := append(made, kept...)
	for _, p := range changed {
		if reg, ok := delta.Topic.Partition(p.tp.Partition); ok {
			s.lead(now, t, p, reg)
		}
	}
	s.mu.Lock()
	t.gone.addAll(gone)
	t.partitions = next
	s.byName[t.name], s.byID[t.id] = t, t
	s.mu.Unlock()
	s.removePartitions(gone)
	for _, p := range changed {
		s.tell(p)
		s.assign(p, delta.Topic)
	}
	s.chores.addAll(made, create)
}

func (s *Set) topicFor(img *metadata.Image, m *metadata.Topic) *topic {
	s.mu.RLock()
	t := s.byID[m.ID]
	s.mu.RUnlock()
	if t == nil {
		t = &topic{name: m.Name, id: m.ID}
		s.resolve(img, t)
	}
	return t
}

func (s *Set) newPartition(t *topic, n int32, reg *metadata.Partition) *Partition {
	p := &Partition{set: s, tp: kafka.TopicPartition{Topic: t.name, Partition: n}, topicID: t.id, config: &t.config}
	id, _ := reg.Directory(s.cfg.NodeID)
	p.dir = s.place(id)
	p.dir.partitions.Add(1)
	p.role.Store(&role{leader: kafka.NoNode, epoch: kafka.NoLeaderEpoch, offline: p.offline()})
	p.cleaned.Store(int64(kafka.NoOffset))
	return p
}

// openLog opens or makes p's log. Where that fails the partition is offline,
// and the others are not. Where there is no room for it ([vfs.IsNoSpace]) it is
// tried again: a new one by the next who needs it, too.
func (s *Set) openLog(now time.Time, p *Partition, o storage.Options) (*storage.Log, error) {
	if err := p.offline(); err != nil {
		r := *p.role.Load()
		r.offline = err
		p.role.Store(&r)
		return nil, err
	}
	if o.New && s.late.ending(p) {
		s.late.add(&lateLog{p: p, options: o})
		return nil, kafka.Errorf(kafka.ErrKafkaStorageError, "the directory of another %s is still in the place of this one", p.tp)
	}
	if o.New && p.dir.Space.Full() {
		// It takes no records yet, and many new ones would use up the reserve, which
		// the next start needs.
		s.late.add(&lateLog{p: p, options: o})
		return nil, &storage.FullDisk{Dir: p.dir.Path}
	}
	log, err := s.tryLog(now, p, o)
	if !o.New && vfs.IsNoSpace(err) && p.dir.Space.GiveUp() {
		// Names, and what a recovery writes: of that the reserve holds much.
		log, err = s.tryLog(now, p, again(o))
	}
	switch {
	case err == nil:
		p.made.Store(log)
		return log, nil
	case o.New && vfs.IsNoSpace(err):
		s.failed(p.dir, "open "+p.tp.String(), err)
		s.late.add(&lateLog{p: p, options: o})
		return nil, &storage.FullDisk{Dir: p.dir.Path}
	}
	return nil, s.unopenable(p, err)
}

// tryLog opens or makes p's log, and tells what was found.
func (s *Set) tryLog(now time.Time, p *Partition, o storage.Options) (*storage.Log, error) {
	o.Dir, o.Partition, o.TopicID, o.Config, o.Now = p.dir.pathOf(p.tp), p.tp, p.topicID, p.config.Load(), now
	o.Journal = journaled{p}
	log, found, err := storage.Open(s.cfg.Host, o)
	if vfs.IsNoSpace(err) {
		found.Damaged = nil // the next try finds it again
	}
	s.report(p, &found)
	return log, err
}

// unopenable takes p offline, whose log could not be opened: until the next
// start, or where there was no room until there is. The caller is alone with p,
// or holds mu.
func (s *Set) unopenable(p *Partition, err error) error {
	s.failed(p.dir, "open "+p.tp.String(), err)
	r := *p.role.Load()
	defer p.role.Store(&r)
	if vfs.IsNoSpace(err) {
		r.offline = kafka.Errorf(kafka.ErrKafkaStorageError, "the log of %s waits for space on the disk of %s: %v", p.tp, p.dir.Path, err)
		return errors.Join(r.offline, err)
	}
	s.cfg.Log.Error("a partition is offline: its log could not be opened", "partition", p.tp, "dir", p.dir.pathOf(p.tp), "error", err)
	r.offline = kafka.Errorf(kafka.ErrKafkaStorageError, "the log of %s could not be opened: %v", p.tp, err)
	return r.offline
}

// open gives the log, and makes that of a new partition where nobody has yet.
func (p *Partition) open() (*storage.Log, error) {
	if log := p.made.Load(); log != nil && p.dir.failure.Load() == nil {
		return log, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.openLocked()
}

// readable gives the log to who only reads: a new partition without one has
// nothing in it, and its readers do not wait for the file system.
func (p *Partition) readable() (*storage.Log, error) {
	if err := p.offline(); err != nil {
		return nil, err
	}
	if log := p.made.Load(); log != nil {
		return log, nil
	}
	switch r := p.role.Load(); {
	case r.deleted:
		return nil, kafka.ErrUnknownTopicOrPartition
	case r.offline != nil:
		return nil, r.offline
	}
	return p.set.nothing, nil
}

// openLocked is open for who holds mu.
func (p *Partition) openLocked() (*storage.Log, error) {
	if err := p.offline(); err != nil {
		return nil, err
	}
	if log := p.made.Load(); log != nil {
		return log, nil
	}
	switch r := p.role.Load(); {
	case r.deleted:
		return nil, kafka.ErrUnknownTopicOrPartition
	case r.offline != nil:
		return nil, r.offline
	}
	log, err := p.set.openLog(time.Now(), p, storage.Options{New: true})
	if err == nil {
		// A configuration that came while the log was being made was not
		// given to it.
		log.SetConfig(p.config.Load())
	}
	return log, err
}

// report tells the operator what recovery did.
func (s *Set) report(p *Partition, found *storage.Recovery) {
	for i := range found.Damaged {
		d := &found.Damaged[i]
		s.cfg.Log.Error("a log is damaged below its recovery point; what is damaged is not served and was left as it is",
			"partition", p.tp, "file", d.File, "offset", d.Offset, "position", d.Position, "error", d)
	}
	for _, cut := range found.Cuts {
		s.cfg.Log.Warn("a damaged tail was cut off a log and kept aside", "partition", p.tp, "file", cut.File,
			"offset", cut.Offset, "position", cut.Position, "bytes", cut.Bytes, "aside", cut.Aside, "reason", cut.Reason)
	}
	for _, split := range found.Split {
		s.cfg.Log.Info("a segment was split: its offsets were too far from its first for its indexes",
			"partition", p.tp, "file", split.File, "segments", split.Bases)
	}
	for _, name := range found.Rebuilt {
		s.cfg.Log.Info("an index was made again from the log", "partition", p.tp, "file", name)
	}
}

// lead makes this broker leader or follower of p, as the registration says.
func (s *Set) lead(now time.Time, t *topic, p *Partition, reg *metadata.Partition) {
	p.mu.Lock()
	old := p.role.Load()
	next := &role{leader: reg.Leader, epoch: reg.LeaderEpoch, start: old.start, offline: old.offline}
	next.leads = reg.Leader == s.cfg.NodeID
	if !next.leads || next.offline != nil {
		p.leader = nil // its state is that of one stretch of leading
		p.behind.Store(false)
		p.role.Store(next)
		p.mu.Unlock()
		p.settle()
		return
	}
	if p.leader == nil {
		p.leader = replica.NewLeader(&s.settings)
		p.leader.SetMinISR(now, int(t.minISR.Load()), s.brokers())
		p.leader.SetDurability(now, t.rule(), s.brokers())
	}
	var at replica.Position // of a new log: nothing
	if log := p.made.Load(); log != nil {
		at = replica.Position{End: log.LogEndOffset(), Synced: log.Synced(), HighWatermark: log.HighWatermark()}
	}
	effect, begun := p.leader.Become(now, registration(reg), at, s.brokers())
	if begun {
		// The epoch goes into the log's cache with its first batch: until then
		// it begins where the log ends, see [epochs].
		next.start = at.End
	}
	p.apply(effect)
	p.role.Store(next)
	p.mu.Unlock()
	p.settle()
	p.hasten() // the set may be down to this broker
}

// tell says who leads p now.
func (s *Set) tell(p *Partition) {
	if s.cfg.Leads == nil {
		return
	}
	r := p.role.Load()
	s.cfg.Leads(p.tp, r.epoch, r.leads && r.offline == nil && !r.deleted)
}

// become replaces the role, after appends under way.
func (p *Partition) become(r *role) {
	p.mu.Lock()
	p.role.Store(r)
	p.mu.Unlock()
}

func registration(p *metadata.Partition) *replica.Registration {
	return &replica.Registration{
		Replicas: nodes(p.Replicas), ISR: nodes(p.Isr), Adding: nodes(p.Adding), Removing: nodes(p.Removing),
		Leader: p.Leader, LeaderEpoch: p.LeaderEpoch, PartitionEpoch: p.PartitionEpoch,
	}
}

func nodes(ids []int32) []kafka.NodeID {
	if len(ids) == 0 {
		return nil
	}
	list := make([]kafka.NodeID, len(ids))
	for i, id := range ids {
		list[i] = kafka.NodeID(id)
	}
	return list
}

// changeConfigs puts changed topic configurations in force; a change of the
// broker's defaults concerns every topic.
func (s *Set) changeConfigs(img *metadata.Image, changed []metadata.Resource) {
	for _, r := range changed {
		if r.Type == config.ResourceBroker {
			s.Reconfigure()
			return
		}
	}
	for _, r := range changed {
		if r.Type == config.ResourceTopic {
			s.mu.RLock()
			t := s.byName[r.Name]
			s.mu.RUnlock()
			if t != nil {
				s.reconfigure(img, t)
			}
		}
	}
}

// Reconfigure resolves every topic's configuration anew, for when the
// broker's changed. It is called by Publish, or by whoever holds a change
// back from it.
func (s *Set) Reconfigure() {
	s.mu.RLock()
	all := make([]*topic, 0, len(s.byName))
	for _, t := range s.byName {
		all = append(all, t)
	}
	s.mu.RUnlock()
	for _, t := range all {
		s.reconfigure(s.image.Load(), t)
	}
	s.cleaner.nudge()
}

// resolve puts a topic's configuration in place for the logs that open later.
func (s *Set) resolve(img *metadata.Image, t *topic) {
	c, resolved := s.topicConfig(img, t.name)
	t.config.Store(c)
	t.minISR.Store(int64(resolved.MinInsyncReplicas))
	t.durability.Store(uint32(durability(resolved.Durability)))
}

func (s *Set) reconfigure(img *metadata.Image, t *topic) {
	s.resolve(img, t)
	now := time.Now()
	for _, p := range t.partitions {
		if p == nil {
			continue
		}
		if log := p.made.Load(); log != nil {
			log.SetConfig(t.config.Load())
		}
		p.mu.Lock()
		if p.leader != nil {
			p.apply(p.leader.SetMinISR(now, int(t.minISR.Load()), s.brokers()))
			p.apply(p.leader.SetDurability(now, t.rule(), s.brokers()))
		}
		p.mu.Unlock()
		p.settle() // the rule that somebody waits by may be another one
		p.hasten()
	}
}
