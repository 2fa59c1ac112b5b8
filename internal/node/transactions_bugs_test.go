package node

import (
	"fmt"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/wire"
)

// What stands here are bugs that brokers have had.

// TestAnEndHeldBackByTheNetworkInTheOldProtocol: before transactions v2 nobody
// can tell a late end from the end of the next transaction, in Apache Kafka
// neither. What it ends is then aborted as a whole and its producer is told;
// nothing of it counts, nothing is torn, and no reader waits for ever.
func TestAnEndHeldBackByTheNetworkInTheOldProtocol(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		w.createTopic(w.client(), "t", 1, nil)
		px := &proxy{dial: func() (net.Conn, error) { return w.pipe.DialContext(t.Context(), "", "") }}
		cl := w.through(px, kgo.TransactionalID("x"), kgo.DefaultProduceTopic("t"), kgo.MaxVersions(kversion.V3_7_0()))
		w.transact(cl, kgo.TryAbort, "aborted") // its first EndTxn is held back
		if px.held == nil {
			t.Fatal("no EndTxn was held back")
		}
		_, before, err := cl.ProducerID(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := cl.ProduceSync(t.Context(), kgo.StringRecord("a")).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if _, epoch, _ := cl.ProducerID(t.Context()); epoch != before {
			t.Fatalf("the client speaks transactions v2: epoch %d after %d", epoch, before)
		}
		px.deliver(t)
		if state := w.stateOf("x"); state != "CompleteAbort" {
			t.Errorf("the late end has made the next transaction %s", state)
		}
		late := cl.ProduceSync(t.Context(), kgo.StringRecord("b")).FirstErr()
		if late == nil {
			t.Error("a record after the late end was written")
		}
		if err := cl.EndTransaction(t.Context(), kgo.TryCommit); err == nil {
			t.Error("the transaction that the late end has aborted was committed")
		}
		next := w.client(kgo.TransactionalID("x"), kgo.DefaultProduceTopic("t"))
		w.transact(next, kgo.TryCommit, "c")
		wantValues(t, "what counts", w.read("t", 1, kgo.ReadCommitted()), "c")
	})
}

// TestAProducerOutlivesItsEpochs goes through all epochs of a producer id: 32766
// is the last that a client is given, then comes another id; 32767 is what
// fences in the markers. Each end is asked for twice, as a client does whose
// answer was lost.
func TestAProducerOutlivesItsEpochs(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		r := &txnRaw{raw: w.raw(), id: "x", topic: w.raw().topic("t", 1)}
		first, epoch := r.init()
		for epoch < 32765 {
			id, next := r.init()
			if id != first || next != epoch+1 {
				t.Fatalf("after epoch %d comes %d of producer %d (before: %d)", epoch, next, id, first)
			}
			epoch = next
		}
		transact := func(id int64, epoch int16, commit bool) (int64, int16) {
			t.Helper()
			if code := r.produce(id, epoch, 0); code != kafka.ErrNone {
				t.Fatalf("epoch %d: %v", epoch, code)
			}
			code, nextID, next := r.end(5, id, epoch, commit)
			if code != kafka.ErrNone {
				t.Fatalf("epoch %d: end: %v", epoch, code)
			}
			synctest.Wait() // the markers
			if code, againID, again := r.end(5, id, epoch, commit); code != kafka.ErrNone || againID != nextID || again != next {
				t.Errorf("epoch %d: the end again: %v, producer %d epoch %d, not %d %d", epoch, code, againID, again, nextID, next)
			}
			return nextID, next
		}
		id, epoch := transact(first, epoch, true)
		if id != first || epoch != 32766 {
			t.Fatalf("after 32765 comes epoch %d of producer %d", epoch, id)
		}
		id, epoch = transact(id, epoch, true)
		if id == first || epoch != 0 {
			t.Fatalf("after 32766 comes epoch %d of producer %d", epoch, id)
		}
		for _, old := range []int16{32765, 32766, 32767} {
			if code := r.produce(first, old, 1); code == kafka.ErrNone {
				t.Errorf("epoch %d of the old producer id still writes", old)
			}
			if code, _, _ := r.end(5, first, old, old == 32765); code == kafka.ErrNone {
				t.Errorf("epoch %d of the old producer id ends a transaction", old)
			}
		}
		id, epoch = transact(id, epoch, false)
		if epoch != 1 {
			t.Fatalf("epoch %d of producer %d", epoch, id)
		}
		if _, epoch = transact(id, epoch, true); epoch != 2 {
			t.Errorf("epoch %d", epoch)
		}
		if got := len(w.read("t", 3, kgo.ReadCommitted())); got != 3 {
			t.Errorf("%d records count, not 3", got)
		}
		w.kill() // the next coordinator knows both ids, too
		w.start()
		r.raw = w.raw()
		if code := r.produce(first, 32766, 1); code == kafka.ErrNone {
			t.Error("after a restart the old producer id writes again")
		}
	})
}

