package metadata

import (
	"encoding/binary"
	"fmt"

	"github.com/gregor-stream/gregor/internal/msg"
)

// frameVersion is the only version of the frame around a metadata record.
const frameVersion = 1

// Message is the body of a metadata record: a pointer to one of msg's record
// structs (msg.TopicRecord, msg.PartitionRecord ...).
type Message = msg.Record

// Record is a metadata record and the version in which it is written.
type Record struct {
	Message Message
	Version int16
}

// AppendTo appends the record's framed bytes, the value of one record of the
// metadata log:
//
//	+---------------+--------------+---------------+-----------------+
//	| frame version | type         | version       | body            |
//	| uvarint, 1    | uvarint      | uvarint       | as msg has it   |
//	+---------------+--------------+---------------+-----------------+
func (r Record) AppendTo(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, frameVersion)
	dst = binary.AppendUvarint(dst, uint64(r.Message.RecordType())) //nolint:gosec // types are not negative
	dst = binary.AppendUvarint(dst, uint64(r.Version))              //nolint:gosec // versions are not negative
	return r.Message.AppendTo(dst, r.Version)
}

// ParseRecord reads what [Record.AppendTo] writes. Byte fields of the message
// alias value. A type that this version of the software does not know is an
// error: the records after it could mean anything.
func ParseRecord(value []byte) (Record, error) {
	var head [3]uint64
	rest := value
	for i := range head {
		v, n := binary.Uvarint(rest)
		if n <= 0 || v > 0x7fff {
			return Record{}, fmt.Errorf("metadata record of %d bytes has a damaged frame", len(value))
		}
		head[i], rest = v, rest[n:]
	}
	if head[0] != frameVersion {
		return Record{}, fmt.Errorf("metadata record has frame version %d, want %d", head[0], frameVersion)
	}
	message := msg.NewMetadataRecord(int16(head[1])) //nolint:gosec // bounded above
	if message == nil {
		return Record{}, fmt.Errorf("metadata record of unknown type %d: it was written by a newer version", head[1])
	}
	r := Record{Message: message, Version: int16(head[2])} //nolint:gosec // bounded above
	if err := msg.Unmarshal(message, rest, r.Version); err != nil {
		return Record{}, fmt.Errorf("metadata record %s: %w", message.MessageName(), err)
	}
	return r, nil
}
