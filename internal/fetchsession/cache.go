package fetchsession

import (
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// EvictionAfter is how long a session must be unused, or old, before others may
// take its slot.
const EvictionAfter = 120 * time.Second

// Cache holds the sessions of one shard. Its bound is its number of slots; a
// session is bounded by 200,000 partitions.
type Cache struct {
	slots      int
	random     Random
	sessions   map[int32]*session
	partitions int // the sum of the sessions' cachedSize
	evictions  int64
}

// Random is where session ids are drawn from: a *rand.Rand.
type Random interface{ Uint32() uint32 }

// NewCache makes a cache of slots sessions (max.incremental.fetch.session.cache.slots),
// which draws session ids from random.
func NewCache(slots int, random Random) *Cache {
	return &Cache{slots: slots, random: random, sessions: map[int32]*session{}}
}

// Stats are what the metrics of the cache show.
type Stats struct {
	Sessions   int
	Partitions int
	Evictions  int64
}

// Stats counts.
func (c *Cache) Stats() Stats { return Stats{len(c.sessions), c.partitions, c.evictions} }

func (c *Cache) remove(s *session) {
	if c.sessions[s.id] == s {
		delete(c.sessions, s.id)
		c.partitions -= s.cachedSize
	}
}

// touch notes that a session was used.
func (c *Cache) touch(s *session, now time.Time) {
	s.lastUsed = now
	c.partitions += s.count - s.cachedSize
	s.cachedSize = s.count
}

// create makes a session of the partitions and their first results, where there
// is room or another session is worth less.
func (c *Cache) create(now time.Time, r *Request, partitions []Partition, results []Result) int32 {
	if len(partitions) > partitionsMax || len(c.sessions) >= c.slots && !c.evict(now, r.FromFollower, len(partitions)) {
		return NoSession
	}
	s := &session{
		id:           c.newID(),
		privileged:   r.FromFollower,
		usesTopicIDs: r.UsesTopicIDs,
		epoch:        nextEpoch(InitialEpoch),
		created:      now,
		first:        none,
		last:         none,
		free:         none,
		slots:        make([]cached, 0, len(partitions)),
	}
	for i := range partitions {
		s.put(&partitions[i])
		// Kafka takes the first results as they are, errors too.
		s.slots[s.last].highWatermark, s.slots[s.last].localStart = results[i].HighWatermark, results[i].LogStart
	}
	c.sessions[s.id] = s
	c.touch(s, now)
	return s.id
}

func (c *Cache) newID() int32 {
	for {
		id := int32(c.random.Uint32() >> 1)
		if _, used := c.sessions[id]; id != NoSession && !used {
			return id
		}
	}
}

// evict makes room for a session of size partitions: it takes the longest
// unused one where that is stale, otherwise the least worth where that is worth
// less: consumers less than followers, few partitions less than many. A new
// session is safe from its own kind for a while, or two clients would evict
// each other for ever.
//
// It looks at all sessions; that happens only when a session is made and the
// cache is full, and there are a thousand slots by default.
func (c *Cache) evict(now time.Time, privileged bool, size int) bool {
	var oldest, least *session
	for _, s := range c.sessions {
		if oldest == nil || s.lastUsed.Before(oldest.lastUsed) || s.lastUsed.Equal(oldest.lastUsed) && s.id < oldest.id {
			oldest = s
		}
		old := s.lastUsed.Sub(s.created) > EvictionAfter
		if (old || privileged && !s.privileged) && (least == nil || s.worth().less(least.worth())) {
			least = s
		}
	}
	victim := oldest
	switch {
	case oldest == nil:
		return false
	case now.Sub(oldest.lastUsed) > EvictionAfter:
	case least == nil || !least.worth().less(worth{privileged, size, 0}):
		return false
	default:
		victim = least
	}
	c.remove(victim)
	c.evictions++
	return true
}

// worth orders sessions by how much is lost with them.
type worth struct {
	privileged bool
	size       int
	id         int32
}

func (s *session) worth() worth { return worth{s.privileged, s.cachedSize, s.id} }

func (w worth) less(than worth) bool {
	if w.privileged != than.privileged {
		return than.privileged
	}
	if w.size != than.size {
		return w.size < than.size
	}
	return w.id < than.id
}

// Open begins to answer a request. The fetch's partitions are those of the
// request or, within a session, of the session, in the order in which they are
// to be served. names resolves topic ids for session partitions whose topic was
// unknown; it may be nil where the request uses names. The request's slices are
// used until the fetch is closed.
//
// The errors are INVALID_FETCH_SESSION_EPOCH, FETCH_SESSION_ID_NOT_FOUND and
// FETCH_SESSION_TOPIC_ID_ERROR, to be answered at the top of the response with
// session id 0.
func (c *Cache) Open(now time.Time, request *Request, names func(kafka.TopicID) (string, bool)) (*Fetch, error) {
	f := &Fetch{}
	return f, c.OpenInto(f, now, request, names)
}

// OpenInto is Open in the memory of an earlier fetch, which is over.
func (c *Cache) OpenInto(f *Fetch, now time.Time, request *Request, names func(kafka.TopicID) (string, bool)) error {
	f.cache, f.request, f.session, f.usedUp = c, request, nil, false
	if request.full() {
		if s := c.sessions[request.SessionID]; s != nil && request.SessionID != NoSession {
			c.remove(s)
		}
		f.partitions = distinct(f.partitions[:0], request.Partitions)
		return nil
	}
	s := c.sessions[request.SessionID]
	switch {
	case s == nil:
		return kafka.Errorf(kafka.ErrFetchSessionIDNotFound, "there is no fetch session %d", request.SessionID)
	case s.epoch != request.SessionEpoch:
		return kafka.Errorf(kafka.ErrInvalidFetchSessionEpoch, "fetch session %d expects epoch %d, not %d", s.id, s.epoch, request.SessionEpoch)
	case s.usesTopicIDs != request.UsesTopicIDs:
		return kafka.Errorf(kafka.ErrFetchSessionTopicIDError, "fetch session %d was begun with topic ids: %t", s.id, s.usesTopicIDs)
	}
	for i := range request.Partitions {
		s.put(&request.Partitions[i])
	}
	for i := range request.Forgotten {
		s.remove(request.Forgotten[i].key())
	}
	if s.count > partitionsMax {
		c.remove(s)
		return kafka.Errorf(kafka.ErrFetchSessionIDNotFound, "fetch session %d has grown to %d partitions and is ended", s.id, s.count)
	}
	if s.count == 0 {
		c.remove(s)
		f.usedUp = true
		f.partitions = distinct(f.partitions[:0], request.Partitions)
		return nil
	}
	c.touch(s, now)
	s.epoch = nextEpoch(s.epoch)
	f.session, f.epoch = s, s.epoch
	f.partitions = s.list(f.partitions[:0], names)
	return nil
}

// list appends the partitions in serving order, names resolved where they have
// become known.
func (s *session) list(dst []Partition, names func(kafka.TopicID) (string, bool)) []Partition {
	for at := s.first; at != none; at = s.slots[at].next {
		c := &s.slots[at]
		if c.Topic == "" && s.usesTopicIDs && names != nil {
			c.Topic, _ = names(c.ID)
		}
		dst = append(dst, c.Partition)
	}
	return dst
}

// distinct appends the partitions, each once, in the order of the first mention
// and with the words of the last.
func distinct(dst, partitions []Partition) []Partition {
	if len(partitions) < indexFrom {
	next:
		for i := range partitions {
			for j := range dst {
				if dst[j].key() == partitions[i].key() {
					dst[j] = partitions[i]
					continue next
				}
			}
			dst = append(dst, partitions[i])
		}
		return dst
	}
	at := make(map[key]int, len(partitions))
	for i := range partitions {
		k := partitions[i].key()
		if j, ok := at[k]; ok {
			dst[j] = partitions[i]
			continue
		}
		at[k] = len(dst)
		dst = append(dst, partitions[i])
	}
	return dst
}
