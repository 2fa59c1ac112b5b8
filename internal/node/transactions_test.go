package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/wire"
)

// transact writes values in one transaction, and ends it.
func (w *world) transact(cl *kgo.Client, commit kgo.TransactionEndTry, values ...string) {
	w.t.Helper()
	if err := cl.BeginTransaction(); err != nil {
		w.t.Fatal(err)
	}
	for _, v := range values {
		if err := cl.ProduceSync(w.t.Context(), kgo.StringRecord(v)).FirstErr(); err != nil {
			w.t.Fatalf("produce %s: %v", v, err)
		}
	}
	if err := cl.EndTransaction(w.t.Context(), commit); err != nil {
		w.t.Fatalf("end the transaction of %v: %v", values, err)
	}
}

// read gives the first n values of a topic that a reader sees, in order.
func (w *world) read(topic string, n int, isolation kgo.IsolationLevel) []string {
	w.t.Helper()
	cl := w.client(kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(isolation))
	defer cl.Close()
	var values []string
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	for len(values) < n && ctx.Err() == nil {
		cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) { values = append(values, string(r.Value)) })
	}
	slices.Sort(values)
	return values
}

func wantValues(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, not %v", what, got, want)
	}
}

func TestTransactionsAreSeenWholeOrNotAtAll(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		w.createTopic(w.client(), "t", 3, nil)
		cl := w.client(kgo.TransactionalID("x"), kgo.DefaultProduceTopic("t"))
		w.transact(cl, kgo.TryCommit, "a", "b", "c", "d")
		w.transact(cl, kgo.TryAbort, "never", "neither")
		w.transact(cl, kgo.TryCommit, "e")
		wantValues(t, "read committed", w.read("t", 5, kgo.ReadCommitted()), "a", "b", "c", "d", "e")
		wantValues(t, "read uncommitted", w.read("t", 7, kgo.ReadUncommitted()), "a", "b", "c", "d", "e", "neither", "never")

		// One that is open holds readers up; the end of the log is where it was.
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := cl.ProduceSync(t.Context(), kgo.StringRecord("open")).FirstErr(); err != nil {
			t.Fatal(err)
		}
		w.produce(w.client(), "t", 100, 30)
		ac := kadm.NewClient(w.client())
		stable, err := ac.ListCommittedOffsets(t.Context(), "t")
		if err != nil {
			t.Fatal(err)
		}
		end, err := ac.ListEndOffsets(t.Context(), "t")
		if err != nil {
			t.Fatal(err)
		}
		held := 0
		stable.Each(func(o kadm.ListedOffset) {
			if e, _ := end.Lookup("t", o.Partition); o.Offset < e.Offset {
				held++
			}
		})
		if held != 1 {
			t.Errorf("an open transaction holds %d partitions up", held)
		}
		w.described(ac, "x", "Ongoing", 1)
		if err := cl.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
			t.Fatal(err)
		}
		if got := len(w.read("t", 36, kgo.ReadCommitted())); got != 36 {
			t.Errorf("after the end %d records are read, not 36", got)
		}
	})
}

// described compares what DescribeTransactions says of an id.
func (w *world) described(ac *kadm.Client, id, state string, partitions int) {
	w.t.Helper()
	synctest.Wait()
	d, err := ac.DescribeTransactions(w.t.Context(), id)
	if err != nil || d[id].Err != nil {
		w.t.Fatal(err, d[id].Err)
	}
	if n := len(d[id].Topics.Sorted()); d[id].State != state || (n > 0) != (partitions > 0) {
		w.t.Errorf("%s is %+v, not %s", id, d[id], state)
	}
}

func TestTransactionsOutliveARestartAndAKill(t *testing.T) {
	for _, how := range []string{"stop", "kill"} {
		t.Run(how, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, w *world) {
				w.createTopic(w.client(), "t", 3, nil)
				cl := w.client(kgo.TransactionalID("x"), kgo.DefaultProduceTopic("t"))
				w.transact(cl, kgo.TryCommit, "a")
				if err := cl.BeginTransaction(); err != nil {
					t.Fatal(err)
				}
				if err := cl.ProduceSync(t.Context(), kgo.StringRecord("b")).FirstErr(); err != nil {
					t.Fatal(err)
				}
				other := w.client(kgo.TransactionalID("y"), kgo.DefaultProduceTopic("t"), kgo.TransactionTimeout(time.Minute))
				if err := other.BeginTransaction(); err != nil {
					t.Fatal(err)
				}
				if err := other.ProduceSync(t.Context(), kgo.StringRecord("lost")).FirstErr(); err != nil {
					t.Fatal(err)
				}
				if how == "kill" {
					w.kill()
				} else {
					w.stop()
				}
				w.start()
				if err := cl.ProduceSync(t.Context(), kgo.StringRecord("c")).FirstErr(); err != nil {
					t.Fatal(err)
				}
				if err := cl.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
					t.Fatal(err)
				}
				w.transact(cl, kgo.TryCommit, "d")
				// The other never comes back: its transaction ends by its timeout.
				time.Sleep(75 * time.Second)
				ac := kadm.NewClient(w.client())
				w.described(ac, "y", "CompleteAbort", 0)
				wantValues(t, "after the "+how, w.read("t", 4, kgo.ReadCommitted()), "a", "b", "c", "d")
				if err := other.EndTransaction(t.Context(), kgo.TryCommit); err == nil {
					t.Error("a transaction that was aborted by its timeout was committed")
				}
			})
		})
	}
}

