package java

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// The orders and hashes below were printed by a JVM.

func TestKeysStandInTheOrderOfAHashMap(t *testing.T) {
	var groups []string
	for i := range 40 {
		groups = append(groups, fmt.Sprintf("group-%d", 7*i))
	}
	const want = "group-98 group-259 group-238 group-56 group-217 group-77 group-119 group-196 group-273 group-175 group-252 " +
		"group-70 group-154 group-231 group-91 group-133 group-210 group-112 group-7 group-182 group-161 group-140 group-14 " +
		"group-35 group-0 group-21 group-105 group-42 group-63 group-84 group-189 group-266 group-168 group-245 group-147 " +
		"group-224 group-126 group-203 group-28 group-49"
	if got := strings.Join(Order(groups, Hash), " "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	var partitions []kafka.TopicPartition
	for i := range int32(13) {
		partitions = append(partitions, kafka.TopicPartition{Topic: "orders", Partition: i})
	}
	got := ""
	for _, p := range Order(partitions, HashPartition) {
		got += fmt.Sprint(p.Partition, " ")
	}
	if want := "7 8 9 10 11 12 0 1 2 3 4 5 6 "; got != want {
		t.Errorf("partitions %s, want %s", got, want)
	}
}

func TestHashesAreJavas(t *testing.T) {
	rack := "r"
	tests := map[string]struct{ got, want int32 }{
		"beyond the basic plane": {Hash("ü😀"), 2015071},
		"text":                   {Hash("consumer-groups"), 1944420235},
		"partition":              {HashPartition(kafka.TopicPartition{Topic: "orders", Partition: 3}), -1008769277},
		"node":                   {HashNode(Node{ID: 1, Host: "localhost", Port: 9092}), -1768306070},
		"node with a rack":       {HashNode(Node{ID: 2, Host: "h", Port: 1, Rack: &rack}), 124740649},
		"number":                 {HashInt(7), 7},
	}
	for name, test := range tests {
		if test.got != test.want {
			t.Errorf("%s: %d, want %d", name, test.got, test.want)
		}
	}
}

func TestErrorCodesHaveTheirExceptions(t *testing.T) {
	tests := map[int16][3]string{
		-1:  {"UNKNOWN_SERVER_ERROR", "errors.UnknownServerException", "The server experienced an unexpected error when processing the request."},
		3:   {"UNKNOWN_TOPIC_OR_PARTITION", "errors.UnknownTopicOrPartitionException", "This server does not host this topic-partition."},
		6:   {"NOT_LEADER_OR_FOLLOWER", "errors.NotLeaderOrFollowerException", ""},
		7:   {"REQUEST_TIMED_OUT", "errors.TimeoutException", "The request timed out."},
		17:  {"INVALID_TOPIC_EXCEPTION", "errors.InvalidTopicException", "The request attempted to perform an operation on an invalid topic."},
		24:  {"INVALID_GROUP_ID", "errors.InvalidGroupIdException", "The group id is invalid."},
		30:  {"GROUP_AUTHORIZATION_FAILED", "errors.GroupAuthorizationException", "Group authorization failed."},
		35:  {"UNSUPPORTED_VERSION", "errors.UnsupportedVersionException", "The version of API is not supported."},
		58:  {"SASL_AUTHENTICATION_FAILED", "errors.SaslAuthenticationException", ""},
		68:  {"NON_EMPTY_GROUP", "errors.GroupNotEmptyException", "The group is not empty."},
		69:  {"GROUP_ID_NOT_FOUND", "errors.GroupIdNotFoundException", "The group id does not exist."},
		86:  {"GROUP_SUBSCRIBED_TO_TOPIC", "errors.GroupSubscribedToTopicException", ""},
		87:  {"INVALID_RECORD", "InvalidRecordException", ""},
		96:  {"FEATURE_UPDATE_FAILED", "errors.FeatureUpdateFailedException", ""},
		127: {"VOTER_NOT_FOUND", "errors.VoterNotFoundException", ""},
	}
	for code, want := range tests {
		if got := Name(code); got != want[0] {
			t.Errorf("%d is %s, want %s", code, got, want[0])
		}
		if got := Class(code); got != "org.apache.kafka.common."+want[1] {
			t.Errorf("%d: %s, want %s", code, got, want[1])
		}
		if got := Sentence(code); want[2] != "" && got != want[2] {
			t.Errorf("%d: %q, want %q", code, got, want[2])
		}
	}
}

func TestWrappedExceptionsNameTheirCauses(t *testing.T) {
	e := Code(69, "Group a not found.").In(Execution).In(Runtime)
	const want = "java.util.concurrent.ExecutionException: org.apache.kafka.common.errors.GroupIdNotFoundException: Group a not found."
	if e.Message != want || e.Error() != "Group a not found." {
		t.Errorf("message %q, error %q", e.Message, e.Error())
	}
}
