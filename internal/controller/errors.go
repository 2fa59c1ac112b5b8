package controller

import (
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
)

const (
	// recordsPerRequest bounds the records that one request of a user may
	// cause (Kafka's MAX_RECORDS_PER_USER_OP).
	recordsPerRequest = 10_000
	// partitionsPerRequest bounds the partitions of one CreateTopics; the
	// topics' own records need room too.
	partitionsPerRequest = 10_000
)

// codeAndText are the two fields that responses have for an error. An error
// that carries no sentence has a nil text, as in Kafka where the sentence is
// the code's own.
func codeAndText(err error) (int16, *string) { return int16(kafka.CodeOf(err)), kafka.MessageOf(err) }

// tooMany refuses a request that would write more records than fit one batch.
func tooMany(records []metadata.Record) error {
	if len(records) > recordsPerRequest {
		return kafka.Errorf(kafka.ErrPolicyViolation, "Unable to perform excessively large batch operation.")
	}
	return nil
}

// The sentences of codes that Kafka answers with the code's own text.
const (
	textUnknownTopicOrPartition    = "This server does not host this topic-partition."
	textUnknownTopicID             = "This server does not host this topic ID."
	textElectionNotNeeded          = "Leader election not needed for topic partition."
	textPreferredNotAvailable      = "The preferred leader was not available."
	textEligibleNotAvailable       = "Eligible topic partition leaders are not available."
	textNoReassignmentInProgress   = "No partition reassignment is in progress."
	textTopicDeletionDisabled      = "Topic deletion is disabled."
	textThisVersionWithoutDeletion = "This version does not support topic deletion."
)
