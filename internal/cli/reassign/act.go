package reassign

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// executed is what --execute prints for machines. Current can be executed to
// take the moves back.
type executed struct {
	Current moveFile      `json:"current"`
	Started []startedMove `json:"started"`
}

type startedMove struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
}

func (j *job) execute(ctx context.Context, m *moves, o *options, wait time.Duration) error {
	current, err := j.Reassignments(ctx, nil)
	if err != nil {
		return thrown(err)
	}
	if len(current) > 0 && !o.additional {
		return terse{errors.New("Cannot execute because there is an existing partition assignment.  Use --additional to override this and create a new partition assignment in addition to the existing one. The --additional flag can also be used to change the throttle by resubmitting the current reassignment.")}
	}
	now, err := j.current(ctx, m)
	if err != nil {
		return err
	}
	dirs, err := j.ReplicaDirs(ctx, replicasOf(now))
	if err != nil {
		return thrown(err)
	}
	result := executed{Current: asFile(now, dirs), Started: []startedMove{}}
	j.say("Current partition replica assignment\n\n%s\n\nSave this to use as the --reassignment-json-file option during rollback\n", result.Current.text())
	if err := j.throttle(ctx, m, o, current, now); err != nil {
		return err
	}
	if err := j.start(ctx, m, o.sameFactor); err != nil {
		return err
	}
	var names []string
	for _, p := range m.sorted() {
		names = append(names, p.TopicPartition.String())
		result.Started = append(result.Started, startedMove{p.Topic, p.Partition})
	}
	j.say("Successfully started partition reassignment%s for %s\n", plural(len(names)), strings.Join(names, ","))
	if len(m.dirs) > 0 {
		if err := j.moveDirs(ctx, m.dirs, wait); err != nil {
			return err
		}
	}
	if j.asJSON {
		return j.env.PrintJSON(result)
	}
	return nil
}

// current is where the partitions of m are, and an error where one of them or
// a broker that is asked for is not there.
func (j *job) current(ctx context.Context, m *moves) ([]move, error) {
	alive, err := j.Nodes(ctx)
	if err != nil {
		return nil, thrown(err)
	}
	var asked []int32
	for _, p := range m.partitions {
		asked = append(asked, p.replicas...)
	}
	for _, id := range hashSet(asked, func(id int32) int32 { return id }) {
		if !slices.Contains(alive, id) {
			return nil, fmt.Errorf("Unknown broker id %d", id)
		}
	}
	topics, err := j.described(ctx, m)
	if err != nil {
		return nil, err
	}
	var now []move
	var missing []kafka.TopicPartition
	for _, p := range m.partitions {
		t, ok := topics[p.Topic]
		if !ok {
			return nil, unknownf("Topic %s not found.", p.Topic)
		}
		if p.Partition < 0 || int(p.Partition) >= len(t.Partitions) {
			missing = append(missing, p.TopicPartition)
			continue
		}
		now = append(now, move{p.TopicPartition, t.Partitions[p.Partition].Replicas})
	}
	if len(missing) > 0 {
		var names []string
		for _, p := range java.Order(missing, java.HashPartition) {
			names = append(names, p.String())
		}
		return nil, unknownf("Unable to find partition: %s", strings.Join(names, ", "))
	}
	return now, nil
}

func (j *job) throttle(ctx context.Context, m *moves, o *options, current map[kafka.TopicPartition]admin.Reassignment, now []move) error {
	if o.throttle < 0 && o.dirThrottle < 0 {
		return nil
	}
	j.say("Warning: You must run --verify periodically, until the reassignment completes, to ensure the throttle is removed.\n")
	if o.throttle >= 0 {
		at := make(map[kafka.TopicPartition][]int32)
		for _, p := range now {
			at[p.TopicPartition] = p.replicas
		}
		if err := j.throttleBrokers(ctx, travels(current, m.partitions, at), o.throttle); err != nil {
			return err
		}
	}
	if o.dirThrottle >= 0 {
		return j.throttleDirs(ctx, m.dirs, o.dirThrottle)
	}
	return nil
}

func (j *job) start(ctx context.Context, m *moves, sameFactor bool) error {
	asked := make(map[kafka.TopicPartition][]int32)
	for _, p := range m.partitions {
		asked[p.TopicPartition] = p.replicas
	}
	refused, err := j.Reassign(ctx, asked, sameFactor)
	if ctx.Err() != nil {
		j.env.Warnf("the moves were asked for and not answered: they may have begun (--list shows it)")
	}
	if err != nil {
		return thrown(err)
	}
	if len(refused) > 0 {
		return terse{fmt.Errorf("Error reassigning partition(s):\n%s", refusals(refused))}
	}
	return nil
}

