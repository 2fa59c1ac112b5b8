package kafka

import (
	"errors"
	"fmt"
	"strconv"
)

// Error is an error code of the protocol. The zero value is success; it is
// an error value like any other, so that it travels by return and is found
// again by [CodeOf].
type Error int16

// Error is Kafka's name of the code: NOT_LEADER_OR_FOLLOWER.
func (e Error) Error() string {
	if e >= 0 && int(e) < len(errorTable) && errorTable[e].name != "" {
		return errorTable[e].name
	}
	if e == ErrUnknownServerError {
		return "UNKNOWN_SERVER_ERROR"
	}
	return "ERROR_" + strconv.Itoa(int(e))
}

// Retriable says whether Kafka's clients try again after this code.
func (e Error) Retriable() bool {
	return e >= 0 && int(e) < len(errorTable) && errorTable[e].retriable
}

// Failure is an error code with a sentence for the person who reads it: what
// was wrong, where, and what to do.
type Failure struct {
	Code    Error
	Message string
}

// Error is the code's name and the sentence.
func (f *Failure) Error() string { return f.Code.Error() + ": " + f.Message }

// Unwrap gives the code, so that errors.Is(err, kafka.ErrX) holds.
func (f *Failure) Unwrap() error { return f.Code }

// Errorf makes a [Failure].
func Errorf(code Error, format string, args ...any) *Failure {
	return &Failure{Code: code, Message: fmt.Sprintf(format, args...)}
}

// CodeOf finds the code in err: ErrNone for nil, and ErrUnknownServerError
// for an error that carries none.
func CodeOf(err error) Error {
	if err == nil {
		return ErrNone
	}
	if code, ok := errors.AsType[Error](err); ok {
		return code
	}
	return ErrUnknownServerError
}

// MessageOf is the sentence of err for a response's error_message field: nil
// where err is nil or only a bare code.
func MessageOf(err error) *string {
	if err == nil {
		return nil
	}
	if failure, ok := errors.AsType[*Failure](err); ok {
		return &failure.Message
	}
	return nil
}
