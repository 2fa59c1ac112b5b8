package api

import (
	"context"
	"sync"
	"time"

	"github.com/gregor-stream/gregor/internal/fetchsession"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/wire"
)

// fetchSessions is the node's incremental fetch sessions.
type fetchSessions struct {
	mu    sync.Mutex
	cache *fetchsession.Cache
	pool  sync.Pool // of *fetchState
}

// fetchState is what one fetch needs from its request to the last byte of its
// answer. It comes from a pool, not from the connection: its answer may wait
// behind a parked one while the connection's next fetch is executed.
type fetchState struct {
	h       *Handlers
	req     msg.FetchRequest
	session fetchsession.Request
	fetch   fetchsession.Fetch
	parts   []fetchPart
	results []fetchsession.Result
	nodes   []msg.FetchResponseNodeEndpoint
	out     msg.FetchResponsePartitionData
	aborted []storage.AbortedTxn
	writer  wire.FetchWriter
	places  []wire.Part
	waiter  Waiter
	query   Query           // of the partition that is read, here because an interface takes it
	release func()          // bound once: puts the state back
	section [1]wire.Section // the argument of FetchWriter.Partition
	names   func(kafka.TopicID) (string, bool)
}

// fetchPart is what was found of one partition.
type fetchPart struct {
	p    Partition // nil: it cannot be read here, see code
	code kafka.Error
	read ReadResult
	old  *oldRecords // in the place of the section, before version 4
}

// unknown says that the partition was refused before anybody tried to read:
// as in Kafka that alone is no reason to answer at once.
func (p *fetchPart) unknown() bool {
	switch p.code {
	case kafka.ErrUnknownTopicID, kafka.ErrUnknownTopicOrPartition, kafka.ErrTopicAuthorizationFailed:
		return p.p == nil
	}
	return false
}

// fetchRoute serves Fetch by hand: its answer's records stay in their files.
func (h *Handlers) fetchRoute() Route {
	r := stable(kafka.Fetch)
	r.serve = h.fetch
	return r
}

func (h *Handlers) newFetchState() any {
	st := &fetchState{h: h, waiter: h.Partitions.NewWaiter(), names: h.topicNameOf}
	st.release = st.done
	return st
}

func (h *Handlers) topicNameOf(id kafka.TopicID) (string, bool) {
	topic, ok := h.Image().Topics.ByID(id)
	if !ok {
		return "", false
	}
	return topic.Name, true
}

// done lets go of the files and puts the state back, unless one large request
// made it too big to keep.
func (st *fetchState) done() {
	for i := range st.parts {
		st.parts[i].read.Release()
		if st.parts[i].old != nil {
			st.parts[i].old.release()
		}
		st.parts[i].p = nil
	}
	if cap(st.parts) <= 16*keepTopicsMax {
		st.h.sessions.pool.Put(st)
	}
}

func (h *Handlers) fetch(ctx context.Context, s *Session, body, dst []byte) (Reply, error) {
	st := h.sessions.pool.Get().(*fetchState) //nolint:forcetypeassert // the pool makes nothing else
	s.reader.Reset(body)
	err := st.req.Decode(&s.reader, s.call.Version)
	s.reader.Reset(nil) // an idle connection keeps no frame
	if err != nil {
		st.done()
		return Reply{}, &refused{reasonBody, err}
	}
	st.describe(s)
	h.sessions.mu.Lock()
	err = h.sessions.cache.OpenInto(&st.fetch, s.call.Received, &st.session, st.names)
	h.sessions.mu.Unlock()
	if err != nil {
		st.parts = st.parts[:0]
		return h.answerFetch(s, st, dst, kafka.CodeOf(err), 0, nil), nil
	}
	st.find(s)
	if st.replica(s) == -1 && st.req.IsolationLevel != 0 && st.req.IsolationLevel != 1 && st.anything() {
		return h.failFetch(s, st, dst, kafka.ErrUnknownServerError), nil
	}
	st.await(ctx, s)
	st.collect()
	h.sessions.mu.Lock()
	id, include, err := st.fetch.Close(time.Now(), st.results)
	h.sessions.mu.Unlock()
	return h.answerFetch(s, st, dst, kafka.CodeOf(err), id, include), nil
}

