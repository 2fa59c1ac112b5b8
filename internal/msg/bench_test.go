package msg

import (
	"fmt"
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
)

func produceRequest(partitions int) *ProduceRequest {
	m := NewProduceRequest()
	m.Acks = -1
	for i := range partitions {
		m.TopicData = append(m.TopicData, ProduceRequestTopicProduceData{
			Name: fmt.Sprint("topic-", i), TopicId: kafka.UUID{byte(i)},
			PartitionData: []ProduceRequestPartitionProduceData{{Index: int32(i), Records: make([]byte, 100)}},
		})
	}
	return m
}

func fetchRequest(partitions int) *FetchRequest {
	m := NewFetchRequest()
	for i := range partitions {
		p := *NewFetchRequestFetchPartition()
		p.Partition, p.FetchOffset, p.PartitionMaxBytes = int32(i), int64(i), 1<<20
		m.Topics = append(m.Topics, FetchRequestFetchTopic{Topic: fmt.Sprint("topic-", i), TopicId: kafka.UUID{byte(i)}, Partitions: []FetchRequestFetchPartition{p}})
	}
	return m
}

func benchmarkDecode(b *testing.B, m Message, into func() Message, version int16) {
	bytes := m.AppendTo(nil, version)
	b.SetBytes(int64(len(bytes)))
	b.ReportAllocs()
	var r Reader
	for b.Loop() {
		r.Reset(bytes)
		if err := into().Decode(&r, version); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	usedProduce, usedFetch := new(ProduceRequest), new(FetchRequest)
	for _, n := range []int{1, 20} {
		b.Run(fmt.Sprintf("Produce/v9/%d/new", n), func(b *testing.B) {
			benchmarkDecode(b, produceRequest(n), func() Message { return new(ProduceRequest) }, 9)
		})
		b.Run(fmt.Sprintf("Produce/v9/%d/used", n), func(b *testing.B) {
			benchmarkDecode(b, produceRequest(n), func() Message { return usedProduce }, 9)
		})
		b.Run(fmt.Sprintf("Produce/v13/%d/used", n), func(b *testing.B) {
			benchmarkDecode(b, produceRequest(n), func() Message { return usedProduce }, 13)
		})
		b.Run(fmt.Sprintf("Fetch/v12/%d/new", n), func(b *testing.B) {
			benchmarkDecode(b, fetchRequest(n), func() Message { return new(FetchRequest) }, 12)
		})
		b.Run(fmt.Sprintf("Fetch/v17/%d/used", n), func(b *testing.B) {
			benchmarkDecode(b, fetchRequest(n), func() Message { return usedFetch }, 17)
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	m := fetchRequest(20)
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = m.AppendTo(dst[:0], 17)
	}
}

// TestDecodingIntoAUsedStructDoesNotAllocate: a connection decodes the same
// kind of request over and over.
func TestDecodingIntoAUsedStructDoesNotAllocate(t *testing.T) {
	for _, tc := range []struct {
		m       Message
		version int16
	}{{produceRequest(5), 9}, {produceRequest(5), 13}, {fetchRequest(5), 12}, {fetchRequest(5), 18}} {
		b := tc.m.AppendTo(nil, tc.version)
		var r Reader
		if n := testing.AllocsPerRun(100, func() {
			r.Reset(b)
			if err := tc.m.Decode(&r, tc.version); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s v%d: %v allocations", tc.m.MessageName(), tc.version, n)
		}
	}
}
