package server

import (
	"math/bits"
	"sync"
)

// Size classes are powers of two from 512 bytes to 4 MiB. Larger buffers are
// made for one request and left to the collector: keeping them would pin
// memory that is needed once.
const (
	minClassBits = 9
	maxClassBits = 22
)

// buffer is a slice in a pool. The struct travels, so that putting a buffer
// back allocates nothing.
type buffer struct {
	b     []byte
	class int // -1: not pooled
}

// buffers is the server's pool of frames and replies.
type buffers struct {
	classes [maxClassBits - minClassBits + 1]sync.Pool
}

// get returns a buffer with len 0 and room for at least n bytes.
func (p *buffers) get(n int) *buffer {
	class := max(bits.Len(uint(max(n, 1)-1)), minClassBits) - minClassBits
	if class >= len(p.classes) {
		return &buffer{b: make([]byte, 0, n), class: -1}
	}
	if b, ok := p.classes[class].Get().(*buffer); ok {
		return b
	}
	return &buffer{b: make([]byte, 0, 1<<(class+minClassBits)), class: class}
}

// put gives b back; nobody may use it or its bytes afterwards. A slice that
// grew beyond its class changes class with its capacity.
func (p *buffers) put(b *buffer) {
	if b == nil {
		return
	}
	class := bits.Len(uint(cap(b.b))) - 1 - minClassBits
	if class < 0 || class >= len(p.classes) {
		return
	}
	b.b, b.class = b.b[:0], class
	p.classes[class].Put(b)
}
