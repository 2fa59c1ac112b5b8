package wire

import (
	"github.com/twmb/franz-go/pkg/kmsg"
)

func adminStories() []story {
	return []story{
		{kmsg.ApiVersions, "versions", tellApiVersions},
		{kmsg.DescribeConfigs, "describing configs", tellDescribeConfigs},
		{kmsg.AlterConfigs, "altering configs", tellAlterConfigs},
		{kmsg.IncrementalAlterConfigs, "altering configs one by one", tellIncrementalAlterConfigs},
		{kmsg.ListConfigResources, "listing config resources", tellListConfigResources},
		{kmsg.DescribeCluster, "describing the cluster", tellDescribeCluster},
		{kmsg.DescribeLogDirs, "describing log dirs", tellDescribeLogDirs},
		{kmsg.DescribeQuorum, "describing the quorum", tellDescribeQuorum},
		{kmsg.UpdateFeatures, "updating features", tellUpdateFeatures},
	}
}

func tellApiVersions(x *talk) {
	ask := func(step, software, version string) {
		r := kmsg.NewPtrApiVersionsRequest()
		r.ClientSoftwareName, r.ClientSoftwareVersion = software, version
		x.setVersion(r)
		resp, odd, err := x.main.ask(r)
		if v, ok := resp.(*kmsg.ApiVersionsResponse); ok { // the keys are a test of their own
			v.ApiKeys, odd = nil, 0
		}
		x.record(step, resp, odd, err)
	}
	ask("named", "wire", "1.0")
	ask("empty name", "", "")
	ask("bad name", "a b", "1.0")
	ask("bad version", "wire", "-x!")
}

const (
	topicResource  = kmsg.ConfigResourceTypeTopic
	brokerResource = kmsg.ConfigResourceTypeBroker
	loggerResource = kmsg.ConfigResourceTypeBrokerLogger
)

func describeConfigs(kind kmsg.ConfigResourceType, name string, keys ...string) *kmsg.DescribeConfigsRequest {
	r := kmsg.NewPtrDescribeConfigsRequest()
	d := kmsg.NewDescribeConfigsRequestResource()
	d.ResourceType, d.ResourceName, d.ConfigNames = kind, name, keys
	r.Resources = append(r.Resources, d)
	return r
}

func tellDescribeConfigs(x *talk) {
	name, _ := x.topic("t", 1, "retention.ms", "12345", "cleanup.policy", "compact,delete")
	full := func(step string, r *kmsg.DescribeConfigsRequest) {
		r.IncludeSynonyms = true
		x.ask(step, r)
	}
	x.ask("topic", describeConfigs(topicResource, name))
	full("topic, synonyms", describeConfigs(topicResource, name))
	docs := describeConfigs(topicResource, name, "retention.ms", "cleanup.policy", "min.insync.replicas")
	docs.IncludeSynonyms = true
	x.ask("topic, some", docs)
	x.ask("topic, an unknown key", describeConfigs(topicResource, name, "no.such.key"))
	empty := describeConfigs(topicResource, name)
	empty.Resources[0].ConfigNames = []string{}
	x.ask("topic, empty list", empty)
	x.ask("unknown topic", describeConfigs(topicResource, x.name("unknown")))
	x.ask("bad topic name", describeConfigs(topicResource, "a b"))
	x.ask("empty topic name", describeConfigs(topicResource, ""))
	full("broker, what tests compare", describeConfigs(brokerResource, "1",
		"num.partitions", "default.replication.factor", "log.retention.ms", "log.retention.hours", "message.max.bytes",
		"auto.create.topics.enable", "log.segment.bytes", "log.cleanup.policy", "compression.type", "node.id", "broker.id",
		"num.network.threads", "num.io.threads", "log.roll.ms", "log.roll.hours", "group.max.session.timeout.ms",
		"offsets.retention.minutes", "unclean.leader.election.enable", "min.insync.replicas", "log.message.timestamp.type",
		"max.connections", "ssl.keystore.password", "sasl.jaas.config", "background.threads", "log.flush.interval.messages"))
	full("broker, all keys", describeConfigs(brokerResource, "1"))
	x.ask("cluster-wide defaults", describeConfigs(brokerResource, ""))
	x.ask("another broker", describeConfigs(brokerResource, "2"))
	x.ask("not a broker id", describeConfigs(brokerResource, "x"))
	x.ask("unknown kind", describeConfigs(kmsg.ConfigResourceType(7), "x"))
	x.ask("kind 0", describeConfigs(kmsg.ConfigResourceTypeUnknown, "x"))
	x.ask("client metrics", describeConfigs(kmsg.ConfigResourceTypeClientMetrics, "m"))
	x.ask("group", describeConfigs(kmsg.ConfigResourceTypeGroupConfig, "g"))
	two := describeConfigs(topicResource, name, "retention.ms")
	two.Resources = append(two.Resources, describeConfigs(topicResource, x.name("unknown")).Resources...)
	x.ask("known and unknown", two)
	two.Resources = nil
	x.ask("none", two)
}

