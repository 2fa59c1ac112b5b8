// Package journal is the sync journal of a log directory: one place to which the
// ends of many logs are made durable by one write and one sync, where otherwise
// each log's file needs a sync of its own. What stands in it is a copy: the
// records are in their segments, too, only perhaps not on the disk yet. It is
// read after a crash alone, to put back into the segments what the crash took
// from them. Kind: disk
package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"sync/atomic"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// The journal is two files that take turns, the halves. A half is a block with a
// header, and then groups. A group is what one sync makes durable. It begins at
// a block's beginning, so that writing it touches nothing of an earlier one.
//
//	half    | "GregorJournal" 1 [14] | nonce [16] | checksum of these u32 | 0 ... |
//
//	group  0 | "GJrn"           [4]  |
//	       4 | checksum         u32  |  CRC-32C of what follows, without the padding
//	       8 | nonce            [16] |  the half's: a record that looks like a group has another
//	      24 | number           u64  |  from 1 on, one more from group to group
//	      32 | live             u64  |  the first group that counts; those before are in their segments
//	      40 | length           u32  |  of the entries
//	      44 | entries               |
//	         | 0 ...                 |  to the end of the block
//
//	entry    | length of name   u16  | name, such as orders-3 | topic id [16] |
//	         | base i64 | position i64 | end i64 | length u32 | records |
const (
	halfMagic  = "GregorJournal\x01"
	groupMagic = "GJrn"
	nonceSize  = 16
	blockSize  = 4096

	atSum    = 4
	atNonce  = 8
	atNumber = 24
	atLive   = 32
	atLength = 40
	atBegin  = 44

	entryFixed = 2 + 16 + 8 + 8 + 8 + 4
)

// forgotten is the position of an entry without records, which says that the
// entries of its log before it do not count.
const forgotten = -1

// The sizes of a half: it begins small, and doubles where the other one is still
// being written to the segments when it is full, or [Journal.Grow] says so.
const (
	halfBegins = 1 << 20
	halfLeast  = 8 * blockSize
	// HalfMost bounds what may be asked for with [New].
	HalfMost = 512 << 20
)

// groupMost is how long a group may be. One is begun where an eighth of what a
// half begins with is free.
const (
	groupMost = 4 << 20
	roomPart  = 8
)

// ErrBusy says that there is no room now: both halves hold what is not in the
// segments yet.
var ErrBusy = errors.New("the sync journal has no room until more of it is in the segments")

// Entry says what of which log follows: the records of a segment from a position
// on, up to the offset End.
type Entry struct {
	Log      string // the name of its directory, such as orders-3
	Topic    kafka.TopicID
	Base     kafka.Offset // of the segment
	Position int64
	End      kafka.Offset
	Size     int
}

// Journal is the journal of one log directory while it is written to. Its
// methods are called by one at a time, but for [Journal.Durable].
type Journal struct {
	fsys   vfs.FS
	dir    string
	nonce  [nonceSize]byte
	most   int64 // of a half
	least  int64 // room for a group
	halves [2]half
	active int
	number uint64 // of the next group
	live   uint64
	failed error

	group []byte
	limit int // of the group

	// durable is the live that is on disk.
	durable atomic.Uint64
}

// half is one of the two files.
type half struct {
	file  vfs.File
	at    int64  // where the next group begins
	room  int64  // how far it may be filled
	first uint64 // its first group that may count; 0: there was none
	done  bool   // what it holds is in the segments
}

// Name is the name of a half's file in the log directory.
func Name(half int) string { return fmt.Sprintf("%s%d", logdir.JournalPrefix, half) }

// New makes a journal for a log directory that has none: what a crash left there
// was applied and removed. It opens no file yet. most bounds its length on disk,
// from 64 KiB to 1 GiB; nonce is from a good source.
func New(fsys vfs.FS, dir string, most int64, nonce [nonceSize]byte) *Journal {
	j := &Journal{fsys: fsys, dir: dir, nonce: nonce, most: min(max(most/2, halfLeast), HalfMost), number: 1, live: 1}
	begins := min(j.most, halfBegins)
	j.least = begins / roomPart
	for i := range j.halves {
		j.halves[i] = half{room: begins, done: true}
	}
	return j
}

