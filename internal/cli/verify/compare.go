package verify

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

// topicFilter is what --topics-include lets pass (TopicFilter.IncludeList): a
// pattern, or several parted by commas, of whole names.
func topicFilter(include string) (func(topic string) bool, error) {
	pattern, err := java.IncludeList(include)
	if err != nil {
		return nil, command.Failf("--topics-include: %w", err)
	}
	return pattern.Match, nil
}

// comparison is what is known about the replicas (ReplicaBuffer). One
// goroutine uses it; those that fetch hand their answers to it.
type comparison struct {
	run        *replicasRun
	dates      *java.DateFormat
	ids        map[string]kadm.TopicID
	partitions map[partition]*compared
	brokers    map[int32][]partition // whose replicas each holds
	reported   time.Time
	lag        lag
}

// compared is one partition.
type compared struct {
	offset  int64 // the next to compare
	batches int64 // that were compared
	answers map[int32]answer
}

// answer is what a replica gave.
type answer struct {
	highWatermark int64 // -1 where there was an error
	records       []byte
}

// lag is the partition that is furthest behind.
type lag struct {
	records   int64
	partition partition
	offset    int64
}

func newComparison(r *replicasRun) *comparison {
	dates, err := java.NewDateFormat("yyyy-MM-dd HH:mm:ss,SSS")
	if err != nil {
		panic(err) // a broken invariant: the pattern is a constant
	}
	return &comparison{
		run: r, dates: dates, ids: make(map[string]kadm.TopicID),
		partitions: make(map[partition]*compared), brokers: make(map[int32][]partition), reported: time.Now(),
	}
}

// add puts a topic under comparison.
func (b *comparison) add(d kadm.TopicDetail) {
	b.ids[d.Topic] = d.ID
	for _, detail := range d.Partitions.Sorted() {
		p := partition{d.Topic, detail.Partition}
		b.partitions[p] = &compared{answers: make(map[int32]answer)}
		for _, broker := range detail.Replicas {
			b.brokers[broker] = append(b.brokers[broker], p)
		}
	}
}

// say prints a line with the time in front, or event as JSON.
func (b *comparison) say(now time.Time, event any, format string, args ...any) {
	if b.run.json {
		(&events{env: b.run.env}).print(event)
		return
	}
	b.run.env.Printf("%s: %s\n", b.dates.Format(now), fmt.Sprintf(format, args...))
}

// The JSON lines.
type (
	startedEvent struct {
		head
		Brokers    int `json:"brokers"`
		Partitions int `json:"partitions"`
	}
	lagEvent struct {
		head
		MaxLag     int64     `json:"maxLag"` // in offsets
		Of         partition `json:"of"`
		Offset     int64     `json:"offset"`
		Partitions int       `json:"partitions"`
	}
	// differenceEvent: two replicas have another offset or another checksum.
	differenceEvent struct {
		head
		partition
		Replicas  [2]int32  `json:"replicas"`
		Offsets   [2]int64  `json:"offsets"`
		Checksums [2]uint32 `json:"checksums"`
	}
)

func (b *comparison) started() {
	b.say(time.Now(), startedEvent{named("started"), len(b.brokers), len(b.partitions)}, "verification process is started")
}

// mark is a batch, by what is compared of it.
type mark struct {
	replica    int32
	last, next int64
	checksum   uint32
}

// compare compares what the replicas gave. An error says that they do not even
// agree where a batch ends, which ends the command.
func (b *comparison) compare(now time.Time) error {
	b.lag = lag{records: -1}
	for _, p := range sorted(b.partitions) {
		c := b.partitions[p]
		if err := b.comparePartition(p, c, now); err != nil {
			return err
		}
		most := int64(-1)
		for _, a := range c.answers {
			most = max(most, a.highWatermark)
		}
		if most-c.offset > b.lag.records {
			b.lag = lag{most - c.offset, p, c.offset}
		}
		clear(c.answers)
	}
	return nil
}

// comparePartition goes on as long as every replica has a batch below its high
// watermark.
func (b *comparison) comparePartition(p partition, c *compared, now time.Time) error {
	replicas := slices.Sorted(maps.Keys(c.answers))
	rest := make(map[int32][]byte, len(replicas)) // what is not compared yet
	for _, id := range replicas {
		rest[id] = c.answers[id].records
	}
	for len(replicas) > 0 {
		var first *mark
		everywhere := true
		for _, id := range replicas {
			m, size, err := readMark(rest[id], id)
			if err != nil {
				return command.Failf("replica %d of %s-%d at offset %d: %w", id, p.Topic, p.Partition, c.offset, err)
			}
			rest[id] = rest[id][size:]
			if size == 0 || m.last >= c.answers[id].highWatermark {
				everywhere = false
				continue
			}
			if first == nil {
				first = &m
				continue
			}
			if err := b.compareMarks(p, *first, m, now); err != nil {
				return err
			}
		}
		if !everywhere {
			return nil
		}
		c.offset = first.next
		c.batches++
	}
	return nil
}

// readMark reads the batch, of any format, that records begins with, and says
// how many bytes it takes: 0 at the end and where it is cut.
func readMark(records []byte, replica int32) (m mark, size int, err error) {
	size, magic, err := batch.PeekSize(records)
	if err != nil || size > len(records) || size == 0 {
		return mark{}, 0, err
	}
	m.replica = replica
	if magic == batch.Magic {
		if size < batch.HeaderSize {
			return mark{}, 0, fmt.Errorf("a batch of %d bytes is shorter than its header", size)
		}
		b := batch.Batch(records[:size])
		m.last, m.next, m.checksum = int64(b.LastOffset()), int64(b.NextOffset()), b.CRC()
		return m, size, nil
	}
	// offset 8 | length 4 | crc 4 | magic 1 ...; a wrapper has its last offset
	m.last = int64(binary.BigEndian.Uint64(records))
	m.next, m.checksum = m.last+1, binary.BigEndian.Uint32(records[batch.LogOverhead:])
	return m, size, nil
}

func (b *comparison) compareMarks(p partition, first, m mark, now time.Time) error {
	event := differenceEvent{named("offsetMismatch"), p, [2]int32{first.replica, m.replica}, [2]int64{first.last, m.last}, [2]uint32{first.checksum, m.checksum}}
	if first.last != m.last {
		b.say(now, event, "partition %s-%d: replica %d's offset %d doesn't match replica %d's offset %d",
			p.Topic, p.Partition, first.replica, first.last, m.replica, m.last)
		return command.Failf("the replicas of %s-%d differ", p.Topic, p.Partition)
	}
	if first.checksum != m.checksum {
		event.Name = "checksumMismatch"
		b.say(now, event, "partition %s-%d has unmatched checksum at offset %d; replica %d's checksum %d; replica %d's checksum %d",
			p.Topic, p.Partition, m.last, first.replica, first.checksum, m.replica, m.checksum)
	}
	return nil
}

// report prints how far the comparison is, when it is time to.
func (b *comparison) report(now time.Time) {
	if now.UnixMilli()-b.reported.UnixMilli() <= b.run.intervalMs {
		return
	}
	b.reported = now
	l := b.lag
	b.say(now, lagEvent{named("report"), l.records, l.partition, l.offset, len(b.partitions)},
		"max lag is %d for partition %s-%d at offset %d among %d partitions", l.records, l.partition.Topic, l.partition.Partition, l.offset, len(b.partitions))
}
