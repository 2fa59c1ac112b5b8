// Package segment keeps one segment of a log: the .log file with its sparse
// .index and .timeindex, and the .txnindex of aborted transactions, in Kafka's
// formats. It knows batches, but no producers and no leaders. Kind: disk
package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"sync"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// The suffixes of a segment's files.
const (
	LogSuffix     = ".log"
	IndexSuffix   = ".index"
	TimeSuffix    = ".timeindex"
	TxnSuffix     = ".txnindex"
	DeletedSuffix = ".deleted"
	CleanedSuffix = ".cleaned"
	SwapSuffix    = ".swap"
)

// The widths of the entries of the indexes.
//
//	.index      | offset less the base i32 | position in the .log i32 |
//	.timeindex  | timestamp i64 | offset less the base i32 |
const (
	indexEntry = 8
	timeEntry  = 12
)

// Reservations grow with the file, from the least to the most.
const (
	reserveMin = 64 << 10
	reserveMax = 16 << 20
)

// Name is a file's name: the base offset in 20 digits, and the suffix.
func Name(base kafka.Offset, suffix string) string { return fmt.Sprintf("%020d%s", base, suffix) }

// Config is what appends go by.
type Config struct {
	IndexInterval int   // a batch gets an index entry when so many bytes went before
	IndexBytes    int   // the greatest length of an index file
	SegmentBytes  int   // the greatest length of the data
	SegmentMs     int64 // the greatest age, less jitter
	Preallocate   bool  // give the file its full length at once, as Kafka does
}

// Place says where a segment is and what it shares with others.
type Place struct {
	FS      vfs.FS
	Dir     string
	Base    kafka.Offset
	Buffers *Buffers
}

// Segment is one segment of a log. Appends, truncation, sync of the indexes and
// the like are called by one at a time (the log's writer); reads may go on
// meanwhile.
type Segment struct {
	Place

	mu       sync.Mutex
	name     string // of the data file, see Rename; the indexes know theirs
	file     *File  // nil while closed
	size     int64  // of the data; the file is as long, preallocate aside
	reserved int64
	index    table
	times    table
	txns     txnIndex
	verified ranges // what may be served without another look
	checked  bool   // the indexes were looked at, see ready
	untrue   bool   // and are not what the data says: they are to be made again
	rebuilt  int    // how often they were made again

	// The highest timestamp and its batch's last offset, known once asked for.
	maxStamp       kafka.Timestamp
	maxStampOffset kafka.Offset
	stampKnown     bool
	timesBehind    bool // see TimesBehind

	sinceIndex int             // bytes since the last index entry
	firstStamp kafka.Timestamp // of the first batch, -1: none; for rolling by time
	firstKnown bool
	created    kafka.Timestamp
	dirty      bool   // data was written since the last sync
	used       bool   // opened since the last CloseIdle
	gone       bool   // deleted: files of these names are another's
	deleted    string // the suffix of its files when MarkDeleted has renamed them
	wide       bool   // its offsets may be at any distance from the base, see Parts; never changed
}

// Create makes a segment's files, empty. Files of these names give way, as they
// do in Kafka: nothing refers to them.
func Create(p Place, now time.Time, c *Config) (*Segment, error) {
	return create(Open(p, 0, now), c)
}

func create(s *Segment, c *Config) (*Segment, error) {
	s.stampKnown, s.maxStamp, s.maxStampOffset = true, kafka.NoTimestamp, s.Base
	s.firstKnown, s.firstStamp, s.checked = true, kafka.NoTimestamp, true
	f, err := s.FS.Open(s.name, vfs.Create|vfs.Truncate)
	if err != nil {
		return nil, err
	}
	s.file = newFile(f)
	if c.Preallocate {
		err = f.Truncate(int64(c.SegmentBytes))
	}
	if err = errors.Join(err, s.index.create(), s.times.create()); err != nil {
		// A smaller batch may fit into the segment before: an empty one that is
		// left here would stand among its offsets.
		return nil, errors.Join(err, s.Abandon(), s.MarkDeleted(".new"), s.RemoveDeleted())
	}
	return s, nil
}

