package api

import (
	"context"
	"testing"

	"github.com/gregor-stream/gregor/internal/coordinator/txn"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// oneID hands out the same id again and again.
type oneID kafka.ProducerID

func (id oneID) Next(context.Context) (kafka.ProducerID, error) { return kafka.ProducerID(id), nil }

// fakeTransactions answers what it has.
type fakeTransactions struct {
	Transactions
	who  txn.Producer
	code kafka.Error
}

func (f *fakeTransactions) InitProducerID(context.Context, *txn.Init) (txn.Producer, kafka.Error) {
	return f.who, f.code
}

// TestWhoGetsAProducerID: idempotent producers from the broker, transactional
// ones from their coordinator; old clients are told a code that they know.
func TestWhoGetsAProducerID(t *testing.T) {
	fake := &fakeTransactions{}
	h := &Handlers{Deps: Deps{ProducerIDs: oneID(7), Transactions: fake}}
	name := "orders"
	for _, c := range []struct {
		what  string
		txn   *string
		id    int64
		epoch int16
		want  kafka.Error
	}{
		{"an idempotent producer", nil, -1, -1, kafka.ErrNone},
		{"an idempotent producer that has an id", nil, 3, 1, kafka.ErrNone},
		{"an id without an epoch", nil, 3, -1, kafka.ErrInvalidRequest},
		{"a transactional id", &name, -1, -1, kafka.ErrNone},
		{"a fenced one", &name, 3, 1, kafka.ErrProducerFenced},
	} {
		req := msg.NewInitProducerIdRequest()
		req.TransactionalId, req.ProducerId, req.ProducerEpoch = c.txn, c.id, c.epoch
		fake.who, fake.code = txn.Producer{ID: 7}, c.want
		if c.want != kafka.ErrNone {
			fake.who = txn.NoProducer()
		}
		resp, err := h.initProducerID(t.Context(), &Call{Conn: &Conn{}, Version: 5}, req)
		if err != nil {
			t.Fatal(err)
		}
		wantID, wantEpoch := int64(-1), int16(-1)
		if c.want == kafka.ErrNone {
			wantID, wantEpoch = 7, 0
		}
		if kafka.Error(resp.ErrorCode) != c.want || resp.ProducerId != wantID || resp.ProducerEpoch != wantEpoch {
			t.Errorf("%s: %v, id %d epoch %d; want %v, id %d epoch %d", c.what,
				kafka.Error(resp.ErrorCode), resp.ProducerId, resp.ProducerEpoch, c.want, wantID, wantEpoch)
		}
		old, err := h.initProducerID(t.Context(), &Call{Conn: &Conn{}, Version: 3}, req)
		if err != nil {
			t.Fatal(err)
		}
		if c.want == kafka.ErrProducerFenced && kafka.Error(old.ErrorCode) != kafka.ErrInvalidProducerEpoch {
			t.Errorf("%s in version 3: %v", c.what, kafka.Error(old.ErrorCode))
		}
	}
}
