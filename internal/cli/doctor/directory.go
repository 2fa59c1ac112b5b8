package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/journal"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// dirCheck is a look at one data directory. It opens files for reading only.
type dirCheck struct {
	fs       vfs.FS
	dir      string
	quick    bool
	clean    bool // the broker stopped cleanly
	inUse    bool // a broker runs on it: its ends move
	recovery map[kafka.TopicPartition]kafka.Offset
	bytes    int64 // of data read
	f        *findings
	env      *command.Env
}

// directory looks at a data directory.
func directory(ctx context.Context, env *command.Env, dir string, quick bool, f *findings) error {
	d := &dirCheck{fs: vfs.OS{}, dir: dir, quick: quick, f: f, env: env}
	info, err := d.fs.Stat(dir)
	if err != nil {
		return fmt.Errorf("--dir %s: %w", dir, err)
	}
	if !info.Dir {
		return fmt.Errorf("--dir %s: is no directory", dir)
	}
	d.identity()
	d.disk()
	parts, ok := d.names()
	if !ok {
		return nil
	}
	d.f.check("data")
	for i, p := range parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		if env.Interactive && len(parts) > 1 {
			env.Warnf("%d of %d: %s (%s read)", i+1, len(parts), p.Name, bytesText(d.bytes))
		}
		d.partition(p)
	}
	return nil
}

// identity looks at whose directory it is, and how its broker ended.
func (d *dirCheck) identity() {
	d.f.check("identity")
	meta, err := logdir.ReadMeta(d.fs, d.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.f.add(Warn, d.dir, "gregor storage format, or name the directory of log.dirs", "there is no meta.properties: it is not formatted, or no data directory")
	case err != nil:
		d.f.add(Bad, d.dir, "restore meta.properties from another directory of the same node; its directory.id is its own", "%v", err)
	case meta.Version == 0:
		d.f.add(Warn, d.dir, "migrate the cluster to KRaft with Kafka 3.9 first", "meta.properties is of a broker with ZooKeeper")
	}
	lock, err := d.fs.Open(filepath.Join(d.dir, ".lock"), vfs.Read)
	if err == nil {
		_ = lock.Close() // it is there; whether somebody holds it is asked next
		held, err := d.fs.Lock(filepath.Join(d.dir, ".lock"))
		if err == nil {
			_ = held.Close()
		}
		d.inUse = errors.Is(err, vfs.ErrLocked)
	}
	d.clean, _, err = logdir.ReadClean(d.fs, d.dir)
	if err != nil {
		d.f.add(Warn, d.dir, "", "%v", err)
	}
	if !d.clean && !d.inUse && meta.ClusterID != "" {
		d.f.add(Warn, d.dir, "nothing: the next start checks what was not yet on disk", "the broker did not stop cleanly")
	}
	d.journal()
}

// journal looks for a sync journal that was left, and for what could not be put
// back from one.
func (d *dirCheck) journal() {
	left, err := journal.Exists(d.fs, d.dir)
	if err != nil {
		d.f.add(Warn, d.dir, "", "%v", err)
	}
	if left && !d.inUse {
		d.f.add(Warn, d.dir, "start gregor on it before any other program writes to it", "its sync journal (%s*) is not put back yet", logdir.JournalPrefix)
	}
	kept, err := journal.Kept(d.fs, d.dir)
	if err != nil {
		d.f.add(Warn, d.dir, "", "%v", err)
	}
	for _, name := range kept {
		d.f.add(Warn, name, "see what the broker's log said of it; compare the topics with copies of theirs, and then remove it", "is of a sync journal that could not be put back as a whole")
	}
}

func (d *dirCheck) disk() {
	d.f.check("disks")
	total, free, err := d.fs.Usage(d.dir)
	if err != nil || total <= 0 {
		return
	}
	part := float64(free) / float64(total)
	severity := Severity("")
	if part < diskWarn {
		severity = Warn
	}
	if part < diskBad {
		severity = Bad
	}
	if severity != "" {
		d.f.add(severity, d.dir, "shorten the retention, delete topics, or add room", "%.0f%% of the volume is free (%s)", part*100, bytesText(free))
	}
}

// names lists the partitions, and says what should not be there.
func (d *dirCheck) names() ([]logdir.Partition, bool) {
	d.f.check("names")
	parts, err := logdir.Scan(d.fs, d.dir)
	if err != nil {
		d.f.add(Bad, d.dir, "move it out of the directory: a broker does not start with it", "%v", err)
		return nil, false
	}
	d.recovery, err = logdir.ReadOffsets(d.fs, filepath.Join(d.dir, "recovery-point-offset-checkpoint"))
	if err != nil {
		d.f.add(Warn, d.dir, "", "%v", err)
	}
	known := make(map[kafka.TopicPartition]bool)
	for _, p := range parts {
		known[p.TopicPartition] = true
		switch p.State {
		case logdir.Stray:
			d.f.add(Warn, p.Name, "look whether it is needed; then remove it by hand", "is of no topic that the cluster knows: nothing deletes it")
		case logdir.Future:
			d.f.add(Warn, p.Name, "nothing: the move goes on when the broker runs", "was on its way to this directory")
		case logdir.Live, logdir.Delete:
		}
	}
	gone := 0
	for tp := range d.recovery {
		if !known[tp] && tp.Topic != "__cluster_metadata" {
			gone++
		}
	}
	if gone > 0 {
		d.f.add(Warn, "recovery-point-offset-checkpoint", "look whether their directories were lost, or moved", "names %d partitions that are not there", gone)
	}
	if ok, _ := vfs.Exists(d.fs, filepath.Join(d.dir, logdir.MetadataDir)); ok {
		parts = append(parts, logdir.Partition{TopicPartition: kafka.TopicPartition{Topic: "__cluster_metadata"}, Name: logdir.MetadataDir})
	}
	return parts, true
}

// partition looks at one partition's directory.
func (d *dirCheck) partition(p logdir.Partition) {
	if p.State == logdir.Delete {
		return
	}
	entries, err := d.fs.List(filepath.Join(d.dir, p.Name))
	if err != nil {
		d.f.add(Bad, p.Name, "see whether the disk is well", "cannot be listed: %v", err)
		return
	}
	var logs []string
	for _, e := range entries {
		switch name := e.Name; {
		case strings.HasSuffix(name, ".log"):
			logs = append(logs, name)
		case strings.HasSuffix(name, ".cleaned"), strings.HasSuffix(name, ".swap"):
			d.f.add(Warn, filepath.Join(p.Name, name), "nothing: the next start ends or undoes it", "is left of a compaction that was broken off")
		case name == "partition.metadata":
			if _, err := logdir.ReadTopicID(d.fs, filepath.Join(d.dir, p.Name)); err != nil {
				d.f.add(Warn, p.Name, "remove the file: it is made again from the metadata", "%v", err)
			}
		}
	}
	slices.Sort(logs)
	next := kafka.Offset(-1)
	for i, name := range logs {
		s := &segmentCheck{dirCheck: d, partition: p, name: name, last: i == len(logs)-1}
		next = s.check(next)
	}
}
