package kafka

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestErrorsAreThoseThatClientsKnow holds the table against franz-go's.
func TestErrorsAreThoseThatClientsKnow(t *testing.T) {
	known := 0
	for code := int16(-1); code < 200; code++ {
		var theirs *kerr.Error
		if err := kerr.ErrorForCode(code); code == 0 || !errors.As(err, &theirs) || theirs.Code != code {
			continue
		}
		known++
		if code == int16(ErrNotLeaderOrFollower) {
			continue // franz-go has the name of before Kafka 2.6
		}
		if got := Error(code).Error(); got != theirs.Message {
			t.Errorf("code %d is %s, franz-go says %s", code, got, theirs.Message)
		}
	}
	if known < 120 {
		t.Errorf("compared %d codes only", known)
	}
	if got := Error(9999).Error(); got != "ERROR_9999" {
		t.Errorf("an unknown code prints as %s", got)
	}
}

func TestRetriableIsWhatKafkasClientsRetry(t *testing.T) {
	for code, want := range map[Error]bool{
		ErrNone: false, ErrUnknownServerError: false, ErrOffsetOutOfRange: false, ErrMessageTooLarge: false,
		ErrNotLeaderOrFollower: true, ErrUnknownTopicOrPartition: true, ErrCoordinatorLoadInProgress: true,
		ErrNotCoordinator: true, ErrCorruptMessage: true, ErrFencedInstanceID: false, Error(9999): false,
	} {
		if got := code.Retriable(); got != want {
			t.Errorf("%v: retriable %v, want %v", code, got, want)
		}
	}
}

func TestCodeAndMessageTravelWithAnError(t *testing.T) {
	failure := fmt.Errorf("create topic: %w", Errorf(ErrInvalidTopicException, "name %q", "a/b"))
	if got := CodeOf(failure); got != ErrInvalidTopicException {
		t.Errorf("code %v", got)
	}
	if got := MessageOf(failure); got == nil || *got != `name "a/b"` {
		t.Errorf("message %v", got)
	}
	if !errors.Is(failure, ErrInvalidTopicException) {
		t.Error("errors.Is does not find the code")
	}
	if got := CodeOf(errors.New("disk on fire")); got != ErrUnknownServerError {
		t.Errorf("an error without a code is %v", got)
	}
	if CodeOf(nil) != ErrNone || MessageOf(nil) != nil || MessageOf(ErrNotController) != nil {
		t.Error("no error has no code and no message; a bare code has no message")
	}
}

func TestAPIKeysAreThoseThatClientsKnow(t *testing.T) {
	for key := range int16(kmsg.MaxKey) + 1 {
		name := kmsg.NameForKey(key) // with initialisms in capitals
		if key == int16(AlterPartitionReassignments) {
			name = "AlterPartitionReassignments" // franz-go has a name of its own
		}
		if kmsg.RequestForKey(key) != nil && !strings.EqualFold(name, APIKey(key).String()) {
			t.Errorf("key %d is %s, franz-go says %s", key, APIKey(key), name)
		}
	}
	if got := APIKey(500).String(); got != "API 500" {
		t.Errorf("an unknown key prints as %s", got)
	}
}

func TestUUIDTextIsKafkas(t *testing.T) {
	u := UUID{0: 0xfb, 15: 0xff}
	text := u.String()
	if len(text) != 22 || text != "-wAAAAAAAAAAAAAAAAAA_w" {
		t.Fatalf("%v", text)
	}
	back, err := ParseUUID(text)
	if err != nil || back != u {
		t.Fatalf("%v, %v", back, err)
	}
	for _, bad := range []string{"", "x", text + "A", "+wAAAAAAAAAAAAAAAAAA/w"} {
		if _, err := ParseUUID(bad); err == nil {
			t.Errorf("%q is taken for an id", bad)
		}
	}
}

func TestNewUUIDIsNeverReservedNorLikeAFlag(t *testing.T) {
	// The first 16 bytes make an id whose text begins with a dash.
	random := append(bytes.Repeat([]byte{0xfb}, 16), bytes.Repeat([]byte{7}, 16)...)
	u, err := NewUUID(bytes.NewReader(random))
	if err != nil {
		t.Fatal(err)
	}
	if u.String()[0] == '-' || u.Reserved() || u[6]>>4 != 4 || u[8]>>6 != 2 {
		t.Errorf("%v", u)
	}
	if _, err := NewUUID(bytes.NewReader(nil)); err == nil {
		t.Error("no randomness, no error")
	}
	for _, r := range []UUID{ZeroUUID, MetadataTopicID, {15: 99}} {
		if !r.Reserved() {
			t.Errorf("%v is reserved", r)
		}
	}
	if (UUID{15: 100}).Reserved() || (UUID{0: 1}).Reserved() {
		t.Error("others are not")
	}
}

func TestTopicNames(t *testing.T) {
	for _, good := range []string{"a", "A.b_c-9", "...", strings.Repeat("x", 249), "__consumer_offsets"} {
		if err := CheckTopicName(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", ".", "..", "a/b", "a b", "a\x00", "é", "a:b", strings.Repeat("x", 250)} {
		if err := CheckTopicName(bad); CodeOf(err) != ErrInvalidTopicException || MessageOf(err) == nil {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if !TopicNamesCollide("a.b", "a_b") || TopicNamesCollide("a.b", "a-b") {
		t.Error("names collide where their metrics would")
	}
	if !IsInternalTopic(ConsumerOffsetsTopic) || IsInternalTopic(ClusterMetadataTopic) || IsInternalTopic("x") {
		t.Error("internal topics are those of the coordinators")
	}
}
