package topics

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// creation is a topic to be made.
type creation struct {
	name              string
	partitions        int32 // -1: what the cluster is set to
	replicationFactor int32 // -1: what the cluster is set to
	assignment        [][]int32
	configs           map[string]string
	mayExist          bool
	given             func(flag string) bool
}

// check judges the numbers. Kafka's command does so after its warning about
// the name.
func (c *creation) check() error {
	switch {
	case c.given("replication-factor") && (c.replicationFactor < 1 || c.replicationFactor > math.MaxInt16):
		return errors.New("The replication factor must be between 1 and 32767 inclusive")
	case c.given("partitions") && c.partitions < 1:
		return errors.New("The partitions must be greater than 0")
	case c.name == "":
		return errors.New("The given topic name '' cannot be represented in a request.")
	}
	return nil
}

func (o *options) newCreation() (*creation, error) {
	c := &creation{name: o.topic, partitions: -1, replicationFactor: -1, mayExist: o.ifNotExists}
	var err error
	if o.replicaAssignment != "" {
		if c.assignment, err = parseAssignment(o.replicaAssignment); err != nil {
			return nil, err
		}
	}
	if c.configs, err = parseConfigs(o.config); err != nil {
		return nil, err
	}
	if o.set("replication-factor") {
		c.replicationFactor = o.replicationFactor
	}
	if o.set("partitions") {
		c.partitions = o.partitions
	}
	c.given = o.set
	return c, nil
}

// parseAssignment reads "0:1,1:2": a list of brokers a partition.
func parseAssignment(text string) ([][]int32, error) {
	var all [][]int32
	for i, part := range java.Split(text, ",") {
		var brokers, twice []int32
		for _, word := range java.Split(part, ":") {
			word = strings.TrimSpace(word)
			id, err := strconv.ParseInt(word, 10, 32)
			if err != nil {
				return nil, java.NotANumber(word)
			}
			if slices.Contains(brokers, int32(id)) && !slices.Contains(twice, int32(id)) {
				twice = append(twice, int32(id))
			}
			brokers = append(brokers, int32(id))
		}
		if len(twice) > 0 {
			return nil, fmt.Errorf("Partition replica lists may not contain duplicate entries: %s", joined(twice))
		}
		if all = append(all, brokers); len(brokers) != len(all[0]) {
			return nil, fmt.Errorf("Partition %d has different replication factor: [%s]", i, strings.ReplaceAll(joined(brokers), ",", ", "))
		}
	}
	return all, nil
}

func joined(ids []int32) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = strconv.Itoa(int(id))
	}
	return strings.Join(words, ",")
}

// parseConfigs reads and checks --config name=value.
func parseConfigs(settings []string) (map[string]string, error) {
	configs := make(map[string]string, len(settings))
	equals := regexp.MustCompile(`\s*=\s*`)
	for _, s := range settings {
		pair := java.DropEmptyTail(equals.Split(s, -1))
		if len(pair) != 2 {
			return nil, errors.New("requirement failed: Invalid topic config: all configs to be added must be in the format \"key=val\".")
		}
		configs[strings.TrimSpace(pair[0])] = strings.TrimSpace(pair[1])
	}
	return configs, checkConfigs(configs)
}

// checkConfigs finds what is wrong with a topic's settings without asking a
// broker, which may know better.
func checkConfigs(configs map[string]string) error {
	names := slices.Sorted(maps.Keys(configs))
	for _, name := range names {
		if config.TopicKey(name) == nil {
			return nearest(fmt.Errorf("Unknown topic config name: %s", name), name)
		}
	}
	for _, name := range names {
		if err := config.TopicKey(name).Validate(configs[name]); err != nil {
			return err
		}
	}
	low, high := int64(0), int64(math.MaxInt64)
	for name, bound := range map[string]*int64{"min.compaction.lag.ms": &low, "max.compaction.lag.ms": &high} {
		if text, ok := configs[name]; ok {
			*bound, _ = strconv.ParseInt(strings.TrimSpace(text), 10, 64) // it was validated
		}
	}
	if low > high {
		return fmt.Errorf("conflict topic config setting min.compaction.lag.ms (%d) > max.compaction.lag.ms (%d)", low, high)
	}
	return nil
}

// nearest adds the setting that was meant to an error about one that is none.
func nearest(err error, name string) error {
	keys := config.Keys(config.ResourceTopic)
	known := make([]string, len(keys))
	for i := range keys {
		known[i] = keys[i].Name
	}
	if near := config.NearestOf(name, known); near != "" {
		return hint(err, "did you mean "+near+"?")
	}
	return err
}

// collides says that a name has both characters that metric names write alike.
func collides(name string) bool { return strings.ContainsAny(name, "._") }

// changed is what --create, --alter and --delete print for machines.
type changed struct {
	Topics []outcome `json:"topics"`
}

type outcome struct {
	Name   string `json:"name"`
	Result string `json:"result"` // created, exists, altered, deleted
}

func (c *creation) do(ctx context.Context, env *command.Env, a *admin.Admin, asJSON bool) error {
	if collides(c.name) && !asJSON {
		env.Println("WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. To avoid issues it is best to use either, but not both.")
	}
	if err := c.check(); err != nil {
		return err
	}
	result := "created"
	err := c.send(ctx, a)
	switch {
	case errors.Is(err, kafka.ErrTopicAlreadyExists) && c.mayExist:
		result = "exists"
	case errors.Is(err, kafka.ErrTopicAlreadyExists):
		return hint(err, "with --if-not-exists it is no error")
	case err != nil:
		return interrupted(ctx, env, "the creation of "+c.name, err)
	}
	if asJSON {
		return env.PrintJSON(changed{[]outcome{{c.name, result}}})
	}
	if result == "created" {
		env.Println("Created topic " + c.name + ".")
	}
	return nil
}

func (c *creation) send(ctx context.Context, a *admin.Admin) error {
	req := kmsg.NewPtrCreateTopicsRequest()
	t := kmsg.NewCreateTopicsRequestTopic()
	t.Topic, t.NumPartitions, t.ReplicationFactor = c.name, c.partitions, int16(c.replicationFactor)
	for i, brokers := range c.assignment {
		one := kmsg.NewCreateTopicsRequestTopicReplicaAssignment()
		one.Partition, one.Replicas = int32(i), brokers
		t.ReplicaAssignment = append(t.ReplicaAssignment, one)
	}
	for _, name := range slices.Sorted(maps.Keys(c.configs)) {
		one := kmsg.NewCreateTopicsRequestTopicConfig()
		value := c.configs[name]
		one.Name, one.Value = name, &value
		t.Configs = append(t.Configs, one)
	}
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, a)
	if err != nil {
		return err
	}
	for _, t := range resp.Topics {
		if thrown := java.Throw(t.ErrorCode, t.ErrorMessage); thrown != nil {
			return thrown
		}
	}
	return nil
}

// interrupted says what became of a change where the user broke it off.
func interrupted(ctx context.Context, env *command.Env, what string, err error) error {
	if ctx.Err() != nil {
		env.Warnf("%s was asked for and not answered: it may still happen (--describe shows it)", what)
	}
	return err
}
