package kafka

import (
	"strings"
	"unicode/utf8"
)

// The names of the topics that the system keeps for itself.
const (
	ConsumerOffsetsTopic  = "__consumer_offsets"
	TransactionStateTopic = "__transaction_state"
	ShareGroupStateTopic  = "__share_group_state"
	ClusterMetadataTopic  = "__cluster_metadata"
)

// topicNameMax is the longest name of a topic: with "-", a partition number
// and ".deleted"-like endings it must fit a directory's name.
const topicNameMax = 249

// IsInternalTopic says whether clients see the topic as internal.
func IsInternalTopic(name string) bool {
	return name == ConsumerOffsetsTopic || name == TransactionStateTopic || name == ShareGroupStateTopic
}

// CheckTopicName is nil for a legal name, else INVALID_TOPIC_EXCEPTION with
// Kafka's sentence.
func CheckTopicName(name string) error {
	switch {
	case name == "":
		return Errorf(ErrInvalidTopicException, "Topic name is invalid: the empty string is not allowed")
	case name == "." || name == "..":
		return Errorf(ErrInvalidTopicException, "Topic name is invalid: '%s' is not allowed", name)
	case utf8.RuneCountInString(name) > topicNameMax:
		return Errorf(ErrInvalidTopicException, "Topic name is invalid: the length of '%s' is longer than the max allowed length %d", name, topicNameMax)
	}
	for i := range len(name) {
		c := name[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-') {
			return Errorf(ErrInvalidTopicException, "Topic name is invalid: '%s' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'", name)
		}
	}
	return nil
}

// TopicNamesCollide says whether two names give the same names of metrics,
// where a dot becomes an underscore.
func TopicNamesCollide(a, b string) bool {
	return strings.ReplaceAll(a, ".", "_") == strings.ReplaceAll(b, ".", "_")
}
