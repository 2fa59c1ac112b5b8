package storage

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
)

// Split is a segment that was replaced by several, because the offsets in it were
// too far from its beginning for its indexes: old versions of Kafka made such
// ones (KAFKA-6264).
type Split struct {
	File  string         // the segment
	Bases []kafka.Offset // of those in its place; the first is its own
}

// overflow ends the loading of a log: one of its segments has to be split first,
// and then everything is to be read anew. Kafka's LogSegmentOffsetOverflowException.
type overflow struct {
	segment *segment.Segment
	below   kafka.Offset // the offsets in it are, as far as it is known
}

// Error names the segment.
func (o *overflow) Error() string {
	return fmt.Sprintf("%s holds offsets that are more than %d above its first", o.segment.Path(segment.LogSuffix), math.MaxInt32)
}

// Open opens or makes a log. What it had to repair is in the Recovery, also
// where it fails. Damage among what was durable makes it fail only where the end
// of the log is not known because of it.
//
// As in Kafka a segment that overflows is split while the log is loaded, and the
// loading begins again.
func Open(host *Host, o Options) (*Log, Recovery, error) {
	var split []Split
	for {
		l, found, err := open(host, o)
		found.Split = split
		over, overflows := errors.AsType[*overflow](err)
		if !overflows {
			return l, found, err
		}
		done, err := over.split(host, &o)
		if err == nil && slices.ContainsFunc(split, func(s Split) bool { return s.File == done.File }) {
			err = over // never twice: it would not end
		}
		if err != nil {
			return nil, found, failed("split "+over.segment.Path(segment.LogSuffix)+" of", o.Dir, err)
		}
		split = append(split, done)
	}
}

// findOverflow looks for a segment but the last that has to be split: the next
// one's base says at once of nearly all that they need not. The last is looked at
// when its end is read.
func (d *loader) findOverflow() error {
	for i := 0; i+1 < len(d.segments); i++ {
		s, below := d.segments[i], d.segments[i+1].Base
		overflows, err := s.Overflows(below)
		if err != nil {
			return err
		}
		if overflows {
			return &overflow{segment: s, below: below}
		}
	}
	return nil
}

// split writes the parts of a segment beside it. It ends where its files are
// named *.swap: the next loading puts them in its place, as it does after a crash,
// and as Kafka's would. Each step is durable before the next:
//
//	1  the parts are written, *.cleaned
//	2  those of all but the first are renamed to *.swap
//	3  those of the first
//
// While there is a *.cleaned of the first, all of it counts for nothing.
func (o *overflow) split(host *Host, opts *Options) (Split, error) {
	done := Split{File: o.segment.Path(segment.LogSuffix)}
	parts, err := o.segment.Parts(o.below, func(message []byte) (kafka.Offset, error) { return firstOffset(host, opts.Config, message) })
	if err == nil && len(parts) < 2 {
		err = o
	}
	if err != nil {
		return done, err
	}
	made, err := o.copyParts(parts, opts)
	err = errors.Join(err, o.segment.Abandon())
	if err == nil {
		err = host.fs.SyncDir(opts.Dir)
	}
	if err != nil {
		for _, s := range made {
			err = errors.Join(err, s.Discard())
		}
		return done, err
	}
	for i, s := range slices.Backward(made) {
		if err := s.Rename(segment.SwapSuffix); err != nil {
			return done, err
		}
		if i <= 1 {
			if err := host.fs.SyncDir(opts.Dir); err != nil {
				return done, err
			}
		}
	}
	for _, p := range parts {
		done.Bases = append(done.Bases, p.Base)
	}
	return done, nil
}

// copyParts makes a segment of each part. What was made is given with an error,
// too.
func (o *overflow) copyParts(parts []segment.Part, opts *Options) ([]*segment.Segment, error) {
	var aborted []segment.AbortedTxn
	if _, err := o.segment.AbortedTxns(0, math.MaxInt64, func(a segment.AbortedTxn) { aborted = append(aborted, a) }); err != nil {
		return nil, err
	}
	made := make([]*segment.Segment, 0, len(parts))
	c := new(Log).segmentConfig(opts.Config)
	for i, part := range parts {
		ended := len(aborted) // those whose marker is in the part
		if i+1 < len(parts) {
			ended = 0
			for ended < len(aborted) && aborted[ended].LastOffset < parts[i+1].Base {
				ended++
			}
		}
		s, err := o.segment.CopyPart(part, aborted[:ended], opts.Now, &c)
		if err != nil {
			return made, err
		}
		made, aborted = append(made, s), aborted[ended:]
	}
	return made, nil
}

// firstOffset is the offset of the first message in a wrapper of the old formats.
func firstOffset(host *Host, c *Config, message []byte) (kafka.Offset, error) {
	limit := c.MaxUnpackedBytes
	if limit == 0 {
		limit = batch.DefaultMaxUnpackedBytes
	}
	var r batch.MessageReader
	r.Reset(message, host.codecs, limit)
	if !r.Next() {
		return 0, errors.Join(r.Err(), kafka.ErrCorruptMessage)
	}
	return r.Record().Offset, nil
}

// known is the offset below which the log is known to have had all that it says.
// In a compacted topic any gap may be the cleaner's.
func (d *loader) known() kafka.Offset {
	if d.Config().Compact {
		return math.MaxInt64
	}
	return max(d.o.RecoveryPoint, d.o.LogStart)
}

// outOfReach says whether the segment behind i begins there because its first
// batch is too far from the base of i: then no batch of i is missing.
func (d *loader) outOfReach(i int) bool {
	last, err := d.segments[i+1].FirstLast()
	return err == nil && last-d.segments[i].Base > math.MaxInt32
}

// splitFrom gives the base of a segment that was split, of which the first part has
// another: Kafka names it by its first batch, and the segment may begin lower, with
// a gap. Where it is still there it reaches into the first part.
func (d *loader) splitFrom(first kafka.Offset) (kafka.Offset, error) {
	below := kafka.Offset(-1)
	for name := range d.names {
		if base, numbered := baseOf(name); numbered && base <= first && strings.HasSuffix(name, segment.LogSuffix) {
			below = max(below, base)
		}
	}
	if below < 0 || below == first {
		return first, nil
	}
	end, err := d.swapEnd(segment.Name(below, segment.LogSuffix), below)
	if err != nil && !errors.As(err, new(*segment.Bad)) {
		return first, err
	}
	if end > first {
		return below, nil
	}
	return first, nil
}
