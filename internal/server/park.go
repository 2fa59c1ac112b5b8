package server

import (
	"sync"
	"time"
)

// parking is what a connection has to wait for parked replies. It is made with
// the first of them, and used for all that come after.
type parking struct {
	// woken holds at most one wake-up. One that comes late, from a reply that was
	// given up, makes the writer look once more.
	woken chan struct{}
	wake  func() // puts one in
	write func() // the writer, bound once
	// timer runs while the writer waits for a reply that has a deadline.
	timer *time.Timer
	// abandon is closed when the connection breaks, so that the writer waits for
	// no parked reply.
	abandon chan struct{}
}

func newParking(write func()) *parking {
	p := &parking{woken: make(chan struct{}, 1), write: write, timer: time.NewTimer(time.Hour), abandon: make(chan struct{})}
	p.timer.Stop()
	p.wake = func() {
		select {
		case p.woken <- struct{}{}:
		default:
		}
	}
	return p
}

// wait waits until the response can be made, or has to be; false where the
// connection was given up first.
func (p *parking) wait(reply Pending) bool {
	if reply.Ready(p.wake) {
		return true
	}
	p.timer.Reset(time.Until(reply.Deadline()))
	defer p.timer.Stop()
	for {
		select {
		case <-p.woken:
			if reply.Ready(p.wake) {
				return true
			}
		case <-p.timer.C:
			return true
		case <-p.abandon:
			return false
		}
	}
}

// replies is a queue of at most queueMax replies. Its memory comes from the
// server's pool, and is there only while it is not empty.
//
//	all | written | waiting ...  |
//	    0         first        len
type replies struct {
	all   []queued
	first int
}

func (r *replies) len() int { return len(r.all) - r.first }

func (r *replies) push(q queued) {
	if r.first > 0 && len(r.all) == cap(r.all) {
		n := copy(r.all, r.all[r.first:])
		clear(r.all[n:])
		r.all, r.first = r.all[:n], 0
	}
	r.all = append(r.all, q)
}

func (r *replies) pop() queued {
	q := r.all[r.first]
	r.all[r.first] = queued{}
	if r.first++; r.first == len(r.all) {
		r.all, r.first = r.all[:0], 0
	}
	return q
}

// replyPool keeps the memory of queues that are empty.
type replyPool struct{ free sync.Pool }

func (p *replyPool) get() *replies {
	if r, ok := p.free.Get().(*replies); ok {
		return r
	}
	return &replies{all: make([]queued, 0, repliesMin)}
}

// put takes an empty queue.
func (p *replyPool) put(r *replies) { p.free.Put(r) }

// repliesMin is the room of a new queue: one reply is with the writer, and most
// clients have five requests under way.
const repliesMin = 4
