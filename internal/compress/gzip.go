package compress

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/gzip"
)

// packGzip writes one member.
func (p *Pool) packGzip(dst, src []byte, level Level) ([]byte, error) {
	slot, effort := 0, gzip.DefaultCompression
	if level > 0 {
		slot, effort = int(level), int(level)
	}
	out := sliceWriter{dst}
	w, _ := p.gzip[slot].Get().(*gzip.Writer)
	if w == nil {
		var err error
		if w, err = gzip.NewWriterLevel(&out, effort); err != nil {
			return dst, err
		}
	} else {
		w.Reset(&out)
	}
	defer p.gzip[slot].Put(w)
	if _, err := w.Write(src); err != nil {
		return dst, err
	}
	if err := w.Close(); err != nil {
		return dst, err
	}
	w.Reset(nil)
	return out.b, nil
}

// sliceWriter appends to a slice.
type sliceWriter struct{ b []byte }

func (w *sliceWriter) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	return len(p), nil
}

// gzipUnpacker reads members, one or several behind each other; as Java's reader
// it takes what follows the first and is no member as the end.
type gzipUnpacker struct {
	src bytes.Reader
	z   *gzip.Reader
	buf []byte
}

func (u *gzipUnpacker) reset(src []byte, _ Codec) error {
	u.src.Reset(src)
	if u.buf == nil {
		u.buf = make([]byte, 32<<10)
	}
	if u.z == nil {
		u.z = &gzip.Reader{}
	}
	return u.member()
}

// member begins with the next member. The reader takes no more of the source
// than the member has, for the source gives single bytes.
func (u *gzipUnpacker) member() error {
	if err := u.z.Reset(&u.src); err != nil {
		return err
	}
	u.z.Multistream(false)
	return nil
}

func (u *gzipUnpacker) next(int) ([]byte, error) {
	for {
		piece, err := readSome(u.z, u.buf)
		if err != io.EOF { //nolint:errorlint // gzip's own, never wrapped
			return piece, err
		}
		if u.src.Len() == 0 || u.member() != nil {
			u.src.Reset(nil)
			return nil, io.EOF
		}
	}
}

func (u *gzipUnpacker) release() bool {
	u.src.Reset(nil)
	return true
}

// readSome reads until something came.
func readSome(r io.Reader, buf []byte) ([]byte, error) {
	const tries = 100 // as bufio has it: a reader that gives nothing so often is broken
	for range tries {
		n, err := r.Read(buf)
		if n > 0 {
			return buf[:n], nil
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, io.ErrNoProgress
}
