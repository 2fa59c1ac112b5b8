package controller

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// valueMax is the longest value of a config key.
const valueMax = 32_767

// The operations of IncrementalAlterConfigs.
const (
	opSet      = 0
	opDelete   = 1
	opAppend   = 2
	opSubtract = 3
)

// alteration is one key of one resource that a request changes.
type alteration struct {
	key   string
	op    int8
	value *string
}

// IncrementalAlterConfigs answers *msg.IncrementalAlterConfigsResponse: it
// changes the resources that pass its checks. The broker that takes the
// request answers for broker loggers, which are not configuration, and judges
// the values of brokers' keys, before.
func IncrementalAlterConfigs(in Input, req *msg.IncrementalAlterConfigsRequest) Result {
	resp := msg.NewIncrementalAlterConfigsResponse()
	c := configAlteration{in: &in, seen: make(map[metadata.Resource]int)}
	for i := range req.Resources {
		c.count(req.Resources[i].ResourceType, req.Resources[i].ResourceName)
	}
	for i := range req.Resources {
		r := &req.Resources[i]
		alterations := make([]alteration, 0, len(r.Configs))
		for _, a := range r.Configs {
			alterations = append(alterations, alteration{key: a.Name, op: a.ConfigOperation, value: a.Value})
		}
		code, text := codeAndText(c.alter(r.ResourceType, r.ResourceName, alterations, false))
		resp.Responses = append(resp.Responses, msg.IncrementalAlterConfigsResponseAlterConfigsResourceResponse{
			ErrorCode: code, ErrorMessage: text, ResourceType: r.ResourceType, ResourceName: r.ResourceName,
		})
	}
	return c.result(resp, req.ValidateOnly)
}

// AlterConfigs answers *msg.AlterConfigsResponse: what a resource has that
// the request does not name is deleted.
func AlterConfigs(in Input, req *msg.AlterConfigsRequest) Result {
	resp := msg.NewAlterConfigsResponse()
	c := configAlteration{in: &in, seen: make(map[metadata.Resource]int)}
	for i := range req.Resources {
		c.count(req.Resources[i].ResourceType, req.Resources[i].ResourceName)
	}
	for i := range req.Resources {
		r := &req.Resources[i]
		alterations := make([]alteration, 0, len(r.Configs))
		for _, a := range r.Configs {
			alterations = append(alterations, alteration{key: a.Name, op: opSet, value: a.Value})
		}
		code, text := codeAndText(c.alter(r.ResourceType, r.ResourceName, alterations, true))
		resp.Responses = append(resp.Responses, msg.AlterConfigsResponseAlterConfigsResourceResponse{
			ErrorCode: code, ErrorMessage: text, ResourceType: r.ResourceType, ResourceName: r.ResourceName,
		})
	}
	return c.result(resp, req.ValidateOnly)
}

// configAlteration is the work on one request that alters configs.
type configAlteration struct {
	in      *Input
	seen    map[metadata.Resource]int
	records []metadata.Record
}

func (c *configAlteration) count(kind int8, name string) {
	c.seen[metadata.Resource{Type: config.Resource(kind), Name: name}]++
}

func (c *configAlteration) result(resp any, validateOnly bool) Result {
	if validateOnly {
		return Result{Response: resp}
	}
	if c.in.elrEnabled() {
		c.records = append(c.records, clearElr(c.records)...)
	}
	if err := tooMany(c.records); err != nil {
		return Result{Err: err}
	}
	return Result{Records: c.records, Response: resp}
}

// clearElr forgets the eligible leader replicas that a change of
// min.insync.replicas makes worthless.
func clearElr(records []metadata.Record) []metadata.Record {
	var clear []metadata.Record
	for _, record := range records {
		r, ok := record.Message.(*msg.ConfigRecord)
		if !ok || r.Name != "min.insync.replicas" {
			continue
		}
		topic := ""
		if config.Resource(r.ResourceType) == config.ResourceTopic {
			topic = r.ResourceName
		}
		clear = append(clear, metadata.Record{Message: &msg.ClearElrRecord{TopicName: topic}})
	}
	return clear
}