func tellAlterConfigs(x *talk) {
	name, _ := x.topic("t", 1, "retention.ms", "12345")
	alter := func(step string, kind kmsg.ConfigResourceType, resource string, only bool, pairs ...string) {
		r := kmsg.NewPtrAlterConfigsRequest()
		r.ValidateOnly = only
		a := kmsg.NewAlterConfigsRequestResource()
		a.ResourceType, a.ResourceName = kind, resource
		for i := 0; i+1 < len(pairs); i += 2 {
			c := kmsg.NewAlterConfigsRequestResourceConfig()
			c.Name, c.Value = pairs[i], new(pairs[i+1])
			a.Configs = append(a.Configs, c)
		}
		r.Resources = append(r.Resources, a)
		x.ask(step, r)
	}
	alter("replaces", topicResource, name, false, "segment.ms", "777")
	x.awaitConfig(name, "segment.ms", "777")
	x.ask("after", describeConfigs(topicResource, name, "segment.ms", "retention.ms"))
	alter("validate only", topicResource, name, true, "segment.ms", "778")
	alter("bad value", topicResource, name, false, "segment.ms", "x")
	alter("unknown key", topicResource, name, false, "no.such.key", "x")
	alter("unknown topic", topicResource, x.name("unknown"), false, "segment.ms", "5")
	alter("empty topic", topicResource, "", false, "segment.ms", "5")
	alter("nothing", topicResource, name, false)
	alter("broker read-only key", brokerResource, "1", true, "node.id", "5")
	alter("another broker", brokerResource, "2", true, "background.threads", "5")
	alter("not a broker", brokerResource, "x", true, "background.threads", "5")
	alter("logger", loggerResource, "1", true, "x", "INFO")
	alter("unknown kind", kmsg.ConfigResourceType(7), "1", true, "x", "5")
}

// awaitConfig waits until a topic's config says what was just written.
func (x *talk) awaitConfig(topic, key, value string) {
	kept := len(x.answers)
	x.until("config", func() kmsg.Request { return describeConfigs(topicResource, topic, key) }, func(resp kmsg.Response) bool {
		d, ok := resp.(*kmsg.DescribeConfigsResponse)
		return ok && len(d.Resources) == 1 && len(d.Resources[0].Configs) == 1 &&
			(d.Resources[0].Configs[0].Value == nil || *d.Resources[0].Configs[0].Value != value)
	})
	x.answers = x.answers[:kept]
}

