package kills

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/history"
)

// actor is one process of the history, with values of its own.
type actor struct {
	*run
	process int
	next    int64
	rng     *rand.Rand
}

func (r *run) actor() *actor {
	p := r.rec.Process()
	return &actor{run: r, process: p, rng: rand.New(rand.NewPCG(r.seed, uint64(p)+1))}
}

func (a *actor) value() int64 {
	a.next++
	return int64(a.process)<<32 | a.next
}

func (a *actor) invoke(f history.Func, micro ...history.Micro) {
	a.rec.Invoke(history.Op{Process: a.process, F: f, Micro: micro})
}

// complete takes down the end of an operation. What is not known ends the
// process: another takes its place.
func (a *actor) complete(how history.Type, f history.Func, err error, micro ...history.Micro) {
	op := history.Op{Process: a.process, Type: how, F: f, Micro: micro}
	if err != nil {
		op.Error = err.Error()
	}
	if a.rec.Complete(op); how == history.OK {
		a.acks.Add(1)
	}
}

// crash takes down that the process is gone.
func (a *actor) crash() {
	a.invoke(history.Crash)
	a.complete(history.Info, history.Crash, nil)
}

// pause lets the others run.
func (a *actor) pause(ms int) {
	select {
	case <-a.ctx.Done():
	case <-time.After(time.Duration(a.rng.IntN(ms*1000)) * time.Microsecond):
	}
}

// sends are some values for keys.
func (a *actor) sends(n int, keys ...int) []history.Micro {
	micro := make([]history.Micro, n)
	for i := range micro {
		micro[i].Send = &history.Record{Key: keys[a.rng.IntN(len(keys))], Offset: history.Unknown, Value: a.value()}
	}
	return micro
}

// place is the partition that a key stands for.
func place(key int) (topic string, partition int32) {
	return map[int]string{plainKey: plain, txnsKey: txns, compactKey: compact, copiedKey: copied}[key/10*10], int32(key % 10)
}

// keyOf is the key of a partition.
func keyOf(topic string, partition int32) int {
	return map[string]int{plain: plainKey, txns: txnsKey, compact: compactKey, copied: copiedKey, marks: marksKey}[topic] + int(partition)
}

func keysOf(first ...int) []int {
	var keys []int
	for _, k := range first {
		for p := range partitions {
			keys = append(keys, k+p)
		}
	}
	return keys
}

// record makes the record of a send: its value, the value that it was copied
// from, and a filling of any length. Each has a key of its own, so that
// compaction keeps it.
func (a *actor) record(r history.Record, source int64) *kgo.Record {
	topic, partition := place(r.Key)
	number := strconv.FormatInt(r.Value, 10)
	return &kgo.Record{
		Topic: topic, Partition: partition, Key: []byte(number),
		Value: fmt.Appendf(nil, "%s %d %s", number, source, strings.Repeat("x", a.rng.IntN(300))),
	}
}

// produce sends all of it, waits, and returns it with its offsets.
func (a *actor) produce(cl *kgo.Client, micro []history.Micro, sources ...int64) ([]history.Micro, error) {
	ctx, cancel := context.WithTimeout(context.Background(), waitMax)
	defer cancel()
	records := make([]*kgo.Record, 0, len(micro))
	for i, m := range micro {
		source := int64(0)
		if len(sources) > 0 {
			source = sources[i]
		}
		records = append(records, a.record(*m.Send, source))
	}
	numbers := map[*kgo.Record]int{}
	for i, rec := range records {
		numbers[rec] = i
	}
	done := make([]history.Micro, len(micro))
	var first error
	for _, res := range cl.ProduceSync(ctx, records...) {
		i := numbers[res.Record]
		sent := *micro[i].Send
		if res.Err == nil {
			sent.Offset = res.Record.Offset
		} else if first == nil {
			first = res.Err
		}
		done[i] = history.Micro{Send: &sent}
	}
	return done, first
}

// idempotent is a process of a client that several share, so that their
// records travel together.
func (r *run) idempotent(cl *kgo.Client) {
	a := r.actor()
	for r.ctx.Err() == nil {
		micro := a.sends(1, keysOf(plainKey, plainKey, compactKey)...)
		a.invoke(history.Send, micro...)
		done, err := a.produce(cl, micro)
		if err != nil {
			r.fail("an idempotent producer gave up: %v", err)
			a.complete(history.Info, history.Send, err, micro...)
			a = r.actor()
			continue
		}
		a.complete(history.OK, history.Send, nil, done...)
		a.pause(6)
	}
}

// junk overwrites a few record keys of the compacted topic, so that there is
// something to compact. It is not in the history.
func (r *run) junk() {
	a := r.actor()
	cl := r.client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer cl.Close()
	for r.ctx.Err() == nil {
		records := make([]*kgo.Record, 20)
		for i := range records {
			records[i] = &kgo.Record{Topic: compact, Partition: int32(i % partitions), Key: []byte("junk"), Value: []byte("junk")}
		}
		ctx, cancel := context.WithTimeout(context.Background(), waitMax)
		if err := cl.ProduceSync(ctx, records...).FirstErr(); err != nil {
			r.fail("a producer of junk gave up: %v", err)
		}
		cancel()
		a.pause(40)
	}
}

// transactional does transactions under one id, over and over; now and then its
// client is gone in the middle, and another takes over.
func (r *run) transactional(id string) {
	for r.ctx.Err() == nil {
		a := r.actor()
		cl := r.client(kgo.TransactionalID(id), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.TransactionTimeout(waitMax),
			kgo.ConcurrentTransactionsBackoff(5*time.Millisecond))
		for r.ctx.Err() == nil && a.transaction(cl) {
			a.pause(15)
		}
		cl.Close()
	}
}

// transaction does one, and tells whether its client may go on.
func (a *actor) transaction(cl *kgo.Client) bool {
	micro := a.sends(2+a.rng.IntN(4), keysOf(txnsKey, txnsKey, compactKey)...)
	a.invoke(history.Send, micro...)
	unknown := func(err error) bool {
		a.complete(history.Info, history.Send, err, micro...)
		a.crash()
		return false
	}
	if err := cl.BeginTransaction(); err != nil {
		return unknown(err)
	}
	done, err := a.produce(cl, micro)
	if a.rng.IntN(50) == 0 {
		return unknown(nil)
	}
	commit := err == nil && a.rng.IntN(5) > 0
	ctx, cancel := context.WithTimeout(context.Background(), waitMax)
	defer cancel()
	switch ended := cl.EndTransaction(ctx, kgo.TransactionEndTry(commit)); {
	case ended != nil:
		return unknown(ended)
	case commit:
		a.complete(history.OK, history.Send, nil, done...)
	default:
		a.complete(history.Fail, history.Send, err, done...)
	}
	return true
}
