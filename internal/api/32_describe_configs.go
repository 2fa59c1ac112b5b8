package api

import (
	"context"
	"slices"
	"strconv"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) describeConfigs(_ context.Context, call *Call, req *msg.DescribeConfigsRequest) (*msg.DescribeConfigsResponse, error) {
	resp := msg.NewDescribeConfigsResponse()
	for _, r := range req.Resources {
		if configAuthority(config.Resource(r.ResourceType)) == 0 {
			return describeConfigsRefused(req), nil
		}
	}
	var refused []msg.DescribeConfigsResponseDescribeConfigsResult
	for _, r := range req.Resources {
		// Where Kafka says nothing it sends the empty message, not null.
		result := msg.DescribeConfigsResponseDescribeConfigsResult{ErrorMessage: new(""), ResourceType: r.ResourceType, ResourceName: r.ResourceName}
		if code := h.mayConfig(call, DescribeConfigs, config.Resource(r.ResourceType), r.ResourceName); code != kafka.ErrNone {
			result.ErrorCode = int16(code)
			refused = append(refused, result)
			continue
		}
		entries, err := h.configsOf(config.Resource(r.ResourceType), r.ResourceName)
		if err != nil {
			result.ErrorCode, result.ErrorMessage = failure(err)
			if result.ErrorMessage == nil {
				result.ErrorMessage = new("")
			}
		} else {
			result.Configs = configEntries(entries, &r, req)
		}
		resp.Results = append(resp.Results, result)
	}
	resp.Results = append(resp.Results, refused...)
	return resp, nil
}

// describeConfigsRefused is Kafka's answer to a request with a kind of
// resource that does not exist: all of it is refused.
func describeConfigsRefused(req *msg.DescribeConfigsRequest) *msg.DescribeConfigsResponse {
	resp := msg.NewDescribeConfigsResponse()
	for _, r := range req.Resources {
		resp.Results = append(resp.Results, msg.DescribeConfigsResponseDescribeConfigsResult{
			ErrorCode: int16(kafka.ErrInvalidRequest), ErrorMessage: new("There is a kind of resource in the request that has no configuration."), ResourceType: r.ResourceType, ResourceName: r.ResourceName,
		})
	}
	return resp
}

// configAuthority is the kind of resource in whose name access to a kind of
// configuration is given; 0 for what is no configuration.
func configAuthority(kind config.Resource) ResourceType {
	switch kind {
	case config.ResourceBroker, config.ResourceBrokerLogger, config.ResourceClientMetrics:
		return Cluster
	case config.ResourceTopic:
		return Topic
	case config.ResourceGroup:
		return Group
	case config.ResourceUnknown:
	}
	return 0
}

func (h *Handlers) mayConfig(call *Call, op Operation, kind config.Resource, name string) kafka.Error {
	on := configAuthority(kind)
	switch {
	case on == Cluster && !h.allowed(call, op, on, ClusterName):
		return kafka.ErrClusterAuthorizationFailed
	case on == Topic && !h.allowed(call, op, on, name):
		return kafka.ErrTopicAuthorizationFailed
	case on == Group && !h.allowed(call, op, on, name):
		return kafka.ErrGroupAuthorizationFailed
	}
	return kafka.ErrNone
}

// configsOf are all entries of one resource.
func (h *Handlers) configsOf(kind config.Resource, name string) ([]config.Entry, error) {
	img, b := h.Image(), h.Broker()
	own := img.Configs.Map(metadata.Resource{Type: kind, Name: name})
	switch kind {
	case config.ResourceTopic:
		if err := kafka.CheckTopicName(name); err != nil {
			return nil, err
		}
		if _, ok := img.Topics.ByName(name); !ok {
			return nil, kafka.ErrUnknownTopicOrPartition
		}
		return b.DescribeTopic(own), nil
	case config.ResourceBroker:
		if name == "" {
			return b.DescribeBrokerDefaults(), nil
		}
		if err := h.checkBrokerName(name, "expected %d or empty string, but received %s"); err != nil {
			return nil, err
		}
		return b.DescribeBroker(), nil
	case config.ResourceBrokerLogger:
		if name == "" {
			return nil, kafka.Errorf(kafka.ErrInvalidRequest, "Broker id must not be empty")
		}
		if err := h.checkBrokerName(name, "expected %d but received %s"); err != nil {
			return nil, err
		}
		return h.describeLoggers(), nil
	case config.ResourceClientMetrics:
		if name == "" {
			return nil, kafka.Errorf(kafka.ErrInvalidRequest, "Client metrics subscription name must not be empty")
		}
		return b.DescribeClientMetrics(own), nil
	case config.ResourceGroup:
		if name == "" {
			return nil, kafka.Errorf(kafka.ErrInvalidRequest, "Group name must not be empty")
		}
		return b.DescribeGroup(own), nil
	case config.ResourceUnknown:
	}
	return nil, kafka.ErrInvalidRequest
}

// checkBrokerName refuses the configuration of another broker: only that one
// knows its file.
func (h *Handlers) checkBrokerName(name, expected string) error {
	id, err := strconv.ParseInt(name, 10, 32)
	if err != nil {
		return kafka.Errorf(kafka.ErrInvalidRequest, "Broker id must be an integer, but it is: %s", name)
	}
	if kafka.NodeID(id) != h.NodeID {
		return kafka.Errorf(kafka.ErrInvalidRequest, "Unexpected broker id, "+expected, h.NodeID, name)
	}
	return nil
}

// configEntries are the entries that were asked for (all, where none was
// named), with as much about them as was asked for.
func configEntries(entries []config.Entry, r *msg.DescribeConfigsRequestDescribeConfigsResource, req *msg.DescribeConfigsRequest) []msg.DescribeConfigsResponseDescribeConfigsResourceResult {
	out := make([]msg.DescribeConfigsResponseDescribeConfigsResourceResult, 0, len(entries))
	for i := range entries {
		e := &entries[i]
		if len(r.ConfigurationKeys) > 0 && !slices.Contains(r.ConfigurationKeys, e.Name) {
			continue
		}
		result := msg.DescribeConfigsResponseDescribeConfigsResourceResult{
			Name: e.Name, Value: e.Value, ReadOnly: e.ReadOnly, IsSensitive: e.Sensitive,
			ConfigSource: int8(e.Source), ConfigType: int8(e.Type), IsDefault: e.Source == config.SourceDefault,
		}
		if req.IncludeDocumentation {
			result.Documentation = e.Doc
		}
		if req.IncludeSynonyms {
			for _, s := range e.Synonyms {
				result.Synonyms = append(result.Synonyms, msg.DescribeConfigsResponseDescribeConfigsSynonym{Name: s.Name, Value: s.Value, Source: int8(s.Source)})
			}
		}
		out = append(out, result)
	}
	return out
}
