package client

import (
	"errors"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
)

// Unsupported says that err is about a request that the broker does not serve,
// or not in a version that is needed. franz-go keeps its own errors of that
// kind to itself, but not their texts.
func Unsupported(err error) bool {
	if err == nil {
		return false
	}
	return errors.Is(err, kerr.UnsupportedVersion) || strings.Contains(err.Error(), "broker is too old") ||
		strings.Contains(err.Error(), "request key is unknown")
}
