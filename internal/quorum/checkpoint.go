package quorum

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// A snapshot is a file <end offset>-<epoch>.checkpoint beside the segments:
//
//	+---------------------------+
//	| control batch             |  SnapshotHeader; with kraft.version 1 also
//	|                           |  KRaftVersion and Voters
//	| batches of records        |  the image, as Image.Records writes it
//	| control batch             |  SnapshotFooter
//	+---------------------------+
//
// Its offsets count from 0. It stands for all records below its end offset.
const (
	checkpointSuffix = ".checkpoint"
	partSuffix       = ".part" // while it is written
	deletedSuffix    = ".deleted"
	// checkpointBytesMax bounds the file: it is read whole.
	checkpointBytesMax = 1 << 30
	// checkpointBatchBytes is about how long its batches are.
	checkpointBatchBytes = 256 << 10
)

// snapshotID names a snapshot. The zero value is that of the bootstrap
// records, which a format writes.
type snapshotID struct {
	end   kafka.Offset
	epoch kafka.LeaderEpoch
}

func (id snapshotID) file() string {
	return fmt.Sprintf("%020d-%010d%s", id.end, id.epoch, checkpointSuffix)
}

// parseSnapshotID reads a file's name; false where it is not a checkpoint's.
func parseSnapshotID(name string) (snapshotID, bool) {
	name, ok := strings.CutSuffix(name, checkpointSuffix)
	if !ok || len(name) != 31 || name[20] != '-' {
		return snapshotID{}, false
	}
	end, err1 := strconv.ParseInt(name[:20], 10, 64)
	epoch, err2 := strconv.ParseInt(name[21:], 10, 32)
	return snapshotID{end: kafka.Offset(end), epoch: kafka.LeaderEpoch(epoch)}, err1 == nil && err2 == nil && end >= 0 && epoch >= 0
}

// checkpointWriter collects the batches of a snapshot.
type checkpointWriter struct {
	builder *batch.Builder
	id      snapshotID
	now     time.Time
	next    kafka.Offset
	out     []byte
	value   []byte
	open    bool // the builder has records
}

// encodeCheckpoint is the content of a snapshot's file. lastAppend is when the
// last record that it stands for was written.
func encodeCheckpoint(id snapshotID, now time.Time, lastAppend kafka.Timestamp, m *membership, records func(yield func(metadata.Record) bool)) ([]byte, error) {
	w := &checkpointWriter{builder: batch.NewBuilder(nil, batch.Options{}), id: id, now: now}
	header := &msg.SnapshotHeaderRecord{LastContainedLogTimestamp: int64(lastAppend)}
	err := w.control(append([]control{{kind: batch.ControlSnapshotHeader, message: header}}, m.controls()...)...)
	for r := range records {
		if err != nil {
			break
		}
		err = w.record(r)
	}
	if err == nil {
		err = w.flush()
	}
	if err == nil {
		err = w.control(control{kind: batch.ControlSnapshotFooter, message: &msg.SnapshotFooterRecord{}})
	}
	return w.out, err
}

func (w *checkpointWriter) control(records ...control) error {
	encoded, err := encodeControl(w.builder, w.next, w.id.epoch, w.now, records...)
	w.out = append(w.out, encoded...)
	w.next += kafka.Offset(len(records))
	return err
}

func (w *checkpointWriter) record(r metadata.Record) error {
	if !w.open {
		w.builder.Reset(batch.Options{BaseOffset: w.next, LeaderEpoch: w.id.epoch})
		w.open = true
	}
	w.value = r.AppendTo(w.value[:0])
	w.builder.Append(kafka.Timestamp(w.now.UnixMilli()), nil, w.value)
	w.next++
	if w.builder.Size() >= checkpointBatchBytes {
		return w.flush()
	}
	return nil
}

func (w *checkpointWriter) flush() error {
	if !w.open {
		return nil
	}
	w.open = false
	var err error
	w.out, err = w.builder.Build(w.out)
	return err
}

