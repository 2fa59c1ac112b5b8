package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// errorPackage holds the exceptions of Kafka's protocol.
const errorPackage = "class org.apache.kafka.common.errors."

// tooLarge is a record that Kafka's producer does not send.
type tooLarge struct{ size, limit int64 }

func (t *tooLarge) Error() string {
	return fmt.Sprintf("The message is %d bytes when serialized which is larger than %d, which is the value of the max.request.size configuration.", t.size, t.limit)
}

// recordBound is how large a batch of one record is at most, in bytes, as
// Kafka's producer estimates it: batch header, the record's fixed part, then
// key, value and an empty list of headers.
func recordBound(key, value []byte) int64 {
	const header, fixed, noHeaders = 61, 21, 1
	return header + fixed + noHeaders + sized(key) + sized(value)
}

func sized(b []byte) int64 {
	if b == nil {
		return 1
	}
	n := int64(len(b)) + 1
	for v := len(b) << 1; v >= 0x80; v >>= 7 { // zigzag
		n++
	}
	return n
}

// exception is the class and the message that Kafka's producer has for err.
func exception(err error) (class, message string) {
	if large, ok := errors.AsType[*tooLarge](err); ok {
		return errorPackage + "RecordTooLargeException", large.Error()
	}
	if code, ok := errors.AsType[*kerr.Error](err); ok {
		return errorPackage + className(code.Message), code.Description
	}
	text := err.Error()
	switch {
	case strings.HasPrefix(text, "Invalid topics"):
		return errorPackage + "InvalidTopicException", text
	case strings.HasPrefix(text, "Not authorized to access topics"):
		return errorPackage + "TopicAuthorizationException", text
	case strings.HasPrefix(text, "Failed to allocate memory"):
		return "class org.apache.kafka.clients.producer.BufferExhaustedException", text
	case errors.Is(err, kgo.ErrRecordTimeout), errors.Is(err, context.DeadlineExceeded), strings.Contains(text, "not present in metadata"):
		return errorPackage + "TimeoutException", text
	case errors.Is(err, context.Canceled), errors.Is(err, kgo.ErrClientClosed):
		return "class org.apache.kafka.common.KafkaException", "Producer closed while send in progress"
	}
	return errorPackage + "NetworkException", text
}

// className is the exception of an error code, such as
// NotLeaderOrFollowerException of NOT_LEADER_OR_FOLLOWER.
func className(code string) string {
	switch code {
	case "CORRUPT_MESSAGE":
		return "CorruptRecordException"
	case "MESSAGE_TOO_LARGE":
		return "RecordTooLargeException"
	case "RECORD_LIST_TOO_LARGE":
		return "RecordBatchTooLargeException"
	case "REQUEST_TIMED_OUT":
		return "TimeoutException"
	case "TOPIC_AUTHORIZATION_FAILED":
		return "TopicAuthorizationException"
	case "CLUSTER_AUTHORIZATION_FAILED":
		return "ClusterAuthorizationException"
	case "TRANSACTIONAL_ID_AUTHORIZATION_FAILED":
		return "TransactionalIdAuthorizationException"
	case "OUT_OF_ORDER_SEQUENCE_NUMBER":
		return "OutOfOrderSequenceException"
	case "DUPLICATE_SEQUENCE_NUMBER":
		return "DuplicateSequenceException"
	case "NOT_LEADER_FOR_PARTITION": // franz-go has its old name
		return "NotLeaderOrFollowerException"
	case "UNKNOWN_SERVER_ERROR":
		return "UnknownServerException"
	case "KAFKA_STORAGE_ERROR":
		return "KafkaStorageException"
	}
	var name strings.Builder
	for word := range strings.SplitSeq(strings.TrimSuffix(code, "_EXCEPTION"), "_") {
		if word != "" {
			name.WriteString(word[:1] + strings.ToLower(word[1:]))
		}
	}
	return name.String() + "Exception"
}
