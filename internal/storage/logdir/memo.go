package logdir

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Memo is what a log was when everything of it was durable and nobody wrote to
// it. While directory and active segment have the times and the size that it
// names, the log is still so, and opening it reads no file.
type Memo struct {
	kafka.TopicPartition
	TopicID kafka.TopicID
	// DirTime and FileTime are when names in the directory and the active
	// segment last changed, in nanoseconds.
	DirTime, FileTime int64
	End               kafka.Offset
	Segments          []MemoSegment // none: an empty log without files
	Snapshots         []kafka.Offset
	Epochs            []byte // as in leader-epoch-checkpoint
	Producers         []byte // as in a snapshot at End
	Aside             Aside
}

// Aside is what recoveries cut off a log and keep beside it (*.log.cut-*).
type Aside struct{ Files, Bytes int64 }

// MemoSegment is a segment of a [Memo].
type MemoSegment struct {
	Base kafka.Offset
	Size int64
}

// The layout of the file of memos. The checksum is CRC-32C of what follows it.
//
//	0 +----------------------+
//	  | "GregorMemo" 1   [11] |
//	11+----------------------+
//	  | checksum         u32 |
//	15+----------------------+
//	  | written, ns      i64 |
//	23+----------------------+
//	  | memos        uvarint |  each: its fields in their order; numbers are uvarints,
//	  | ...                  |  times 8 bytes, bytes and lists led by their length
const (
	memoMagic    = "GregorMemo\x01"
	memoSummedAt = len(memoMagic) + 4
	memoHeader   = memoSummedAt + 8
)

// memoBytesMin is the length of the least memo.
const memoBytesMin = 1 + 1 + 16 + 8 + 8 + 1 + 1 + 1 + 1 + 1

// maxMemoBytes bounds a file of memos that is read.
const maxMemoBytes = 1 << 30

// Memos is the content of the file of memos.
type Memos struct {
	// Written is when the memos were taken, in nanoseconds.
	Written int64
	Of      map[kafka.TopicPartition]*Memo
}

// ReadMemos reads the memos of a log directory; none where there is no file. An
// error says that the file is damaged: it is a hint, and may be left out.
func ReadMemos(fsys vfs.FS, dir string) (Memos, error) {
	name := vfs.Join(dir, MemoFile)
	data, err := vfs.ReadFile(fsys, name, maxMemoBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return Memos{}, nil
	}
	if err != nil {
		return Memos{}, err
	}
	m, err := parseMemos(data)
	if err != nil {
		return Memos{}, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// WriteMemos replaces the memos of a log directory, durably.
func WriteMemos(fsys vfs.FS, dir string, written int64, memos []*Memo) error {
	return vfs.ReplaceFile(fsys, vfs.Join(dir, MemoFile), appendMemos(nil, written, memos))
}

func appendMemos(dst []byte, written int64, memos []*Memo) []byte {
	dst = append(dst, memoMagic...)
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint64(dst, uint64(written))
	dst = binary.AppendUvarint(dst, uint64(len(memos)))
	for _, m := range memos {
		dst = appendMemo(dst, m)
	}
	binary.BigEndian.PutUint32(dst[len(memoMagic):], crc32.Checksum(dst[memoSummedAt:], crc32.MakeTable(crc32.Castagnoli)))
	return dst
}

func appendMemo(dst []byte, m *Memo) []byte {
	dst = appendBlock(dst, []byte(m.Topic))
	dst = binary.AppendUvarint(dst, uint64(m.Partition))
	dst = append(dst, m.TopicID[:]...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(m.DirTime))
	dst = binary.BigEndian.AppendUint64(dst, uint64(m.FileTime))
	dst = binary.AppendUvarint(dst, uint64(m.End))
	dst = binary.AppendUvarint(dst, uint64(len(m.Segments)))
	for _, s := range m.Segments {
		dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(s.Base)), uint64(s.Size))
	}
	dst = binary.AppendUvarint(dst, uint64(len(m.Snapshots)))
	for _, at := range m.Snapshots {
		dst = binary.AppendUvarint(dst, uint64(at))
	}
	dst = appendBlock(appendBlock(dst, m.Epochs), m.Producers)
	return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(m.Aside.Files)), uint64(m.Aside.Bytes))
}

func appendBlock(dst, block []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(block))), block...)
}

// errMemo says that a file of memos is none.
var errMemo = errors.New("it is not a file of memos, or damaged")

func parseMemos(data []byte) (Memos, error) {
	if len(data) < memoHeader || string(data[:len(memoMagic)]) != memoMagic ||
		binary.BigEndian.Uint32(data[len(memoMagic):]) != crc32.Checksum(data[memoSummedAt:], crc32.MakeTable(crc32.Castagnoli)) {
		return Memos{}, errMemo
	}
	r := memoReader{rest: data[memoHeader:]}
	count := r.count(memoBytesMin)
	m := Memos{Written: int64(binary.BigEndian.Uint64(data[memoSummedAt:])), Of: make(map[kafka.TopicPartition]*Memo, count)}
	for range count {
		memo := r.memo()
		m.Of[memo.TopicPartition] = memo
	}
	if r.failed || len(r.rest) > 0 {
		return Memos{}, errMemo
	}
	return m, nil
}

// memoReader reads the fields of memos; after the first that is not there it
// gives zeros.
type memoReader struct {
	rest   []byte
	failed bool
}

func (r *memoReader) number() int64 {
	n, width := binary.Uvarint(r.rest)
	if width <= 0 || n > 1<<63-1 {
		r.failed, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[width:]
	return int64(n)
}

// count reads how many things of at least so many bytes follow.
func (r *memoReader) count(bytes int) int {
	n := r.number()
	if n > int64(len(r.rest)/bytes) {
		r.failed, r.rest = true, nil
		return 0
	}
	return int(n)
}

func (r *memoReader) bytes(n int) []byte {
	if n > len(r.rest) {
		r.failed, r.rest = true, nil
		return make([]byte, n)
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *memoReader) time() int64 { return int64(binary.BigEndian.Uint64(r.bytes(8))) }

func (r *memoReader) memo() *Memo {
	m := &Memo{}
	m.Topic = string(r.bytes(r.count(1)))
	m.Partition = int32(min(r.number(), 1<<31-1))
	copy(m.TopicID[:], r.bytes(len(m.TopicID)))
	m.DirTime, m.FileTime, m.End = r.time(), r.time(), kafka.Offset(r.number())
	m.Segments = make([]MemoSegment, r.count(2))
	for i := range m.Segments {
		m.Segments[i] = MemoSegment{Base: kafka.Offset(r.number()), Size: r.number()}
	}
	m.Snapshots = make([]kafka.Offset, r.count(1))
	for i := range m.Snapshots {
		m.Snapshots[i] = kafka.Offset(r.number())
	}
	m.Epochs = r.bytes(r.count(1))
	m.Producers = r.bytes(r.count(1))
	m.Aside = Aside{Files: r.number(), Bytes: r.number()}
	return m
}
