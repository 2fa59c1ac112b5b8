package crash

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// images are the crash images of all scripts of a run.
type images struct {
	sampled  int // how many to take at a point that has too many for all
	distinct map[[sha256.Size]byte]struct{}
	checked  map[[sha256.Size]byte]struct{} // with what was promised at the time
	whole    int                            // points of which every image was taken
	points   int
	deep     int // images that were gone on with
	waiting  []image
}

func newImages(sampled int) *images {
	return &images{sampled: sampled, distinct: map[[sha256.Size]byte]struct{}{}, checked: map[[sha256.Size]byte]struct{}{}}
}

// image is a disk after a crash, and what was promised before it.
type image struct {
	what  string
	fs    *vfs.Mem
	img   *metadata.Image
	parts []*part
	deep  bool
}

// everyMax is up to how many images a point may have for all to be taken.
const everyMax = 24

// take takes images of the disk as it is at a point: all, where they are few,
// otherwise some by chance. They are looked at by [world.checkImages].
func (im *images) take(w *world, what string) {
	im.points++
	var parts []*part
	promised := sha256.New()
	for _, tp := range slices.SortedFunc(maps.Keys(w.parts), func(a, b kafka.TopicPartition) int { return strings.Compare(a.String(), b.String()) }) {
		p := *w.parts[tp]
		p.start = p.mayBegin(time.Now())
		parts = append(parts, &p)
		_, _ = fmt.Fprint(promised, p.tp, p.id, p.acked, p.start, p.kept, p.end(), len(p.flight))
	}
	tag := promised.Sum(nil)
	keep := func(disk *vfs.Mem, n int) {
		sum := disk.Sum()
		im.distinct[sum] = struct{}{}
		key := sha256.Sum256(append(sum[:], tag...))
		if _, done := im.checked[key]; done {
			return
		}
		im.checked[key] = struct{}{}
		im.waiting = append(im.waiting, image{
			what: fmt.Sprintf("point %d (%s), image %d", w.points, what, n), fs: disk, img: w.img, parts: parts,
			deep: binary.LittleEndian.Uint16(key[:])%5 == 0,
		})
	}
	var all everything
	for n := range everyMax {
		keep(w.fs.CrashClone(&all), n)
		if !all.next() {
			im.whole++
			return
		}
		if n == 0 && all.most > everyMax {
			break
		}
	}
	for n := range im.sampled {
		keep(w.fs.CrashClone(rand.New(rand.NewPCG(w.seed, uint64(w.points)<<16|uint64(n)))), n)
	}
}

// everything is a [vfs.Chance] that goes through all choices, one clone after
// the other.
type everything struct {
	made []int // the choices of this clone
	of   []int // out of how many
	at   int
	most int // the product of what the clones so far could choose from, bounded
}

// IntN chooses what next decided, or the first.
func (e *everything) IntN(n int) int {
	if e.at == len(e.made) {
		e.made, e.of = append(e.made, 0), append(e.of, n)
		e.most = min(max(e.most, 1)*n, 1<<20)
	}
	e.at++
	return e.made[e.at-1]
}

// next steps to the next clone; false where there is none.
func (e *everything) next() bool {
	n := e.at
	e.at = 0
	for n > 0 {
		if e.made[n-1]++; e.made[n-1] < e.of[n-1] {
			e.made, e.of = e.made[:n], e.of[:n]
			return true
		}
		n--
	}
	return false
}

// mayBegin is up to where a log may have been deleted: what clients asked for,
// and what its retention lets go now.
func (p *part) mayBegin(now time.Time) kafka.Offset {
	most := p.start
	switch p.tp.Topic {
	case "short":
		size := 0
		for _, w := range p.flight {
			size += 100 + 500*len(w.records)
		}
		for _, w := range slices.Backward(p.batches) {
			if size += len(w.stored); size >= retentionBytes {
				most = max(most, w.first)
				break
			}
		}
	case "aged":
		for _, w := range p.batches {
			if now.UnixMilli()-int64(w.stampMax()) <= retentionMs {
				break
			}
			most = max(most, w.last+1)
		}
	}
	return most
}

// checkImages looks at the images that were taken since it was called last.
func (w *world) checkImages() {
	w.mu.Lock()
	waiting := w.images.waiting
	w.images.waiting = nil
	w.mu.Unlock()
	for _, x := range waiting {
		if w.failed() {
			return
		}
		before := describe(x)
		if err := w.checkImage(x); err != nil {
			w.fail(fmt.Errorf("%s: %w; the image:\n%s", x.what, err, before))
		}
	}
}