// Durable is a number of a group: what stands in groups before it does not count
// any more, and the disk knows that.
func (j *Journal) Durable() uint64 { return j.durable.Load() }

// Active is which half is written to.
func (j *Journal) Active() int { return j.active }

// Begin begins a group. turned says that the other half is written to now: the
// caller sees to it that the logs in the former one are synced, and says so with
// [Journal.Done]. ErrBusy where there is no room; another error is final only
// where [Journal.Failed] gives it.
func (j *Journal) Begin() (turned bool, err error) {
	if j.failed != nil {
		return false, j.failed
	}
	h := &j.halves[j.active]
	if h.file == nil {
		if err := j.create(j.active); err != nil {
			return false, err
		}
	}
	if h.room-h.at < j.least+blockSize {
		switch other := &j.halves[1-j.active]; {
		case other.done:
			if err := j.turn(); err != nil {
				return false, err
			}
			turned = true
		case h.room < j.most:
			h.room = min(2*h.room, j.most)
		default:
			return false, ErrBusy
		}
		h = &j.halves[j.active]
	}
	j.limit = int(min(h.room-h.at-blockSize, groupMost))
	j.clear()
	return turned, nil
}

func (j *Journal) clear() {
	if cap(j.group) > groupMost {
		j.group = nil
	}
	j.group = append(j.group[:0], make([]byte, atBegin)...)
}

// turn goes over to the other half. Before that is overwritten the disk has to
// know that it does not count.
func (j *Journal) turn() error {
	h, other := &j.halves[j.active], &j.halves[1-j.active]
	if other.file == nil {
		if err := j.create(1 - j.active); err != nil {
			return err
		}
	} else if j.durable.Load() < h.first {
		j.live = h.first
		j.clear()
		if _, err := j.Commit(); err != nil {
			return err
		}
	}
	other.at, other.first, other.done = blockSize, j.number, false
	j.active = 1 - j.active
	return nil
}

// create makes a half's file, durably.
func (j *Journal) create(n int) error {
	name := vfs.Join(j.dir, Name(n))
	f, err := j.fsys.Open(name, vfs.Create|vfs.Truncate)
	if err != nil {
		j.fail(err)
		return err
	}
	header := make([]byte, blockSize)
	copy(header, halfMagic)
	copy(header[len(halfMagic):], j.nonce[:])
	end := len(halfMagic) + nonceSize
	binary.BigEndian.PutUint32(header[end:], crc32.Checksum(header[:end], crc32.MakeTable(crc32.Castagnoli)))
	if _, err = f.WriteAt(header, 0); err == nil {
		if err = f.Sync(); err == nil {
			err = j.fsys.SyncDir(j.dir)
		}
		j.fail(err)
	}
	if err != nil {
		_ = f.Close()
		return errors.Join(err, j.fsys.Remove(name))
	}
	h := &j.halves[n]
	h.file, h.at = f, blockSize
	if n == j.active {
		h.first, h.done = j.number, false
	}
	return nil
}

// fail makes an error of a sync, or one of the disk, final: not that there is no
// room, nor what the process lacks for a moment.
func (j *Journal) fail(err error) {
	if vfs.IsFailed(err) {
		j.failed = err
	}
}

// Failed is why the journal takes nothing any more; nil while it does.
func (j *Journal) Failed() error { return j.failed }

// Records are the records of an entry, to be read where they are to stand.
type Records interface{ Read(into []byte) error }

// Add puts an entry into the group; where its records cannot be read it is left
// out. false and no error where there is no room left for it: the group has to be
// committed first.
func (j *Journal) Add(e *Entry, records Records) (added bool, err error) {
	at := len(j.group)
	need := entryFixed + len(e.Log) + e.Size
	if at+need > j.limit {
		return false, nil
	}
	j.group = appendEntry(j.group, e)
	from := len(j.group)
	if cap(j.group)-from < e.Size {
		j.group = append(j.group, make([]byte, e.Size)...)
	}
	j.group = j.group[:from+e.Size]
	if err := records.Read(j.group[from:]); err != nil {
		j.group = j.group[:at]
		return false, err
	}
	return true, nil
}

