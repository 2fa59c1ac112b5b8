package jvm

import (
	"errors"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// Throwable is the exception that Kafka's clients make of an error code.
type Throwable struct {
	Code    kafka.Error
	Message string // what getMessage gives
}

// Throw is the exception for a code of the protocol and the message that came
// with it; nil for success.
func Throw(code int16, message *string) *Throwable {
	if code == 0 {
		return nil
	}
	t := &Throwable{Code: kafka.Error(code)}
	if message != nil {
		t.Message = *message
	} else {
		t.Message = sentence(code)
	}
	return t
}

// Error is the message, as getMessage gives it.
func (t *Throwable) Error() string { return t.Message }

// Unwrap is the code, so that errors.Is(err, kafka.ErrX) holds.
func (t *Throwable) Unwrap() error { return t.Code }

// String is what toString gives: the class, and the message behind it.
func (t *Throwable) String() string {
	return "org.apache.kafka.common.errors." + t.Class() + ": " + t.Message
}

// Class is the name of the exception's class, without its package
// (org.apache.kafka.common.protocol.Errors).
func (t *Throwable) Class() string {
	switch t.Code {
	case kafka.ErrUnknownServerError:
		return "UnknownServerException"
	case kafka.ErrCorruptMessage:
		return "CorruptRecordException"
	case kafka.ErrRequestTimedOut:
		return "TimeoutException"
	case kafka.ErrMessageTooLarge:
		return "RecordTooLargeException"
	case kafka.ErrStaleControllerEpoch:
		return "ControllerMovedException"
	case kafka.ErrInvalidConfig:
		return "InvalidConfigurationException"
	case kafka.ErrTopicAlreadyExists:
		return "TopicExistsException"
	}
	var name strings.Builder
	for word := range strings.SplitSeq(t.Code.Error(), "_") {
		name.WriteString(word[:1] + strings.ToLower(word[1:]))
	}
	class := strings.TrimSuffix(name.String(), "Exception")
	for _, refused := range []string{"Authorization", "Authentication"} {
		class = strings.Replace(class, refused+"Failed", refused, 1)
	}
	return strings.TrimSuffix(class, "Error") + "Exception"
}

// sentence is the message of a code that came without one. franz-go knows
// Kafka's sentences, but for some.
func sentence(code int16) string {
	switch kafka.Error(code) {
	case kafka.ErrNotLeaderOrFollower:
		return "For requests intended only for the leader, this error indicates that the broker is not the current leader. " +
			"For requests intended for any replica, this error indicates that the broker is not a replica of the topic partition."
	case kafka.ErrTopicAuthorizationFailed:
		return "Topic authorization failed."
	case kafka.ErrGroupAuthorizationFailed:
		return "Group authorization failed."
	}
	known, ok := errors.AsType[*kerr.Error](kerr.ErrorForCode(code))
	if !ok {
		return kafka.Error(code).Error()
	}
	return strings.TrimSuffix(known.Description, ".") + "."
}
