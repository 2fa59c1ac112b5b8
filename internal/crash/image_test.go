package crash

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing/synctest"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// checkImage opens an image as a start does and compares it with what was
// promised.
func (w *world) checkImage(x image) error {
	set, err := newSet(w.cfg, x.fs, w.codecs, x.img, rand.Uint64())
	if err != nil {
		return err
	}
	defer set.Abandon()
	synctest.Wait()
	for _, p := range x.parts {
		at, ok := set.Partition(p.tp)
		if !ok {
			return fmt.Errorf("%s is not there", p.tp)
		}
		log := at.Log()
		if log == nil {
			return fmt.Errorf("%s is offline", p.tp)
		}
		if _, _, err := p.check(log); err != nil {
			return err
		}
	}
	return nil
}

// describe lists the files of an image, and shows the short ones.
func describe(x image) string {
	var b strings.Builder
	var walk func(dir string)
	walk = func(dir string) {
		list, _ := x.fs.List(dir)
		for _, e := range list {
			name := vfs.Join(dir, e.Name)
			if e.Dir {
				walk(name)
				continue
			}
			data, _ := vfs.ReadFile(x.fs, name, 1<<20)
			fmt.Fprintf(&b, "%s %d", name, len(data))
			switch {
			case strings.Contains(e.Name, "checkpoint") || strings.HasSuffix(e.Name, ".metadata"):
				fmt.Fprintf(&b, " %q", data)
			case strings.HasSuffix(e.Name, segment.LogSuffix):
				it := batch.Batches(data)
				for it.Next() {
					fmt.Fprintf(&b, " %d-%d", it.Batch().BaseOffset(), it.Batch().LastOffset())
					if it.Batch().Verify() != nil {
						fmt.Fprint(&b, "(bad)")
					}
				}
				if rest := len(data) - it.Consumed(); rest > 0 {
					fmt.Fprintf(&b, " and %d bytes", rest)
				}
			}
			b.WriteByte('\n')
		}
	}
	walk(dataDir)
	return b.String()
}
