package api

import (
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

const (
	aTopic         int8 = 2
	aBroker        int8 = 4
	aLogger        int8 = 8
	aSubscription  int8 = 16
	aGroup         int8 = 32
	noSuchResource int8 = 3
)

func (o *office) describe(kind int8, name string, keys ...string) msg.DescribeConfigsResponseDescribeConfigsResult {
	o.t.Helper()
	req := msg.NewDescribeConfigsRequest()
	req.IncludeSynonyms = true
	req.Resources = []msg.DescribeConfigsRequestDescribeConfigsResource{{ResourceType: kind, ResourceName: name, ConfigurationKeys: keys}}
	return ask(o, 4, o.h.describeConfigs, req).Results[0]
}

func (o *office) value(kind int8, name, key string) string {
	o.t.Helper()
	for _, c := range o.describe(kind, name, key).Configs {
		return deref(c.Value)
	}
	return "none"
}

// alter makes incremental changes: name, operation, value.
func (o *office) alter(kind int8, name string, changes ...any) msg.IncrementalAlterConfigsResponseAlterConfigsResourceResponse {
	o.t.Helper()
	req := msg.NewIncrementalAlterConfigsRequest()
	r := msg.IncrementalAlterConfigsRequestAlterConfigsResource{ResourceType: kind, ResourceName: name}
	for i := 0; i < len(changes); i += 3 {
		c := msg.IncrementalAlterConfigsRequestAlterableConfig{Name: changes[i].(string), ConfigOperation: int8(changes[i+1].(int))}
		if v, ok := changes[i+2].(string); ok {
			c.Value = &v
		}
		r.Configs = append(r.Configs, c)
	}
	req.Resources = append(req.Resources, r)
	return ask(o, 1, o.h.incrementalAlterConfigs, req).Responses[0]
}

func TestDescribeConfigsRefusesWhatIsNotThere(t *testing.T) {
	o := newOffice(t)
	tests := []struct {
		kind    int8
		name    string
		code    kafka.Error
		message string
	}{
		{aTopic, "missing", kafka.ErrUnknownTopicOrPartition, ""},
		{aTopic, "a b", kafka.ErrInvalidTopicException, "Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"},
		{aBroker, "2", kafka.ErrInvalidRequest, "Unexpected broker id, expected 1 or empty string, but received 2"},
		{aBroker, "x", kafka.ErrInvalidRequest, "Broker id must be an integer, but it is: x"},
		{aLogger, "", kafka.ErrInvalidRequest, "Broker id must not be empty"},
		{aLogger, "2", kafka.ErrInvalidRequest, "Unexpected broker id, expected 1 but received 2"},
		{aSubscription, "", kafka.ErrInvalidRequest, "Client metrics subscription name must not be empty"},
		{aGroup, "", kafka.ErrInvalidRequest, "Group name must not be empty"},
		{noSuchResource, "x", kafka.ErrInvalidRequest, "There is a kind of resource in the request that has no configuration."},
	}
	for _, test := range tests {
		got := o.describe(test.kind, test.name)
		if kafka.Error(got.ErrorCode) != test.code || deref(got.ErrorMessage) != test.message || len(got.Configs) != 0 {
			t.Errorf("%d %q: %s %q", test.kind, test.name, kafka.Error(got.ErrorCode), deref(got.ErrorMessage))
		}
	}
}

func TestDescribeConfigsAnswersTheKeysAskedFor(t *testing.T) {
	o := newOffice(t)
	o.createTopic("a", 1, "retention.ms", "5")
	got := o.describe(aTopic, "a", "retention.ms", "segment.bytes", "unknown")
	if len(got.Configs) != 2 || deref(got.Configs[0].Value) != "5" || got.Configs[0].ConfigSource != 1 || got.Configs[1].ConfigSource != 5 || !got.Configs[1].IsDefault {
		t.Errorf("%+v", got.Configs)
	}
	if n := len(o.describe(aTopic, "a").Configs); n != 37 {
		t.Errorf("%d keys of a topic, Kafka has 37 besides the internal one", n)
	}
}

func TestIncrementalAlterConfigsOfATopic(t *testing.T) {
	o := newOffice(t)
	o.createTopic("a", 1)
	good := func(changes ...any) {
		t.Helper()
		if r := o.alter(aTopic, "a", changes...); r.ErrorCode != 0 {
			t.Fatalf("%s %s", kafka.Error(r.ErrorCode), deref(r.ErrorMessage))
		}
	}
	good("retention.ms", opSet, "7", "cleanup.policy", opAppend, "compact")
	if got := o.value(aTopic, "a", "cleanup.policy"); got != "delete,compact" {
		t.Errorf("append to the default: %s", got)
	}
	good("cleanup.policy", opSubtract, "delete")
	if got := o.value(aTopic, "a", "cleanup.policy"); got != "compact" {
		t.Errorf("subtract: %s", got)
	}
	good("retention.ms", opDelete, nil, "cleanup.policy", opDelete, nil)
	if got := o.value(aTopic, "a", "retention.ms"); got != "604800000" {
		t.Errorf("delete: %s", got)
	}
	bad := func(code kafka.Error, message string, changes ...any) {
		t.Helper()
		if r := o.alter(aTopic, "a", changes...); kafka.Error(r.ErrorCode) != code || deref(r.ErrorMessage) != message {
			t.Errorf("%v: %s %q", changes, kafka.Error(r.ErrorCode), deref(r.ErrorMessage))
		}
	}
	bad(kafka.ErrInvalidConfig, "Invalid value 1000 for configuration segment.bytes: Value must be at least 1048576", "segment.bytes", opSet, "1000")
	bad(kafka.ErrInvalidConfig, "Unknown topic config name: nonsense", "nonsense", opSet, "1")
	bad(kafka.ErrInvalidConfig, "Can't APPEND to key retention.ms because its type is not LIST.", "retention.ms", opAppend, "1")
	bad(kafka.ErrInvalidRequest, "Null value not supported for : retention.ms", "retention.ms", opSet, nil)
	bad(kafka.ErrInvalidRequest, "Error due to duplicate config keys", "retention.ms", opSet, "1", "retention.ms", opSet, "2")
	if r := o.alter(aTopic, "missing", "retention.ms", opSet, "1"); kafka.Error(r.ErrorCode) != kafka.ErrUnknownTopicOrPartition {
		t.Errorf("a topic that does not exist: %s %q", kafka.Error(r.ErrorCode), deref(r.ErrorMessage))
	}
}

func TestDynamicBrokerConfigurationIsSeenByTheNextRequest(t *testing.T) {
	o := newOffice(t)
	o.createTopic("a", 1)
	if r := o.alter(aBroker, "", "log.retention.ms", opSet, "9"); r.ErrorCode != 0 {
		t.Fatal(kafka.Error(r.ErrorCode), deref(r.ErrorMessage))
	}
	if r := o.alter(aBroker, "1", "log.retention.ms", opSet, "8"); r.ErrorCode != 0 {
		t.Fatal(kafka.Error(r.ErrorCode), deref(r.ErrorMessage))
	}
	got := o.describe(aTopic, "a", "retention.ms").Configs[0]
	if deref(got.Value) != "8" || got.ConfigSource != 2 || len(got.Synonyms) != 3 || got.Synonyms[1].Source != 3 {
		t.Errorf("%+v", got)
	}
	if o.cfg.TopicDefaults().RetentionMs != 8 {
		t.Errorf("the broker's own value is %d", o.cfg.TopicDefaults().RetentionMs)
	}
}

func TestDynamicBrokerConfigurationIsJudged(t *testing.T) {
	o := newOffice(t)
	tests := []struct {
		name, key, value string
		message          string
	}{
		{"1", "node.id", "2", "Cannot update these configs dynamically: [node.id]"},
		{"2", "log.retention.ms", "2", "Unexpected broker id, expected 1, but received 2"},
		{"x", "log.retention.ms", "2", "Node id must be an integer, but it is: x"},
		{"", "listeners", "PLAINTEXT://:1", "Cannot update these configs at default cluster level, broker id must be specified: [listeners]"},
		{"", "ssl.keystore.location", "x", "These security configs can be dynamically updated only per-listener using the listener prefix: [ssl.keystore.location]"},
		{"", "log.segment.bytes", "5", "Invalid value 5 for configuration log.segment.bytes: Value must be at least 1048576"},
		{"", "num.io.threads", "100", "Invalid dynamic configuration: num.io.threads=100: no less than half and no more than double of 8, the number now, and at least 1"},
		{"", "log.retention.ms", "0", "log.retention.ms must be unlimited (-1) or, greater than or equal to 1"},
	}
	for _, test := range tests {
		r := o.alter(aBroker, test.name, test.key, opSet, test.value)
		if kafka.Error(r.ErrorCode) != kafka.ErrInvalidRequest || deref(r.ErrorMessage) != test.message {
			t.Errorf("%s=%s of %q: %s %q", test.key, test.value, test.name, kafka.Error(r.ErrorCode), deref(r.ErrorMessage))
		}
	}
}

func TestLoggersAreDescribedAndChanged(t *testing.T) {
	o := newOffice(t)
	if r := o.alter(aLogger, "1", "quorum", opSet, "DEBUG"); r.ErrorCode != 0 {
		t.Fatal(deref(r.ErrorMessage))
	}
	got := o.describe(aLogger, "1")
	if len(got.Configs) != 2 || got.Configs[0].Name != "quorum" || deref(got.Configs[0].Value) != "DEBUG" || got.Configs[0].ConfigSource != 6 || got.Configs[0].ReadOnly {
		t.Errorf("%+v", got.Configs)
	}
	bad := map[string]msg.IncrementalAlterConfigsResponseAlterConfigsResourceResponse{
		"Logger nobody does not exist!": o.alter(aLogger, "1", "nobody", opSet, "INFO"),
		"Cannot set the log level of quorum to LOUD as it is not a supported log level. Valid log levels are DEBUG, ERROR, FATAL, INFO, TRACE, WARN": o.alter(aLogger, "1", "quorum", opSet, "LOUD"),
		"Removing the log level of the root logger is not allowed":                                                                                   o.alter(aLogger, "1", "root", opDelete, nil),
		"APPEND operation is not allowed for the BROKER_LOGGER resource":                                                                             o.alter(aLogger, "1", "root", opAppend, "INFO"),
		"Unexpected node id. Expected 1, but received 2":                                                                                             o.alter(aLogger, "2", "root", opSet, "INFO"),
	}
	for want, r := range bad {
		if deref(r.ErrorMessage) != want || r.ErrorCode == 0 {
			t.Errorf("want %q, got %q", want, deref(r.ErrorMessage))
		}
	}
}

func TestGroupAndSubscriptionConfigurations(t *testing.T) {
	o := newOffice(t)
	if r := o.alter(aGroup, "g", "consumer.session.timeout.ms", opSet, "46000"); r.ErrorCode != 0 {
		t.Fatal(deref(r.ErrorMessage))
	}
	if got := o.value(aGroup, "g", "consumer.session.timeout.ms"); got != "46000" {
		t.Errorf("group: %s", got)
	}
	if r := o.alter(aGroup, "g", "consumer.session.timeout.ms", opSet, "1"); deref(r.ErrorMessage) != "consumer.session.timeout.ms must be in the range 45000 to 60000 inclusive." {
		t.Errorf("group: %q", deref(r.ErrorMessage))
	}
	if r := o.alter(aSubscription, "s", "interval.ms", opSet, "1000"); r.ErrorCode != 0 {
		t.Fatal(deref(r.ErrorMessage))
	}
	if r := o.alter(aSubscription, "s", "interval.ms", opSet, "1"); kafka.Error(r.ErrorCode) != kafka.ErrInvalidRequest {
		t.Errorf("subscription: %s", kafka.Error(r.ErrorCode))
	}
	list := msg.NewListConfigResourcesRequest()
	var names []string
	for _, r := range ask(o, 1, o.h.listConfigResources, list).ConfigResources {
		names = append(names, r.ResourceName)
	}
	if len(names) != 4 || names[0] != "g" || names[1] != "s" || names[2] != "1" {
		t.Errorf("resources %q", names)
	}
	list.ResourceTypes = []int8{aGroup}
	if got := ask(o, 0, o.h.listConfigResources, list); kafka.Error(got.ErrorCode) != kafka.ErrUnsupportedVersion {
		t.Errorf("groups in version 0: %+v", got)
	}
}

func TestLegacyAlterConfigsReplacesEverything(t *testing.T) {
	o := newOffice(t)
	o.createTopic("a", 1, "retention.ms", "5", "segment.bytes", "2097152")
	req := msg.NewAlterConfigsRequest()
	r := msg.AlterConfigsRequestAlterConfigsResource{ResourceType: aTopic, ResourceName: "a", Configs: []msg.AlterConfigsRequestAlterableConfig{{Name: "retention.ms", Value: new("6")}}}
	req.Resources = append(req.Resources, r)
	if got := ask(o, 2, o.h.alterConfigs, req).Responses[0]; got.ErrorCode != 0 {
		t.Fatal(deref(got.ErrorMessage))
	}
	if a, b := o.value(aTopic, "a", "retention.ms"), o.value(aTopic, "a", "segment.bytes"); a != "6" || b != "1073741824" {
		t.Errorf("%s, %s", a, b)
	}
	req.Resources = append(req.Resources, r)
	for _, got := range ask(o, 2, o.h.alterConfigs, req).Responses {
		if deref(got.ErrorMessage) != "Each resource must appear at most once." {
			t.Errorf("%q", deref(got.ErrorMessage))
		}
	}
	logger := msg.NewAlterConfigsRequest()
	logger.Resources = []msg.AlterConfigsRequestAlterConfigsResource{{ResourceType: aLogger, ResourceName: "1"}}
	if got := ask(o, 2, o.h.alterConfigs, logger).Responses[0]; deref(got.ErrorMessage) != "Unknown resource type 8" {
		t.Errorf("%q", deref(got.ErrorMessage))
	}
}

func TestDescribeClusterAndQuorum(t *testing.T) {
	o := newOffice(t)
	cluster := ask(o, 2, o.h.describeCluster, msg.NewDescribeClusterRequest())
	if cluster.ClusterId != "cluster" || cluster.ControllerId != 1 || len(cluster.Brokers) != 1 || cluster.EndpointType != 1 {
		t.Errorf("%+v", cluster)
	}
	controllers := msg.NewDescribeClusterRequest()
	controllers.EndpointType = 2
	if got := ask(o, 1, o.h.describeCluster, controllers); kafka.Error(got.ErrorCode) != kafka.ErrMismatchedEndpointType {
		t.Errorf("%+v", got)
	}
	req := msg.NewDescribeQuorumRequest()
	req.Topics = []msg.DescribeQuorumRequestTopicData{{TopicName: "__cluster_metadata", Partitions: []msg.DescribeQuorumRequestPartitionData{{}}}}
	if p := ask(o, 2, o.h.describeQuorum, req).Topics[0].Partitions[0]; p.LeaderId != 1 || p.LeaderEpoch != 3 || p.HighWatermark != 7 || len(p.CurrentVoters) != 1 {
		t.Errorf("%+v", p)
	}
	req.Topics[0].TopicName = "other"
	if p := ask(o, 2, o.h.describeQuorum, req).Topics[0].Partitions[0]; kafka.Error(p.ErrorCode) != kafka.ErrUnknownTopicOrPartition {
		t.Errorf("%+v", p)
	}
}
