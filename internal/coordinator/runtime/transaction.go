package runtime

import (
	"encoding/binary"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/producer"
)

// Producer is who writes into a coordinator's partition in a transaction.
type Producer struct {
	ID    kafka.ProducerID
	Epoch kafka.ProducerEpoch
	Guard producer.Guard // see storage.AppendOptions
}

// Marker ends a producer's transaction in one partition.
type Marker struct {
	ID               kafka.ProducerID
	Epoch            kafka.ProducerEpoch
	CoordinatorEpoch int32
	Commit           bool
	Version          int16 // of transactions
}

// AppendTo appends the marker as a control batch without an offset.
func (m *Marker) AppendTo(dst []byte, now time.Time) ([]byte, error) {
	kind := batch.ControlAbort
	if m.Commit {
		kind = batch.ControlCommit
	}
	b := batch.NewBuilder(nil, batch.Options{
		Transactional: true, Control: true,
		Producer: &batch.Producer{ID: m.ID, Epoch: m.Epoch, Sequence: producer.NoSequence},
	})
	value := binary.BigEndian.AppendUint32([]byte{0, 0}, uint32(m.CoordinatorEpoch)) //nolint:gosec // the epoch's bits
	b.Append(kafka.Timestamp(now.UnixMilli()), batch.ControlKey(kind), value)
	return b.Build(dst)
}

// writeInTransaction writes records as a producer's own batch, behind those
// that wait.
func (s *shard[S]) writeInTransaction(now time.Time, p *Producer, records []coordinator.Record) error {
	s.append()
	if s.failed != nil {
		return kafka.ErrNotCoordinator
	}
	b := batch.NewBuilder(s.r.config.Pool, batch.Options{
		Codec: s.r.config.Codec, Transactional: true, Producer: &batch.Producer{ID: p.ID, Epoch: p.Epoch},
	})
	return s.appendAlone(now, AppendOptions{Guard: p.Guard}, func() ([]byte, error) {
		for _, r := range records {
			if err := s.machine.Replay(s.next, p.ID, r); err != nil {
				return nil, err
			}
			b.Append(kafka.Timestamp(now.UnixMilli()), r.Key, r.Value)
			s.next++
		}
		return b.Build(s.encoded[:0])
	})
}

// endTransaction writes a marker behind everything that waits, and answers when
// it is committed.
func (s *shard[S]) endTransaction(now time.Time, m *Marker, reply chan outcome) {
	s.append()
	if s.failed != nil {
		reply <- outcome{err: kafka.ErrNotCoordinator}
		return
	}
	err := s.appendAlone(now, AppendOptions{Version: m.Version}, func() ([]byte, error) {
		if err := s.machine.ReplayEnd(s.next, m.ID, m.Commit); err != nil {
			return nil, err
		}
		s.next++
		return m.AppendTo(s.encoded[:0], now)
	})
	if err != nil {
		reply <- outcome{err: err}
		return
	}
	s.await(now, entry{reply: reply})
}

// appendAlone replays what a batch of its own says, and writes it. Where the log
// refuses it, what was replayed is taken back.
func (s *shard[S]) appendAlone(now time.Time, o AppendOptions, replay func() ([]byte, error)) error {
	s.base = s.next
	encoded, err := replay()
	if err != nil {
		s.fail("replay its own record", err)
		return kafka.ErrNotCoordinator
	}
	s.encoded = encoded
	base, err := s.log.Append(now, encoded, o)
	if cap(s.encoded) > encodedKeep {
		s.encoded = nil
	}
	switch {
	case err != nil:
		s.revert(now, err)
		return err
	case base != s.base:
		s.fail("write", kafka.Errorf(kafka.ErrNotCoordinator, "records for offset %d were written at %d", s.base, base))
		return kafka.ErrNotCoordinator
	}
	return nil
}
