// Package msg holds every request, response and stored record of the Kafka
// protocol as a Go struct with its codec, generated from Kafka's own
// definitions by msg/gen, and the small bounded reader beneath it. It knows
// the bytes and nothing of their meaning. Kind: pure
//
// # Using it
//
//	var r msg.Reader
//	r.Reset(frame)
//	req := msg.NewRequest(key)       // or: var req msg.FetchRequest
//	err := req.Decode(&r, version)   // *DecodeError or ErrUnsupportedVersion
//	...
//	buf = resp.AppendTo(buf, version)
//
// # The shape of a struct
//
// One struct serves all versions from the oldest that Kafka ever served (the
// 3.9 definitions) to the newest of Kafka 4.4. Fields have Kafka's names and
// plain wire types. A nullable string or struct is a pointer. A nullable array
// or byte field is null when it is nil, and empty when it is empty but not
// nil; where null is not allowed nil is written as empty. Byte fields alias
// the buffer they were decoded from; strings are copies.
//
// Decode sets every field, absent ones to Kafka's default, and reuses the
// slices of the struct it decodes into. AppendTo leaves out what the version
// does not have. It is the caller's duty to pass a version within
// VersionRange; strings longer than 32767 bytes, which Kafka's formats cannot
// carry, are cut.
//
// # Bounds
//
// Nothing is allocated for a length, count or tag that the remaining bytes
// cannot hold, and one decode allocates at most 32 times its input plus
// 64 KiB, whatever the input says (see [Reader]).
package msg

import "github.com/gregor-stream/gregor/internal/kafka"

//go:generate go run ./gen -fetch

// Message is any generated top-level struct.
type Message interface {
	// Decode reads the message at the given version from r, leaving r after
	// it. Bytes that follow are the caller's business, see [Unmarshal].
	Decode(r *Reader, version int16) error
	// AppendTo appends the message in the given version to dst.
	AppendTo(dst []byte, version int16) []byte
	// SetDefaults sets every field to Kafka's default.
	SetDefaults()
	// MessageName is Kafka's name of the message.
	MessageName() string
	// VersionRange is the oldest and newest version that the codec knows.
	VersionRange() (oldest, newest int16)
}

// Request is a request body.
type Request interface {
	Message
	APIKey() kafka.APIKey
	isRequest()
}

// Response is a response body.
type Response interface {
	Message
	APIKey() kafka.APIKey
	isResponse()
}

// Record is a stored record that carries a type number beside its version:
// metadata records, and the keys and values of the coordinators' topics.
type Record interface {
	Message
	RecordType() int16
}

// API says what is known of one API key.
type API struct {
	Key           kafka.APIKey
	Name          string // Kafka's name, without Request: Fetch
	MinVersion    int16  // oldest version ever served (Kafka 3.9 and before)
	MinStable44   int16  // oldest version that Kafka 4.4 serves, -1: none, the API is gone
	MaxVersion    int16  // newest version that is defined
	MaxStable     int16  // newest version that is not marked unstable, may be -1
	FirstFlexible int16  // first flexible version of the request, -1: none
	Listeners     Listener
}

// Listener is the set of listeners that serve an API.
type Listener uint8

// The listeners of Kafka's definitions. ZooKeeper-age brokers count as Broker.
const (
	OnBroker Listener = 1 << iota
	OnController
)

// Lookup returns what is known of an API key, false if Kafka has no such key.
func Lookup(key kafka.APIKey) (API, bool) {
	if key < 0 || int(key) >= len(apis) || apis[key].Name == "" {
		return API{}, false
	}
	return apis[key], true
}

// APIs lists all known API keys in the order of their numbers.
func APIs() []API {
	out := make([]API, 0, len(apis))
	for _, a := range apis {
		if a.Name != "" {
			out = append(out, a)
		}
	}
	return out
}

// RequestHeaderVersion is the version of the header before a request: 2 for
// flexible versions, 1 for the others, and 0 for the one request that is
// older than client ids, ControlledShutdown v0. Unknown keys have -1.
func RequestHeaderVersion(key kafka.APIKey, version int16) int16 {
	a, ok := Lookup(key)
	switch {
	case !ok:
		return -1
	case key == kafka.ControlledShutdown && version == 0:
		return 0
	case a.FirstFlexible >= 0 && version >= a.FirstFlexible:
		return 2
	}
	return 1
}

// ResponseHeaderVersion is the version of the header before a response: 1 for
// flexible versions, 0 for the others and always for ApiVersions, whose reader
// does not yet know what the server can do (KIP-511). Unknown keys have -1.
func ResponseHeaderVersion(key kafka.APIKey, version int16) int16 {
	a, ok := Lookup(key)
	switch {
	case !ok:
		return -1
	case key != kafka.ApiVersions && a.FirstFlexible >= 0 && version >= a.FirstFlexible:
		return 1
	}
	return 0
}
