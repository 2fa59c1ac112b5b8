package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Where the fields of batches, and of messages of the old formats, stand by which
// they are checked. What is before the magic is in no checksum: offset, length,
// and leader epoch or checksum.
const (
	atMagic        = 16
	batchSummedAt  = 21
	legacyCRC      = 12
	legacySummedAt = atMagic
)

// placeState is what stands where a batch should.
type placeState int

const (
	missing placeState = iota // nothing, or what a crash left
	same
	other  // another batch, and whole
	beyond // the file ends before
	behind // nothing, and its offsets are in the next segment
)

// place is the end of a segment as it is being put back.
type place struct {
	fsys vfs.FS
	name string
	file vfs.File
	size int64
	next kafka.Offset // where the next segment begins; 0: not known yet
	// known is a position where a batch begins or the data end, as far as what is
	// before it is whole.
	known int64
	ahead []byte // for walk
}

// put puts a batch back where it is missing, and says in done what it did.
func (p *place) put(at int64, b batch.Batch, done *Applied) error {
	state, err := p.compare(at, b)
	if err == nil && state == missing {
		state, err = p.follows(b)
	}
	if err != nil {
		return err
	}
	refuse := func(format string, args ...any) error {
		done.Refused = append(done.Refused, fmt.Errorf("%s: "+format, append([]any{p.name}, args...)...))
		return nil
	}
	switch state {
	case other:
		return refuse("position %d: offset %d is not what the sync journal has there", at, b.BaseOffset())
	case beyond:
		return refuse("it ends at position %d, before offset %d at %d that the sync journal has", p.size, b.BaseOffset(), at)
	case behind:
		return refuse("position %d: offset %d, that the sync journal has there, is in the next segment, of %d", at, b.LastOffset(), p.next)
	case same, missing:
	}
	// What is the same is written, too: where a sync of the segment failed the system
	// may take it for clean, and ours would write nothing.
	if _, err := p.file.WriteAt(b, at); err != nil {
		return err
	}
	p.known = at + int64(len(b))
	p.size = max(p.size, p.known)
	if state == missing {
		done.Batches++
		done.Bytes += int64(len(b))
	}
	return nil
}

// follows says whether a batch that is missing is behind: a segment that holds
// anything begins where the one before ends.
func (p *place) follows(b batch.Batch) (placeState, error) {
	if p.next == 0 {
		var err error
		if p.next, err = nextSegment(p.fsys, p.name); err != nil {
			return missing, err
		}
	}
	if b.LastOffset() >= p.next {
		return behind, nil
	}
	return missing, nil
}

// nextSegment gives the base of the segment behind one, the highest offset where
// there is none. One that is empty does not count: a roll that failed can leave it.
func nextSegment(fsys vfs.FS, name string) (kafka.Offset, error) {
	dir, own := vfs.Dir(name), vfs.Base(name)
	entries, err := fsys.List(dir)
	if err != nil {
		return 0, err
	}
	for _, e := range entries { // by name, and so by base
		digits, found := strings.CutSuffix(e.Name, segment.LogSuffix)
		if !found || len(e.Name) != len(own) || e.Name <= own {
			continue
		}
		base, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			continue // none of a log
		}
		info, err := fsys.Stat(vfs.Join(dir, e.Name))
		if err != nil {
			return 0, err
		}
		if info.Size > 0 {
			return kafka.Offset(base), nil
		}
	}
	return math.MaxInt64, nil
}

// compare says what stands at a position where b should.
func (p *place) compare(at int64, b batch.Batch) (placeState, error) {
	if at > p.size {
		return beyond, nil
	}
	have := make([]byte, min(int64(len(b)), p.size-at))
	if err := readAt(p.file, have, at); err != nil {
		return missing, err
	}
	if bytes.Equal(have, b) {
		return same, nil
	}
	if len(have) == len(b) && bytes.Equal(have[atMagic:], b[atMagic:]) {
		return missing, nil // its beginning is, which no checksum covers
	}
	whole, err := p.whole(at, have)
	if err == nil && !whole && len(have) > 0 {
		whole, err = p.walk(at)
	}
	if whole && err == nil {
		return other, nil
	}
	return missing, err
}

// whole says whether a batch of any format stands at a position, whole. head is
// what is there, a header's length of it at least where there is as much.
func (p *place) whole(at int64, head []byte) (bool, error) {
	n, magic, err := batch.PeekSize(head)
	if err != nil || n == 0 || int64(n) > p.size-at {
		return false, nil //nolint:nilerr // no batch
	}
	sum, from := crc32.NewIEEE(), int64(legacySummedAt)
	want := binary.BigEndian.Uint32(head[legacyCRC:])
	if magic == batch.Magic {
		if n < batch.HeaderSize || len(head) < batch.HeaderSize {
			return false, nil
		}
		sum, from, want = crc32.New(crc32.MakeTable(crc32.Castagnoli)), batchSummedAt, batch.Batch(head).CRC()
	}
	// A file may say anything of its batches' length: what is read is not kept.
	_, err = io.Copy(sum, io.NewSectionReader(p.file, at+from, int64(n)-from))
	return sum.Sum32() == want, err
}

// walkAhead is how much of a segment is read at once to find its batches.
const walkAhead = 32 << 10

// walk says whether a position lies within a whole batch. It goes from batch to
// batch, and gives up where one says nothing of the next.
func (p *place) walk(at int64) (bool, error) {
	var window []byte
	for from := int64(0); p.known < at; {
		rest := min(batch.HeaderSize, p.size-p.known)
		if skip := p.known - from; window == nil || skip+rest > int64(len(window)) {
			if p.ahead == nil {
				p.ahead = make([]byte, walkAhead)
			}
			window, from = p.ahead[:min(walkAhead, p.size-p.known)], p.known
			if err := readAt(p.file, window, from); err != nil {
				return false, err
			}
		}
		head := window[p.known-from:]
		n, _, err := batch.PeekSize(head[:rest])
		switch next := p.known + int64(n); {
		case err != nil || n == 0:
			return false, nil //nolint:nilerr // damage is not for here
		case next > at:
			return p.whole(p.known, head[:rest])
		default:
			p.known = next
		}
	}
	return false, nil
}

// readAt reads all of b.
func readAt(file vfs.File, b []byte, at int64) error {
	n, err := file.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
