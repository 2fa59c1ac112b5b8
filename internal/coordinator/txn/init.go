package txn

import (
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Init is a producer that begins anew.
type Init struct {
	TransactionalID string
	TimeoutMs       int32
	// Expected is the producer that goes on after an error (KIP-360), NoProducer
	// for one that begins: then all before it are fenced.
	Expected Producer
}

// CheckInit refuses a request before it is given to a shard; nil lets it through.
func (c Config) CheckInit(req *Init) error {
	c = c.WithDefaults()
	switch {
	case req.TransactionalID == "":
		return kafka.ErrInvalidRequest
	case req.TimeoutMs <= 0 || int64(req.TimeoutMs) > c.MaxTimeout.Milliseconds():
		return kafka.ErrInvalidTransactionTimeout
	}
	return nil
}

// InitProducerID gives a producer its id and epoch, and fences those before it.
// Its answer is a Producer. fresh is a producer id to be used where one is
// needed, -1 for none: then it may fail with ErrNeedProducerID. A transaction
// that is open is aborted, and the request waits for that.
func (s *Shard) InitProducerID(now time.Time, ticket coordinator.Ticket, req *Init, fresh kafka.ProducerID) coordinator.Result {
	id := req.TransactionalID
	t, ok := s.ids.Get(id)
	if !ok {
		if fresh == kafka.NoProducerID {
			return coordinator.Fail(ErrNeedProducerID)
		}
		t = created(fresh)
	}
	again := func(now time.Time, ticket coordinator.Ticket) coordinator.Result {
		return s.InitProducerID(now, ticket, req, kafka.NoProducerID)
	}
	switch {
	case t.state.preparing():
		return s.wait(now, id, t, ticket, again)
	case !req.mayContinue(t):
		return coordinator.Fail(kafka.ErrProducerFenced)
	case t.state == ongoing:
		return s.fence(now, id, t, ticket, again, fresh)
	}
	return s.renew(now, id, t, req, fresh)
}

// mayContinue says whether the producer that the request names may be the
// current one. The epoch is compared where it is about to change.
func (req *Init) mayContinue(t *transaction) bool {
	return req.Expected == NoProducer() ||
		t.epoch == kafka.NoProducerEpoch || // it was forgotten meanwhile
		req.Expected.ID == t.producer ||
		req.Expected.ID == t.previous && exhausted(req.Expected.Epoch) // the answer was lost
}

// fence aborts the open transaction, and lets the request wait for its end.
func (s *Shard) fence(
	now time.Time, id string, t *transaction, ticket coordinator.Ticket, again decision, fresh kafka.ProducerID,
) coordinator.Result {
	result, next := s.abort(now, id, t, fresh)
	if result.Err != nil {
		return result
	}
	wait := s.wait(now, id, next, ticket, again)
	result.Parked, result.Timers = true, wait.Timers
	decided := result.Apply
	result.Apply = func() { decided(); wait.Apply() }
	return result
}

// abort decides an open transaction that its producer does not end itself. The
// epoch that fences the producer is not given to anybody.
func (s *Shard) abort(now time.Time, id string, t *transaction, fresh kafka.ProducerID) (coordinator.Result, *transaction) {
	if s.level >= VersionEpochBump {
		return s.prepare(now, id, t, false, VersionEpochBump, fresh)
	}
	fenced := *t
	if t.epoch < maxEpoch {
		fenced.epoch++
	}
	return s.prepare(now, id, &fenced, false, 0, kafka.NoProducerID)
}

// renew gives the producer its next epoch, or another id where there is none.
func (s *Shard) renew(now time.Time, id string, t *transaction, req *Init, fresh kafka.ProducerID) coordinator.Result {
	expects := req.Expected != NoProducer()
	next := t.begin(now.UnixMilli(), req.TimeoutMs)
	last := kafka.NoProducerEpoch
	switch {
	case exhausted(t.epoch) && (!expects || req.Expected.Epoch == t.epoch):
		if fresh == kafka.NoProducerID {
			return coordinator.Fail(ErrNeedProducerID)
		}
		if expects {
			last = t.epoch
		}
		next.producer, next.epoch = fresh, 0
	case exhausted(t.epoch):
		return coordinator.Fail(kafka.ErrUnknownServerError) // as Kafka, which stumbles here
	case !expects:
		next.epoch++
	case t.epoch == kafka.NoProducerEpoch || req.Expected.Epoch == t.epoch:
		last = t.epoch
		next.epoch++
	case req.Expected.Epoch == s.lastEpoch(id):
		last = s.lastEpoch(id) // a retry: the same answer again
	default:
		return coordinator.Fail(kafka.ErrProducerFenced)
	}
	result := s.put(id, next, last)
	result.Response = Producer{next.producer, next.epoch}
	return result
}
