package admin

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/java"
)

// Resource is what configs belong to.
type Resource struct {
	Type kmsg.ConfigResourceType
	Name string
}

// Config is one setting of a resource.
type Config struct {
	Name      string
	Value     *string // nil where it is sensitive or not set
	Source    kmsg.ConfigSource
	Sensitive bool
	ReadOnly  bool
	Synonyms  []Synonym
}

// Synonym is a place that a setting's value could come from.
type Synonym struct {
	Name   string
	Value  *string
	Source kmsg.ConfigSource
}

// IsDefault says that nobody set it.
func (c *Config) IsDefault() bool { return c.Source == kmsg.ConfigSourceDefaultConfig }

// Configs are the settings of one resource, or why there are none.
type Configs struct {
	Entries []Config // in the order in which the admin client's map lists them
	Err     error
}

// DescribeConfigs asks for the settings of resources, those of a broker from
// that broker.
func (a *Admin) DescribeConfigs(ctx context.Context, resources []Resource, synonyms bool) (map[Resource]Configs, error) {
	req := kmsg.NewPtrDescribeConfigsRequest()
	req.IncludeSynonyms = synonyms
	for _, r := range resources {
		ask := kmsg.NewDescribeConfigsRequestResource()
		ask.ResourceType, ask.ResourceName = r.Type, r.Name
		req.Resources = append(req.Resources, ask)
	}
	resp, err := req.RequestWith(ctx, a)
	if err != nil {
		return nil, err
	}
	all := make(map[Resource]Configs, len(resp.Resources))
	for _, r := range resp.Resources {
		c := Configs{}
		if t := java.Throw(r.ErrorCode, r.ErrorMessage); t != nil {
			c.Err = t
		}
		for i := range r.Configs {
			c.Entries = append(c.Entries, entryOf(&r.Configs[i]))
		}
		c.Entries = java.Order(c.Entries, func(c Config) int32 { return java.Hash(c.Name) })
		all[Resource{r.ResourceType, r.ResourceName}] = c
	}
	return all, nil
}

func entryOf(c *kmsg.DescribeConfigsResponseResourceConfig) Config {
	e := Config{Name: c.Name, Value: c.Value, Source: c.Source, Sensitive: c.IsSensitive, ReadOnly: c.ReadOnly}
	for _, s := range c.ConfigSynonyms {
		e.Synonyms = append(e.Synonyms, Synonym{Name: s.Name, Value: s.Value, Source: s.Source})
	}
	return e
}

// Change is what an alteration does to one setting.
type Change struct {
	Name  string
	Value *string // nil takes the setting away
}

// AlterConfigs changes single settings of a resource (KIP-339), all or none.
func (a *Admin) AlterConfigs(ctx context.Context, r Resource, changes []Change) error {
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	ask := kmsg.NewIncrementalAlterConfigsRequestResource()
	ask.ResourceType, ask.ResourceName = r.Type, r.Name
	for _, c := range changes {
		one := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		one.Name, one.Value, one.Op = c.Name, c.Value, kmsg.IncrementalAlterConfigOpSet
		if c.Value == nil {
			empty := ""
			one.Value, one.Op = &empty, kmsg.IncrementalAlterConfigOpDelete
		}
		ask.Configs = append(ask.Configs, one)
	}
	req.Resources = append(req.Resources, ask)
	resp, err := req.RequestWith(ctx, a)
	if err != nil {
		return err
	}
	for _, r := range resp.Resources {
		if t := java.Throw(r.ErrorCode, r.ErrorMessage); t != nil {
			return t
		}
	}
	return nil
}

// ListConfigs are the names of the resources of a type that have settings of
// their own (KIP-1142), in the order of the answer.
func (a *Admin) ListConfigs(ctx context.Context, kind kmsg.ConfigResourceType) ([]string, error) {
	req := kmsg.NewPtrListConfigResourcesRequest()
	req.ResourceTypes = []int8{int8(kind)}
	resp, err := req.RequestWith(ctx, a)
	if err != nil {
		return nil, err
	}
	if t := java.Throw(resp.ErrorCode, nil); t != nil {
		return nil, t
	}
	var names []string
	for _, r := range resp.ConfigResources {
		if kmsg.ConfigResourceType(r.Type) == kind {
			names = append(names, r.Name)
		}
	}
	return names, nil
}

// Groups are the ids of all groups, in the order in which the admin client's
// map lists them.
func (a *Admin) Groups(ctx context.Context) ([]string, error) {
	resp, err := kmsg.NewPtrListGroupsRequest().RequestWith(ctx, a)
	if err != nil {
		return nil, err
	}
	if t := java.Throw(resp.ErrorCode, nil); t != nil {
		return nil, t
	}
	names := make([]string, len(resp.Groups))
	for i, g := range resp.Groups {
		names[i] = g.Group
	}
	return java.Order(names, java.Hash), nil
}
