package api

import (
	"github.com/gregor-stream/gregor/internal/fetchsession"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/wire"
)

// answerFetch writes the response: the partitions that include names, those of
// one topic that follow each other together.
func (h *Handlers) answerFetch(s *Session, st *fetchState, dst []byte, code kafka.Error, session int32, include []int) Reply {
	head := wire.FetchHead{Version: s.call.Version, CorrelationID: s.call.CorrelationID, ErrorCode: int16(code), SessionID: session}
	st.nodes = st.nodes[:0]
	list := st.fetch.Partitions()
	h.countError(kafka.Fetch, int16(code), 1)
	topics := 0
	for i := range include {
		if i == 0 || !sameTopic(list, include[i-1], include[i]) {
			topics++
		}
	}
	w := &st.writer
	w.Begin(dst, st.places[:0], head, topics)
	for from := 0; from < len(include); {
		to := from + 1
		for to < len(include) && sameTopic(list, include[from], include[to]) {
			to++
		}
		first := &list[include[from]]
		w.Topic(first.Topic, first.ID, to-from)
		for _, i := range include[from:to] {
			h.answerFetchPart(s, st, &list[i], &st.parts[i])
		}
		from = to
	}
	data, places := w.End(st.nodes)
	st.places = places
	return Reply{Data: data, Parts: places, Recycle: true, Done: st.release}
}

// failFetch refuses a whole fetch: at the top, and before version 13 in every
// partition of the request, too.
func (h *Handlers) failFetch(s *Session, st *fetchState, dst []byte, code kafka.Error) Reply {
	head := wire.FetchHead{Version: s.call.Version, CorrelationID: s.call.CorrelationID, ErrorCode: int16(code), SessionID: st.req.SessionId}
	h.countError(kafka.Fetch, int16(code), 1)
	w := &st.writer
	if s.call.Version >= 13 {
		w.Begin(dst, st.places[:0], head, 0)
	} else {
		w.Begin(dst, st.places[:0], head, len(st.req.Topics))
		for i := range st.req.Topics {
			t := &st.req.Topics[i]
			w.Topic(t.Topic, t.TopicId, len(t.Partitions))
			for j := range t.Partitions {
				st.out.SetDefaults()
				st.out.PartitionIndex, st.out.ErrorCode, st.out.HighWatermark = t.Partitions[j].Partition, int16(code), -1
				w.Partition(&st.out)
			}
		}
	}
	data, places := w.End(nil)
	st.places = places
	return Reply{Data: data, Parts: places, Recycle: true, Done: st.release}
}

func sameTopic(list []fetchsession.Partition, a, b int) bool {
	return list[a].ID == list[b].ID && list[a].Topic == list[b].Topic
}

func (h *Handlers) answerFetchPart(s *Session, st *fetchState, want *fetchsession.Partition, part *fetchPart) {
	out := &st.out
	aborted := out.AbortedTransactions
	out.SetDefaults()
	out.PartitionIndex = want.Partition
	out.HighWatermark = -1
	code := part.code
	if code == kafka.ErrNone {
		aborted = abortedTxns(st, part, aborted)
		code = part.code
	}
	if code == kafka.ErrNone {
		out.HighWatermark, out.LastStableOffset = int64(part.read.HighWatermark), int64(part.read.LastStable)
		out.LogStartOffset = int64(part.read.LogStart)
		if part.read.Diverging {
			out.DivergingEpoch.Epoch = int32(part.read.DivergingEpoch.Epoch)
			out.DivergingEpoch.EndOffset = int64(part.read.DivergingEpoch.End)
		}
	}
	// Null where somebody tried to read, an empty list where the partition is
	// unknown, the list for read_committed: as Kafka.
	switch {
	case code == kafka.ErrNone && st.isolation(s) == ReadCommitted:
		out.AbortedTransactions = aborted
	case !part.unknown():
		out.AbortedTransactions = nil
	}
	if s.call.Version <= 5 && code == kafka.ErrKafkaStorageError {
		code = kafka.ErrNotLeaderOrFollower // which old clients retry
	}
	out.ErrorCode = int16(code)
	h.countError(kafka.Fetch, out.ErrorCode, 1)
	if code == kafka.ErrNotLeaderOrFollower || code == kafka.ErrFencedLeaderEpoch {
		h.hintFetchLeader(s, st, want)
	}
	if n := part.sent(); code == kafka.ErrNone && n > 0 {
		st.section[0] = &part.read.Section
		if part.converts() {
			st.section[0] = part.old
		}
		part.p.CountSent(n, s.call.follower)
		st.writer.Partition(out, st.section[:]...)
	} else {
		st.writer.Partition(out)
	}
	if aborted != nil {
		out.AbortedTransactions = aborted[:0]
	}
}

// abortedTxns lists the aborted transactions that a read_committed consumer
// has to skip in what it gets; empty but not null where there are none.
func abortedTxns(st *fetchState, part *fetchPart, reuse []msg.FetchResponseAbortedTransaction) []msg.FetchResponseAbortedTransaction {
	if reuse == nil {
		reuse = []msg.FetchResponseAbortedTransaction{}
	}
	list := reuse[:0]
	if st.req.IsolationLevel != 1 || part.read.Diverging || part.read.Section.Len() == 0 {
		return list
	}
	found, err := part.p.AbortedIn(st.aborted[:0], &part.read.Fetched)
	if err != nil {
		part.code = kafka.CodeOf(err)
		return list
	}
	st.aborted = found
	for _, a := range found {
		list = append(list, msg.FetchResponseAbortedTransaction{ProducerId: int64(a.ProducerID), FirstOffset: int64(a.FirstOffset)})
	}
	return list
}

// hintFetchLeader tells who leads now (KIP-951), from version 16 where.
func (h *Handlers) hintFetchLeader(s *Session, st *fetchState, want *fetchsession.Partition) {
	if s.call.Version < 16 {
		return
	}
	tp := kafka.TopicPartition{Topic: want.Topic, Partition: want.Partition}
	leader, epoch, at, rack, ok := h.currentLeader(tp, s.conn.Listener)
	st.out.CurrentLeader.LeaderId, st.out.CurrentLeader.LeaderEpoch = int32(leader), int32(epoch)
	if !ok || st.replica(s) >= 0 {
		return // followers know the addresses
	}
	for i := range st.nodes {
		if st.nodes[i].NodeId == int32(leader) {
			return
		}
	}
	st.nodes = append(st.nodes, msg.FetchResponseNodeEndpoint{NodeId: int32(leader), Host: at.Host, Port: int32(at.Port), Rack: rack})
}
