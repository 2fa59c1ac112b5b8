package topics

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

// alteration gives topics more partitions.
type alteration struct {
	*selection

	partitions int32
	assignment [][]int32 // of all partitions, those that are there too
}

func (o *options) newAlteration() (*alteration, error) {
	a := &alteration{partitions: o.partitions}
	var err error
	if o.replicaAssignment != "" {
		if a.assignment, err = parseAssignment(o.replicaAssignment); err != nil {
			return nil, err
		}
	}
	a.selection, err = o.newSelection()
	return a, err
}

func (t *alteration) do(ctx context.Context, env *command.Env, a *admin.Admin, asJSON bool) error {
	names, err := t.mustExist(ctx, a)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		if err := t.send(ctx, a, names); err != nil {
			return interrupted(ctx, env, "more partitions for "+strings.Join(names, ", "), err)
		}
	}
	return printChanged(env, names, "altered", asJSON)
}

func printChanged(env *command.Env, names []string, result string, asJSON bool) error {
	if !asJSON {
		return nil
	}
	done := changed{Topics: []outcome{}}
	for _, n := range names {
		done.Topics = append(done.Topics, outcome{n, result})
	}
	return env.PrintJSON(done)
}

func (t *alteration) send(ctx context.Context, a *admin.Admin, names []string) error {
	there := make(map[string]int, len(names))
	if len(t.assignment) > 0 {
		topics, err := a.Describe(ctx, names, 2000)
		if err != nil {
			return err
		}
		for _, topic := range topics {
			there[topic.Name] = len(topic.Partitions)
		}
	}
	req := kmsg.NewPtrCreatePartitionsRequest()
	for _, name := range java.Order(names, java.Hash) {
		one := kmsg.NewCreatePartitionsRequestTopic()
		one.Topic, one.Count = name, t.partitions
		for _, brokers := range t.assignment[min(there[name], len(t.assignment)):] {
			as := kmsg.NewCreatePartitionsRequestTopicAssignment()
			as.Replicas = brokers
			one.Assignment = append(one.Assignment, as)
		}
		if len(t.assignment) > 0 && one.Assignment == nil {
			one.Assignment = []kmsg.CreatePartitionsRequestTopicAssignment{}
		}
		req.Topics = append(req.Topics, one)
	}
	resp, err := req.RequestWith(ctx, a)
	if err != nil {
		return err
	}
	var refused []error
	for _, r := range resp.Topics {
		if thrown := java.Throw(r.ErrorCode, r.ErrorMessage); thrown != nil {
			refused = append(refused, thrown)
		}
	}
	return firstOf(refused, len(names))
}

// firstOf is the first error of several topics, with the count of those that
// went well beside it.
func firstOf(refused []error, asked int) error {
	switch {
	case len(refused) == 0:
		return nil
	case asked == 1:
		return refused[0]
	}
	return hint(refused[0], fmt.Sprintf("%d of %d topics were not changed", len(refused), asked))
}

// deletion removes topics.
type deletion struct{ *selection }

func (o *options) newDeletion() (*deletion, error) {
	s, err := o.newSelection()
	return &deletion{s}, err
}

func (d *deletion) do(ctx context.Context, env *command.Env, a *admin.Admin, asJSON bool) error {
	names, err := d.mustExist(ctx, a)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		if err := deleteTopics(ctx, a, names); err != nil {
			return interrupted(ctx, env, "the deletion of "+strings.Join(names, ", "), err)
		}
	}
	return printChanged(env, names, "deleted", asJSON)
}

func deleteTopics(ctx context.Context, a *admin.Admin, names []string) error {
	req := kmsg.NewPtrDeleteTopicsRequest()
	for _, n := range names {
		one := kmsg.NewDeleteTopicsRequestTopic()
		one.Topic = &n
		req.Topics = append(req.Topics, one)
	}
	req.TopicNames = names // the form of versions before 6
	resp, err := req.RequestWith(ctx, a)
	if err != nil {
		return err
	}
	var refused []error
	for _, r := range resp.Topics {
		if thrown := java.Throw(r.ErrorCode, r.ErrorMessage); thrown != nil {
			refused = append(refused, thrown)
		}
	}
	if len(resp.Topics) != len(names) {
		return errors.New("the broker's answer names other topics than were asked for: --list shows what is there")
	}
	return firstOf(refused, len(names))
}
