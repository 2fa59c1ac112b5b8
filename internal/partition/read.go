package partition

import (
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/replica"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/storage/producer"
)

// Isolation is how far a reader may see.
type Isolation int8

// The isolations; the first two have Kafka's numbers.
const (
	ReadUncommitted Isolation = 0 // to the high watermark
	ReadCommitted   Isolation = 1 // to the last stable offset
	ReadAll         Isolation = 2 // to the log's end: followers
)

// Query is one read.
type Query struct {
	Offset           kafka.Offset
	MaxBytes         int
	MinOne           bool              // at least the first batch, whatever its size
	LeaderEpoch      kafka.LeaderEpoch // what the reader knows; -1: nothing
	LastFetchedEpoch kafka.LeaderEpoch // of the record before Offset; -1: not given
	Isolation        Isolation
}

// Read is what was read; it is used again and again. Fetched.Release must be
// called when the section was sent.
type Read struct {
	storage.Fetched
	HighWatermark kafka.Offset
	LastStable    kafka.Offset
	// Diverging: the reader's log differs from here on; nothing was read.
	Diverging      bool
	DivergingEpoch replica.EpochEnd
}

// Read finds records. Besides Kafka's errors of a fetch it fails with a
// *storage.Damage.
func (p *Partition) Read(q *Query, into *Read) error {
	into.HighWatermark, into.LastStable, into.Diverging = -1, -1, false
	into.LogStart, into.LogEnd = -1, -1
	r := p.role.Load()
	if err := r.check(q.LeaderEpoch); err != nil {
		return err
	}
	log, err := p.readable()
	if err != nil {
		return err
	}
	if q.LastFetchedEpoch >= 0 {
		if done, err := diverging(log, r, q, into); done {
			return err
		}
	}
	upTo := bounds(log, q.Isolation, into)
	if q.Offset >= upTo && q.Isolation != ReadAll {
		p.Hasten() // a reader at the high watermark
	}
	err = log.Read(q.Offset, q.MaxBytes, q.MinOne, upTo, &into.Fetched)
	if err != nil {
		p.trouble("read", err)
	}
	return err
}

func bounds(log *storage.Log, isolation Isolation, into *Read) kafka.Offset {
	into.HighWatermark = log.HighWatermark()
	into.LastStable = min(log.LastStableOffset(), into.HighWatermark)
	into.LogStart = log.LogStartOffset()
	switch isolation {
	case ReadCommitted:
		return into.LastStable
	case ReadAll:
		return log.LogEndOffset()
	case ReadUncommitted:
	}
	return into.HighWatermark
}

func diverging(log *storage.Log, r *role, q *Query, into *Read) (done bool, err error) {
	end, diverging, known := replica.Diverging(epochs{log, r.epoch}, q.LastFetchedEpoch, q.Offset)
	if !known {
		bounds(log, q.Isolation, into)
		return true, kafka.ErrOffsetOutOfRange
	}
	if !diverging {
		return false, nil
	}
	bounds(log, q.Isolation, into)
	into.Release()
	into.Diverging, into.DivergingEpoch = true, end
	return true, nil
}

// epochs shows a log's epoch cache to package replica. The leader's own epoch
// is in the cache from its first batch on; before that it has no records, and
// begins and ends at the log's end.
type epochs struct {
	log     *storage.Log
	current kafka.LeaderEpoch
}

func (e epochs) Latest() (kafka.LeaderEpoch, bool) {
	latest := max(e.log.LatestEpoch(), e.current)
	return latest, latest >= 0
}

func (e epochs) EndOffset(epoch kafka.LeaderEpoch) replica.EpochEnd {
	if epoch >= 0 && epoch == e.current {
		return replica.EpochEnd{Epoch: epoch, End: e.log.LogEndOffset()}
	}
	at, end := e.log.EndOffsetForEpoch(epoch)
	return replica.EpochEnd{Epoch: at, End: end}
}

// EpochEnd answers OffsetForLeaderEpoch; -1, -1 where the epoch is not known.
func (p *Partition) EpochEnd(current, asked kafka.LeaderEpoch) (replica.EpochEnd, error) {
	unknown := replica.EpochEnd{Epoch: -1, End: -1}
	r := p.role.Load()
	if err := r.check(current); err != nil {
		return unknown, err
	}
	log, err := p.readable()
	if err != nil {
		return unknown, err
	}
	return epochs{log, r.epoch}.EndOffset(asked), nil
}

