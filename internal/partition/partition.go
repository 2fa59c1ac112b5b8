// Package partition runs the partitions of one broker: each is a storage.Log,
// the replication state of its leader, and those who wait for it. The [Set]
// follows the metadata image: it makes, changes and removes partitions as the
// image says, opens their logs at the start, and does the housekeeping of all
// of them in one goroutine. No partition has a goroutine of its own.
// Kind: shell
package partition

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/replica"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
)

// Partition is one partition of this broker.
type Partition struct {
	set     *Set
	tp      kafka.TopicPartition
	topicID kafka.TopicID
	dir     *logDir

	// made is the log: set once, under mu, when it is opened; nil where it could
	// not be. A new partition's directory is made by the housekeeping goroutine
	// or by whoever needs it first, see [Partition.open]: ten thousand take
	// seconds on some file systems, and the metadata says that they exist.
	made   atomic.Pointer[storage.Log]
	config *atomic.Pointer[storage.Config] // the topic's
	// unopened is what the checkpoint files have for a log that could not be
	// opened: recovery point, log start, high watermark. They are kept for the
	// day when it can be.
	unopened [3]kafka.Offset
	// found: the start found its directory.
	found bool

	// role is what readers look at without a lock. It is replaced as a whole
	// by the publisher, under mu.
	role atomic.Pointer[role]

	// mu orders appends and changes of the role. It covers the one write of an
	// append; readers never take it.
	mu     sync.Mutex
	leader *replica.Leader

	// behind: a sync would move the high watermark or an acknowledgement, see
	// replica.Leader.Behind. Changed under mu.
	behind  atomic.Bool
	syncing atomic.Uint32 // a syncState, see committer
	// journaled is the last group of the sync journal with a piece of the log, 0:
	// none is. journalTurn is of whose turn of its halves; guarded by journaler.turn.
	journaled   atomic.Uint64
	journalTurn uint64
	waiting     waiting
	tally       tally

	// flushed is when the log was last flushed, in milliseconds; 0: not known.
	flushed atomic.Int64

	// memo is what the next start opens the log by; nil where it has to look.
	// memoTried: there is no better one before the log changes.
	memo      atomic.Pointer[logdir.Memo]
	memoTried atomic.Bool
	// cleaned is up to where the log was compacted, -1: nowhere. uncleanable: it
	// failed, and is not tried again before the next start.
	cleaned     atomic.Int64
	uncleanable atomic.Bool

	// troubled: the operator was told that the log fails. Once is enough: the
	// clients are told each time.
	troubled atomic.Bool
}

// role is what the broker is to a partition at one moment. It is immutable.
type role struct {
	leads   bool
	deleted bool
	leader  kafka.NodeID
	epoch   kafka.LeaderEpoch
	start   kafka.Offset // of the leader epoch: the log's end when it began
	offline error        // the log could not be opened, or its directory has failed: KAFKA_STORAGE_ERROR
}

// Name is the topic's name and the partition's number.
func (p *Partition) Name() kafka.TopicPartition { return p.tp }

// TopicID is the topic's id.
func (p *Partition) TopicID() kafka.TopicID { return p.topicID }

// Log is the partition's log, for whoever replays it; nil where it is offline.
func (p *Partition) Log() *storage.Log {
	log, err := p.open()
	if err != nil {
		return nil
	}
	return log
}

// LeaderEpoch is the newest known leader epoch, and the leader.
func (p *Partition) LeaderEpoch() (kafka.LeaderEpoch, kafka.NodeID) {
	r := p.role.Load()
	return r.epoch, r.leader
}

// Leads says whether this broker leads the partition.
func (p *Partition) Leads() bool { r := p.role.Load(); return r.leads && r.offline == nil }

// check refuses what only a leader does, and a request that knows another
// leader epoch; -1 is not compared.
func (r *role) check(epoch kafka.LeaderEpoch) error {
	switch {
	case r.deleted:
		return kafka.ErrUnknownTopicOrPartition
	case r.offline != nil:
		return r.offline
	case epoch >= 0 && epoch < r.epoch:
		return kafka.ErrFencedLeaderEpoch
	case epoch > r.epoch:
		return kafka.ErrUnknownLeaderEpoch
	case !r.leads:
		return kafka.ErrNotLeaderOrFollower
	}
	return nil
}

