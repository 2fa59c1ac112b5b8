package reassign

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// The settings that hold moves back.
const (
	leaderRate       = "leader.replication.throttled.rate"
	followerRate     = "follower.replication.throttled.rate"
	dirRate          = "replica.alter.log.dirs.io.max.bytes.per.second"
	leaderReplicas   = "leader.replication.throttled.replicas"
	followerReplicas = "follower.replication.throttled.replicas"
)

// travel is where the records of a partition come from and go to.
type travel struct{ from, to []int32 }

// travels are all moves: those under way, and those that are asked for.
func travels(current map[kafka.TopicPartition]admin.Reassignment, asked []move, now map[kafka.TopicPartition][]int32) map[kafka.TopicPartition]travel {
	all := make(map[kafka.TopicPartition]travel)
	for p, r := range current {
		all[p] = travel{from: without(r.Replicas, r.Adding), to: r.Adding}
	}
	for _, m := range asked {
		from := now[m.TopicPartition]
		if t, moving := all[m.TopicPartition]; moving {
			from = t.from
		}
		all[m.TopicPartition] = travel{from: from, to: without(m.replicas, from)}
	}
	return all
}

func without(list, gone []int32) []int32 {
	return slices.DeleteFunc(slices.Clone(list), func(id int32) bool { return slices.Contains(gone, id) })
}

// throttledReplicas are the values of the two settings of each topic that
// name replicas: "partition:broker,...", sorted as text.
func throttledReplicas(all map[kafka.TopicPartition]travel) map[string][2]string {
	parts := make(map[string][2][]string)
	for p, t := range all {
		both := parts[p.Topic]
		for side, ids := range [2][]int32{t.from, t.to} {
			for _, id := range ids {
				both[side] = append(both[side], fmt.Sprintf("%d:%d", p.Partition, id))
			}
		}
		parts[p.Topic] = both
	}
	values := make(map[string][2]string, len(parts))
	for topic, both := range parts {
		var v [2]string
		for side := range both {
			slices.Sort(both[side])
			v[side] = strings.Join(slices.Compact(both[side]), ",")
		}
		values[topic] = v
	}
	return values
}

// throttleBrokers holds the moves back to rate bytes a second.
func (j *job) throttleBrokers(ctx context.Context, all map[kafka.TopicPartition]travel, rate int64) error {
	values := throttledReplicas(all)
	for _, topic := range slices.Sorted(maps.Keys(values)) {
		leaders, followers := values[topic][0], values[topic][1]
		changes := []admin.Change{{Name: leaderReplicas, Value: &leaders}, {Name: followerReplicas, Value: &followers}}
		if err := j.AlterConfigs(ctx, admin.Resource{Type: kmsg.ConfigResourceTypeTopic, Name: topic}, changes); err != nil {
			return thrown(err)
		}
	}
	var brokers []int32
	for _, t := range all {
		brokers = append(brokers, slices.Concat(t.from, t.to)...)
	}
	text := strconv.FormatInt(rate, 10)
	if err := j.alterBrokers(ctx, brokers, []admin.Change{{Name: leaderRate, Value: &text}, {Name: followerRate, Value: &text}}); err != nil {
		return err
	}
	j.say("The inter-broker throttle limit was set to %d B/s\n", rate)
	return nil
}

func (j *job) throttleDirs(ctx context.Context, dirs map[admin.Replica]string, rate int64) error {
	var brokers []int32
	for r := range dirs {
		brokers = append(brokers, r.Broker)
	}
	text := strconv.FormatInt(rate, 10)
	if err := j.alterBrokers(ctx, brokers, []admin.Change{{Name: dirRate, Value: &text}}); err != nil {
		return err
	}
	j.say("The replica-alter-dir throttle limit was set to %d B/s\n", rate)
	return nil
}

func (j *job) alterBrokers(ctx context.Context, brokers []int32, changes []admin.Change) error {
	slices.Sort(brokers)
	for _, id := range slices.Compact(brokers) {
		if err := j.AlterConfigs(ctx, admin.Resource{Type: kmsg.ConfigResourceTypeBroker, Name: strconv.Itoa(int(id))}, changes); err != nil {
			return thrown(err)
		}
	}
	return nil
}

// clearThrottles takes all throttles away from the brokers that are alive or
// named, and from the topics that are named: which brokers took part in a move
// that is over nobody knows any more.
func (j *job) clearThrottles(ctx context.Context, m *moves) error {
	brokers, err := j.Nodes(ctx)
	if err != nil {
		return thrown(err)
	}
	var topics []string
	for _, p := range m.partitions {
		brokers, topics = append(brokers, p.replicas...), append(topics, p.Topic)
	}
	brokers = hashSet(brokers, func(id int32) int32 { return id })
	topics = hashSet(topics, java.Hash)
	j.say("Clearing broker-level throttles on broker%s %s\n", plural(len(brokers)), numbers(brokers, ","))
	if err := j.alterBrokers(ctx, slices.Clone(brokers), []admin.Change{{Name: leaderRate}, {Name: followerRate}, {Name: dirRate}}); err != nil {
		return err
	}
	j.say("Clearing topic-level throttles on topic%s %s\n", plural(len(topics)), strings.Join(topics, ","))
	for _, topic := range topics {
		r := admin.Resource{Type: kmsg.ConfigResourceTypeTopic, Name: topic}
		if err := j.AlterConfigs(ctx, r, []admin.Change{{Name: leaderReplicas}, {Name: followerReplicas}}); err != nil {
			return thrown(err)
		}
	}
	return nil
}

// hashSet is list without repetitions, in the order of a HashSet.
func hashSet[T comparable](list []T, hash func(T) int32) []T {
	var once []T
	for _, v := range list {
		if !slices.Contains(once, v) {
			once = append(once, v)
		}
	}
	return java.Order(once, hash)
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}
