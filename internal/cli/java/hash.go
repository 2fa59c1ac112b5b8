// Package java holds what of Java shows through in the output of Kafka's
// commands: the order in which a HashMap gives its keys, the names and sentences
// of the exceptions, regular expressions, figures, times and random numbers as
// Java's library has them. Scripts compare such text, so ours is the same.
// Kind: pure
package java

import (
	"cmp"
	"slices"
	"unicode/utf16"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// DefaultCapacity is the capacity of a HashMap made without one.
const DefaultCapacity = 16

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

// HashPartition is TopicPartition.hashCode.
func HashPartition(p kafka.TopicPartition) int32 { return 31*(31+p.Partition) + Hash(p.Topic) }

// Order gives different keys in the order of a HashMap into which they were
// put one by one; a HashSet does the same. Where eight and more keys share a
// bucket a HashMap may differ: it makes a tree of it.
func Order[K any](keys []K, hash func(K) int32) []K { return OrderIn(keys, hash, DefaultCapacity) }

// CopyOrder is the order of new HashMap(map), where map lists keys as they
// stand: its table has the size of what was copied.
func CopyOrder[K any](keys []K, hash func(K) int32) []K {
	return OrderIn(keys, hash, int(float32(len(keys))/0.75+1))
}

// OrderIn is [Order] for a HashMap that was made with an initial capacity.
func OrderIn[K any](keys []K, hash func(K) int32, capacity int) []K {
	table := 1
	for table < capacity {
		table *= 2
	}
	for 4*len(keys) > 3*table {
		table *= 2
	}
	bucket := func(k K) int {
		h := uint32(hash(k)) //nolint:gosec // the bits are meant
		return int(h^h>>16) & (table - 1)
	}
	return slices.SortedStableFunc(slices.Values(keys), func(a, b K) int { return cmp.Compare(bucket(a), bucket(b)) })
}
