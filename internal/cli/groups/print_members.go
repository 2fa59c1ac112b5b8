package groups

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// membersOf is a group's members for machines.
type membersOf struct {
	GroupID string       `json:"groupId"`
	Type    string       `json:"type"`
	State   string       `json:"state"`
	Members []memberJSON `json:"members"`
}

type memberJSON struct {
	ConsumerID       string          `json:"consumerId"`
	GroupInstanceID  string          `json:"groupInstanceId"`
	Host             string          `json:"host"`
	ClientID         string          `json:"clientId"`
	Partitions       []partitionJSON `json:"partitions"`
	CurrentEpoch     *int32          `json:"currentEpoch"` // null in a classic group
	TargetEpoch      *int32          `json:"targetEpoch"`
	TargetPartitions []partitionJSON `json:"targetPartitions"`
	Upgraded         *bool           `json:"upgraded"` // false: a member of the classic protocol in a group of the new one
}

type partitionJSON struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
}

func partitionsJSON(partitions []kafka.TopicPartition) []partitionJSON {
	list := make([]partitionJSON, 0, len(partitions))
	for _, p := range slices.SortedFunc(slices.Values(partitions), kafka.TopicPartition.Compare) {
		list = append(list, partitionJSON(p))
	}
	return list
}

func (o *options) printMembers(env *command.Env, groups []*description) error {
	if o.asJSON {
		return o.membersJSON(env, groups)
	}
	for _, g := range groups {
		o.hasRows(env, g, len(g.members)) // Kafka's prints the header in any case
		t := tableOf(g, o.verbose)
		env.Println("\n" + t.line("GROUP", "CONSUMER-ID", "GROUP-INSTANCE-ID", "HOST", "CLIENT-ID", "#PARTITIONS") +
			t.rest("CURRENT-EPOCH", "CURRENT-ASSIGNMENT", "TARGET-EPOCH", "TARGET-ASSIGNMENT", "UPGRADED"))
		for _, m := range g.members {
			env.Println(t.line(g.id, m.id, m.instance, m.host, m.clientID, fmt.Sprint(len(m.assigned))) +
				t.rest(dash(m.epoch), orDash(assignment(m.assigned)), dash(g.targetEpoch), orDash(assignment(m.target)), upgraded(m)))
		}
	}
	return nil
}

func (o *options) membersJSON(env *command.Env, groups []*description) error {
	list := make([]membersOf, len(groups))
	for i, g := range groups {
		o.hasRows(env, g, len(g.members))
		list[i] = membersOf{g.id, g.kind, g.state, []memberJSON{}}
		for _, m := range g.members {
			list[i].Members = append(list[i].Members, memberJSON{
				ConsumerID: m.id, GroupInstanceID: m.instance, Host: m.host, ClientID: m.clientID,
				Partitions: partitionsJSON(m.assigned), CurrentEpoch: m.epoch,
				TargetEpoch: g.targetEpoch, TargetPartitions: partitionsJSON(m.target), Upgraded: m.upgraded,
			})
		}
	}
	return env.PrintJSON(struct {
		Groups []membersOf `json:"groups"`
	}{list})
}

// memberTable is the form of one group's table.
type memberTable struct {
	group, consumer, instance, host, client, current, target int
	withInstance, verbose, migrates                          bool
}

func tableOf(g *description, verbose bool) memberTable {
	t := memberTable{group: leastWidth, consumer: leastWidth, instance: 17, host: leastWidth, client: leastWidth, current: 20, target: 20, verbose: verbose}
	classic, consumer := false, false
	for _, m := range g.members {
		t.group = max(t.group, utf8.RuneCountInString(g.id))
		t.consumer = max(t.consumer, utf8.RuneCountInString(m.id))
		t.instance = max(t.instance, utf8.RuneCountInString(m.instance))
		t.host = max(t.host, utf8.RuneCountInString(m.host))
		t.client = max(t.client, utf8.RuneCountInString(m.clientID))
		t.current = max(t.current, len(assignment(m.assigned)))
		t.target = max(t.target, len(assignment(m.target)))
		t.withInstance = t.withInstance || m.instance != ""
		if m.upgraded != nil {
			classic, consumer = classic || !*m.upgraded, consumer || *m.upgraded
		}
	}
	t.migrates = classic && consumer
	return t
}

// line is the first part of a line, with the space at its end that Kafka's
// has.
func (t memberTable) line(group, consumer, instance, host, client, partitions string) string {
	s := fmt.Sprintf("%-*s %-*s ", t.group, group, t.consumer, consumer)
	if t.withInstance {
		s += fmt.Sprintf("%-*s ", t.instance, instance)
	}
	return s + fmt.Sprintf("%-*s %-*s %-15s ", t.host, host, t.client, client, partitions)
}

// rest is the second part, of --verbose.
func (t memberTable) rest(epoch, current, targetEpoch, target, upgraded string) string {
	if !t.verbose {
		return ""
	}
	s := fmt.Sprintf("%-15s %-*s %-15s %-*s", epoch, t.current, current, targetEpoch, t.target, target)
	if t.migrates {
		s += " " + upgraded
	}
	return s
}

// assignment is a member's partitions as Kafka writes them: a:0,1;b:2.
func assignment(partitions []kafka.TopicPartition) string {
	byName := make(map[string][]string)
	for _, p := range slices.SortedFunc(slices.Values(partitions), kafka.TopicPartition.Compare) {
		byName[p.Topic] = append(byName[p.Topic], fmt.Sprint(p.Partition))
	}
	topics := make([]string, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		topics = append(topics, name+":"+strings.Join(byName[name], ","))
	}
	slices.Sort(topics) // by the whole text, as Kafka's does
	return strings.Join(topics, ";")
}

func upgraded(m member) string {
	if m.upgraded == nil {
		return "-"
	}
	return fmt.Sprint(*m.upgraded)
}
