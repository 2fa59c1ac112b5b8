package batch

import (
	"time"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// isMessages says whether records begin with a message of the formats before v2.
func isMessages(records []byte) bool { return len(records) >= upToMagic && records[atMagic] < Magic }

// validateMessages is [Validator.Validate] for message sets, which producers of
// before Kafka 0.11 send: they are checked and written anew, as one v2 batch.
func (v *Validator) validateMessages(now time.Time, records []byte, next kafka.Offset, rules *Rules) ([]byte, Info, error) {
	began := rules.elapsed()
	info, err := analyzeMessages(records, rules)
	if err != nil || info.ValidBytes == 0 {
		return nil, info, err
	}
	target := info.Codec
	if rules.Recompress {
		target = rules.Codec
	}
	nowMs := now.UnixMilli()
	c := checker{rules: rules, nowMs: nowMs, maxTimestamp: int64(kafka.NoTimestamp), sequential: true}
	v.converted.Reset(Options{
		BaseOffset: next, LeaderEpoch: rules.LeaderEpoch, Codec: target, Level: rules.Level,
		TimestampType: rules.TimestampType, LogAppendTime: kafka.Timestamp(nowMs),
	})
	defer v.dropLarge()
	if err := v.convert(records[:info.ValidBytes], &c, target); err != nil {
		return nil, info, err
	}
	count, built := v.converted.Count(), v.converted.Size()
	out, err := v.converted.Build(v.out[:0])
	if err != nil {
		return nil, info, kafka.Errorf(kafka.ErrUnknownServerError, "compress messages for partition %s: %s", rules.Partition, err)
	}
	v.out = out
	if !rules.IgnoreSize && len(out) > rules.MaxMessageBytes {
		return nil, info, tooLarge(len(out), rules)
	}
	info.Rebuilt, info.Converted = true, count
	info.Conversion = Conversion{Time: rules.elapsed() - began, Bytes: int64(len(v.messages.scratch) + built + len(out))}
	v.finish(out, &c, next, int32(count), &info) //nolint:gosec // a message has 26 bytes at least
	return out, info, nil
}

// convert checks the messages and collects them in v.converted.
func (v *Validator) convert(records []byte, c *checker, target compress.Codec) error {
	rules := c.rules
	r := &v.messages
	r.Reset(records, v.pool, rules.maxMessages())
	for r.Next() {
		m := r.Record()
		c.appended, c.appendedMs = r.timestampType() == LogAppendTime, int64(m.Timestamp)
		c.record(&seen{timestampDelta: int64(m.Timestamp), offsetDelta: c.index, hasKey: m.Key != nil})
		switch {
		case c.wrong > 0 && !r.packed():
			return c.verdict() // as in Kafka the first one decides: each is a batch of its own
		case c.wrong > 0:
			continue
		}
		v.converted.Append(m.Timestamp, m.Key, m.Value)
		if target == compress.None && !rules.IgnoreSize && v.converted.Size() > rules.MaxMessageBytes {
			return tooLarge(v.converted.Size(), rules)
		}
	}
	if r.Err() != nil {
		return r.Err()
	}
	return c.verdict()
}

// dropLarge keeps no more memory than other appends do.
func (v *Validator) dropLarge() {
	v.messages.release(scratchMax)
	if cap(v.converted.records) > scratchMax {
		v.converted.records = nil
	}
}

// analyzeMessages checks what can be seen without unpacking, as [Analyze] does:
// whole messages of one format, sizes, checksums, and that a wrapper stands
// alone.
func analyzeMessages(records []byte, rules *Rules) (Info, error) {
	info := Info{
		FirstOffset: kafka.NoOffset, LastOffset: kafka.NoOffset, LastEpoch: kafka.NoLeaderEpoch,
		MaxTimestamp: kafka.NoTimestamp, LogAppendTime: kafka.NoTimestamp,
	}
	first := int8(records[atMagic])
	mixed := false
	for {
		size, magic, err := PeekSize(records[info.ValidBytes:])
		if err != nil || size == 0 || size > len(records)-info.ValidBytes {
			if err == nil && mixed {
				err = kafka.Errorf(kafka.ErrInvalidRecord, "append to %s: messages of other formats than that of the first, v%d", rules.Partition, first)
			}
			return info.alone(rules, err)
		}
		if !rules.IgnoreSize && size > rules.MaxMessageBytes {
			return info, tooLarge(size, rules)
		}
		if mixed = mixed || magic != first; magic == Magic {
			if b := Batch(records[info.ValidBytes:][:size]); size < HeaderSize || b.CRC() != b.ComputeCRC() {
				return info, kafka.Errorf(kafka.ErrCorruptMessage, "append to %s: the batch at position %d is corrupt", rules.Partition, info.ValidBytes)
			}
		} else if err := info.addMessage(records[info.ValidBytes:], rules); err != nil {
			return info, err
		}
		info.Batches++
		info.ValidBytes += size
	}
}

// addMessage checks the message that buf begins with.
func (info *Info) addMessage(buf []byte, rules *Rules) error {
	m, _, err := parseMessage(buf)
	if err != nil {
		return err
	}
	switch codec := m.codec() &^ magic0; {
	case !codec.Valid():
		return kafka.Errorf(kafka.ErrUnknownServerError, "append to %s: unknown compression type %d", rules.Partition, codec)
	case codec != compress.None:
		info.Codec = codec
	}
	return nil
}

// alone is the end of the analysis: what is compressed is one wrapper.
func (info *Info) alone(rules *Rules, err error) (Info, error) {
	if err == nil && info.Codec != compress.None && info.Batches > 1 {
		err = kafka.Errorf(kafka.ErrInvalidRecord, "an append to partition %s takes one wrapper of compressed messages, and nothing beside it", rules.Partition)
	}
	return *info, err
}