// describe puts the request into the session's terms, topic names resolved.
func (st *fetchState) describe(s *Session) {
	req := &st.req
	f := &st.session
	f.SessionID, f.SessionEpoch = req.SessionId, req.SessionEpoch
	f.UsesTopicIDs = s.call.Version >= 13
	f.FromFollower = st.replica(s) >= 0
	s.call.follower = f.FromFollower
	f.Partitions, f.Forgotten = f.Partitions[:0], f.Forgotten[:0]
	for i := range req.Topics {
		topic := &req.Topics[i]
		name := topic.Topic
		if f.UsesTopicIDs {
			name, _ = st.names(topic.TopicId)
		}
		for j := range topic.Partitions {
			p := &topic.Partitions[j]
			f.Partitions = append(f.Partitions, fetchsession.Partition{
				TopicPartition:   fetchsession.TopicPartition{ID: topic.TopicId, Topic: name, Partition: p.Partition},
				FetchOffset:      kafka.Offset(p.FetchOffset),
				LogStart:         kafka.Offset(p.LogStartOffset),
				LeaderEpoch:      kafka.LeaderEpoch(p.CurrentLeaderEpoch),
				LastFetchedEpoch: kafka.LeaderEpoch(p.LastFetchedEpoch),
				MaxBytes:         p.PartitionMaxBytes,
			})
		}
	}
	for i := range req.ForgottenTopicsData {
		topic := &req.ForgottenTopicsData[i]
		name := topic.Topic
		if f.UsesTopicIDs {
			name, _ = st.names(topic.TopicId)
		}
		for _, p := range topic.Partitions {
			f.Forgotten = append(f.Forgotten, fetchsession.TopicPartition{ID: topic.TopicId, Topic: name, Partition: p})
		}
	}
}

// replica is the follower that fetches; -1 is a consumer, -2 a debugging tool.
func (st *fetchState) replica(s *Session) int32 {
	if s.call.Version >= 15 {
		return st.req.ReplicaState.ReplicaId
	}
	return st.req.ReplicaId
}

// find looks the partitions up, and refuses those that cannot be read.
func (st *fetchState) find(s *Session) {
	list := st.fetch.Partitions()
	st.parts = resize(st.parts, len(list))
	for i := range list {
		st.parts[i].p, st.parts[i].code = st.h.fetchTarget(s, st, &list[i])
	}
}

func (h *Handlers) fetchTarget(s *Session, st *fetchState, want *fetchsession.Partition) (Partition, kafka.Error) {
	byID := s.call.Version >= 13
	t := target{name: kafka.TopicPartition{Topic: want.Topic, Partition: want.Partition}}
	var p Partition
	var ok bool
	if byID {
		t.id = want.ID
		p, ok = h.Partitions.PartitionByID(want.ID, want.Partition)
	} else {
		p, ok = h.Partitions.Partition(t.name)
	}
	switch {
	case !ok:
		return nil, h.notHere(byID, &t)
	case !byID && !want.ID.IsZero() && want.ID != p.TopicID():
		return nil, kafka.ErrInconsistentTopicID
	}
	replica := kafka.NodeID(st.replica(s))
	if replica >= 0 {
		return h.followerTarget(s, p, replica, want.LeaderEpoch)
	}
	if !h.allowed(&s.call, Read, Topic, p.Name().Topic) {
		return nil, kafka.ErrTopicAuthorizationFailed
	}
	return p, kafka.ErrNone
}

// followerTarget refuses followers that are none: as in Kafka one that knows a
// leader epoch may know an assignment that this broker does not know yet.
func (h *Handlers) followerTarget(s *Session, p Partition, replica kafka.NodeID, epoch kafka.LeaderEpoch) (Partition, kafka.Error) {
	if !h.allowed(&s.call, ClusterAction, Cluster, ClusterName) {
		return nil, kafka.ErrTopicAuthorizationFailed
	}
	reg, ok := h.Image().Topics.Partition(p.Name())
	if ok && replica != h.NodeID && reg.HasReplica(replica) { // nobody follows itself
		return p, kafka.ErrNone
	}
	known, _ := p.LeaderEpoch()
	switch {
	case epoch < 0:
		return nil, kafka.ErrNotLeaderOrFollower
	case epoch < known:
		return nil, kafka.ErrFencedLeaderEpoch
	}
	return nil, kafka.ErrUnknownLeaderEpoch
}

