package reassign

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// listed is what --list prints for machines.
type listed struct {
	Reassignments []listedMove `json:"reassignments"`
}

type listedMove struct {
	Topic     string  `json:"topic"`
	Partition int32   `json:"partition"`
	Replicas  []int32 `json:"replicas"`
	Adding    []int32 `json:"adding"`
	Removing  []int32 `json:"removing"`
}

func (j *job) list(ctx context.Context) error {
	current, err := j.Reassignments(ctx, nil)
	if err != nil {
		return thrown(err)
	}
	result := listed{Reassignments: []listedMove{}}
	if len(current) == 0 {
		j.say("No partition reassignments found.\n")
	} else {
		j.say("Current partition reassignments:\n")
	}
	for _, p := range slices.SortedFunc(maps.Keys(current), kafka.TopicPartition.Compare) {
		r := current[p]
		result.Reassignments = append(result.Reassignments, listedMove{p.Topic, p.Partition, r.Replicas, r.Adding, r.Removing})
		j.say("%s: replicas: %s.%s%s\n", p.String(), numbers(r.Replicas, ","), part(" adding: ", r.Adding), part(" removing: ", r.Removing))
	}
	if j.asJSON {
		return j.env.PrintJSON(result)
	}
	return nil
}

func part(title string, ids []int32) string {
	if len(ids) == 0 {
		return ""
	}
	return title + numbers(ids, ",") + "."
}

// generated is what --generate prints for machines.
type generated struct {
	Current  moveFile `json:"current"`
	Proposed moveFile `json:"proposed"`
}

func (j *job) generate(ctx context.Context, topics []string, brokers []int32, byRack bool) error {
	racks, err := j.Racks(ctx)
	if err != nil {
		return thrown(err)
	}
	maps.DeleteFunc(racks, func(id int32, _ string) bool { return !slices.Contains(brokers, id) })
	if err := settleRacks(racks, byRack); err != nil {
		return err
	}
	asked := &moves{}
	for _, t := range topics {
		asked.partitions = append(asked.partitions, move{TopicPartition: kafka.TopicPartition{Topic: t}})
	}
	found, err := j.described(ctx, asked)
	if err != nil {
		return err
	}
	var current, proposed []move
	random := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	for _, name := range topics {
		t, ok := found[name]
		if !ok {
			return unknownf("Topic %s not found.", name)
		}
		for _, p := range t.Partitions {
			current = append(current, move{kafka.TopicPartition{Topic: name, Partition: p.Number}, p.Replicas})
		}
		placed, err := place(len(t.Partitions), len(t.Partitions[0].Replicas), racks, random)
		if err != nil {
			return err
		}
		for i, replicas := range placed {
			proposed = append(proposed, move{kafka.TopicPartition{Topic: name, Partition: int32(i)}, replicas})
		}
	}
	dirs, err := j.ReplicaDirs(ctx, replicasOf(current))
	if err != nil {
		return thrown(err)
	}
	result := generated{asFile(current, dirs), asFile(proposed, nil)}
	j.say("Current partition replica assignment\n%s\n\nProposed partition reassignment configuration\n%s\n", result.Current.text(), result.Proposed.text())
	if j.asJSON {
		return j.env.PrintJSON(result)
	}
	return nil
}

// settleRacks leaves the racks out where nobody asks for them, and refuses
// brokers of which only some have one.
func settleRacks(racks map[int32]string, byRack bool) error {
	without := 0
	for id, r := range racks {
		if !byRack {
			racks[id] = ""
		} else if r == "" {
			without++
		}
	}
	if without != 0 && without != len(racks) {
		return errors.New("Not all brokers have rack information. Add --disable-rack-aware in command line to make replica assignment without rack information.")
	}
	return nil
}

func unknownf(format string, args ...any) error {
	return fmt.Errorf("org.apache.kafka.common.errors.UnknownTopicOrPartitionException: "+format, args...)
}

func replicasOf(partitions []move) []admin.Replica {
	var all []admin.Replica
	for _, p := range partitions {
		for _, id := range p.replicas {
			all = append(all, admin.Replica{TopicPartition: p.TopicPartition, Broker: id})
		}
	}
	return all
}
