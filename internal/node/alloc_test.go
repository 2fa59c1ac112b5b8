package node

import "testing"

// TestProduceAndFetchAllocateNothing holds the path from the socket to the file
// and back to its budget: nothing for each request, once connection and pools
// are warm. The allowance is for the collector emptying a pool meanwhile.
func TestProduceAndFetchAllocateNothing(t *testing.T) {
	_, r := onDisk(t)
	id := r.topic("t", 3)
	for _, c := range []struct {
		name  string
		frame []byte
		max   float64
	}{
		{"produce", produceFrame(id, -1, 3, 100, 100), 0.5},
		{"produce, acks=1", produceFrame(id, 1, 3, 100, 100), 0.5},
		{"fetch", fetchFrame(id, 0, 1<<20), 1},
		{"fetch of one batch", fetchFrame(id, 0, 1), 1},
	} {
		turn := func() {
			r.send(c.frame)
			r.receive()
		}
		for range 20 {
			turn()
		}
		if got := testing.AllocsPerRun(500, turn); got > c.max+raceAllocs {
			t.Errorf("%s: %v allocations a request, at most %v are allowed", c.name, got, c.max)
		}
	}
}
