package wire

import (
	"github.com/twmb/franz-go/pkg/kmsg"
)

// newTopic is one topic of a CreateTopics request.
func newTopic(name string, partitions int32, factor int16, configs ...string) kmsg.CreateTopicsRequestTopic {
	t := kmsg.NewCreateTopicsRequestTopic()
	t.Topic, t.NumPartitions, t.ReplicationFactor = name, partitions, factor
	for i := 0; i+1 < len(configs); i += 2 {
		c := kmsg.NewCreateTopicsRequestTopicConfig()
		c.Name, c.Value = configs[i], new(configs[i+1])
		t.Configs = append(t.Configs, c)
	}
	return t
}

func createTopics(topics ...kmsg.CreateTopicsRequestTopic) *kmsg.CreateTopicsRequest {
	r := kmsg.NewPtrCreateTopicsRequest()
	r.TimeoutMillis, r.Topics = 10000, topics
	return r
}

func metadata(topics ...string) *kmsg.MetadataRequest {
	r := kmsg.NewPtrMetadataRequest()
	r.Topics = []kmsg.MetadataRequestTopic{}
	for _, topic := range topics {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = new(topic)
		r.Topics = append(r.Topics, t)
	}
	return r
}

// leaderless tells whether a topic of a Metadata answer is not served yet.
func leaderless(resp kmsg.Response) bool {
	m, ok := resp.(*kmsg.MetadataResponse)
	if !ok {
		return false
	}
	for _, t := range m.Topics {
		if t.ErrorCode == 5 || t.ErrorCode == 3 { // LEADER_NOT_AVAILABLE, UNKNOWN_TOPIC_OR_PARTITION
			return true
		}
		for _, p := range t.Partitions {
			if p.ErrorCode != 0 || p.Leader < 0 {
				return true
			}
		}
	}
	return false
}

// topic creates a topic named after the story and waits until every
// partition has a leader. It returns the name and the id.
func (x *talk) topic(what string, partitions int32, configs ...string) (string, [16]byte) {
	name := x.name(what)
	x.quiet(createTopics(newTopic(name, partitions, 1, configs...)))
	return name, x.awaitTopic(name)
}

func (x *talk) awaitTopic(name string) [16]byte {
	var id [16]byte
	kept := len(x.answers)
	resp := x.until("topic", func() kmsg.Request {
		r := metadata(name)
		r.AllowAutoTopicCreation = false
		return r
	}, leaderless)
	if m, ok := resp.(*kmsg.MetadataResponse); ok && len(m.Topics) == 1 {
		id = m.Topics[0].TopicID
		for _, p := range m.Topics[0].Partitions { // a leader is named a moment before it serves
			x.until("served", func() kmsg.Request { return offsetsAt(name, p.Partition, -1) }, unserved)
		}
	}
	x.answers = x.answers[:kept]
	return id
}

func unserved(resp kmsg.Response) bool {
	l, ok := resp.(*kmsg.ListOffsetsResponse)
	return ok && len(l.Topics) == 1 && len(l.Topics[0].Partitions) == 1 && l.Topics[0].Partitions[0].ErrorCode != 0
}

// part is one partition's records in a Produce request.
type part struct {
	topic     string
	id        [16]byte
	partition int32
	records   []byte
}

func produce(acks int16, parts ...part) *kmsg.ProduceRequest {
	r := kmsg.NewPtrProduceRequest()
	r.Acks, r.TimeoutMillis = acks, 5000
	for _, p := range parts {
		if n := len(r.Topics); n == 0 || r.Topics[n-1].Topic != p.topic {
			t := kmsg.NewProduceRequestTopic()
			t.Topic, t.TopicID = p.topic, p.id
			r.Topics = append(r.Topics, t)
		}
		tp := kmsg.NewProduceRequestTopicPartition()
		tp.Partition, tp.Records = p.partition, p.records
		t := &r.Topics[len(r.Topics)-1]
		t.Partitions = append(t.Partitions, tp)
	}
	return r
}

// fill writes batches to partition 0, unrecorded.
func (x *talk) fill(topic string, id [16]byte, batches ...batch) {
	for _, b := range batches {
		x.quiet(produce(-1, part{topic, id, 0, b.encode()}))
	}
}

// from is one partition of a Fetch request.
func from(topic string, id [16]byte, partition int32, offset int64) kmsg.FetchRequestTopic {
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID = topic, id
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes = partition, offset, 1<<20
	p.CurrentLeaderEpoch = -1
	t.Partitions = append(t.Partitions, p)
	return t
}

func fetch(topics ...kmsg.FetchRequestTopic) *kmsg.FetchRequest {
	r := kmsg.NewPtrFetchRequest()
	r.MaxWaitMillis, r.MinBytes, r.MaxBytes = 0, 1, 10<<20
	r.SessionEpoch = -1
	r.Topics = topics
	return r
}

// offsetsAt asks for one partition's offset at a timestamp.
func offsetsAt(topic string, partition int32, timestamp int64) *kmsg.ListOffsetsRequest {
	r := kmsg.NewPtrListOffsetsRequest()
	r.ReplicaID = -1
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic = topic
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Partition, p.Timestamp, p.CurrentLeaderEpoch = partition, timestamp, -1
	t.Partitions = append(t.Partitions, p)
	r.Topics = append(r.Topics, t)
	return r
}
