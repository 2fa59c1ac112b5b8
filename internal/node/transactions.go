package node

import (
	"context"
	"slices"
	"time"

	"github.com/gregor-stream/gregor/internal/api"
	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/coordinator/runtime"
	"github.com/gregor-stream/gregor/internal/coordinator/txn"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
)

func (n *Node) buildTransactions() {
	b := n.cfg.Broker
	timeout := func() time.Duration { return time.Duration(n.broker.Load().RequestTimeoutMs) * time.Millisecond }
	n.ids = &producerIDs{n: n}
	n.markers = &runtime.LocalMarkers{Set: n.set, Groups: n.groups, Timeout: timeout}
	image := func() *metadata.Image { return n.quorum.Image() }
	n.transactions = runtime.NewTransactions(runtime.TransactionsConfig{
		Txn:        txnConfig(b),
		Partitions: n.transactionsPartitions,
		Level:      func() int16 { return image().Features.Level(metadata.TransactionVersion) },
		Logs: &runtime.PartitionLogs{
			Set: n.set, Topic: runtime.TransactionsTopic, MaxBatchBytes: n.batchMaxOf(runtime.TransactionsTopic),
		},
		Pool:         n.codecs,
		ProducerIDs:  n.ids.Next,
		Markers:      &runtime.RoutedMarkers{NodeID: n.id(), Image: image, Local: n.markers},
		LoadBytes:    b.Int("transaction.state.log.load.buffer.size"),
		WriteTimeout: timeout(),
		Log:          n.logs.Logger("transactions"),
	})
}

func txnConfig(b *config.Broker) txn.Config {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	return txn.Config{
		MaxTimeout:     ms(b.TransactionMaxTimeoutMs),
		Expiration:     ms(b.TransactionalIDExpirationMs),
		AbortInterval:  ms(b.Int("transaction.abort.timed.out.transaction.cleanup.interval.ms")),
		ExpireInterval: ms(b.Int("transaction.remove.expired.transaction.cleanup.interval.ms")),
		MaxWait:        ms(b.RequestTimeoutMs) / 2, // clients give a request as long, and break off
		OffsetsAway:    ms(b.Int("gregor.transaction.offsets.away.ms")),
	}
}

// transactionsPartitions is how many partitions __transaction_state has or will
// have.
func (n *Node) transactionsPartitions() int32 {
	if n.quorum != nil {
		if t, ok := n.quorum.Image().Topics.ByName(runtime.TransactionsTopic); ok {
			return t.NumPartitions()
		}
	}
	return int32(n.cfg.Broker.TxnTopicPartitions) //nolint:gosec // config bounds it
}

// transactionPublisher tells the transaction coordinator of another
// transaction.version.
type transactionPublisher struct{ n *Node }

// Publish is called after the partitions have changed.
func (p transactionPublisher) Publish(img *metadata.Image, delta *metadata.Delta) {
	if slices.Contains(delta.Features, metadata.TransactionVersion) {
		p.n.transactions.LevelChanged(img.Features.Level(metadata.TransactionVersion))
	}
}

// servedMarkers shows the writer of markers to the handlers.
type servedMarkers struct{ *runtime.LocalMarkers }

// WriteMarkers writes markers to partitions of this broker.
func (s servedMarkers) WriteMarkers(ctx context.Context, m *api.Marker, partitions []kafka.TopicPartition) []kafka.Error {
	return s.LocalMarkers.WriteMarkers(ctx, (*runtime.Marker)(m), partitions)
}
