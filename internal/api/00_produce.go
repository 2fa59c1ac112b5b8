package api

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/replica"
	"github.com/gregor-stream/gregor/internal/storage"
)

// adminClient is the client id that may write to internal topics.
const adminClient = "__admin_client"

// keepTopicsMax bounds what a connection keeps of its requests for the next.
const keepTopicsMax = 64

// errAcksZero closes a connection whose acks=0 request failed: there is no
// response to say so, and a closed connection makes the producer look again.
var errAcksZero = errors.New("a produce request with acks=0 failed")

// produceState is what a connection keeps between its produce requests, so
// that one more allocates nothing.
type produceState struct {
	req  msg.ProduceRequest
	resp msg.ProduceResponse
	wait []produceWait
	seen map[int32]int // partition to index, while topics are merged
	// enlisted is what the coordinator says of each partition, in order; empty
	// where nothing is transactional.
	enlisted []produceEnlisted
}

// produceWait is an appended partition whose acknowledgement is not there yet.
type produceWait struct {
	p     Partition
	ack   replica.Ack
	topic int // indexes into the response
	part  int
}

// produceRoute serves Produce by hand: the request is decoded into memory that
// the connection keeps, its frame goes back to the pool, and its answer may
// come later.
func (h *Handlers) produceRoute() Route {
	r := stable(kafka.Produce)
	r.serve = h.produce
	return r
}

func (h *Handlers) produce(ctx context.Context, s *Session, body, dst []byte) (Reply, error) {
	if s.produce == nil {
		s.produce = new(produceState)
	}
	st := s.produce
	s.reader.Reset(body)
	err := st.req.Decode(&s.reader, s.call.Version)
	s.reader.Reset(nil) // an idle connection keeps no frame
	if err != nil {
		st.forget()
		return Reply{}, &refused{reasonBody, err}
	}
	st.merge()
	st.prepare()
	transactional, err := h.checkProduce(s, &st.req)
	if err == nil && transactional {
		err = h.enlistProduce(ctx, s, st)
	}
	if err != nil {
		st.failAll(err)
	} else {
		h.appendAll(s, st)
	}
	h.hintLeaders(s, &st.resp)
	reply := Reply{Recycle: true}
	acks := st.req.Acks
	failed := st.failed()
	switch {
	case acks == 0 && failed:
		h.countProduce(&st.resp)
		st.forget()
		return reply, &refused{reasonAcks, errAcksZero}
	case acks == 0:
		h.countProduce(&st.resp)
	case len(st.wait) > 0:
		reply.Pending = h.park(&s.call, st)
	default:
		h.countProduce(&st.resp)
		reply.Data = s.answer(dst, &st.resp)
	}
	st.forget()
	return reply, nil
}

// checkProduce refuses a request as a whole, or says whether it is part of a
// transaction. As in Kafka, which looks into each partition's first batch for
// transactions before anything else, one damaged batch header refuses all
// partitions.
func (h *Handlers) checkProduce(s *Session, req *msg.ProduceRequest) (transactional bool, err error) {
	for i := range req.TopicData {
		for j := range req.TopicData[i].PartitionData {
			found, err := firstIsTransactional(req.TopicData[i].PartitionData[j].Records, s.call.Version)
			if err != nil {
				return false, err
			}
			transactional = transactional || found
		}
	}
	if transactional && (req.TransactionalId == nil || !h.allowed(&s.call, Write, TransactionalID, *req.TransactionalId)) {
		return false, kafka.ErrTransactionalIDAuthorizationFailed
	}
	return transactional, nil
}

// firstIsTransactional looks at the first batch of a partition's records.
func firstIsTransactional(records []byte, version int16) (bool, error) {
	size, magic, err := batch.PeekSize(records)
	switch {
	case err != nil:
		return false, kafka.Errorf(kafka.CodeOf(err), "%s", corruptText(records))
	case size == 0 || size > len(records) || magic != batch.Magic:
		return false, nil
	}
	first := batch.Batch(records[:size])
	if version < 7 && !first.Codec().Valid() {
		return false, kafka.ErrUnknownServerError // before it knew zstd, Kafka stumbles over an unknown codec
	}
	return first.Transactional(), nil
}

// corruptText is Kafka's sentence for the header of a batch that is none.
func corruptText(records []byte) string {
	const overhead = 14 // of a message of magic 0
	if size := int32(binary.BigEndian.Uint32(records[8:])); size < overhead {
		return fmt.Sprintf("Record size %d is less than the minimum record overhead (%d)", size, overhead)
	}
	if len(records) > batch.LogOverhead+4 {
		return fmt.Sprintf("Invalid magic found in record: %d", int8(records[batch.LogOverhead+4]))
	}
	return "Record size is too large"
}