// TestTheLastEpochFencesWhoIsLate: a producer id whose open transaction the
// coordinator has to abort with the last epoch: the abort has 32767, which no
// client ever has, and who begins next gets another id.
func TestTheLastEpochFencesWhoIsLate(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		r := &txnRaw{raw: w.raw(), id: "x", topic: w.raw().topic("t", 1)}
		first, epoch := r.init()
		for epoch < 32766 {
			_, epoch = r.init()
		}
		if code := r.produce(first, epoch, 0); code != kafka.ErrNone {
			t.Fatal(code)
		}
		time.Sleep(75 * time.Second) // it takes too long
		ac := kadm.NewClient(w.client())
		w.described(ac, "x", "CompleteAbort", 0)
		producers, err := ac.DescribeProducers(t.Context(), kadm.TopicsSet{"t": {0: {}}})
		if err != nil {
			t.Fatal(err)
		}
		producers.EachProducer(func(p kadm.DescribedProducer) {
			if p.ProducerID == first && p.ProducerEpoch != 32767 {
				t.Errorf("the partition is fenced with epoch %d", p.ProducerEpoch)
			}
		})
		if code := r.produce(first, epoch, 1); code == kafka.ErrNone {
			t.Error("the producer that was late writes on")
		}
		if code, _, _ := r.end(5, first, epoch, true); code == kafka.ErrNone {
			t.Error("the producer that was late commits")
		}
		id, epoch := r.init()
		if id == first || epoch > 1 {
			t.Errorf("who begins next is epoch %d of producer %d", epoch, id)
		}
	})
}

// TestDeletingRecordsOfOpenTransactions: DeleteRecords goes on under
// transactions that are open, that end, and that begin meanwhile.
func TestDeletingRecordsOfOpenTransactions(t *testing.T) {
	for _, how := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort} {
		inBubble(t, []string{"log.retention.check.interval.ms=1000"}, func(t *testing.T, w *world) {
			w.createTopic(w.client(), "t", 1, map[string]*string{"internal.segment.bytes": new("300")})
			ac := kadm.NewClient(w.client())
			remove := func(until int64) {
				t.Helper()
				at := kadm.Offsets{}
				at.AddOffset("t", 0, until, -1)
				resp, err := ac.DeleteRecords(t.Context(), at)
				if err != nil || resp.Error() != nil {
					t.Fatal(err, resp.Error())
				}
			}
			a := w.client(kgo.TransactionalID("a"), kgo.DefaultProduceTopic("t"))
			b := w.client(kgo.TransactionalID("b"), kgo.DefaultProduceTopic("t"))
			for i := range 6 {
				for _, cl := range []*kgo.Client{a, b} {
					if i == 0 {
						if err := cl.BeginTransaction(); err != nil {
							t.Fatal(err)
						}
					}
					if err := cl.ProduceSync(t.Context(), kgo.StringRecord(fmt.Sprintf("%02d %050d", i, 0))).FirstErr(); err != nil {
						t.Fatal(err)
					}
				}
			}
			remove(5) // both are open, and their beginnings are gone
			stable, err := ac.ListCommittedOffsets(t.Context(), "t")
			if o, _ := stable.Lookup("t", 0); err != nil || o.Offset < 0 || o.Offset > 5 {
				t.Errorf("the last stable offset is %d (%v)", o.Offset, err)
			}
			if err := a.EndTransaction(t.Context(), how); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			remove(9) // one has ended, and the other is open
			if err := b.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			w.transact(a, kgo.TryCommit, "last")
			remove(11)
			want := []string{"last"}
			wantValues(t, "what counts", w.read("t", 1, kgo.ReadCommitted()), want...)
			w.stop() // a kill may take the deletion back, as in Apache Kafka
			w.start()
			wantValues(t, "what counts after a restart", w.read("t", 1, kgo.ReadCommitted()), want...)
			w.transact(b, kgo.TryCommit, "more")
			wantValues(t, "what counts then", w.read("t", 2, kgo.ReadCommitted()), "last", "more")
		})
	}
}

