package api

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage"
)

// Fetch before version 4 answers with message sets. The log has batches of v2
// only, so they are written anew on the way out, one batch after the other
// while the answer is sent: what an answer holds in memory is one batch,
// however slowly its client reads. As in Kafka (KIP-283) the length is said
// before all is converted, and kept to: what does not fit is cut, and what is
// missing is filled by the beginning of a message that ends beyond the answer,
// which old clients take for one that was cut.

// fetchBatches is the first version of Fetch that carries batches of v2.
const fetchBatches = 4

// fetchSoftLimit is the first version of Fetch whose limits give way to one
// batch (KIP-74).
const fetchSoftLimit = 3

// oldMagic is the message format that a version of Fetch before 4 carries.
func oldMagic(version int16) int8 {
	if version < 2 {
		return 0
	}
	return 1
}

// downgraders are who converts: as many batches at once as there are
// processors, so that memory does not grow with the number of old clients.
type downgraders chan *downgrader

// downgrader is the memory of one conversion.
type downgrader struct {
	to    *batch.Downgrader
	batch []byte
}

// What an idle downgrader keeps of memory for batches, and a partition of a
// pooled fetch for what it sends.
const (
	downgraderKeeps = 1 << 20
	oldRecordsKeeps = 64 << 10
)

func newDowngraders(pool *compress.Pool) downgraders {
	d := make(downgraders, runtime.GOMAXPROCS(0))
	for range cap(d) {
		d <- &downgrader{to: batch.NewDowngrader(pool)}
	}
	return d
}

// oldRecords is a partition's part of an answer in an old message format. It
// stands for its section in the answer, and is read once, from begin to end.
type oldRecords struct {
	by    downgraders
	p     Partition
	from  *storage.Section
	first kafka.Offset // what was asked for
	magic int8
	cost  *batch.Conversion // of the request

	size  int          // in the answer
	at    int          // of the next batch in the section
	next  kafka.Offset // behind the batches so far
	ready []byte       // converted and not sent yet; a part of memory
	spent bool         // nothing more is converted: the rest is filled
	read  int          // sent

	memory []byte
}

// begin converts the first batch of a section that has anything for an old
// client. A size of 0 says that there is none: next is where to go on.
func (o *oldRecords) begin(by downgraders, p Partition, from *storage.Section, first kafka.Offset, magic int8, cost *batch.Conversion) error {
	*o = oldRecords{by: by, p: p, from: from, first: first, next: first, magic: magic, cost: cost, memory: o.memory}
	if err := o.convert(); err != nil {
		return err
	}
	if len(o.ready) > 0 {
		o.size = max(from.Len(), len(o.ready))
	}
	return nil
}

// release forgets the answer, and the memory that a large one needed.
func (o *oldRecords) release() {
	memory := o.memory
	if cap(memory) > oldRecordsKeeps {
		memory = nil
	}
	*o = oldRecords{memory: memory[:0]}
}

// convert converts batches until something comes out, or the section is over.
func (o *oldRecords) convert() error {
	d := <-o.by
	began, at := time.Now(), o.at
	defer func() {
		o.cost.Add(batch.Conversion{Time: time.Since(began), Bytes: int64(o.at - at + len(o.memory))})
		d.to.Release()
		if cap(d.batch) > downgraderKeeps {
			d.batch = nil
		}
		o.by <- d
	}()
	o.memory = o.memory[:0]
	for len(o.memory) == 0 && !o.spent {
		b, err := o.batch(d)
		if err != nil || b == nil {
			o.spent = true
			return err
		}
		var count int
		if o.memory, count, err = d.to.Append(o.memory, b, o.magic, o.first); err != nil {
			o.spent = true
			return err
		}
		o.p.CountDowngraded(count)
		o.next = b.NextOffset()
	}
	o.ready = o.memory
	return nil
}