// merge puts topics that the request names twice together, and of a partition
// that it names twice keeps the last, as Kafka's maps do.
func (st *produceState) merge() {
	topics := st.req.TopicData
	for i := 1; i < len(topics); i++ {
		for j := range i {
			if topics[j].Name == topics[i].Name && topics[j].TopicId == topics[i].TopicId {
				topics[j].PartitionData = append(topics[j].PartitionData, topics[i].PartitionData...)
				topics = slices.Delete(topics, i, i+1) // which empties the last: its memory moved
				i--
				break
			}
		}
		if i > mergeTopicsMax {
			break
		}
	}
	st.req.TopicData = topics
	for i := range topics {
		st.mergePartitions(&topics[i])
	}
}

// mergeTopicsMax bounds the work of looking for a topic that is named twice.
const mergeTopicsMax = 1000

func (st *produceState) mergePartitions(topic *msg.ProduceRequestTopicProduceData) {
	if len(topic.PartitionData) < 2 {
		return
	}
	if st.seen == nil {
		st.seen = make(map[int32]int)
	}
	clear(st.seen)
	kept := topic.PartitionData[:0]
	for _, p := range topic.PartitionData {
		if at, twice := st.seen[p.Index]; twice {
			kept[at] = p
			continue
		}
		st.seen[p.Index] = len(kept)
		kept = append(kept, p)
	}
	topic.PartitionData = kept
}

// prepare shapes the response like the request, reusing its memory.
func (st *produceState) prepare() {
	topics := resize(st.resp.Responses, len(st.req.TopicData))
	for i := range topics {
		from := &st.req.TopicData[i]
		topics[i].Name, topics[i].TopicId = from.Name, from.TopicId
		parts := resize(topics[i].PartitionResponses, len(from.PartitionData))
		for j := range parts {
			parts[j].SetDefaults()
			parts[j].Index = from.PartitionData[j].Index
			parts[j].BaseOffset = -1
		}
		topics[i].PartitionResponses = parts
	}
	st.resp.Responses = topics
	st.resp.NodeEndpoints = nil
	st.wait, st.enlisted = st.wait[:0], st.enlisted[:0]
}

// resize gives a slice of n elements that keeps the memory, and the elements'
// own memory, of the one before.
func resize[T any](s []T, n int) []T {
	if n <= cap(s) {
		return s[:n]
	}
	return append(s[:cap(s)], make([]T, n-cap(s))...)
}

// forget lets go of the frame, and of memory that one large request needed.
func (st *produceState) forget() {
	// What merge left out counts, too: it is in the capacities.
	total := cap(st.req.TopicData)
	for i := range st.req.TopicData {
		parts := st.req.TopicData[i].PartitionData
		total += cap(parts)
		for j := range parts {
			parts[j].Records = nil
		}
	}
	for i := range st.wait {
		st.wait[i] = produceWait{}
	}
	for i := range st.resp.Responses {
		for j := range st.resp.Responses[i].PartitionResponses {
			st.resp.Responses[i].PartitionResponses[j].RecordErrors = nil
		}
	}
	if total > keepTopicsMax {
		*st = produceState{}
	}
}

func (st *produceState) failAll(err error) {
	for i := range st.resp.Responses {
		parts := st.resp.Responses[i].PartitionResponses
		for j := range parts {
			parts[j].ErrorCode, parts[j].ErrorMessage = int16(kafka.CodeOf(err)), kafka.MessageOf(err)
		}
	}
}

func (st *produceState) failed() bool {
	for i := range st.resp.Responses {
		for _, p := range st.resp.Responses[i].PartitionResponses {
			if p.ErrorCode != 0 {
				return true
			}
		}
	}
	return false
}

// appendAll appends partition by partition, in the order of the request.
func (h *Handlers) appendAll(s *Session, st *produceState) {
	acks := st.req.Acks
	next := 0
	for i := range st.req.TopicData {
		topic := &st.req.TopicData[i]
		for j := range topic.PartitionData {
			var options storage.AppendOptions
			enlisted := st.enlistedAt(next)
			next++
			out := &st.resp.Responses[i].PartitionResponses[j]
			p, code := h.produceTarget(s, topic, &topic.PartitionData[j])
			if code == kafka.ErrNone && enlisted != nil {
				code, out.ErrorMessage, options.Guard = enlisted.code, enlisted.message, enlisted.guard
			}
			if code == kafka.ErrNone && (acks < -1 || acks > 1) {
				code = kafka.ErrInvalidRequiredAcks
			}
			if code == kafka.ErrNone && isInternal(p.Name().Topic) && s.call.ClientID != adminClient {
				code = kafka.ErrInvalidTopicException
			}
			if code != kafka.ErrNone {
				out.ErrorCode = int16(code)
				continue
			}
			done, err := p.Append(s.call.Received, topic.PartitionData[j].Records, acks, options)
			if err != nil {
				appendFailed(p, out, err)
				continue
			}
			out.BaseOffset, out.LogAppendTimeMs = int64(done.FirstOffset), int64(done.LogAppendTime)
			out.LogStartOffset = int64(done.LogStart)
			if done.Converted > 0 {
				s.call.converted().Add(done.Conversion)
			}
			switch {
			case acks == 0:
			case !done.Acked:
				st.wait = append(st.wait, produceWait{p: p, ack: replica.Ack{End: done.LastOffset + 1}, topic: i, part: j})
			case done.AckErr != nil:
				out.ErrorCode = int16(kafka.CodeOf(done.AckErr))
			}
		}
	}
}

