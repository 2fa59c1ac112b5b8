package metrics

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// A histogram's buckets: eight to each power of two, so that a quantile is
// right to an eighth. Values beyond 2^35 (nine and a half hours in
// microseconds) count as that.
const (
	subBits     = 3
	valueMax    = 1<<35 - 1
	bucketCount = (35-subBits)<<subBits + 1<<subBits
)

// Histogram counts values without lock or allocation. The zero value is empty.
// Its methods may be called from any goroutine.
type Histogram struct {
	sum     atomic.Int64
	buckets [bucketCount]atomic.Uint64
}

// Observe counts one value; a negative one counts as 0.
func (h *Histogram) Observe(v int64) {
	v = max(v, 0)
	h.sum.Add(v)
	h.buckets[bucketOf(v)].Add(1)
}

// ObserveTime counts a duration in microseconds.
func (h *Histogram) ObserveTime(d time.Duration) { h.Observe(d.Microseconds()) }

func bucketOf(v int64) int {
	u := uint64(min(v, valueMax)) //nolint:gosec // not negative
	if u < 1<<subBits {
		return int(u) //nolint:gosec // below 8
	}
	exponent := bits.Len64(u) - 1 - subBits
	return exponent<<subBits + int(u>>exponent) //nolint:gosec // below 16
}

// lowest is the least value of a bucket.
func lowest(bucket int) int64 {
	if bucket < 2<<subBits {
		return int64(bucket)
	}
	exponent := bucket>>subBits - 1
	return int64(bucket&(1<<subBits-1)+1<<subBits) << exponent
}

// Counts is a histogram at one moment.
type Counts struct {
	Sum     int64
	buckets [bucketCount]uint64
}

// Read copies the histogram.
func (h *Histogram) Read(into *Counts) {
	into.Sum = h.sum.Load()
	for i := range h.buckets {
		into.buckets[i] = h.buckets[i].Load()
	}
}

// Count is how many values there were.
func (c *Counts) Count() uint64 {
	var n uint64
	for _, b := range c.buckets {
		n += b
	}
	return n
}

// below is how many values were less than v, which is a power of two.
func (c *Counts) below(v int64) uint64 {
	var n uint64
	for _, b := range c.buckets[:bucketOf(v)] {
		n += b
	}
	return n
}

// quantiles are the values at the given ranks of what came since before; 0
// where nothing came. ranks rise.
func (c *Counts) quantiles(before *Counts, ranks []float64) []float64 {
	var total uint64
	for i := range c.buckets {
		total += c.buckets[i] - before.buckets[i]
	}
	out := make([]float64, len(ranks))
	var seen uint64
	at := 0
	for i := range c.buckets {
		seen += c.buckets[i] - before.buckets[i]
		for at < len(ranks) && total > 0 && float64(seen) >= ranks[at]*float64(total) {
			// The middle of the bucket; of those that hold one value, that value.
			out[at] = float64(lowest(i)+lowest(i+1)-1) / 2
			at++
		}
	}
	return out
}
