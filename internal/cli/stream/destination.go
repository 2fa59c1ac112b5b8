package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// prepare makes the topic at the destination, if it is not there, and finds
// out where to begin.
func (c *copying) prepare(ctx context.Context, source, to *kadm.Client) error {
	topics, err := source.ListTopics(ctx, c.topic)
	if err != nil {
		return err
	}
	from := topics[c.topic]
	if from.Err != nil || len(from.Partitions) == 0 {
		return command.Failf("topic %s at %s: there is no such topic (gregor topics --list shows those that are there)", c.topic, c.sourceProps.Servers())
	}
	meta, err := source.BrokerMetadata(ctx)
	if err != nil {
		return err
	}
	toMeta, err := to.BrokerMetadata(ctx)
	if err != nil {
		return err
	}
	if meta.Cluster == toMeta.Cluster && c.topic == c.o.toTopic {
		return command.Usagef("--to %s is the cluster that the topic is in: name another, or another --to-topic", c.toProps.Servers())
	}
	c.group, c.id = fmt.Sprintf("gregor-copy.%s.%s", meta.Cluster, c.topic), from.ID
	there, err := to.ListTopics(ctx, c.o.toTopic)
	if err != nil {
		return err
	}
	switch at := there[c.o.toTopic]; {
	case errors.Is(at.Err, kerr.UnknownTopicOrPartition):
		if err := c.create(ctx, source, to, len(from.Partitions)); err != nil {
			return err
		}
	case at.Err != nil:
		return fmt.Errorf("topic %s at %s: %w", c.o.toTopic, c.toProps.Servers(), at.Err)
	case len(at.Partitions) < len(from.Partitions):
		return command.Failf("%s has %d partitions and %s at %s has %d: partitions are kept, so it needs as many (gregor topics --alter)",
			c.topic, len(from.Partitions), c.o.toTopic, c.toProps.Servers(), len(at.Partitions))
	}
	return c.findLanes(ctx, source, to)
}

// create makes the topic with the configs that were set on the old one. The
// timestamps are kept, so they are not the destination's to give.
func (c *copying) create(ctx context.Context, source, to *kadm.Client, partitions int) error {
	configs := make(map[string]*string)
	if !c.o.noConfigs {
		described, err := source.DescribeTopicConfigs(ctx, c.topic)
		if err != nil {
			return err
		}
		for _, d := range described {
			for _, entry := range d.Configs {
				if entry.Source == kmsg.ConfigSourceDynamicTopicConfig && !ofReplicas(entry.Key) {
					configs[entry.Key] = entry.Value
				}
			}
		}
	}
	if v := configs["message.timestamp.type"]; v != nil && *v != "CreateTime" {
		c.env.Warnf("message.timestamp.type=%s is not taken over: the timestamps of the source are kept", *v)
		delete(configs, "message.timestamp.type")
	}
	made, err := to.CreateTopic(ctx, int32(partitions), c.o.replicas, configs, c.o.toTopic)
	if err != nil {
		return fmt.Errorf("make topic %s at %s: %w %s", c.o.toTopic, c.toProps.Servers(), err, made.ErrMessage)
	}
	return c.appeared(ctx, to, partitions)
}

// appearWithin bounds the wait for a new topic to have leaders everywhere.
const appearWithin = 30 * time.Second

// appeared waits until the new topic can be written.
func (c *copying) appeared(ctx context.Context, to *kadm.Client, partitions int) error {
	ctx, cancel := context.WithTimeout(ctx, appearWithin)
	defer cancel()
	for {
		ends, err := to.ListEndOffsets(ctx, c.o.toTopic)
		if err == nil && ends.Error() == nil && len(ends[c.o.toTopic]) >= partitions {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("topic %s at %s was made, but does not answer: %w", c.o.toTopic, c.toProps.Servers(), errors.Join(err, ends.Error(), ctx.Err()))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// ofReplicas names the configs that speak of replicas of one cluster.
func ofReplicas(key string) bool {
	return key == "leader.replication.throttled.replicas" || key == "follower.replication.throttled.replicas"
}

// The sizes of batches that a copy writes, in bytes.
const (
	batchBytes    = 1 << 20
	batchBytesMax = 100 << 20
)

// maxMessageBytes is the largest batch that a topic takes.
func maxMessageBytes(ctx context.Context, adm *kadm.Client, topic string) (int32, error) {
	described, err := adm.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return 0, err
	}
	for _, d := range described {
		for _, entry := range d.Configs {
			if entry.Key != "max.message.bytes" || entry.Value == nil {
				continue
			}
			n, err := strconv.ParseInt(*entry.Value, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("max.message.bytes of %s: %w", topic, err)
			}
			return int32(max(min(n, batchBytesMax), 1024)), nil
		}
	}
	return batchBytes, nil
}