// produceTarget finds the partition and checks the shape of its records.
func (h *Handlers) produceTarget(s *Session, topic *msg.ProduceRequestTopicProduceData, data *msg.ProduceRequestPartitionProduceData) (Partition, kafka.Error) {
	t := target{name: kafka.TopicPartition{Topic: topic.Name, Partition: data.Index}, id: topic.TopicId}
	var p Partition
	var ok bool
	byID := s.call.Version >= 13
	if byID {
		p, ok = h.Partitions.PartitionByID(t.id, data.Index)
	} else {
		p, ok = h.Partitions.Partition(t.name)
	}
	if !ok {
		return nil, h.notHere(byID, &t)
	}
	if !h.allowed(&s.call, Write, Topic, p.Name().Topic) {
		return nil, kafka.ErrTopicAuthorizationFailed
	}
	if err := batch.CheckProduce(data.Records, s.call.Version); err != nil {
		return nil, kafka.CodeOf(err)
	}
	return p, kafka.ErrNone
}

// appendFailed answers a refused append as Kafka does: a message only with
// record errors, the log's start unless the error says that there is no log
// to ask, or that the client knows what is wrong.
func appendFailed(p Partition, out *msg.ProduceResponsePartitionProduceResponse, err error) {
	code := kafka.CodeOf(err)
	out.ErrorCode = int16(code)
	if records, ok := errors.AsType[*batch.RecordErrors](err); ok {
		out.ErrorMessage = &records.Message
		out.RecordErrors = make([]msg.ProduceResponseBatchIndexAndErrorMessage, len(records.Records))
		for i := range records.Records {
			out.RecordErrors[i].BatchIndex = records.Records[i].Index
			if m := &records.Records[i].Message; *m != "" {
				out.RecordErrors[i].BatchIndexErrorMessage = m
			}
		}
	}
	if full, ok := errors.AsType[*storage.FullDisk](err); ok {
		text := full.Error() // Kafka knows no such refusal: the client's log says what to do
		out.ErrorMessage = &text
	}
	switch code {
	case kafka.ErrUnknownTopicOrPartition, kafka.ErrNotLeaderOrFollower, kafka.ErrMessageTooLarge, kafka.ErrRecordListTooLarge,
		kafka.ErrCorruptMessage, kafka.ErrUnknownTopicID, kafka.ErrKafkaStorageError:
	default:
		out.LogStartOffset = int64(p.LogStartOffset())
	}
}

// hintLeaders tells who leads the partitions that this broker does not
// (KIP-951).
func (h *Handlers) hintLeaders(s *Session, resp *msg.ProduceResponse) {
	if s.call.Version < 10 {
		return
	}
	for i := range resp.Responses {
		topic := &resp.Responses[i]
		for j := range topic.PartitionResponses {
			p := &topic.PartitionResponses[j]
			if kafka.Error(p.ErrorCode) != kafka.ErrNotLeaderOrFollower {
				continue
			}
			t := target{name: kafka.TopicPartition{Topic: topic.Name, Partition: p.Index}, id: topic.TopicId}
			h.resolve(&t)
			leader, epoch, at, rack, ok := h.currentLeader(t.name, s.conn.Listener)
			p.CurrentLeader.LeaderId, p.CurrentLeader.LeaderEpoch = int32(leader), int32(epoch)
			if ok {
				resp.NodeEndpoints = addProduceEndpoint(resp.NodeEndpoints, msg.ProduceResponseNodeEndpoint{
					NodeId: int32(leader), Host: at.Host, Port: int32(at.Port), Rack: rack})
			}
		}
	}
}

func addProduceEndpoint(list []msg.ProduceResponseNodeEndpoint, e msg.ProduceResponseNodeEndpoint) []msg.ProduceResponseNodeEndpoint {
	for i := range list {
		if list[i].NodeId == e.NodeId {
			return list
		}
	}
	return append(list, e)
}
