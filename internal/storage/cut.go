package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// cutFrom ends the log in segment i, where r says, and takes the later segments
// away; both are kept aside.
func (d *loader) cutFrom(i int, r *segment.Recovered) error {
	s := d.segments[i]
	if s.Size() > r.Valid {
		cut := Cut{
			File: s.Path(segment.LogSuffix), Offset: r.Next, Position: r.Valid, Bytes: s.Size() - r.Valid, Reason: r.Tail.Reason,
		}
		var err error
		if cut.Aside, err = d.keepAside(s, r); err != nil {
			return fmt.Errorf("keep the damaged tail of %s: %w", cut.File, err)
		}
		if err := s.CutTail(r.Valid, r.Next, d.o.Now); err != nil {
			return errors.Join(err, d.takeBack(&cut, err))
		}
		// Zeros are what preallocate=true leaves behind the data.
		if cut.Aside != "" || !d.Config().Preallocate {
			d.found.Cuts = append(d.found.Cuts, cut)
		}
	}
	for _, later := range d.segments[i+1:] {
		if err := d.setAside(later, r.Next); err != nil {
			return err
		}
	}
	// At once: should a crash bring back what was cut off, behind a segment that
	// was rolled since, the next recovery would end the log there again.
	if err := errors.Join(s.Sync(true), d.host.fs.SyncDir(d.dir)); err != nil {
		return err
	}
	d.segments = d.segments[:i+1]
	d.end, d.size, d.unsynced.names = r.Next, r.Valid, true
	d.recovery = min(d.o.RecoveryPoint, d.end)
	d.settled = d.recovery
	if err := d.dropSnapshots(func(at kafka.Offset) bool { return at > d.end }); err != nil {
		return err
	}
	return d.snapshotAfterRecovery()
}

// setAside takes a segment out of the log that ends before it.
func (d *loader) setAside(s *segment.Segment, end kafka.Offset) error {
	if s.Size() > 0 {
		cut := Cut{
			File: s.Path(segment.LogSuffix), Offset: end, Bytes: s.Size(), Aside: asidePath(s, s.Base),
			Reason: "it follows what was cut off or is missing",
		}
		if err := d.host.fs.Rename(cut.File, cut.Aside); err != nil {
			return err
		}
		d.found.Cuts = append(d.found.Cuts, cut)
	}
	return errors.Join(s.MarkDeleted(""), s.RemoveDeleted())
}

// snapshotAfterRecovery writes the producers' state at the log's end, as Kafka
// does after a recovery.
func (d *loader) snapshotAfterRecovery() error {
	d.producers.SetEnd(d.end)
	return d.takeSnapshot()
}

// asidePath is where a cut tail is kept: a name that Kafka takes no notice of.
func asidePath(s *segment.Segment, offset kafka.Offset) string {
	return fmt.Sprintf("%s%d", s.Path(asideMark), offset)
}

// keepAside copies what follows the good data into a file of its own, durably,
// but for zeros at its end. It gives no name where there are only zeros.
func (d *loader) keepAside(s *segment.Segment, r *segment.Recovered) (string, error) {
	name := asidePath(s, r.Next)
	for i := 1; ; i++ {
		there, err := d.exists(name)
		if err != nil {
			return "", err
		}
		if !there {
			break
		}
		name = fmt.Sprintf("%s.%d", asidePath(s, r.Next), i) // of an earlier start
	}
	n, err := copyTail(d.host.fs, s.Path(segment.LogSuffix), r.Valid, name)
	if err != nil {
		// Half a copy keeps nothing, and on a full disk the next try needs its room.
		return "", errors.Join(err, d.removePartial(name))
	}
	if n == 0 {
		name = ""
	}
	return name, nil
}

// takeBack removes the copy of a tail that was not cut off, for lack of space:
// the next try makes another.
func (d *loader) takeBack(cut *Cut, cause error) error {
	if cut.Aside == "" || !vfs.IsNoSpace(cause) {
		return nil
	}
	info, err := d.host.fs.Stat(cut.File)
	if err != nil || info.Size < cut.Position+cut.Bytes {
		return err
	}
	return d.removePartial(cut.Aside)
}

// removePartial removes a file that was not finished, if it was begun.
func (d *loader) removePartial(name string) error {
	if err := d.host.fs.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// copyTail copies a file from a position on, durably, and says how many bytes
// there were before the zeros at the end. Where there are none, it makes no file.
func copyTail(fsys vfs.FS, from string, at int64, to string) (kept int64, err error) {
	in, err := fsys.Open(from, vfs.Read)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	size, err := in.Size()
	if err != nil {
		return 0, err
	}
	var out vfs.File
	defer func() {
		if out != nil {
			err = errors.Join(err, out.Sync(), out.Close())
		}
	}()
	buf := make([]byte, 256<<10)
	for done := at; done < size; {
		b := buf[:min(int64(len(buf)), size-done)]
		if n, err := in.ReadAt(b, done); n < len(b) {
			return kept, err
		}
		if last := lastNonZero(b); last >= 0 {
			if out == nil {
				if out, err = fsys.Open(to, vfs.Create|vfs.Truncate); err != nil {
					return kept, err
				}
			}
			if _, err := out.WriteAt(b[:last+1], done-at); err != nil {
				return kept, err
			}
			kept = done - at + int64(last) + 1
		}
		done += int64(len(b))
	}
	if out != nil {
		// A batch may well end with a few zeros.
		kept = min(kept+asideZeros, size-at)
		err = out.Truncate(kept)
	}
	return kept, err
}

// asideZeros is how many zeros at the end of a cut tail are kept.
const asideZeros = 64

func lastNonZero(b []byte) int {
	for i, x := range slices.Backward(b) {
		if x != 0 {
			return i
		}
	}
	return -1
}
