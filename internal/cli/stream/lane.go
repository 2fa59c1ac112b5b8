package stream

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// lane is one partition of a copy.
//
// Invariant: the records of the source below done are at the destination below
// target, each once. Both are committed there together: target as the offset,
// done as its metadata. A copy that is broken off leaves records at target and
// beyond; the next one recognizes them (there) instead of writing them again.
type lane struct {
	begun   int64    // the first source offset that this copy read
	next    int64    // read up to here
	skipped int64    // the last so many offsets were passed over: what was deleted meanwhile may yet come
	end     int64    // the source's last stable offset when the copy began: what a transaction that is open has written comes later
	done    int64    // acknowledged up to here
	target  int64    // the destination's end after that
	there   []uint64 // fingerprints of what stands at target and beyond
	resumed bool
	failed  bool  // a record was refused: what comes after it does not count
	records int64 // acknowledged to this copy
}

// note says that the record at an offset of the source is at the destination.
func (l *lane) note(source, target int64) {
	l.done, l.target = source+1, target+1
}

// The metadata of a committed offset is "source=1543 topic=<id>": how far the
// source is copied, and the id of its topic, where it has one. By the id a topic
// is told from a later one of the same name, whose offsets mean other records.
const (
	sourcePrefix = "source="
	topicPrefix  = " topic="
)

// metadata is what is committed where the source is copied up to done.
func (c *copying) metadata(done int64) string {
	text := sourcePrefix + strconv.FormatInt(done, 10)
	if c.id != (kadm.TopicID{}) {
		text += topicPrefix + c.id.String()
	}
	return text
}

// fingerprint tells records of one partition apart.
func fingerprint(r *kgo.Record) uint64 {
	h := fnv.New64a()
	var n [8]byte
	put := func(b []byte) {
		length := int64(len(b))
		if b == nil {
			length = -1
		}
		binary.BigEndian.PutUint64(n[:], uint64(length))
		_, _ = h.Write(n[:]) // a hash takes everything
		_, _ = h.Write(b)
	}
	binary.BigEndian.PutUint64(n[:], uint64(r.Timestamp.UnixMilli()))
	_, _ = h.Write(n[:])
	put(r.Key)
	put(r.Value)
	for _, header := range r.Headers {
		put([]byte(header.Key))
		put(header.Value)
	}
	return h.Sum64()
}

// lanes finds out where each partition of the copy begins.
func (c *copying) findLanes(ctx context.Context, source, to *kadm.Client) error {
	all, err := spans(ctx, source, []string{c.topic}, c.o.partitions, start{beginning: true, committed: true})
	if err != nil {
		return err
	}
	ends, err := to.ListEndOffsets(ctx, c.o.toTopic)
	if err != nil {
		return err
	}
	committed, err := to.FetchOffsets(ctx, c.group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return fmt.Errorf("read how far an earlier copy was: %w", err)
	}
	c.lanes = make(map[int32]*lane)
	for at, s := range all {
		end, ok := ends.Lookup(c.o.toTopic, at.partition)
		if !ok || end.Err != nil {
			return fmt.Errorf("partition %d of %s at the destination: %w", at.partition, c.o.toTopic, errors.Join(end.Err, errIf(!ok, "it is not there")))
		}
		l := &lane{begun: s.from, next: s.from, end: s.end, done: s.from, target: end.Offset}
		if o, ok := committed.Lookup(c.o.toTopic, at.partition); ok && o.At >= 0 && !c.o.restart {
			if err := c.resume(ctx, at.partition, l, o, end.Offset); err != nil {
				return err
			}
		} else if end.Offset > 0 && !c.o.restart {
			return fmt.Errorf("partition %d of %s at %s has %d records that no copy from here has written: choose another --to-topic, or --restart to write behind them",
				at.partition, c.o.toTopic, c.toProps.Servers(), end.Offset)
		}
		c.lanes[at.partition] = l
	}
	return nil
}

