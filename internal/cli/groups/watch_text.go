package groups

import (
	"fmt"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// text is a report for people: the groups, what moved, and the partitions
// where they are wanted.
func (r report) text(partitions bool, interval time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, every %v\n\n", r.At.Format(time.DateTime), interval)
	rows := make([][]string, 0, len(r.Groups))
	var events []string
	for i := range r.Groups {
		g := &r.Groups[i]
		state := g.State
		switch {
		case state == "" && g.Error != "":
			state = "(unknown)"
		case state == "":
			state = "(not there)"
		}
		rows = append(rows, []string{
			g.GroupID, state, fmt.Sprint(g.Members), fmt.Sprint(len(g.Partitions)), fmt.Sprint(g.Lag), change(g.LagChange),
			rate(g.Rate), rate(g.Produced), left(g),
		})
		events = append(events, g.events()...)
	}
	command.Table(&b, []string{"GROUP", "STATE", "MEMBERS", "PARTITIONS", "LAG", "CHANGE", "CONSUMED/S", "PRODUCED/S", "LEFT"}, rows)
	for i, line := range events {
		if i == 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line + "\n")
	}
	if partitions {
		r.partitionsText(&b)
	}
	b.WriteByte('\n')
	return b.String()
}

func (r report) partitionsText(b *strings.Builder) {
	var rows [][]string
	for _, g := range r.Groups {
		for _, p := range g.Partitions {
			rows = append(rows, []string{
				g.GroupID, p.Topic, fmt.Sprint(p.Partition), dash(p.Offset), dash(p.End), dash(p.Lag), change(p.LagChange), rate(p.Rate),
				orDash(p.ConsumerID), orDash(p.Host),
			})
		}
	}
	if len(rows) == 0 {
		return
	}
	b.WriteByte('\n')
	command.Table(b, []string{"GROUP", "TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "CHANGE", "CONSUMED/S", "CONSUMER", "HOST"}, rows)
}

// change is a difference with its sign.
func change(n *int64) string {
	switch {
	case n == nil:
		return "-"
	case *n == 0:
		return "0"
	}
	return fmt.Sprintf("%+d", *n)
}

// rate is a number of records a second.
func rate(perSecond *float64) string {
	if perSecond == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f", *perSecond)
}

// left is how long the lag lasts at this pace.
func left(g *groupReport) string {
	const year = 365 * 24 * 3600
	switch {
	case g.Lag == 0 && g.State != "" && g.Error == "":
		return "done"
	case g.Left == nil || *g.Left > year:
		return "-"
	}
	return (time.Duration(*g.Left*float64(time.Second)) + time.Second/2).Truncate(time.Second).String()
}
