package timeline

// queue is a ring that grows and gives its memory back when it is empty and was
// large. Its bound is its user's: the uncommitted writes of a shard.
type queue[T any] struct {
	ring  []T // its length is 0 or a power of two
	first int
	count int
}

// keep is the largest ring that an empty queue keeps.
const keep = 1024

func (q *queue[T]) len() int { return q.count }

// at is the i-th element from the front.
func (q *queue[T]) at(i int) *T { return &q.ring[(q.first+i)&(len(q.ring)-1)] }

func (q *queue[T]) pushBack(v T) {
	if q.count == len(q.ring) {
		ring := make([]T, max(4, 2*len(q.ring)))
		n := copy(ring, q.ring[q.first:])
		copy(ring[n:], q.ring[:q.first])
		q.ring, q.first = ring, 0
	}
	q.count++
	*q.at(q.count - 1) = v
}

func (q *queue[T]) popFront() T {
	slot := q.at(0)
	v := *slot
	*slot = *new(T)
	q.first = (q.first + 1) & (len(q.ring) - 1)
	q.count--
	q.shrink()
	return v
}

func (q *queue[T]) popBack() T {
	slot := q.at(q.count - 1)
	v := *slot
	*slot = *new(T)
	q.count--
	q.shrink()
	return v
}

func (q *queue[T]) shrink() {
	if q.count == 0 && len(q.ring) > keep {
		q.ring, q.first = nil, 0
	}
}
