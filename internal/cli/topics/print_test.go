package topics

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// orders is a topic in all kinds of trouble, on the nodes 1 to 4, where 4 is
// not alive.
func orders() *seen {
	one, two := "2", "60000"
	return &seen{
		Topic: admin.Topic{Name: "orders", ID: [16]byte{1}, Partitions: []admin.Partition{
			{Number: 0, Leader: 1, Replicas: []int32{1, 2, 3}, ISR: []int32{1, 2, 3}, Elr: []int32{}, LastKnownElr: []int32{}},
			{Number: 1, Leader: 2, Replicas: []int32{2, 3, 4}, ISR: []int32{2, 3}, Elr: []int32{}, LastKnownElr: []int32{}},
			{Number: 2, Leader: 3, Replicas: []int32{3, 4, 1}, ISR: []int32{3}, Elr: []int32{4}, LastKnownElr: []int32{1, 4}},
			{Number: 3, Leader: -1, Replicas: []int32{4}, ISR: []int32{4}},
			{Number: 4, Leader: 1, Replicas: []int32{1, 2, 3, 4}, ISR: []int32{1, 2, 3}, Elr: []int32{}, LastKnownElr: []int32{}},
		}},
		configs: admin.Configs{Entries: []admin.Config{
			{Name: "retention.ms", Value: &two, Source: kmsg.ConfigSourceDynamicTopicConfig},
			{Name: "min.insync.replicas", Value: &one, Source: kmsg.ConfigSourceDefaultConfig},
			{Name: "secret", Source: kmsg.ConfigSourceStaticBrokerConfig},
		}},
		moves: map[kafka.TopicPartition]admin.Reassignment{{Topic: "orders", Partition: 4}: {Replicas: []int32{1, 2, 3, 4}, Adding: []int32{4}}},
	}
}

func TestDescribeFiltersPartitions(t *testing.T) {
	const (
		topic = "Topic: orders\tTopicId: AQAAAAAAAAAAAAAAAAAAAA\tPartitionCount: 5\tReplicationFactor: 3\tConfigs: retention.ms=60000,secret=null\n"
		p0    = "\tTopic: orders\tPartition: 0\tLeader: 1\tReplicas: 1,2,3\tIsr: 1,2,3\tElr: \tLastKnownElr: \n"
		p1    = "\tTopic: orders\tPartition: 1\tLeader: 2\tReplicas: 2,3,4\tIsr: 2,3\tElr: \tLastKnownElr: \n"
		p2    = "\tTopic: orders\tPartition: 2\tLeader: 3\tReplicas: 3,4,1\tIsr: 3\tElr: 4\tLastKnownElr: 1,4\n"
		p3    = "\tTopic: orders\tPartition: 3\tLeader: none\tReplicas: 4\tIsr: 4\tElr: N/A\tLastKnownElr: N/A\n"
		p4    = "\tTopic: orders\tPartition: 4\tLeader: 1\tReplicas: 1,2,3,4\tIsr: 1,2,3\tAdding Replicas: 4\tRemoving Replicas: \tElr: \tLastKnownElr: \n"
	)
	tests := map[string]struct {
		only filter
		want string
	}{
		"everything":        {filter{}, topic + p0 + p1 + p2 + p3 + p4},
		"under-replicated":  {filter{underReplicated: true}, p1 + p2}, // not 4: what is being added does not count
		"unavailable":       {filter{unavailable: true}, p3},
		"under min ISR":     {filter{underMinISR: true}, p2 + p3},
		"at min ISR":        {filter{atMinISR: true}, p1},
		"either":            {filter{atMinISR: true, unavailable: true}, p1 + p3},
		"with own settings": {filter{overridden: true}, topic},
	}
	for name, test := range tests {
		var out strings.Builder
		test.only.print(&out, orders(), []int32{1, 2, 3})
		if diff := cmp.Diff(test.want, out.String()); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		shown, _ := test.only.topicJSON(orders(), []int32{1, 2, 3})
		if got, want := len(shown.Partitions), strings.Count(test.want, "\tPartition:"); got != want {
			t.Errorf("%s: %d partitions in JSON, want %d", name, got, want)
		}
	}
}

func TestATopicWithoutOwnSettingsHasNoOverrides(t *testing.T) {
	s := orders()
	s.configs.Entries = s.configs.Entries[1:2]
	var out strings.Builder
	only := filter{overridden: true}
	only.print(&out, s, nil)
	if _, shown := only.topicJSON(s, nil); shown || out.String() != "" {
		t.Errorf("shown: %s", out.String())
	}
}
