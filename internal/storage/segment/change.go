package segment

import (
	"errors"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Truncate removes the batch that holds offset and all after it.
func (s *Segment) Truncate(offset kafka.Offset, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(); err != nil {
		return err
	}
	at, err := s.position(offset)
	if err != nil {
		return err
	}
	return s.cut(at, offset, now)
}

// CutTail cuts the data at a position; next is the offset that follows.
func (s *Segment) CutTail(at int64, next kafka.Offset, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cut(at, next, now)
}

func (s *Segment) cut(at int64, offset kafka.Offset, now time.Time) error {
	if err := s.ready(); err != nil {
		return err
	}
	index, err := s.index.search(func(e []byte) bool { return s.indexOffset(e) >= offset })
	if err != nil {
		return err
	}
	times, err := s.times.search(func(e []byte) bool { return s.timeOffset(e) >= offset })
	if err != nil {
		return err
	}
	file, err := s.opened()
	if err != nil {
		return err
	}
	// The indexes first: an entry must never point behind the data.
	if err := errors.Join(s.index.truncate(index), s.times.truncate(times), s.txns.truncate(offset)); err != nil {
		return err
	}
	if err := file.file.Truncate(at); err != nil {
		return err
	}
	s.size, s.reserved, s.dirty = at, at, true
	s.sinceIndex = 0
	s.verified.cut(at)
	if at == 0 {
		s.created, s.firstKnown, s.firstStamp = kafka.Timestamp(now.UnixMilli()), true, kafka.NoTimestamp
	}
	return s.rereadStamp()
}

// rereadStamp finds the highest timestamp of what is left: it may be younger than
// the last entry of the time index.
func (s *Segment) rereadStamp() error {
	s.stampKnown = false
	if err := s.loadStamp(); err != nil {
		return err
	}
	return s.stampsBehind()
}

// stampsBehind looks for a higher timestamp behind the one that is known.
func (s *Segment) stampsBehind() error {
	at, err := s.floor(s.maxStampOffset)
	if err != nil {
		return err
	}
	return s.scan(at, s.size, indexAhead, func(sc *scanner) error {
		s.noteStamp(sc.MaxTimestamp, sc.Last)
		return nil
	})
}

// AppendAborted adds an aborted transaction to the transaction index.
func (s *Segment) AppendAborted(a AbortedTxn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.txns.append(a)
}

// ReserveAborted makes sure that the disk has room for n more aborted
// transactions.
func (s *Segment) ReserveAborted(n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.txns.reserve(n)
}

// Seal completes the segment's files: it is not appended to any more. The time
// index gets its last entry, the indexes are written, the reservation is let go.
func (s *Segment) Seal() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seal()
}

func (s *Segment) seal() error {
	if err := s.readyStamp(); err != nil {
		return err
	}
	err := errors.Join(s.addTime(), s.index.write(), s.times.write())
	if s.file != nil && s.reserved != s.size {
		err = errors.Join(err, s.release())
		s.reserved = s.size
	}
	return err
}

// release lets go of what is reserved behind the data. Zeros that are behind it,
// of preallocate=true, are gone with the next sync: a crash that brought them back
// would end the log there, whatever follows in the next segment.
func (s *Segment) release() error {
	length, err := s.file.file.Size()
	if err == nil && length != s.size {
		s.dirty = true
	}
	return errors.Join(err, s.file.file.Truncate(s.size))
}

// Sync makes the data and the aborted transactions durable; with all, the other
// indexes too. It holds no lock while it syncs, and may run beside everything
// else. After an error what is durable is not known, but for a full disk
// (vfs.IsNoSpace) and for what the process lacks for a moment (vfs.IsPassing):
// then no sync has failed, and everything is still to be synced.
func (s *Segment) Sync(all bool) error {
	s.mu.Lock()
	if all { // what needs room comes first
		if err := errors.Join(s.index.write(), s.times.write()); err != nil {
			s.mu.Unlock()
			return err
		}
	}
	dirty := s.dirty
	var file *File
	var err error
	if dirty {
		if file, err = s.opened(); err == nil {
			file.use()
			s.dirty = false
		}
	}
	var names []string
	if s.txns.dirty && err == nil {
		s.txns.dirty = false
		names = append(names, s.txns.name)
	}
	if all && err == nil {
		names, err = s.pendingIndexes(names)
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if file != nil {
		err = file.file.Sync()
		file.Release()
	}
	for _, name := range names {
		if err == nil {
			err = syncByName(s.FS, name)
		}
	}
	if vfs.IsPassing(err) { // a file could not be opened: its sync is still to come
		s.MarkUnsynced()
		s.IndexesUnsynced()
	}
	return err
}

// MarkUnsynced says that the data may not be on disk, though nobody has written
// any since the segment was opened.
func (s *Segment) MarkUnsynced() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dirty = true
}

