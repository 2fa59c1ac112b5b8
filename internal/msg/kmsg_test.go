package msg

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// kmsgMessage is what kmsg's requests and responses have in common.
type kmsgMessage interface {
	Key() int16
	MaxVersion() int16
	SetVersion(int16)
	AppendTo([]byte) []byte
	ReadFrom([]byte) error
}

// kmsgWritesTagsEarly names the tagged fields that kmsg writes in versions
// which do not have them yet, with the first version that does. Kafka refuses
// such a message, and so do we.
func kmsgWritesTagsEarly() map[string]map[string]int16 {
	return map[string]map[string]int16{
		"ProduceResponse":        {"CurrentLeader": 10, "Brokers": 10},
		"FetchRequest":           {"ReplicaState": 15, "ReplicaDirectoryID": 17, "HighWatermark": 18},
		"FetchResponse":          {"Brokers": 16},
		"VoteResponse":           {"NodeEndpoints": 1},
		"FetchSnapshotRequest":   {"ReplicaDirectoryID": 1},
		"FetchSnapshotResponse":  {"NodeEndpoints": 1},
		"BrokerHeartbeatRequest": {"OfflineLogDirs": 1, "CordonedLogDirs": 2},
	}
}

// kmsgDiffers says where kmsg is not like Kafka's own classes, whose bytes are
// the last word (TestGolden).
func kmsgDiffers(message string, version int16) bool {
	return message == "StopReplicaRequest" && version == 4 // has IsKRaftController behind ControllerEpoch
}

const rounds = 12 // of random values for each message and version

// TestCodecAgreesWithKmsg exchanges random messages with franz-go's codec in
// both directions, for every key and version that both know.
func TestCodecAgreesWithKmsg(t *testing.T) {
	seen := 0
	for _, api := range APIs() {
		theirs := kmsg.RequestForKey(int16(api.Key))
		if theirs == nil {
			t.Logf("kmsg does not know %v", api.Key)
			continue
		}
		for version := api.MinVersion; version <= min(api.MaxVersion, theirs.MaxVersion()); version++ {
			seen++
			name := fmt.Sprintf("%v/v%d", api.Key, version)
			t.Run(name+"/request", func(t *testing.T) {
				exchange(t, version, NewRequest(api.Key), theirs)
			})
			t.Run(name+"/response", func(t *testing.T) {
				exchange(t, version, NewResponse(api.Key), theirs.ResponseKind())
			})
			if flexible := api.FirstFlexible >= 0 && version >= api.FirstFlexible; flexible != isFlexible(theirs, version) {
				t.Errorf("%s: flexible is %v here, not in kmsg", name, flexible)
			}
		}
		if api.MaxVersion > theirs.MaxVersion() {
			t.Logf("%v: kmsg ends at version %d of %d", api.Key, theirs.MaxVersion(), api.MaxVersion)
		}
	}
	if seen < 360 {
		t.Errorf("compared %d keys and versions, expected more than 360", seen)
	}
}

func isFlexible(r kmsg.Request, version int16) bool {
	r.SetVersion(version)
	return r.IsFlexible()
}

func exchange(t *testing.T, version int16, ours Message, theirs kmsgMessage) {
	t.Helper()
	if kmsgDiffers(ours.MessageName(), version) {
		return
	}
	theirs.SetVersion(version)
	for seed := range uint64(rounds) {
		f := newFiller(seed + uint64(version)<<8)
		f.fill(reflect.ValueOf(ours).Elem())
		sent := ours.AppendTo(nil, version)
		fresh := newKmsg(theirs, version)
		if err := fresh.ReadFrom(sent); err != nil {
			t.Fatalf("kmsg cannot read %x: %v", sent, err)
		}
		if back := fresh.AppendTo(nil); !bytes.Equal(sent, back) {
			t.Fatalf("kmsg read and wrote\n%x, we wrote\n%x\nfrom %+v", back, sent, ours)
		}
		decodeAndCompare(t, ours, sent, version)

		f.skip = map[string]bool{"Version": true, "UnknownTags": true}
		for name, from := range kmsgWritesTagsEarly()[ours.MessageName()] {
			f.skip[name] = version < from
		}
		// kmsg lets the records be null, Kafka since version 1 does not.
		f.notNull = ours.MessageName() == "ShareFetchResponse"
		f.fill(reflect.ValueOf(theirs).Elem())
		decodeAndCompare(t, ours, theirs.AppendTo(nil), version)
	}
}

// newKmsg makes an empty message of the same type as m.
func newKmsg(m kmsgMessage, version int16) kmsgMessage {
	n := reflect.New(reflect.TypeOf(m).Elem()).Interface().(kmsgMessage)
	n.SetVersion(version)
	return n
}

// decodeAndCompare decodes b into the used struct m and into a new one; both
// must encode to b again.
func decodeAndCompare(t *testing.T, m Message, b []byte, version int16) {
	t.Helper()
	if err := Unmarshal(m, b, version); err != nil {
		t.Fatalf("%x: %v", b, err)
	}
	if back := m.AppendTo(nil, version); !bytes.Equal(b, back) {
		t.Fatalf("%s v%d: decoded and encoded\n%x to\n%x", m.MessageName(), version, b, back)
	}
	fresh := reflect.New(reflect.TypeOf(m).Elem()).Interface().(Message)
	if err := Unmarshal(fresh, b, version); err != nil {
		t.Fatal(err)
	}
	if back := fresh.AppendTo(nil, version); !bytes.Equal(b, back) {
		t.Fatalf("decoded into a new struct and encoded\n%x to\n%x", b, back)
	}
}

func TestEveryAPIKeyHasAMessage(t *testing.T) {
	for _, api := range APIs() {
		if got := NewRequest(api.Key); got == nil || got.APIKey() != api.Key {
			t.Errorf("request of %v is %v", api.Key, got)
		}
		if got := NewResponse(api.Key); got == nil || got.APIKey() != api.Key {
			t.Errorf("response of %v is %v", api.Key, got)
		}
		if api.Key.String() != api.Name {
			t.Errorf("key %d is called %v and %v", api.Key, api.Key, api.Name)
		}
	}
	if NewRequest(kafka.APIKey(1000)) != nil || NewRequest(-1) != nil || NewResponse(-1) != nil {
		t.Error("unknown keys must have no message")
	}
}
