package dumplog

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
)

// segment shows a segment or a metadata snapshot.
func (d *dumper) segment(path string) error {
	if d.parser == nil {
		parser, err := d.o.parser(d.json)
		if err != nil {
			return err
		}
		d.parser = parser
	}
	if err := d.title(path); err != nil {
		return err
	}
	s, err := openSource(path)
	if err != nil {
		return err
	}
	defer s.close()
	if d.o.maxBytes < 0 {
		return fmt.Errorf("--max-bytes %d: it cannot be negative", d.o.maxBytes)
	}
	end := min(s.size, int64(d.o.maxBytes))
	progress := newProgress(d.stderr, path, end)
	defer progress.done()
	walk := &segmentWalk{d: d, path: path, last: -1}
	position := int64(0)
	for {
		e, err := s.next(position, end)
		if err != nil {
			return err
		}
		if e == nil {
			break
		}
		if err := walk.entry(e); err != nil {
			return err
		}
		position += e.size
		progress.at(position)
	}
	if rest := end - position; rest > 0 && d.o.maxBytes == math.MaxInt32 {
		d.invalidTail(path, rest)
	}
	return nil
}

func (d *dumper) invalidTail(path string, bytes int64) {
	if d.json {
		d.begin("invalidBytes", path)
		d.number("bytes", bytes)
		d.end()
		return
	}
	d.printf("Found %d invalid bytes at the end of %s\n", bytes, javaName(path))
}

// title prints what the file's name says.
func (d *dumper) title(path string) error {
	name := javaName(path)
	var line string
	switch {
	case strings.HasSuffix(name, logSuffix):
		start, err := baseOffset(path)
		if err != nil {
			return err
		}
		line = fmt.Sprintf("Log starting offset: %d", start)
	case name == logdir.BootstrapFile:
		line = "KRaft bootstrap snapshot"
	default:
		const width = 31 // 20 digits, a dash, 10 digits
		if len(name) < width {
			return fmt.Errorf("%s: the name is not that of a snapshot, as 00000000000000000042-0000000003.checkpoint", path)
		}
		end, err := strconv.ParseInt(name[:20], 10, 64)
		epoch, err2 := strconv.ParseInt(name[21:width], 10, 32)
		if err != nil || err2 != nil {
			return fmt.Errorf("%s: the name is not that of a snapshot, as 00000000000000000042-0000000003.checkpoint", path)
		}
		line = fmt.Sprintf("Snapshot end offset: %d, epoch: %d", end, epoch)
	}
	if !d.json {
		d.printf("%s\n", line)
	}
	return nil
}

// segmentWalk is what is remembered from batch to batch of one file.
type segmentWalk struct {
	d    *dumper
	path string
	last int64 // offset of the record before
}

func (w *segmentWalk) entry(e *entry) error {
	if err := w.d.batch(w.path, e); err != nil {
		return err
	}
	if !w.d.o.deepIteration {
		return nil
	}
	return e.records(w.d.pool, func(r *record) error { return w.record(e, r) })
}

// record shows a record.
func (w *segmentWalk) record(e *entry, r *record) error {
	d := w.d
	if r.offset != w.last+1 {
		pairs := d.consecutive.get(absolute(w.path), func() map[int64]int64 { return map[int64]int64{} })
		pairs[w.last] = r.offset
	}
	w.last = r.offset
	if d.json {
		return d.recordJSON(w.path, e, r)
	}
	prefix := " "
	if d.o.skipMetadata {
		prefix = "| "
	} else {
		d.printf("| offset: %d %s: %d keySize: %d valueSize: %d", r.offset, e.timestampType(), r.timestamp, r.keySize, r.valueSize)
		if e.magic >= batch.Magic {
			d.printf(" sequence: %d headerKeys: [%s]", r.sequence, r.headerKeys())
		} else {
			d.printf(" isValid: %t crc: %d", r.valid, r.crc)
		}
		if e.control() {
			text, err := controlText(e, r)
			if err != nil {
				return err
			}
			d.printf("%s", text)
		}
	}
	if d.o.printDataLog && !e.control() {
		content, err := d.parser.parse(r)
		if err != nil {
			return damage(w.path, e.position, "record at offset %d: %v", r.offset, err)
		}
		if content.hasKey {
			d.printf("%skey: %s", prefix, content.key)
			prefix = " "
		}
		if content.hasValue {
			d.printf("%spayload: %s", prefix, content.value)
		}
	}
	d.printf("\n")
	return nil
}

// control says whether the batch has markers for brokers. The header is read.
func (e *entry) control() bool { return e.magic >= batch.Magic && e.attributes()&0x20 != 0 }

