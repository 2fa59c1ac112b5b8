package kills

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/history"
)

// clients begins all of franz-go's.
func (r *run) clients() {
	shared := r.client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	producers := make(chan struct{}, 4)
	for range cap(producers) {
		r.wg.Go(func() { r.idempotent(shared); producers <- struct{}{} })
	}
	r.wg.Go(func() {
		for range cap(producers) {
			<-producers
		}
		shared.Close()
	})
	r.wg.Go(r.junk)
	for i := range transactionals() {
		r.wg.Go(func() { r.transactional(fmt.Sprint("kills-", i)) })
	}
	for range 2 {
		r.wg.Go(r.reader)
		r.wg.Go(r.member)
		r.wg.Go(r.asker)
	}
	for i := range copiers() {
		r.wg.Go(func() { r.copier(fmt.Sprint("copier-", i)) })
	}
	r.wg.Go(r.marker)
	r.wg.Go(r.maker)
}

func transactionals() int {
	if *simple {
		return 0
	}
	return 3
}

func copiers() int { return min(transactionals(), 2) }

// parse reads the value of a record, and what it was copied from; junk has
// none.
func parse(r *kgo.Record) (value, source int64, ok bool) {
	fields := strings.Fields(string(r.Value))
	if len(fields) < 2 {
		return 0, 0, false
	}
	value, err := strconv.ParseInt(fields[0], 10, 64)
	source, err2 := strconv.ParseInt(fields[1], 10, 64)
	return value, source, err == nil && err2 == nil
}

// polled is one poll, and the values that came by key, in their order.
func polled(fetches kgo.Fetches) []history.Record {
	records := []history.Record{}
	fetches.EachRecord(func(r *kgo.Record) {
		if v, _, ok := parse(r); ok {
			records = append(records, history.Record{Key: keyOf(r.Topic, r.Partition), Offset: r.Offset, Value: v})
		}
	})
	return records
}

// poll takes down polls until one returns something, as one operation.
func (a *actor) poll(ctx context.Context, cl *kgo.Client, most int) []history.Record {
	a.invoke(history.Poll, history.Micro{Poll: []history.Record{}})
	records := []history.Record{}
	for len(records) == 0 && ctx.Err() == nil {
		records = polled(cl.PollRecords(ctx, most))
	}
	a.complete(history.OK, history.Poll, nil, history.Micro{Poll: records})
	return records
}

// assigned is a consumer that reads all keys from the start, and its process.
func (r *run) assigned() (*actor, *kgo.Client) {
	a := r.actor()
	where := map[string]map[int32]kgo.Offset{}
	keys := keysOf(plainKey, txnsKey, compactKey, copiedKey)
	for _, k := range keys {
		topic, partition := place(k)
		if where[topic] == nil {
			where[topic] = map[int32]kgo.Offset{}
		}
		where[topic][partition] = kgo.NewOffset().AtStart()
	}
	op := history.Op{Process: a.process, F: history.Assign, Keys: keys, FromStart: true}
	r.rec.Invoke(op)
	op.Type = history.OK
	r.rec.Complete(op)
	return a, r.client(kgo.ConsumePartitions(where), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepRetryableFetchErrors())
}

// reader reads everything as it comes; now and then another begins anew.
func (r *run) reader() {
	for r.ctx.Err() == nil {
		a, cl := r.assigned()
		for r.ctx.Err() == nil && a.rng.IntN(2000) > 0 {
			a.poll(r.ctx, cl, 1+a.rng.IntN(200))
		}
		a.crash()
		cl.Close()
	}
}

// member is one of a group that commits what it has read.
func (r *run) member() {
	for r.ctx.Err() == nil {
		a := r.actor()
		op := history.Op{Process: a.process, F: history.Subscribe, Keys: keysOf(plainKey, txnsKey)}
		r.rec.Invoke(op)
		op.Type = history.OK
		r.rec.Complete(op)
		cl := r.client(kgo.ConsumerGroup("members"), kgo.ConsumeTopics(plain, txns), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
			kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll())
		for r.ctx.Err() == nil && a.rng.IntN(500) > 0 {
			a.poll(r.ctx, cl, 1+a.rng.IntN(100))
			ctx, cancel := context.WithTimeout(r.ctx, waitMax)
			_ = cl.CommitUncommittedOffsets(ctx) // a rebalance may be in between; the marker proves commits
			cancel()
			cl.AllowRebalance()
		}
		a.crash()
		cl.CloseAllowingRebalance()
	}
}

// copier copies plain to copied in transactions, exactly once, with another
// member of its group.
func (r *run) copier(id string) {
	for r.ctx.Err() == nil {
		a := r.actor()
		s, err := kgo.NewGroupTransactSession(append(r.usual(), kgo.TransactionalID(id), kgo.ConsumerGroup("copiers"), kgo.ConsumeTopics(plain),
			kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.TransactionTimeout(waitMax),
			kgo.ConcurrentTransactionsBackoff(5*time.Millisecond))...)
		if err != nil {
			r.fail("copier: %v", err)
			return
		}
		op := history.Op{Process: a.process, F: history.Subscribe, Keys: keysOf(plainKey)}
		r.rec.Invoke(op)
		op.Type = history.OK
		r.rec.Complete(op)
		for r.ctx.Err() == nil && a.copy(s) {
		}
		s.Close()
	}
}

