// Package jvm is what Kafka's commands show of the machine they run on: the
// order in which a HashMap lists its keys, regular expressions as Java reads
// them, how a double is written, and what an exception is called. Scripts
// compare such text, so ours is the same. Kind: pure
package jvm

import (
	"cmp"
	"slices"
	"unicode/utf16"
)

// DefaultCapacity is the capacity of a HashMap made without one.
const DefaultCapacity = 16

// StringHash is String.hashCode.
func StringHash(s string) int32 {
	var h int32
	for _, unit := range utf16.Encode([]rune(s)) {
		h = 31*h + int32(unit)
	}
	return h
}

// PartitionHash is the hashCode of org.apache.kafka.common.TopicPartition.
func PartitionHash(topic string, partition int32) int32 {
	return 31*(31+partition) + StringHash(topic)
}

// MapOrder returns keys, all different, in the order in which a
// java.util.HashMap of that initial capacity lists them, when they were put
// into it as they stand. A HashSet does the same.
func MapOrder[K any](keys []K, hash func(K) int32, capacity int) []K {
	size := tableSize(capacity)
	for len(keys) > size*3/4 {
		size *= 2
	}
	bucket := func(k K) uint32 {
		h := uint32(hash(k))
		return (h ^ h>>16) & uint32(size-1)
	}
	out := slices.Clone(keys)
	slices.SortStableFunc(out, func(a, b K) int { return cmp.Compare(bucket(a), bucket(b)) })
	return out
}

// CopyOrder is the order of new HashMap(map), where map lists keys as they
// stand.
func CopyOrder[K any](keys []K, hash func(K) int32) []K {
	return MapOrder(keys, hash, int(float32(len(keys))/0.75+1))
}

// tableSize is the power of two that holds a capacity.
func tableSize(capacity int) int {
	size := 1
	for size < capacity {
		size *= 2
	}
	return size
}
