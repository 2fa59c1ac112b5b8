package partition

import (
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// As in Kafka, whose order of checks this is, too.
func TestDeleteRecordsIsRefusedOnlyWhereCompactStandsAlone(t *testing.T) {
	for policy, want := range map[string]kafka.Error{
		"compact": kafka.ErrPolicyViolation, "delete": kafka.ErrNone, "compact,delete": kafka.ErrNone, "": kafka.ErrNone,
	} {
		bubble(t, nil, 1, func(t *testing.T, b *broker) {
			b.apply(newTopic("a", 1)...)
			b.append(b.partition("a", 0), 3, 10)
			b.apply(setConfig("a", "cleanup.policy", policy))
			p := b.partition("a", 0)
			if _, err := p.DeleteRecords(2); kafka.CodeOf(err) != want {
				t.Errorf("cleanup.policy %q: %v, not %v", policy, err, want)
			}
			if want == kafka.ErrNone {
				want = kafka.ErrOffsetOutOfRange
			}
			if _, err := p.DeleteRecords(4); kafka.CodeOf(err) != want {
				t.Errorf("cleanup.policy %q, beyond the end: %v, not %v", policy, err, want)
			}
		})
	}
}
