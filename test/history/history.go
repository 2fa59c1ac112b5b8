// Package history decides whether a history of sends, polls and transactions
// is one that a correct log can have. The rules are those of Jepsen's Kafka
// workload (jepsen.tests.kafka), told again in Go: a write that was lost, an
// aborted one that was read, two values at one offset, a poll that skipped, a
// cycle of transactions. It talks to no broker, and it only reads what it is
// given: who runs the clients writes the history. docs/history-checker.md says
// how a verdict is read. Kind: test
package history

// Type is which side of an operation a line is.
type Type string

// An operation begins with [Invoke] and ends with one of the other three. One
// that never ends counts as [Info].
const (
	Invoke Type = "invoke"
	OK     Type = "ok"   // it happened
	Info   Type = "info" // it may have happened, and may yet happen
	Fail   Type = "fail" // it did not happen, and never will
)

// Func is what an operation does.
type Func string

// What a client does. Sends and polls of one operation of kind [Txn], and
// several sends of one [Send], are one transaction: all of them count, or none.
const (
	Send      Func = "send"      // sends only
	Poll      Func = "poll"      // polls only
	Txn       Func = "txn"       // sends and polls
	Assign    Func = "assign"    // the client reads exactly Keys from now on
	Subscribe Func = "subscribe" // the group decides which of Keys it reads
	Crash     Func = "crash"     // the client is gone; its process makes no more operations
	Watermark Func = "watermark" // the client asked where the keys end
)

// Unknown is the offset of a send whose answer did not come.
const Unknown = -1

// Op is one line of a history: an operation begins, or it ends. The order of
// the lines is the order of time.
type Op struct {
	// Process made it. A process makes one operation at a time, and is one
	// producer and one consumer; who starts anew is another process.
	Process int   `json:"process"`
	Time    int64 `json:"time"` // nanoseconds, of one clock for all processes
	Type    Type  `json:"type"`
	F       Func  `json:"f"`
	// Micro are the sends and polls in their order, of a transaction, a send
	// or a poll. Those of an invocation have no offsets and no records yet.
	Micro []Micro `json:"micro,omitempty"`
	Keys  []int   `json:"keys,omitempty"` // of assign and subscribe
	// FromStart says that an assign seeks to the beginning of its keys.
	FromStart bool `json:"fromStart,omitempty"`
	// Rebalanced are keys that were given or taken while the operation ran.
	Rebalanced []int `json:"rebalanced,omitempty"`
	// Ends are the high watermarks that a watermark was told: the value of a
	// record means nothing there.
	Ends  []Record `json:"ends,omitempty"`
	Error string   `json:"error,omitempty"` // why it failed, or is not known
}

// Micro is one step of an operation: a send, or a poll.
type Micro struct {
	Send *Record  `json:"send,omitempty"`
	Poll []Record `json:"poll,omitempty"` // in the order in which they came
}

// Record is a value at an offset of a key. A key stands for one partition of
// one topic. A value is sent to a key once in a whole history, so that who
// reads it knows who wrote it. As JSON it is [key, offset, value].
type Record struct {
	Key    int
	Offset int64 // [Unknown] if it is not known
	Value  int64
}

// moves tells whether an operation sends or polls.
func (o *Op) moves() bool { return o.F == Send || o.F == Poll || o.F == Txn }
