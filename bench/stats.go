package main

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Resamples and their seed: the same values give the same interval always.
const (
	resamples     = 10_000
	bootstrapSeed = 1
	// pairsForFact is how many pairs an interval needs to count.
	pairsForFact = 9
)

// median of the values, 0 of none.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// percentile gives the smallest value that p percent of the sorted values do
// not exceed.
func percentile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := int(math.Ceil(p*float64(len(sorted))/100-1e-9)) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}

// ratio is median(a) / median(b), with its 95 percent percentile bootstrap
// interval: pairs are drawn, with repetition, as often as there are pairs.
func ratio(a, b []float64) (r, low, high float64) {
	n := min(len(a), len(b))
	if n == 0 || median(b) == 0 {
		return math.NaN(), math.NaN(), math.NaN()
	}
	r = median(a) / median(b)
	rng := rand.New(rand.NewPCG(bootstrapSeed, bootstrapSeed))
	drawn := make([]float64, 0, resamples)
	as, bs := make([]float64, n), make([]float64, n)
	for range resamples {
		for i := range n {
			k := rng.IntN(n)
			as[i], bs[i] = a[k], b[k]
		}
		if m := median(bs); m != 0 {
			drawn = append(drawn, median(as)/m)
		}
	}
	slices.Sort(drawn)
	return r, percentile(drawn, 2.5), percentile(drawn, 97.5)
}

// fact says whether a ratio counts: it is 2 or more, either way, or at least
// nine pairs have an interval without 1.
func fact(r, low, high float64, pairs int) bool {
	if r >= 2 || r <= 0.5 {
		return true
	}
	return pairs >= pairsForFact && (low > 1 || high < 1)
}