// batch shows what the header of a batch says. What Kafka prints before it
// meets damage is printed.
func (d *dumper) batch(path string, e *entry) error {
	if e.magic < batch.Magic && !d.json {
		d.printf("offset: %d", e.offset)
	}
	if err := e.loadHead(); err != nil {
		return err
	}
	if d.json {
		return d.batchJSON(path, e)
	}
	if b := batch.Batch(e.head); e.magic >= batch.Magic {
		horizon := "OptionalLong.empty"
		if at, ok := b.DeleteHorizon(); ok {
			horizon = fmt.Sprintf("OptionalLong[%d]", at)
		}
		d.printf("baseOffset: %d lastOffset: %d count: %d baseSequence: %d lastSequence: %d producerId: %d producerEpoch: %d partitionLeaderEpoch: %d isTransactional: %t isControl: %t deleteHorizonMs: %s",
			e.offset, b.LastOffset(), b.Count(), b.BaseSequence(), lastSequence(b), b.ProducerID(), b.ProducerEpoch(), b.LeaderEpoch(),
			b.Transactional(), e.control(), horizon)
	}
	if err := e.checkCodec(); err != nil {
		return err
	}
	if err := e.loadFull(); err != nil {
		return err
	}
	d.printf(" position: %d %s: %d size: %d magic: %d compresscodec: %s crc: %d isvalid: %t\n",
		e.position, e.timestampType(), e.maxTimestamp(), e.size, e.magic, e.codec(), e.crc(), e.valid())
	return nil
}

func (e *entry) checkCodec() error {
	if !e.codec().Valid() {
		return damage(e.from.path, e.position, "the batch has the unknown compression type %d: its header is damaged; --max-bytes %d shows what stands before", e.codec(), e.position)
	}
	return nil
}

// lastSequence is counted as Kafka counts it, in 32 bits, also where the
// header is damaged.
func lastSequence(b batch.Batch) int32 {
	if b.BaseSequence() == batch.NoSequence {
		return batch.NoSequence
	}
	return addSequence(b.BaseSequence(), b.LastOffsetDelta())
}

func addSequence(sequence, increment int32) int32 {
	if sequence > math.MaxInt32-increment { // wraps for a negative increment, as in Kafka
		return increment - (math.MaxInt32 - sequence) - 1
	}
	return sequence + increment
}

func (d *dumper) batchJSON(path string, e *entry) error {
	if err := e.checkCodec(); err != nil {
		return err
	}
	if err := e.loadFull(); err != nil {
		return err
	}
	last, err := e.lastOffset()
	if err != nil {
		return err
	}
	d.begin("batch", path)
	d.number("position", e.position)
	d.number("size", e.size)
	d.number("magic", int64(e.magic))
	d.number("lastOffset", last)
	if b := batch.Batch(e.head); e.magic >= batch.Magic {
		d.number("baseOffset", e.offset)
		d.number("count", int64(b.Count()))
		d.number("baseSequence", int64(b.BaseSequence()))
		d.number("lastSequence", int64(lastSequence(b)))
		d.number("producerId", int64(b.ProducerID()))
		d.number("producerEpoch", int64(b.ProducerEpoch()))
		d.number("partitionLeaderEpoch", int64(b.LeaderEpoch()))
		d.truth("isTransactional", b.Transactional())
		d.truth("isControl", e.control())
		if at, ok := b.DeleteHorizon(); ok {
			d.number("deleteHorizonMs", int64(at))
		}
	}
	d.text("timestampType", e.timestampType())
	d.number("maxTimestamp", e.maxTimestamp())
	d.text("compression", e.codec().String())
	d.number("crc", int64(e.crc()))
	d.truth("isValid", e.valid())
	d.end()
	return nil
}

func (d *dumper) recordJSON(path string, e *entry, r *record) error {
	if e.control() && d.o.skipMetadata {
		return nil
	}
	d.begin("record", path)
	d.number("offset", r.offset)
	if !d.o.skipMetadata {
		d.text("timestampType", e.timestampType())
		d.number("timestamp", r.timestamp)
		d.number("keySize", int64(r.keySize))
		d.number("valueSize", int64(r.valueSize))
		if e.magic >= batch.Magic {
			d.number("sequence", int64(r.sequence))
			d.headers(r)
		} else {
			d.truth("isValid", r.valid)
			d.number("crc", int64(r.crc))
		}
	}
	if e.control() {
		control, err := controlJSON(e, r)
		if err != nil {
			return err
		}
		d.raw("control", control)
	} else if d.o.printDataLog {
		content, err := d.parser.parse(r)
		if err != nil {
			return damage(path, e.position, "record at offset %d: %v", r.offset, err)
		}
		put := func(name, value string, isJSON bool) {
			if isJSON {
				d.raw(name, []byte(value))
			} else {
				d.text(name, value)
			}
		}
		if content.hasKey {
			put("key", content.key, content.keyJSON)
		}
		if content.hasValue {
			put("value", content.value, content.valueJSON)
		}
	}
	d.end()
	return nil
}
