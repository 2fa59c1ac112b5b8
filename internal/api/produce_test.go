package api

import (
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// The memory of a request that named a topic twice is used again: no two topics
// of the next request may share any of it, or one's records go to the other.
func TestProduceOfATopicNamedTwiceLeavesNoSharedMemory(t *testing.T) {
	request := func(topics ...byte) []byte {
		req := msg.NewProduceRequest()
		for i, id := range topics {
			req.TopicData = append(req.TopicData, msg.ProduceRequestTopicProduceData{
				TopicId:       kafka.UUID{id},
				PartitionData: []msg.ProduceRequestPartitionProduceData{{Index: int32(i), Records: []byte{id}}},
			})
		}
		return req.AppendTo(nil, 13)
	}
	for _, first := range [][]byte{{1, 1, 2}, {1, 2, 1, 3}, {1, 1, 1, 2}, {1, 1}} {
		var st produceState
		for _, frame := range [][]byte{request(first...), request(4, 5, 6, 7)} {
			if err := msg.Unmarshal(&st.req, frame, 13); err != nil {
				t.Fatal(err)
			}
			st.merge()
		}
		for _, topic := range st.req.TopicData {
			if got := topic.PartitionData[0].Records[0]; got != topic.TopicId[0] {
				t.Errorf("after topics %v: topic %d has the records of topic %d", first, topic.TopicId[0], got)
			}
		}
	}
}

func TestConnectionKeepsNoMemoryOfALargeProduceRequest(t *testing.T) {
	topic := msg.ProduceRequestTopicProduceData{TopicId: kafka.UUID{1}}
	for range 1000 {
		topic.PartitionData = append(topic.PartitionData, msg.ProduceRequestPartitionProduceData{Records: []byte{1}})
	}
	once, often := msg.NewProduceRequest(), msg.NewProduceRequest()
	once.TopicData = append(once.TopicData, topic)
	for range 500 {
		often.TopicData = append(often.TopicData, msg.ProduceRequestTopicProduceData{TopicId: kafka.UUID{1}, PartitionData: topic.PartitionData[:1]})
	}
	for _, req := range []*msg.ProduceRequest{once, often} {
		var st produceState
		if err := msg.Unmarshal(&st.req, req.AppendTo(nil, 13), 13); err != nil {
			t.Fatal(err)
		}
		st.merge()
		st.prepare()
		st.forget()
		if n := cap(st.req.TopicData); n > 0 {
			t.Errorf("memory for %d topics is kept", n)
		}
	}
}
