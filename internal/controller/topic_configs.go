package controller

import (
	"strconv"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
)

// clusterDefaults is the resource of dynamic configs of all brokers.
func clusterDefaults() metadata.Resource { return metadata.Resource{Type: config.ResourceBroker} }

func brokerResource(id kafka.NodeID) metadata.Resource {
	return metadata.Resource{Type: config.ResourceBroker, Name: strconv.Itoa(int(id))}
}

func topicResource(name string) metadata.Resource {
	return metadata.Resource{Type: config.ResourceTopic, Name: name}
}

// topicConfig is a dynamic value of a topic's config key, looked for in the
// topic, then in this controller's node, then in the cluster's defaults. The
// broker's synonym must have the same name.
func (in *Input) topicConfig(topic, key string) (string, bool) {
	for _, r := range [...]metadata.Resource{topicResource(topic), brokerResource(in.Env.NodeID), clusterDefaults()} {
		if v, ok := in.Image.Configs.Get(r, key); ok {
			return v, true
		}
	}
	return "", false
}

// minISR is the topic's effective min.insync.replicas: never more than it has
// replicas.
func (in *Input) minISR(topic *metadata.Topic) int {
	want := in.Env.Config.TopicDefaults().MinInsyncReplicas
	if v, ok := in.topicConfig(topic.Name, "min.insync.replicas"); ok {
		if n, err := strconv.Atoi(v); err == nil {
			want = n
		}
	}
	if p, ok := topic.Partition(0); ok {
		want = min(want, len(p.Replicas))
	}
	return want
}

// uncleanElection says whether the topic may elect a leader that is not in
// sync.
func (in *Input) uncleanElection(topic string) bool {
	if v, ok := in.topicConfig(topic, "unclean.leader.election.enable"); ok {
		b, err := strconv.ParseBool(v)
		return err == nil && b
	}
	return in.Env.Config.TopicDefaults().UncleanLeaderElection
}

// effective is the broker configuration with the cluster's and this node's
// dynamic values over it.
func (in *Input) effective() *config.Broker {
	defaults := in.Image.Configs.Map(clusterDefaults())
	own := in.Image.Configs.Map(brokerResource(in.Env.NodeID))
	if len(defaults)+len(own) == 0 {
		return in.Env.Config
	}
	b, _ := in.Env.Config.WithDynamic(defaults, own)
	return b
}

// elrEnabled says whether eligible leader replicas are kept (KIP-966).
func (in *Input) elrEnabled() bool {
	return in.Image.Features.Level(metadata.EligibleLeaderReplicas) > 0
}

func (in *Input) level() metadata.Level {
	level, _ := in.Image.MetadataLevel()
	return level
}
