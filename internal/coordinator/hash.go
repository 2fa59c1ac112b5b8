package coordinator

import (
	"slices"
	"unicode/utf16"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// PartitionFor is the partition of an internal topic that key belongs to: the
// absolute value of Java's String.hashCode over the UTF-16 code units (that of
// the smallest number is 0), modulo the number of partitions.
func PartitionFor(key string, partitions int32) int32 {
	h := JavaHash(key)
	if h < 0 {
		h = max(-h, 0)
	}
	return h % partitions
}

// JavaHash is Java's String.hashCode.
func JavaHash(s string) int32 {
	h := int32(0)
	for _, r := range s {
		if r > 0xffff {
			high, low := utf16.EncodeRune(r)
			h = 31*(31*h+high) + low
			continue
		}
		h = 31*h + r
	}
	return h
}

// JavaBuckets is the size of the table of a Java HashMap with so many entries.
func JavaBuckets(entries int) int32 {
	buckets := int32(16)
	for int32(entries) > buckets/4*3 {
		buckets *= 2
	}
	return buckets
}

// JavaBucket is the place of a hash code in such a table: a HashMap is walked
// in the order of its buckets, and within one in the order of insertion. Where
// Kafka leaves an order to that, clients have seen it and so it is kept.
func JavaBucket(hash, buckets int32) int32 {
	return (hash ^ int32(uint32(hash)>>16)) & (buckets - 1)
}

// InJavaOrder is a list of different keys in the order of a HashMap of them.
func InJavaOrder[T any](list []T, hash func(T) int32) []T {
	buckets := JavaBuckets(len(list))
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b T) int {
		return int(JavaBucket(hash(a), buckets) - JavaBucket(hash(b), buckets))
	})
	return out
}

// PartitionHash is the hash code of Kafka's TopicPartition.
func PartitionHash(p kafka.TopicPartition) int32 { return 31*(31+p.Partition) + JavaHash(p.Topic) }
