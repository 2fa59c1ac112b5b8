package controller

import (
	"strings"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
)

// topicNameMax is the longest name: it becomes a directory's, with a suffix.
const topicNameMax = 249

// metadataTopic is the metadata log's own name, which nobody may create.
const metadataTopic = "__cluster_metadata"

// CheckTopicName is nil for a name that a topic may have, else
// INVALID_TOPIC_EXCEPTION with Kafka's sentence.
func CheckTopicName(name string) error {
	reason := ""
	switch {
	case name == "":
		reason = "the empty string is not allowed"
	case name == ".":
		reason = "'.' is not allowed"
	case name == "..":
		reason = "'..' is not allowed"
	case len(name) > topicNameMax && legalTopicName(name), utf16Length(name) > topicNameMax:
		return kafka.Errorf(kafka.ErrInvalidTopicException,
			"Topic name is invalid: the length of '%s' is longer than the max allowed length %d", name, topicNameMax)
	case !legalTopicName(name):
		return kafka.Errorf(kafka.ErrInvalidTopicException, "Topic name is invalid: '%s' contains one or more "+
			"characters other than ASCII alphanumerics, '.', '_' and '-'", name)
	default:
		return nil
	}
	return kafka.Errorf(kafka.ErrInvalidTopicException, "Topic name is invalid: %s", reason)
}

// utf16Length is the length as Java counts it.
func utf16Length(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

func legalTopicName(name string) bool {
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// collision finds a topic whose name differs from name only by having '.' for
// '_' or the other way round: metrics could not tell them apart.
func collision(topics *metadata.Topics, name string) (string, bool) {
	first := strings.IndexAny(name, "._")
	if first < 0 {
		return "", false
	}
	unified := strings.ReplaceAll(name, ".", "_")
	// All candidates begin with name[:first] and then '.' or '_'.
	for _, next := range []string{".", "_"} {
		prefix := name[:first] + next
		for t := range topics.From(prefix) {
			if !strings.HasPrefix(t.Name, prefix) {
				break
			}
			if strings.ReplaceAll(t.Name, ".", "_") == unified {
				return t.Name, true
			}
		}
	}
	return "", false
}
