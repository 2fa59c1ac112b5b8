package msg

import (
	"errors"
	"fmt"
)

// The reasons of decode errors.
const (
	reasonShort    = "the bytes end here"
	reasonLength   = "length is larger than the bytes that are left"
	reasonCount    = "array count is larger than the bytes that are left can hold"
	reasonTags     = "count of tagged fields is larger than the bytes that are left can hold"
	reasonString   = "string is longer than 32767 bytes"
	reasonNull     = "null, but the field is not nullable in this version"
	reasonVarint   = "varint is longer than 5 bytes"
	reasonWrongTag = "tag is not valid in this version"
	reasonBudget   = "decoding would take more memory than 32 times the input and 64 KiB"
	reasonTrailing = "bytes are left after the message"
)

// ErrUnsupportedVersion is wrapped by the errors for a version that the codec
// does not know.
var ErrUnsupportedVersion = errors.New("unsupported version")

// DecodeError says where bytes stopped being a message.
type DecodeError struct {
	Message string // Kafka's name of the message: FetchRequest
	Version int16
	Field   string // path of the field: Topics.Partitions.Index, empty for the message itself
	Offset  int    // in the bytes given to the reader
	Reason  string
}

// Error tells message, version, field, offset and reason.
func (e *DecodeError) Error() string {
	field := ""
	if e.Field != "" {
		field = ", field " + e.Field
	}
	return fmt.Sprintf("decode %s v%d%s, at byte %d: %s", e.Message, e.Version, field, e.Offset, e.Reason)
}

// finish turns the sticky error into one that says what was being read.
func (r *Reader) finish(message string, version int16) error {
	if !r.bad {
		return nil
	}
	return &DecodeError{Message: message, Version: version, Field: r.badField, Offset: r.badOffset, Reason: r.badReason}
}

func unsupportedVersion(message string, version, oldest, newest int16) error {
	return fmt.Errorf("decode %s v%d: %w, known are %d to %d", message, version, ErrUnsupportedVersion, oldest, newest)
}

// Unmarshal decodes m from all of b; bytes left over are an error, as they are
// for Kafka in metadata records. (In requests Kafka ignores them.)
func Unmarshal(m Message, b []byte, version int16) error {
	var r Reader
	r.Reset(b)
	if err := m.Decode(&r, version); err != nil {
		return err
	}
	if r.Remaining() > 0 {
		return &DecodeError{Message: m.MessageName(), Version: version, Offset: r.off, Reason: reasonTrailing}
	}
	return nil
}
