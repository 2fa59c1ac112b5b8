package crash

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing/synctest"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/partition"
	"github.com/gregor-stream/gregor/internal/storage"
)

// action is one kind of step of a script.
type action struct {
	name   string
	weight int
	do     func(w *world)
}

func actions() []action {
	return []action{
		{"produce", 50, (*world).produce},
		{"transact", 22, (*world).transact},
		{"delete records", 4, (*world).deleteRecords},
		{"wait", 6, func(w *world) { time.Sleep(time.Duration(1+w.chance.IntN(8)) * time.Second) }},
		{"wait for checkpoints", 3, (*world).waitLong},
		{"new leader epoch", 3, (*world).elect},
		{"delete the topic and make it again", 2, (*world).recreate},
		{"stop and start", 2, (*world).restart},
		{"kill and start", 2, (*world).kill},
		{"power cut and start", 3, (*world).powerCut},
	}
}

// play runs a script of so many steps.
func (w *world) play(steps int) error {
	w.open()
	for _, k := range kinds() {
		w.step = "create " + k.name
		w.create(k)
		w.checkImages()
	}
	list, sum := actions(), 0
	for _, a := range list {
		sum += a.weight
	}
	for i := 0; i < steps && !w.failed(); i++ {
		n := w.chance.IntN(sum)
		for _, a := range list {
			if n -= a.weight; n < 0 {
				w.mu.Lock()
				w.step = fmt.Sprintf("step %d: %s", i, a.name)
				w.mu.Unlock()
				a.do(w)
				break
			}
		}
		synctest.Wait()
		if !w.failed() {
			w.observe()
			w.checkImages()
		}
	}
	if w.set != nil {
		w.halt()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// observe compares the running logs with what was written, and notes what they
// promise.
func (w *world) observe() {
	for _, p := range w.parts {
		log := w.of(p).Log()
		if log == nil {
			w.fail(fmt.Errorf("%s is offline", p.tp))
			return
		}
		w.mu.Lock()
		p.start = p.mayBegin(time.Now())
		w.mu.Unlock()
		start, _, err := p.check(log)
		if err == nil {
			err = p.remember(log)
		}
		w.fail(err)
		w.mu.Lock()
		p.start = start
		if synced := log.Synced(); synced > start { // a deletion moves it up without a sync
			p.acked = max(p.acked, synced)
		}
		if p.durable() {
			p.acked = max(p.acked, log.HighWatermark()) // consumers may have seen it
		}
		w.mu.Unlock()
	}
}

// batchOf makes what a producer sends, and the batch that is to come of it.
func (w *world) batchOf(p *part, o batch.Options, first kafka.Offset, n int) ([]byte, *written) {
	epoch, _ := w.of(p).LeaderEpoch()
	x := &written{first: first, last: first + kafka.Offset(n) - 1, epoch: epoch, codec: o.Codec, id: -1, idEpoch: -1, sequence: -1, txn: o.Transactional}
	if o.Producer != nil {
		x.id, x.idEpoch, x.sequence = o.Producer.ID, o.Producer.Epoch, o.Producer.Sequence
	}
	b := batch.NewBuilder(w.codecs, o)
	now := time.Now().UnixMilli()
	for i := range n {
		r := record{
			offset: first + kafka.Offset(i), stamp: kafka.Timestamp(now + int64(w.chance.IntN(5))), key: fmt.Sprint("key ", w.chance.IntN(8)),
			value: fmt.Sprintf("%d of %s ", first+kafka.Offset(i), p.tp) + strings.Repeat(string(rune('a'+w.chance.IntN(26))), w.chance.IntN(200)),
		}
		var headers []batch.Header
		if w.chance.IntN(4) == 0 {
			headers = []batch.Header{{Key: "h", Value: []byte(fmt.Sprint(i))}}
			r.headers = fmt.Sprintf("h=%d;", i)
		}
		value := []byte(r.value)
		if p.compacted() && w.chance.IntN(8) == 0 {
			r.value, value = "", nil // a tombstone
		}
		b.Append(r.stamp, []byte(r.key), value, headers...)
		x.records = append(x.records, r)
	}
	data, err := b.Build(nil)
	if err != nil {
		panic(err)
	}
	return data, x
}

// append appends, and waits for the acknowledgement.
func (w *world) append(p *part, data []byte, x *written, o storage.AppendOptions) {
	w.mu.Lock()
	p.flight = []*written{x}
	w.mu.Unlock()
	at := w.of(p)
	done, err := at.Append(time.Now(), data, -1, o)
	w.mu.Lock()
	p.batches, p.flight = append(p.batches, x), nil
	end := p.end()
	w.mu.Unlock()
	if err != nil || done.FirstOffset != x.first || done.LastOffset != end-1 || done.Duplicate {
		w.fail(fmt.Errorf("append of %d to %d to %s: %+v, %w", x.first, end-1, p.tp, done, err))
		return
	}
	w.await(p, at, done, end)
}

func (w *world) await(p *part, at *partition.Partition, done partition.Appended, end kafka.Offset) {
	acked, err := done.Acked, done.AckErr
	if !acked {
		answer := make(chan error, 1)
		if acked, err = at.AwaitAck(-1, end, func(err error) { answer <- err }); !acked {
			err = <-answer
		}
	}
	w.fail(err)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil && p.durable() {
		p.acked = max(p.acked, end)
	}
}

func (p *part) durable() bool { return p.tp.Topic != "aged" }

func (w *world) produce() {
	p := w.any()
	o := batch.Options{Codec: compress.Codec(w.chance.IntN(5))}
	if p.tp.Topic == "short" {
		o.Codec = compress.Gzip // whatever it was sent as
	}
	if id := kafka.ProducerID(w.chance.IntN(5)); id < 3 {
		o.Producer = w.producer(p, id)
	}
	data, x := w.batchOf(p, o, p.end(), 1+w.chance.IntN(4))
	again := bytes.Clone(data)
	w.append(p, data, x, storage.AppendOptions{})
	if o.Producer != nil && w.chance.IntN(3) == 0 {
		done, err := w.of(p).Append(time.Now(), again, -1, storage.AppendOptions{})
		if err != nil || !done.Duplicate || done.FirstOffset != x.first {
			w.fail(fmt.Errorf("the retry of %d in %s: %+v, %w", x.first, p.tp, done, err))
		}
	}
}

// producer is an idempotent producer before its next batch.
func (w *world) producer(p *part, id kafka.ProducerID) *batch.Producer {
	next := &batch.Producer{ID: id}
	for _, x := range w.of(p).Log().Producers() {
		if x.ProducerID == id {
			next.Epoch, next.Sequence = x.Epoch, x.LastSequence+1
		}
	}
	if next.Sequence > 0 && w.chance.IntN(20) == 0 {
		next.Epoch, next.Sequence = next.Epoch+1, 0
	}
	return next
}

// transact writes records of a transaction, or ends one.
func (w *world) transact() {
	p := w.any()
	id := kafka.ProducerID(10 + w.chance.IntN(3))
	next := w.producer(p, id)
	open := false
	for _, x := range w.of(p).Log().Producers() {
		if x.ProducerID == id && x.TxnFirstOffset >= 0 {
			open, next.Epoch, next.Sequence = true, x.Epoch, x.LastSequence+1
		}
	}
	if !open || w.chance.IntN(2) == 0 {
		o := batch.Options{Transactional: true, Producer: next}
		if p.tp.Topic == "short" {
			o.Codec = compress.Gzip
		}
		data, x := w.batchOf(p, o, p.end(), 1+w.chance.IntN(2))
		w.append(p, data, x, storage.AppendOptions{})
		return
	}
	kind, version := batch.ControlType(w.chance.IntN(2)), int16(1)
	if id == 12 {
		version = 2
		next.Epoch++
	}
	next.Sequence = -1
	epoch, _ := w.of(p).LeaderEpoch()
	x := &written{
		first: p.end(), last: p.end(), epoch: epoch, id: id, idEpoch: next.Epoch, sequence: -1, txn: true, marker: true, control: kind,
		records: []record{{offset: p.end(), stamp: kafka.Timestamp(time.Now().UnixMilli()), key: string(batch.ControlKey(kind)), value: string(make([]byte, 6))}},
	}
	b := batch.NewBuilder(nil, batch.Options{Transactional: true, Control: true, Producer: next})
	b.Append(x.records[0].stamp, []byte(x.records[0].key), []byte(x.records[0].value))
	data, err := b.Build(nil)
	if err != nil {
		panic(err)
	}
	w.append(p, data, x, storage.AppendOptions{Origin: batch.FromCoordinator, TransactionVersion: version})
}

func (w *world) deleteRecords() {
	p := w.any()
	if p.compacted() {
		return // which Kafka refuses
	}
	hw := min(w.of(p).HighWatermark(), w.of(p).Log().Synced())
	if hw <= p.start {
		return
	}
	to := p.start + kafka.Offset(w.chance.IntN(int(hw-p.start)+1))
	w.mu.Lock()
	p.start = to
	w.mu.Unlock()
	if low, err := w.of(p).DeleteRecords(to); err != nil || low != to {
		w.fail(fmt.Errorf("deletion up to %d: %d, %w", to, low, err))
	}
}

// waitLong waits until all checkpoint files are written again: deletions are
// durable then.
func (w *world) waitLong() {
	starts := map[*part]kafka.Offset{}
	for _, p := range w.parts {
		starts[p] = w.of(p).LogStartOffset()
	}
	time.Sleep(65 * time.Second)
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	for p, start := range starts {
		p.kept = max(p.kept, start)
	}
}

func (w *world) elect() {
	p := w.any()
	change := msg.NewPartitionChangeRecord()
	change.TopicId, change.PartitionId, change.Leader = p.id, p.tp.Partition, self
	change.Isr = []int32{self}
	w.apply(change)
}

func (w *world) recreate() {
	k := kinds()[w.chance.IntN(len(kinds()))]
	w.remove(k.name)
	w.create(k)
}

func (w *world) restart() {
	w.stop()
	starts := map[*part]kafka.Offset{}
	for _, p := range w.parts {
		starts[p] = w.of(p).LogStartOffset()
	}
	if err := w.set.Close(7); err != nil {
		w.fail(err)
		return
	}
	w.mu.Lock()
	for p, start := range starts {
		p.kept, p.acked = start, p.end()
	}
	w.mu.Unlock()
	w.open()
}

func (w *world) kill() {
	w.halt()
	w.open()
}

// powerCut goes on with one of the images.
func (w *world) powerCut() {
	w.halt()
	w.mu.Lock()
	w.fs = w.fs.CrashClone(rand.New(rand.NewPCG(w.seed, w.chance.Uint64())))
	w.mu.Unlock()
	w.open()
	if w.failed() {
		return
	}
	for _, p := range w.parts {
		log := w.of(p).Log()
		w.mu.Lock()
		p.start = p.mayBegin(time.Now())
		w.mu.Unlock()
		if log == nil {
			w.fail(fmt.Errorf("%s is offline after a power cut", p.tp))
			return
		}
		start, end, err := p.check(log)
		w.fail(err)
		w.mu.Lock()
		p.survived(start, end)
		w.mu.Unlock()
	}
}

// Limits of retention, see kinds.
const (
	retentionBytes = 4000
	retentionMs    = 120_000
)