// Open gives a segment whose data is size bytes long. It opens no file yet.
func Open(p Place, size int64, now time.Time) *Segment {
	s := &Segment{Place: p, size: size, reserved: size, created: kafka.Timestamp(now.UnixMilli())}
	s.name = s.Path(LogSuffix)
	s.index = table{fsys: p.FS, name: s.Path(IndexSuffix), width: indexEntry}
	s.times = table{fsys: p.FS, name: s.Path(TimeSuffix), width: timeEntry}
	s.txns = txnIndex{fsys: p.FS, name: s.Path(TxnSuffix)}
	return s
}

// Path is the path of one of the files.
func (s *Segment) Path(suffix string) string { return vfs.Join(s.Dir, Name(s.Base, suffix)) }

// Size is the length of the data.
func (s *Segment) Size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size
}

// errGone is the error of a segment that was deleted while it was still in
// somebody's hands: what has its names now belongs to a new log, perhaps.
var errGone = fmt.Errorf("the segment is deleted: %w", fs.ErrNotExist)

// opened gives the data file, opened where it was closed. The lock is held.
func (s *Segment) opened() (*File, error) {
	s.used = true
	if s.file == nil {
		if s.gone {
			return nil, errGone
		}
		f, err := s.FS.Open(s.name, vfs.Write)
		if err != nil {
			return nil, err
		}
		s.file, s.reserved = newFile(f), s.size
	}
	return s.file, nil
}