func refusals(refused map[kafka.TopicPartition]error) string {
	var lines []string
	for _, p := range slices.SortedFunc(maps.Keys(refused), kafka.TopicPartition.Compare) {
		lines = append(lines, p.String()+": "+refused[p].Error())
	}
	return strings.Join(lines, "\n")
}

// moveDirs asks the brokers to move replicas between their directories. A
// replica that is on its way to a broker cannot be moved there before it has
// come: it is asked for again until wait is over.
func (j *job) moveDirs(ctx context.Context, dirs map[admin.Replica]string, wait time.Duration) error {
	const pause = 100 * time.Millisecond
	end := time.Now().Add(wait)
	pending := slices.SortedFunc(maps.Keys(dirs), compareReplicas)
	for {
		var left []admin.Replica
		var done []admin.Replica
		for _, r := range pending {
			began, err := j.MoveDir(ctx, r, dirs[r])
			if err != nil {
				return caused{fmt.Errorf("Failed to alter dir for %s", replicaName(r)), err}
			}
			if began {
				done = append(done, r)
			} else {
				left = append(left, r)
			}
		}
		for _, r := range done {
			j.say("Successfully started moving log directory to %s for replica %s with broker %d \n", dirs[r], r.TopicPartition.String(), r.Broker)
		}
		if pending = left; len(pending) == 0 {
			return nil
		}
		if !time.Now().Before(end) {
			var names []string
			for _, r := range pending {
				names = append(names, replicaName(r))
			}
			return terse{fmt.Errorf("Timed out before log directory move%s could be started for: %s", plural(len(names)), strings.Join(names, ","))}
		}
		select {
		case <-ctx.Done():
			j.env.Warnf("%d moves between directories have not begun", len(pending))
			return command.Fail(ctx.Err())
		case <-time.After(pause):
		}
	}
}

// cancelled is what --cancel prints for machines.
type cancelled struct {
	Cancelled []startedMove `json:"cancelled"`
}

func (j *job) cancel(ctx context.Context, m *moves, keepThrottles bool, wait time.Duration) error {
	var asked []kafka.TopicPartition
	for _, p := range m.partitions {
		asked = append(asked, p.TopicPartition)
	}
	current, err := j.Reassignments(ctx, append([]kafka.TopicPartition{}, asked...))
	if err != nil {
		return thrown(err)
	}
	result := cancelled{Cancelled: []startedMove{}}
	ended := make(map[kafka.TopicPartition][]int32)
	var names []string
	for _, p := range slices.SortedFunc(maps.Keys(current), kafka.TopicPartition.Compare) {
		if len(current[p].Adding)+len(current[p].Removing) > 0 {
			ended[p] = nil
			names = append(names, p.String())
			result.Cancelled = append(result.Cancelled, startedMove{p.Topic, p.Partition})
		}
	}
	if err := j.end(ctx, ended, names); err != nil {
		return err
	}
	if err := j.endDirs(ctx, m, wait); err != nil {
		return err
	}
	if !keepThrottles {
		if err := j.clearThrottles(ctx, m); err != nil {
			return err
		}
	}
	if j.asJSON {
		return j.env.PrintJSON(result)
	}
	return nil
}

func (j *job) end(ctx context.Context, ended map[kafka.TopicPartition][]int32, names []string) error {
	if len(ended) == 0 {
		j.say("None of the specified partition reassignments are active.\n")
		return nil
	}
	refused, err := j.Reassign(ctx, ended, false)
	if err != nil {
		return thrown(err)
	}
	if len(refused) > 0 {
		return terse{fmt.Errorf("Error cancelling partition reassignment%s for:\n%s", plural(len(refused)), refusals(refused))}
	}
	j.say("Successfully cancelled partition reassignment%s for: %s\n", plural(len(names)), strings.Join(names, ","))
	return nil
}

// endDirs moves replicas back that are on their way to another directory.
func (j *job) endDirs(ctx context.Context, m *moves, wait time.Duration) error {
	found, err := j.ReplicaDirs(ctx, slices.Collect(maps.Keys(m.dirs)))
	if err != nil {
		return thrown(err)
	}
	back := make(map[admin.Replica]string)
	for r := range m.dirs {
		if d := found[r]; d.Current != "" && d.Future != "" {
			back[r] = d.Current
		}
	}
	if len(back) == 0 {
		j.say("None of the specified partition moves are active.") // without an end of line, as in Kafka
		return nil
	}
	return j.moveDirs(ctx, back, wait)
}
