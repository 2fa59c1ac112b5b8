package dumplog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
)

// source is a segment that is read batch by batch, as Kafka's
// FileLogInputStream does: it judges no more than it must.
type source struct {
	path string
	file *os.File
	size int64
}

// sizes of the old formats, within a batch.
const (
	headToMagic = 17 // offset, size, CRC or leader epoch, magic
	minimumV0   = 14 // the smallest message after offset and size
	headerV0    = batch.LogOverhead + 6
	headerV1    = batch.LogOverhead + 14
)

// damage is what is wrong at a place of a file.
func damage(path string, position int64, format string, args ...any) error {
	return fmt.Errorf("%s at position %d: %s", path, position, fmt.Sprintf(format, args...))
}

func openSource(path string) (*source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fileError(err)
	}
	info, err := f.Stat()
	switch {
	case err == nil && info.IsDir():
		err = fmt.Errorf("%s is a directory", path)
	case err == nil && info.Size() > math.MaxInt32:
		err = fmt.Errorf("%s has %d bytes, and a segment has at most %d", path, info.Size(), math.MaxInt32)
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return &source{path: path, file: f, size: info.Size()}, nil
}

// fileError says what to do about a file that cannot be opened.
func fileError(err error) error {
	var where *fs.PathError
	switch {
	case !errors.As(err, &where):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: there is no such file", where.Path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: this user may not read the file", where.Path)
	}
	return err
}

func (s *source) close() { _ = s.file.Close() } // nothing was written

// read reads n bytes at a position.
func (s *source) read(position, n int64, what string) ([]byte, error) {
	b := make([]byte, n)
	if _, err := s.file.ReadAt(b, position); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, damage(s.path, position, "the %s is cut: the file ends after %d bytes; a broker cuts such a tail off when it recovers the log", what, s.size)
		}
		return nil, fmt.Errorf("read %s: %w", s.path, err)
	}
	return b, nil
}

// entry is a batch of a segment: of format v2, or a message of v0 or v1.
type entry struct {
	from     *source
	position int64
	offset   int64 // the first field: base offset in v2, else the last offset
	size     int64 // with offset and length
	magic    int8
	head     []byte // the header, once it was read
	full     []byte // all, once it was read
}

// next reads the beginning of the batch at a position; nil at the end, and at
// a cut batch.
func (s *source) next(position, end int64) (*entry, error) {
	if position >= end-headToMagic {
		return nil, nil //nolint:nilnil // the end is no error
	}
	b, err := s.read(position, headToMagic, "header of a batch")
	if err != nil {
		return nil, err
	}
	size := int64(int32(binary.BigEndian.Uint32(b[8:])))
	if size < minimumV0 {
		return nil, damage(s.path, position, "a batch of %d bytes cannot be, the smallest has %d: the segment is damaged from here on; --max-bytes %d shows what stands before", size, minimumV0, position)
	}
	if position > end-batch.LogOverhead-size {
		return nil, nil //nolint:nilnil // a cut batch is no error
	}
	return &entry{from: s, position: position, offset: int64(binary.BigEndian.Uint64(b)), size: size + batch.LogOverhead, magic: int8(b[16])}, nil
}

// loadHead reads the header.
func (e *entry) loadHead() error {
	if e.head != nil {
		return nil
	}
	n := int64(batch.HeaderSize)
	switch {
	case e.magic == 0:
		n = headerV0
	case e.magic == 1:
		n = headerV1
	case e.magic < 0:
		return damage(e.from.path, e.position, "there is no record format %d: the segment is damaged here", e.magic)
	}
	var err error
	e.head, err = e.from.read(e.position, n, "header of a batch")
	return err
}

func (e *entry) loadFull() error {
	if e.full != nil {
		return nil
	}
	var err error
	e.full, err = e.from.read(e.position, e.size, "batch")
	return err
}

// lastOffset is the offset of the last record.
func (e *entry) lastOffset() (int64, error) {
	if e.magic < batch.Magic {
		return e.offset, nil
	}
	if err := e.loadHead(); err != nil {
		return 0, err
	}
	return int64(batch.Batch(e.head).LastOffset()), nil
}

// timestampType is whose the timestamps are, as Kafka names it. The header is
// read.
func (e *entry) timestampType() string {
	switch {
	case e.magic == 0:
		return "NoTimestampType"
	case e.attributes()&8 == 0:
		return "CreateTime"
	}
	return "LogAppendTime"
}

// attributes is the byte of flags. The header is read.
func (e *entry) attributes() byte {
	if e.magic < batch.Magic {
		return e.head[headToMagic]
	}
	return e.head[22] // the low byte of two
}

func (e *entry) codec() compress.Codec { return compress.Codec(e.attributes() & 7) }

// maxTimestamp is the highest timestamp. The header is read.
func (e *entry) maxTimestamp() int64 {
	switch e.magic {
	case 0:
		return -1
	case 1:
		return int64(binary.BigEndian.Uint64(e.head[headToMagic+1:]))
	}
	return int64(batch.Batch(e.head).MaxTimestamp())
}

// crc is the stored checksum. The header is read.
func (e *entry) crc() uint32 {
	if e.magic < batch.Magic {
		return binary.BigEndian.Uint32(e.head[batch.LogOverhead:])
	}
	return batch.Batch(e.head).CRC()
}

// valid says whether the checksum is right. All is read.
func (e *entry) valid() bool {
	if e.magic < batch.Magic {
		return legacyValid(e.full[batch.LogOverhead:])
	}
	return len(e.full) >= batch.HeaderSize && batch.Batch(e.full).ComputeCRC() == e.crc()
}

// legacyValid checks the checksum of a message of v0 or v1.
func legacyValid(message []byte) bool {
	return len(message) >= minimumV0 && binary.BigEndian.Uint32(message) == crc32.ChecksumIEEE(message[4:])
}