// Appended is what an append did.
type Appended struct {
	storage.AppendInfo
	// Acked says that it may be acknowledged as its acks ask for, or (AckErr)
	// that it never will; otherwise there is [Partition.AwaitAck].
	Acked  bool
	AckErr error
}

// Append checks and appends records, which it may change in place, as the
// leader. acks decides whether too small an in-sync set refuses it. The error
// carries Kafka's code; a *batch.RecordErrors names records.
func (p *Partition) Append(now time.Time, records []byte, acks int16, o storage.AppendOptions) (Appended, error) {
	return p.append(now, records, acks, kafka.NoLeaderEpoch, o)
}

// AppendIn is Append for who leads only within one epoch, as a coordinator
// does: NOT_LEADER_OR_FOLLOWER (or a fenced epoch) once it is over.
func (p *Partition) AppendIn(now time.Time, epoch kafka.LeaderEpoch, records []byte, o storage.AppendOptions) (Appended, error) {
	return p.append(now, records, -1, epoch, o)
}

func (p *Partition) append(now time.Time, records []byte, acks int16, epoch kafka.LeaderEpoch, o storage.AppendOptions) (Appended, error) {
	bytes := len(records)
	done, err := p.appendTo(now, records, acks, epoch, o)
	p.countAppend(&done.AppendInfo, bytes, err)
	return done, err
}

func (p *Partition) appendTo(now time.Time, records []byte, acks int16, epoch kafka.LeaderEpoch, o storage.AppendOptions) (done Appended, err error) {
	p.mu.Lock()
	r := p.role.Load()
	if err := r.check(epoch); err != nil {
		p.mu.Unlock()
		return done, err
	}
	if err := p.leader.CheckAppend(acks); err != nil {
		p.mu.Unlock()
		return done, err
	}
	if err := p.full(); err != nil {
		p.mu.Unlock()
		return done, err
	}
	log, err := p.openLocked()
	if err != nil {
		p.mu.Unlock()
		return done, err
	}
	done.AppendInfo, err = log.AppendAsLeader(now, records, r.epoch, o)
	if err != nil {
		p.mu.Unlock()
		return done, p.refused("append", err)
	}
	effect := p.leader.Appended(now, log.LogEndOffset(), p.set.brokers())
	p.apply(effect)
	done.Acked, done.AckErr = p.leader.Acknowledged(acks, done.LastOffset+1)
	p.mu.Unlock()
	if effect.Advanced {
		p.waiting.wake()
	}
	p.hasten()
	return done, p.set.appended(p, log, &done)
}

// apply carries out what the leader's state asks for. The caller holds mu and
// wakes those who wait after it has let go.
func (p *Partition) apply(e replica.Effect) {
	if e.Advanced {
		if log := p.made.Load(); log != nil {
			log.SetHighWatermark(p.leader.HighWatermark())
		}
		p.dir.highWatermarks.Store(true)
	}
	if behind := p.leader.Behind(); behind != p.behind.Load() {
		p.behind.Store(behind)
	}
	if e.Sync {
		p.dir.committer.ask(p)
	}
	// A proposal for the in-sync set has nobody to go to before there are
	// followers; replication sends it from here.
}

// HighWatermark is how far consumers may read.
func (p *Partition) HighWatermark() kafka.Offset {
	log := p.made.Load()
	if log == nil {
		return 0
	}
	return log.HighWatermark()
}

// LogStartOffset is the first offset that may be read; -1 where the log is
// offline.
func (p *Partition) LogStartOffset() kafka.Offset {
	log, err := p.readable()
	if err != nil {
		return kafka.NoOffset
	}
	return log.LogStartOffset()
}

// AbortedIn appends to dst the aborted transactions of what was read.
func (p *Partition) AbortedIn(dst []storage.AbortedTxn, read *storage.Fetched) ([]storage.AbortedTxn, error) {
	log, err := p.readable()
	if err != nil {
		return dst, err
	}
	dst, err = log.AbortedIn(dst, read)
	p.trouble("read the transaction index of", err)
	return dst, err
}
