package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Applied is what was put back from a journal.
type Applied struct {
	Groups, Logs int   // read; of which records were put back
	Batches      int   // put back
	Bytes        int64 // of these
	// Refused names what was not put back, because the segment is not as the
	// journal left it: another program has written to it since, or it is damaged.
	Refused []error
}

// log is one log that the journal has entries of.
type log struct {
	name    string
	topic   kafka.TopicID
	entries []logEntry
	done    Applied
	err     error
}

type logEntry struct {
	Entry
	records []byte
}

// Apply puts back into the segments what the journal has and they have not, and
// syncs them, with what is there already: that may be in the system's memory only,
// where a process was killed. Then it removes the journal. settled gives the offset of a log
// below which all of it is known to be on disk; each calls f for the numbers
// below n, several at a time perhaps. Apply is idempotent, and a batch that is
// whole is never replaced. Where something is left over, Damage or Refused, the
// files stay, under names that say so.
func (f *Found) Apply(fsys vfs.FS, settled func(log string) kafka.Offset, each func(n int, f func(i int))) (Applied, error) {
	done := Applied{Groups: len(f.groups)}
	logs, err := f.sort(settled)
	if err != nil {
		return done, err
	}
	each(len(logs), func(i int) { logs[i].err = f.applyLog(fsys, logs[i]) })
	for _, l := range logs {
		if l.err != nil {
			return done, l.err
		}
		done.Batches += l.done.Batches
		done.Bytes += l.done.Bytes
		done.Refused = append(done.Refused, l.done.Refused...)
		if l.done.Batches > 0 {
			done.Logs++
		}
	}
	if f.Damage != nil || len(done.Refused) > 0 {
		return done, f.keep(fsys)
	}
	return done, f.remove(fsys)
}

// sort gives the logs with their entries that count.
func (f *Found) sort(settled func(log string) kafka.Offset) ([]*log, error) {
	byName := make(map[string]*log)
	var logs []*log
	for _, g := range f.groups {
		for data := g.entries; len(data) > 0; {
			e, records, rest, err := nextEntry(data)
			if err != nil {
				return nil, fmt.Errorf("%s: position %d: %w", vfs.Join(f.dir, Name(g.half)), g.at, err)
			}
			data = rest
			l := byName[e.Log]
			if l == nil {
				l = &log{name: e.Log}
				byName[e.Log] = l
				logs = append(logs, l)
			}
			if e.Position == forgotten || e.Topic != l.topic {
				l.topic, l.entries = e.Topic, nil
			}
			if e.Position != forgotten && e.End > settled(e.Log) {
				l.entries = append(l.entries, logEntry{e, records})
			}
		}
	}
	return logs, nil
}

// applyLog puts back what is missing in one log.
func (f *Found) applyLog(fsys vfs.FS, l *log) error {
	if len(l.entries) == 0 {
		return nil
	}
	dir := vfs.Join(f.dir, l.name)
	id, err := logdir.ReadTopicID(fsys, dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && id != l.topic {
		return nil // it was deleted, and another has its name perhaps
	}
	if err != nil {
		return err
	}
	for len(l.entries) > 0 && len(l.done.Refused) == 0 {
		base := l.entries[0].Base
		n := 1
		for n < len(l.entries) && l.entries[n].Base == base {
			n++
		}
		if err := applySegment(fsys, vfs.Join(dir, segment.Name(base, segment.LogSuffix)), l.entries[:n], &l.done); err != nil {
			return err
		}
		l.entries = l.entries[n:]
	}
	return nil
}

// applySegment puts back what is missing in one segment.
func applySegment(fsys vfs.FS, name string, entries []logEntry, done *Applied) (err error) {
	file, err := fsys.Open(name, vfs.Write)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // retention has removed it
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	p := place{fsys: fsys, name: name, file: file}
	if p.size, err = file.Size(); err != nil {
		return err
	}
	for _, e := range entries {
		for it := batch.Batches(e.records); it.Next() && len(done.Refused) == 0; {
			if err := p.put(e.Position+int64(it.Position()), it.Batch(), done); err != nil {
				return err
			}
		}
	}
	return file.Sync()
}

// Exists says whether a log directory has a journal.
func Exists(fsys vfs.FS, dir string) (bool, error) {
	for n := range 2 {
		if there, err := vfs.Exists(fsys, vfs.Join(dir, Name(n))); there || err != nil {
			return there, err
		}
	}
	return false, nil
}

// Kept lists the files of journals that were set aside.
func Kept(fsys vfs.FS, dir string) ([]string, error) {
	entries, err := fsys.List(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name, logdir.JournalPrefix) && strings.Contains(e.Name, keptSuffix) {
			names = append(names, e.Name)
		}
	}
	return names, nil
}

// Keep sets a journal aside that is not to be applied.
func Keep(fsys vfs.FS, dir string) error { return (&Found{dir: dir}).keep(fsys) }

// keptSuffix follows the name of a half that was set aside, before a number.
const keptSuffix = ".kept-"

// keptMost bounds how many journals are kept aside: the first that were, and the
// last.
const keptMost = 9

// keep renames the files: the next start does not take them for its own. The older
// half goes first, as in removeFiles.
func (f *Found) keep(fsys vfs.FS) error {
	n, err := freeNumber(fsys, f.dir)
	if err != nil {
		return err
	}
	for _, half := range []int{1 - f.last.half, f.last.half} {
		if n == keptMost {
			if err := fsys.Remove(keptName(f.dir, half, n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		err := fsys.Rename(vfs.Join(f.dir, Name(half)), keptName(f.dir, half, n))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := fsys.SyncDir(f.dir); err != nil {
			return err
		}
	}
	return nil
}

// freeNumber is the first under which no half is kept, or the last.
func freeNumber(fsys vfs.FS, dir string) (int, error) {
	for n := 1; n < keptMost; n++ {
		taken := false
		for half := range 2 {
			there, err := vfs.Exists(fsys, keptName(dir, half, n))
			if err != nil {
				return 0, err
			}
			taken = taken || there
		}
		if !taken {
			return n, nil
		}
	}
	return keptMost, nil
}

func keptName(dir string, half, n int) string {
	return fmt.Sprintf("%s%s%d", vfs.Join(dir, Name(half)), keptSuffix, n)
}

// remove removes the files of a journal that was applied.
func (f *Found) remove(fsys vfs.FS) error {
	j := New(fsys, f.dir, 0, f.nonce)
	if f.last.number > 0 {
		file, err := fsys.Open(vfs.Join(f.dir, Name(f.last.half)), vfs.Write)
		if err != nil {
			return err
		}
		j.active, j.number = f.last.half, f.last.number+1
		j.halves[j.active].file, j.halves[j.active].at = file, f.last.end
		return j.Remove()
	}
	return j.removeFiles()
}
