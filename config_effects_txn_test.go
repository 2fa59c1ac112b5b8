package gregor_test

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
)

func transactionProbes() map[string]any {
	return map[string]any{
		"transaction.max.timeout.ms": func(t *testing.T) {
			b := up(t, "transaction.max.timeout.ms=1000")
			_, _, err := b.initTransactions("x", 1001)
			wants(t, err, kerr.InvalidTransactionTimeout)
			_, _, err = b.initTransactions("x", 1000)
			b.must(err)
		},
		"transactional.id.expiration.ms": func(t *testing.T) {
			const often = "transaction.remove.expired.transaction.cleanup.interval.ms=20"
			b, kept := up(t, often, "transactional.id.expiration.ms=100"), up(t, often)
			for _, b := range []*bench{b, kept} {
				_, _, err := b.initTransactions("x", 1000)
				b.must(err)
			}
			eventually(t, "an unused id is forgotten", func() bool { return b.transaction("x") == "TRANSACTIONAL_ID_NOT_FOUND" })
			same(t, "state of an id that is kept", kept.transaction("x"), "Empty")
		},
		"transaction.remove.expired.transaction.cleanup.interval.ms": func(t *testing.T) {
			const soon = "transactional.id.expiration.ms=1"
			b, kept := up(t, soon, "transaction.remove.expired.transaction.cleanup.interval.ms=20"), up(t, soon)
			for _, b := range []*bench{b, kept} {
				_, _, err := b.initTransactions("x", 1000)
				b.must(err)
			}
			eventually(t, "an unused id is forgotten", func() bool { return b.transaction("x") == "TRANSACTIONAL_ID_NOT_FOUND" })
			same(t, "state of an id that nobody has looked at", kept.transaction("x"), "Empty")
		},
		"transaction.abort.timed.out.transaction.cleanup.interval.ms": func(t *testing.T) {
			b, kept := up(t, "transaction.abort.timed.out.transaction.cleanup.interval.ms=20"), up(t)
			for _, b := range []*bench{b, kept} {
				b.must(b.topic("a", 1))
				cl := b.newClient(kgo.TransactionalID("x"), kgo.TransactionTimeout(100*time.Millisecond))
				defer cl.Close()
				b.must(cl.BeginTransaction())
				b.must(cl.ProduceSync(context.Background(), &kgo.Record{Topic: "a"}).FirstErr())
			}
			eventually(t, "a transaction is aborted", func() bool { return b.transaction("x") == "CompleteAbort" })
			same(t, "state of one that nobody has looked at", kept.transaction("x"), "Ongoing")
		},
		"transaction.partition.verification.enable": func(t *testing.T) {
			b := up(t)
			b.must(b.topic("a", 1))
			wants(t, b.hanging("a"), kerr.InvalidTxnState)
			b.alter(kmsg.ConfigResourceTypeBroker, "", "transaction.partition.verification.enable", "false")
			b.must(b.hanging("a"))
			off := up(t, "transaction.partition.verification.enable=false")
			off.must(off.topic("a", 1))
			off.must(off.hanging("a"))
		},
		"gregor.transaction.offsets.away.ms": func(t *testing.T) {
			if err := up(t).offsetsFirst("x"); err != nil {
				t.Errorf("offsets that come first: %v", err)
			}
			wants(t, up(t, "gregor.transaction.offsets.away.ms=1000").offsetsFirst("x"), kerr.ConcurrentTransactions)
		},
		"transaction.state.log.load.buffer.size": "internal/coordinator/runtime TestTransactionsLoadSoMuchAtOnce",
	}
}

// initTransactions gets a producer id for a transactional one.
func (b *bench) initTransactions(id string, timeoutMs int32) (producer int64, epoch int16, err error) {
	b.t.Helper()
	find := kmsg.NewPtrFindCoordinatorRequest()
	find.CoordinatorType, find.CoordinatorKeys = 1, []string{id}
	eventually(b.t, "a coordinator", func() bool { return ask[*kmsg.FindCoordinatorResponse](b, find).Coordinators[0].ErrorCode == 0 })
	req := kmsg.NewPtrInitProducerIDRequest()
	req.TransactionalID, req.TransactionTimeoutMillis = &id, timeoutMs
	resp := ask[*kmsg.InitProducerIDResponse](b, req)
	return resp.ProducerID, resp.ProducerEpoch, kerr.ErrorForCode(resp.ErrorCode)
}

// transaction is the state of a transactional id, or the error's name.
func (b *bench) transaction(id string) string {
	b.t.Helper()
	req := kmsg.NewPtrDescribeTransactionsRequest()
	req.TransactionalIDs = []string{id}
	state := ask[*kmsg.DescribeTransactionsResponse](b, req).TransactionStates[0]
	if state.ErrorCode != 0 {
		return kafka.Error(state.ErrorCode).Error()
	}
	return state.State
}

// offsetsFirst ends a transaction, and begins the next with offsets at once.
func (b *bench) offsetsFirst(id string) error {
	b.t.Helper()
	producer, epoch, err := b.initTransactions(id, 60_000)
	b.must(err)
	add := kmsg.NewPtrAddOffsetsToTxnRequest()
	add.TransactionalID, add.ProducerID, add.ProducerEpoch, add.Group = id, producer, epoch, "g"
	b.must(kerr.ErrorForCode(ask[*kmsg.AddOffsetsToTxnResponse](b, add).ErrorCode))
	end := kmsg.NewPtrEndTxnRequest()
	end.TransactionalID, end.ProducerID, end.ProducerEpoch, end.Commit = id, producer, epoch, true
	resp := ask[*kmsg.EndTxnResponse](b, end)
	b.must(kerr.ErrorForCode(resp.ErrorCode))
	if resp.ProducerID >= 0 {
		add.ProducerID, add.ProducerEpoch = resp.ProducerID, resp.ProducerEpoch
	}
	return kerr.ErrorForCode(ask[*kmsg.AddOffsetsToTxnResponse](b, add).ErrorCode)
}

// hanging writes into a transaction that the coordinator does not know.
func (b *bench) hanging(topic string) error {
	b.t.Helper()
	id, epoch, err := b.initTransactions("hanging", 60_000)
	b.must(err)
	build := batch.NewBuilder(nil, batch.Options{Transactional: true, Producer: &batch.Producer{
		ID: kafka.ProducerID(id), Epoch: kafka.ProducerEpoch(epoch)}})
	build.Append(kafka.Timestamp(time.Now().UnixMilli()), nil, []byte("x"))
	records, err := build.Build(nil)
	b.must(err)
	req := kmsg.NewPtrProduceRequest()
	req.SetVersion(9)
	req.TransactionID, req.Acks, req.TimeoutMillis = new("hanging"), -1, 5000
	p := kmsg.NewProduceRequestTopicPartition()
	p.Records = records
	rt := kmsg.NewProduceRequestTopic()
	rt.Topic, rt.Partitions = topic, append(rt.Partitions, p)
	req.Topics = append(req.Topics, rt)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cl := b.newClient(kgo.MaxVersions(kversion.V3_0_0()))
	defer cl.Close()
	resp, err := cl.SeedBrokers()[0].Request(ctx, req)
	b.must(err)
	return kerr.ErrorForCode(resp.(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode) //nolint:forcetypeassert // a test
}
