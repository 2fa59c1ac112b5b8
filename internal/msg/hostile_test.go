package msg

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// decodeWithinBudget decodes b into a new message like m, and fails when that
// takes more than the codec promises: 32 times the input and 64 KiB of memory,
// and (with the margin of ten that tests of time have) 1 ms and 1 us a byte, in
// the best of some tries: a busy machine may take the processor away for longer.
func decodeWithinBudget(t testing.TB, m Message, b []byte, version int16) (Message, error) {
	t.Helper()
	fresh := reflect.New(reflect.TypeOf(m).Elem()).Interface().(Message)
	var r Reader
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	r.Reset(b)
	err := fresh.Decode(&r, version)
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	if got, most := after.TotalAlloc-before.TotalAlloc, uint64(32*len(b)+64<<10); got > most {
		t.Errorf("%s v%d: %d bytes of input took %d bytes of memory, at most %d: %.60x", m.MessageName(), version, len(b), got, most, b)
	}
	most := time.Millisecond + time.Duration(len(b))*time.Microsecond
	for try := 0; took > 10*most && try < 5; try++ {
		began = time.Now()
		r.Reset(b)
		_ = reflect.New(reflect.TypeOf(m).Elem()).Interface().(Message).Decode(&r, version)
		took = time.Since(began)
	}
	if took > 10*most {
		t.Errorf("%s v%d: %d bytes of input took %v, at most %v: %.60x", m.MessageName(), version, len(b), took, most, b)
	}
	return fresh, err
}

// TestHostileInputIsCheap feeds every message with inputs that claim much and
// hold little.
func TestHostileInputIsCheap(t *testing.T) {
	fillings := [][]byte{
		{0}, {1}, {2}, {3}, {0x7f}, {0x80}, {0xff}, {0, 0, 0x20, 0}, {0, 0, 0, 1}, {0x80, 0x40}, {0xff, 0xff, 0xff, 0xff, 0x0f},
	}
	for _, m := range all() {
		oldest, newest := m.VersionRange()
		for _, version := range []int16{oldest, newest} {
			for _, filling := range fillings {
				for _, n := range []int{7, 20 << 10} {
					b := bytes.Repeat(filling, n/len(filling)+1)[:n]
					_, _ = decodeWithinBudget(t, m, b, version) // refusing is fine
				}
			}
		}
	}
}

// TestChangedExamplesAreCheap puts large counts into valid messages, with
// enough bytes behind them to make the counts plausible.
func TestChangedExamplesAreCheap(t *testing.T) {
	messages := byName()
	rng := rand.New(rand.NewPCG(3, 4))
	for _, e := range examples(t) {
		if e.round != 1 || len(e.bytes) < 4 {
			continue
		}
		for range 8 {
			b := make([]byte, len(e.bytes)+16<<10)
			copy(b, e.bytes)
			at := rng.IntN(len(e.bytes) - 3)
			copy(b[at:], [][]byte{{0, 0, 0x30, 0}, {0, 0, 0x0c, 0}, {0x80, 0x60}, {0x80, 0x20}, {0xff, 0x0f}, {0x81, 1}}[rng.IntN(6)])
			_, _ = decodeWithinBudget(t, messages[e.name], b, e.version) // refusing is fine
		}
	}
}

// TestKnownAttacksAreRefused: what cost franz-go's codec 45 s of CPU time in
// seven bytes, and 640 MiB of memory in 8 MiB.
func TestKnownAttacksAreRefused(t *testing.T) {
	// The count of tagged fields is 2^32-1.
	short := []byte{1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f}
	if _, err := decodeWithinBudget(t, new(ApiVersionsRequest), short, 3); err == nil {
		t.Error("four billion tagged fields were accepted")
	}
	for _, topics := range []int{8 << 20, 8 << 20 / 11} {
		// Topics, each as short as it can be: an empty name, two empty arrays.
		b := AppendUvarint(nil, topics+1)
		b = append(b, make([]byte, 8<<20)...)
		for i := len(b) - 8<<20; i < len(b); i++ {
			b[i] = 1
		}
		_, err := decodeWithinBudget(t, new(CreateTopicsRequest), b, 7)
		var de *DecodeError
		if !errors.As(err, &de) || de.Message != "CreateTopicsRequest" {
			t.Errorf("%d topics in 8 MiB: %v", topics, err)
		}
	}
}

// TestLargestValidMessageIsDecoded: as many topics as 8 MiB can hold.
func TestLargestValidMessageIsDecoded(t *testing.T) {
	m := &CreateTopicsRequest{Topics: make([]CreateTopicsRequestCreatableTopic, 8<<20/10)}
	b := m.AppendTo(nil, 7)
	got, err := decodeWithinBudget(t, m, b, 7)
	if err != nil || len(got.(*CreateTopicsRequest).Topics) != len(m.Topics) {
		t.Errorf("%d topics in %d bytes: %v", len(m.Topics), len(b), err)
	}
}

