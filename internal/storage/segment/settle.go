package segment

import (
	"errors"

	"github.com/gregor-stream/gregor/internal/vfs"
)

// SyncIndexes makes the indexes durable, as [Segment.Sync] does, and leaves the
// data alone. A deleted segment needs none.
func (s *Segment) SyncIndexes() error {
	s.mu.Lock()
	if s.gone {
		s.mu.Unlock()
		return nil
	}
	// What needs room comes first: on a full disk everything is still to be synced.
	if err := errors.Join(s.index.write(), s.times.write()); err != nil {
		s.mu.Unlock()
		return err
	}
	var names []string
	if s.txns.dirty {
		s.txns.dirty = false
		names = append(names, s.txns.name)
	}
	names, err := s.pendingIndexes(names)
	s.mu.Unlock()
	for _, name := range names {
		if err == nil {
			err = syncByName(s.FS, name)
		}
	}
	if vfs.IsPassing(err) {
		s.IndexesUnsynced()
	}
	return err
}
