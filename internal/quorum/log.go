package quorum

import (
	"fmt"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage"
)

// log is what the quorum needs of the metadata log. Offsets are those of
// records. It is used from one goroutine.
type log interface {
	// Start and End bound what is there: [Start, End).
	Start() kafka.Offset
	End() kafka.Offset
	// EpochAt is the leader epoch of the record at an offset that is there;
	// kafka.NoLeaderEpoch for others.
	EpochAt(offset kafka.Offset) kafka.LeaderEpoch
	// Append writes batches whose offsets and epochs are set, the first at End.
	Append(now time.Time, batches []byte) error
	// Sync makes everything appended durable.
	Sync() error
	// Synced is the offset below which everything is durable.
	Synced() kafka.Offset
	// Read gives whole batches, the first of which holds from, until they are
	// longer than limit bytes or reach End.
	Read(from kafka.Offset, limit int) ([]byte, error)
	// Truncate takes away what is at and beyond to, a batch's beginning.
	Truncate(now time.Time, to kafka.Offset) error
	// Reset takes away everything, so that the log begins at an offset.
	Reset(now time.Time, at kafka.Offset) error
	// Trim lets go of what is before an offset, as far as segments allow.
	Trim(now time.Time, before kafka.Offset) error
	// Commit notes that what is below end is committed.
	Commit(end kafka.Offset)
	// Bytes is the size on disk.
	Bytes() int64
	Close(now time.Time) error
}

// diskLog is the metadata log as a storage.Log.
type diskLog struct {
	log *storage.Log
	buf storage.Fetched
}

// openDiskLog recovers the log in dir. What is below safe was synced, as a
// snapshot or the recovery point says: damage there is left, and reported;
// beyond it the log is cut at the first damaged batch. What is below covered is
// in a snapshot.
func openDiskLog(cfg *Config, pool *compress.Pool, dir string, start, safe, covered kafka.Offset, now time.Time) (*diskLog, storage.Recovery, error) {
	c := storage.DefaultConfig()
	c.SegmentBytes = int(cfg.SegmentBytes)
	c.RetentionMs, c.RetentionBytes = -1, -1
	c.Delete, c.FileDeleteDelayMs = true, 0 // nobody else reads the files
	c.MaxMessageBytes = batchBytesMax
	c.Codec, c.Recompress = compress.None, false
	l, recovery, err := storage.Open(storage.NewHost(cfg.FS, pool), storage.Options{
		Dir:           dir,
		Partition:     kafka.TopicPartition{Topic: "__cluster_metadata"},
		TopicID:       kafka.MetadataTopicID,
		Config:        &c,
		LogStart:      start,
		RecoveryPoint: safe,
		Covered:       covered,
		Now:           now,
	})
	if err != nil {
		return nil, recovery, fmt.Errorf("open the metadata log: %w", err)
	}
	return &diskLog{log: l}, recovery, nil
}

func (d *diskLog) Start() kafka.Offset { return d.log.LogStartOffset() }
func (d *diskLog) End() kafka.Offset   { return d.log.LogEndOffset() }
func (d *diskLog) Bytes() int64        { return d.log.Size() }

func (d *diskLog) EpochAt(offset kafka.Offset) kafka.LeaderEpoch {
	if offset < d.Start() || offset >= d.End() {
		return kafka.NoLeaderEpoch
	}
	return d.log.EpochForOffset(offset)
}

func (d *diskLog) Append(now time.Time, batches []byte) error {
	epoch := kafka.NoLeaderEpoch
	for it := batch.Batches(batches); it.Next(); {
		epoch = it.Batch().LeaderEpoch()
	}
	_, err := d.log.AppendAsFollower(now, batches, epoch)
	return err
}

func (d *diskLog) Sync() error { return d.log.Flush(d.log.LogEndOffset()) }

func (d *diskLog) Synced() kafka.Offset { return d.log.RecoveryPoint() }

func (d *diskLog) Read(from kafka.Offset, limit int) ([]byte, error) {
	if err := d.log.Read(from, limit, true, d.End(), &d.buf); err != nil {
		return nil, err
	}
	defer d.buf.Release()
	out := make([]byte, d.buf.Section.Len())
	if len(out) == 0 {
		return nil, nil
	}
	if _, err := d.buf.Section.ReadAt(out, 0); err != nil {
		return nil, err
	}
	it := batch.Batches(out)
	for it.Next() { // nothing to do: the last batch may be cut
	}
	return out[:it.Consumed()], it.Err()
}

func (d *diskLog) Truncate(now time.Time, to kafka.Offset) error {
	_, err := d.log.TruncateTo(now, to)
	return err
}

func (d *diskLog) Reset(now time.Time, at kafka.Offset) error { return d.log.TruncateFully(now, at) }

func (d *diskLog) Trim(now time.Time, before kafka.Offset) error {
	if _, err := d.log.AdvanceLogStart(before); err != nil {
		return err
	}
	if _, err := d.log.Retain(now); err != nil {
		return err
	}
	return d.log.Sweep(now)
}

func (d *diskLog) Commit(end kafka.Offset) { d.log.SetHighWatermark(end) }

func (d *diskLog) Close(now time.Time) error { return d.log.Close(now) }