// Append writes whole batches of the current format behind the data: one write,
// and entries in memory for the indexes. After an error the segment is as it
// was, or [Segment.Broken] where even that fails.
func (s *Segment) Append(records []byte, c *Config) error {
	s.mu.Lock()
	file, err := s.opened()
	at := s.size
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if err := s.reserve(file.file, at+int64(len(records)), c); err != nil {
		return err
	}
	if _, err := file.file.WriteAt(records, at); err != nil {
		return s.undo(file.file, at, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.indexBatches(records, at, c); err != nil {
		return s.undo(file.file, at, err)
	}
	s.size, s.dirty = at+int64(len(records)), true
	s.verified.add(at, s.size)
	return nil
}

// reserve makes sure that the disk has room, so that a full one shows itself
// here and not at the sync.
func (s *Segment) reserve(f vfs.File, end int64, c *Config) error {
	if end <= s.reserved || c.Preallocate {
		return nil
	}
	step := min(max(end, reserveMin), reserveMax)
	want := max(min(s.reserved+step, int64(c.SegmentBytes)), end)
	err := f.Preallocate(s.reserved, want-s.reserved)
	if vfs.IsNoSpace(err) {
		want = end
		err = f.Preallocate(s.reserved, want-s.reserved)
	}
	if err == nil {
		s.reserved = want
	}
	return err
}

// errBroken says that a failed write could not be taken back.
var errBroken = errors.New("the failed write could not be taken back")

// Broken says whether err left bytes behind the data that nobody wrote.
func Broken(err error) bool { return errors.Is(err, errBroken) }

func (s *Segment) undo(f vfs.File, size int64, err error) error {
	if back := f.Truncate(size); back != nil {
		return errors.Join(err, errBroken, back)
	}
	s.reserved = size
	return err
}

// indexBatches makes the index entries for batches that were written at.
func (s *Segment) indexBatches(records []byte, at int64, c *Config) error {
	if err := s.readyStamp(); err != nil {
		return err
	}
	index, times := s.index.count, s.times.count
	stamp, stampOffset, first, firstKnown, since := s.maxStamp, s.maxStampOffset, s.firstStamp, s.firstKnown, s.sinceIndex
	for it := batch.Batches(records); it.Next(); {
		b := it.Batch()
		if !s.firstKnown || (at == 0 && it.Position() == 0) {
			s.firstKnown, s.firstStamp = at == 0, b.MaxTimestamp()
		}
		s.noteStamp(b.MaxTimestamp(), b.LastOffset())
		if err := s.noteBatch(b.LastOffset(), at+int64(it.Position()), len(b), c); err != nil {
			s.maxStamp, s.maxStampOffset, s.firstStamp, s.firstKnown, s.sinceIndex = stamp, stampOffset, first, firstKnown, since
			back := errors.Join(s.index.truncate(index), s.times.truncate(times))
			if back != nil { // entries stay of batches that are taken back
				s.untrue, s.checked = true, false
			}
			return errors.Join(err, back)
		}
	}
	return nil
}

func (s *Segment) noteStamp(stamp kafka.Timestamp, offset kafka.Offset) {
	if stamp > s.maxStamp {
		s.maxStamp, s.maxStampOffset = stamp, offset
	}
}

// noteBatch counts a batch, and gives it an entry where one is due.
func (s *Segment) noteBatch(last kafka.Offset, position int64, size int, c *Config) error {
	if s.sinceIndex > c.IndexInterval {
		if err := s.addIndex(last, position); err != nil {
			return err
		}
		if err := s.addTime(); err != nil {
			return err
		}
		s.sinceIndex = 0
	}
	s.sinceIndex += size
	return nil
}

func (s *Segment) addIndex(last kafka.Offset, position int64) error {
	var e [indexEntry]byte
	binary.BigEndian.PutUint32(e[:], uint32(last-s.Base))
	binary.BigEndian.PutUint32(e[4:], uint32(position))
	return s.index.add(e[:])
}

// addTime adds the highest timestamp so far, where it is higher than the last.
func (s *Segment) addTime() error {
	last, err := s.times.last()
	if err != nil {
		return err
	}
	if s.maxStamp < 0 || (last != nil && s.maxStamp <= timeOf(last)) {
		return nil
	}
	var e [timeEntry]byte
	binary.BigEndian.PutUint64(e[:], uint64(s.maxStamp))
	binary.BigEndian.PutUint32(e[8:], uint32(s.maxStampOffset-s.Base))
	return s.times.add(e[:])
}

func timeOf(e []byte) kafka.Timestamp { return kafka.Timestamp(binary.BigEndian.Uint64(e)) }

func (s *Segment) timeOffset(e []byte) kafka.Offset {
	return s.Base + kafka.Offset(int32(binary.BigEndian.Uint32(e[8:])))
}

func (s *Segment) indexOffset(e []byte) kafka.Offset {
	return s.Base + kafka.Offset(int32(binary.BigEndian.Uint32(e)))
}

func indexPosition(e []byte) int64 { return int64(int32(binary.BigEndian.Uint32(e[4:]))) }

// Full says whether a segment with these batches to come must be rolled first,
// by Kafka's conditions: size, age by the batches' own time, an index that has
// no room, an offset that is too far from the base.
func (s *Segment) Full(bytes int, last kafka.Offset, maxStamp kafka.Timestamp, now time.Time, c *Config) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.size > int64(c.SegmentBytes-bytes) || last-s.Base > math.MaxInt32 || last < s.Base {
		return true, nil
	}
	if err := s.loaded(); err != nil {
		return false, err
	}
	if s.index.count >= c.IndexBytes/indexEntry || s.times.count >= c.IndexBytes/timeEntry-1 {
		return true, nil
	}
	if s.size == 0 {
		return false, nil
	}
	if err := s.loadFirst(); err != nil {
		return false, err
	}
	waited := now.UnixMilli() - int64(s.created)
	if s.firstStamp >= 0 {
		waited = int64(maxStamp - s.firstStamp)
	}
	return waited > c.SegmentMs, nil
}

// loaded makes the counts of the indexes known. The lock is held.
func (s *Segment) loaded() error {
	if err := s.ready(); err != nil {
		return err
	}
	return errors.Join(s.index.load(), s.times.load())
}

// loadFirst reads the first batch's timestamp. The lock is held.
func (s *Segment) loadFirst() error {
	if s.firstKnown {
		return nil
	}
	s.firstStamp = kafka.NoTimestamp
	err := s.scan(0, s.size, 0, func(sc *scanner) error {
		s.firstStamp = sc.MaxTimestamp
		return errStop
	})
	s.firstKnown = err == nil
	return err
}