// OffsetFor answers ListOffsets for a reader with this isolation: the first
// record at or after a time, or a special timestamp. found is false where
// there is none.
func (p *Partition) OffsetFor(t kafka.Timestamp, current kafka.LeaderEpoch, isolation Isolation) (at storage.TimestampOffset, found bool, err error) {
	r := p.role.Load()
	if err := r.check(current); err != nil {
		return at, false, err
	}
	log, err := p.readable()
	if err != nil {
		return at, false, err
	}
	var now Read
	upTo := bounds(log, isolation, &now)
	if now.HighWatermark < r.start && isolation != ReadAll {
		// KIP-207: a new leader does not yet know how far its epoch's
		// predecessors were committed.
		if t == storage.LatestTimestamp {
			return at, false, kafka.ErrOffsetNotAvailable
		}
	}
	if t == storage.LatestTimestamp {
		return storage.TimestampOffset{Timestamp: -1, Offset: upTo, Epoch: r.epoch}, true, nil
	}
	at, found, err = log.OffsetForTimestamp(t)
	p.trouble("search by time", err)
	if found && at.Offset >= r.start {
		at.Epoch = r.epoch // which the log's cache knows from its first batch on
	}
	special := t < 0 && t != storage.MaxTimestamp
	if err == nil && found && !special && at.Offset >= upTo {
		return storage.TimestampOffset{}, false, nil
	}
	return at, found, err
}

// OffsetsBefore answers version 0 of ListOffsets: offsets at which segments
// begin, none beyond what the reader may see.
func (p *Partition) OffsetsBefore(now time.Time, t kafka.Timestamp, most int, isolation Isolation) ([]kafka.Offset, error) {
	if err := p.role.Load().check(kafka.NoLeaderEpoch); err != nil {
		return nil, err
	}
	log, err := p.readable()
	if err != nil {
		return nil, err
	}
	if most < 0 {
		return nil, kafka.ErrUnknownServerError // Kafka's answer to a negative size
	}
	offsets, err := log.OffsetsBefore(now, t, most)
	if err != nil {
		return nil, err
	}
	var seen Read
	upTo := bounds(log, isolation, &seen)
	beyond := 0
	for beyond < len(offsets) && offsets[beyond] > upTo {
		beyond++
	}
	if beyond > 0 {
		offsets = append([]kafka.Offset{upTo}, offsets[beyond:]...)
	}
	return offsets, nil
}

// DeleteRecords makes offset (or, with -1, the high watermark) the first that
// may be read, and returns the low watermark.
func (p *Partition) DeleteRecords(offset kafka.Offset) (kafka.Offset, error) {
	if err := p.role.Load().check(kafka.NoLeaderEpoch); err != nil {
		return kafka.NoOffset, err
	}
	if c := p.config.Load(); c.Compact && !c.Delete {
		return kafka.NoOffset, kafka.Errorf(kafka.ErrPolicyViolation,
			"records of %s cannot be deleted where cleanup.policy is compact alone", p.tp)
	}
	log, err := p.open()
	if err != nil {
		return kafka.NoOffset, err
	}
	hw := log.HighWatermark()
	if offset == kafka.NoOffset {
		offset = hw
	}
	if offset < 0 || offset > hw {
		return kafka.NoOffset, kafka.Errorf(kafka.ErrOffsetOutOfRange,
			"offset %d of %s is not between 0 and the high watermark %d", offset, p.tp, hw)
	}
	moved, err := log.AdvanceLogStart(offset)
	if err != nil {
		return kafka.NoOffset, err
	}
	if moved {
		p.dir.logStarts.Store(true)
		p.set.retainSoon(p)
	}
	return log.LogStartOffset(), nil
}

// BeginVerification says that a producer is about to write the first batch of a
// transaction, see storage: the guard goes with the append.
func (p *Partition) BeginVerification(
	now time.Time, id kafka.ProducerID, epoch kafka.ProducerEpoch, sequence int32, v2 bool,
) (producer.Guard, error) {
	if err := p.role.Load().check(kafka.NoLeaderEpoch); err != nil {
		return 0, err
	}
	log, err := p.open()
	if err != nil {
		return 0, err
	}
	return log.BeginVerification(now, id, epoch, sequence, v2)
}

// Producers lists the active producers.
func (p *Partition) Producers() ([]storage.ProducerState, error) {
	if err := p.role.Load().check(kafka.NoLeaderEpoch); err != nil {
		return nil, err
	}
	log, err := p.readable()
	if err != nil {
		return nil, err
	}
	return log.Producers(), nil
}

// LogEndOffset is the offset that the next record gets.
func (p *Partition) LogEndOffset() kafka.Offset {
	log := p.made.Load()
	if log == nil {
		return 0
	}
	return log.LogEndOffset()
}
