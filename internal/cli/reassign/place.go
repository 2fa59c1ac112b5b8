package reassign

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
)

// place proposes the replicas of a topic's partitions: leaders go round the
// brokers, the replicas of a partition are on as many racks as there are, and
// who follows whom changes from round to round. racks maps each broker to its
// rack.
func place(partitions, replicas int, racks map[int32]string, random *rand.Rand) ([][]int32, error) {
	switch {
	case len(racks) == 0:
		return nil, fmt.Errorf("All brokers are currently fenced, or have all their log directories cordoned.")
	case replicas > len(racks):
		return nil, fmt.Errorf("The target replication factor of %d cannot be reached because only %d broker(s) are registered or some brokers have all their log directories cordoned.", replicas, len(racks))
	}
	ring := stripe(racks)
	first := random.IntN(len(ring))
	out := make([][]int32, partitions)
	for i := range out {
		leader := (first + i) % len(ring)
		shift := i / len(ring)
		out[i] = follow(ring, racks, leader, shift, replicas)
	}
	return out, nil
}

// stripe lists the brokers so that neighbours are on different racks.
func stripe(racks map[int32]string) []int32 {
	byRack := make(map[string][]int32)
	for _, id := range slices.Sorted(maps.Keys(racks)) {
		byRack[racks[id]] = append(byRack[racks[id]], id)
	}
	groups := slices.Collect(maps.Values(byRack))
	slices.SortFunc(groups, func(x, y []int32) int { return cmp.Or(len(y)-len(x), int(x[0])-int(y[0])) })
	var ring []int32
	for row := range groups[0] {
		for _, g := range groups {
			if row < len(g) {
				ring = append(ring, g[row])
			}
		}
	}
	return ring
}

// follow picks the replicas of one partition: the leader, then brokers of
// racks that have none of them yet, then any.
func follow(ring []int32, racks map[int32]string, leader, shift, replicas int) []int32 {
	chosen := []int32{ring[leader]}
	used := map[string]bool{racks[ring[leader]]: true}
	for _, anyRack := range []bool{false, true} {
		for k := range len(ring) - 1 {
			id := ring[(leader+1+(k+shift)%(len(ring)-1))%len(ring)]
			if len(chosen) == replicas {
				return chosen
			}
			if !slices.Contains(chosen, id) && (anyRack || !used[racks[id]]) {
				chosen = append(chosen, id)
				used[racks[id]] = true
			}
		}
	}
	return chosen
}
