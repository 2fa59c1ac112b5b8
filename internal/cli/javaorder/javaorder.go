// Package javaorder gives the order in which a Java HashMap lists its keys:
// Kafka's commands print in that order, and scripts compare what is printed.
// Kind: pure
package javaorder

import (
	"cmp"
	"slices"
	"unicode/utf16"
)

// Strings gives names in the order of a HashMap into which they were put one
// after the other.
func Strings(names []string) []string {
	buckets := 16
	for len(names)*4 > buckets*3 {
		buckets *= 2
	}
	return ordered(names, buckets, hash)
}

// CopiedStrings gives names in the order of a HashMap that is a copy of
// another map: its table has the size of what was copied.
func CopiedStrings(names []string) []string { return ordered(names, copiedBuckets(len(names)), hash) }

// CopiedInts gives numbers in the order of a HashMap that is a copy of another
// map.
func CopiedInts(numbers []int32) []int32 {
	spread := func(n int32) uint32 { h := uint32(n); return h ^ h>>16 } //nolint:gosec // as Java does
	return ordered(numbers, copiedBuckets(len(numbers)), spread)
}

func copiedBuckets(count int) int {
	buckets := 1
	for buckets < count*4/3+1 {
		buckets *= 2
	}
	return buckets
}

// ordered sorts keys by their bucket; those in one bucket stay as they came.
func ordered[K any](keys []K, buckets int, hash func(K) uint32) []K {
	out := slices.Clone(keys)
	mask := uint32(buckets - 1) //nolint:gosec // a power of two
	slices.SortStableFunc(out, func(a, b K) int { return cmp.Compare(hash(a)&mask, hash(b)&mask) })
	return out
}

// hash is a string's hash in a HashMap.
func hash(s string) uint32 {
	var h uint32
	for _, c := range utf16.Encode([]rune(s)) {
		h = 31*h + uint32(c)
	}
	return h ^ h>>16
}