// TestRetentionRacesWithTransactions: one transaction after the other is written
// and read while retention and DeleteRecords take away what is old, with the
// markers and the aborted data; a reader who is in time sees each committed
// transaction whole, and none of the aborted.
func TestRetentionRacesWithTransactions(t *testing.T) {
	inBubble(t, []string{"log.retention.check.interval.ms=500", "log.segment.delete.delay.ms=0"}, func(t *testing.T, w *world) {
		w.createTopic(w.client(), "t", 1, map[string]*string{"internal.segment.bytes": new("600"), "retention.bytes": new("1500")})
		reader := w.client(kgo.ConsumeTopics("t"), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxWait(100*time.Millisecond))
		ac := kadm.NewClient(w.client())
		clients := []*kgo.Client{
			w.client(kgo.TransactionalID("a"), kgo.DefaultProduceTopic("t")), w.client(kgo.TransactionalID("b"), kgo.DefaultProduceTopic("t")),
		}
		const rounds, size = 60, 3
		seen := map[string]int{}
		for round := range rounds {
			cl, name, how := clients[round%2], fmt.Sprintf("c%03d", round), kgo.TryCommit
			if round%3 == 2 {
				name, how = fmt.Sprintf("a%03d", round), kgo.TryAbort
			}
			w.transact(cl, how, slices.Repeat([]string{name}, size)...)
			for end := time.Now().Add(5 * time.Second); how == kgo.TryCommit && seen[name] < size; {
				if time.Now().After(end) {
					t.Fatalf("round %d: %d of %d records came", round, seen[name], size)
				}
				reader.PollFetches(t.Context()).EachRecord(func(r *kgo.Record) { seen[string(r.Value)]++ })
			}
			if round%7 == 6 {
				at := kadm.Offsets{}
				at.AddOffset("t", 0, int64(round)*4-10, -1)
				if _, err := ac.DeleteRecords(t.Context(), at); err != nil {
					t.Fatal(err)
				}
			}
			if round%20 == 19 {
				w.kill()
				w.start()
			}
			time.Sleep(200 * time.Millisecond)
		}
		for name, n := range seen {
			if name[0] == 'a' || n != size {
				t.Errorf("%s came %d times", name, n)
			}
		}
		start, err := ac.ListStartOffsets(t.Context(), "t")
		if o, _ := start.Lookup("t", 0); err != nil || o.Offset < rounds*2 {
			t.Errorf("retention has left the log from %d on: %v", o.Offset, err)
		}
	})
}

// TestTwoPhaseCommitIsOff: KIP-939 stands in the requests of Kafka 4.4, and is
// not for clients: the version of InitProducerId that has it is not served.
func TestTwoPhaseCommitIsOff(t *testing.T) {
	inBubble(t, []string{"transaction.two.phase.commit.enable=true"}, func(t *testing.T, w *world) {
		r, resp := w.raw(), msg.NewApiVersionsResponse()
		r.call(msg.NewApiVersionsRequest(), resp)
		for _, k := range resp.ApiKeys {
			if kafka.APIKey(k.ApiKey) == kafka.InitProducerId && k.MaxVersion > 5 {
				t.Errorf("InitProducerId is served up to version %d", k.MaxVersion)
			}
		}
		req := msg.NewInitProducerIdRequest()
		req.TransactionalId, req.TransactionTimeoutMs, req.Enable2Pc = new("x"), 60_000, true
		r.send(wire.AppendRequest(nil, 6, 1, "raw", req))
		r.wantClosed("InitProducerId with two-phase commit")
	})
}