// TestASecondProducerFencesTheFirst: it waits until the transaction of the
// first is aborted, and the first is told.
func TestASecondProducerFencesTheFirst(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		w.createTopic(w.client(), "t", 1, nil)
		first := w.client(kgo.TransactionalID("x"), kgo.DefaultProduceTopic("t"))
		if err := first.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := first.ProduceSync(t.Context(), kgo.StringRecord("fenced")).FirstErr(); err != nil {
			t.Fatal(err)
		}
		second := w.client(kgo.TransactionalID("x"), kgo.DefaultProduceTopic("t"))
		w.transact(second, kgo.TryCommit, "a")
		err := first.ProduceSync(t.Context(), kgo.StringRecord("late")).FirstErr()
		if !errors.Is(err, kerr.InvalidProducerEpoch) && !errors.Is(err, kerr.ProducerFenced) {
			t.Errorf("the first producer is told %v", err)
		}
		w.transact(second, kgo.TryCommit, "b")
		wantValues(t, "what counts", w.read("t", 2, kgo.ReadCommitted()), "a", "b")
	})
}

func TestConsumeTransformProduceExactlyOnce(t *testing.T) {
	inBubble(t, []string{"group.initial.rebalance.delay.ms=0"}, func(t *testing.T, w *world) {
		const n = 300
		admin := w.client()
		w.createTopic(admin, "in", 4, nil)
		w.createTopic(admin, "out", 4, nil)
		w.produce(admin, "in", 0, n)
		begin := func(id string) *kgo.GroupTransactSession {
			s, err := kgo.NewGroupTransactSession(
				kgo.SeedBrokers("localhost:9092"), kgo.Dialer(w.pipe.DialContext), kgo.TransactionalID(id), kgo.ConsumerGroup("g"),
				kgo.ConsumeTopics("in"), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxBytes(1000))
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		seen, rounds := 0, 0
		// Each session ends in the middle of its work: what it has not committed
		// is done again by the next.
		for ; seen < n; rounds++ {
			if rounds > 40 {
				t.Fatalf("after %d sessions %d of %d records are done", rounds, seen, n)
			}
			s := begin(fmt.Sprint("etl-", rounds%3))
			for range 3 {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				fetches := s.PollRecords(ctx, 20)
				cancel()
				if fetches.NumRecords() == 0 {
					continue
				}
				if err := s.Begin(); err != nil {
					t.Fatal(err)
				}
				fetches.EachRecord(func(r *kgo.Record) {
					s.Produce(t.Context(), &kgo.Record{Topic: "out", Value: r.Value}, nil)
				})
				ok, err := s.End(t.Context(), kgo.TransactionEndTry(rounds%4 != 3)) // each fourth session aborts
				if err != nil {
					t.Fatal(err)
				}
				if ok && rounds%4 != 3 {
					seen += fetches.NumRecords()
				}
			}
			s.Close()
		}
		got := map[string]int{}
		for _, v := range w.read("out", n, kgo.ReadCommitted()) {
			got[v]++
		}
		if len(got) != n || seen != n {
			t.Errorf("%d values of %d came through, %d were told so", len(got), n, seen)
		}
		for _, v := range slices.Sorted(maps.Keys(got)) {
			if got[v] != 1 {
				t.Errorf("%s came through %d times", v, got[v])
			}
		}
	})
}

// txnRaw is a client of transactions that sends what it likes, when it likes.
type txnRaw struct {
	*raw
	id    string
	topic kafka.UUID
}

func (r *txnRaw) init() (int64, int16) {
	r.tb.Helper()
	find := msg.NewFindCoordinatorRequest()
	find.KeyType, find.CoordinatorKeys = 1, []string{r.id}
	r.call(find, msg.NewFindCoordinatorResponse())
	req, resp := msg.NewInitProducerIdRequest(), msg.NewInitProducerIdResponse()
	req.TransactionalId, req.TransactionTimeoutMs = &r.id, 60_000
	r.call(req, resp)
	if resp.ErrorCode != 0 {
		r.tb.Fatalf("init: %v", kafka.Error(resp.ErrorCode))
	}
	return resp.ProducerId, resp.ProducerEpoch
}

// produce writes one record in a transaction, as transactions v2 do.
func (r *txnRaw) produce(id int64, epoch int16, sequence int32) kafka.Error {
	r.tb.Helper()
	b := batch.NewBuilder(nil, batch.Options{Transactional: true, Producer: &batch.Producer{
		ID: kafka.ProducerID(id), Epoch: kafka.ProducerEpoch(epoch), Sequence: sequence,
	}})
	b.Append(kafka.Timestamp(time.Now().UnixMilli()), nil, []byte("v"))
	records, err := b.Build(nil)
	if err != nil {
		r.tb.Fatal(err)
	}
	req, resp := msg.NewProduceRequest(), msg.NewProduceResponse()
	req.TransactionalId, req.Acks, req.TimeoutMs = &r.id, -1, 30_000
	req.TopicData = []msg.ProduceRequestTopicProduceData{{TopicId: r.topic, PartitionData: []msg.ProduceRequestPartitionProduceData{{Records: records}}}}
	r.call(req, resp)
	return kafka.Error(resp.Responses[0].PartitionResponses[0].ErrorCode)
}

func (r *txnRaw) end(version int16, id int64, epoch int16, commit bool) (kafka.Error, int64, int16) {
	r.tb.Helper()
	req, resp := msg.NewEndTxnRequest(), msg.NewEndTxnResponse()
	req.TransactionalId, req.ProducerId, req.ProducerEpoch, req.Committed = r.id, id, epoch, commit
	r.send(wire.AppendRequest(nil, version, 1, "raw", req))
	frame := r.receive()
	_, at, err := wire.ParseResponseHeader(frame, req.APIKey(), version)
	if err == nil {
		err = msg.Unmarshal(resp, frame[at:], version)
	}
	if err != nil {
		r.tb.Fatal(err)
	}
	return kafka.Error(resp.ErrorCode), resp.ProducerId, resp.ProducerEpoch
}

// TestADelayedEndDoesNotEndALaterTransaction: an EndTxn that was held back on
// the way, by a network that then delivers it, meets the next transaction of
// the same producer. With transactions v2 the epoch tells the two apart.
func TestADelayedEndDoesNotEndALaterTransaction(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		r := &txnRaw{raw: w.raw(), id: "x", topic: w.raw().topic("t", 1)}
		id, epoch := r.init()
		if code := r.produce(id, epoch, 0); code != kafka.ErrNone {
			t.Fatal(code)
		}
		// The first EndTxn is delayed; the client tries again and that arrives.
		delayed := epoch
		code, id, epoch := r.end(5, id, epoch, false)
		if code != kafka.ErrNone || epoch != delayed+1 {
			t.Fatalf("end: %v, epoch %d", code, epoch)
		}
		// The next transaction begins at once: it waits for the markers inside.
		if code := r.produce(id, epoch, 0); code != kafka.ErrNone {
			t.Fatal(code)
		}
		if code, _, _ := r.end(5, id, delayed, false); code != kafka.ErrProducerFenced {
			t.Errorf("the delayed end of the first transaction: %v", code)
		}
		if code, _, _ := r.end(5, id, epoch, true); code != kafka.ErrNone {
			t.Errorf("the second transaction: %v", code)
		}
		if got := len(w.read("t", 1, kgo.ReadCommitted())); got != 1 {
			t.Errorf("%d records count, not 1", got)
		}
		// So does a late record of a transaction that is over.
		if code := r.produce(id, delayed, 1); code != kafka.ErrInvalidProducerEpoch {
			t.Errorf("a late record: %v", code)
		}
		// And one that an old client writes outside of any transaction.
		if code := r.produce(id+1, 0, 0); code != kafka.ErrInvalidProducerIDMapping {
			t.Errorf("a record of nobody: %v", code)
		}
	})
}

