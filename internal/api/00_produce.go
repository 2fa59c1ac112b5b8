package api

import (
	"context"
	"errors"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/storage"
)

// adminClient is the client id that may write to internal topics.
const adminClient = "__admin_client"

// keepTopicsMax bounds what a connection keeps of its requests for the next.
const keepTopicsMax = 64

// errAcksZero closes a connection whose acks=0 request failed: there is no
// response to say so, and a closed connection makes the producer look again.
var errAcksZero = errors.New("a produce request with acks=0 failed") //nolint:gochecknoglobals // a constant

// produceState is what a connection keeps between its produce requests, so
// that one more allocates nothing.
type produceState struct {
	req  msg.ProduceRequest
	resp msg.ProduceResponse
	wait []produceWait
}

// produceWait is an appended partition whose acknowledgement is not there yet.
type produceWait struct {
	p     Partition
	end   kafka.Offset
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

func (h *Handlers) produce(_ context.Context, s *Session, body, dst []byte) (Reply, error) {
	if s.produce == nil {
		s.produce = new(produceState)
	}
	st := s.produce
	s.reader.Reset(body)
	err := st.req.Decode(&s.reader, s.call.Version)
	s.reader.Reset(nil) // an idle connection keeps no frame
	if err != nil {
		st.forget()
		return Reply{}, err
	}
	st.prepare()
	if code := h.checkProduce(s, &st.req); code != kafka.ErrNone {
		st.failAll(code)
	} else {
		h.appendAll(s, st)
	}
	h.hintLeaders(s, &st.resp, st)
	reply := Reply{Recycle: true}
	acks := st.req.Acks
	failed := st.failed()
	switch {
	case acks == 0 && failed:
		st.forget()
		return reply, errAcksZero
	case acks == 0:
	case len(st.wait) > 0:
		reply.Pending = newProducePending(s, st)
	default:
		reply.Data = s.answer(dst, &st.resp)
	}
	st.forget()
	return reply, nil
}

// checkProduce refuses a request as a whole.
func (h *Handlers) checkProduce(s *Session, req *msg.ProduceRequest) kafka.Error {
	if hasTransactional(req) &&
		(req.TransactionalId == nil || !h.allowed(&s.call, Write, TransactionalID, *req.TransactionalId)) {
		return kafka.ErrTransactionalIDAuthorizationFailed
	}
	return kafka.ErrNone
}

// hasTransactional says whether any batch of the request is transactional.
func hasTransactional(req *msg.ProduceRequest) bool {
	for i := range req.TopicData {
		for j := range req.TopicData[i].PartitionData {
			records := req.TopicData[i].PartitionData[j].Records
			if len(records) >= batch.HeaderSize && batch.Batch(records).Transactional() {
				return true
			}
		}
	}
	return false
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
	st.wait = st.wait[:0]
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
	total := 0
	for i := range st.req.TopicData {
		parts := st.req.TopicData[i].PartitionData
		total += len(parts)
		for j := range parts {
			parts[j].Records = nil
		}
	}
	for i := range st.wait {
		st.wait[i] = produceWait{}
	}
	if len(st.req.TopicData)+total > keepTopicsMax {
		*st = produceState{}
	}
}

func (st *produceState) failAll(code kafka.Error) {
	for i := range st.resp.Responses {
		parts := st.resp.Responses[i].PartitionResponses
		for j := range parts {
			parts[j].ErrorCode = int16(code)
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
	for i := range st.req.TopicData {
		topic := &st.req.TopicData[i]
		for j := range topic.PartitionData {
			out := &st.resp.Responses[i].PartitionResponses[j]
			p, code := h.produceTarget(s, topic, &topic.PartitionData[j])
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
			done, err := p.Append(s.call.Received, topic.PartitionData[j].Records, acks, storage.AppendOptions{})
			if err != nil {
				appendFailed(p, out, err)
				continue
			}
			out.BaseOffset, out.LogAppendTimeMs = int64(done.FirstOffset), int64(done.LogAppendTime)
			out.LogStartOffset = int64(done.LogStart)
			switch {
			case acks != -1:
			case !done.Acked:
				st.wait = append(st.wait, produceWait{p, done.LastOffset + 1, i, j})
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
	var records *batch.RecordErrors
	if errors.As(err, &records) {
		out.ErrorMessage = &records.Message
		out.RecordErrors = make([]msg.ProduceResponseBatchIndexAndErrorMessage, len(records.Records))
		for i := range records.Records {
			out.RecordErrors[i].BatchIndex = records.Records[i].Index
			if m := &records.Records[i].Message; *m != "" {
				out.RecordErrors[i].BatchIndexErrorMessage = m
			}
		}
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
func (h *Handlers) hintLeaders(s *Session, resp *msg.ProduceResponse, st *produceState) {
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
