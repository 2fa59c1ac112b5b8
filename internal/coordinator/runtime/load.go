package runtime

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// unpackedMax bounds what a compressed batch may unpack to: more than the
// largest that Kafka's offsets.topic.segment.bytes lets in.
const unpackedMax = 256 << 20

// slowLoad is how long a load may take that is not worth a word.
const slowLoad = time.Second

// load replays the log from its start to its end.
func (s *shard[S]) load() error {
	log, err := s.r.config.Logs.Lead(s.partition, s.epoch)
	if err != nil {
		return err
	}
	s.log = log
	s.batch = batch.NewBuilder(s.r.config.Pool, s.options)
	s.next = log.StartOffset()
	if s.next < log.EndOffset() {
		select {
		case s.r.loads <- struct{}{}:
			defer func() { <-s.r.loads }()
		case <-s.quit:
			return kafka.ErrNotCoordinator
		}
	}
	began, records := time.Now(), 0
	s.highWatermark = log.HighWatermark()
	s.machine.Commit(s.highWatermark)
	var buf []byte
	for s.next < log.EndOffset() {
		if buf == nil {
			buf = make([]byte, min(int64(s.r.config.LoadBytes), max(64<<10, int64(log.EndOffset()-s.next)*256)))
		}
		n, err := s.loadNext(buf)
		if err != nil {
			return fmt.Errorf("load offset %d: %w", s.next, err)
		}
		records += n
		if s.leaving() {
			return kafka.ErrNotCoordinator
		}
	}
	if hw := min(log.HighWatermark(), s.next); hw > s.highWatermark {
		s.highWatermark = hw
		s.machine.Commit(hw)
	}
	if took := time.Since(began); records > 0 {
		level := slog.LevelDebug
		if took > slowLoad {
			level = slog.LevelInfo
		}
		s.r.config.Log.Log(context.Background(), level, "coordinator loaded", "topic", s.r.config.Topic, "partition", s.partition,
			"epoch", s.epoch, "records", records, "took", took)
	}
	return nil
}

// loadNext replays the next batches.
func (s *shard[S]) loadNext(buf []byte) (records int, err error) {
	read, err := s.log.Read(s.next, buf)
	if err != nil {
		return 0, err
	}
	before := s.next
	batches := batch.Batches(read)
	var reader batch.RecordReader
	defer reader.Close()
	for batches.Next() {
		b := batches.Batch()
		if b.NextOffset() <= s.next {
			continue
		}
		if err := b.Verify(); err != nil {
			return records, err
		}
		if err := reader.Reset(b, s.r.config.Pool, unpackedMax); err != nil {
			return records, err
		}
		for reader.Next() {
			records++
			if err := s.loadRecord(b, reader.Record()); err != nil {
				return records, err
			}
		}
		if err := reader.Err(); err != nil {
			return records, err
		}
		s.next = b.NextOffset()
	}
	if err := batches.Err(); err != nil {
		return records, err
	}
	if s.next == before {
		return records, kafka.Errorf(kafka.ErrCorruptMessage, "no whole batch in %d bytes", len(read))
	}
	return records, nil
}

func (s *shard[S]) loadRecord(b batch.Batch, r *batch.Record) error {
	if r.Offset < s.next {
		return nil
	}
	if !b.Control() {
		return s.machine.Replay(r.Offset, b.ProducerID(), coordinator.Record{Key: r.Key, Value: r.Value})
	}
	switch kind, _ := batch.ParseControlKey(r.Key); kind {
	case batch.ControlCommit:
		return s.machine.ReplayEnd(r.Offset, b.ProducerID(), true)
	case batch.ControlAbort:
		return s.machine.ReplayEnd(r.Offset, b.ProducerID(), false)
	default:
		return nil
	}
}
