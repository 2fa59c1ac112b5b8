// Package storage keeps one partition's log in its directory, byte for byte as
// Kafka does: appends, reads, truncation, roll, retention, the producers' state,
// leader epochs, recovery. It knows batches, not requests, starts no goroutine
// and opens files only through vfs; who syncs, and when, is the caller's
// decision. Kind: disk
package storage

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/epoch"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/storage/producer"
	"github.com/gregor-stream/gregor/internal/storage/segment"
)

// Log is one partition's log. Its methods are safe for concurrent use: appends
// and other changes are serial among themselves; reads wait for none of their
// writes. An empty log has no files but partition.metadata, and an idle one
// holds none open.
//
// Locks, in the order in which they are taken: replacing, flushing, journaling,
// writing, mu, and a segment's own. A sync is done under the first three alone,
// for which no append and no read waits.
type Log struct {
	host      *Host
	partition kafka.TopicPartition
	topicID   kafka.TopicID
	config    atomic.Pointer[Config]
	journal   Journal // nil: no journal takes anything of the log

	replacing  sync.Mutex // the steps of a replacement, without truncation and retention in between
	flushing   sync.Mutex // one flush at a time
	journaling sync.Mutex // one piece at a time
	writing    sync.Mutex // appends and all other changes

	// Guarded by writing.
	producers producer.State
	snapshots []kafka.Offset // the snapshot files, in order
	unseen    bool           // see identifyLate
	lastSnap  kafka.Offset   // up to where the last one reaches
	kept      kept           // the one that was taken last within a segment
	doomed    []doomed       // renamed files that wait for their removal, by time
	doomTags  int            // how many of them were given a tag, see doomTag

	mu       sync.Mutex // guards what follows, shortly
	dir      string
	state    state
	broken   error              // why there can be no more appends
	lost     error              // why it is not known what is on disk: a sync failed
	segments []*segment.Segment // by base offset; replaced, never changed
	size     int64              // of the last segment, as readers may see it
	end      kafka.Offset       // log end offset
	start    kafka.Offset       // log start offset
	hw       kafka.Offset       // high watermark
	recovery kafka.Offset       // recovery point
	settled  kafka.Offset       // see Settled
	synced   kafka.Offset       // what is below is on disk; at least the recovery point
	filed    kafka.Offset       // what is below is on disk in the segments' own files
	unstable kafka.Offset       // first unstable offset, -1: none
	epochs   epoch.Cache
	recent   *bounds // where the last appends ended, nil while idle
	unsynced unsynced
	cuts     int // truncations, for a flush to see that there was one
	// durableAt is the position in the active segment below which all of it is on
	// disk, in its file or in the journal, and is found there; or unknown.
	durableAt int64
	tail      logTail
	cleaning  bool          // a Clean is under way
	used      bool          // read since the last CloseIdle
	touched   bool          // changed since the last Settle, perhaps
	appended  int64         // when the last append was, ms
	aside     *logdir.Aside // what recoveries keep beside it, nil: nothing
}

// state is how far a log's life has gone.
type state uint8

const (
	stateOpen state = iota
	stateClosed
	stateDeleted
)

// unsynced says what, beside the segments' own files, a flush has to sync.
type unsynced struct {
	parent    bool // the directory's own name
	names     bool // names in the directory
	metadata  bool // partition.metadata
	epochs    bool // leader-epoch-checkpoint is behind the cache
	snapshots []kafka.Offset
}

func (u *unsynced) any() bool {
	return u.parent || u.names || u.metadata || u.epochs || len(u.snapshots) > 0
}

// maxBounds is how many ends of appends are remembered: the high watermark of a
// replicated partition is nearly always one of them.
const maxBounds = 16

// bounds remembers where in the last segment the last appends ended.
type bounds struct {
	at   [maxBounds]struct{ offset, position int64 }
	next int
}

func (b *bounds) add(offset kafka.Offset, position int64) {
	b.at[b.next%maxBounds] = struct{ offset, position int64 }{int64(offset), position}
	b.next++
}

// find gives where an offset stands, -1 where it is not remembered.
func (b *bounds) find(offset kafka.Offset) int64 {
	if b == nil {
		return -1
	}
	for i := range min(b.next, maxBounds) {
		if b.at[i].offset == int64(offset) {
			return b.at[i].position
		}
	}
	return -1
}

// Partition names the partition.
func (l *Log) Partition() kafka.TopicPartition { return l.partition }

// Config is the configuration in force. It must not be changed.
func (l *Log) Config() *Config { return l.config.Load() }

// SetConfig puts another configuration in force.
func (l *Log) SetConfig(c *Config) { l.config.Store(c) }

// Dir is the log's directory; a deleted log is renamed.
func (l *Log) Dir() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dir
}

// LogStartOffset is the first offset that may be read.
func (l *Log) LogStartOffset() kafka.Offset {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.start
}

// LogEndOffset is the offset that the next record gets.
func (l *Log) LogEndOffset() kafka.Offset {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end
}

// RecoveryPoint is the offset below which everything is durable.
func (l *Log) RecoveryPoint() kafka.Offset {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.recovery
}

// HighWatermark is what SetHighWatermark said last.
func (l *Log) HighWatermark() kafka.Offset {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hw
}

