package coordinator

import "unicode/utf16"

// PartitionFor is the partition of an internal topic that key belongs to:
// Java's String.hashCode over the UTF-16 code units, without its sign, modulo
// the number of partitions.
func PartitionFor(key string, partitions int32) int32 {
	return int32(uint32(JavaHash(key)) & 0x7fffffff % uint32(partitions))
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
