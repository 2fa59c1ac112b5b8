package groups

import (
	"context"
	"slices"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

func (o *options) runDescribe(ctx context.Context, env *command.Env, a *cluster) error {
	ids, err := o.chosen(ctx, a)
	if err != nil {
		return err
	}
	groups, err := a.describeAll(ctx, ids)
	if err != nil {
		return err
	}
	switch {
	case o.has("members"):
		return o.printMembers(env, groups)
	case o.has("state"):
		return o.printStates(env, groups)
	}
	rows := make([][]offsetRow, len(groups))
	for i, g := range groups {
		if rows[i], err = a.rows(ctx, g); err != nil {
			return err
		}
	}
	return o.printOffsets(env, groups, rows)
}

// describeAll describes groups, sorted by their ids; one that cannot be
// described fails them all, as in Kafka's command.
func (a *cluster) describeAll(ctx context.Context, ids []string) ([]*description, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	all, err := a.describe(ctx, ids)
	if err != nil {
		return nil, execution(err)
	}
	for _, id := range java.Order(ids, java.Hash) {
		if t := all[id].failure; t != nil {
			return nil, execution(t)
		}
	}
	list := make([]*description, 0, len(ids))
	for _, id := range ids {
		if g := all[id].group; g != nil {
			list = append(list, g)
		}
	}
	return list, nil
}

// hasRows says what is to be said of a group's state, and whether there is
// anything to print about it.
func (o *options) hasRows(env *command.Env, g *description, rows int) bool {
	switch {
	case g.state == stateDead && !o.asJSON:
		env.Printf("\nError: Consumer group '%s' does not exist.\n", g.id)
	case g.state == stateEmpty:
		env.Warnf("\nConsumer group '%s' has no active members.", g.id)
	case rebalancing(g.state):
		env.Warnf("\nWarning: Consumer group '%s' is rebalancing.", g.id)
	}
	return g.state != stateDead && rows > 0
}

// offsetRow is one partition of a group. Nil is Kafka's dash.
type offsetRow struct {
	Topic       string `json:"topic"`
	Partition   int32  `json:"partition"`
	LeaderEpoch *int32 `json:"leaderEpoch"`
	Offset      *int64 `json:"currentOffset"`
	End         *int64 `json:"logEndOffset"`
	Lag         *int64 `json:"lag"`
	ConsumerID  string `json:"consumerId"` // "" where no member has the partition
	Host        string `json:"host"`
	ClientID    string `json:"clientId"`
}

// rows are the partitions of a group: those of its members, the member with
// the most first, and then those that are committed and nobody's. Kafka's
// command asks for the ends of each member's partitions, this one for all at
// once.
func (a *cluster) rows(ctx context.Context, g *description) ([]offsetRow, error) {
	done, err := a.committed(ctx, g.id)
	if err != nil {
		return nil, in(err, java.Execution, java.Runtime)
	}
	members := slices.DeleteFunc(slices.Clone(g.members), func(m member) bool { return len(m.assigned) == 0 })
	slices.SortStableFunc(members, func(a, b member) int { return len(b.assigned) - len(a.assigned) })
	taken := make(map[kafka.TopicPartition]bool)
	var all []kafka.TopicPartition
	for _, m := range members {
		for _, p := range m.assigned {
			if !taken[p] { // two members have it for a moment, where a group rebalances
				all = append(all, p)
			}
			taken[p] = true
		}
	}
	nobodys := member{}
	for _, p := range done.order {
		if !taken[p] {
			nobodys.assigned, all = append(nobodys.assigned, p), append(all, p)
		}
	}
	ends, err := a.ends(ctx, all)
	if err != nil {
		return nil, in(err, java.Execution, java.Runtime)
	}
	rows := make([]offsetRow, 0, len(all))
	for _, m := range append(members, nobodys) {
		rows = append(rows, rowsOf(m, done, ends)...)
	}
	return rows, nil
}

// ends are the ends of the partitions that have leaders.
func (a *cluster) ends(ctx context.Context, partitions []kafka.TopicPartition) (map[kafka.TopicPartition]int64, error) {
	leaders, err := a.leaders(ctx, topicsOf(partitions))
	if err != nil {
		return nil, err
	}
	led := slices.DeleteFunc(slices.Clone(partitions), func(p kafka.TopicPartition) bool {
		has, known := leaders[p]
		return known && !has
	})
	return a.listOffsets(ctx, led, latest)
}

// rowsOf are the rows of one member's partitions, sorted.
func rowsOf(m member, done offsets[committed], ends map[kafka.TopicPartition]int64) []offsetRow {
	rows := make([]offsetRow, 0, len(m.assigned))
	for _, p := range slices.SortedFunc(slices.Values(m.assigned), kafka.TopicPartition.Compare) {
		row := offsetRow{Topic: p.Topic, Partition: p.Partition, ConsumerID: m.id, Host: m.host, ClientID: m.clientID}
		if end, ok := ends[p]; ok {
			row.End = &end
		}
		if at, ok := done.of[p]; ok {
			row.Offset = &at.offset
			if at.epoch >= 0 {
				row.LeaderEpoch = &at.epoch
			}
			if row.End != nil {
				row.Lag = new(*row.End - at.offset)
			}
		}
		rows = append(rows, row)
	}
	return rows
}
