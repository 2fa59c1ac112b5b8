package console

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/msg"
)

// coordinator shows the records of a coordinator's topic as JSON, without
// anything between two of them, as Kafka's CoordinatorRecordMessageFormatter
// does: {"key":{"type":1,"data":{...}},"value":{"version":3,"data":{...}}}.
type coordinator struct {
	family msg.Family
	// shown says which records are shown, by the name of the key's message.
	shown func(key string) bool
	// known are the schemas of the record types that came by; nil ones are
	// those of no record.
	known map[int16][2]*msg.Schema
}

// schemas are those of the key and the value of a record type.
func (c *coordinator) schemas(kind int16) (key, value *msg.Schema) {
	s, ok := c.known[kind]
	if !ok {
		if c.known == nil {
			c.known = make(map[int16][2]*msg.Schema)
		}
		s = [2]*msg.Schema{c.family.KeySchema(kind), c.family.ValueSchema(kind)}
		c.known[kind] = s
	}
	return s[0], s[1]
}

func (c *coordinator) write(w *bufio.Writer, r *kgo.Record) error {
	if r.Key == nil {
		return nil
	}
	line, err := c.line(r)
	if err != nil {
		return fmt.Errorf("Could not read record at offset %d due to: %w", r.Offset, err)
	}
	_, _ = w.Write(line)
	return nil
}

// line is the JSON of a record; nil where it is not shown.
func (c *coordinator) line(r *kgo.Record) ([]byte, error) {
	if len(r.Key) < 2 {
		return nil, errors.New("Could not read version from key's buffer.")
	}
	kind := int16(binary.BigEndian.Uint16(r.Key))
	keySchema, valueSchema := c.schemas(kind)
	if keySchema == nil || valueSchema == nil {
		return nil, nil // of a newer Kafka
	}
	key, _, err := keySchema.Decode(r.Key[2:], kind)
	if err != nil {
		return nil, fmt.Errorf("Could not read record with version %d from key's buffer due to: %w.", kind, err)
	}
	line := fmt.Appendf(nil, `{"key":{"type":%d,"data":`, kind)
	if line, err = key.AppendJSON(line, 0); err != nil {
		return nil, err
	}
	if r.Value == nil {
		line = append(line, `},"value":null}`...)
	} else if line, err = appendValue(append(line, '}'), valueSchema, kind, r.Value); err != nil {
		return nil, err
	}
	if !c.shown(keySchema.Name) {
		return nil, nil
	}
	return line, nil
}

func appendValue(line []byte, schema *msg.Schema, kind int16, data []byte) ([]byte, error) {
	if len(data) < 2 {
		return nil, errors.New("Could not read version from value's buffer.")
	}
	version := int16(binary.BigEndian.Uint16(data))
	if version < schema.Oldest || version > schema.Newest {
		return nil, fmt.Errorf("Found an unknown record version %d for %d type", version, kind)
	}
	value, _, err := schema.Decode(data[2:], version)
	if err != nil {
		return nil, fmt.Errorf("Could not read record with version %d from value's buffer due to: %w.", version, err)
	}
	if schema.Name == "TransactionLogValue" {
		status := value.Field("transactionStatus")
		status.Replace(msg.AppendJSONString(nil, []byte(transactionState(status.Int()))))
	}
	line = fmt.Appendf(line, `,"value":{"version":%d,"data":`, version)
	if line, err = value.AppendJSON(line, version); err != nil {
		return nil, err
	}
	return append(line, "}}"...), nil
}

// transactionState is the name of a state; a number that is none stays one.
func transactionState(id int64) string {
	names := []string{"Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort", "Dead", "PrepareEpochFence"}
	if id < 0 || id >= int64(len(names)) {
		return strconv.FormatInt(id, 10)
	}
	return names[id]
}
