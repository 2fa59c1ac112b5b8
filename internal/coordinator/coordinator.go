// Package coordinator is the contract between a coordinator's state machine (a
// shard: groups, transactions or share state of one partition of an internal
// topic) and the runtime that drives it. It knows no coordinator, no log and no
// goroutine. Kind: pure
//
// A shard has one shape. A decision reads the shard and returns a [Result]:
// records, a response, timers, changes of what is kept in memory only. The
// runtime replays the records, applies the changes, appends the records to the
// partition, and lets the response go when the high watermark has passed them.
// Loading a partition runs Replay on every record of its log, and nothing else.
package coordinator

import (
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// Record is one record of an internal topic: encoded key and value, as they
// stand in the log, each beginning with its version. A nil Value is a tombstone.
type Record struct {
	Key   []byte
	Value []byte
}

// Ticket names a request that waits for its answer. The runtime gives one to
// each request; a shard may keep it and answer it in a later result. Tickets
// are never reused; zero is nobody.
type Ticket uint64

// Answer is the response of a parked request. It goes out at once.
type Answer struct {
	Ticket   Ticket
	Response any
	Err      error // when not nil, the request failed and Response is nil
}

// TimerKey names a timer of a shard. Setting a timer replaces the one of the
// same key.
type TimerKey struct {
	Kind   uint8 // what it is for; the shard's own constants
	Group  string
	Member string
}

// Timer sets or cancels the timer of Key. A timer fires once.
type Timer struct {
	Key TimerKey
	At  time.Time // when it fires; the zero time cancels it
}

// Set is a timer that fires after d.
func Set(key TimerKey, now time.Time, d time.Duration) Timer {
	return Timer{Key: key, At: now.Add(d)}
}

// Cancel is a timer that is taken back.
func Cancel(key TimerKey) Timer { return Timer{Key: key} }

// Cancels says whether the timer is taken back instead of set.
func (t Timer) Cancels() bool { return t.At.IsZero() }

// Result is what a decision asks for. The zero value asks for nothing and
// answers nothing.
//
// The runtime carries it out in this order: Records are replayed and queued for
// the log; Apply runs; Timers are set; Answers and Send go out; Then decides what comes
// next, on the changed state, as part of the same write. When all records up to
// and with this result's are below the high watermark, Settled runs with nil
// and Response goes out. When they could not be written, Settled runs with the
// error and the request fails with it.
type Result struct {
	Records []Record
	// Divisible says that Records need not be written as a whole: they may be
	// split over batches (expired offsets). Otherwise records that do not fit
	// one batch fail with RECORD_LIST_TOO_LARGE.
	Divisible bool

	// Response answers the request that was decided on, when everything written
	// so far is committed. Where Parked is true there is none: the shard keeps
	// the request's ticket and will answer it.
	Response any
	Parked   bool
	// Err fails the request; nothing else of the result is then looked at.
	Err error

	Answers []Answer
	Timers  []Timer
	// Send is for others than who asks: the runtime hands it on and does not
	// look at it. It goes at once; what must not go before Records are committed
	// is sent by Settled.
	Send []any

	// Apply changes what the shard keeps in memory only. It cannot fail.
	Apply func()
	// Then decides on, after Apply.
	Then func(now time.Time) Result
	// Settled is called once, when the fate of Records is known.
	Settled func(now time.Time, err error) Result
}

// Respond is a result that only answers.
func Respond(response any) Result { return Result{Response: response} }

// Fail is a result that refuses.
func Fail(err error) Result { return Result{Err: err} }

// TopicRef names a topic that was deleted.
type TopicRef struct {
	Name string
	ID   kafka.UUID
}

// Shard is the state machine of one partition. It is used by one goroutine.
//
// Everything that Replay changes lies on a timeline: Commit makes it permanent
// below an offset, Revert takes it back from an offset on.
type Shard interface {
	// Replay changes the recorded state by the record at offset. It is the only
	// way in which recorded state changes. producer is -1 outside transactions.
	// An error is a record that cannot be understood: damage, not a newer kind
	// (those are kept aside or skipped).
	Replay(offset kafka.Offset, producer kafka.ProducerID, record Record) error
	// ReplayEnd ends the producer's transaction by the marker at offset.
	ReplayEnd(offset kafka.Offset, producer kafka.ProducerID, commit bool) error
	// Commit says that everything below end is committed.
	Commit(end kafka.Offset)
	// Revert forgets what was replayed at end and above. The result answers
	// those whose state went with it.
	Revert(now time.Time, end kafka.Offset) Result

	// Loaded is called once, when the log has been replayed to its end.
	Loaded(now time.Time) Result
	// Expire is called when a timer fires.
	Expire(now time.Time, key TimerKey) Result
	// Unload is called when the partition is led elsewhere: it answers all that
	// are parked. The shard is not used afterwards.
	Unload() []Answer
}