// SetHighWatermark tells the log how far its records are replicated: retention,
// DeleteRecords and the last stable offset go by it. It is kept within the log.
func (l *Log) SetHighWatermark(hw kafka.Offset) {
	l.mu.Lock()
	l.hw = min(max(hw, l.start), l.end)
	decided := l.unstable >= 0
	l.mu.Unlock()
	if !decided {
		return
	}
	// Transactions whose markers are below it are stable now.
	l.writing.Lock()
	defer l.writing.Unlock()
	l.producers.HighWatermark(hw)
	l.noteUnstable()
}

// noteUnstable publishes the first unstable offset. writing is held.
func (l *Log) noteUnstable() {
	first, ok := l.producers.FirstUnstable()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unstable = kafka.NoOffset
	if ok {
		l.unstable = max(first, l.start)
	}
}

// LastStableOffset is the offset below which every transaction is decided and
// every record below the high watermark.
func (l *Log) LastStableOffset() kafka.Offset {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unstable >= 0 && l.unstable < l.hw {
		return l.unstable
	}
	return l.hw
}

// Size is the length of all segments in bytes.
func (l *Log) Size() int64 {
	segments, size := l.view()
	for i := range len(segments) - 1 {
		size += segments[i].Size()
	}
	return size
}

// Segments is how many segments the log has.
func (l *Log) Segments() int {
	segments, _ := l.view()
	return len(segments)
}

// view gives the segments and the readable size of the last.
func (l *Log) view() ([]*segment.Segment, int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.segments, l.size
}

// last gives the active segment, nil where there is none. writing is held, so
// that it stays the active one.
func (l *Log) last() *segment.Segment {
	segments, _ := l.view()
	if len(segments) == 0 {
		return nil
	}
	return segments[len(segments)-1]
}

// floor gives the index of the segment that offset lies in, -1 below all.
func floor(segments []*segment.Segment, offset kafka.Offset) int {
	at, found := slices.BinarySearchFunc(segments, offset, func(s *segment.Segment, o kafka.Offset) int {
		return int(min(max(s.Base-o, -1), 1))
	})
	if !found {
		at--
	}
	return at
}

// change begins a change of the log: it takes the writer's lock, or says why
// there can be no change.
func (l *Log) change() error {
	l.writing.Lock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state != stateOpen {
		l.writing.Unlock()
		return kafka.Errorf(kafka.ErrNotLeaderOrFollower, "the log of %s is closed", l.partition)
	}
	if l.broken != nil {
		l.writing.Unlock()
		return l.broken
	}
	l.touched = true
	return nil
}

// breakOff ends all appends: what the files hold is not known any more.
func (l *Log) breakOff(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = err
	}
}

// Producers lists the active producers, by id.
func (l *Log) Producers() []ProducerState {
	l.writing.Lock()
	defer l.writing.Unlock()
	entries := l.producers.Entries()
	states := make([]ProducerState, len(entries))
	for i, e := range entries {
		states[i] = ProducerState{
			ProducerID: e.ID, Epoch: e.Epoch, LastSequence: e.LastSequence(), LastTimestamp: e.LastTimestamp,
			CoordinatorEpoch: e.CoordinatorEpoch, TxnFirstOffset: e.TxnFirstOffset,
		}
	}
	return states
}

// BeginVerification says that a producer is about to write the first batch of a
// transaction, see producer.State: the guard goes with the append.
func (l *Log) BeginVerification(now time.Time, id kafka.ProducerID, epoch kafka.ProducerEpoch, sequence int32, v2 bool) (producer.Guard, error) {
	if err := l.change(); err != nil {
		return 0, err
	}
	defer l.writing.Unlock()
	return l.producers.BeginVerification(kafka.Timestamp(now.UnixMilli()), id, epoch, sequence, v2)
}

// ExpireProducers forgets producers that have been idle for longer than
// producer.id.expiration.ms.
func (l *Log) ExpireProducers(now time.Time) {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.producers.Expire(kafka.Timestamp(now.UnixMilli()), l.Config().ProducerIDExpirationMs)
}

// LatestEpoch is the leader epoch of the last append or assignment; -1: none.
func (l *Log) LatestEpoch() kafka.LeaderEpoch {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epochs.Latest()
}

// AssignEpoch says that epoch begins at start, as a new leader does.
func (l *Log) AssignEpoch(epoch kafka.LeaderEpoch, start kafka.Offset) error {
	if err := l.change(); err != nil {
		return err
	}
	defer l.writing.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.epochs.Assign(epoch, start) {
		l.unsynced.epochs = true
	}
	return nil
}

// EndOffsetForEpoch is Kafka's answer to OffsetForLeaderEpoch: the largest
// known epoch up to the asked one and where it ends; -1, -1 where unknown.
func (l *Log) EndOffsetForEpoch(epoch kafka.LeaderEpoch) (kafka.LeaderEpoch, kafka.Offset) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epochs.EndOffsetFor(epoch, l.end)
}

// EpochForOffset is the leader epoch of the record at an offset; -1: unknown.
func (l *Log) EpochForOffset(offset kafka.Offset) kafka.LeaderEpoch {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epochs.ForOffset(offset)
}
