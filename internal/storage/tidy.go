package storage

import (
	"math"
	"slices"
	"strings"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// kraftDeleted ends the names of the metadata log's snapshots that wait for
// their removal: the quorum looks after them.
const kraftDeleted = ".checkpoint" + segment.DeletedSuffix

// tidy finishes or removes what interrupted work left, by the rules of Kafka's
// LogLoader: *.deleted goes; *.cleaned goes, and before it the *.swap at or above
// the lowest of them; other *.swap files replace what they cover.
func (d *loader) tidy() error {
	minCleaned := kafka.Offset(math.MaxInt64)
	var deleted, cleaned, swaps, undone []string
	for _, e := range d.entries {
		if e.Dir {
			continue
		}
		d.names[e.Name] = true
		base, numbered := baseOf(e.Name)
		switch {
		case strings.HasSuffix(e.Name, segment.DeletedSuffix) && !strings.HasSuffix(e.Name, kraftDeleted):
			deleted = append(deleted, e.Name)
		case strings.HasSuffix(e.Name, segment.CleanedSuffix) && numbered:
			minCleaned = min(minCleaned, base)
			cleaned = append(cleaned, e.Name)
		case strings.HasSuffix(e.Name, segment.SwapSuffix) && numbered:
			swaps = append(swaps, e.Name)
		}
	}
	swaps = slices.DeleteFunc(swaps, func(name string) bool {
		base, _ := baseOf(name)
		if base >= minCleaned {
			undone = append(undone, name)
		}
		return base >= minCleaned
	})
	// Without a *.cleaned beside it a *.swap would count: it has to be gone first.
	for _, names := range [][]string{undone, append(deleted, cleaned...)} {
		for _, name := range names {
			if err := d.removeFile(name); err != nil {
				return err
			}
		}
		if len(names) > 0 { // also because the log's memo must not be older than what is gone
			if err := d.host.fs.SyncDir(d.dir); err != nil {
				return err
			}
		}
	}
	return d.swapIn(swaps)
}

// swapIn completes a cleaning that had written its segments: those they replace
// go, and they take their names, the data first. Each step is durable before the
// next: a *.swap of the data has the others of its segment removed, and those
// must not be the new ones.
func (d *loader) swapIn(swaps []string) error {
	if len(swaps) == 0 {
		return nil
	}
	if err := d.removeReplaced(swaps); err != nil {
		return err
	}
	for _, data := range []bool{true, false} {
		if err := d.host.fs.SyncDir(d.dir); err != nil {
			return err
		}
		// The highest first, each durable before the next: what the *.swap that are
		// left replace must not reach to those that are in place already.
		for _, name := range slices.Backward(swaps) {
			whole := strings.TrimSuffix(name, segment.SwapSuffix)
			if strings.HasSuffix(whole, segment.LogSuffix) != data {
				continue
			}
			if err := d.host.fs.Rename(vfs.Join(d.dir, name), vfs.Join(d.dir, whole)); err != nil {
				return err
			}
			delete(d.names, name)
			d.names[whole] = true
			d.found.Removed = append(d.found.Removed, vfs.Join(d.dir, name))
			if err := d.syncBetween(swaps, data); err != nil {
				return err
			}
		}
	}
	return d.host.fs.SyncDir(d.dir)
}

// syncBetween syncs the directory where several segments of data are renamed.
func (d *loader) syncBetween(swaps []string, data bool) error {
	if !data || dataFiles(swaps) < 2 {
		return nil
	}
	return d.host.fs.SyncDir(d.dir)
}

// dataFiles counts the *.log.swap.
func dataFiles(swaps []string) int {
	n := 0
	for _, name := range swaps {
		if strings.HasSuffix(name, segment.LogSuffix+segment.SwapSuffix) {
			n++
		}
	}
	return n
}

// removeReplaced removes the files of the segments that *.log.swap files replace:
// those from it to where its data end, and those of its own name where it has
// none. Several are of one segment that was split.
func (d *loader) removeReplaced(swaps []string) error {
	from, to := kafka.Offset(math.MaxInt64), kafka.Offset(-1)
	several := dataFiles(swaps) > 1
	for _, name := range swaps {
		base, _ := baseOf(name)
		if !strings.HasSuffix(name, segment.LogSuffix+segment.SwapSuffix) {
			continue
		}
		next := base + 1
		if !several {
			end, err := d.swapEnd(name, base)
			if err != nil {
				return err
			}
			next = max(next, end)
		}
		from, to = min(from, base), max(to, next)
	}
	if several {
		var err error
		if from, err = d.splitFrom(from); err != nil {
			return err
		}
	}
	names := make([]string, 0, len(d.names))
	for name := range d.names {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		base, numbered := baseOf(name)
		if !numbered || base < from || base >= to || strings.HasSuffix(name, segment.SwapSuffix) || !ofSegment(name) {
			continue
		}
		if err := d.removeFile(name); err != nil {
			return err
		}
	}
	return nil
}

// swapEnd reads where the data of a *.log.swap ends.
func (d *loader) swapEnd(name string, base kafka.Offset) (kafka.Offset, error) {
	info, err := d.host.fs.Stat(vfs.Join(d.dir, name))
	if err != nil {
		return 0, err
	}
	return segment.EndOf(d.host.fs, vfs.Join(d.dir, name), base, info.Size, &d.host.buffers)
}
