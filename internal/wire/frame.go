// Package wire is what surrounds a message on a connection: frames, request
// and response headers, and the fetch response whose records stay in their
// files. It works on bytes that others read and write. Kind: pure
//
//	frame     = length int32 | that many bytes
//	request   = api key int16 | version int16 | correlation id int32
//	            | client id nullable string (header v1+)
//	            | tagged fields (header v2) | body
//	response  = correlation id int32 | tagged fields (header v1) | body
//
// Which header version goes with a key and version is the business of
// [msg.RequestHeaderVersion] and [msg.ResponseHeaderVersion].
package wire

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// LengthSize is the size of the length before every frame.
const LengthSize = 4

// FrameError is a length that no frame may have. As in Kafka the connection is
// closed without an answer.
type FrameError struct {
	Length int32
	Max    int32 // socket.request.max.bytes
}

// Error tells the length and the limit.
func (e *FrameError) Error() string {
	if e.Length < 0 {
		return fmt.Sprintf("frame length %d is negative", e.Length)
	}
	return fmt.Sprintf("frame length %d is larger than %d (socket.request.max.bytes)", e.Length, e.Max)
}

// FrameLength reads the length before a frame and holds it against the limit.
// head must have LengthSize bytes; maxBytes below 0 is no limit.
func FrameLength(head []byte, maxBytes int32) (int, error) {
	n := int32(binary.BigEndian.Uint32(head))
	if n < 0 || maxBytes >= 0 && n > maxBytes {
		return 0, &FrameError{Length: n, Max: maxBytes}
	}
	return int(n), nil
}

// beginFrame leaves room for the length; endFrame fills it in, with more bytes
// that stand elsewhere.
func beginFrame(dst []byte) []byte { return append(dst, 0, 0, 0, 0) }

func endFrame(dst []byte, start, elsewhere int) {
	n := len(dst) - start - LengthSize + elsewhere
	if n > math.MaxInt32 {
		panic(fmt.Sprintf("frame of %d bytes: Kafka's frames end at 2 GiB", n))
	}
	binary.BigEndian.PutUint32(dst[start:], uint32(n))
}

// AppendResponse appends a whole response frame: length, header, body.
func AppendResponse(dst []byte, key kafka.APIKey, version int16, correlationID int32, body msg.Message) []byte {
	start := len(dst)
	dst = AppendResponseHeader(beginFrame(dst), key, version, correlationID)
	dst = body.AppendTo(dst, version)
	endFrame(dst, start, 0)
	return dst
}

// AppendResponseHeader appends the header of a response, without the length.
func AppendResponseHeader(dst []byte, key kafka.APIKey, version int16, correlationID int32) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(correlationID))
	if msg.ResponseHeaderVersion(key, version) >= 1 {
		dst = append(dst, 0)
	}
	return dst
}

// AppendRequest appends a whole request frame: length, header, body.
func AppendRequest(dst []byte, version int16, correlationID int32, clientID string, body msg.Request) []byte {
	start := len(dst)
	h := msg.RequestHeader{
		RequestApiKey: int16(body.APIKey()), RequestApiVersion: version,
		CorrelationId: correlationID, ClientId: &clientID,
	}
	dst = h.AppendTo(beginFrame(dst), msg.RequestHeaderVersion(body.APIKey(), version))
	dst = body.AppendTo(dst, version)
	endFrame(dst, start, 0)
	return dst
}
