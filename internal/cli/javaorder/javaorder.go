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
	out := slices.Clone(names)
	slices.SortStableFunc(out, func(a, b string) int {
		return cmp.Compare(hash(a)&uint32(buckets-1), hash(b)&uint32(buckets-1)) //nolint:gosec // a power of two
	})
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

// CopiedInts gives numbers in the order of a HashMap that is a copy of the map
// into which they were put: its table has another size.
func CopiedInts(numbers []int32) []int32 {
	buckets := 1
	for buckets < len(numbers)*4/3+1 {
		buckets *= 2
	}
	bucket := func(n int32) uint32 { h := uint32(n); return (h ^ h>>16) & uint32(buckets-1) } //nolint:gosec // as Java does
	out := slices.Clone(numbers)
	slices.SortStableFunc(out, func(a, b int32) int { return cmp.Compare(bucket(a), bucket(b)) })
	return out
}
