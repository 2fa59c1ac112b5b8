package metadata

import (
	"cmp"
	"iter"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Resource names what a config belongs to. The resource of all brokers'
// defaults has the type broker and an empty name.
type Resource struct {
	Type config.Resource
	Name string
}

func (a Resource) compare(b Resource) int {
	if c := cmp.Compare(a.Type, b.Type); c != 0 {
		return c
	}
	return cmp.Compare(a.Name, b.Name)
}

// Configs is the dynamic configs of all resources.
type Configs struct {
	byResource sorted[Resource, sorted[text, string]]
}

// Get gives the value of one key of a resource.
func (c *Configs) Get(r Resource, key string) (string, bool) {
	keys, _ := c.byResource.get(r)
	return keys.get(text(key))
}

// Of walks the keys and values of a resource in order of key.
func (c *Configs) Of(r Resource) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		keys, _ := c.byResource.get(r)
		for k, v := range keys.all() {
			if !yield(string(k), v) {
				return
			}
		}
	}
}

// Map is a copy of the keys and values of a resource; nil where it has none.
func (c *Configs) Map(r Resource) map[string]string {
	keys, ok := c.byResource.get(r)
	if !ok {
		return nil
	}
	m := make(map[string]string, keys.count)
	for k, v := range keys.all() {
		m[string(k)] = v
	}
	return m
}

// Resources walks the resources that have configs, in order of type and name.
func (c *Configs) Resources() iter.Seq[Resource] {
	return func(yield func(Resource) bool) {
		for r := range c.byResource.all() {
			if !yield(r) {
				return
			}
		}
	}
}

// Features is the finalized levels of the cluster's features.
type Features struct {
	levels sorted[text, int16]
}

// Names of features.
const (
	MetadataVersion        = "metadata.version"
	KRaftVersion           = "kraft.version"
	GroupVersion           = "group.version"
	TransactionVersion     = "transaction.version"
	ShareVersion           = "share.version"
	StreamsVersion         = "streams.version"
	EligibleLeaderReplicas = "eligible.leader.replicas.version"
)

// Level is the finalized level of a feature; 0 where it is not finalized.
func (f *Features) Level(name string) int16 {
	level, _ := f.levels.get(text(name))
	return level
}

// All walks the finalized features in order of name. kraft.version is not
// among them: the quorum keeps it in control records.
func (f *Features) All() iter.Seq2[string, int16] {
	return func(yield func(string, int16) bool) {
		for name, level := range f.levels.all() {
			if !yield(string(name), level) {
				return
			}
		}
	}
}

// ProducerIDs is the allocation of producer ids.
type ProducerIDs struct {
	// Next is the first producer id of the next block.
	Next kafka.ProducerID
}
