package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func TestFrameLengthIsBounded(t *testing.T) {
	for _, tc := range []struct {
		length int32
		max    int32
		want   int
		err    string
	}{
		{0, 100, 0, ""},
		{100, 100, 100, ""},
		{101, 100, 0, "frame length 101 is larger than 100 (socket.request.max.bytes)"},
		{math.MaxInt32, 100, 0, "frame length 2147483647 is larger than 100 (socket.request.max.bytes)"},
		{math.MaxInt32, -1, math.MaxInt32, ""},
		{-1, 100, 0, "frame length -1 is negative"},
		{math.MinInt32, -1, 0, "frame length -2147483648 is negative"},
	} {
		got, err := FrameLength(binary.BigEndian.AppendUint32(nil, uint32(tc.length)), tc.max)
		if got != tc.want || tc.err == "" && err != nil || tc.err != "" && (err == nil || err.Error() != tc.err) {
			t.Errorf("length %d of at most %d: got %d, %v; want %d, %q", tc.length, tc.max, got, err, tc.want, tc.err)
		}
	}
}

// TestRequestHeaderAgreesWithCodec writes the header of every key and version
// with the generated codec and reads it by hand.
func TestRequestHeaderAgreesWithCodec(t *testing.T) {
	for _, api := range msg.APIs() {
		for version := api.MinVersion; version <= api.MaxVersion; version++ {
			frame := AppendRequest(nil, version, -7, "client", msg.NewRequest(api.Key))
			n, err := FrameLength(frame, math.MaxInt32)
			if err != nil || n != len(frame)-LengthSize {
				t.Fatalf("%v v%d: length %d of %d: %v", api.Key, version, n, len(frame), err)
			}
			frame = frame[LengthSize:]
			h, err := ParseRequestHeader(frame)
			if err != nil {
				t.Fatalf("%v v%d: %v", api.Key, version, err)
			}
			want := "client"
			if msg.RequestHeaderVersion(api.Key, version) == 0 {
				want = ""
			}
			if h.Key != api.Key || h.Version != version || h.CorrelationID != -7 || string(h.ClientID) != want {
				t.Errorf("%v v%d: parsed %+v", api.Key, version, h)
			}
			if err := msg.Unmarshal(msg.NewRequest(api.Key), frame[h.BodyOffset:], version); err != nil {
				t.Errorf("the body does not begin at %d: %v", h.BodyOffset, err)
			}
		}
	}
}

func TestRequestHeaderOfUnservedVersionIsStillRead(t *testing.T) {
	frame := []byte{0, 18, 0x7f, 0xff, 0, 0, 0, 5, 0, 2, 'm', 'e', 0}
	h, err := ParseRequestHeader(frame)
	if err != nil || h.Key != kafka.ApiVersions || h.Version != math.MaxInt16 || h.CorrelationID != 5 || string(h.ClientID) != "me" || h.BodyOffset != len(frame) {
		t.Errorf("parsed %+v, %v", h, err)
	}
	h, err = ParseRequestHeader([]byte{0, 18, 0xff, 0xff, 0, 0, 0, 5, 0xff, 0xff})
	if err != nil || h.Version != -1 || h.BodyOffset != 10 || len(h.ClientID) != 0 {
		t.Errorf("a negative version has header 1: parsed %+v, %v", h, err)
	}
}

func TestRequestHeaderSkipsTaggedFields(t *testing.T) {
	frame := []byte{0, 18, 0, 3, 0, 0, 0, 5, 0xff, 0xff, 2, 0, 1, 'x', 0x80, 1, 2, 'y', 'z', 'B'}
	h, err := ParseRequestHeader(frame)
	if err != nil || h.BodyOffset != len(frame)-1 {
		t.Errorf("parsed %+v, %v", h, err)
	}
}

