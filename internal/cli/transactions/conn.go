package transactions

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// conn asks about transactions. Its errors are [java.Thrown] where Kafka's
// client throws.
type conn struct {
	*admin.Admin

	ctx context.Context //nolint:containedctx // of the one command that the connection is for
}

func open(ctx context.Context, env *command.Env, where *client.Flags) (*conn, error) {
	p, err := where.Resolve()
	if err != nil {
		return nil, err
	}
	a, err := admin.Open(ctx, env, p)
	if err != nil {
		return nil, err
	}
	return &conn{a, ctx}, nil
}

// listing is a transactional id as a coordinator lists it.
type listing struct {
	TransactionalID string `json:"transactionalId"`
	Coordinator     int32  `json:"coordinator"`
	ProducerID      int64  `json:"producerId"`
	State           string `json:"state"`
}

// list asks all brokers for what they coordinate, in the order in which the
// admin client's map lists the brokers.
func (c *conn) list(producers []int64, durationMs int64, pattern string) ([]listing, error) {
	req := kmsg.NewPtrListTransactionsRequest()
	req.ProducerIDFilters, req.DurationFilterMillis = producers, durationMs
	if pattern != "" {
		req.TransactionalIDPattern = &pattern
	}
	shards := c.Client().RequestSharded(c.ctx, req)
	shards = java.Order(shards, func(s kgo.ResponseShard) int32 { return java.HashInt(s.Meta.NodeID) })
	all := []listing{}
	for _, s := range shards {
		if s.Err != nil {
			return nil, c.Explain(req.Key(), s.Err)
		}
		resp := s.Resp.(*kmsg.ListTransactionsResponse) //nolint:forcetypeassert // the answer to this request
		switch {
		case resp.ErrorCode != 0:
			return nil, java.Code(resp.ErrorCode, "")
		case resp.Version < 1 && durationMs >= 0, resp.Version < 2 && pattern != "":
			return nil, java.Code(kerr.UnsupportedVersion.Code, fmt.Sprintf("broker %d is older than this filter, and would list everything", s.Meta.NodeID))
		}
		for _, t := range resp.TransactionStates {
			all = append(all, listing{t.TransactionalID, s.Meta.NodeID, t.ProducerID, knownState(t.TransactionState)})
		}
	}
	return all, nil
}

// knownState is a state as Kafka's client knows it.
func knownState(name string) string {
	switch name {
	case "Ongoing", "PrepareAbort", "PrepareCommit", "CompleteAbort", "CompleteCommit", "Empty", "PrepareEpochFence":
		return name
	}
	return "Unknown"
}

// description is what a coordinator says of a transactional id. Times are
// milliseconds.
type description struct {
	Coordinator     int32       `json:"coordinator"`
	TransactionalID string      `json:"transactionalId"`
	ProducerID      int64       `json:"producerId"`
	ProducerEpoch   int16       `json:"producerEpoch"`
	State           string      `json:"state"`
	TimeoutMs       int32       `json:"timeoutMs"`
	StartTime       *int64      `json:"startTime"`  // since 1970; nil where no transaction is open
	DurationMs      *int64      `json:"durationMs"` // filled in where it is printed
	Partitions      []partition `json:"partitions"`
}

type partition struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
}

// describe asks the coordinators; an id that nobody knows is left out.
func (c *conn) describe(ids []string) (map[string]description, error) {
	all := make(map[string]description, len(ids))
	if len(ids) == 0 {
		return all, nil
	}
	req := kmsg.NewPtrDescribeTransactionsRequest()
	req.TransactionalIDs = ids
	for _, s := range c.Client().RequestSharded(c.ctx, req) {
		if s.Err != nil {
			return nil, c.Explain(req.Key(), s.Err)
		}
		for _, t := range s.Resp.(*kmsg.DescribeTransactionsResponse).TransactionStates { //nolint:forcetypeassert // the answer to this request
			switch t.ErrorCode {
			case 0:
				all[t.TransactionalID] = described(t, s.Meta.NodeID)
			case kerr.TransactionalIDNotFound.Code:
			default:
				return nil, java.Code(t.ErrorCode, "")
			}
		}
	}
	return all, nil
}

func described(t kmsg.DescribeTransactionsResponseTransactionState, at int32) description {
	d := description{
		Coordinator: at, TransactionalID: t.TransactionalID, ProducerID: t.ProducerID, ProducerEpoch: t.ProducerEpoch,
		State: knownState(t.State), TimeoutMs: t.TimeoutMillis, Partitions: []partition{},
	}
	if t.StartTimestamp >= 0 {
		d.StartTime = &t.StartTimestamp
	}
	for _, topic := range t.Topics {
		for _, p := range topic.Partitions {
			d.Partitions = append(d.Partitions, partition{topic.Topic, p})
		}
	}
	slices.SortFunc(d.Partitions, func(a, b partition) int { return kafka.TopicPartition(a).Compare(kafka.TopicPartition(b)) })
	return d
}

// producer is what a partition remembers of one producer. Times are
// milliseconds since 1970.
type producer struct {
	ProducerID       int64  `json:"producerId"`
	ProducerEpoch    int32  `json:"producerEpoch"`
	CoordinatorEpoch int32  `json:"coordinatorEpoch"` // -1: no transaction of its has ended here
	LastSequence     int32  `json:"lastSequence"`     // -1: none since then
	LastTimestamp    int64  `json:"lastTimestamp"`
	StartOffset      *int64 `json:"currentTransactionStartOffset"` // nil: none is open
}

// anyBroker asks the leaders.
const anyBroker = int32(-1)

// producers asks a broker, or the leaders of the partitions, for the producers
// that they remember.
func (c *conn) producers(broker int32, partitions []kafka.TopicPartition) (map[kafka.TopicPartition][]producer, error) {
	req := kmsg.NewPtrDescribeProducersRequest()
	for _, topic := range admin.ByTopic(partitions) {
		t := kmsg.NewDescribeProducersRequestTopic()
		t.Topic, t.Partitions = topic.Topic, topic.Partitions
		req.Topics = append(req.Topics, t)
	}
	all := make(map[kafka.TopicPartition][]producer, len(partitions))
	if broker != anyBroker {
		resp, err := req.RequestWith(c.ctx, c.Node(broker))
		if err != nil {
			return nil, err
		}
		return all, appendProducers(all, resp)
	}
	for _, s := range c.Client().RequestSharded(c.ctx, req) {
		if s.Err != nil {
			return nil, c.Explain(req.Key(), s.Err)
		}
		if err := appendProducers(all, s.Resp.(*kmsg.DescribeProducersResponse)); err != nil { //nolint:forcetypeassert // the answer to this request
			return nil, err
		}
	}
	return all, nil
}

func appendProducers(all map[kafka.TopicPartition][]producer, resp *kmsg.DescribeProducersResponse) error {
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if thrown := java.Throw(p.ErrorCode, nil); thrown != nil {
				return fmt.Errorf("%s-%d: %w", t.Topic, p.Partition, thrown)
			}
			list := []producer{}
			for _, a := range p.ActiveProducers {
				one := producer{a.ProducerID, a.ProducerEpoch, max(a.CoordinatorEpoch, -1), a.LastSequence, a.LastTimestamp, nil}
				if a.CurrentTxnStartOffset >= 0 {
					one.StartOffset = &a.CurrentTxnStartOffset
				}
				list = append(list, one)
			}
			all[kafka.TopicPartition{Topic: t.Topic, Partition: p.Partition}] = list
		}
	}
	return nil
}
