//go:build race

package node

// raceAllocs is what the race detector itself may allocate in a request.
const raceAllocs = 20