func TestBadRequestHeaders(t *testing.T) {
	for _, tc := range []struct {
		name  string
		frame []byte
		want  string
	}{
		{"empty", nil, "request header of API -1, at byte 0: the bytes end here"},
		{"half", []byte{0, 18, 0}, "request header of ApiVersions, at byte 3: the bytes end here"},
		{"no client id", []byte{0, 18, 0, 0, 0, 0, 0, 1}, "request header of ApiVersions, at byte 8: the bytes end here"},
		{"unknown key", []byte{0x7f, 0xff, 0, 0, 0, 0, 0, 1, 0, 0}, "request header of API 32767, at byte 0: unknown API key"},
		{"negative key", []byte{0xff, 0xff, 0, 0, 0, 0, 0, 1, 0, 0}, "request header of API -1, at byte 0: unknown API key"},
		{"long client id", []byte{0, 18, 0, 0, 0, 0, 0, 1, 0, 3, 'm', 'e'}, "request header of ApiVersions, at byte 8: client id is longer than the bytes that are left"},
		{"no tags", []byte{0, 18, 0, 3, 0, 0, 0, 1, 0, 0}, "request header of ApiVersions, at byte 10: impossible tagged fields"},
		{"many tags", []byte{0, 18, 0, 3, 0, 0, 0, 1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f}, "request header of ApiVersions, at byte 10: impossible tagged fields"},
		{"long tag", []byte{0, 18, 0, 3, 0, 0, 0, 1, 0, 0, 1, 0, 2, 'x'}, "request header of ApiVersions, at byte 10: impossible tagged fields"},
		{"endless varint", []byte{0, 18, 0, 3, 0, 0, 0, 1, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, "request header of ApiVersions, at byte 10: impossible tagged fields"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ParseRequestHeader(tc.frame)
			var he *HeaderError
			if !errors.As(err, &he) || err.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestParsingARequestHeaderDoesNotAllocate(t *testing.T) {
	frame := AppendRequest(nil, 13, 1, "client", msg.NewFetchRequest())[LengthSize:]
	if n := testing.AllocsPerRun(100, func() {
		if _, err := ParseRequestHeader(frame); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestResponseHeaders(t *testing.T) {
	for _, api := range msg.APIs() {
		for version := api.MinVersion; version <= api.MaxVersion; version++ {
			dst := AppendResponse([]byte("before"), api.Key, version, 9, msg.NewResponse(api.Key))
			frame := dst[len("before"):]
			if n, err := FrameLength(frame, math.MaxInt32); err != nil || n != len(frame)-LengthSize {
				t.Fatalf("%v v%d: length %d of %d: %v", api.Key, version, n, len(frame), err)
			}
			id, at, err := ParseResponseHeader(frame[LengthSize:], api.Key, version)
			if err != nil || id != 9 {
				t.Fatalf("%v v%d: correlation id %d, %v", api.Key, version, id, err)
			}
			if want := 4 + int(msg.ResponseHeaderVersion(api.Key, version)); at != want {
				t.Errorf("%v v%d: the body begins at %d, want %d", api.Key, version, at, want)
			}
			var h msg.ResponseHeader
			r := msg.NewReader(frame[LengthSize:])
			if err := h.Decode(r, msg.ResponseHeaderVersion(api.Key, version)); err != nil || h.CorrelationId != 9 || r.Offset() != at {
				t.Errorf("%v v%d: the codec reads %+v to %d: %v", api.Key, version, h, r.Offset(), err)
			}
		}
	}
	for _, frame := range [][]byte{nil, {0, 0, 0}, {0, 0, 0, 1}, {0, 0, 0, 1, 1, 1, 9}} {
		if _, _, err := ParseResponseHeader(frame, kafka.Fetch, 12); err == nil {
			t.Errorf("%x was accepted", frame)
		}
	}
}

// section is a Section in memory.
type section struct{ *bytes.Reader }

func (s section) Len() int { return int(s.Size()) }

func newSection(rng *rand.Rand) section {
	b := make([]byte, rng.IntN(300))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return section{bytes.NewReader(b)}
}

// assemble puts the sections into their places.
func assemble(t *testing.T, data []byte, parts []Part) []byte {
	t.Helper()
	var out []byte
	from := 0
	for _, p := range parts {
		out = append(out, data[from:p.At]...)
		from = p.At
		b := make([]byte, p.Section.Len())
		if _, err := p.Section.ReadAt(b, 0); err != nil {
			t.Fatal(err)
		}
		out = append(out, b...)
	}
	return append(out, data[from:]...)
}

// TestFetchWriterAgreesWithCodec writes random fetch responses of every version
// both ways.
func TestFetchWriterAgreesWithCodec(t *testing.T) {
	var w FetchWriter
	var data []byte
	var parts []Part
	for version := int16(0); version <= 18; version++ {
		for seed := range uint64(40) {
			rng := rand.New(rand.NewPCG(seed, uint64(version)))
			m, sections := randomFetchResponse(rng)
			want := AppendResponse([]byte("!"), kafka.Fetch, version, 77, m)
			head := FetchHead{Version: version, CorrelationID: 77, ThrottleTimeMs: m.ThrottleTimeMs, ErrorCode: m.ErrorCode, SessionID: m.SessionId}
			w.Begin(append(data[:0], '!'), parts[:0], head, len(m.Responses))
			for i := range m.Responses {
				topic := &m.Responses[i]
				w.Topic(topic.Topic, topic.TopicId, len(topic.Partitions))
				for j := range topic.Partitions {
					p := topic.Partitions[j]
					inline := sections[0]
					p.Records = inline.inline
					w.Partition(&p, inline.sections...)
					sections = sections[1:]
				}
			}
			data, parts = w.End(m.NodeEndpoints)
			if got := assemble(t, data, parts); !bytes.Equal(got, want) {
				t.Fatalf("v%d seed %d: wrote\n%x, want\n%x", version, seed, got, want)
			}
		}
	}
}

// records are what a partition's records are made of.
type records struct {
	inline   []byte
	sections []Section
}

// randomFetchResponse returns a response, and its records cut into pieces.
func randomFetchResponse(rng *rand.Rand) (*msg.FetchResponse, []records) {
	m := &msg.FetchResponse{ThrottleTimeMs: rng.Int32(), ErrorCode: int16(rng.Int32()), SessionId: rng.Int32()}
	var all []records
	for range rng.IntN(4) {
		topic := msg.FetchResponseFetchableTopicResponse{Topic: strings.Repeat("t", rng.IntN(300)), TopicId: kafka.UUID{byte(rng.Int32())}}
		for range rng.IntN(4) {
			p, r := randomPartition(rng)
			topic.Partitions = append(topic.Partitions, p)
			all = append(all, r)
		}
		m.Responses = append(m.Responses, topic)
	}
	for range rng.IntN(3) {
		n := msg.FetchResponseNodeEndpoint{NodeId: rng.Int32(), Host: strings.Repeat("h", rng.IntN(200)), Port: 9092}
		if rng.IntN(2) == 0 {
			rack := "rack"
			n.Rack = &rack
		}
		m.NodeEndpoints = append(m.NodeEndpoints, n)
	}
	return m, all
}

func randomPartition(rng *rand.Rand) (msg.FetchResponsePartitionData, records) {
	p := *msg.NewFetchResponsePartitionData()
	p.PartitionIndex, p.ErrorCode, p.HighWatermark = rng.Int32(), int16(rng.Int32()), rng.Int64()
	p.LastStableOffset, p.LogStartOffset, p.PreferredReadReplica = rng.Int64(), rng.Int64(), rng.Int32()
	if rng.IntN(2) == 0 {
		p.DivergingEpoch.Epoch = rng.Int32()
	}
	if rng.IntN(2) == 0 {
		p.CurrentLeader.LeaderEpoch = rng.Int32()
	}
	if rng.IntN(2) == 0 {
		p.SnapshotId.EndOffset = rng.Int64()
	}
	if n := rng.IntN(4) - 1; n >= 0 {
		p.AbortedTransactions = make([]msg.FetchResponseAbortedTransaction, n)
		for i := range n {
			p.AbortedTransactions[i].FirstOffset = rng.Int64()
		}
	}
	var r records
	if rng.IntN(3) == 0 {
		r.inline = []byte("inline records")
	}
	p.Records = append([]byte{}, r.inline...)
	for range rng.IntN(3) {
		s := newSection(rng)
		b := make([]byte, s.Len())
		if _, err := s.ReadAt(b, 0); err != nil && s.Len() > 0 {
			panic(err)
		}
		p.Records = append(p.Records, b...)
		r.sections = append(r.sections, s)
	}
	return p, r
}

func TestFetchWriterCountsWhatWasAnnounced(t *testing.T) {
	for name, misuse := range map[string]func(w *FetchWriter){
		"topic missing":         func(w *FetchWriter) { w.End(nil) },
		"topic too many":        func(w *FetchWriter) { w.Topic("a", kafka.UUID{}, 0); w.Topic("b", kafka.UUID{}, 0) },
		"partition missing":     func(w *FetchWriter) { w.Topic("a", kafka.UUID{}, 1); w.End(nil) },
		"partition too many":    func(w *FetchWriter) { w.Partition(msg.NewFetchResponsePartitionData()) },
		"topic before the last": func(w *FetchWriter) { w.Topic("a", kafka.UUID{}, 1); w.Topic("b", kafka.UUID{}, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			var w FetchWriter
			w.Begin(nil, nil, FetchHead{Version: 13}, 1)
			misuse(&w)
		})
	}
}

func TestFetchWriterDoesNotAllocate(t *testing.T) {
	var w FetchWriter
	data, parts := make([]byte, 0, 1<<12), make([]Part, 0, 8)
	s := Section(section{bytes.NewReader(make([]byte, 100))})
	p := msg.NewFetchResponsePartitionData()
	p.CurrentLeader.LeaderId = 3
	if n := testing.AllocsPerRun(100, func() {
		w.Begin(data[:0], parts[:0], FetchHead{Version: 18}, 1)
		w.Topic("", kafka.UUID{1}, 2)
		w.Partition(p, s)
		w.Partition(p, s, s)
		w.End(nil)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkFetchWriter(b *testing.B) {
	var w FetchWriter
	data, parts := make([]byte, 0, 1<<16), make([]Part, 0, 128)
	s := Section(section{bytes.NewReader(make([]byte, 100))})
	p := msg.NewFetchResponsePartitionData()
	b.ReportAllocs()
	for b.Loop() {
		w.Begin(data[:0], parts[:0], FetchHead{Version: 18}, 10)
		for range 10 {
			w.Topic("", kafka.UUID{1}, 10)
			for range 10 {
				w.Partition(p, s)
			}
		}
		w.End(nil)
	}
}
