package fetchsession

import (
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// session is one client's partitions.
//
// Invariant: the list from first by next holds each used entry once; index,
// where there is one, finds each by its key.
type session struct {
	id           int32
	privileged   bool
	usesTopicIDs bool
	epoch        int32 // of the request that is expected next
	created      time.Time
	lastUsed     time.Time
	cachedSize   int // how many partitions at the last use: its worth
	slots        []cached
	index        map[key]int32 // nil while the session is small
	first, last  int32         // of the list in serving order; none is empty
	free         int32         // the head of the list of unused slots
	count        int
}

// cached is a partition of a session: what the last request said, and what the
// last response said.
type cached struct {
	Partition
	highWatermark kafka.Offset
	localStart    kafka.Offset
	next, prev    int32
}

const (
	none = -1
	// indexFrom is the size at which a session gets an index.
	indexFrom = 9
	// partitionsMax bounds a session.
	partitionsMax = 200_000
)

func (s *session) find(k key) int32 {
	if s.index != nil {
		if at, ok := s.index[k]; ok {
			return at
		}
		return none
	}
	for at := s.first; at != none; at = s.slots[at].next {
		if s.slots[at].key() == k {
			return at
		}
	}
	return none
}

// put updates or adds a partition, at the end; results of an added one are -1.
func (s *session) put(p *Partition) {
	k := p.key()
	if at := s.find(k); at != none {
		topic := s.slots[at].Topic
		s.slots[at].Partition = *p
		if topic != "" {
			s.slots[at].Topic = topic
		}
		return
	}
	at := s.free
	if at != none {
		s.free = s.slots[at].next
	} else {
		at = int32(len(s.slots))
		s.slots = append(s.slots, cached{})
	}
	s.slots[at] = cached{Partition: *p, highWatermark: -1, localStart: -1}
	s.pushBack(at)
	s.count++
	if s.index != nil {
		s.index[k] = at
	} else if s.count >= indexFrom {
		s.index = make(map[key]int32, 2*indexFrom)
		for at := s.first; at != none; at = s.slots[at].next {
			s.index[s.slots[at].key()] = at
		}
	}
}

func (s *session) remove(k key) {
	at := s.find(k)
	if at == none {
		return
	}
	s.unlink(at)
	delete(s.index, k)
	s.slots[at] = cached{next: s.free}
	s.free = at
	s.count--
}

func (s *session) unlink(at int32) {
	c := &s.slots[at]
	if c.prev == none {
		s.first = c.next
	} else {
		s.slots[c.prev].next = c.next
	}
	if c.next == none {
		s.last = c.prev
	} else {
		s.slots[c.next].prev = c.prev
	}
}

func (s *session) pushBack(at int32) {
	c := &s.slots[at]
	c.prev, c.next = s.last, none
	if s.last == none {
		s.first = at
	} else {
		s.slots[s.last].next = at
	}
	s.last = at
}

// responds says whether a partition with this result stands in the response:
// new data, an error, or anything else that changed since the last one.
func (c *cached) responds(r *Result) bool {
	return r.RecordBytes > 0 || c.highWatermark != r.HighWatermark || c.localStart != r.LogStart ||
		r.Preferred || r.Diverging || r.Code != kafka.ErrNone
}

// responded remembers what the response says. After an error the high watermark
// counts as unknown, so that the partition is sent again when the error is over.
func (c *cached) responded(r *Result) {
	c.highWatermark, c.localStart = r.HighWatermark, r.LogStart
	if r.Code != kafka.ErrNone {
		c.highWatermark = -1
	}
}