// alter changes one resource, or says why not. With replace it is to have the
// named keys only.
func (c *configAlteration) alter(kind int8, name string, alterations []alteration, replace bool) error {
	r := metadata.Resource{Type: config.Resource(kind), Name: name}
	if c.seen[r] > 1 {
		return kafka.Errorf(kafka.ErrInvalidRequest, "Each resource must appear at most once.")
	}
	if err := checkAlterations(alterations); err != nil {
		return err
	}
	switch r.Type {
	case config.ResourceTopic, config.ResourceClientMetrics, config.ResourceGroup, config.ResourceBroker:
	case config.ResourceUnknown, config.ResourceBrokerLogger:
		fallthrough
	default:
		return kafka.Errorf(kafka.ErrInvalidRequest, "Unknown resource type %d", kind)
	}
	existing := c.in.Image.Configs.Map(r)
	after, changes, err := c.in.altered(r, existing, alterations, replace)
	if err != nil {
		return err
	}
	if err := c.in.checkChanges(r, changes); err != nil {
		return err
	}
	if err := checkResourceConfigs(c.in, r, after); err != nil {
		return err
	}
	if err := c.in.checkExists(r); err != nil {
		return err
	}
	for _, change := range changes {
		c.records = append(c.records, configRecord(r, change.key, change.value))
	}
	return nil
}

func checkAlterations(alterations []alteration) error {
	var null []string
	for i, a := range alterations {
		if slices.ContainsFunc(alterations[:i], func(b alteration) bool { return b.key == a.key }) {
			return kafka.Errorf(kafka.ErrInvalidRequest, "Error due to duplicate config keys")
		}
		if a.op != opDelete && a.value == nil {
			null = append(null, a.key)
		}
	}
	if len(null) > 0 {
		return kafka.Errorf(kafka.ErrInvalidRequest, "Null value not supported for : %s", strings.Join(null, ", "))
	}
	return nil
}

// combine appends the entries of value that list does not have, or takes them
// out of it.
func combine(list, value string, op int8) string {
	parts := slices.DeleteFunc(strings.Split(list, ","), func(s string) bool { return s == "" })
	for v := range strings.SplitSeq(value, ",") {
		i := slices.Index(parts, v)
		switch {
		case op == opAppend && i < 0:
			parts = append(parts, v)
		case op == opSubtract && i >= 0:
			parts = slices.Delete(parts, i, i+1)
		}
	}
	return strings.Join(parts, ",")
}

// altered is what a resource comes to, and the changes that take it there. A
// broker's key is written even where its value stays: that makes brokers read
// it again, files of keys and certificates with it (KAFKA-14136).
func (in *Input) altered(r metadata.Resource, existing map[string]string, alterations []alteration, replace bool) (map[string]string, []alteration, error) {
	after := make(map[string]string, len(existing)+len(alterations))
	maps.Copy(after, existing)
	var changes []alteration
	for _, a := range alterations {
		old, had := existing[a.key]
		var value *string
		switch a.op {
		case opSet:
			value = a.value
		case opDelete:
		case opAppend, opSubtract:
			k := keyOf(r.Type, a.key)
			// Kafka's controller knows the types of broker and topic keys only.
			known := r.Type == config.ResourceBroker || r.Type == config.ResourceTopic
			if !known || k == nil || k.Type != config.List {
				name := "APPEND"
				if a.op == opSubtract {
					name = "SUBTRACT"
				}
				return nil, nil, kafka.Errorf(kafka.ErrInvalidConfig, "Can't %s to key %s because its type is not LIST.", name, a.key)
			}
			if !had {
				old = k.Default
			}
			combined := combine(old, *a.value, a.op)
			value = &combined
		default:
			return nil, nil, kafka.Errorf(kafka.ErrInvalidRequest, "Unknown operations type %d", a.op)
		}
		if value == nil {
			delete(after, a.key)
		} else {
			after[a.key] = *value
		}
		same := had == (value != nil) && (value == nil || existing[a.key] == *value)
		if !same || r.Type == config.ResourceBroker {
			changes = append(changes, alteration{key: a.key, op: opSet, value: value})
		}
	}
	if replace {
		for key := range in.Image.Configs.Of(r) {
			if !slices.ContainsFunc(alterations, func(a alteration) bool { return a.key == key }) {
				delete(after, key)
				changes = append(changes, alteration{key: key, op: opDelete})
			}
		}
	}
	return after, changes, nil
}

