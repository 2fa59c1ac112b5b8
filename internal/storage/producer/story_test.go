package producer

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// story is a state and the log that it reflects, of which it needs the end only.
type story struct {
	s   State
	end kafka.Offset
	hw  kafka.Offset
}

// TestStories runs testdata/*.txt. The commands:
//
//	append id=1 epoch=0 seq=0 n=3 [txn] [from=client|replication|coordinator] [v2] [unverified|guard=1] [at=ms]
//	verify id=1 epoch=0 seq=0 [v2] [at=ms]   # append txn does so itself, without unverified or guard
//	marker id=1 epoch=0 commit=true coordinator=3 [tv=2] [from=...]
//	high-watermark to=5
//	expire now=ms after=ms
//	snapshot        # take one, forget everything, load it
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		w := &story{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return w.do(t, d) + w.String()
		})
	})
}

func arg[T any](t *testing.T, d *datadriven.TestData, name string, otherwise T) T {
	t.Helper()
	v := otherwise
	d.MaybeScanArgs(t, name, &v)
	return v
}

func (w *story) do(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	switch d.Cmd {
	case "append":
		return w.append(t, d)
	case "verify":
		guard, err := w.verify(t, d)
		if err != nil {
			return err.Error() + "\n"
		}
		return fmt.Sprintf("guard %d\n", guard)
	case "marker":
		return w.marker(t, d)
	case "high-watermark":
		w.hw = kafka.Offset(arg[int64](t, d, "to", 0))
		w.s.HighWatermark(w.hw)
	case "expire":
		w.s.Expire(kafka.Timestamp(arg[int64](t, d, "now", 0)), arg[int64](t, d, "after", 0))
	case "snapshot":
		var loaded State
		if err := loaded.Load(w.s.AppendSnapshot(nil), w.end, 0, 1<<60); err != nil {
			t.Fatal(err)
		}
		w.s = loaded
	default:
		d.Fatalf(t, "unknown command %s", d.Cmd)
	}
	return ""
}

func (w *story) rules(t *testing.T, d *datadriven.TestData, from string) *Rules {
	t.Helper()
	origin := map[string]batch.Origin{
		"client": batch.FromClient, "replication": batch.FromReplication, "coordinator": batch.FromCoordinator,
	}[arg(t, d, "from", from)]
	return &Rules{
		Partition: kafka.TopicPartition{Topic: "orders"}, Origin: origin,
		TransactionVersion: int16(arg(t, d, "tv", 0)),
		VerifyTransactions: true, Guard: Guard(arg(t, d, "guard", 0)),
	}
}

func (w *story) append(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	b := build(t, batch.Options{
		BaseOffset: w.end, Transactional: d.HasArg("txn"),
		Producer: &batch.Producer{
			ID: kafka.ProducerID(arg[int64](t, d, "id", 1)), Epoch: kafka.ProducerEpoch(arg(t, d, "epoch", 0)),
			Sequence: int32(arg[int64](t, d, "seq", 0)),
		},
	}, arg[int64](t, d, "at", 100), arg(t, d, "n", 1), nil, nil)
	r := w.rules(t, d, "client")
	if earlier, found := w.s.Duplicate(b); found && r.Origin == batch.FromClient {
		return fmt.Sprintf("duplicate of the offsets %d to %d\n", earlier.FirstOffset(), earlier.LastOffset)
	}
	if b.Transactional() && r.Origin != batch.FromReplication && !d.HasArg("unverified") && !d.HasArg("guard") {
		guard, err := w.verify(t, d)
		if err != nil {
			return err.Error() + "\n"
		}
		r.Guard = guard
	}
	return w.take(b, nil, r)
}

func (w *story) verify(t *testing.T, d *datadriven.TestData) (Guard, error) {
	t.Helper()
	return w.s.BeginVerification(kafka.Timestamp(arg[int64](t, d, "at", 100)), kafka.ProducerID(arg[int64](t, d, "id", 1)),
		kafka.ProducerEpoch(arg(t, d, "epoch", 0)), int32(arg[int64](t, d, "seq", 0)), d.HasArg("v2"))
}

func (w *story) marker(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	m := &Marker{Commit: arg(t, d, "commit", true), CoordinatorEpoch: int32(arg(t, d, "coordinator", 0)), Timestamp: 200}
	kind := batch.ControlAbort
	if m.Commit {
		kind = batch.ControlCommit
	}
	value := binary.BigEndian.AppendUint32([]byte{0, 0}, uint32(m.CoordinatorEpoch))
	b := build(t, batch.Options{
		BaseOffset: w.end, Transactional: true, Control: true,
		Producer: &batch.Producer{
			ID: kafka.ProducerID(arg[int64](t, d, "id", 1)), Epoch: kafka.ProducerEpoch(arg(t, d, "epoch", 0)), Sequence: NoSequence,
		},
	}, 200, 1, batch.ControlKey(kind), value)
	return w.take(b, m, w.rules(t, d, "coordinator"))
}

func (w *story) take(b batch.Batch, m *Marker, r *Rules) string {
	if err := w.s.Check(b, m, r); err != nil {
		w.s.Discard()
		return err.Error() + "\n"
	}
	w.end = b.NextOffset()
	w.s.SetEnd(w.end)
	out := ""
	for _, txn := range w.s.Commit() {
		how := "committed"
		if txn.Aborted {
			how = "aborted"
		}
		out += fmt.Sprintf("%s: the transaction of %d from %d to %d, last stable offset %d\n", how, txn.ID, txn.FirstOffset, txn.LastOffset, w.s.LastStable(txn))
		w.s.Complete(txn)
	}
	return out
}

func build(t *testing.T, o batch.Options, stamp int64, n int, key, value []byte) batch.Batch {
	t.Helper()
	builder := batch.NewBuilder(nil, o)
	for range n {
		builder.Append(kafka.Timestamp(stamp), key, value)
	}
	out, err := builder.Build(nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// String shows the state: the log's end, the first unstable offset and each
// producer with its batches as first-last sequence@offset.
func (w *story) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "end %d", w.end)
	if first, ok := w.s.FirstUnstable(); ok {
		fmt.Fprintf(&out, ", unstable from %d", first)
	}
	out.WriteByte('\n')
	for _, e := range w.s.Entries() {
		fmt.Fprintf(&out, "%d: epoch %d", e.ID, e.Epoch)
		for _, b := range e.Batches() {
			fmt.Fprintf(&out, " %d-%d@%d", b.FirstSequence(), b.LastSequence, b.FirstOffset())
		}
		if e.TxnFirstOffset >= 0 {
			fmt.Fprintf(&out, " open from %d", e.TxnFirstOffset)
		}
		if e.CoordinatorEpoch >= 0 {
			fmt.Fprintf(&out, " coordinator epoch %d", e.CoordinatorEpoch)
		}
		out.WriteByte('\n')
	}
	return out.String()
}
