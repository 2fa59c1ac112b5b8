package runtime

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/coordinator/txn"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// markers is a writer of markers that the test holds up, or lets fail.
type markers struct {
	mu      sync.Mutex
	hold    chan struct{} // nil: at once
	codes   []kafka.Error // of the next tries
	written []string
	tries   int
}

func (m *markers) WriteMarkers(ctx context.Context, marker *Marker, partitions []kafka.TopicPartition) []kafka.Error {
	if m.hold != nil {
		select {
		case <-m.hold:
		case <-ctx.Done():
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tries++
	codes := make([]kafka.Error, len(partitions))
	for i, p := range partitions {
		if ctx.Err() != nil {
			codes[i] = kafka.ErrRequestTimedOut
		} else if len(m.codes) > 0 {
			codes[i], m.codes = m.codes[0], m.codes[1:]
		}
		if codes[i] == kafka.ErrNone {
			m.written = append(m.written, fmt.Sprintf("%v id=%d epoch=%d commit=%t", p, marker.ID, marker.Epoch, marker.Commit))
		}
	}
	return codes
}

func newTestTransactions(logs *memLogs, m *markers, loadBytes int) *Transactions {
	next := kafka.ProducerID(999)
	t := NewTransactions(TransactionsConfig{
		Partitions: func() int32 { return partitions }, Level: func() int16 { return 2 }, Logs: logs, Markers: m, LoadBytes: loadBytes,
		ProducerIDs: func(context.Context) (kafka.ProducerID, error) { next++; return next, nil },
	})
	for p := range int32(partitions) {
		t.Elected(p, 1)
	}
	return t
}

func begin(t *testing.T, c *Transactions, id string) txn.Producer {
	t.Helper()
	who, code := c.InitProducerID(t.Context(), &txn.Init{TransactionalID: id, TimeoutMs: 60_000, Expected: txn.NoProducer()})
	mustBe(t, code, kafka.ErrNone)
	return who
}

func enlist(c *Transactions, id string, who txn.Producer, list ...int32) kafka.Error {
	req := &txn.Enlist{TransactionalID: id, Producer: who, Version: 2}
	for _, p := range list {
		req.Partitions = append(req.Partitions, kafka.TopicPartition{Topic: "t", Partition: p})
	}
	return c.AddPartitions(context.Background(), req)
}

func (m *markers) list() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.written)
}

func TestTheNextTransactionWaitsForTheMarkersInside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &markers{hold: make(chan struct{})}
		c := newTestTransactions(newMemLogs(), m, 0)
		defer c.Close()
		who := begin(t, c, "x")
		mustBe(t, enlist(c, "x", who, 0, 1), kafka.ErrNone)
		next, code := c.EndTxn(t.Context(), &txn.End{TransactionalID: "x", Producer: who, Commit: true, Version: 2})
		mustBe(t, code, kafka.ErrNone) // the markers are not written
		mustBe(t, len(m.list()), 0)
		start := time.Now()
		go func() { time.Sleep(3 * time.Second); close(m.hold) }()
		mustBe(t, enlist(c, "x", next, 2), kafka.ErrNone)
		mustBe(t, time.Since(start), 3*time.Second)
		mustBe(t, fmt.Sprint(m.list()), "[t-0 id=1000 epoch=1 commit=true t-1 id=1000 epoch=1 commit=true]")
		mustBe(t, c.Describe(t.Context(), "x").TransactionState, "Ongoing")
	})
}

func TestMarkersAreTriedAgainUntilTheyAreWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &markers{codes: []kafka.Error{
			kafka.ErrNotLeaderOrFollower, kafka.ErrNone, kafka.ErrInvalidProducerEpoch, // of partitions 0, 1, 2
			kafka.ErrRequestTimedOut, kafka.ErrUnknownTopicOrPartition, // then of partition 0 alone
		}}
		c := newTestTransactions(newMemLogs(), m, 0)
		defer c.Close()
		who := begin(t, c, "x")
		mustBe(t, enlist(c, "x", who, 0, 1, 2), kafka.ErrNone)
		_, code := c.EndTxn(t.Context(), &txn.End{TransactionalID: "x", Producer: who, Version: 2})
		mustBe(t, code, kafka.ErrNone)
		time.Sleep(time.Second)
		synctest.Wait()
		mustBe(t, fmt.Sprint(m.list()), "[t-1 id=1000 epoch=1 commit=false t-0 id=1000 epoch=1 commit=false]")
		mustBe(t, c.Describe(t.Context(), "x").TransactionState, "CompleteAbort")
	})
}

func TestACoordinatorThatWasReplacedWritesNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &markers{codes: slices.Repeat([]kafka.Error{kafka.ErrNotLeaderOrFollower}, 1000)}
		c := newTestTransactions(newMemLogs(), m, 0)
		defer c.Close()
		who := begin(t, c, "x")
		mustBe(t, enlist(c, "x", who, 0), kafka.ErrNone)
		_, code := c.EndTxn(t.Context(), &txn.End{TransactionalID: "x", Producer: who, Commit: true, Version: 2})
		mustBe(t, code, kafka.ErrNone)
		time.Sleep(5 * time.Second)
		c.Resigned(c.PartitionFor("x"))
		time.Sleep(2 * time.Second)
		m.mu.Lock()
		tries := m.tries
		m.mu.Unlock()
		time.Sleep(time.Minute)
		mustBe(t, m.tries, tries)
		mustBe(t, len(m.list()), 0)
		_, code = c.InitProducerID(t.Context(), &txn.Init{TransactionalID: "x", TimeoutMs: 1000, Expected: txn.NoProducer()})
		mustBe(t, code, kafka.ErrNotCoordinator)
	})
}

// TestTheNextCoordinatorWritesTheMarkers: the first ends between the decision
// and its markers.
func TestTheNextCoordinatorWritesTheMarkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logs, m := newMemLogs(), &markers{hold: make(chan struct{})}
		c := newTestTransactions(logs, m, 0)
		who := begin(t, c, "x")
		mustBe(t, enlist(c, "x", who, 0), kafka.ErrNone)
		next, code := c.EndTxn(t.Context(), &txn.End{TransactionalID: "x", Producer: who, Commit: true, Version: 2})
		mustBe(t, code, kafka.ErrNone)
		c.Close()
		mustBe(t, len(m.list()), 0)
		m = &markers{}
		c = newTestTransactions(logs, m, 0)
		defer c.Close()
		synctest.Wait()
		mustBe(t, fmt.Sprint(m.list()), "[t-0 id=1000 epoch=1 commit=true]")
		mustBe(t, enlist(c, "x", next, 1), kafka.ErrNone)
		// The retry of an end whose answer was lost.
		again, code := c.EndTxn(t.Context(), &txn.End{TransactionalID: "x", Producer: who, Commit: true, Version: 2})
		mustBe(t, code, kafka.ErrProducerFenced)
		mustBe(t, again, txn.NoProducer())
	})
}

func TestTransactionsLoadSoMuchAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logs := newMemLogs()
		c := newTestTransactions(logs, &markers{}, 0)
		for i := range 500 {
			begin(t, c, fmt.Sprint(i))
		}
		c.Close()
		c = newTestTransactions(logs, &markers{}, 1000)
		defer c.Close()
		synctest.Wait()
		mustBe(t, len(c.List(t.Context(), msg.NewListTransactionsRequest()).TransactionStates), 500)
		mustBe(t, logs.log(0).largest, 1000)
	})
}

// commitIn commits an offset of t-0 in a transaction.
func commitIn(g *Groups, id string, who *Producer, offset int64) kafka.Error {
	resp := g.CommitTransactionOffsets(context.Background(), caller(5), &msg.TxnOffsetCommitRequest{
		GroupId: id, ProducerId: int64(who.ID), ProducerEpoch: int16(who.Epoch), GenerationIdOrMemberEpoch: -1,
		Topics: []msg.TxnOffsetCommitRequestTopic{{Name: "t", Partitions: []msg.TxnOffsetCommitRequestPartition{{CommittedOffset: offset}}}},
	}, 0)
	return kafka.Error(resp.Topics[0].Partitions[0].ErrorCode)
}

func TestOffsetsOfATransactionCountWithItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logs := newMemLogs()
		g := newTestGroups(logs)
		defer g.Close()
		mustBe(t, commit(g, "g", 1), kafka.ErrNone)
		who := &Producer{ID: 7, Epoch: 3}
		mustBe(t, commitIn(g, "g", who, 5), kafka.ErrNone)
		offset, code := fetch(g, "g", false)
		mustBe(t, code, kafka.ErrNone)
		mustBe(t, offset, 1)
		_, code = fetch(g, "g", true)
		mustBe(t, code, kafka.ErrNone)
		partition := g.PartitionFor("g")
		if err := g.EndTransaction(t.Context(), partition, &Marker{ID: 7, Epoch: 4, CoordinatorEpoch: 9, Commit: true, Version: 2}); err != nil {
			t.Fatal(err)
		}
		offset, _ = fetch(g, "g", true)
		mustBe(t, offset, 5)

		// As Kafka writes them: the offsets a transactional batch of the producer,
		// the marker a control batch of the transaction coordinator.
		var got []string
		for it := batch.Batches(logs.log(partition).batches); it.Next(); {
			b := it.Batch()
			got = append(got, fmt.Sprintf("id=%d epoch=%d seq=%d txn=%t control=%t", b.ProducerID(), b.ProducerEpoch(), b.BaseSequence(),
				b.Transactional(), b.Control()))
		}
		mustBe(t, fmt.Sprint(got), "[id=-1 epoch=-1 seq=0 txn=false control=false id=7 epoch=3 seq=0 txn=true control=false id=7 epoch=4 seq=-1 txn=true control=true]")
	})
}

// TestReplayedOffsetsAreTheLiveOnes: whatever happens to groups, offsets and
// transactions, what a coordinator has in memory is what the next one loads.
func TestReplayedOffsetsAreTheLiveOnes(t *testing.T) {
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			logs := newMemLogs()
			g := newTestGroups(logs)
			group := func() string { return fmt.Sprint("g", r.IntN(4)) }
			for range 150 {
				id := group()
				who := &Producer{ID: kafka.ProducerID(r.IntN(3)), Epoch: 1}
				switch r.IntN(7) {
				case 0, 1:
					_ = commit(g, id, r.Int64N(1000))
				case 2, 3:
					_ = commitIn(g, id, who, r.Int64N(1000))
				case 4:
					for p := range int32(partitions) {
						m := &Marker{ID: who.ID, Epoch: 1, Commit: r.IntN(2) == 0}
						if err := g.EndTransaction(t.Context(), p, m); err != nil {
							t.Fatal(err)
						}
					}
				case 5:
					g.DeleteGroups(t.Context(), caller(2), []string{id})
				case 6:
					if log := logs.log(g.PartitionFor(id)); r.IntN(4) == 0 { // the log refuses one
						log.mu.Lock()
						log.fail = kafka.ErrInvalidProducerEpoch
						log.mu.Unlock()
						mustBe(t, commitIn(g, id, who, 1), kafka.ErrInvalidProducerEpoch)
						log.mu.Lock()
						log.fail = nil
						log.mu.Unlock()
					}
				}
				if r.IntN(15) == 0 {
					compareReplay(t, g, logs)
				}
			}
			compareReplay(t, g, logs)
			g.Close()
		})
	}
}

func compareReplay(t *testing.T, live *Groups, logs *memLogs) {
	t.Helper()
	next := newTestGroups(logs)
	defer next.Close()
	synctest.Wait()
	for i := range 4 {
		id := fmt.Sprint("g", i)
		for _, stable := range []bool{false, true} {
			a, codeA := fetch(live, id, stable)
			b, codeB := fetch(next, id, stable)
			if a != b || codeA != codeB {
				t.Fatalf("%s stable=%t: live %d %v, replayed %d %v", id, stable, a, codeA, b, codeB)
			}
		}
	}
}