func TestDecodeErrorsNameTheField(t *testing.T) {
	partition := AppendString([]byte{0, 0, 0, 1}, "topic", false)
	for _, tc := range []struct {
		name    string
		m       Message
		version int16
		b       []byte
		want    string
	}{
		{"short", new(HeartbeatRequest), 0, AppendString(nil, "g", false), "decode HeartbeatRequest v0, field GenerationId, at byte 3: the bytes end here"},
		{"null", new(HeartbeatRequest), 0, []byte{0xff, 0xff}, "decode HeartbeatRequest v0, field GroupId, at byte 2: null, but the field is not nullable in this version"},
		{"long string", new(HeartbeatRequest), 0, []byte{0, 9, 'g'}, "decode HeartbeatRequest v0, field GroupId, at byte 2: length is larger than the bytes that are left"},
		{"string of 32768", new(HeartbeatRequest), 4, append([]byte{0x81, 0x80, 2}, make([]byte, 40000)...), "decode HeartbeatRequest v4, field GroupId, at byte 3: string is longer than 32767 bytes"},
		{"endless varint", new(HeartbeatRequest), 4, []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0}, "decode HeartbeatRequest v4, field GroupId, at byte 0: varint is longer than 5 bytes"},
		{"count", new(DeleteTopicsRequest), 1, []byte{0, 0, 0, 2, 0, 0, 0}, "decode DeleteTopicsRequest v1, field TopicNames, at byte 4: array count is larger than the bytes that are left can hold"},
		{"huge count", new(DeleteTopicsRequest), 1, []byte{0x7f, 0xff, 0xff, 0xff, 0, 0, 0}, "decode DeleteTopicsRequest v1, field TopicNames, at byte 4: length is larger than the bytes that are left"},
		{"nested", new(OffsetFetchRequest), 1, append(AppendString(nil, "g", false), partition...), "decode OffsetFetchRequest v1, field Topics.PartitionIndexes, at byte 14: the bytes end here"},
		{"tag", new(FetchRequest), 12, append(make([]byte, 25), 1, 1, 1, 1, 1, 0), "decode FetchRequest v12, field tagged fields, at byte 31: tag is not valid in this version"},
		{"unknown version", new(FetchRequest), 99, nil, "decode FetchRequest v99: unsupported version, known are 0 to 18"},
		{"negative version", new(FetchRequest), -1, nil, "decode FetchRequest v-1: unsupported version, known are 0 to 18"},
		{"left over", new(HeartbeatRequest), 0, []byte{0, 0, 0, 0, 0, 0, 0, 0, 7, 7}, "decode HeartbeatRequest v0, at byte 8: bytes are left after the message"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := Unmarshal(tc.m, tc.b, tc.version)
			if err == nil || err.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

func TestUnknownTagsAreSkipped(t *testing.T) {
	b := new(HeartbeatRequest).AppendTo(nil, 4)
	b = append(b[:len(b)-1], 2, 5, 1, 'x', 0x80, 1, 2, 'y', 'z')
	if err := Unmarshal(new(HeartbeatRequest), b, 4); err != nil {
		t.Error(err)
	}
}

func TestLongStringsAreCut(t *testing.T) {
	for _, version := range []int16{0, 4} {
		m := &HeartbeatRequest{GroupId: string(bytes.Repeat([]byte("é"), 20000))}
		if err := Unmarshal(m, m.AppendTo(nil, version), version); err != nil {
			t.Fatal(err)
		}
		if len(m.GroupId) != 32766 {
			t.Errorf("v%d: cut to %d bytes", version, len(m.GroupId))
		}
	}
}

func TestBytesAliasTheInput(t *testing.T) {
	m := &SyncGroupResponse{Assignment: []byte("abc")}
	b := m.AppendTo(nil, 0)
	if err := Unmarshal(m, b, 0); err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] = 'd'
	if string(m.Assignment) != "abd" {
		t.Errorf("%q does not alias its input", m.Assignment)
	}
	if cap(m.Assignment) != 3 {
		t.Errorf("an append would write into the input: capacity %d", cap(m.Assignment))
	}
}

func TestHeaderVersions(t *testing.T) {
	for _, tc := range []struct {
		key               kafka.APIKey
		version           int16
		request, response int16
	}{
		{kafka.ApiVersions, 0, 1, 0},
		{kafka.ApiVersions, 3, 2, 0},
		{kafka.ControlledShutdown, 0, 0, 0},
		{kafka.ControlledShutdown, 1, 1, 0},
		{kafka.ControlledShutdown, 3, 2, 1},
		{kafka.Fetch, 11, 1, 0},
		{kafka.Fetch, 12, 2, 1},
		{kafka.SaslHandshake, 1, 1, 0},
		{kafka.APIKey(999), 0, -1, -1},
		{kafka.APIKey(-1), 0, -1, -1},
	} {
		if got := RequestHeaderVersion(tc.key, tc.version); got != tc.request {
			t.Errorf("request header of %v v%d is %d, want %d", tc.key, tc.version, got, tc.request)
		}
		if got := ResponseHeaderVersion(tc.key, tc.version); got != tc.response {
			t.Errorf("response header of %v v%d is %d, want %d", tc.key, tc.version, got, tc.response)
		}
	}
}
