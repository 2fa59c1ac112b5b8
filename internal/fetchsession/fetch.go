package fetchsession

import (
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// Fetch is one fetch under way.
type Fetch struct {
	cache      *Cache
	request    *Request
	session    *session // nil: a full or sessionless fetch
	epoch      int32    // of the session since Open
	usedUp     bool     // the request took the session's last partition
	partitions []Partition
	include    []int
}

// Partitions are to be read, in this order. The caller must not change them.
func (f *Fetch) Partitions() []Partition { return f.partitions }

// Includes says whether partition i with this result would stand in the
// response, without changing the session: a long poll asks it for the size.
func (f *Fetch) Includes(i int, result *Result) bool {
	if f.session == nil {
		return true
	}
	at := f.session.find(f.partitions[i].key())
	return at != none && f.session.slots[at].responds(result)
}

// Close ends the fetch. results[i] belongs to Partitions()[i]. It returns the
// session id of the response and, in response order, the indexes of the
// partitions that stand in it, good until the fetch's memory is used again.
// Where another request has used the session meanwhile the error is
// INVALID_FETCH_SESSION_EPOCH, and no partition stands in the response.
func (f *Fetch) Close(now time.Time, results []Result) (sessionID int32, include []int, err error) {
	f.include = f.include[:0]
	s := f.session
	if s == nil {
		for i := range results {
			f.include = append(f.include, i)
		}
		if f.usedUp || f.request.SessionEpoch == FinalEpoch {
			return NoSession, f.include, nil
		}
		return f.cache.create(now, f.request, f.partitions, results), f.include, nil
	}
	if s.epoch != f.epoch {
		return s.id, nil, kafka.Errorf(kafka.ErrInvalidFetchSessionEpoch, "fetch session %d was used by another request meanwhile", s.id)
	}
	for i := range results {
		at := s.find(f.partitions[i].key())
		if at == none {
			continue
		}
		c := &s.slots[at]
		if !c.responds(&results[i]) {
			continue
		}
		c.responded(&results[i])
		if results[i].RecordBytes > 0 {
			// It goes to the end, so that the others get their turn.
			s.unlink(at)
			s.pushBack(at)
		}
		f.include = append(f.include, i)
	}
	return s.id, f.include, nil
}

// Throttled ends the fetch with an empty response, because of a quota: the
// session id of it, as Close has it. No session is begun, and a session's
// results stay as they were.
func (f *Fetch) Throttled() (sessionID int32, err error) {
	s := f.session
	if s == nil {
		return NoSession, nil
	}
	if s.epoch != f.epoch {
		return s.id, kafka.Errorf(kafka.ErrInvalidFetchSessionEpoch, "fetch session %d was used by another request meanwhile", s.id)
	}
	return s.id, nil
}