// batch reads the next whole batch of the section, nil at its end.
func (o *oldRecords) batch(d *downgrader) (batch.Batch, error) {
	left := o.from.Len() - o.at
	if left < batch.HeaderSize {
		return nil, nil
	}
	if cap(d.batch) < batch.HeaderSize {
		d.batch = make([]byte, batch.HeaderSize, 64<<10)
	}
	head := d.batch[:batch.HeaderSize]
	if _, err := o.from.ReadAt(head, int64(o.at)); err != nil {
		return nil, fmt.Errorf("read a batch of %s: %w", o.p.Name(), err)
	}
	size, magic, err := batch.PeekSize(head)
	switch {
	case err != nil:
		return nil, err
	case size > left:
		return nil, nil
	case magic != batch.Magic || size < batch.HeaderSize:
		return nil, kafka.Errorf(kafka.ErrCorruptMessage, "%s at offset %d: %d bytes of message format v%d", o.p.Name(), o.next, size, magic)
	}
	if cap(d.batch) < size {
		d.batch = make([]byte, size)
	}
	whole := d.batch[:size]
	if _, err := o.from.ReadAt(whole, int64(o.at)); err != nil {
		return nil, fmt.Errorf("read a batch of %s: %w", o.p.Name(), err)
	}
	o.at += size
	return batch.Batch(whole), nil
}

// Len is how many bytes the answer has of the partition.
func (o *oldRecords) Len() int { return o.size }

// ReadAt reads on: offset must be where the read before has ended.
func (o *oldRecords) ReadAt(p []byte, offset int64) (int, error) {
	if offset != int64(o.read) || len(p) > o.size-o.read {
		return 0, fmt.Errorf("read %d bytes at %d of converted records, which are read once and have got to %d of %d", len(p), offset, o.read, o.size)
	}
	n := 0
	for n < len(p) {
		if len(o.ready) == 0 {
			o.more(o.size - o.read - n)
		}
		copied := copy(p[n:], o.ready)
		o.ready = o.ready[copied:]
		n += copied
	}
	o.read += n
	return n, nil
}

// more converts on. What is damaged, or packed by zstd, ends the records: the
// next fetch begins with it, and says so.
func (o *oldRecords) more(left int) {
	if !o.spent {
		if err := o.convert(); err == nil && len(o.ready) > 0 {
			return
		}
		o.spent = true
		o.memory = append(o.memory[:0], make([]byte, batch.LogOverhead)...)
		binary.BigEndian.PutUint64(o.memory, 1<<64-1) // offset -1
		binary.BigEndian.PutUint32(o.memory[8:], uint32(max(left+1, batch.HeaderSize)))
		o.ready = o.memory
		return
	}
	o.memory = append(o.memory[:0], make([]byte, min(left, 64<<10))...)
	o.ready = o.memory
}

// oldReadsMax bounds how often one fetch looks for records behind those that an
// old client does not get.
const oldReadsMax = 256

// readOld reads a partition for a version of Fetch before 4. What has nothing
// for such a client (markers of transactions) is passed over: where Kafka
// answers with a message that is cut, which stops some clients, the client gets
// what comes next, or waits for it.
func (p *fetchPart) readOld(h *Handlers, q *Query, version int16, cost *batch.Conversion) {
	if p.old == nil {
		p.old = new(oldRecords)
	}
	p.old.release()
	first := q.Offset
	hard := version < fetchSoftLimit
	if hard {
		q.MinOne = q.MaxBytes > 0 // so that its beginning can be sent
	}
	for range oldReadsMax {
		p.readOne(q)
		if p.code != kafka.ErrNone || p.read.Section.Len() == 0 {
			return
		}
		if err := p.old.begin(h.downgraders, p.p, &p.read.Section, first, oldMagic(version), cost); err != nil {
			p.fail(err)
			return
		}
		if p.old.size > 0 {
			if hard && p.read.Section.Len() > q.MaxBytes {
				p.old.size = min(p.old.size, q.MaxBytes)
			}
			return
		}
		if p.old.next <= q.Offset {
			break
		}
		q.Offset = p.old.next
	}
	p.read.Release()
}

// fail is the answer to a read that failed.
func (p *fetchPart) fail(err error) {
	p.code = kafka.CodeOf(err)
	p.read.Release()
	if p.old != nil {
		p.old.release()
	}
	p.read.HighWatermark, p.read.LastStable, p.read.LogStart = -1, -1, -1
}

// converts says whether the records are converted for an old client.
func (p *fetchPart) converts() bool { return p.old != nil && p.old.by != nil }

// sent is how many bytes of records the answer has of the partition.
func (p *fetchPart) sent() int {
	if p.converts() {
		return p.old.size
	}
	return p.read.Section.Len()
}
