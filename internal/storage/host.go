package storage

import (
	"sync"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Host is what all logs of one node share: the file system and pooled memory.
// It has no end: what it pools holds no file, goroutine or timer.
type Host struct {
	fs        vfs.FS
	codecs    *compress.Pool
	appenders sync.Pool // of *appender
	buffers   segment.Buffers
	tails     tails
	// snapshotBytes is after how many bytes a log that is written to all the
	// time gets another snapshot of its producers: a recovery reads the headers
	// of as many.
	snapshotBytes int64
	elapsed       func() time.Duration // see TimeConversions
}

// appender is the memory of one append.
type appender struct {
	validator *batch.Validator
	rules     batch.Rules
	config    segment.Config
}

// NewHost makes a host. codecs may be shared with others.
func NewHost(fsys vfs.FS, codecs *compress.Pool) *Host {
	h := &Host{fs: fsys, codecs: codecs, snapshotBytes: 8 << 20}
	h.appenders.New = func() any { return &appender{validator: batch.NewValidator(codecs)} }
	return h
}

// TimeConversions gives the clock by which appends say how long it took to write
// records anew: it only goes on. It is called before the first log is opened.
func (h *Host) TimeConversions(elapsed func() time.Duration) { h.elapsed = elapsed }

// FS is the file system of the host.
func (h *Host) FS() vfs.FS { return h.fs }
