package batch

import (
	"errors"
	"io"
)

// seen is what a check needs to know of a record: skimming makes no slices of
// keys, values and headers, but checks all of their lengths.
type seen struct {
	timestampDelta int64
	offsetDelta    int32
	hasKey         bool
}

// skim reads the record that b begins with, n bytes long.
func (s *seen) skim(b []byte) (n int, why flaw) {
	length, n := varint(b)
	if n == 0 {
		return 0, flawCutLength
	}
	if length < 0 || int(length) > len(b)-n {
		return 0, flawCutRecord
	}
	end := n + int(length)
	return end, s.skimBody(b[n:end])
}

// skimBody reads a record behind its length. It is the hottest loop of a
// produce request: the numbers of one byte, which most are, are read here and
// not by a call.
func (s *seen) skimBody(b []byte) flaw {
	if len(b) == 0 {
		return flawCutField
	}
	delta, n := varlong(b[1:]) // the attributes have no meaning
	if n == 0 {
		return flawCutField
	}
	s.timestampDelta = delta
	at := 1 + n
	if at < len(b) && b[at] < 0x80 {
		s.offsetDelta, n = unzig(b[at]), 1
	} else if s.offsetDelta, n = longVarint(b[at:]); n == 0 {
		return flawCutField
	}
	at += n
	var length int32
	if at < len(b) && b[at] < 0x80 {
		length, n = unzig(b[at]), 1
	} else if length, n = longVarint(b[at:]); n == 0 {
		return flawCutField
	}
	s.hasKey = length >= 0
	if at += n + max(0, int(length)); at > len(b) {
		return flawCutField
	}
	if at < len(b) && b[at] < 0x80 {
		length, n = unzig(b[at]), 1
	} else if length, n = longVarint(b[at:]); n == 0 {
		return flawCutField
	}
	if at += n + max(0, int(length)); at > len(b) {
		return flawCutField
	}
	if at == len(b)-1 && b[at] == 0 { // no headers
		return sound
	}
	headers, n := varint(b[at:])
	if n == 0 {
		return flawCutField
	}
	return checkHeaders(b[at+n:], int(headers))
}

// stream skims records in the pieces of a reader, so that a batch is checked in
// fixed memory however much it unpacks to.
type stream struct {
	reader interface{ Next() ([]byte, error) } // of a [compress.Reader]
	piece  []byte                              // what is left of the current piece
	size   int64                               // how many bytes the pieces had, the current one with them
	err    error                               // of the reader, but for io.EOF
}

// at is how many bytes were read.
func (s *stream) at() int64 { return s.size - int64(len(s.piece)) }

// more gets the next piece, when the current one is used up.
func (s *stream) more() bool {
	for len(s.piece) == 0 {
		piece, err := s.reader.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				s.err = err
			}
			return false
		}
		s.piece = piece
		s.size += int64(len(piece))
	}
	return true
}

// ended says whether nothing follows.
func (s *stream) ended() bool { return !s.more() && s.err == nil }

// cut is why a field ends too early.
func (s *stream) cut(why flaw) flaw {
	if s.err != nil {
		return flawCodec
	}
	return why
}

// varlong reads a number of at most maxBytes bytes, across pieces.
func (s *stream) varlong(maxBytes int) (v int64, ok bool) {
	u := uint64(0)
	for i := range maxBytes {
		if !s.more() {
			return 0, false
		}
		c := s.piece[0]
		s.piece = s.piece[1:]
		u |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			if maxBytes == 5 {
				u = uint64(uint32(u))
			}
			return int64(u>>1) ^ -int64(u&1), true
		}
	}
	return 0, false
}

func (s *stream) varint() (v int32, ok bool) {
	long, ok := s.varlong(5)
	return int32(long), ok
}

// skip passes n bytes; a negative n is none.
func (s *stream) skip(n int64) bool {
	for n > 0 {
		if !s.more() {
			return false
		}
		step := min(n, int64(len(s.piece)))
		s.piece = s.piece[step:]
		n -= step
	}
	return true
}

// next skims the next record.
func (s *stream) next(r *seen) flaw {
	if !s.more() {
		return s.cut(flawCutLength)
	}
	// The usual case: the whole record stands in this piece.
	if n, why := r.skim(s.piece); why == sound {
		s.piece = s.piece[n:]
		return sound
	} else if why != flawCutLength && why != flawCutRecord {
		return why
	}
	length, ok := s.varint()
	if !ok {
		return s.cut(flawCutLength)
	}
	if length <= 0 {
		return flawCutField
	}
	end := s.at() + int64(length)
	if why := s.fields(r, end); why != sound {
		return why
	}
	if s.at() != end {
		return flawLength
	}
	return sound
}

// fields reads the fields of a record across pieces. The record ends at end,
// which lengths may not pass: what lies behind it is not read.
func (s *stream) fields(r *seen, end int64) flaw {
	var ok bool
	if !s.skip(1) {
		return s.cut(flawCutField)
	}
	if r.timestampDelta, ok = s.varlong(10); !ok {
		return s.cut(flawCutField)
	}
	if r.offsetDelta, ok = s.varint(); !ok {
		return s.cut(flawCutField)
	}
	length, why := s.field(end)
	if why != sound {
		return why
	}
	r.hasKey = length >= 0
	if _, why = s.field(end); why != sound {
		return why
	}
	headers, ok := s.varint()
	if !ok {
		return s.cut(flawCutField)
	}
	if headers < 0 || int64(headers) > end-s.at() {
		return flawHeaderCount
	}
	for range headers {
		length, why := s.field(end)
		switch {
		case why != sound:
			return why
		case length < 0:
			return flawHeaderKey
		}
		if _, why := s.field(end); why != sound {
			return why
		}
	}
	return sound
}

// field passes a length and so many bytes.
func (s *stream) field(end int64) (length int32, why flaw) {
	length, ok := s.varint()
	if !ok {
		return 0, s.cut(flawCutField)
	}
	if int64(length) > end-s.at() {
		return 0, flawCutField
	}
	if !s.skip(int64(length)) {
		return 0, s.cut(flawCutRecord)
	}
	return length, sound
}
