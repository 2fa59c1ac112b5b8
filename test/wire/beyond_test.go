package wire

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/test/harness"
)

// unknownVersions asks every key that both serve for the version after the
// newest, without a body: both must do the same, which is to close the
// connection, or to answer ApiVersions with an error in its oldest version.
func unknownVersions(t *testing.T, pair *harness.Pair, kafka, gregor map[int16]kmsg.ApiVersionsResponseApiKey) {
	for key, k := range kafka {
		if _, ok := gregor[key]; !ok {
			continue
		}
		for _, v := range []int16{k.MaxVersion + 1, -1, 99} {
			t.Run(fmt.Sprintf("%s/v%d", kmsg.NameForKey(key), v), func(t *testing.T) {
				want, got := bare(pair.Kafka, key, v), bare(pair.Gregor, key, v)
				if want != got {
					t.Errorf("kafka %s, gregor %s", want, got)
				}
			})
		}
	}
	for _, key := range []int16{-1, 200, 32767} {
		t.Run(fmt.Sprintf("key %d", key), func(t *testing.T) {
			if want, got := bare(pair.Kafka, key, 0), bare(pair.Gregor, key, 0); want != got {
				t.Errorf("kafka %s, gregor %s", want, got)
			}
		})
	}
}

// bare sends a header without a body and says what came back.
func bare(addr string, key, version int16) string {
	c, err := dial(addr)
	if err != nil {
		return err.Error()
	}
	defer c.close()
	frame := []byte{0, 0, 0, 10}
	frame = binary.BigEndian.AppendUint16(frame, uint16(key))
	frame = binary.BigEndian.AppendUint16(frame, uint16(version))
	frame = append(frame, 0, 0, 0, 7, 0xff, 0xff) // correlation id, client id null
	if err := c.net.SetDeadline(time.Now().Add(3 * time.Second)); err != nil {
		return err.Error()
	}
	if _, err := c.net.Write(frame); err != nil {
		return closedOr(err).Error()
	}
	var answer [10]byte // length, correlation id, and an error code of ApiVersions
	n, err := c.net.Read(answer[:])
	if err != nil {
		return closedOr(err).Error()
	}
	return "answered " + hex.EncodeToString(answer[4:n])
}
