package crash

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/partition"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// checkImage opens an image as a start does and compares it with what was
// promised. With some it goes on: it appends, and dies again or stops.
func (w *world) checkImage(x image) error {
	if err := w.checkOpen(x.fs, x); err != nil || !x.deep {
		return err
	}
	w.images.deep++
	if err := w.goOn(x); err != nil {
		return fmt.Errorf("going on: %w", err)
	}
	return nil
}

// checkOpen opens a disk and compares it with what was promised.
func (w *world) checkOpen(disk *vfs.Mem, x image) error {
	set, err := newSet(w.cfg, disk, w.codecs, x.img, rand.Uint64())
	if err != nil {
		return err
	}
	synctest.Wait()
	err = checkSet(set, x, nil)
	set.Abandon()
	return err
}

// checkSet compares all partitions. seen is told where each log begins and ends.
func checkSet(set *partition.Set, x image, seen func(p *part, start, end kafka.Offset)) error {
	for _, p := range x.parts {
		at, ok := set.Partition(p.tp)
		if !ok {
			return fmt.Errorf("%s is not there", p.tp)
		}
		log := at.Log()
		if log == nil {
			return fmt.Errorf("%s is offline", p.tp)
		}
		start, end, err := p.check(log)
		if err != nil {
			return err
		}
		if seen != nil {
			seen(p, start, end)
		}
	}
	return nil
}

// goOn opens an image that was opened before, and appends to each partition. A
// loss of power then keeps what was acknowledged, before the crash and after it;
// and after a clean stop the indexes say what the data says.
func (w *world) goOn(x image) error {
	set, err := newSet(w.cfg, x.fs, w.codecs, x.img, rand.Uint64())
	if err != nil {
		return err
	}
	defer set.Abandon()
	synctest.Wait()
	x.parts = slices.Clone(x.parts)
	for i, p := range x.parts {
		next := *p // what was promised stays promised to others
		x.parts[i] = &next
	}
	if err := checkSet(set, x, (*part).survived); err != nil {
		return err
	}
	for _, p := range x.parts {
		at, _ := set.Partition(p.tp)
		if err := w.appendOne(p, at); err != nil {
			return err
		}
	}
	synctest.Wait()
	again := x
	again.fs = x.fs.CrashClone(nil)
	left := describe(again)
	if err := w.checkOpen(again.fs, x); err != nil {
		return fmt.Errorf("a second crash: %w; it left:\n%s", err, left)
	}
	if err := checkSet(set, x, nil); err != nil {
		return err
	}
	starts := map[*part]kafka.Offset{}
	for _, p := range x.parts {
		at, _ := set.Partition(p.tp)
		starts[p] = at.LogStartOffset()
	}
	if err := set.Close(9); err != nil {
		return err
	}
	for _, p := range x.parts {
		p.acked = p.end()
		if err := checkFiles(x.fs, vfs.Join(dataDir, p.tp.String()), starts[p], !p.compacted()); err != nil {
			return err
		}
	}
	// A clean stop needs nothing that is not synced.
	if err := w.checkOpen(x.fs.CrashClone(nil), x); err != nil {
		return fmt.Errorf("after a clean stop: %w", err)
	}
	return nil
}

// appendOne appends a record, and waits for the acknowledgement.
func (w *world) appendOne(p *part, at *partition.Partition) error {
	epoch, _ := at.LeaderEpoch()
	codec := compress.None
	if p.tp.Topic == "short" {
		codec = compress.Gzip
	}
	x := &written{first: p.end(), last: p.end(), epoch: epoch, codec: codec, id: -1, records: []record{
		{offset: p.end(), stamp: kafka.Timestamp(time.Now().UnixMilli()), key: "k", value: "after the crash"},
	}}
	b := batch.NewBuilder(w.codecs, batch.Options{Codec: codec})
	b.Append(x.records[0].stamp, []byte("k"), []byte("after the crash"))
	data, err := b.Build(nil)
	if err != nil {
		return err
	}
	done, err := at.Append(time.Now(), data, -1, storage.AppendOptions{})
	if err != nil || done.FirstOffset != x.first {
		return fmt.Errorf("append to %s at %d: %+v %w", p.tp, x.first, done, err)
	}
	p.batches = append(p.batches, x)
	acked, err := done.Acked, done.AckErr
	if !acked {
		answer := make(chan error, 1)
		if acked, err = at.AwaitAck(-1, x.last+1, func(err error) { answer <- err }); !acked {
			err = <-answer
		}
	}
	if err == nil && p.durable() {
		p.acked = x.last + 1
	}
	return err
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
