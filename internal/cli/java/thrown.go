package java

import (
	"errors"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// The classes that wrap others.
const (
	Execution = "java.util.concurrent.ExecutionException"
	Runtime   = "java.lang.RuntimeException"
	Illegal   = "java.lang.IllegalArgumentException"
)

// Thrown is an error under the name that it has in Java, which Kafka's
// commands print.
type Thrown struct {
	Class   string // with its package
	Message string // "": none
	Cause   error  // what a person is told of it; nil: the message
	// Code is the error code of the protocol that it stands for; 0 for what
	// does not come from a broker, and for one that wraps another.
	Code kafka.Error
}

// Error is the sentence for a person, without Java's names.
func (t *Thrown) Error() string {
	if t.Cause != nil {
		return t.Cause.Error()
	}
	return t.Message
}

// Unwrap is what is behind it; for an error code of the protocol the code, so
// that errors.Is(err, kafka.ErrX) holds.
func (t *Thrown) Unwrap() error {
	if t.Cause == nil && t.Code != 0 {
		return t.Code
	}
	return t.Cause
}

// String is Throwable.toString.
func (t *Thrown) String() string {
	if t.Message == "" {
		return t.Class
	}
	return t.Class + ": " + t.Message
}

// In is t as the cause of an exception of another class.
func (t *Thrown) In(class string) *Thrown {
	return &Thrown{Class: class, Message: t.String(), Cause: t}
}

// Code is the exception of an error code of the protocol; message "" gives
// the code's own sentence.
func Code(code int16, message string) *Thrown {
	if message == "" {
		message = Sentence(code)
	}
	return &Thrown{Class: Class(code), Message: message, Code: kafka.Error(code)}
}

// Throw is the exception of a code in an answer and the message that came with
// it, which may be nil; nil for success.
func Throw(code int16, message *string) *Thrown {
	if code == 0 {
		return nil
	}
	t := Code(code, "")
	if message != nil {
		t.Message = *message
	}
	return t
}

// Class is the class of the exception of an error code.
func Class(code int16) string {
	const place = "org.apache.kafka.common.errors."
	e, ok := errors.AsType[*kerr.Error](kerr.ErrorForCode(code))
	if !ok {
		return place + "UnknownServerException"
	}
	if e.Code == kerr.InvalidRecord.Code { // the one that stands elsewhere
		return "org.apache.kafka.common.InvalidRecordException"
	}
	if class := irregular(e.Message); class != "" {
		return place + class
	}
	return place + camel(e.Message) + "Exception"
}

// irregular are the exceptions that are not called as their codes are.
func irregular(name string) string {
	switch name {
	case "UNKNOWN_SERVER_ERROR":
		return "UnknownServerException"
	case "CORRUPT_MESSAGE":
		return "CorruptRecordException"
	case "REQUEST_TIMED_OUT":
		return "TimeoutException"
	case "NOT_LEADER_FOR_PARTITION":
		return "NotLeaderOrFollowerException"
	case "MESSAGE_TOO_LARGE":
		return "RecordTooLargeException"
	case "STALE_CONTROLLER_EPOCH":
		return "ControllerMovedException"
	case "OFFSET_METADATA_TOO_LARGE":
		return "OffsetMetadataTooLarge"
	case "RECORD_LIST_TOO_LARGE":
		return "RecordBatchTooLargeException"
	case "TOPIC_ALREADY_EXISTS":
		return "TopicExistsException"
	case "INVALID_CONFIG":
		return "InvalidConfigurationException"
	case "OUT_OF_ORDER_SEQUENCE_NUMBER":
		return "OutOfOrderSequenceException"
	case "DUPLICATE_SEQUENCE_NUMBER":
		return "DuplicateSequenceException"
	case "INVALID_PRODUCER_ID_MAPPING":
		return "InvalidPidMappingException"
	case "INVALID_TRANSACTION_TIMEOUT":
		return "InvalidTxnTimeoutException"
	case "KAFKA_STORAGE_ERROR":
		return "KafkaStorageException"
	case "DELEGATION_TOKEN_AUTH_DISABLED":
		return "DelegationTokenDisabledException"
	case "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED":
		return "UnsupportedByAuthenticationException"
	case "NON_EMPTY_GROUP":
		return "GroupNotEmptyException"
	case "PRINCIPAL_DESERIALIZATION_FAILURE":
		return "PrincipalDeserializationException"
	case "FETCH_SESSION_TOPIC_ID_ERROR":
		return "FetchSessionTopicIdException"
	case "INVALID_REGULAR_EXPRESSION":
		return "InvalidRegularExpression"
	}
	// ..._AUTHORIZATION_FAILED, ..._AUTHENTICATION_FAILED, ..._EXCEPTION
	for _, ending := range []string{"_EXCEPTION", "_FAILED"} {
		if stem, ok := strings.CutSuffix(name, ending); ok && (ending != "_FAILED" || strings.Contains(stem, "_AUTH")) {
			return camel(stem) + "Exception"
		}
	}
	return ""
}

func camel(name string) string {
	var class strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		if word != "" {
			class.WriteString(word[:1] + strings.ToLower(word[1:]))
		}
	}
	return class.String()
}

// Sentence is what Kafka says of an error code where the broker said nothing
// of its own. The client's table of them is Kafka's but for those that stand
// here, and for a few codes that only producers get.
func Sentence(code int16) string {
	switch err := kerr.ErrorForCode(code); {
	case errors.Is(err, kerr.InvalidGroupID):
		return "The group id is invalid."
	case errors.Is(err, kerr.TopicAuthorizationFailed):
		return "Topic authorization failed."
	case errors.Is(err, kerr.GroupAuthorizationFailed):
		return "Group authorization failed."
	case errors.Is(err, kerr.TransactionalIDAuthorizationFailed):
		return "Transactional Id authorization failed."
	case errors.Is(err, kerr.GroupMaxSizeReached):
		return "The group has reached its maximum size."
	case errors.Is(err, kerr.ReplicaNotAvailable):
		return "The replica is not available for the requested topic-partition. Produce/Fetch requests and other requests intended " +
			"only for the leader or follower return NOT_LEADER_OR_FOLLOWER if the broker is not a replica of the topic-partition."
	case errors.Is(err, kerr.NotLeaderForPartition):
		return "For requests intended only for the leader, this error indicates that the broker is not the current leader. " +
			"For requests intended for any replica, this error indicates that the broker is not a replica of the topic partition."
	default:
		e, ok := errors.AsType[*kerr.Error](err)
		if !ok {
			return "The server experienced an unexpected error when processing the request."
		}
		text := e.Description
		if text != "" && !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, ")") {
			text += "." // the client's table leaves some without
		}
		return text
	}
}

// Name is Kafka's name of an error code: GROUP_ID_NOT_FOUND.
func Name(code int16) string {
	e, ok := errors.AsType[*kerr.Error](kerr.ErrorForCode(code))
	switch {
	case !ok:
		return "UNKNOWN_SERVER_ERROR"
	case e.Message == "NOT_LEADER_FOR_PARTITION":
		return "NOT_LEADER_OR_FOLLOWER"
	}
	return e.Message
}
