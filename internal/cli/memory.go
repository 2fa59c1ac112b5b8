package cli

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The pace at which memory goes back to the system.
const (
	memoryLook = 5 * time.Second
	// memoryLeft is how much a burst may leave behind, in bytes.
	memoryLeft = 32 << 20
)

// returnMemory gives back to the system what a burst has left: the collector
// runs when memory is taken, so that a broker which has become quiet would hold
// its garbage for minutes. A broker that works is left alone.
func returnMemory(ctx context.Context) {
	ticker := time.NewTicker(memoryLook)
	defer ticker.Stop()
	cycles, _ := memoryState()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		cycles = giveBack(cycles)
	}
}

// giveBack collects, if nothing was collected since the cycle that it is told
// and much is left; it returns the cycle now.
func giveBack(before uint64) uint64 {
	cycles, left := memoryState()
	if cycles == before && left > memoryLeft {
		debug.FreeOSMemory()
		cycles, _ = memoryState()
	}
	return cycles
}

// memoryState is how often was collected, and how many bytes the heap holds
// that no living object needs.
func memoryState() (cycles, left uint64) {
	samples := []metrics.Sample{
		{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/unused:bytes"},
	}
	metrics.Read(samples)
	live, objects := samples[1].Value.Uint64(), samples[2].Value.Uint64()
	left = samples[3].Value.Uint64() + samples[4].Value.Uint64()
	if objects > live {
		left += objects - live
	}
	return samples[0].Value.Uint64(), left
}
