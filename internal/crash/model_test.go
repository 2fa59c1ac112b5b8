package crash

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage"
)

// record is what a producer sent.
type record struct {
	offset     kafka.Offset
	stamp      kafka.Timestamp
	key, value string
	headers    string
}

// written is a batch as the log must have it.
type written struct {
	first, last kafka.Offset
	epoch       kafka.LeaderEpoch
	records     []record
	codec       compress.Codec
	id          kafka.ProducerID // -1: not idempotent
	idEpoch     kafka.ProducerEpoch
	sequence    int32 // of the first record; -1
	txn         bool
	control     batch.ControlType // of a marker
	marker      bool
	stored      []byte // as read from the log, nil until then
}

func (w *written) stampMax() kafka.Timestamp {
	most := w.records[0].stamp
	for _, r := range w.records {
		most = max(most, r.stamp)
	}
	return most
}

// matches says what of a batch is not as it was written.
func (w *written) matches(b batch.Batch) error {
	if w.stored != nil && bytes.Equal(w.stored, b) {
		return nil
	}
	if b.BaseOffset() != w.first || b.LastOffset() != w.last {
		return fmt.Errorf("offsets %d to %d, not %d to %d", b.BaseOffset(), b.LastOffset(), w.first, w.last)
	}
	if w.stored != nil {
		return fmt.Errorf("the bytes of the batch at %d are not those that were read before", w.first)
	}
	if err := b.Verify(); err != nil {
		return err
	}
	if b.LeaderEpoch() != w.epoch || b.ProducerID() != w.id || b.Transactional() != w.txn || b.Control() != w.marker || b.Codec() != w.codec ||
		(w.id >= 0 && (b.ProducerEpoch() != w.idEpoch || b.BaseSequence() != w.sequence)) {
		return fmt.Errorf("the header of the batch at %d is another", w.first)
	}
	got, err := recordsOf(b)
	if err != nil {
		return err
	}
	if !slices.Equal(got, w.records) {
		return fmt.Errorf("the records of the batch at %d are others", w.first)
	}
	return nil
}

func recordsOf(b batch.Batch) ([]record, error) {
	var r batch.RecordReader
	defer r.Close()
	if err := r.Reset(b, new(compress.Pool), 1<<20); err != nil {
		return nil, err
	}
	var list []record
	for r.Next() {
		x := r.Record()
		h := ""
		for y := range x.Headers() {
			h += y.Key + "=" + string(y.Value) + ";"
		}
		list = append(list, record{offset: x.Offset, stamp: x.Timestamp, key: string(x.Key), value: string(x.Value), headers: h})
	}
	return list, r.Err()
}

// part is one partition of one topic, as its clients know it.
type part struct {
	tp      kafka.TopicPartition
	id      kafka.UUID
	batches []*written
	flight  []*written   // an append under way: some of it may be there
	acked   kafka.Offset // everything below was acknowledged, or shown to consumers
	start   kafka.Offset // what was asked to be deleted, at most
	kept    kafka.Offset // the log start that a crash does not take back
}

func (p *part) compacted() bool { return p.tp.Topic == "compact" }

func (p *part) end() kafka.Offset {
	if len(p.batches) == 0 {
		return p.start
	}
	return max(p.batches[len(p.batches)-1].last+1, p.start)
}

// all is what may be in the log, the append under way included.
func (p *part) all() []*written {
	if len(p.flight) == 0 {
		return p.batches
	}
	return append(slices.Clip(p.batches), p.flight...)
}

// survived takes over what a crash has left.
func (p *part) survived(start, end kafka.Offset) {
	all := p.all()
	n := len(all)
	for n > 0 && all[n-1].last >= end {
		n--
	}
	p.batches, p.flight = slices.Clip(all[:n]), nil
	p.start, p.kept = start, min(p.kept, start)
}

// producerState is what the log says of one producer.
type producerState struct {
	storage.ProducerState
	lastOffset kafka.Offset
	cut        bool // something of it is below the log start, and may be forgotten
}

// story is what a log's batches come to.
type story struct {
	producers map[kafka.ProducerID]producerState
	aborted   []storage.AbortedTxn
	unstable  kafka.Offset      // of the transactions that are open; -1: none
	decided   [][2]kafka.Offset // where the others begin and end
	cut       bool              // a transaction began below the log start and was open there
}

// tell replays batches, up to end, the simple way.
func tell(batches []*written, start, end kafka.Offset) story {
	s := story{producers: map[kafka.ProducerID]producerState{}, unstable: kafka.NoOffset}
	for _, w := range batches {
		if w.last >= end {
			break
		}
		if w.id < 0 {
			continue
		}
		p, known := s.producers[w.id]
		if !known {
			p.ProducerState = storage.ProducerState{ProducerID: w.id, Epoch: -1, LastSequence: -1, CoordinatorEpoch: -1, TxnFirstOffset: -1}
		}
		if p.Epoch != w.idEpoch {
			p.Epoch, p.LastSequence = w.idEpoch, -1
		}
		p.lastOffset, p.LastTimestamp = w.last, w.stampMax()
		p.cut = p.cut || w.last < start
		switch {
		case w.marker:
			if first := p.TxnFirstOffset; first >= 0 {
				s.decided = append(s.decided, [2]kafka.Offset{first, w.last})
				s.cut = s.cut || (first < start && w.last >= start)
				if w.control == batch.ControlAbort && w.last >= start && first >= start {
					s.aborted = append(s.aborted, storage.AbortedTxn{ProducerID: w.id, FirstOffset: first})
				}
			}
			p.TxnFirstOffset, p.CoordinatorEpoch = -1, 0
		default:
			p.LastSequence = w.sequence + int32(len(w.records)) - 1
			if w.txn && p.TxnFirstOffset < 0 {
				p.TxnFirstOffset = w.first
			}
		}
		s.producers[w.id] = p
	}
	for _, p := range s.producers {
		if p.TxnFirstOffset >= 0 && (s.unstable < 0 || p.TxnFirstOffset < s.unstable) {
			s.unstable = p.TxnFirstOffset
		}
		s.cut = s.cut || (p.TxnFirstOffset >= 0 && p.TxnFirstOffset < start)
	}
	return s
}