func tellIncrementalAlterConfigs(x *talk) {
	name, _ := x.topic("t", 1, "retention.ms", "12345")
	alter := func(step string, kind kmsg.ConfigResourceType, resource string, only bool, op kmsg.IncrementalAlterConfigOp, pairs ...string) {
		r := kmsg.NewPtrIncrementalAlterConfigsRequest()
		r.ValidateOnly = only
		a := kmsg.NewIncrementalAlterConfigsRequestResource()
		a.ResourceType, a.ResourceName = kind, resource
		for i := 0; i+1 < len(pairs); i += 2 {
			c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
			c.Name, c.Op = pairs[i], op
			if pairs[i+1] != "null" {
				c.Value = new(pairs[i+1])
			}
			a.Configs = append(a.Configs, c)
		}
		r.Resources = append(r.Resources, a)
		x.ask(step, r)
	}
	const set, del, app, sub = kmsg.IncrementalAlterConfigOpSet, kmsg.IncrementalAlterConfigOpDelete,
		kmsg.IncrementalAlterConfigOpAppend, kmsg.IncrementalAlterConfigOpSubtract
	alter("set", topicResource, name, false, set, "segment.ms", "777")
	x.awaitConfig(name, "segment.ms", "777")
	x.ask("after set", describeConfigs(topicResource, name, "segment.ms", "retention.ms"))
	alter("delete", topicResource, name, false, del, "retention.ms", "null")
	x.awaitConfig(name, "retention.ms", "604800000")
	x.ask("after delete", describeConfigs(topicResource, name, "segment.ms", "retention.ms"))
	alter("delete what is not set", topicResource, name, false, del, "flush.ms", "null")
	alter("append", topicResource, name, false, app, "cleanup.policy", "compact")
	x.awaitConfig(name, "cleanup.policy", "delete,compact")
	x.ask("after append", describeConfigs(topicResource, name, "cleanup.policy"))
	alter("append again", topicResource, name, false, app, "cleanup.policy", "compact")
	alter("subtract", topicResource, name, false, sub, "cleanup.policy", "delete")
	x.awaitConfig(name, "cleanup.policy", "compact")
	x.ask("after subtract", describeConfigs(topicResource, name, "cleanup.policy"))
	alter("subtract what is not there", topicResource, name, false, sub, "cleanup.policy", "delete")
	alter("append to a number", topicResource, name, false, app, "segment.ms", "1")
	alter("append nonsense", topicResource, name, false, app, "cleanup.policy", "zzz")
	alter("set null", topicResource, name, false, set, "segment.ms", "null")
	alter("set nonsense", topicResource, name, false, set, "segment.ms", "x")
	alter("unknown key", topicResource, name, false, set, "no.such.key", "x")
	alter("delete unknown key", topicResource, name, false, del, "no.such.key", "null")
	alter("unknown operation", topicResource, name, false, kmsg.IncrementalAlterConfigOp(9), "segment.ms", "1")
	alter("one twice", topicResource, name, false, set, "segment.ms", "1", "segment.ms", "2")
	alter("validate only", topicResource, name, true, set, "segment.ms", "778")
	alter("good and bad", topicResource, name, false, set, "segment.ms", "779", "flush.ms", "x")
	x.ask("nothing changed", describeConfigs(topicResource, name, "segment.ms", "flush.ms"))
	alter("unknown topic", topicResource, x.name("unknown"), false, set, "segment.ms", "5")
	alter("empty topic", topicResource, "", false, set, "segment.ms", "5")
	alter("nothing", topicResource, name, false, set)
	alter("broker, validate", brokerResource, "1", true, set, "background.threads", "5")
	alter("broker, read-only key", brokerResource, "1", true, set, "node.id", "5")
	alter("broker, nonsense", brokerResource, "1", true, set, "background.threads", "0")
	alter("broker, unknown key", brokerResource, "1", true, set, "no.such.key", "0")
	alter("broker, cluster-wide", brokerResource, "", true, set, "log.retention.ms", "99999999")
	alter("broker, per-broker key cluster-wide", brokerResource, "", true, set, "listeners", "PLAINTEXT://:1")
	alter("another broker", brokerResource, "2", true, set, "background.threads", "5")
	alter("not a broker", brokerResource, "x", true, set, "background.threads", "5")
	alter("group", kmsg.ConfigResourceTypeGroupConfig, x.name("g"), true, set, "consumer.session.timeout.ms", "50000")
	alter("group, unknown key", kmsg.ConfigResourceTypeGroupConfig, x.name("g"), true, set, "zzz", "5")
	alter("group, no name", kmsg.ConfigResourceTypeGroupConfig, "", true, set, "consumer.session.timeout.ms", "50000")
	alter("client metrics", kmsg.ConfigResourceTypeClientMetrics, x.name("m"), true, set, "interval.ms", "5000")
	alter("client metrics, unknown key", kmsg.ConfigResourceTypeClientMetrics, x.name("m"), true, set, "zzz", "5000")
	alter("unknown kind", kmsg.ConfigResourceType(7), "1", true, set, "x", "5")
}

