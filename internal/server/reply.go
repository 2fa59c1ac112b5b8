package server

import (
	"time"

	"github.com/gregor-stream/gregor/internal/wire"
)

// Reply is what a session answers to one request.
type Reply struct {
	// Data is the response's bytes, its length prefix included; empty means
	// that the request has no answer (produce with acks=0).
	Data []byte
	// Parts are file sections that stand between the bytes of Data, in the
	// order of their places. They are readable until Done is called.
	Parts []wire.Part
	// Pending, if set, is asked for the response later; Data and Parts are
	// not used. The next request is executed meanwhile, and its answer waits.
	Pending Pending
	// Recycle says that nobody keeps a slice of the request's frame.
	Recycle bool
	// Close closes the connection when the answer is written.
	Close bool
	// About names the request to the observer. Remote is the time of Serve in
	// which it only waited, Asked the part of it that the client asked for.
	About         About
	Remote, Asked time.Duration
	// Conversion is what it took to write records anew, nil: none were. It is
	// read when the reply is written, for parts may be converted meanwhile.
	Conversion *Conversion
	// Done, if set, is called once when the reply is written or given up.
	Done func()
}

// Pending is a response that is not ready yet. One goroutine of the server asks
// it, and calls Release once and last: when the response is written, or given
// up because its connection is gone.
type Pending interface {
	// Ready says whether the response can be made. Where it cannot, wake is
	// called when it can: from any goroutine, without a lock. It never blocks.
	Ready(wake func()) bool
	// Deadline is when the response is made of what there is by then.
	Deadline() time.Time
	// AppendTo appends the response, its length prefix included, to dst.
	AppendTo(dst []byte) []byte
	// Release lets go of what the response holds.
	Release()
}
