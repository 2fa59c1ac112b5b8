package groups

import (
	"context"
	"slices"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

func (o *options) runDescribe(ctx context.Context, env *command.Env, a *admin) error {
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
func (a *admin) describeAll(ctx context.Context, ids []string) ([]*description, error) {
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
// the most first, and then those that are committed and nobody's.
func (a *admin) rows(ctx context.Context, g *description) ([]offsetRow, error) {
	done, err := a.committed(ctx, g.id)
	if err != nil {
		return nil, in(err, java.Execution, java.Runtime)
	}
	taken := make(map[java.Partition]bool)
	var rows []offsetRow
	members := slices.DeleteFunc(slices.Clone(g.members), func(m member) bool { return len(m.assigned) == 0 })
	slices.SortStableFunc(members, func(a, b member) int { return len(b.assigned) - len(a.assigned) })
	for _, m := range members {
		for _, p := range m.assigned {
			taken[p] = true
		}
		more, err := a.rowsOf(ctx, m.assigned, done, m)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	rest := slices.DeleteFunc(slices.Clone(done.order), func(p java.Partition) bool { return taken[p] })
	more, err := a.rowsOf(ctx, rest, done, member{})
	return append(rows, more...), err
}

// rowsOf are the rows of partitions of one member, sorted.
func (a *admin) rowsOf(ctx context.Context, partitions []java.Partition, done offsets[committed], m member) ([]offsetRow, error) {
	if len(partitions) == 0 {
		return nil, nil
	}
	leaders, err := a.leaders(ctx, topicsOf(partitions))
	if err != nil {
		return nil, in(err, java.Execution, java.Runtime)
	}
	led := slices.DeleteFunc(slices.Clone(partitions), func(p java.Partition) bool {
		has, known := leaders[p]
		return known && !has
	})
	ends, err := a.listOffsets(ctx, led, latest)
	if err != nil {
		return nil, in(err, java.Execution, java.Runtime)
	}
	rows := make([]offsetRow, 0, len(partitions))
	for _, p := range slices.SortedFunc(slices.Values(partitions), byTopic) {
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
	return rows, nil
}