// checkpoint is a snapshot that was read.
type checkpoint struct {
	members    membership // voters are nil where it names none
	records    []metadata.Record
	lastAppend kafka.Timestamp
}

// decodeCheckpoint reads the content of a snapshot's file. It must be whole:
// from the header to the footer, every checksum right.
func decodeCheckpoint(pool *compress.Pool, content []byte) (*checkpoint, error) {
	c := &checkpoint{}
	seen, whole := 0, false
	it := batch.Batches(content)
	for it.Next() {
		b := it.Batch()
		if err := b.Verify(); err != nil {
			return nil, fmt.Errorf("batch at position %d: %w", it.Position(), err)
		}
		if !b.Control() {
			records, err := decodeRecords(pool, b)
			if err != nil {
				return nil, err
			}
			c.records = append(c.records, records...)
			continue
		}
		controls, err := decodeControl(pool, b)
		if err != nil {
			return nil, err
		}
		c.members.note(controls)
		for _, r := range controls {
			switch m := r.message.(type) {
			case *msg.SnapshotHeaderRecord:
				c.lastAppend = kafka.Timestamp(m.LastContainedLogTimestamp)
				seen++
			case *msg.SnapshotFooterRecord:
				whole = seen == 1 && it.Consumed() == len(content)
			}
		}
	}
	if err := it.Err(); err != nil {
		return nil, err
	}
	if !whole {
		return nil, errors.New("the snapshot is cut: it has no footer at its end")
	}
	return c, nil
}

// readCheckpoint reads a snapshot from its file.
func readCheckpoint(fsys vfs.FS, pool *compress.Pool, dir string, id snapshotID) (*checkpoint, error) {
	name := vfs.Join(dir, id.file())
	content, err := vfs.ReadFile(fsys, name, checkpointBytesMax)
	if err != nil {
		return nil, fmt.Errorf("read a metadata snapshot: %w", err)
	}
	c, err := decodeCheckpoint(pool, content)
	if err != nil {
		return nil, fmt.Errorf("read the metadata snapshot %s: %w", name, err)
	}
	return c, nil
}

// writeCheckpoint writes a snapshot's file: a crash leaves all of it or none.
func writeCheckpoint(fsys vfs.FS, dir string, id snapshotID, content []byte) error {
	name := vfs.Join(dir, id.file())
	part := name + partSuffix
	f, err := fsys.Open(part, vfs.Create|vfs.Truncate)
	if err != nil {
		return fmt.Errorf("write a metadata snapshot: %w", err)
	}
	_, err = f.WriteAt(content, 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = fsys.Rename(part, name)
	}
	if err == nil {
		err = fsys.SyncDir(dir)
	}
	if err != nil {
		_ = fsys.Remove(part) // half a snapshot takes room and is of no use
		return fmt.Errorf("write a metadata snapshot: %w", err)
	}
	return nil
}

// listCheckpoints gives the snapshots in dir, the oldest first, and removes
// what an interrupted write or removal left.
func listCheckpoints(fsys vfs.FS, dir string) ([]snapshotID, error) {
	entries, err := fsys.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the metadata snapshots: %w", err)
	}
	var ids []snapshotID
	for _, e := range entries {
		if strings.HasSuffix(e.Name, checkpointSuffix+partSuffix) || strings.HasSuffix(e.Name, checkpointSuffix+deletedSuffix) {
			if err := fsys.Remove(vfs.Join(dir, e.Name)); err != nil {
				return nil, fmt.Errorf("remove an unfinished metadata snapshot: %w", err)
			}
			continue
		}
		if id, ok := parseSnapshotID(e.Name); ok {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b snapshotID) int {
		if a.end != b.end {
			return int(min(max(a.end-b.end, -1), 1))
		}
		return int(a.epoch - b.epoch)
	})
	return ids, nil
}
