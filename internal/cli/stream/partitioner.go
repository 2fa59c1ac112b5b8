package stream

import "github.com/twmb/franz-go/pkg/kgo"

// chosenPartitioner writes a record to the partition that it names, and asks
// another partitioner for a record that names none (-1).
type chosenPartitioner struct{ kgo.Partitioner }

// ForTopic is the partitioner of one topic.
func (p chosenPartitioner) ForTopic(topic string) kgo.TopicPartitioner {
	return chosenForTopic{p.Partitioner.ForTopic(topic)}
}

type chosenForTopic struct{ kgo.TopicPartitioner }

// RequiresConsistency says that a named partition is not another.
func (p chosenForTopic) RequiresConsistency(r *kgo.Record) bool {
	return r.Partition >= 0 || p.TopicPartitioner.RequiresConsistency(r)
}

// OnNewBatch tells a partitioner that sticks to a partition that it may change.
func (p chosenForTopic) OnNewBatch() {
	if sticky, ok := p.TopicPartitioner.(kgo.TopicPartitionerOnNewBatch); ok {
		sticky.OnNewBatch()
	}
}

// Partition is the partition of a record.
func (p chosenForTopic) Partition(r *kgo.Record, n int) int {
	if r.Partition >= 0 {
		return int(r.Partition)
	}
	return p.TopicPartitioner.Partition(r, n)
}
