package group

import (
	"fmt"
	"testing"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// BenchmarkReplay loads offset commits, as after a start.
func BenchmarkReplay(b *testing.B) {
	records := make([]coordinator.Record, 0, 10_000)
	for g := range 1000 {
		for p := range int32(10) {
			records = append(records, offsetRecord(fmt.Sprint("group-", g), partition{"a-topic-of-usual-length", p},
				&committed{offset: 12345, leaderEpoch: 3, expires: -1, topicID: uuid("3")}))
		}
	}
	s := New(Config{}, &counter{})
	s.Commit(1 << 40)
	b.ReportAllocs()
	for i := range b.N {
		if err := s.Replay(kafka.Offset(i), kafka.NoProducerID, records[i%len(records)]); err != nil {
			b.Fatal(err)
		}
	}
}
