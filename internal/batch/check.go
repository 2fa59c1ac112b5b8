package batch

import (
	"fmt"
	"strings"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// RecordError is what is wrong with one record of a refused batch.
type RecordError struct {
	Index   int32 // of the record in its batch
	Message string
}

// RecordErrors refuses a batch because of some of its records.
type RecordErrors struct {
	Code    kafka.Error // INVALID_RECORD or INVALID_TIMESTAMP
	Message string
	Records []RecordError // at most recordErrorsMax, the first ones
}

// Error is the code and the sentence.
func (e *RecordErrors) Error() string { return e.Code.Error() + ": " + e.Message }

// Unwrap gives a failure with code and message.
func (e *RecordErrors) Unwrap() error { return kafka.Errorf(e.Code, "%s", e.Message) }

// recordErrorsMax bounds how many records of one batch are named. (Kafka names
// all; a batch of 100 MB can hold 14 million.)
const recordErrorsMax = 10_000

// checker checks the records of one batch, one after the other.
type checker struct {
	rules *Rules
	nowMs int64
	// Of the batch's header.
	baseTimestamp int64
	baseOffset    kafka.Offset
	appended      bool  // its timestamp type is LogAppendTime, which
	appendedMs    int64 // gives every record this timestamp

	index        int32 // of the next record
	maxTimestamp int64
	// sequential says that the offset of each record so far was its index.
	sequential     bool
	wrong          int // how many records are refused
	wrongTimestamp bool
	errors         []RecordError
}

func newChecker(b Batch, nowMs int64, rules *Rules) checker {
	return checker{
		rules:         rules,
		nowMs:         nowMs,
		baseTimestamp: int64(b.BaseTimestamp()),
		baseOffset:    b.BaseOffset(),
		appended:      b.TimestampType() == LogAppendTime,
		appendedMs:    int64(b.MaxTimestamp()),
		maxTimestamp:  int64(kafka.NoTimestamp),
		sequential:    true,
	}
}

// record checks the next record.
func (c *checker) record(r *seen) {
	timestamp := c.baseTimestamp + r.timestampDelta
	if c.appended {
		timestamp = c.appendedMs
	}
	offset := c.baseOffset + kafka.Offset(r.offsetDelta)
	if offset != kafka.Offset(c.index) {
		c.sequential = false
	}
	switch {
	case c.rules.Compacted && !r.hasKey:
		c.refuse("A record without a key cannot be kept by the compacted topic of partition %s", c.rules.Partition)
	case c.rules.TimestampType == CreateTime && timestamp != int64(kafka.NoTimestamp):
		if age := c.nowMs - timestamp; age > c.rules.BeforeMaxMs || -age > c.rules.AfterMaxMs {
			c.wrongTimestamp = true
			c.refuse("Timestamp %d of the record with offset %d is out of range: it must be within [%d, %d]",
				timestamp, offset, c.nowMs-c.rules.BeforeMaxMs, c.nowMs+c.rules.AfterMaxMs)
		}
	case c.appended:
		c.wrongTimestamp = true
		c.refuse("The timestamp type LogAppendTime is the broker's to set, not the producer's")
	}
	c.maxTimestamp = max(c.maxTimestamp, timestamp)
	c.index++
}

// refuse notes what is wrong with the current record.
func (c *checker) refuse(format string, args ...any) {
	c.wrong++
	if len(c.errors) < recordErrorsMax {
		c.errors = append(c.errors, RecordError{c.index, fmt.Sprintf(format, args...)})
	}
}

// verdict is the error for the records that were refused.
func (c *checker) verdict() error {
	if c.wrong == 0 {
		return nil
	}
	if c.wrongTimestamp {
		return &RecordErrors{kafka.ErrInvalidTimestamp, "One or more records have an invalid timestamp", c.errors}
	}
	var message strings.Builder
	fmt.Fprintf(&message, "%d records of the batch are invalid; the first:", c.wrong)
	for _, e := range c.errors[:min(3, len(c.errors))] {
		fmt.Fprintf(&message, " (%d) %s.", e.Index, e.Message)
	}
	return &RecordErrors{kafka.ErrInvalidRecord, message.String(), c.errors}
}

// slowRun is how many records are taken one by one after one that is not of
// the usual shape: the next is likely to be like it.
const slowRun = 16

// plain checks count records in payload, which is not compressed.
func (c *checker) plain(payload []byte, count int32) error {
	if count < 0 {
		return c.broken("a batch of %d records", count)
	}
	var r seen
	left, slow := count, int32(0) // how many records are not tried as usual ones
	for left > 0 {
		if slow == 0 {
			n, done := c.usual(payload, left)
			payload, left = payload[n:], left-done
			if left == 0 {
				break
			}
			slow = slowRun
		}
		n, why := r.skim(payload)
		if why != sound {
			return c.broken("record %d: %s", c.index, why)
		}
		payload = payload[n:]
		c.record(&r)
		left--
		slow--
	}
	if count > 0 && len(payload) > 0 {
		return c.broken("%d bytes behind the last record", len(payload))
	}
	return c.verdict()
}

// packed checks count records in payload as they are unpacked.
func (c *checker) packed(payload []byte, count int32, pool *compress.Pool, codec compress.Codec) error {
	if count < 0 {
		return c.broken("a batch of %d records", count)
	}
	if count == 0 {
		return nil
	}
	reader, err := pool.Reader(payload, codec, c.rules.maxUnpacked())
	if err != nil {
		return unpackFailed(c.rules, c.rules.maxUnpacked(), err)
	}
	defer reader.Close()
	records := stream{reader: reader}
	var r seen
	for range count {
		if why := records.next(&r); why == flawCodec {
			return unpackFailed(c.rules, c.rules.maxUnpacked(), records.err)
		} else if why != sound {
			return c.broken("record %d: %s", c.index, why)
		}
		c.record(&r)
	}
	if !records.ended() {
		if records.err != nil {
			return unpackFailed(c.rules, c.rules.maxUnpacked(), records.err)
		}
		return c.broken("more bytes behind the last record")
	}
	return c.verdict()
}

func (c *checker) broken(format string, args ...any) error {
	return kafka.Errorf(kafka.ErrInvalidRecord, "the batch for partition %s is malformed: %s", c.rules.Partition, fmt.Sprintf(format, args...))
}
