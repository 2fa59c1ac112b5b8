package reassign

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// thrown is an error as Kafka's command shows one that came from a broker:
// with the class of the exception.
func thrown(err error) error {
	if t, ok := errors.AsType[*java.Thrown](err); ok {
		return errors.New(t.String())
	}
	return err
}

// verified is what --verify prints for machines.
type verified struct {
	Partitions       []verifiedPartition `json:"partitions"`
	LogDirs          []verifiedReplica   `json:"logDirs"`
	ThrottlesCleared bool                `json:"throttlesCleared"`
	MovesAreUnderWay bool                `json:"reassignmentsUnderWay"` // those of others too
	LogDirsUnderWay  bool                `json:"logDirMovesUnderWay"`
}

type verifiedPartition struct {
	Topic     string  `json:"topic"`
	Partition int32   `json:"partition"`
	State     string  `json:"state"` // completed, inProgress, different
	Replicas  []int32 `json:"replicas"`
	Target    []int32 `json:"target"`
}

type verifiedReplica struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Broker    int32  `json:"broker"`
	Text      string `json:"text"`
	Done      bool   `json:"done"`
}

func (j *job) verify(ctx context.Context, m *moves, keepThrottles bool) error {
	v := verified{Partitions: []verifiedPartition{}, LogDirs: []verifiedReplica{}}
	var err error
	if v.Partitions, v.MovesAreUnderWay, err = j.states(ctx, m); err != nil {
		return err
	}
	j.say("Status of partition reassignment:\n")
	for _, p := range v.Partitions {
		j.say("%s\n", p.text())
	}
	if v.LogDirs, err = j.dirStates(ctx, m.dirs); err != nil {
		return err
	}
	var lines []string
	for _, r := range v.LogDirs {
		lines = append(lines, r.Text)
		v.LogDirsUnderWay = v.LogDirsUnderWay || !r.Done
	}
	j.say("%s\n", strings.Join(lines, "\n"))
	if !v.MovesAreUnderWay && !v.LogDirsUnderWay && !keepThrottles {
		if err := j.clearThrottles(ctx, m); err != nil {
			return err
		}
		v.ThrottlesCleared = true
	}
	if j.asJSON {
		return j.env.PrintJSON(v)
	}
	return nil
}

func (p *verifiedPartition) text() string {
	id := kafka.TopicPartition{Topic: p.Topic, Partition: p.Partition}.String()
	switch p.State {
	case "completed":
		return "Reassignment of partition " + id + " is completed."
	case "inProgress":
		return "Reassignment of partition " + id + " is still in progress."
	}
	return "There is no active reassignment of partition " + id + ", but replica set is " + numbers(p.Replicas, ",") + " rather than " + numbers(p.Target, ",") + "."
}

// states are how far the partitions are, and whether any move is under way in
// the cluster.
func (j *job) states(ctx context.Context, m *moves) ([]verifiedPartition, bool, error) {
	current, err := j.Reassignments(ctx, nil)
	if err != nil {
		return nil, false, thrown(err)
	}
	topics, err := j.described(ctx, m)
	if err != nil {
		return nil, false, err
	}
	states := []verifiedPartition{}
	for _, p := range m.sorted() {
		s := verifiedPartition{Topic: p.Topic, Partition: p.Partition, State: "inProgress", Target: p.replicas}
		if r, moving := current[p.TopicPartition]; moving {
			s.Replicas = r.Replicas
		} else {
			s.State = "different"
			t := topics[p.Topic]
			switch there := int32(len(t.Partitions)); {
			case p.Partition >= 0 && p.Partition < there:
				s.Replicas = t.Partitions[p.Partition].Replicas
			case t.Name != "" && p.Partition == there:
				return nil, false, fmt.Errorf("Index %d out of bounds for length %d", p.Partition, there)
			}
			if slices.Equal(s.Replicas, s.Target) {
				s.State = "completed"
			}
		}
		states = append(states, s)
	}
	return states, len(current) > 0, nil
}

// described are the topics of the partitions; those that are not there are
// left out.
func (j *job) described(ctx context.Context, m *moves) (map[string]admin.Topic, error) {
	found := make(map[string]admin.Topic)
	asked := make(map[string]bool)
	for _, p := range m.partitions {
		if asked[p.Topic] {
			continue
		}
		asked[p.Topic] = true
		topics, err := j.Describe(ctx, []string{p.Topic}, 2000)
		if errors.Is(err, kafka.ErrUnknownTopicOrPartition) {
			continue
		}
		if err != nil {
			return nil, thrown(err)
		}
		for _, t := range topics {
			found[t.Name] = t
		}
	}
	return found, nil
}

// dirStates say where the replicas are that are to be in a directory.
func (j *job) dirStates(ctx context.Context, dirs map[admin.Replica]string) ([]verifiedReplica, error) {
	states := []verifiedReplica{}
	replicas := slices.SortedFunc(maps.Keys(dirs), compareReplicas)
	found, err := j.ReplicaDirs(ctx, replicas)
	if err != nil {
		return nil, thrown(err)
	}
	for _, r := range replicas {
		s := verifiedReplica{Topic: r.Topic, Partition: r.Partition, Broker: r.Broker}
		s.Text, s.Done = dirState(r, found[r], dirs[r])
		states = append(states, s)
	}
	return states, nil
}

// dirState is what there is to say about a replica that is to be in target,
// and whether its move is over.
func dirState(r admin.Replica, d admin.Dirs, target string) (string, bool) {
	where := fmt.Sprintf("Partition %s ", r.TopicPartition.String())
	on := fmt.Sprintf("on broker %d", r.Broker)
	switch {
	case d.Current == "":
		return where + "is not found in any live log dir " + on + ". There is likely an offline log directory on the broker.", false
	case d.Future == target:
		return "Reassignment of replica " + replicaName(r) + " is still in progress.", false
	case d.Future != "":
		return where + on + " is being moved to log dir " + d.Future + " instead of " + target + ".", false
	case d.Current == target:
		return "Reassignment of replica " + replicaName(r) + " completed successfully.", true
	}
	return where + on + " is not being moved from log dir " + d.Current + " to " + target + ".", true
}
