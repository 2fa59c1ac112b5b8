package group

import (
	"bytes"
	"cmp"
	"io"
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/timeline"
)

// Shard is the groups and offsets of one partition of __consumer_offsets. It
// is a coordinator.Shard.
//
// Invariants: a group with offsets is in groups or is foreign; live holds
// only groups that are in groups, and every group that has members.
type Shard struct {
	config Config
	random io.Reader

	time timeline.Registry
	// groups are the classic groups as the log tells them. The values are
	// never changed.
	groups  *timeline.Map[string, *msg.GroupMetadataValue]
	offsets *offsets
	foreign foreign
	// live is what is kept in memory only, for the groups that need it.
	live map[string]*classic
	// simple is the value of groups that are known by their offsets alone.
	simple *msg.GroupMetadataValue
}

// The timers of a shard.
const (
	sessionTimer uint8 = iota + 1 // of a member: its session, or its first join
	joinTimer                     // of a group: the join phase ends
	syncTimer                     // of a group: the sync phase ends
	expiryTimer                   // of the shard: look for expired offsets
)

// New makes an empty shard. random gives member ids (crypto/rand.Reader).
func New(config Config, random io.Reader) *Shard {
	s := &Shard{
		config: config.WithDefaults(), random: random,
		live:   map[string]*classic{},
		simple: &msg.GroupMetadataValue{CurrentStateTimestamp: -1},
	}
	s.groups = timeline.NewMap[string, *msg.GroupMetadataValue](&s.time)
	s.offsets = newOffsets(&s.time)
	s.foreign = newForeign(&s.time)
	return s
}

// Replay implements coordinator.Shard.
func (s *Shard) Replay(offset kafka.Offset, producer kafka.ProducerID, record coordinator.Record) error {
	kind, err := number(record.Key)
	if err != nil {
		return replayError(offset, record, err)
	}
	s.time.At(offset)
	switch kind {
	case legacyOffsetCommitType, offsetCommitType:
		err = s.replayOffset(offset, producer, record)
	case groupMetadataType:
		err = s.replayGroup(record)
	default:
		err = s.replayForeign(kind, record)
	}
	if err != nil {
		return replayError(offset, record, err)
	}
	return nil
}

func (s *Shard) replayGroup(record coordinator.Record) error {
	var key msg.GroupMetadataKey
	if err := decode(&key, record.Key, 0); err != nil {
		return err
	}
	if record.Value == nil {
		s.groups.Delete(key.Group)
		return nil
	}
	version, err := number(record.Value)
	if err != nil {
		return err
	}
	value := msg.NewGroupMetadataValue()
	if err := decode(value, bytes.Clone(record.Value), version); err != nil {
		return err
	}
	s.groups.Put(key.Group, value)
	return nil
}

// replayForeign replays a record of a group that is not a classic one. Its
// offsets may have come first: then it was taken for a group that nobody has
// joined.
func (s *Shard) replayForeign(kind int16, record coordinator.Record) error {
	id, err := s.foreign.replay(kind, record)
	if value, ok := s.groups.Get(id); ok && value == s.simple && s.foreign.has(id) {
		s.groups.Delete(id)
	}
	return err
}

// ReplayEnd implements coordinator.Shard.
func (s *Shard) ReplayEnd(offset kafka.Offset, producer kafka.ProducerID, commit bool) error {
	s.time.At(offset)
	s.offsets.endTransaction(producer, commit)
	return nil
}

// Commit implements coordinator.Shard.
func (s *Shard) Commit(end kafka.Offset) { s.time.Commit(end) }

// Revert implements coordinator.Shard. Groups that were new go, and with them
// who waits in them; groups with members that were deleted come back.
func (s *Shard) Revert(now time.Time, end kafka.Offset) coordinator.Result {
	s.time.Revert(end)
	var result coordinator.Result
	for _, g := range s.liveSorted() {
		if _, ok := s.groups.Get(g.id); ok {
			continue
		}
		result.Answers = append(result.Answers, g.answerAll(kafka.ErrCoordinatorNotAvailable)...)
		result.Timers = append(result.Timers, g.cancelAll()...)
		delete(s.live, g.id)
	}
	for id, value := range s.groups.Sorted(cmp.Compare[string]) {
		if len(value.Members) > 0 && s.live[id] == nil {
			result.Timers = append(result.Timers, s.watch(id, value, now)...)
		}
	}
	return result
}