func tellListConfigResources(x *talk) {
	list := func(step string, kinds ...int8) {
		r := kmsg.NewPtrListConfigResourcesRequest()
		r.ResourceTypes = append(r.ResourceTypes, kinds...)
		x.ask(step, r)
	}
	list("client metrics", 16)
	list("brokers", 4)
	list("loggers", 8)
	list("unknown kind", 7)
}

func tellDescribeCluster(x *talk) {
	r := kmsg.NewPtrDescribeClusterRequest()
	x.ask("brokers", r)
	r.IncludeClusterAuthorizedOperations = true
	x.ask("authorized operations", r)
	r.EndpointType = 2
	x.ask("controllers", r)
	r.EndpointType = 9
	x.ask("unknown endpoints", r)
	r.EndpointType, r.IncludeFencedBrokers = 1, true
	x.ask("fenced too", r)
}

func tellDescribeLogDirs(x *talk) {
	name, id := x.topic("t", 2)
	x.fill(name, id, plain("a", "b"))
	r := kmsg.NewPtrDescribeLogDirsRequest()
	t := kmsg.NewDescribeLogDirsRequestTopic()
	t.Topic, t.Partitions = name, []int32{0, 1, 9}
	r.Topics = append(r.Topics, t)
	x.ask("one topic", r)
	r.Topics[0].Topic = x.name("unknown")
	x.ask("unknown topic", r)
	r.Topics = []kmsg.DescribeLogDirsRequestTopic{}
	x.ask("no topics", r)
}

func tellDescribeQuorum(x *talk) {
	ask := func(step, topic string, partition int32) {
		r := kmsg.NewPtrDescribeQuorumRequest()
		t := kmsg.NewDescribeQuorumRequestTopic()
		t.Topic = topic
		p := kmsg.NewDescribeQuorumRequestTopicPartition()
		p.Partition = partition
		t.Partitions = append(t.Partitions, p)
		r.Topics = append(r.Topics, t)
		x.ask(step, r)
	}
	ask("the quorum", "__cluster_metadata", 0)
	ask("another partition", "__cluster_metadata", 1)
	ask("another topic", "other", 0)
}

func tellUpdateFeatures(x *talk) {
	update := func(step, feature string, level int16, only bool, kind int8) {
		r := kmsg.NewPtrUpdateFeaturesRequest()
		r.TimeoutMillis, r.ValidateOnly = 5000, only
		f := kmsg.NewUpdateFeaturesRequestFeatureUpdate()
		f.Feature, f.MaxVersionLevel, f.UpgradeType, f.AllowDowngrade = feature, level, kind, kind > 1
		r.FeatureUpdates = append(r.FeatureUpdates, f)
		x.ask(step, r)
	}
	update("unknown feature", "no.such.feature", 1, x.version > 0, 1)
	update("metadata.version too high", "metadata.version", 999, x.version > 0, 1)
	update("metadata.version negative", "metadata.version", -1, x.version > 0, 1)
	update("metadata.version zero", "metadata.version", 0, x.version > 0, 2)
	update("metadata.version down as upgrade", "metadata.version", 20, x.version > 0, 1)
	update("unknown upgrade type", "metadata.version", 20, x.version > 0, 9)
	update("group.version too high", "group.version", 99, x.version > 0, 1)
	update("empty name", "", 1, x.version > 0, 1)
	r := kmsg.NewPtrUpdateFeaturesRequest()
	r.ValidateOnly = x.version > 0
	x.ask("none", r)
}
