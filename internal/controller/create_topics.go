package controller

import (
	"maps"
	"slices"
	"strings"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// CreateTopics answers *msg.CreateTopicsResponse. A topic that cannot be made
// has its error in the response, and the others are made.
func CreateTopics(in Input, req *msg.CreateTopicsRequest) Result {
	resp := msg.NewCreateTopicsResponse()
	c := topicCreation{in: &in, broker: in.effective()}
	topics, refused := c.sift(req)
	err := c.checkTotal(topics)
	for i := range topics {
		if err != nil {
			break
		}
		result := c.create(&topics[i])
		resp.Topics = append(resp.Topics, result)
		err = tooMany(c.records)
	}
	if err != nil { // the request as a whole: each topic has the error
		code, text := codeAndText(err)
		resp.Topics = nil
		for i := range req.Topics {
			result := msg.NewCreateTopicsResponseCreatableTopicResult()
			result.Name, result.ErrorCode, result.ErrorMessage = req.Topics[i].Name, code, text
			resp.Topics = append(resp.Topics, *result)
		}
		return Result{Response: resp}
	}
	resp.Topics = append(resp.Topics, refused...)
	if req.ValidateOnly {
		return Result{Response: resp}
	}
	return Result{Records: c.records, Response: resp}
}

// topicCreation is the work on one CreateTopics request.
type topicCreation struct {
	in      *Input
	broker  *config.Broker
	place   *placer // made when it is first needed
	records []metadata.Record
}

// sift takes out the topics that are named twice, and the metadata log.
func (c *topicCreation) sift(req *msg.CreateTopicsRequest) (topics []msg.CreateTopicsRequestCreatableTopic, refused []msg.CreateTopicsResponseCreatableTopicResult) {
	count := make(map[string]int, len(req.Topics))
	for i := range req.Topics {
		count[req.Topics[i].Name]++
	}
	for i := range req.Topics {
		t := &req.Topics[i]
		switch {
		case count[t.Name] == 1 && t.Name == kafka.ClusterMetadataTopic:
			refused = append(refused, failedTopic(t.Name, kafka.Errorf(kafka.ErrInvalidRequest,
				"Creation of internal topic %s is prohibited.", kafka.ClusterMetadataTopic)))
		case count[t.Name] == 1:
			topics = append(topics, *t)
		case count[t.Name] > 1:
			refused = append(refused, failedTopic(t.Name, kafka.Errorf(kafka.ErrInvalidRequest, "Duplicate topic name.")))
			count[t.Name] = 0 // answered once
		}
	}
	return topics, refused
}

func failedTopic(name string, err error) msg.CreateTopicsResponseCreatableTopicResult {
	result := msg.NewCreateTopicsResponseCreatableTopicResult()
	result.Name = name
	result.ErrorCode, result.ErrorMessage = codeAndText(err)
	return *result
}

// checkTotal refuses requests that would make too many partitions, before
// anything is allocated for them.
func (c *topicCreation) checkTotal(topics []msg.CreateTopicsRequestCreatableTopic) error {
	total := 0
	for i := range topics {
		t := &topics[i]
		switch {
		case len(t.Assignments) > 0:
			total += len(t.Assignments)
		case t.NumPartitions == -1:
			total += c.in.Env.Config.NumPartitions
		case t.NumPartitions > 0:
			total += int(t.NumPartitions)
		}
		if total > partitionsPerRequest {
			return kafka.Errorf(kafka.ErrPolicyViolation, "Excessively large number of partitions per request.")
		}
	}
	return nil
}

// create makes the records of one topic, or says why not.
func (c *topicCreation) create(t *msg.CreateTopicsRequestCreatableTopic) msg.CreateTopicsResponseCreatableTopicResult {
	overrides, err := c.check(t)
	if err != nil {
		return failedTopic(t.Name, err)
	}
	parts, err := c.partitions(t)
	if err != nil {
		return failedTopic(t.Name, err)
	}
	id, err := kafka.NewUUID(c.in.Rand)
	if err != nil {
		return failedTopic(t.Name, err)
	}
	c.records = append(c.records, metadata.Record{Message: &msg.TopicRecord{Name: t.Name, TopicId: id}})
	c.records = append(c.records, configRecords(topicResource(t.Name), overrides)...)
	if _, ok := overrides["min.insync.replicas"]; ok && c.in.elrEnabled() {
		c.records = append(c.records, metadata.Record{Message: &msg.ClearElrRecord{TopicName: t.Name}})
	}
	for n := range parts {
		r, version := parts[n].Record(id, int32(n), c.in.level(), c.in.elrEnabled()) //nolint:gosec // bounded by partitionsPerRequest
		c.records = append(c.records, metadata.Record{Message: r, Version: version})
	}
	return c.describe(t.Name, id, parts, overrides)
}

// check judges the topic's name and configs, and gives the configs.
func (c *topicCreation) check(t *msg.CreateTopicsRequestCreatableTopic) (map[string]string, error) {
	err := kafka.CheckTopicName(t.Name)
	if other, ok := collision(&c.in.Image.Topics, t.Name); ok {
		err = kafka.Errorf(kafka.ErrInvalidTopicException, "Topic '%s' collides with existing topic: %s", t.Name, other)
	}
	if _, ok := c.in.Image.Topics.ByName(t.Name); ok {
		err = kafka.Errorf(kafka.ErrTopicAlreadyExists, "Topic '%s' already exists.", t.Name)
	}
	if err != nil {
		return nil, err
	}
	overrides := make(map[string]string, len(t.Configs))
	var null []string
	for _, kv := range t.Configs {
		if kv.Value == nil {
			null = append(null, kv.Name)
		} else {
			overrides[kv.Name] = *kv.Value
		}
	}
	if len(null) > 0 {
		return nil, kafka.Errorf(kafka.ErrInvalidConfig, "Null value not supported for topic configs: %s", strings.Join(null, ","))
	}
	if len(overrides) > 0 {
		if err := checkResourceConfigs(c.in, topicResource(t.Name), overrides); err != nil {
			return nil, err
		}
	}
	return overrides, nil
}

// configRecords sets keys of a resource, in order of key.
func configRecords(r metadata.Resource, values map[string]string) []metadata.Record {
	records := make([]metadata.Record, 0, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value := values[key]
		records = append(records, configRecord(r, key, &value))
	}
	return records
}

func configRecord(r metadata.Resource, key string, value *string) metadata.Record {
	return metadata.Record{Message: &msg.ConfigRecord{
		ResourceType: int8(r.Type), ResourceName: r.Name, Name: key, Value: value,
	}}
}

// partitions gives the registrations of a new topic's partitions.
func (c *topicCreation) partitions(t *msg.CreateTopicsRequestCreatableTopic) ([]metadata.Partition, error) {
	switch {
	case len(t.Assignments) > 0:
		return c.assigned(t)
	case t.ReplicationFactor < -1 || t.ReplicationFactor == 0:
		return nil, kafka.Errorf(kafka.ErrInvalidReplicationFactor,
			"Replication factor must be larger than 0, or -1 to use the default value.")
	case t.NumPartitions < -1 || t.NumPartitions == 0:
		return nil, kafka.Errorf(kafka.ErrInvalidPartitions, "Number of partitions was set to an invalid non-positive value.")
	}
	partitions, replicas := int(t.NumPartitions), int(t.ReplicationFactor)
	if partitions == -1 {
		partitions = c.in.Env.Config.NumPartitions
	}
	if replicas == -1 {
		replicas = c.in.Env.Config.DefaultReplicationFactor
	}
	if c.place == nil {
		p, err := newPlacer(c.in)
		if err != nil {
			return nil, err
		}
		c.place = p
	}
	return c.in.placed(c.place, partitions, replicas, "Unable to replicate the partition %d time(s): %s")
}

// placed registers new partitions where the placer puts them. why is the
// sentence of INVALID_REPLICATION_FACTOR around the number and the reason.
func (in *Input) placed(p *placer, partitions, replicas int, why string) ([]metadata.Partition, error) {
	if err := p.check(replicas); err != nil {
		reason := *kafka.MessageOf(err)
		if why == "" {
			return nil, err
		}
		return nil, kafka.Errorf(kafka.ErrInvalidReplicationFactor, why, replicas, reason)
	}
	parts := make([]metadata.Partition, 0, partitions)
	for range partitions {
		brokers := p.place(replicas)
		isr := in.activeOf(brokers)
		if len(isr) == 0 {
			return nil, kafka.Errorf(kafka.ErrInvalidReplicationFactor, "Unable to replicate the partition %d time(s): "+
				"All brokers are currently fenced or in controlled shutdown.", replicas)
		}
		parts = append(parts, in.newPartition(brokers, isr))
	}
	return parts, nil
}

// newPartition is the registration of a partition that begins.
func (in *Input) newPartition(replicas, isr []int32) metadata.Partition {
	dirs := make([]kafka.UUID, len(replicas))
	for i, r := range replicas {
		dirs[i] = in.defaultDir(r)
	}
	return metadata.Partition{Replicas: replicas, Isr: isr, Directories: dirs, Leader: kafka.NodeID(isr[0])}
}

func (in *Input) activeOf(brokers []int32) []int32 {
	isr := make([]int32, 0, len(brokers))
	for _, b := range brokers {
		if in.active(b) {
			isr = append(isr, b)
		}
	}
	return isr
}

// assigned registers the partitions where the request puts them.
func (c *topicCreation) assigned(t *msg.CreateTopicsRequestCreatableTopic) ([]metadata.Partition, error) {
	if t.ReplicationFactor != -1 {
		return nil, kafka.Errorf(kafka.ErrInvalidRequest,
			"A manual partition assignment was specified, but replication factor was not set to -1.")
	}
	if t.NumPartitions != -1 {
		return nil, kafka.Errorf(kafka.ErrInvalidRequest,
			"A manual partition assignment was specified, but numPartitions was not set to -1.")
	}
	parts := make([]metadata.Partition, len(t.Assignments))
	seen := make(map[int32]struct{}, len(t.Assignments))
	factor, consecutive := -1, true
	for _, a := range t.Assignments {
		if _, ok := seen[a.PartitionIndex]; ok {
			return nil, kafka.Errorf(kafka.ErrInvalidReplicaAssignment,
				"Found multiple manual partition assignments for partition %d", a.PartitionIndex)
		}
		seen[a.PartitionIndex] = struct{}{}
		if err := c.in.checkAssignment(a.BrokerIds, factor); err != nil {
			return nil, err
		}
		factor = len(a.BrokerIds)
		isr := c.in.activeOf(a.BrokerIds)
		if len(isr) == 0 {
			return nil, kafka.Errorf(kafka.ErrInvalidReplicaAssignment, "All brokers specified in the manual partition "+
				"assignment for partition %d are fenced or in controlled shutdown.", a.PartitionIndex)
		}
		if a.PartitionIndex < 0 || int(a.PartitionIndex) >= len(parts) {
			consecutive = false
			continue
		}
		parts[a.PartitionIndex] = c.in.newPartition(slices.Clone(a.BrokerIds), isr)
	}
	if !consecutive {
		return nil, kafka.Errorf(kafka.ErrInvalidReplicaAssignment, "partitions should be a consecutive 0-based integer sequence")
	}
	return parts, nil
}

// checkAssignment judges a list of replicas that a user gave; factor is the
// number that it must have, -1 for any.
func (in *Input) checkAssignment(replicas []int32, factor int) error {
	if len(replicas) == 0 {
		return kafka.Errorf(kafka.ErrInvalidReplicaAssignment, "The manual partition assignment includes an empty replica list.")
	}
	sorted := slices.Sorted(slices.Values(replicas))
	for i, id := range sorted {
		b, ok := in.Image.Cluster.Broker(kafka.NodeID(id))
		switch {
		case !ok:
			return kafka.Errorf(kafka.ErrInvalidReplicaAssignment,
				"The manual partition assignment includes broker %d, but no such broker is registered.", id)
		case !hasUncordonedDir(b):
			return kafka.Errorf(kafka.ErrInvalidReplicaAssignment,
				"The manual partition assignment includes broker %d, but all its log directories are cordoned.", id)
		case i > 0 && sorted[i-1] == id:
			return kafka.Errorf(kafka.ErrInvalidReplicaAssignment,
				"The manual partition assignment includes the broker %d more than once.", id)
		}
	}
	if factor >= 0 && len(replicas) != factor {
		return kafka.Errorf(kafka.ErrInvalidReplicaAssignment, "The manual partition assignment includes a partition with "+
			"%d replica(s), but this is not consistent with previous partitions, which have %d replica(s).", len(replicas), factor)
	}
	return nil
}

// describe is the response for a topic that is made.
func (c *topicCreation) describe(name string, id kafka.TopicID, parts []metadata.Partition, overrides map[string]string) msg.CreateTopicsResponseCreatableTopicResult {
	result := msg.NewCreateTopicsResponseCreatableTopicResult()
	result.Name, result.TopicId = name, id
	result.ErrorMessage = nil
	result.NumPartitions = int32(len(parts))                 //nolint:gosec // bounded by partitionsPerRequest
	result.ReplicationFactor = int16(len(parts[0].Replicas)) //nolint:gosec // brokers are few
	result.Configs = []msg.CreateTopicsResponseCreatableTopicConfigs{}
	for _, e := range c.broker.DescribeTopic(overrides) {
		value := e.Value
		if given, ok := overrides[e.Name]; ok && !e.Sensitive {
			value = &given // as it was given: Kafka does not parse it here
		}
		result.Configs = append(result.Configs, msg.CreateTopicsResponseCreatableTopicConfigs{
			Name: e.Name, Value: value, ReadOnly: e.ReadOnly, ConfigSource: int8(e.Source), IsSensitive: e.Sensitive,
		})
	}
	return *result
}
