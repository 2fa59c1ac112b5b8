//go:build !race

package server

// poolLosses is what the collector may empty a pool of meanwhile.
const poolLosses = 0.1