// copy does one transaction, and tells whether its client may go on.
func (a *actor) copy(s *kgo.GroupTransactSession) bool {
	a.invoke(history.Txn)
	var records, sources = []history.Record{}, []int64{}
	for len(records) == 0 && a.ctx.Err() == nil {
		records = polled(s.PollRecords(a.ctx, 1+a.rng.IntN(60)))
	}
	micro := a.sends(len(records), keysOf(copiedKey)...)
	for _, r := range records {
		sources = append(sources, r.Value)
	}
	all := func(sends []history.Micro) []history.Micro {
		return append([]history.Micro{{Poll: records}}, sends...)
	}
	unknown := func(err error) bool {
		a.complete(history.Info, history.Txn, err, all(micro)...)
		a.crash()
		return false
	}
	if err := s.Begin(); err != nil {
		return unknown(err)
	}
	done, err := a.produce(s.Client(), micro, sources...)
	if a.rng.IntN(60) == 0 {
		return unknown(nil)
	}
	ctx, cancel := context.WithTimeout(context.Background(), waitMax)
	defer cancel()
	committed, ended := s.End(ctx, kgo.TransactionEndTry(err == nil && a.rng.IntN(6) > 0))
	switch {
	case ended != nil:
		return unknown(ended)
	case committed:
		a.copies.Add(1)
		a.complete(history.OK, history.Txn, nil, all(done)...)
	default:
		a.complete(history.Fail, history.Txn, err, all(done)...)
	}
	return true
}

// asker asks where the partitions end: high watermarks never go back.
func (r *run) asker() {
	a := r.actor()
	cl := r.client()
	defer cl.Close()
	adm := kadm.NewClient(cl)
	for r.ctx.Err() == nil {
		a.invoke(history.Watermark)
		ctx, cancel := context.WithTimeout(context.Background(), waitMax)
		listed, err := adm.ListEndOffsets(ctx, plain, txns, compact, copied)
		cancel()
		op := history.Op{Process: a.process, F: history.Watermark, Type: history.OK}
		listed.Each(func(o kadm.ListedOffset) {
			if o.Err == nil {
				op.Ends = append(op.Ends, history.Record{Key: keyOf(o.Topic, o.Partition), Offset: o.Offset})
			}
		})
		if err != nil {
			op.Type, op.Error = history.Info, err.Error()
		}
		r.rec.Complete(op)
		a.pause(40)
	}
}

// marker commits offsets that only go up, and asks for them: an offset whose
// commit was acknowledged is there, or a later one. In the history they are
// the ends of keys that have no records.
func (r *run) marker() {
	a := r.actor()
	cl := r.client()
	defer cl.Close()
	adm := kadm.NewClient(cl)
	for n := int64(1); r.ctx.Err() == nil; n++ {
		partition := int32(a.rng.IntN(partitions))
		ctx, cancel := context.WithTimeout(context.Background(), waitMax)
		a.invoke(history.Watermark)
		op := history.Op{Process: a.process, F: history.Watermark, Type: history.OK, Ends: []history.Record{{Key: keyOf(marks, partition), Offset: n}}}
		commit := kadm.Offsets{}
		commit.AddOffset(marks, partition, n, -1)
		if err := adm.CommitAllOffsets(ctx, "marker", commit); err != nil {
			op.Type, op.Error, op.Ends = history.Info, err.Error(), nil
		} else {
			r.acks.Add(1)
		}
		r.rec.Complete(op)
		if a.rng.IntN(4) == 0 {
			a.invoke(history.Watermark)
			op := history.Op{Process: a.process, F: history.Watermark, Type: history.OK}
			fetched, err := adm.FetchOffsets(ctx, "marker")
			fetched.Each(func(o kadm.OffsetResponse) {
				op.Ends = append(op.Ends, history.Record{Key: keyOf(marks, o.Partition), Offset: o.At})
			})
			if err != nil {
				op.Type, op.Error = history.Info, err.Error()
			}
			r.rec.Complete(op)
		}
		cancel()
		a.pause(20)
	}
}

// maker makes topics and deletes them, and remembers which must be there.
func (r *run) maker() {
	a := r.actor()
	cl := r.client()
	defer cl.Close()
	adm := kadm.NewClient(cl)
	for n := 0; r.ctx.Err() == nil; n++ {
		name := fmt.Sprint("made-", n)
		ctx, cancel := context.WithTimeout(context.Background(), waitMax)
		if resp, err := adm.CreateTopic(ctx, 1, 1, nil, name); err == nil && resp.Err == nil {
			r.keep(name, true)
		}
		for _, old := range r.keptTopics() {
			if len(r.keptTopics()) > 12 && a.rng.IntN(3) == 0 {
				r.forget(old) // until it is known to be gone
				if resp, err := adm.DeleteTopic(ctx, old); err == nil && resp.Err == nil {
					r.keep(old, false)
				}
			}
		}
		cancel()
		a.pause(120)
	}
}

// keep remembers that a topic is there, or is not.
func (r *run) keep(topic string, there bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.made[topic] = there
}

func (r *run) forget(topic string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.made, topic)
}

// keptTopics are those that must be there.
func (r *run) keptTopics() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(r.made)), func(topic string) bool { return !r.made[topic] })
}
