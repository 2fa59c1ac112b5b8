// Package java holds what of Java shows through in the output of Kafka's
// commands: the order in which a HashMap gives its keys, the names and sentences
// of the exceptions, figures, times and random numbers as Java's library has
// them. Kind: pure
package java

import (
	"cmp"
	"slices"
	"unicode/utf16"
)

// smallTable is how many buckets a HashMap begins with.
const smallTable = 16

// Hash is String.hashCode.
func Hash(s string) int32 {
	var h int32
	for _, unit := range utf16.Encode([]rune(s)) {
		h = 31*h + int32(unit)
	}
	return h
}

// HashInt is Integer.hashCode.
func HashInt(n int32) int32 { return n }

// Partition is a partition of a topic, as the commands keep them in maps.
type Partition struct {
	Topic     string
	Partition int32
}

// HashPartition is TopicPartition.hashCode.
func HashPartition(p Partition) int32 { return 31*(31+p.Partition) + Hash(p.Topic) }

// Order gives different keys in the order of a HashMap into which they were
// put one by one. Where eight and more keys share a bucket a HashMap may
// differ: it makes a tree of it.
func Order[K any](keys []K, hash func(K) int32) []K {
	table := smallTable
	for 4*len(keys) > 3*table {
		table *= 2
	}
	bucket := func(k K) int {
		h := uint32(hash(k)) //nolint:gosec // the bits are meant
		return int(h^h>>16) & (table - 1)
	}
	return slices.SortedStableFunc(slices.Values(keys), func(a, b K) int { return cmp.Compare(bucket(a), bucket(b)) })
}