// watch makes a recorded group with members live, and begins their sessions.
func (s *Shard) watch(id string, value *msg.GroupMetadataValue, now time.Time) []coordinator.Timer {
	g := fromRecord(id, value)
	s.live[id] = g
	timers := make([]coordinator.Timer, 0, len(g.members))
	for m := g.first; m != nil; m = m.next {
		timers = append(timers, g.session(m, now))
	}
	return timers
}

// Loaded implements coordinator.Shard: sessions begin anew, and groups that are
// now too large rebalance.
func (s *Shard) Loaded(now time.Time) coordinator.Result {
	result := coordinator.Result{Timers: []coordinator.Timer{s.nextExpiry(now)}}
	var large []*classic
	for id, value := range s.groups.Sorted(cmp.Compare[string]) {
		if len(value.Members) == 0 {
			continue
		}
		result.Timers = append(result.Timers, s.watch(id, value, now)...)
		if g := s.live[id]; len(g.members) > s.config.MaxSize {
			large = append(large, g)
		}
	}
	result.Then = s.each(large, s.prepareRebalance)
	return result
}

// each decides on one group after the other.
func (s *Shard) each(groups []*classic, decide func(time.Time, *classic) coordinator.Result) func(time.Time) coordinator.Result {
	if len(groups) == 0 {
		return nil
	}
	return func(now time.Time) coordinator.Result {
		return chain(decide(now, groups[0]), s.each(groups[1:], decide))
	}
}

// chain lets next follow when r and all that follows r are done.
func chain(r coordinator.Result, next func(time.Time) coordinator.Result) coordinator.Result {
	if next == nil {
		return r
	}
	if then := r.Then; then != nil {
		r.Then = func(now time.Time) coordinator.Result { return chain(then(now), next) }
	} else {
		r.Then = next
	}
	return r
}

// Expire implements coordinator.Shard.
func (s *Shard) Expire(now time.Time, key coordinator.TimerKey) coordinator.Result {
	if key.Kind == expiryTimer {
		return s.expireOffsets(now)
	}
	g := s.live[key.Group]
	if g == nil {
		return coordinator.Result{}
	}
	switch key.Kind {
	case sessionTimer:
		return s.expireSession(now, g, key.Member)
	case joinTimer:
		return s.expireJoin(now, g)
	case syncTimer:
		return s.expireSync(now, g)
	}
	return coordinator.Result{}
}

// Unload implements coordinator.Shard.
func (s *Shard) Unload() []coordinator.Answer {
	var answers []coordinator.Answer
	for _, g := range s.liveSorted() {
		answers = append(answers, g.answerAll(kafka.ErrNotCoordinator)...)
	}
	s.live = map[string]*classic{}
	return answers
}

// group is the classic group as it lives now, nil where there is none. It is
// put into live by the caller's Apply, when it changes.
func (s *Shard) group(id string) *classic {
	if g := s.live[id]; g != nil {
		return g
	}
	value, ok := s.groups.Get(id)
	if !ok {
		return nil
	}
	return fromRecord(id, value)
}

// enliven is the Apply of a group that begins to be kept in memory.
func (s *Shard) enliven(g *classic) {
	g.grow()
	s.live[g.id] = g
}

// retire lets go of a group that is empty and whose committed record says so:
// whoever comes next makes it live again. Groups that were used once would
// otherwise stay in memory until their offsets expire. A record that is not
// committed may be taken back, and what is then recorded may have members.
func (s *Shard) retire(g *classic) coordinator.Result {
	latest, _ := s.groups.Get(g.id)
	committed, _ := s.groups.GetCommitted(g.id)
	if s.live[g.id] != g || g.state != empty || len(g.pendingJoin) > 0 ||
		latest == nil || latest != committed || len(latest.Members) > 0 {
		return coordinator.Result{}
	}
	return coordinator.Result{Apply: func() { s.drop(g.id) }}
}

// drop is the Apply of a group that is deleted.
func (s *Shard) drop(id string) { delete(s.live, id) }
