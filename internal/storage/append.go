package storage

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/producer"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// OffsetError refuses records whose given offsets do not follow the log's end.
type OffsetError struct {
	Partition          kafka.TopicPartition
	First, Last        kafka.Offset
	LogEnd, LogStarted kafka.Offset
}

// Error names the offsets.
func (e *OffsetError) Error() string {
	return fmt.Sprintf("Unexpected offset in append to %s. First offset %d is less than the next offset %d. Last offset in append: %d. Log start offset = %d",
		e.Partition, e.First, e.LogEnd, e.Last, e.LogStarted)
}

// AppendAsLeader checks records (one or more whole batches, which it may change
// in place and does not keep), gives them the next offsets and writes them.
// Errors carry Kafka's code; a *batch.RecordErrors names single records.
//
// With the origin batch.FromRaftLeader the records have their offsets and their
// epoch, which must be epoch.
func (l *Log) AppendAsLeader(now time.Time, records []byte, epoch kafka.LeaderEpoch, o AppendOptions) (AppendInfo, error) {
	return l.append(now, records, epoch, &o)
}

// AppendAsFollower writes records with the offsets and epochs that they have.
// Batches of an epoch above epoch are left out.
func (l *Log) AppendAsFollower(now time.Time, records []byte, epoch kafka.LeaderEpoch) (AppendInfo, error) {
	return l.append(now, records, epoch, &AppendOptions{Origin: batch.FromReplication})
}

func (l *Log) append(now time.Time, records []byte, epoch kafka.LeaderEpoch, o *AppendOptions) (AppendInfo, error) {
	if err := l.change(); err != nil {
		return AppendInfo{}, err
	}
	defer l.writing.Unlock()
	a := l.host.appenders.Get().(*appender)
	defer l.host.appenders.Put(a)
	c := l.Config()
	l.prepare(a, c, epoch, o)
	l.mu.Lock()
	end, start := l.end, l.start
	l.mu.Unlock()

	valid, info, err := l.validate(now, a, records, end, start, o)
	done := AppendInfo{
		FirstOffset: info.FirstOffset, LastOffset: info.LastOffset, LogAppendTime: info.LogAppendTime,
		MaxTimestamp: info.MaxTimestamp, LastEpoch: info.LastEpoch, LogStart: start, Converted: info.Converted,
		Conversion: info.Conversion,
	}
	if err != nil || len(valid) == 0 {
		return done, err
	}
	if len(valid) > c.SegmentBytes {
		return done, kafka.Errorf(kafka.ErrRecordListTooLarge,
			"Message batch size is %d bytes in append to partition %s, which exceeds the maximum configured segment size of %d.",
			len(valid), l.partition, c.SegmentBytes)
	}
	if duplicate, found, err := l.checkProducers(valid, c, o); err != nil {
		l.producers.Discard()
		return done, err
	} else if found {
		l.producers.Discard()
		done.FirstOffset, done.LastOffset = duplicate.FirstOffset(), duplicate.LastOffset
		done.LogAppendTime, done.Duplicate = duplicate.Timestamp, true
		return done, nil
	}
	done.Bytes = len(valid)
	return done, l.write(now, a, valid, &done)
}

// prepare fills what an append is checked and written by.
func (l *Log) prepare(a *appender, c *Config, epoch kafka.LeaderEpoch, o *AppendOptions) {
	a.rules = batch.Rules{
		Partition: l.partition, Origin: o.Origin, LeaderEpoch: epoch,
		MaxMessageBytes: c.MaxMessageBytes, IgnoreSize: o.Origin == batch.FromReplication,
		Compacted: c.Compact, Recompress: c.Recompress, Codec: c.Codec, Level: c.Level,
		TimestampType: c.TimestampType, BeforeMaxMs: c.BeforeMaxMs, AfterMaxMs: c.AfterMaxMs,
		MaxUnpackedBytes: c.MaxUnpackedBytes, Elapsed: l.host.elapsed,
	}
	a.config = l.segmentConfig(c)
}