func errIf(wrong bool, text string) error {
	if wrong {
		return errors.New(text)
	}
	return nil
}

// resume puts a lane where an earlier copy ended.
func (c *copying) resume(ctx context.Context, partition int32, l *lane, at kadm.OffsetResponse, end int64) error {
	text, ok := strings.CutPrefix(at.Metadata, sourcePrefix)
	text, id, known := strings.Cut(text, topicPrefix)
	done, err := strconv.ParseInt(text, 10, 64)
	if !ok || err != nil {
		return fmt.Errorf("group %s at %s, partition %d: its metadata %q is not of a copy; --restart forgets it", c.group, c.toProps.Servers(), partition, at.Metadata)
	}
	if known && c.id != (kadm.TopicID{}) && id != c.id.String() {
		return fmt.Errorf("topic %s at %s is not the one that an earlier copy has read (its id is %s, that one's was %s): it was made anew; choose another --to-topic, or --restart to copy it behind what is there",
			c.topic, c.sourceProps.Servers(), c.id, id)
	}
	if done > l.end {
		return fmt.Errorf("partition %d of %s at %s can be read up to %d, but an earlier copy had read up to %d: the topic was made anew or has lost records; choose another --to-topic, or --restart to copy all again",
			partition, c.topic, c.sourceProps.Servers(), l.end, done)
	}
	if end < at.At {
		return fmt.Errorf("partition %d of %s at %s ends at %d, but an earlier copy had written up to %d: the topic was made anew or has lost records; --restart copies all again",
			partition, c.o.toTopic, c.toProps.Servers(), end, at.At)
	}
	if done < l.begun {
		c.env.Warnf("partition %d: the source has deleted the offsets %d to %d, which were not copied yet", partition, done, l.begun-1)
		done = l.begun
	}
	l.resumed, l.begun, l.next, l.done, l.target = true, done, done, done, at.At
	if end == at.At {
		return nil
	}
	if end-at.At > aheadMax {
		return fmt.Errorf("partition %d of %s at %s has %d records behind the last copy: somebody else writes there; choose another --to-topic, or --restart to append",
			partition, c.o.toTopic, c.toProps.Servers(), end-at.At)
	}
	l.there, err = c.readFingerprints(ctx, partition, at.At, end)
	return err
}

// readFingerprints reads what stands at the destination from one offset up to
// another.
func (c *copying) readFingerprints(ctx context.Context, partition int32, from, end int64) ([]uint64, error) {
	options, err := c.toProps.Options()
	if err != nil {
		return nil, err
	}
	reader, err := kgo.NewClient(append(options, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{
		c.o.toTopic: {partition: kgo.NewOffset().At(from)},
	}))...)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	var prints []uint64
	quiet := silence{c: reader}
	for next := from; next < end; {
		fetches, err := poll(ctx, reader, false)
		if err != nil {
			return nil, err
		}
		if fetches == nil {
			if next, err = quiet.pass(ctx, place{c.o.toTopic, partition}, span{next, end}); err != nil {
				return nil, fmt.Errorf("read the destination: %w", err)
			}
			continue
		}
		_ = quiet.broken() // there is one partition
		if err := fetches.Err(); err != nil {
			return nil, err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if r.Offset < end {
				prints = append(prints, fingerprint(r))
			}
			next = r.Offset + 1
		})
	}
	return prints, nil
}

// commit keeps at the destination how far each partition is.
func (c *copying) commit(ctx context.Context) error {
	offsets := make(kadm.Offsets)
	for p, l := range c.lanes {
		offsets.Add(kadm.Offset{Topic: c.o.toTopic, Partition: p, At: l.target, LeaderEpoch: -1, Metadata: c.metadata(l.done)})
	}
	if err := kadm.NewClient(c.to).CommitAllOffsets(ctx, c.group, offsets); err != nil {
		return fmt.Errorf("keep how far the copy is: %w", err)
	}
	c.committed, c.uncommitted = time.Now(), 0
	return nil
}
