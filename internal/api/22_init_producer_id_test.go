package api

import (
	"context"
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// oneID hands out the same id again and again.
type oneID kafka.ProducerID

func (id oneID) Next(context.Context) (kafka.ProducerID, error) { return kafka.ProducerID(id), nil }

// TestTransactionalProducersAreRefusedAtOnce: clients try a missing
// coordinator again until their own timeout; an unsupported request they give
// up.
func TestTransactionalProducersAreRefusedAtOnce(t *testing.T) {
	h := &Handlers{Deps: Deps{ProducerIDs: oneID(7)}}
	name, empty := "orders", ""
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
		{"an empty transactional id", &empty, -1, -1, kafka.ErrInvalidRequest},
		{"a transactional id", &name, -1, -1, kafka.ErrUnsupportedVersion},
	} {
		req := msg.NewInitProducerIdRequest()
		req.TransactionalId, req.ProducerId, req.ProducerEpoch = c.txn, c.id, c.epoch
		resp, err := h.initProducerID(t.Context(), &Call{Conn: &Conn{}}, req)
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
	}
}