func appendEntry(dst []byte, e *Entry) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(e.Log)))
	dst = append(dst, e.Log...)
	dst = append(dst, e.Topic[:]...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(e.Base))
	dst = binary.BigEndian.AppendUint64(dst, uint64(e.Position))
	dst = binary.BigEndian.AppendUint64(dst, uint64(e.End))
	return binary.BigEndian.AppendUint32(dst, uint32(e.Size))
}

// Forget takes back, durably and in a group of its own, what was said of a log
// before: its files are about to change in another way than by appends. The
// journal always takes it.
func (j *Journal) Forget(log string, topic kafka.TopicID) error {
	if j.halves[j.active].file == nil {
		return j.failed // nothing was said, or it is closed
	}
	j.clear()
	j.group = appendEntry(j.group, &Entry{Log: log, Topic: topic, Position: forgotten})
	_, err := j.Commit()
	return err
}

// Commit makes the group durable, and gives its number.
func (j *Journal) Commit() (number uint64, err error) {
	if j.failed != nil {
		return 0, j.failed
	}
	h := &j.halves[j.active]
	g := j.group
	copy(g, groupMagic)
	copy(g[atNonce:], j.nonce[:])
	binary.BigEndian.PutUint64(g[atNumber:], j.number)
	binary.BigEndian.PutUint64(g[atLive:], j.live)
	binary.BigEndian.PutUint32(g[atLength:], uint32(len(g)-atBegin))
	binary.BigEndian.PutUint32(g[atSum:], crc32.Checksum(g[atNonce:], crc32.MakeTable(crc32.Castagnoli)))
	if n := len(g) % blockSize; n > 0 {
		g = append(g, make([]byte, blockSize-n)...)
		j.group = g
	}
	if _, err := h.file.WriteAt(g, h.at); err != nil {
		j.fail(err)
		return 0, err
	}
	if err := h.file.Sync(); err != nil {
		j.failed = err // what is on disk is not known
		return 0, err
	}
	number = j.number
	h.at += int64(len(g))
	j.number++
	j.durable.Store(j.live)
	return number, nil
}

// Grow has the halves hold twice as much, from the next turn of each on, within
// the bound that [New] was given.
func (j *Journal) Grow() {
	for i := range j.halves {
		j.halves[i].room = min(2*j.halves[i].room, j.most)
	}
}

// Done says that everything that stands in the half that is not active is
// synced where it belongs.
func (j *Journal) Done() {
	if other := &j.halves[1-j.active]; !other.done {
		other.done = true
		j.live = j.halves[j.active].first
	}
}

// Close closes the files and leaves them, as a crash would.
func (j *Journal) Close() {
	j.failed = errors.Join(j.failed, fs.ErrClosed)
	for i := range j.halves {
		if f := j.halves[i].file; f != nil {
			_ = f.Close() // nothing is lost that was promised
			j.halves[i].file = nil
		}
	}
}

// Remove closes the journal and removes its files: all that stands in it is in
// the segments, and synced. A last group says so, for a crash in between.
func (j *Journal) Remove() error {
	h := &j.halves[j.active]
	if h.file == nil {
		return nil
	}
	j.live = j.number + 1
	j.clear()
	if _, err := j.Commit(); err != nil {
		return err
	}
	return j.removeFiles()
}

// removeFiles removes the older half first: what the newer one says of it, that it
// does not count, has to stand as long.
func (j *Journal) removeFiles() error {
	last := j.active
	j.Close()
	for _, n := range []int{1 - last, last} {
		switch err := j.fsys.Remove(vfs.Join(j.dir, Name(n))); {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		}
		if err := j.fsys.SyncDir(j.dir); err != nil {
			return err
		}
	}
	return nil
}