// TestATransactionOverADeletedTopicEnds: what is gone needs no marker.
func TestATransactionOverADeletedTopicEnds(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		w.createTopic(w.client(), "t", 1, nil)
		w.createTopic(w.client(), "gone", 2, nil)
		cl := w.client(kgo.TransactionalID("x"), kgo.DefaultProduceTopic("t"))
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		for _, topic := range []string{"gone", "t"} {
			if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: []byte(topic)}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		ac := kadm.NewClient(w.client())
		if _, err := ac.DeleteTopics(t.Context(), "gone"); err != nil {
			t.Fatal(err)
		}
		if err := cl.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
			t.Fatal(err)
		}
		w.described(ac, "x", "CompleteCommit", 0)
		w.transact(cl, kgo.TryCommit, "next")
		wantValues(t, "what counts", w.read("t", 2, kgo.ReadCommitted()), "next", "t")
	})
}

// TestTheClustersTransactionVersionDecides what is written, and what clients do.
func TestTheClustersTransactionVersionDecides(t *testing.T) {
	inBubble(t, []string{"transaction.state.log.num.partitions=1"}, func(t *testing.T, w *world) {
		w.createTopic(w.client(), "t", 1, nil)
		set := func(level, how int16) {
			t.Helper()
			req, resp := msg.NewUpdateFeaturesRequest(), msg.NewUpdateFeaturesResponse()
			req.TimeoutMs = 5000
			req.FeatureUpdates = []msg.UpdateFeaturesRequestFeatureUpdateKey{{
				Feature: "transaction.version", MaxVersionLevel: level, UpgradeType: int8(how),
			}}
			w.raw().call(req, resp)
			if resp.ErrorCode != 0 {
				t.Fatal(kafka.Error(resp.ErrorCode), *resp.ErrorMessage)
			}
		}
		// The epoch after each transaction, and the version of what was written.
		var got []string
		note := func() {
			cl := w.client(kgo.TransactionalID("x"), kgo.DefaultProduceTopic("t"))
			defer cl.Close()
			w.transact(cl, kgo.TryCommit, "a")
			_, before, err := cl.ProducerID(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			w.transact(cl, kgo.TryCommit, "b")
			_, after, err := cl.ProducerID(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			last := w.client(kgo.ConsumeTopics("__transaction_state"))
			defer last.Close()
			end, err := kadm.NewClient(w.client()).ListEndOffsets(t.Context(), "__transaction_state")
			if err != nil {
				t.Fatal(err)
			}
			var version byte
			o, _ := end.Lookup("__transaction_state", 0)
			for at := int64(-1); at < o.Offset-1; {
				last.PollFetches(t.Context()).EachRecord(func(r *kgo.Record) { at, version = r.Offset, r.Value[1] })
			}
			got = append(got, fmt.Sprintf("epoch +%d, records v%d", after-before, version))
		}
		note()
		set(0, 2)
		note()
		set(1, 1)
		note()
		set(2, 1)
		note()
		want := "[epoch +1, records v1 epoch +0, records v0 epoch +0, records v1 epoch +1, records v1]"
		if s := fmt.Sprint(got); s != want {
			t.Errorf("with transaction.version 2, 0, 1, 2: %s, not %s", s, want)
		}
	})
}

// TestRecordsOfAnOpenTransactionMayBeDeleted: retention and DeleteRecords do not
// wait for its end, and its end comes all the same.
func TestRecordsOfAnOpenTransactionMayBeDeleted(t *testing.T) {
	for _, how := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort} {
		inBubble(t, []string{"log.retention.check.interval.ms=1000"}, func(t *testing.T, w *world) {
			small, short := "200", "5000"
			w.createTopic(w.client(), "t", 1, map[string]*string{"internal.segment.bytes": &small, "retention.ms": &short})
			cl := w.client(kgo.TransactionalID("x"), kgo.DefaultProduceTopic("t"))
			if err := cl.BeginTransaction(); err != nil {
				t.Fatal(err)
			}
			for i := range 20 {
				if err := cl.ProduceSync(t.Context(), kgo.StringRecord(fmt.Sprintf("old %100d", i))).FirstErr(); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(20 * time.Second) // segments are deleted, the transaction is open
			ac := kadm.NewClient(w.client())
			start, err := ac.ListStartOffsets(t.Context(), "t")
			if o, ok := start.Lookup("t", 0); err != nil || !ok || o.Offset < 10 {
				t.Fatalf("nothing was deleted: %+v %v", o, err)
			}
			stable, err := ac.ListCommittedOffsets(t.Context(), "t")
			if o, _ := stable.Lookup("t", 0); err != nil || o.Offset < 10 || o.Offset > 20 {
				t.Errorf("the last stable offset is %d, the log begins later (%v)", o.Offset, err)
			}
			if err := cl.ProduceSync(t.Context(), kgo.StringRecord("last")).FirstErr(); err != nil {
				t.Fatal(err)
			}
			if err := cl.EndTransaction(t.Context(), how); err != nil {
				t.Fatal(err)
			}
			w.transact(cl, kgo.TryCommit, "next")
			want := []string{"next"}
			if how == kgo.TryCommit {
				want = []string{"last", "next"}
			}
			got := slices.DeleteFunc(w.read("t", len(want), kgo.ReadCommitted()), func(v string) bool { return v[:3] == "old" })
			wantValues(t, "what counts", got, want...)
			w.stop()
			w.start()
			w.described(kadm.NewClient(w.client()), "x", "CompleteCommit", 0)
		})
	}
}