// segmentConfig is the part of the configuration that segments go by.
func (l *Log) segmentConfig(c *Config) segment.Config {
	return segment.Config{
		IndexInterval: c.IndexIntervalBytes, IndexBytes: c.SegmentIndexBytes,
		SegmentBytes: c.SegmentBytes, SegmentMs: c.SegmentMs, Preallocate: c.Preallocate,
	}
}

// validate gives the bytes to write: with offsets assigned, or, where they come
// with offsets, checked against the log's end.
func (l *Log) validate(now time.Time, a *appender, records []byte, end, start kafka.Offset, o *AppendOptions) ([]byte, batch.Info, error) {
	if o.Origin != batch.FromReplication && o.Origin != batch.FromRaftLeader {
		return a.validator.Validate(now, records, end, &a.rules)
	}
	info, err := batch.Analyze(records, &a.rules)
	if err != nil || info.ValidBytes == 0 {
		return nil, info, err
	}
	if info.FirstOffset < end {
		return nil, info, &OffsetError{Partition: l.partition, First: info.FirstOffset, Last: info.LastOffset, LogEnd: end, LogStarted: start}
	}
	return records[:info.ValidBytes], info, nil
}

// checkProducers checks the batches of idempotent producers and stages what they
// change. It finds the batch that a retry repeats.
func (l *Log) checkProducers(valid []byte, c *Config, o *AppendOptions) (producer.Batch, bool, error) {
	var rules producer.Rules
	filled := false
	for it := batch.Batches(valid); it.Next(); {
		b := it.Batch()
		if !b.HasProducerID() {
			continue
		}
		if !filled {
			filled = true
			rules = producer.Rules{
				Partition: l.partition, Origin: o.Origin, TransactionVersion: o.TransactionVersion,
				VerifyTransactions: c.VerifyTransactions, Guard: o.Guard,
			}
		}
		if o.Origin == batch.FromClient {
			if earlier, found := l.producers.Duplicate(b); found {
				return earlier, true, nil
			}
		}
		var marker *producer.Marker
		if b.Control() {
			var err error
			if marker, err = readMarker(b); err != nil {
				return producer.Batch{}, false, err
			}
		}
		if err := l.producers.Check(b, marker, &rules); err != nil {
			return producer.Batch{}, false, err
		}
	}
	return producer.Batch{}, false, nil
}

// readMarker reads the transaction marker of a control batch; nil for an empty
// batch, whose transaction was compacted away.
func readMarker(b batch.Batch) (*producer.Marker, error) {
	var records batch.RecordReader
	defer records.Close()
	if err := records.Reset(b, nil, len(b)); err != nil {
		return nil, err
	}
	if !records.Next() {
		return nil, records.Err()
	}
	r := records.Record()
	kind, ok := batch.ParseControlKey(r.Key)
	if !ok || (kind != batch.ControlAbort && kind != batch.ControlCommit) || len(r.Value) < 6 {
		return nil, kafka.Errorf(kafka.ErrInvalidRecord, "a control record at offset %d that ends no transaction", r.Offset)
	}
	return &producer.Marker{
		Commit: kind == batch.ControlCommit, Timestamp: r.Timestamp,
		CoordinatorEpoch: int32(binary.BigEndian.Uint32(r.Value[2:])),
	}, nil
}

// write rolls where it is time, writes, and publishes the new end.
func (l *Log) write(now time.Time, a *appender, valid []byte, done *AppendInfo) error {
	active, err := l.room(now, a, len(valid), done)
	if n := l.producers.Aborts(); err == nil && n > 0 {
		// Once the marker is written its index entry must be, too.
		err = active.ReserveAborted(n)
	}
	if err == nil {
		err = active.Append(valid, &a.config)
	}
	if err != nil {
		l.producers.Discard()
		err = failed("append to", l.Dir(), err)
		if segment.Broken(err) {
			l.breakOff(err)
		}
		return err
	}
	if err := l.endTransactions(active); err != nil {
		// The marker is in the file, and its index entry is not: nobody reads so
		// far until a recovery mends it.
		err = failed("append to the transaction index of", l.Dir(), err)
		l.breakOff(err)
		return err
	}
	l.publish(now, valid, done)
	l.producers.SetEnd(done.LastOffset + 1)
	l.noteUnstable()
	return nil
}