// IndexesUnsynced says that the indexes may not be on disk, though nobody has
// written to them since the segment was opened.
func (s *Segment) IndexesUnsynced() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index.dirty, s.times.dirty, s.txns.dirty = true, true, true
}

// pendingIndexes writes what is missing in the index files and names those that
// are to be synced.
func (s *Segment) pendingIndexes(names []string) ([]string, error) {
	index, err := s.index.pending()
	if index {
		names = append(names, s.index.name)
	}
	times, more := s.times.pending()
	if times {
		names = append(names, s.times.name)
	}
	return names, errors.Join(err, more)
}

// syncByName syncs a file through a handle of its own, so that nobody can close
// it meanwhile. A file that is gone needs no sync.
func syncByName(fsys vfs.FS, name string) error {
	f, err := fsys.Open(name, vfs.Write)
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Close seals the segment and closes its files; the next use opens them again.
// Where it cannot be sealed the files stay open.
func (s *Segment) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.close()
}

func (s *Segment) close() error {
	if s.file != nil || !s.index.closed() || !s.times.closed() {
		if err := s.seal(); err != nil {
			return err // the entries are in memory alone: they would be lost
		}
	}
	err := errors.Join(s.index.close(), s.times.close())
	s.drop()
	return err
}

// CloseIdle is Close, unless the segment was used since the last CloseIdle.
func (s *Segment) CloseIdle() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if used := s.used; used {
		s.used = false
		return nil
	}
	return s.close()
}

// Abandon closes the files and writes nothing.
func (s *Segment) Abandon() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop()
	return errors.Join(s.index.abandon(), s.times.abandon())
}

// drop lets go of the data file. Readers of sections keep it open.
func (s *Segment) drop() {
	if s.file != nil {
		s.file.Release()
		s.file, s.reserved = nil, s.size
	}
}

// suffixes are those of a segment's files, the data last: a directory in which
// the data is still there is complete.
func suffixes() []string { return []string{IndexSuffix, TimeSuffix, TxnSuffix, LogSuffix} }

// Retire closes the files for good: the directory is about to be renamed.
// Sections that were handed out stay good. What is gone needs no sync, and there
// is no transaction index any more: what has its name soon is another log's.
func (s *Segment) Retire() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.txns.gone = true
	return s.retire()
}

func (s *Segment) retire() error {
	s.gone, s.dirty, s.txns.dirty = true, false, false
	s.drop()
	return errors.Join(s.index.abandon(), s.times.abandon())
}

// MarkDeleted renames the files to *.deleted, with a tag before it. Sections that
// were handed out stay good, and so does what the transaction index says: it is
// opened by its name, so that as long as the files wait for their removal no other
// segment of the same base may be given the same tag.
func (s *Segment) MarkDeleted(tag string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	// So that a reader who still has the segment sees that the transaction index
	// is gone, and does not take it for one that never was.
	err := s.txns.load()
	// The data first: without it the others are leftovers.
	s.deleted = tag + DeletedSuffix
	return errors.Join(err, s.retire(), s.rename(s.deleted))
}

// Rename gives the files the names of the segment with a suffix behind them: see
// the suffixes of a cleaning. Readers and writers notice nothing.
func (s *Segment) Rename(suffix string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rename(suffix)
}

// RenameData is Rename for the data alone.
func (s *Segment) RenameData(suffix string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.renameFile(&s.name, LogSuffix, suffix)
}

func (s *Segment) rename(suffix string) error {
	return errors.Join(
		s.renameFile(&s.name, LogSuffix, suffix), s.renameFile(&s.index.name, IndexSuffix, suffix),
		s.renameFile(&s.times.name, TimeSuffix, suffix), s.renameFile(&s.txns.name, TxnSuffix, suffix))
}

// renameFile renames one file, where it is there.
func (s *Segment) renameFile(name *string, kind, suffix string) error {
	to := s.Path(kind) + suffix
	if to == *name {
		return nil
	}
	if err := s.FS.Rename(*name, to); err != nil && !isMissing(err) {
		return err
	}
	*name = to
	return nil
}

// RemoveDeleted removes the files that MarkDeleted renamed. Their names may be
// another segment's from here on.
func (s *Segment) RemoveDeleted() error {
	s.mu.Lock()
	s.txns.gone = true
	s.mu.Unlock()
	var err error
	for _, suffix := range suffixes() {
		removed := s.FS.Remove(s.Path(suffix) + s.deleted)
		if removed != nil && !isMissing(removed) {
			err = errors.Join(err, removed)
		}
	}
	return err
}

// LastModified is when the data was last written, for segments without
// timestamps.
func (s *Segment) LastModified() (kafka.Timestamp, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return kafka.NoTimestamp, errGone
	}
	info, err := s.FS.Stat(s.name)
	if err != nil {
		return kafka.NoTimestamp, err
	}
	return kafka.Timestamp(info.ModTime.UnixMilli()), nil
}
