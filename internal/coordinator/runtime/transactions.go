package runtime

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/coordinator/txn"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// TransactionsTopic is the internal topic of transactions.
const TransactionsTopic = "__transaction_state"

// TransactionsConfig is what the transaction coordinator is made of.
type TransactionsConfig struct {
	Txn txn.Config
	// Partitions is how many partitions __transaction_state has: the topic's own
	// number where it exists, otherwise transaction.state.log.num.partitions.
	Partitions func() int32
	Level      func() int16 // transaction.version of the cluster, now
	Logs       Logs
	Pool       *compress.Pool
	// ProducerIDs hands out a new producer id.
	ProducerIDs  func(ctx context.Context) (kafka.ProducerID, error)
	Markers      MarkerWriter
	LoadBytes    int           // transaction.state.log.load.buffer.size
	WriteTimeout time.Duration // request.timeout.ms
	Log          *slog.Logger
}

// Transactions is the transaction coordinator of a node. Elected and Resigned
// are those of the runtime.
type Transactions struct {
	*Runtime[*txn.Shard]
	config  TransactionsConfig
	ctx     context.Context //nolint:containedctx // of everything that nobody asked for
	stop    context.CancelFunc
	sending sync.WaitGroup
}

// NewTransactions makes a coordinator that leads nothing yet.
func NewTransactions(config TransactionsConfig) *Transactions {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	t := &Transactions{config: config}
	t.ctx, t.stop = context.WithCancel(context.Background())
	t.Runtime = New(Config[*txn.Shard]{
		Topic: TransactionsTopic, Logs: config.Logs, Pool: config.Pool, Unsequenced: true,
		Make: func(_ int32, epoch kafka.LeaderEpoch) *txn.Shard {
			return txn.New(config.Txn, epoch, config.Level())
		},
		LoadBytes: config.LoadBytes, WriteTimeout: config.WriteTimeout, Deliver: t.deliver, Log: config.Log,
	})
	return t
}

// Close ends the coordinator and waits for it. Markers that are not written yet
// are those of whoever leads the partition next.
func (t *Transactions) Close() {
	t.stop()
	t.Runtime.Close()
	t.sending.Wait()
}

// PartitionFor is the partition of __transaction_state that the id belongs to.
func (t *Transactions) PartitionFor(id string) int32 {
	return coordinator.PartitionFor(id, t.config.Partitions())
}

// LevelChanged says that transaction.version is another. It does not block.
func (t *Transactions) LevelChanged(level int16) {
	t.WriteAll("transaction.version", func(s *txn.Shard, _ time.Time, _ coordinator.Ticket) coordinator.Result {
		return s.SetLevel(level)
	})
}

// decision is a decision that may need a producer id.
type decision func(s *txn.Shard, now time.Time, ticket coordinator.Ticket, fresh kafka.ProducerID) coordinator.Result

// needTries bounds how often a decision asks for a producer id: once because
// the id is new, and once for each time that another request comes between.
const needTries = 8

// decide lets a shard decide, again with a producer id where it needs one: a
// shard cannot wait for the controller.
func (t *Transactions) decide(ctx context.Context, partition int32, d decision) (any, error) {
	fresh := kafka.NoProducerID
	for try := 1; ; try++ {
		response, err := t.Write(ctx, partition, func(s *txn.Shard, now time.Time, ticket coordinator.Ticket) coordinator.Result {
			return d(s, now, ticket, fresh)
		})
		if !errors.Is(err, txn.ErrNeedProducerID) || try == needTries {
			return response, err
		}
		if fresh, err = t.config.ProducerIDs(ctx); err != nil {
			return nil, err
		}
	}
}

// InitProducerID gives a producer its id and epoch.
func (t *Transactions) InitProducerID(ctx context.Context, req *txn.Init) (txn.Producer, kafka.Error) {
	if err := t.config.Txn.CheckInit(req); err != nil {
		return txn.NoProducer, txn.CodeOf(err)
	}
	response, err := t.decide(ctx, t.PartitionFor(req.TransactionalID),
		func(s *txn.Shard, now time.Time, ticket coordinator.Ticket, fresh kafka.ProducerID) coordinator.Result {
			return s.InitProducerID(now, ticket, req, fresh)
		})
	if err != nil {
		return txn.NoProducer, txn.CodeOf(err)
	}
	return response.(txn.Producer), kafka.ErrNone
}

// AddPartitions puts partitions into a transaction.
func (t *Transactions) AddPartitions(ctx context.Context, req *txn.Enlist) kafka.Error {
	_, err := t.Write(ctx, t.PartitionFor(req.TransactionalID),
		func(s *txn.Shard, now time.Time, ticket coordinator.Ticket) coordinator.Result {
			return s.AddPartitions(now, ticket, req)
		})
	return txn.CodeOf(err)
}

// VerifyPartitions says for each partition whether it is in the transaction. It
// waits until what was decided before is committed.
func (t *Transactions) VerifyPartitions(ctx context.Context, req *txn.Enlist) []kafka.Error {
	response, err := t.Write(ctx, t.PartitionFor(req.TransactionalID),
		func(s *txn.Shard, _ time.Time, _ coordinator.Ticket) coordinator.Result {
			return s.VerifyPartitions(req)
		})
	if err == nil {
		return response.([]kafka.Error)
	}
	codes := make([]kafka.Error, len(req.Partitions))
	for i := range codes {
		codes[i] = txn.CodeOf(err)
	}
	return codes
}

// EndTxn decides a transaction. The producer is what goes on in transactions v2.
func (t *Transactions) EndTxn(ctx context.Context, req *txn.End) (txn.Producer, kafka.Error) {
	response, err := t.decide(ctx, t.PartitionFor(req.TransactionalID),
		func(s *txn.Shard, now time.Time, _ coordinator.Ticket, fresh kafka.ProducerID) coordinator.Result {
			return s.EndTxn(now, req, fresh)
		})
	if err != nil {
		return txn.NoProducer, txn.CodeOf(err)
	}
	return response.(txn.Producer), kafka.ErrNone
}

// Describe tells of one transactional id.
func (t *Transactions) Describe(ctx context.Context, id string) msg.DescribeTransactionsResponseTransactionState {
	err := error(kafka.ErrInvalidRequest)
	if id != "" {
		var response any
		response, err = t.Read(ctx, t.PartitionFor(id), func(s *txn.Shard, _ time.Time, _ coordinator.Ticket) coordinator.Result {
			return s.Describe(id)
		})
		if err == nil {
			return response.(msg.DescribeTransactionsResponseTransactionState)
		}
	}
	return msg.DescribeTransactionsResponseTransactionState{TransactionalId: id, ErrorCode: int16(txn.CodeOf(err))}
}

// List tells of the transactional ids of all partitions that this node leads.
func (t *Transactions) List(ctx context.Context, req *msg.ListTransactionsRequest) *msg.ListTransactionsResponse {
	response := msg.NewListTransactionsResponse()
	filter, unknown, err := txn.NewFilter(req)
	var lists []any
	if err == nil {
		lists, err = t.ReadAll(ctx, func(s *txn.Shard, now time.Time, _ coordinator.Ticket) coordinator.Result {
			return s.List(now, filter)
		})
	}
	if err != nil {
		response.ErrorCode = int16(txn.CodeOf(err))
		return response
	}
	response.UnknownStateFilters = unknown
	for _, list := range lists {
		response.TransactionStates = append(response.TransactionStates, list.([]msg.ListTransactionsResponseTransactionState)...)
	}
	return response
}
