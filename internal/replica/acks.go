package replica

import "github.com/gregor-stream/gregor/internal/kafka"

// Ack is an acknowledgement that waits until everything below End is as safe as
// Acks asks for. Its memory belongs to who waits, so that waiting takes none.
//
// Who waits fills in the fields that are exported, pushes it into one list, and
// leaves it alone until Done is told, or [Acks.Remove] has said true: one of the
// two comes, and once. Then it is free for the next.
type Ack struct {
	Acks int16
	End  kafka.Offset
	Done Acked
	At   int // for Done: which of its acknowledgements this is

	// Invariant: listed says that it is in an [Acks]; next is the one behind it
	// there, or behind it among those that are decided.
	listed     bool
	next, prev *Ack
	err        error
}

// Acked is told that an acknowledgement is decided: that the records are safe,
// or why they never will be. It holds no lock of the caller's, and a is its own
// again.
type Acked interface {
	Acked(a *Ack, err error)
}

// Acks is a list of acknowledgements that wait, in the order in which they
// came. The zero value is empty. Its caller holds a lock around each call, the
// same for all.
type Acks struct{ first, last *Ack }

// Push adds a. It panics where a waits already.
func (l *Acks) Push(a *Ack) {
	if a.listed {
		panic("replica: an acknowledgement waits twice")
	}
	a.listed, a.next, a.prev, a.err = true, nil, l.last, nil
	if l.last == nil {
		l.first = a
	} else {
		l.last.next = a
	}
	l.last = a
}

// Remove takes a out, which waits in this list or in none: false says that it
// waits no more, so that Done was told, or is about to be.
func (l *Acks) Remove(a *Ack) bool {
	if !a.listed {
		return false
	}
	if a.prev == nil {
		l.first = a.next
	} else {
		a.prev.next = a.next
	}
	if a.next == nil {
		l.last = a.prev
	} else {
		a.next.prev = a.prev
	}
	a.listed, a.next, a.prev = false, nil, nil
	return true
}

// Decide takes out all that are decided, in order. They are told by
// [Decided.Tell], once the caller has let go of its lock.
func (l *Acks) Decide(decided func(a *Ack) (ok bool, err error)) Decided {
	var out Decided
	var last *Ack
	for a := l.first; a != nil; {
		next := a.next
		if ok, err := decided(a); ok {
			l.Remove(a)
			a.err = err
			if last == nil {
				out.first = a
			} else {
				last.next = a
			}
			last = a
			out.Count++
		}
		a = next
	}
	return out
}

// Decided are acknowledgements that wait no more and have not been told.
type Decided struct {
	Count int
	first *Ack
}

// Tell tells all, once, without a lock.
func (d Decided) Tell() {
	for a := d.first; a != nil; {
		next, err := a.next, a.err
		a.next, a.err = nil, nil
		a.Done.Acked(a, err) // from here on a may be somebody else's
		a = next
	}
}
