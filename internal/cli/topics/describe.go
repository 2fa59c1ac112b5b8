package topics

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// description is which topics are shown, and what of them.
type description struct {
	*selection

	id    *[16]byte // nil: the selection says which
	limit int32
	only  filter
}

// filter is what of the topics is shown.
type filter struct {
	underReplicated, unavailable, underMinISR, atMinISR bool
	overridden                                          bool // topics with settings of their own, without partitions
}

// partitionsOnly says that partitions are looked for, not topics.
func (f *filter) partitionsOnly() bool {
	return f.underReplicated || f.unavailable || f.underMinISR || f.atMinISR
}

func (o *options) newDescription() (*description, error) {
	d := &description{limit: o.partitionSizeLimit, only: filter{
		underReplicated: o.underReplicated, unavailable: o.unavailable,
		underMinISR: o.underMinISR, atMinISR: o.atMinISR, overridden: o.withOverrides,
	}}
	if o.set("topic-id") {
		id, err := parseID(o.topicID)
		if err != nil {
			return nil, err
		}
		if id != [16]byte{} {
			d.id = &id
		}
	}
	s, err := o.newSelection()
	if err != nil && d.id != nil {
		s, err = &selection{excludeInternal: o.excludeInternal, mayLack: o.ifExists}, nil
	}
	d.selection = s
	return d, err
}

// parseID reads a topic id as Kafka writes it: base64 for URLs, 22 letters.
func parseID(text string) ([16]byte, error) {
	const longest = 24 // with padding
	if len(text) > longest {
		return [16]byte{}, fmt.Errorf("Input string with prefix `%s` is too long to be decoded as a base64 UUID", text[:longest])
	}
	raw, err := decodeID(text)
	if err != nil {
		return [16]byte{}, err
	}
	if len(raw) != 16 {
		return [16]byte{}, fmt.Errorf("Input string `%s` decoded as %d bytes, which is not equal to the expected 16 bytes of a base64-encoded UUID", text, len(raw))
	}
	return [16]byte(raw), nil
}

// decodeID is java.util.Base64's decoder for URLs, with its sentences.
func decodeID(text string) ([]byte, error) {
	digits := strings.TrimRight(text, "=")
	if bad := strings.IndexFunc(digits, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}); bad >= 0 {
		return nil, fmt.Errorf("Illegal base64 character %x", text[bad])
	}
	switch {
	case len(text) == 1:
		return nil, errors.New("Input byte[] should at least have 2 bytes for base64 bytes")
	case len(digits)%4 == 1:
		return nil, errors.New("Last unit does not have enough valid bits")
	case len(text) != len(digits) && len(text)%4 != 0:
		return nil, errors.New("Input byte array has wrong 4-byte ending unit")
	}
	return base64.RawURLEncoding.DecodeString(digits)
}

func idText(id [16]byte) string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// seen is a topic and all that is shown of it.
type seen struct {
	admin.Topic

	configs admin.Configs
	moves   map[kafka.TopicPartition]admin.Reassignment
}

// move is how the replicas of a partition are being moved, if they are.
func (s *seen) move(number int32) (admin.Reassignment, bool) {
	m, moving := s.moves[kafka.TopicPartition{Topic: s.Name, Partition: number}]
	return m, moving
}

func (d *description) do(ctx context.Context, env *command.Env, a *admin.Admin, asJSON bool) error {
	topics, err := d.topics(ctx, a)
	if err != nil {
		return err
	}
	if len(topics) == 0 {
		if asJSON {
			return env.PrintJSON(described{Topics: []describedTopic{}})
		}
		return nil
	}
	resources := make([]admin.Resource, len(topics))
	for i, t := range topics {
		resources[i] = topicResource(t.Name)
	}
	configs, err := a.DescribeConfigs(ctx, resources, false)
	if err != nil {
		return err
	}
	alive, err := a.Nodes(ctx)
	if err != nil {
		return err
	}
	moves, err := reassignments(ctx, a, topics)
	if err != nil {
		return err
	}
	if asJSON {
		return d.printJSON(env, topics, configs, moves, alive)
	}
	for _, t := range topics {
		s := &seen{t, configs[topicResource(t.Name)], moves}
		if s.configs.Err != nil {
			return s.configs.Err
		}
		d.only.print(env.Out, s, alive)
	}
	return nil
}

func topicResource(name string) admin.Resource {
	return admin.Resource{Type: kmsg.ConfigResourceTypeTopic, Name: name}
}

// topics asks for the topics that are meant, in the order in which Kafka's
// command shows them.
func (d *description) topics(ctx context.Context, a *admin.Admin) ([]admin.Topic, error) {
	if d.id == nil {
		names, err := d.mustExist(ctx, a)
		if err != nil {
			return nil, err
		}
		return a.Describe(ctx, names, d.limit)
	}
	all, err := a.Topics(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(all, func(l admin.Listing) bool { return l.ID == *d.id && (!d.excludeInternal || !l.Internal) }) {
		if d.mayLack {
			return nil, nil
		}
		return nil, hint(fmt.Errorf("TopicId '%s' does not exist as expected", idText(*d.id)),
			"--describe without it shows the ids there are, and with --if-exists it is no error")
	}
	t, err := a.DescribeID(ctx, *d.id)
	return []admin.Topic{t}, err
}

// reassignments are the moves that are under way. Who may not ask sees none,
// as in Kafka's command.
func reassignments(ctx context.Context, a *admin.Admin, topics []admin.Topic) (map[kafka.TopicPartition]admin.Reassignment, error) {
	all := []kafka.TopicPartition{}
	for _, t := range topics {
		for _, p := range t.Partitions {
			all = append(all, kafka.TopicPartition{Topic: t.Name, Partition: p.Number})
		}
	}
	moves, err := a.Reassignments(ctx, all)
	switch {
	case admin.Unsupported(err), errors.Is(err, kafka.ErrClusterAuthorizationFailed):
		return nil, nil
	case errors.As(err, new(*java.Thrown)):
		return nil, fmt.Errorf("java.util.concurrent.ExecutionException: %s", reason(err))
	}
	return moves, err
}
