package storage

import (
	"io"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
)

// Fetched is the result of [Log.Read]. The caller keeps it (it may be used
// again for the next read, and is big enough not to be copied), and calls
// Release when the section was sent.
type Fetched struct {
	// Section is the records: whole batches, but for the last, which may be
	// cut, as in Kafka. Empty where there is nothing to read.
	Section Section
	// From is the offset that was asked for.
	From kafka.Offset
	// LogStart and LogEnd are those at the time of the read.
	LogStart, LogEnd kafka.Offset
	// Upper is an offset behind all records of the section, for
	// [Log.AbortedIn].
	Upper kafka.Offset

	segments []*segment.Segment // those that were read from, for AbortedIn
}

// Release lets go of the file. It may be called more than once.
func (f *Fetched) Release() {
	f.Section.Release()
	f.segments = nil
}

// Section is a part of a segment's file. Until it is released the file cannot
// go away, also where the segment is deleted. The zero value is empty.
type Section struct {
	file *segment.File
	at   int64
	size int
}

// Len is the length in bytes.
func (s *Section) Len() int { return s.size }

// ReadAt reads from the section, as io.ReaderAt.
func (s *Section) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 || offset >= int64(s.size) {
		return 0, io.EOF
	}
	short := int64(len(p)) > int64(s.size)-offset
	if short {
		p = p[:int64(s.size)-offset]
	}
	n, err := s.file.ReadAt(p, s.at+offset)
	if err == nil && short {
		err = io.EOF
	}
	return n, err
}

// Descriptor gives the system's number of the file and where the section
// begins in it, for who lets the system move the bytes; ok is false where the
// file is none of the system's. The number is good until Release.
func (s *Section) Descriptor() (fd uintptr, at int64, ok bool) {
	if s.file == nil {
		return 0, 0, false
	}
	fd, ok = s.file.Descriptor()
	return fd, s.at, ok
}

// WriteTo copies the section to w.
func (s *Section) WriteTo(w io.Writer) (int64, error) {
	if s.size == 0 {
		return 0, nil
	}
	return io.Copy(w, io.NewSectionReader(s.file, s.at, int64(s.size)))
}

// Release lets go of the file. It may be called more than once.
func (s *Section) Release() {
	if s.file != nil {
		s.file.Release()
	}
	*s = Section{}
}
