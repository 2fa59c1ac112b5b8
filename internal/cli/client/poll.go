package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// PollError is what a poll met that does not go away by polling on, nil where
// there is nothing of the kind: a topic that is missing may come to be, and a
// broker may come back, but an offset that is nowhere, or a group that does
// not take the member, stays so.
func PollError(fetches kgo.Fetches) error {
	for _, e := range fetches.Errors() {
		if session, ok := errors.AsType[*kgo.ErrGroupSession](e.Err); ok {
			if slices.ContainsFunc(groupErrors(), func(final error) bool { return errors.Is(session, final) }) {
				return session.Err
			}
			continue
		}
		switch {
		case errors.Is(e.Err, context.DeadlineExceeded), errors.Is(e.Err, context.Canceled), errors.Is(e.Err, kgo.ErrClientClosed),
			errors.Is(e.Err, kerr.UnknownTopicOrPartition), kerr.IsRetriable(e.Err):
		case e.Topic == "":
			return e.Err
		default:
			return fmt.Errorf("%s-%d: %w", e.Topic, max(e.Partition, 0), e.Err)
		}
	}
	return nil
}

// groupErrors are those after which Kafka's consumer gives its group up.
func groupErrors() []error {
	return []error{
		kerr.GroupAuthorizationFailed, kerr.TopicAuthorizationFailed, kerr.InvalidGroupID, kerr.InvalidSessionTimeout,
		kerr.InconsistentGroupProtocol, kerr.FencedInstanceID, kerr.UnreleasedInstanceID, kerr.GroupMaxSizeReached,
		kerr.UnsupportedAssignor, kerr.UnsupportedVersion, kerr.InvalidRequest, kerr.InvalidRegularExpression,
	}
}
