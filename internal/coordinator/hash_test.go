package coordinator_test

import (
	"testing"

	"github.com/gregor-stream/gregor/internal/coordinator"
)

// TestJavaHash compares with what a JVM says: "…".hashCode().
func TestJavaHash(t *testing.T) {
	for s, want := range map[string]int32{
		"": 0, "a": 97, "group": 98629247, "__consumer_offsets": -970371369,
		"grüße": 98768023, "😀": 1772899, "polygenelubricants": -2147483648,
	} {
		if got := coordinator.JavaHash(s); got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
}

func TestPartitionForHasNoSign(t *testing.T) {
	if got := coordinator.PartitionFor("polygenelubricants", 50); got != 0 {
		t.Errorf("the smallest hash code is in partition %d, Kafka says 0", got)
	}
	if got := coordinator.PartitionFor("__consumer_offsets", 50); got != 19 {
		t.Errorf("got %d", got)
	}
}
