package cli

import "testing"

// burst leaves garbage behind.
func burst() int {
	n := 0
	for range 4 {
		b := make([]byte, 32<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		n += len(b)
	}
	return n
}

func TestWhatABurstLeavesGoesBack(t *testing.T) {
	if burst() == 0 {
		t.Fatal("no burst")
	}
	for range 10 { // other tests' garbage may have been collected between
		cycles, _ := memoryState()
		giveBack(cycles)
		if _, left := memoryState(); left < memoryLeft {
			return
		}
	}
	_, left := memoryState()
	t.Errorf("%d bytes are left", left)
}