// endTransactions takes what was checked, and puts the aborted transactions into
// the segment's index.
func (l *Log) endTransactions(active *segment.Segment) error {
	for _, txn := range l.producers.Commit() {
		if txn.Aborted {
			err := active.AppendAborted(segment.AbortedTxn{
				Producer: txn.ID, FirstOffset: txn.FirstOffset, LastOffset: txn.LastOffset, LastStable: l.producers.LastStable(txn),
			})
			if err != nil {
				return err
			}
			l.mu.Lock()
			l.unsynced.names = true // the index may be a new file
			l.mu.Unlock()
		}
		l.producers.Complete(txn)
	}
	return nil
}

// publish lets readers see what was written.
func (l *Log) publish(now time.Time, valid []byte, done *AppendInfo) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for it := batch.Batches(valid); it.Next(); {
		b := it.Batch()
		if l.epochs.Assign(b.LeaderEpoch(), b.BaseOffset()) {
			l.unsynced.epochs = true
		}
	}
	l.keepTail(valid)
	l.size += int64(len(valid))
	l.end = done.LastOffset + 1
	l.appended = now.UnixMilli()
	if l.recent == nil {
		l.recent = &bounds{}
	}
	l.recent.add(l.end, l.size)
}

// room gives the segment to append to, a new one where the last is full.
func (l *Log) room(now time.Time, a *appender, bytes int, done *AppendInfo) (*segment.Segment, error) {
	active := l.last()
	if active == nil {
		var err error
		active, err = l.addSegment(now, l.LogEndOffset(), &a.config)
		if err != nil || done.LastOffset-active.Base <= math.MaxInt32 {
			return active, err
		}
	}
	a.config.SegmentMs -= jitter(active.Base, l.Config())
	full, err := active.Full(bytes, done.LastOffset, done.MaxTimestamp, now, &a.config)
	if err != nil || !full {
		return active, err
	}
	done.Rolled = active.Size() > 0
	return l.roll(now, max(done.FirstOffset, l.LogEndOffset()), &a.config)
}

// jitter is how much earlier a segment is rolled by time: the same for a segment
// always, and different from segment to segment.
func jitter(base kafka.Offset, c *Config) int64 {
	most := min(c.SegmentJitterMs, c.SegmentMs)
	if most <= 0 {
		return 0
	}
	x := uint64(base) + 0x9e3779b97f4a7c15 // splitmix64
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return int64((x ^ x>>31) % uint64(most))
}

// addSegment makes a segment behind the others.
func (l *Log) addSegment(now time.Time, base kafka.Offset, c *segment.Config) (*segment.Segment, error) {
	if err := l.identifyLate(); err != nil {
		return nil, err
	}
	place := segment.Place{FS: l.host.fs, Dir: l.Dir(), Base: base, Buffers: &l.host.buffers}
	made, err := segment.Create(place, now, c)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.segments = append(slices.Clip(l.segments), made)
	l.size, l.recent, l.unsynced.names, l.durableAt = 0, nil, true, unknown
	l.dropTail()
	return made, nil
}

// roll completes the active segment and makes the next, with a snapshot of the
// producers between them. An active segment that is empty is made anew, as Kafka
// does when its index has no room for any entry.
func (l *Log) roll(now time.Time, base kafka.Offset, c *segment.Config) (*segment.Segment, error) {
	active := l.last()
	if active.Base == base {
		return active, nil
	}
	if err := active.Seal(); err != nil {
		return nil, err
	}
	made, err := l.addSegment(now, base, c)
	if err != nil {
		return nil, err
	}
	l.producers.SetEnd(base)
	if err := l.takeSnapshot(); !vfs.IsNoSpace(err) {
		return made, err
	}
	// Without a snapshot a recovery reads more. On a full disk that is better
	// than a log that can neither be written nor give room.
	return made, nil
}

// Roll completes the active segment, if there is anything in it.
func (l *Log) Roll(now time.Time) error {
	if err := l.change(); err != nil {
		return err
	}
	defer l.writing.Unlock()
	active := l.last()
	if active == nil || active.Size() == 0 {
		return nil
	}
	c := l.segmentConfig(l.Config())
	_, err := l.roll(now, l.LogEndOffset(), &c)
	return failed("roll", l.Dir(), err)
}
