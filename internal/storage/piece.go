package storage

import (
	"errors"
	"fmt"
	"io"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Piece is the end of a log that is not on disk yet, as a sync journal takes it:
// a copy of its few bytes there makes it durable, and the segment's own sync may
// follow later.
type Piece struct {
	Log      string // the name of the log's directory
	Topic    kafka.TopicID
	Base     kafka.Offset // of the active segment
	Position int64        // in it
	Size     int
	End      kafka.Offset // the offset behind it

	segment *segment.Segment
	tail    []byte // its bytes, where the log remembers them
}

// Journal is what a log has to know of the sync journal of its directory. Its
// methods are called with locks of the log held, and take none of them.
type Journal interface {
	// Holds says whether pieces of the log in the journal may still count.
	Holds() bool
	// Forget makes the journal forget them, durably.
	Forget() error
}

// unknown is the place of the durable end where it is not known.
const unknown = -1

// BeginPiece gives the end of the log that is not on disk, if a journal can take
// it: it is at most limit bytes, lies in the active segment, and that would be
// found after a crash. Where ok, [Log.EndPiece] has to follow, and soon: no sync
// waits for it, but changes of the files do.
func (l *Log) BeginPiece(limit int) (p Piece, ok bool) {
	if !l.journaling.TryLock() {
		return Piece{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state != stateOpen || l.lost != nil || l.broken != nil || l.synced >= l.end || l.topicID.IsZero() || l.journal == nil ||
		l.durableAt == unknown || l.size-l.durableAt > int64(limit) ||
		l.unsynced.parent || l.unsynced.names || l.unsynced.metadata {
		l.journaling.Unlock()
		return Piece{}, false
	}
	active := l.segments[len(l.segments)-1] // there is one: durableAt is a place in it
	return Piece{
		Log: vfs.Base(l.dir), Topic: l.topicID, Base: active.Base, Position: l.durableAt, Size: int(l.size - l.durableAt),
		End: l.end, segment: active, tail: l.tailAt(l.durableAt),
	}, true
}

// errElsewhere says that a piece has to be made durable by a sync of its file.
var errElsewhere = errors.New("the piece is not known any more")

// Fits says whether a journal can probably take what of the log is not on disk:
// BeginPiece knows.
func (l *Log) Fits(limit int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.journal != nil && l.durableAt != unknown && l.size-l.durableAt <= int64(limit)
}

// Read reads the piece's bytes.
func (p *Piece) Read(into []byte) error {
	if len(p.tail) == len(into) {
		copy(into, p.tail)
		return nil
	}
	var found segment.Found
	if err := p.segment.ReadAt(p.Position, p.Position+int64(len(into)), &found); err != nil {
		return err
	}
	if found.File == nil {
		return errElsewhere
	}
	defer found.File.Release()
	if n, err := found.File.ReadAt(into, p.Position); n < len(into) {
		return fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)
	}
	return nil
}

// EndPiece says whether the journal has the piece, durably.
func (l *Log) EndPiece(p *Piece, durable bool) {
	defer l.journaling.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.trimTail()
	if !durable {
		return
	}
	l.synced = max(l.synced, min(p.End, l.end))
	if n := len(l.segments); n > 0 && l.segments[n-1] == p.segment {
		l.durableAt = max(l.durableAt, p.Position+int64(p.Size))
	}
}

// File makes durable in the segments what only a journal had: what was there
// when it began is in the segments' own files where done. Like Sync it holds no
// lock that an append waits for.
func (l *Log) File() (done bool, err error) {
	l.flushing.Lock()
	defer l.flushing.Unlock()
	return l.file()
}

// file is File with the lock flushing held. A log that was closed without a sync
// is not done; of one that is deleted nothing is needed.
func (l *Log) file() (done bool, err error) {
	end := l.LogEndOffset()
	s, ok, err := l.beginSync(true)
	if ok {
		err = l.syncNow(&s)
	}
	if err != nil {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.filed >= end || l.state == stateDeleted, nil
}

// unjournal makes sure that no journal puts anything back into the log, whose
// files are about to change in another way than by appends: what a journal had is
// synced, and the journal is told to forget it. replacing is held. Until release
// is called no journal takes anything of the log, and it is not synced.
func (l *Log) unjournal() (release func(), err error) {
	l.flushing.Lock()
	l.journaling.Lock()
	release = func() {
		l.journaling.Unlock()
		l.flushing.Unlock()
	}
	if l.journal == nil || !l.journal.Holds() {
		return release, nil
	}
	done, err := l.file()
	switch {
	case err == nil && !done:
		err = kafka.Errorf(kafka.ErrNotLeaderOrFollower, "the log of %s is closed, or loses files meanwhile", l.partition)
	case err == nil:
		err = l.journal.Forget()
	}
	if err != nil {
		release()
		return nil, err
	}
	return release, nil
}
