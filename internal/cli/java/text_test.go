package java

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
)

func TestHashCodesAreJavas(t *testing.T) {
	for text, want := range map[string]int32{"": 0, "a": 97, "topic": 110546223, "retention.ms": -1339220362, "hé😀": 5095076} {
		if got := Hash(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	if got := HashPartition(kafka.TopicPartition{Topic: "topic", Partition: 3}); got != 31*34+110546223 {
		t.Errorf("topic-3: %d", got)
	}
}

func TestMapOrderIsThatOfAHashMap(t *testing.T) {
	tests := []struct {
		keys     []int32
		capacity int
		want     []int32
	}{
		{[]int32{17, 1, 33, 2}, DefaultCapacity, []int32{17, 1, 33, 2}},                                                           // one bucket lists in the order of arrival
		{[]int32{16, 0, 5}, DefaultCapacity, []int32{16, 0, 5}},                                                                   // 16 is in bucket 0
		{[]int32{5, 3, 1}, 3, []int32{5, 1, 3}},                                                                                   // four buckets
		{[]int32{1, 0}, 1, []int32{0, 1}},                                                                                         // grown from one to four
		{[]int32{1 << 16, 0, 1}, DefaultCapacity, []int32{0, 1 << 16, 1}},                                                         // the upper half of a hash counts
		{[]int32{12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 16}, DefaultCapacity, []int32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16}}, // thirteen: 32 buckets
	}
	for _, test := range tests {
		if got := OrderIn(test.keys, HashInt, test.capacity); !slices.Equal(got, test.want) {
			t.Errorf("%v of %d: %v, want %v", test.keys, test.capacity, got, test.want)
		}
	}
}

func TestIncludeListMatchesWholeNames(t *testing.T) {
	tests := []struct{ pattern, matches, refuses string }{
		{"orders", "orders", "orders2 my-orders order"},
		{"a,b", "a b", "ab"},
		{" a | b ", "a b", "c"},
		{"'orders.*'", "orders orders-x", "xorders"},
		{"(?!__).*", "orders", "__consumer_offsets"},
		{`(\w)\1.*`, "aab", "abb"},
	}
	for _, test := range tests {
		p, err := IncludeList(test.pattern)
		if err != nil {
			t.Errorf("%q: %v", test.pattern, err)
			continue
		}
		for name := range strings.FieldsSeq(test.matches) {
			if !p.Match(name) {
				t.Errorf("%q does not match %q", test.pattern, name)
			}
		}
		for name := range strings.FieldsSeq(test.refuses) {
			if p.Match(name) {
				t.Errorf("%q matches %q", test.pattern, name)
			}
		}
	}
	if _, err := IncludeList("'a["); err == nil || err.Error() != "a[ is an invalid regex." {
		t.Errorf("%v", err)
	}
}

func TestDoublesAreWrittenAsJavaWritesThem(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0.0", 1024: "1024.0", 12.5: "12.5", 1e7: "1.0E7", 9999999: "9999999.0", 2048000000: "2.048E9",
		0.001: "0.001", 0.00001: "1.0E-5", -3: "-3.0", math.Inf(1): "Infinity", math.Inf(-1): "-Infinity",
	} {
		if got := Double(f); got != want {
			t.Errorf("%g: %s, want %s", f, got, want)
		}
	}
	if Double(math.NaN()) != "NaN" {
		t.Error("NaN")
	}
}

func TestAnErrorCodeIsAnException(t *testing.T) {
	for code, want := range map[kafka.Error]string{
		kafka.ErrUnknownTopicOrPartition:    "UnknownTopicOrPartitionException: This server does not host this topic-partition.",
		kafka.ErrTopicAuthorizationFailed:   "TopicAuthorizationException: Topic authorization failed.",
		kafka.ErrInvalidTopicException:      "InvalidTopicException: The request attempted to perform an operation on an invalid topic.",
		kafka.ErrRequestTimedOut:            "TimeoutException: The request timed out.",
		kafka.ErrElectionNotNeeded:          "ElectionNotNeededException: Leader election not needed for topic partition.",
		kafka.ErrOffsetOutOfRange:           "OffsetOutOfRangeException: The requested offset is not within the range of offsets maintained by the server.",
		kafka.ErrKafkaStorageError:          "KafkaStorageException: Disk error when trying to access log file on the disk.",
		kafka.ErrClusterAuthorizationFailed: "ClusterAuthorizationException: Cluster authorization failed.",
	} {
		if got := Throw(int16(code), nil).String(); got != "org.apache.kafka.common.errors."+want {
			t.Errorf("%v: %s", code, got)
		}
	}
	if got := Throw(int16(kafka.ErrInvalidConfig), new("no")).String(); got != "org.apache.kafka.common.errors.InvalidConfigurationException: no" {
		t.Error(got)
	}
	if Throw(0, nil) != nil {
		t.Error("success is no exception")
	}
}

func TestSplitLeavesOutAnEmptyTail(t *testing.T) {
	for text, want := range map[string]string{"a,b": "[a b]", "a,,b,,": "[a  b]", "": "[]", ",": "[]", "a": "[a]"} {
		if got := fmt.Sprint(Split(text, ",")); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
