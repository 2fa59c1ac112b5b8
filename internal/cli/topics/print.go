package topics

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// print writes what the filter lets through of one topic, as Kafka's command
// does: a line about the topic, one for each partition.
func (f *filter) print(w io.Writer, s *seen, alive []int32) {
	if !f.partitionsOnly() && (!f.overridden || s.overrides()) {
		s.printTopic(w)
	}
	if f.overridden {
		return
	}
	for i := range s.Partitions {
		if f.shows(s, &s.Partitions[i], alive) {
			s.printPartition(w, &s.Partitions[i])
		}
	}
}

// shows says whether a partition is what is looked for.
func (f *filter) shows(s *seen, p *admin.Partition, alive []int32) bool {
	return !f.partitionsOnly() ||
		f.underReplicated && s.replicationFactor(p) > len(p.ISR) ||
		f.unavailable && (p.Leader < 0 || !slices.Contains(alive, p.Leader)) ||
		f.underMinISR && (p.Leader < 0 || len(p.ISR) < s.minISR()) ||
		f.atMinISR && len(p.ISR) == s.minISR()
}

// overrides says whether anybody set anything that has an effect on the topic.
func (s *seen) overrides() bool {
	return slices.ContainsFunc(s.configs.Entries, func(c admin.Config) bool { return !c.IsDefault() })
}

func (s *seen) minISR() int {
	for _, c := range s.configs.Entries {
		if c.Name == "min.insync.replicas" && c.Value != nil {
			n, _ := strconv.Atoi(*c.Value) // the broker's number
			return n
		}
	}
	return 0
}

// replicationFactor leaves out the replicas that are only on their way.
func (s *seen) replicationFactor(p *admin.Partition) int {
	m, moving := s.move(p.Number)
	if moving && slices.ContainsFunc(p.Replicas, func(id int32) bool {
		return slices.Contains(m.Adding, id) || slices.Contains(m.Removing, id)
	}) {
		return len(m.Replicas) - len(m.Adding)
	}
	return len(p.Replicas)
}

// factor is the topic's replication factor: that of its first partition.
func (s *seen) factor() int {
	if len(s.Partitions) == 0 {
		return 0
	}
	return s.replicationFactor(&s.Partitions[0])
}

func (s *seen) printTopic(w io.Writer) {
	var settings []string
	for _, c := range s.configs.Entries {
		if !c.IsDefault() {
			settings = append(settings, c.Name+"="+valueText(c.Value))
		}
	}
	id := ""
	if s.ID != [16]byte{} {
		id = "\tTopicId: " + idText(s.ID)
	}
	_, _ = fmt.Fprintf(w, "Topic: %s%s\tPartitionCount: %d\tReplicationFactor: %d\tConfigs: %s\n",
		s.Name, id, len(s.Partitions), s.factor(), strings.Join(settings, ","))
}

// valueText is a setting's value as Java prints it.
func valueText(v *string) string {
	if v == nil {
		return "null"
	}
	return *v
}

func (s *seen) printPartition(w io.Writer, p *admin.Partition) {
	leader := "none"
	if p.Leader >= 0 {
		leader = strconv.Itoa(int(p.Leader))
	}
	moves := ""
	if m, moving := s.move(p.Number); moving {
		moves = "\tAdding Replicas: " + joined(m.Adding) + "\tRemoving Replicas: " + joined(m.Removing)
	}
	_, _ = fmt.Fprintf(w, "\tTopic: %s\tPartition: %d\tLeader: %s\tReplicas: %s\tIsr: %s%s\tElr: %s\tLastKnownElr: %s\n",
		s.Name, p.Number, leader, joined(p.Replicas), joined(p.ISR), moves, known(p.Elr), known(p.LastKnownElr))
}

// known is a list of nodes, or that nobody told it.
func known(ids []int32) string {
	if ids == nil {
		return "N/A"
	}
	return joined(ids)
}

// described is what --describe prints for machines. Partitions are left out
// where only settings are asked for (--topics-with-overrides).
type described struct {
	Topics []describedTopic `json:"topics"`
}

type describedTopic struct {
	Name              string               `json:"name"`
	TopicID           string               `json:"topicId,omitempty"`
	Internal          bool                 `json:"internal"`
	PartitionCount    int                  `json:"partitionCount"`
	ReplicationFactor int                  `json:"replicationFactor"`
	Configs           map[string]*string   `json:"configs"` // those that are not defaults
	Partitions        []describedPartition `json:"partitions,omitempty"`
}

type describedPartition struct {
	Partition        int32   `json:"partition"`
	Leader           *int32  `json:"leader"` // null where none is alive
	Replicas         []int32 `json:"replicas"`
	ISR              []int32 `json:"isr"`
	AddingReplicas   []int32 `json:"addingReplicas,omitempty"`
	RemovingReplicas []int32 `json:"removingReplicas,omitempty"`
	ELR              []int32 `json:"elr"` // null where the cluster does not tell it
	LastKnownELR     []int32 `json:"lastKnownElr"`
}

func (d *description) printJSON(env *command.Env, topics []admin.Topic, configs map[admin.Resource]admin.Configs, moves map[kafka.TopicPartition]admin.Reassignment, alive []int32) error {
	all := described{Topics: []describedTopic{}}
	slices.SortFunc(topics, func(a, b admin.Topic) int { return strings.Compare(a.Name, b.Name) })
	for _, t := range topics {
		s := &seen{t, configs[topicResource(t.Name)], moves}
		if s.configs.Err != nil {
			return s.configs.Err
		}
		if one, shown := d.only.topicJSON(s, alive); shown {
			all.Topics = append(all.Topics, one)
		}
	}
	return env.PrintJSON(all)
}

// topicJSON is one topic; false where the filter lets nothing through.
func (f *filter) topicJSON(s *seen, alive []int32) (describedTopic, bool) {
	t := describedTopic{
		Name: s.Name, Internal: s.Internal, PartitionCount: len(s.Partitions), ReplicationFactor: s.factor(),
		Configs: map[string]*string{},
	}
	if s.ID != [16]byte{} {
		t.TopicID = idText(s.ID)
	}
	for _, c := range s.configs.Entries {
		if !c.IsDefault() {
			t.Configs[c.Name] = c.Value
		}
	}
	if f.overridden {
		return t, s.overrides()
	}
	for i := range s.Partitions {
		p := &s.Partitions[i]
		if !f.shows(s, p, alive) {
			continue
		}
		one := describedPartition{
			Partition: p.Number, Replicas: p.Replicas, ISR: p.ISR, ELR: p.Elr, LastKnownELR: p.LastKnownElr,
		}
		if m, moving := s.move(p.Number); moving {
			one.AddingReplicas, one.RemovingReplicas = m.Adding, m.Removing
		}
		if p.Leader >= 0 {
			one.Leader = &p.Leader
		}
		t.Partitions = append(t.Partitions, one)
	}
	return t, !f.partitionsOnly() || len(t.Partitions) > 0
}
