package wire

import (
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// txn is a transactional producer of a story.
type txn struct {
	x        *talk
	id       string
	producer int64
	epoch    int16
}

// The codes that a story waits for to go away: Kafka sends who comes while
// markers are being written away with the first, Gregor lets it wait.
const concurrentTransactions = 51

func busy(code int16) bool {
	return code == concurrentTransactions || code >= 14 && code <= 16 // its coordinator is not there yet
}

// hidden does something whose answers are not recorded.
func (x *talk) hidden(do func()) {
	kept := len(x.answers)
	do()
	x.answers = x.answers[:kept]
}

// txn begins a transactional producer, unrecorded.
func (x *talk) txn(what string) *txn {
	t := &txn{x: x, id: x.name(what)}
	x.hidden(func() {
		x.until("coordinator", func() kmsg.Request {
			r := kmsg.NewPtrFindCoordinatorRequest()
			r.CoordinatorType, r.CoordinatorKey, r.CoordinatorKeys = 1, t.id, []string{t.id}
			return r
		}, func(resp kmsg.Response) bool {
			f, ok := resp.(*kmsg.FindCoordinatorResponse)
			return ok && (f.ErrorCode != 0 || len(f.Coordinators) > 0 && f.Coordinators[0].ErrorCode != 0)
		})
		t.init("init", -1, -1)
	})
	return t
}

// init asks for a producer id until its coordinator is free to answer, and
// takes it over.
func (t *txn) init(step string, producer int64, epoch int16) {
	resp := t.x.until(step, func() kmsg.Request {
		r := newProducer(&t.id)
		r.ProducerID, r.ProducerEpoch = producer, epoch
		return r
	}, func(resp kmsg.Response) bool {
		i, ok := resp.(*kmsg.InitProducerIDResponse)
		return ok && busy(i.ErrorCode)
	})
	if i, ok := resp.(*kmsg.InitProducerIDResponse); ok && i.ErrorCode == 0 {
		t.producer, t.epoch = i.ProducerID, i.ProducerEpoch
	}
}

// add is AddPartitionsToTxn in the form of its version.
func (t *txn) add(version int16, producer int64, epoch int16, verify bool, topic string, partitions ...int32) *kmsg.AddPartitionsToTxnRequest {
	r := kmsg.NewPtrAddPartitionsToTxnRequest()
	if version < 4 {
		r.TransactionalID, r.ProducerID, r.ProducerEpoch = t.id, producer, epoch
		rt := kmsg.NewAddPartitionsToTxnRequestTopic()
		rt.Topic, rt.Partitions = topic, partitions
		r.Topics = append(r.Topics, rt)
		return r
	}
	one := kmsg.NewAddPartitionsToTxnRequestTransaction()
	one.TransactionalID, one.ProducerID, one.ProducerEpoch, one.VerifyOnly = t.id, producer, epoch, verify
	rt := kmsg.NewAddPartitionsToTxnRequestTransactionTopic()
	rt.Topic, rt.Partitions = topic, partitions
	one.Topics = append(one.Topics, rt)
	r.Transactions = append(r.Transactions, one)
	return r
}

// addCode is the first code of an answer to it.
func addCode(resp kmsg.Response) int16 {
	a, ok := resp.(*kmsg.AddPartitionsToTxnResponse)
	switch {
	case !ok:
		return 0
	case len(a.Topics) > 0 && len(a.Topics[0].Partitions) > 0:
		return a.Topics[0].Partitions[0].ErrorCode
	case len(a.Transactions) > 0 && len(a.Transactions[0].Topics) > 0:
		return a.Transactions[0].Topics[0].Partitions[0].ErrorCode
	}
	return 0
}

// added adds partitions as a client of transactions v1 does, unrecorded.
func (t *txn) added(topic string, partitions ...int32) {
	t.x.hidden(func() {
		t.x.pinned(kmsg.AddPartitionsToTxn, 3, func() {
			t.x.until("add", func() kmsg.Request { return t.add(3, t.producer, t.epoch, false, topic, partitions...) },
				func(resp kmsg.Response) bool { return busy(addCode(resp)) })
		})
	})
}

// pinned lets requests of a key that is not the story's have another version
// than the newest.
func (x *talk) pinned(key kmsg.Key, version int16, do func()) {
	k := int16(key)
	if k == x.key {
		do()
		return
	}
	before := x.newest[k]
	x.newest[k] = version
	do()
	x.newest[k] = before
}

// records is a batch of the transaction.
func (t *txn) records(sequence int32, values ...string) batch {
	return batch{
		values: values, producer: t.producer, epoch: t.epoch, sequence: sequence,
		edit: func(b *kmsg.RecordBatch) { b.Attributes |= 1 << 4 },
	}
}

// produce is a Produce of the transaction.
func (t *txn) produce(p ...part) *kmsg.ProduceRequest {
	r := produce(-1, p...)
	r.TransactionID = &t.id
	return r
}

// write adds partition 0 and writes to it, as a client of transactions v1 does,
// unrecorded. Nothing else may be open in the story's own way.
func (t *txn) write(topic string, id [16]byte, sequence int32, values ...string) {
	t.added(topic, 0)
	t.x.hidden(func() {
		t.x.pinned(kmsg.Produce, 11, func() {
			t.x.until("write", func() kmsg.Request { return t.produce(part{topic, id, 0, t.records(sequence, values...).encode()}) },
				func(resp kmsg.Response) bool {
					p, ok := resp.(*kmsg.ProduceResponse)
					return ok && p.Topics[0].Partitions[0].ErrorCode == 19 // NOT_ENOUGH_REPLICAS
				})
		})
	})
}

// end is EndTxn.
func (t *txn) end(producer int64, epoch int16, commit bool) *kmsg.EndTxnRequest {
	r := kmsg.NewPtrEndTxnRequest()
	r.TransactionalID, r.ProducerID, r.ProducerEpoch, r.Commit = t.id, producer, epoch, commit
	return r
}

// ended ends the transaction as a client of transactions v1 does, and waits for
// its markers; unrecorded.
func (t *txn) ended(commit bool) {
	t.x.hidden(func() {
		t.x.pinned(kmsg.EndTxn, 4, func() {
			t.x.until("end", func() kmsg.Request { return t.end(t.producer, t.epoch, commit) }, func(resp kmsg.Response) bool {
				e, ok := resp.(*kmsg.EndTxnResponse)
				return ok && busy(e.ErrorCode)
			})
		})
		t.completed("complete")
	})
}

// completed waits until no markers are due, and records what the id is then.
func (t *txn) completed(step string) {
	t.x.until(step, func() kmsg.Request {
		r := kmsg.NewPtrDescribeTransactionsRequest()
		r.TransactionalIDs = []string{t.id}
		return r
	}, func(resp kmsg.Response) bool {
		d, ok := resp.(*kmsg.DescribeTransactionsResponse)
		return ok && len(d.TransactionStates) == 1 && strings.HasPrefix(d.TransactionStates[0].State, "Prepare")
	})
}
