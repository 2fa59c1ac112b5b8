package txn

import (
	"regexp"
	"slices"
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// Describe tells of one id, as it is committed. Its answer is a
// msg.DescribeTransactionsResponseTransactionState.
func (s *Shard) Describe(id string) coordinator.Result {
	t, ok := s.ids.GetCommitted(id)
	if !ok {
		return coordinator.Fail(kafka.ErrTransactionalIDNotFound)
	}
	out := msg.DescribeTransactionsResponseTransactionState{
		TransactionalId: id, TransactionState: t.state.String(), TransactionTimeoutMs: t.timeoutMs,
		TransactionStartTimeMs: t.started, ProducerId: int64(t.producer), ProducerEpoch: int16(t.epoch),
	}
	places := map[string]int{}
	for _, p := range coordinator.InJavaOrder(t.partitions, coordinator.PartitionHash) {
		i, ok := places[p.Topic]
		if !ok {
			i = len(out.Topics)
			places[p.Topic] = i
			out.Topics = append(out.Topics, msg.DescribeTransactionsResponseTopicData{Topic: p.Topic})
		}
		out.Topics[i].Partitions = append(out.Topics[i].Partitions, p.Partition)
	}
	return coordinator.Respond(out)
}

// Filter says which transactions are listed.
type Filter struct {
	producers []int64
	states    []state
	anyState  bool
	// longerMs leaves out transactions that are not open for longer; negative:
	// no limit.
	longerMs int64
	pattern  *regexp.Regexp
}

// NewFilter reads the filters of a request; unknown are the names of states that
// there are not. It fails where the pattern is none: INVALID_REGULAR_EXPRESSION.
func NewFilter(req *msg.ListTransactionsRequest) (f *Filter, unknown []string, err error) {
	f = &Filter{producers: req.ProducerIdFilters, anyState: len(req.StateFilters) == 0, longerMs: req.DurationFilter}
	for _, name := range req.StateFilters {
		if st, ok := parseState(name); ok {
			f.states = append(f.states, st)
		} else if !slices.Contains(unknown, name) {
			unknown = append(unknown, name)
		}
	}
	if req.TransactionalIdPattern == nil || *req.TransactionalIdPattern == "" {
		return f, unknown, nil
	}
	if f.pattern, err = regexp.Compile(`^(?:` + *req.TransactionalIdPattern + `)$`); err != nil {
		return nil, unknown, kafka.Errorf(kafka.ErrInvalidRegularExpression,
			"Transaction ID pattern `%s` is not a valid regular expression: %v.", *req.TransactionalIdPattern, err)
	}
	return f, unknown, nil
}

func (f *Filter) passes(now time.Time, id string, t *transaction) bool {
	return (len(f.producers) == 0 || slices.Contains(f.producers, int64(t.producer))) &&
		(f.anyState || slices.Contains(f.states, t.state)) &&
		(f.longerMs < 0 || now.UnixMilli()-t.started > f.longerMs) &&
		(f.pattern == nil || f.pattern.MatchString(id))
}

// List tells of all ids that pass, as they are committed. Its answer is a
// []msg.ListTransactionsResponseTransactionState.
func (s *Shard) List(now time.Time, f *Filter) coordinator.Result {
	ids := make([]string, 0, s.ids.LenCommitted())
	for id := range s.ids.AllCommitted() {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	out := []msg.ListTransactionsResponseTransactionState{}
	for _, id := range coordinator.InJavaOrder(ids, coordinator.JavaHash) {
		if t, _ := s.ids.GetCommitted(id); f.passes(now, id, t) {
			out = append(out, msg.ListTransactionsResponseTransactionState{
				TransactionalId: id, ProducerId: int64(t.producer), TransactionState: t.state.String(),
			})
		}
	}
	return coordinator.Respond(out)
}
