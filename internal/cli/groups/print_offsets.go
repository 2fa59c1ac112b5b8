package groups

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// offsetsOf is a group's offsets for machines.
type offsetsOf struct {
	GroupID    string      `json:"groupId"`
	Type       string      `json:"type"`
	State      string      `json:"state"`
	Partitions []offsetRow `json:"partitions"`
}

// leastWidth is how wide Kafka's columns of names are at least.
const leastWidth = 15

func (o *options) printOffsets(env *command.Env, groups []*description, rows [][]offsetRow) error {
	if o.asJSON {
		list := make([]offsetsOf, len(groups))
		for i, g := range groups {
			o.hasRows(env, g, len(rows[i]))
			list[i] = offsetsOf{g.id, g.kind, g.state, append([]offsetRow{}, rows[i]...)}
		}
		return env.PrintJSON(struct {
			Groups []offsetsOf `json:"groups"`
		}{list})
	}
	for i, g := range groups {
		if o.hasRows(env, g, len(rows[i])) {
			printRows(env, g.id, rows[i], o.verbose)
		}
	}
	return nil
}

func printRows(env *command.Env, group string, rows []offsetRow, verbose bool) {
	groupWidth, topic, consumer, host := max(leastWidth, utf8.RuneCountInString(group)), leastWidth, leastWidth, leastWidth
	for _, r := range rows {
		topic = max(topic, utf8.RuneCountInString(r.Topic))
		consumer = max(consumer, utf8.RuneCountInString(r.ConsumerID))
		host = max(host, utf8.RuneCountInString(r.Host))
	}
	line := func(name string, cells ...string) {
		widths := []int{topic, 10, 15, 15, 15, 15, consumer, host}
		if !verbose { // no leader epoch
			widths = append(widths[:2], widths[3:]...)
			cells = append(cells[:2:2], cells[3:]...)
		}
		var b strings.Builder
		fmt.Fprintf(&b, "\n%-*s", groupWidth, name)
		for i, width := range widths {
			fmt.Fprintf(&b, " %-*s", width, cells[i])
		}
		env.Printf("%s %s", b.String(), cells[len(widths)])
	}
	line("GROUP", "TOPIC", "PARTITION", "LEADER-EPOCH", "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG", "CONSUMER-ID", "HOST", "CLIENT-ID")
	for _, r := range rows {
		line(group, r.Topic, fmt.Sprint(r.Partition), dash(r.LeaderEpoch), dash(r.Offset), dash(r.End), dash(r.Lag),
			orDash(r.ConsumerID), orDash(r.Host), orDash(r.ClientID))
	}
	env.Println()
}

// dash is a number, or Kafka's sign for none.
func dash[N int32 | int64](n *N) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprint(*n)
}
