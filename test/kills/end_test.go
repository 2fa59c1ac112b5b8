package kills

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/history"
)

// fence ends what transactions were left open: who comes last with an id
// aborts them.
func (r *run) fence() {
	r.t.Helper()
	var ids []string
	for i := range copiers() {
		ids = append(ids, fmt.Sprint("copier-", i))
	}
	for i := range transactionals() {
		ids = append(ids, fmt.Sprint("kills-", i))
	}
	for _, o := range others() {
		if !*simple {
			ids = append(ids, o.id)
		}
	}
	for _, id := range ids {
		cl := r.client(kgo.TransactionalID(id), kgo.ConcurrentTransactionsBackoff(5*time.Millisecond))
		ctx, cancel := context.WithTimeout(context.Background(), waitMax)
		if _, _, err := cl.ProducerID(ctx); err != nil {
			r.t.Errorf("fence %s: %v", id, err)
		}
		cancel()
		cl.Close()
	}
}

// look is what the last reader saw of the two topics of the copiers.
type look struct {
	plain  map[int64]history.Record // by value
	copied map[int64]int            // by what was copied
}

// lastLook sends a last value to each key, and reads all keys from their start
// until it has seen all of these.
func (r *run) lastLook() look {
	r.t.Helper()
	sender := r.actor()
	cl := r.client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer cl.Close()
	missing := map[int64]bool{}
	for _, k := range keysOf(plainKey, txnsKey, compactKey, copiedKey) {
		micro := sender.sends(1, k)
		sender.invoke(history.Send, micro...)
		done, err := sender.produce(cl, micro)
		if err != nil {
			r.t.Fatalf("the last value of key %d: %v", k, err)
		}
		sender.complete(history.OK, history.Send, nil, done...)
		missing[micro[0].Send.Value] = true
	}
	seen := look{map[int64]history.Record{}, map[int64]int{}}
	ctx, cancel := context.WithTimeout(context.Background(), waitMax+time.Duration(*cycles)*100*time.Millisecond)
	defer cancel()
	a, reader := r.assigned()
	defer reader.Close()
	for len(missing) > 0 && ctx.Err() == nil {
		a.invoke(history.Poll, history.Micro{Poll: []history.Record{}})
		fetches := reader.PollFetches(ctx)
		records := polled(fetches)
		a.complete(history.OK, history.Poll, nil, history.Micro{Poll: records})
		for _, rec := range records {
			delete(missing, rec.Value)
			if rec.Key < plainKey+partitions {
				seen.plain[rec.Value] = rec
			}
		}
		fetches.EachRecord(func(rec *kgo.Record) {
			if _, source, ok := parse(rec); ok && rec.Topic == copied && source != 0 {
				seen.copied[source]++
			}
		})
	}
	if len(missing) > 0 {
		r.t.Errorf("%d of the last values did not come within the time", len(missing))
	}
	return seen
}

// copiedOnce says that everything below the copiers' committed offsets was
// copied once, and everything else not at all.
func (r *run) copiedOnce(seen look) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), waitMax)
	defer cancel()
	cl := r.client()
	defer cl.Close()
	offsets, err := kadm.NewClient(cl).FetchOffsets(ctx, "copiers")
	if err != nil {
		r.t.Fatal(err)
	}
	total := 0
	for value, rec := range seen.plain {
		topic, partition := place(rec.Key)
		at, _ := offsets.Lookup(topic, partition)
		want := 0
		if rec.Offset < at.At {
			want = 1
		}
		if got := seen.copied[value]; got != want {
			r.t.Errorf("key %d: the value at offset %d is copied %d times; the group's offset is %d", rec.Key, rec.Offset, got, at.At)
		}
		total += want
	}
	for source := range seen.copied {
		if _, ok := seen.plain[source]; !ok {
			r.t.Errorf("value %d was copied, and is not there", source)
		}
	}
	r.t.Logf("%d of %d values copied, each once", total, len(seen.plain))
	if *cycles >= 20 && total < *cycles && !*simple { // groups need their time to come back
		r.t.Errorf("only %d values were copied in %d cycles: the proof proves nothing", total, *cycles)
	}
}

// sameTopics says that topics whose making or deleting was acknowledged are
// there, or gone.
func (r *run) sameTopics() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), waitMax)
	defer cancel()
	cl := r.client()
	defer cl.Close()
	topics, err := kadm.NewClient(cl).ListTopics(ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	for topic, there := range r.made {
		if topics.Has(topic) != there {
			r.t.Errorf("%s: there %v, should be %v", topic, topics.Has(topic), there)
		}
	}
	r.t.Logf("%d topics made, of which %d must be there", len(r.made), len(r.keptTopics()))
}
