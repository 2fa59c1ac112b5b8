package history

import (
	"slices"
	"sync"
	"time"
)

// Recorder takes down what the clients of one Go program do. Its methods may
// be called by several goroutines.
type Recorder struct {
	mu    sync.Mutex
	ops   []Op
	start time.Time // wall clock and monotonic: times go on evenly
	last  int64
	next  int // process
}

// NewRecorder begins a history. Its times are of the wall clock, so that those
// of other programs fit in.
func NewRecorder() *Recorder { return &Recorder{start: time.Now()} }

// Process is a new process number.
func (r *Recorder) Process() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next++
	return r.next - 1
}

// Invoke takes down that an operation begins, before it does.
func (r *Recorder) Invoke(op Op) { op.Type = Invoke; r.add(op) }

// Complete takes down how an operation ended, after it did.
func (r *Recorder) Complete(op Op) { r.add(op) }

func (r *Recorder) add(op Op) {
	r.mu.Lock()
	defer r.mu.Unlock()
	op.Time = max(r.start.UnixNano()+int64(time.Since(r.start)), r.last+1)
	r.last = op.Time
	r.ops = append(r.ops, op)
}

// Ops is what was taken down until now.
func (r *Recorder) Ops() []Op {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ops)
}
