package timeline

// Value is one value in two layers. Make it with [NewValue].
type Value[V any] struct {
	registry  *Registry
	committed V
	pending   queue[V] // the uncommitted values, oldest first
}

// NewValue makes a value whose time is that of r; initial counts as committed.
func NewValue[V any](r *Registry, initial V) *Value[V] {
	return &Value[V]{registry: r, committed: initial}
}

// Get is the latest value.
func (v *Value[V]) Get() V {
	if n := v.pending.len(); n > 0 {
		return *v.pending.at(n - 1)
	}
	return v.committed
}

// GetCommitted is the committed value.
func (v *Value[V]) GetCommitted() V { return v.committed }

// Set writes the value, for the record that the registry is at.
func (v *Value[V]) Set(value V) {
	if v.registry.record(v) {
		v.pending.pushBack(value)
		return
	}
	v.committed = value
}

func (v *Value[V]) commitOldest() { v.committed = v.pending.popFront() }
func (v *Value[V]) revertNewest() { v.pending.popBack() }
