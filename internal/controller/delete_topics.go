package controller

import (
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// DeleteTopics answers *msg.DeleteTopicsResponse: one result for each topic
// that was named, by name or id. With delete.topic.enable=false it refuses
// the whole request through the response's results.
func DeleteTopics(in Input, req *msg.DeleteTopicsRequest, version int16) Result {
	d := topicDeletion{in: &in, resp: msg.NewDeleteTopicsResponse()}
	if !in.Env.Config.DeleteTopicEnable {
		err := kafka.Errorf(kafka.ErrTopicDeletionDisabled, textTopicDeletionDisabled)
		if version < 3 {
			err = kafka.Errorf(kafka.ErrInvalidRequest, textThisVersionWithoutDeletion)
		}
		d.refuseAll(req, err)
		return Result{Response: d.resp}
	}
	d.collect(req)
	for _, id := range d.unique(d.ids) {
		topic, ok := in.Image.Topics.ByID(id)
		if !ok {
			d.answer(nil, id, kafka.Errorf(kafka.ErrUnknownTopicID, textUnknownTopicID))
			continue
		}
		d.delete(topic)
	}
	for _, name := range d.uniqueNames(d.names) {
		topic, ok := in.Image.Topics.ByName(name)
		if !ok {
			d.answer(&name, kafka.ZeroUUID, kafka.Errorf(kafka.ErrUnknownTopicOrPartition, textUnknownTopicOrPartition))
			continue
		}
		d.delete(topic)
	}
	if err := d.finish(); err != nil {
		d.resp.Responses = nil
		d.refuseAll(req, err)
		return Result{Response: d.resp}
	}
	return Result{Records: d.records, Response: d.resp}
}

// topicDeletion is the work on one DeleteTopics request.
type topicDeletion struct {
	in      *Input
	resp    *msg.DeleteTopicsResponse
	names   []string
	ids     []kafka.TopicID
	topics  []*metadata.Topic     // to delete, in the order named
	times   map[kafka.TopicID]int // how often each was named
	records []metadata.Record
}

func (d *topicDeletion) answer(name *string, id kafka.TopicID, err error) {
	result := msg.NewDeleteTopicsResponseDeletableTopicResult()
	result.Name, result.TopicId = name, id
	result.ErrorCode, result.ErrorMessage = codeAndText(err)
	d.resp.Responses = append(d.resp.Responses, *result)
}

func (d *topicDeletion) refuseAll(req *msg.DeleteTopicsRequest, err error) {
	for _, name := range req.TopicNames {
		d.answer(&name, kafka.ZeroUUID, err)
	}
	for i := range req.Topics {
		d.answer(req.Topics[i].Name, req.Topics[i].TopicId, err)
	}
}

// collect takes the names and ids, and answers what names nothing or both.
func (d *topicDeletion) collect(req *msg.DeleteTopicsRequest) {
	d.names = append(d.names, req.TopicNames...)
	for i := range req.Topics {
		t := &req.Topics[i]
		switch {
		case t.Name == nil && t.TopicId.IsZero():
			d.answer(nil, kafka.ZeroUUID, kafka.Errorf(kafka.ErrInvalidRequest, "Neither topic name nor id were specified."))
		case t.Name == nil:
			d.ids = append(d.ids, t.TopicId)
		case t.TopicId.IsZero():
			d.names = append(d.names, *t.Name)
		default:
			d.answer(t.Name, t.TopicId, kafka.Errorf(kafka.ErrInvalidRequest, "You may not specify both topic name and topic id."))
		}
	}
}

// unique gives the ids that were named once, and answers the others.
func (d *topicDeletion) unique(ids []kafka.TopicID) []kafka.TopicID {
	return once(ids, func(id kafka.TopicID) {
		d.answer(nil, id, kafka.Errorf(kafka.ErrInvalidRequest, "Duplicate topic id."))
	})
}

func (d *topicDeletion) uniqueNames(names []string) []string {
	return once(names, func(name string) {
		d.answer(&name, kafka.ZeroUUID, kafka.Errorf(kafka.ErrInvalidRequest, "Duplicate topic name."))
	})
}

// once gives the keys that occur once, in order, and calls repeated once for
// each of the others.
func once[K comparable](keys []K, repeated func(K)) []K {
	count := make(map[K]int, len(keys))
	for _, k := range keys {
		count[k]++
	}
	var single []K
	for _, k := range keys {
		switch {
		case count[k] == 1:
			single = append(single, k)
		case count[k] > 1:
			repeated(k)
			count[k] = 0
		}
	}
	return single
}

func (d *topicDeletion) delete(topic *metadata.Topic) {
	if d.times == nil {
		d.times = make(map[kafka.TopicID]int)
	}
	d.times[topic.ID]++
	if d.times[topic.ID] > 1 { // by id and by name
		d.answer(&topic.Name, topic.ID, kafka.Errorf(kafka.ErrInvalidRequest,
			"The provided topic name maps to an ID that was already supplied."))
		return
	}
	d.topics = append(d.topics, topic)
}

// finish writes the records of the topics that were named once.
func (d *topicDeletion) finish() error {
	for _, topic := range d.topics {
		if d.times[topic.ID] > 1 {
			continue
		}
		d.answer(&topic.Name, topic.ID, nil)
		d.records = append(d.records, metadata.Record{Message: &msg.RemoveTopicRecord{TopicId: topic.ID}})
	}
	return tooMany(d.records)
}
