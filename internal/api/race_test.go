//go:build race

package api

// poolLosses is what a pool that loses things on purpose, as it does under the
// race detector, makes a request allocate.
const poolLosses = 20
