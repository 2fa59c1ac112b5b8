package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// RequestHeader is the parsed header of a request.
//
// Key is one that [msg.Lookup] knows, but Version can be anything: whoever
// serves compares it with what is served. For ApiVersions alone an unserved
// version is answered, with UNSUPPORTED_VERSION in a response of version 0,
// and the body is not parsed (KIP-511); for all others the connection is
// closed.
type RequestHeader struct {
	Key           kafka.APIKey
	Version       int16
	CorrelationID int32
	ClientID      []byte // aliases the frame; a null client id is empty, as in Kafka
	BodyOffset    int    // where the body begins in the frame
}

// HeaderError is a request whose header cannot be read. As in Kafka the
// connection is closed without an answer.
type HeaderError struct {
	Key    kafka.APIKey // best guess, -1 if it is not even there
	Offset int
	Reason string
}

// Error tells key, offset and reason.
func (e *HeaderError) Error() string {
	return fmt.Sprintf("request header of %v, at byte %d: %s", e.Key, e.Offset, e.Reason)
}

// The reasons of header errors.
const (
	reasonShort  = "the bytes end here"
	reasonKey    = "unknown API key"
	reasonString = "client id is longer than the bytes that are left"
	reasonTags   = "impossible tagged fields"
)

// ParseRequestHeader reads the header of a request from its frame (without the
// length). It allocates nothing but errors.
func ParseRequestHeader(frame []byte) (RequestHeader, error) {
	h := RequestHeader{Key: -1}
	if len(frame) < 8 {
		if len(frame) >= 2 {
			h.Key = kafka.APIKey(int16(binary.BigEndian.Uint16(frame)))
		}
		return h, &HeaderError{Key: h.Key, Offset: len(frame), Reason: reasonShort}
	}
	h.Key = kafka.APIKey(int16(binary.BigEndian.Uint16(frame)))
	h.Version = int16(binary.BigEndian.Uint16(frame[2:]))
	h.CorrelationID = int32(binary.BigEndian.Uint32(frame[4:]))
	h.BodyOffset = 8
	version := msg.RequestHeaderVersion(h.Key, h.Version)
	if version < 0 {
		return h, &HeaderError{Key: h.Key, Reason: reasonKey}
	}
	if version >= 1 {
		if err := h.parseClientID(frame); err != nil {
			return h, err
		}
	}
	if version >= 2 {
		n, ok := skipTags(frame[h.BodyOffset:])
		if !ok {
			return h, &HeaderError{Key: h.Key, Offset: h.BodyOffset, Reason: reasonTags}
		}
		h.BodyOffset += n
	}
	return h, nil
}

// parseClientID reads the client id, which has an int16 for its length even in
// header version 2.
func (h *RequestHeader) parseClientID(frame []byte) error {
	b := frame[h.BodyOffset:]
	if len(b) < 2 {
		return &HeaderError{Key: h.Key, Offset: len(frame), Reason: reasonShort}
	}
	n := max(0, int(int16(binary.BigEndian.Uint16(b))))
	if n > len(b)-2 {
		return &HeaderError{Key: h.Key, Offset: h.BodyOffset, Reason: reasonString}
	}
	h.ClientID = b[2 : 2+n : 2+n]
	h.BodyOffset += 2 + n
	return nil
}

// skipTags returns the length of the tagged fields at the start of b.
func skipTags(b []byte) (int, bool) {
	at := 0
	next := func() int32 { // as Kafka reads it: the bits of an int
		v, n := binary.Uvarint(b[at:])
		if n <= 0 || n > 5 {
			return -1
		}
		at += n
		return int32(uint32(v))
	}
	count := next()
	if count < 0 || int(count) > len(b)/2 {
		return 0, false
	}
	for range count {
		before := at
		if next(); at == before {
			return 0, false
		}
		size := next()
		if size < 0 || int(size) > len(b)-at {
			return 0, false
		}
		at += int(size)
	}
	return at, true
}

// ParseResponseHeader reads the header of a response to a request of the given
// key and version from its frame (without the length), and returns where the
// body begins.
func ParseResponseHeader(frame []byte, key kafka.APIKey, version int16) (correlationID int32, bodyOffset int, err error) {
	if len(frame) < 4 {
		return 0, 0, &HeaderError{Key: key, Offset: len(frame), Reason: reasonShort}
	}
	correlationID, bodyOffset = int32(binary.BigEndian.Uint32(frame)), 4
	if msg.ResponseHeaderVersion(key, version) >= 1 {
		n, ok := skipTags(frame[bodyOffset:])
		if !ok {
			return 0, 0, &HeaderError{Key: key, Offset: bodyOffset, Reason: reasonTags}
		}
		bodyOffset += n
	}
	return correlationID, bodyOffset, nil
}
