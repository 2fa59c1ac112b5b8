package wire

import (
	"testing"

	"github.com/gregor-stream/gregor/internal/msg"
)

// FuzzParseRequestHeader: what is accepted lies within the frame, and agrees
// with the generated codec where that accepts it too.
func FuzzParseRequestHeader(f *testing.F) {
	f.Add(AppendRequest(nil, 13, 1, "client", msg.NewFetchRequest())[LengthSize:])
	f.Add([]byte{0, 18, 0, 3, 0, 0, 0, 1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Add([]byte{0, 18, 0x7f, 0xff, 0, 0, 0, 5, 0xff, 0xff, 0})
	f.Add([]byte{0, 7, 0, 0, 0, 0, 0, 5})
	f.Fuzz(func(t *testing.T, frame []byte) {
		h, err := ParseRequestHeader(frame)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without text")
			}
			return
		}
		if h.BodyOffset < 8 || h.BodyOffset > len(frame) {
			t.Fatalf("the body begins at %d of %d", h.BodyOffset, len(frame))
		}
		var m msg.RequestHeader
		r := msg.NewReader(frame)
		if err := m.Decode(r, msg.RequestHeaderVersion(h.Key, h.Version)); err != nil {
			t.Fatalf("the codec refuses it: %v", err)
		}
		if r.Offset() != h.BodyOffset || m.CorrelationId != h.CorrelationID || m.ClientId != nil && *m.ClientId != string(h.ClientID) {
			t.Fatalf("the codec reads %+v to %d, not %+v", m, r.Offset(), h)
		}
	})
}