// lateBy is how much later than its time a fetch that waited in vain is
// answered: a hundredth, and 10 ms at most. Kafka's timer answers 1 to 4 ms
// late, and clients have come to need it: one that polls for as long as it lets
// a fetch wait (node-rdkafka) takes an empty answer that comes on the dot for
// one more event of a poll that is being closed, and then never closes. A
// client's threads on a busy machine are later than ours, hence the margin.
func lateBy(wait time.Duration) time.Duration {
	return min(wait/100, 10*time.Millisecond)
}

// await reads, and where that is too little waits for more, until a little
// after the request's time is over.
func (st *fetchState) await(ctx context.Context, s *Session) {
	enough := st.read(s)
	for i := range st.parts {
		if p := &st.parts[i]; p.p != nil {
			p.p.CountRead(p.code)
		}
	}
	wait := time.Duration(st.req.MaxWaitMs) * time.Millisecond
	if enough || wait <= 0 {
		return
	}
	watched := false
	st.waiter.Reset()
	for i := range st.parts {
		if st.parts[i].p != nil {
			st.parts[i].p.Watch(st.waiter)
			watched = true
		}
	}
	if !watched {
		return // as in Kafka, nothing but errors is not waited with
	}
	st.h.waiting.fetch.Add(1)
	began := time.Now()
	timer := time.NewTimer(wait + lateBy(wait))
	for over := false; !over && !st.read(s); {
		select {
		case <-st.waiter.C():
		case <-timer.C:
			over = true
			st.read(s)
		case <-ctx.Done():
			over = true
		}
	}
	timer.Stop()
	st.h.waiting.fetch.Add(-1)
	s.call.waited(time.Since(began), true)
	for i := range st.parts {
		if st.parts[i].p != nil {
			st.parts[i].p.Unwatch(st.waiter)
		}
	}
}

// anything says whether any partition is to be read.
func (st *fetchState) anything() bool {
	for i := range st.parts {
		if !st.parts[i].unknown() {
			return true
		}
	}
	return false
}

// read reads every partition within the limits of the request, and says
// whether that is enough to answer.
func (st *fetchState) read(s *Session) bool {
	limit := min(int(st.req.MaxBytes), st.h.Broker().FetchMaxBytes)
	least := min(int(st.req.MinBytes), limit)
	total, found := 0, false
	first, enough := true, false
	list := st.fetch.Partitions()
	for i := range list {
		part := &st.parts[i]
		if part.unknown() {
			continue
		}
		found = true
		if part.p == nil {
			enough = true
			continue
		}
		st.query = Query{
			Offset: list[i].FetchOffset, MaxBytes: min(int(list[i].MaxBytes), limit), MinOne: first,
			LeaderEpoch: list[i].LeaderEpoch, LastFetchedEpoch: list[i].LastFetchedEpoch, Isolation: st.isolation(s),
		}
		if s.call.Version < fetchBatches {
			part.readOld(st.h, &st.query, s.call.Version, s.call.converted())
		} else {
			part.readOne(&st.query)
		}
		enough = enough || part.code != kafka.ErrNone || part.read.Diverging
		n := part.sent()
		total += n
		limit = max(limit-n, 0)
		first = first && n == 0
	}
	return enough || total >= least || !found
}

// readOne reads a partition again.
func (p *fetchPart) readOne(q *Query) {
	p.read.Release()
	err := error(kafka.ErrUnknownServerError) // Kafka's answer to a negative size
	if q.MaxBytes >= 0 {
		err = p.p.Read(q, &p.read)
	}
	p.code = kafka.CodeOf(err)
	if err != nil {
		p.fail(err)
	}
}

func (st *fetchState) isolation(s *Session) Isolation {
	switch {
	case st.replica(s) != -1:
		return ReadAll
	case st.req.IsolationLevel == 1:
		return ReadCommitted
	}
	return ReadUncommitted
}

// collect puts what was found into the session's terms.
func (st *fetchState) collect() {
	st.results = resize(st.results, len(st.parts))
	for i := range st.parts {
		part := &st.parts[i]
		r := &st.results[i]
		*r = fetchsession.Result{HighWatermark: -1, LogStart: -1, Code: part.code}
		if part.code == kafka.ErrNone {
			r.HighWatermark, r.LogStart = part.read.HighWatermark, part.read.LogStart
			r.RecordBytes, r.Diverging = part.sent(), part.read.Diverging
		}
	}
}
