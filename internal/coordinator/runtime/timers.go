package runtime

import (
	"container/heap"
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
)

// timers are the timers of a shard, soonest first. Their number is bounded by
// the shard's groups and members.
type timers struct {
	byKey map[coordinator.TimerKey]*timer
	heap  timerHeap
}

type timer struct {
	key   coordinator.TimerKey
	at    time.Time
	order uint64 // breaks ties: the order of setting
	i     int    // in the heap
}

func newTimers() *timers { return &timers{byKey: map[coordinator.TimerKey]*timer{}} }

// set sets or cancels a timer.
func (t *timers) set(order uint64, to coordinator.Timer) {
	have := t.byKey[to.Key]
	switch {
	case to.Cancels() && have == nil:
	case to.Cancels():
		heap.Remove(&t.heap, have.i)
		delete(t.byKey, to.Key)
	case have == nil:
		have = &timer{key: to.Key, at: to.At, order: order}
		t.byKey[to.Key] = have
		heap.Push(&t.heap, have)
	default:
		have.at, have.order = to.At, order
		heap.Fix(&t.heap, have.i)
	}
}

// next is when the soonest fires.
func (t *timers) next() (time.Time, bool) {
	if len(t.heap) == 0 {
		return time.Time{}, false
	}
	return t.heap[0].at, true
}

// due takes out the soonest timer, where it is due.
func (t *timers) due(now time.Time) (coordinator.TimerKey, bool) {
	if len(t.heap) == 0 || t.heap[0].at.After(now) {
		return coordinator.TimerKey{}, false
	}
	first := heap.Pop(&t.heap).(*timer)
	delete(t.byKey, first.key)
	return first.key, true
}

// timerHeap implements heap.Interface.
type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(a, b int) bool {
	if !h[a].at.Equal(h[b].at) {
		return h[a].at.Before(h[b].at)
	}
	return h[a].order < h[b].order
}

func (h timerHeap) Swap(a, b int) {
	h[a], h[b] = h[b], h[a]
	h[a].i, h[b].i = a, b
}

func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.i = len(*h)
	*h = append(*h, t)
}

func (h *timerHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return t
}
