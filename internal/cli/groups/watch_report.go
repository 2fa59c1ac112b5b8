package groups

import (
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// report is what one look at the groups tells, beside the one before.
type report struct {
	At     time.Time     `json:"at"`
	Groups []groupReport `json:"groups"`
}

// groupReport is one group in it. What needs two looks is null at the first.
type groupReport struct {
	GroupID    string            `json:"groupId"`
	State      string            `json:"state"` // "": there is no such group
	Error      string            `json:"error"` // why nothing more is known of it
	Members    int               `json:"members"`
	Lag        int64             `json:"lag"` // of the partitions whose lag is known
	LagChange  *int64            `json:"lagChange"`
	Rate       *float64          `json:"recordsPerSecond"` // committed
	Produced   *float64          `json:"producedPerSecond"`
	Left       *float64          `json:"secondsLeft"` // until the lag is gone at this pace; null: never, or there is none
	Partitions []partitionReport `json:"partitions"`
	Joined     []memberReport    `json:"joined"`
	Gone       []memberReport    `json:"left"`
	Moved      []moveReport      `json:"moved"`
}

type partitionReport struct {
	offsetRow
	LagChange *int64   `json:"lagChange"`
	Rate      *float64 `json:"recordsPerSecond"`
}

type memberReport struct {
	ConsumerID string `json:"consumerId"`
	ClientID   string `json:"clientId"`
	Host       string `json:"host"`
}

// moveReport is a partition that changed hands; "" is nobody's.
type moveReport struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	From      string `json:"from"`
	To        string `json:"to"`
}

// compare tells what is new in now. last is nil at the first look.
func compare(last, now *snapshot) report {
	r := report{At: now.at, Groups: make([]groupReport, 0, len(now.groups))}
	for _, g := range now.groups {
		one := groupReport{
			GroupID: g.id, State: g.state, Error: g.problem, Members: len(g.members), Partitions: []partitionReport{},
			Joined: []memberReport{}, Gone: []memberReport{}, Moved: []moveReport{},
		}
		var before *seen
		seconds := 0.0
		if last != nil {
			if i := slices.IndexFunc(last.groups, func(s seen) bool { return s.id == g.id }); i >= 0 {
				before, seconds = &last.groups[i], now.at.Sub(last.at).Seconds()
			}
		}
		one.compareRows(before, &g, seconds)
		if before != nil {
			one.Joined, one.Gone = newMembers(before.members, g.members), newMembers(g.members, before.members)
		}
		r.Groups = append(r.Groups, one)
	}
	return r
}

// compareRows fills in the partitions and what follows from them.
func (r *groupReport) compareRows(before, now *seen, seconds float64) {
	old := make(map[kafka.TopicPartition]offsetRow)
	if before != nil {
		for _, row := range before.rows {
			old[kafka.TopicPartition{Topic: row.Topic, Partition: row.Partition}] = row
		}
	}
	var change, consumed, produced int64
	for _, row := range now.rows {
		one := partitionReport{offsetRow: row}
		if row.Lag != nil {
			r.Lag += *row.Lag
		}
		was, known := old[kafka.TopicPartition{Topic: row.Topic, Partition: row.Partition}]
		if known && was.ConsumerID != row.ConsumerID {
			r.Moved = append(r.Moved, moveReport{row.Topic, row.Partition, was.ConsumerID, row.ConsumerID})
		}
		if known && was.Lag != nil && row.Lag != nil && seconds > 0 {
			one.LagChange = new(*row.Lag - *was.Lag)
			one.Rate = new(float64(*row.Offset-*was.Offset) / seconds)
			change += *one.LagChange
			consumed += *row.Offset - *was.Offset
			produced += *row.End - *was.End
		}
		r.Partitions = append(r.Partitions, one)
	}
	if before == nil || seconds <= 0 {
		return
	}
	r.LagChange = &change
	r.Rate, r.Produced = new(float64(consumed)/seconds), new(float64(produced)/seconds)
	if r.Lag > 0 && change < 0 {
		r.Left = new(float64(r.Lag) / (float64(-change) / seconds))
	}
}

// newMembers are the members of now that were not there before.
func newMembers(before, now []member) []memberReport {
	list := []memberReport{}
	for _, m := range now {
		if !slices.ContainsFunc(before, func(b member) bool { return b.id == m.id }) {
			list = append(list, memberReport{m.id, m.clientID, m.host})
		}
	}
	return list
}

func sorted(ids []string) []string { return slices.Compact(slices.Sorted(slices.Values(ids))) }

// missing says that the failure is only that there is no such group.
func missing(t *java.Thrown) bool { return t.Class == java.Class(kerr.GroupIDNotFound.Code) }

// events are the members and partitions that moved, a line each.
func (r *groupReport) events() []string {
	var lines []string
	if r.Error != "" {
		lines = append(lines, fmt.Sprintf("%s: its offsets cannot be read: %s", r.GroupID, r.Error))
	}
	for _, m := range r.Joined {
		lines = append(lines, fmt.Sprintf("%s: %s joined from %s", r.GroupID, m.ConsumerID, m.Host))
	}
	for _, m := range r.Gone {
		lines = append(lines, fmt.Sprintf("%s: %s left (%s)", r.GroupID, m.ConsumerID, m.Host))
	}
	for _, m := range r.Moved {
		from, to := m.From, m.To
		if from == "" {
			from = "nobody"
		}
		if to == "" {
			to = "nobody"
		}
		lines = append(lines, fmt.Sprintf("%s: %s-%d moved from %s to %s", r.GroupID, m.Topic, m.Partition, from, to))
	}
	return lines
}