func keyOf(kind config.Resource, name string) *config.Key {
	switch kind {
	case config.ResourceTopic:
		return config.TopicKey(name)
	case config.ResourceBroker:
		return config.BrokerKey(name)
	case config.ResourceGroup:
		return config.GroupKey(name)
	case config.ResourceClientMetrics:
		return config.ClientMetricsKey(name)
	case config.ResourceUnknown, config.ResourceBrokerLogger:
	}
	return nil
}

// checkChanges refuses changes that the cluster as a whole does not bear.
func (in *Input) checkChanges(r metadata.Resource, changes []alteration) error {
	for _, a := range changes {
		minISR := a.key == "min.insync.replicas" && r.Type == config.ResourceBroker && in.elrEnabled()
		switch {
		case minISR && r.Name != "":
			return kafka.Errorf(kafka.ErrInvalidConfig, "Broker-level min.insync.replicas cannot be altered while ELR is enabled.")
		case minISR && a.value == nil:
			return kafka.Errorf(kafka.ErrInvalidConfig, "Cluster-level min.insync.replicas cannot be removed while ELR is enabled.")
		case a.key == "cordoned.log.dirs" && r.Type == config.ResourceBroker && !in.level().Cordoned():
			return kafka.Errorf(kafka.ErrInvalidConfig, "The cordoned.log.dirs configuration value cannot be set because it "+
				"requires metadata.version >= 4.3-IV0")
		case a.value != nil && utf16Length(*a.value) > valueMax:
			return kafka.Errorf(kafka.ErrInvalidConfig, "The configuration value cannot be added because it exceeds the "+
				"maximum value size of %d bytes.", valueMax)
		}
	}
	return nil
}

// checkResourceConfigs judges all configs that a resource is to have.
func checkResourceConfigs(in *Input, r metadata.Resource, configs map[string]string) error {
	switch r.Type {
	case config.ResourceTopic:
		if r.Name == "" {
			return kafka.Errorf(kafka.ErrInvalidRequest, "Default topic resources are not allowed.")
		}
		if err := kafka.CheckTopicName(r.Name); err != nil {
			return err
		}
		return in.Env.Config.ValidateTopic(configs, in.Image.Configs.Map(r))
	case config.ResourceGroup:
		if r.Name == "" {
			return kafka.Errorf(kafka.ErrInvalidRequest, "Default group resources are not allowed.")
		}
		return in.Env.Config.ValidateGroup(configs)
	case config.ResourceClientMetrics:
		return config.ValidateClientMetrics(r.Name, configs)
	case config.ResourceBroker:
		if id, err := strconv.ParseInt(r.Name, 10, 32); r.Name != "" && err != nil {
			return kafka.Errorf(kafka.ErrInvalidRequest, "Unable to parse broker name as a base 10 number.")
		} else if id < 0 {
			return kafka.Errorf(kafka.ErrInvalidRequest, "Invalid negative broker ID.")
		}
		return nil
	case config.ResourceUnknown, config.ResourceBrokerLogger:
	}
	return kafka.Errorf(kafka.ErrInvalidRequest, "Unknown resource type %d", r.Type)
}

// checkExists wants the topic or node to be there.
func (in *Input) checkExists(r metadata.Resource) error {
	switch r.Type {
	case config.ResourceTopic:
		if _, ok := in.Image.Topics.ByName(r.Name); !ok {
			return kafka.Errorf(kafka.ErrUnknownTopicOrPartition, "The topic '%s' does not exist.", r.Name)
		}
	case config.ResourceBroker:
		if r.Name == "" {
			return nil
		}
		id, err := strconv.ParseInt(r.Name, 10, 32)
		if err != nil {
			return kafka.Errorf(kafka.ErrInvalidRequest, "Invalid broker name %s", r.Name)
		}
		_, broker := in.Image.Cluster.Broker(kafka.NodeID(id))
		_, controller := in.Image.Cluster.Controller(kafka.NodeID(id))
		if !broker && !controller && kafka.NodeID(id) != in.Env.NodeID {
			return kafka.Errorf(kafka.ErrBrokerIDNotRegistered, "No node with id %d found.", id)
		}
	case config.ResourceUnknown, config.ResourceBrokerLogger, config.ResourceClientMetrics, config.ResourceGroup:
	}
	return nil
}
