package config

import (
	"maps"
	"slices"
)

// Entry is one configuration of a DescribeConfigs answer.
type Entry struct {
	Name      string
	Value     *string // nil for null, and for what must not be shown
	Source    Source
	ReadOnly  bool
	Sensitive bool
	Type      Type
	Doc       *string   // nil for a key that the table does not have
	Synonyms  []Synonym // the value's sources, the one that holds first
}

// Synonym is one source of a value.
type Synonym struct {
	Name   string
	Value  *string // nil where the key is sensitive
	Source Source
}

// DescribeTopic is every key of a topic with the given overrides, sorted by
// name. Internal keys and Gregor's own appear when they are set.
func (b *Broker) DescribeTopic(overrides map[string]string) []Entry {
	values := b.topicValues(overrides)
	return b.describe(topicKeys, values, overrides, SourceTopic, TopicSynonym)
}

// DescribeGroup is every key of a group with the given overrides.
func (b *Broker) DescribeGroup(overrides map[string]string) []Entry {
	values := make(map[string]value, len(groupKeys))
	for i := range groupKeys {
		k := &groupKeys[i]
		if text, ok := overrides[k.Name]; ok {
			if v, err := k.parse(text); err == nil {
				values[k.Name] = v
				continue
			}
		}
		values[k.Name] = b.groupDefault(k)
	}
	return b.describe(groupKeys, values, overrides, SourceGroup, GroupSynonym)
}

// groupDefault is what a group has that does not set the key: the broker's
// value, and of a list of assignors the first.
func (b *Broker) groupDefault(k *Key) value {
	name := GroupSynonym(k.Name)
	if name == "" {
		return k.defaultValue()
	}
	v := b.set.values[name]
	if k.Type == String && len(v.list) > 0 {
		return value{text: v.list[0]}
	}
	return v
}

// DescribeClientMetrics is every key of a client metrics subscription.
func (b *Broker) DescribeClientMetrics(overrides map[string]string) []Entry {
	values := make(map[string]value, len(clientMetricsKeys))
	for i := range clientMetricsKeys {
		k := &clientMetricsKeys[i]
		values[k.Name] = k.defaultValue()
		if text, ok := overrides[k.Name]; ok {
			if v, err := k.parse(text); err == nil {
				values[k.Name] = v
			}
		}
	}
	return b.describe(clientMetricsKeys, values, overrides, SourceClientMetrics, nil)
}

// describe makes the entries of a resource that is not a broker.
func (b *Broker) describe(keys []Key, values map[string]value, overrides map[string]string, own Source, brokerKey func(string) string) []Entry {
	entries := make([]Entry, 0, len(keys))
	for i := range keys {
		k := &keys[i]
		_, overridden := overrides[k.Name]
		if k.Internal && !overridden || k.Own && !overridden && (brokerKey == nil || !b.given(brokerKey(k.Name))) {
			continue
		}
		e := Entry{Name: k.Name, Value: values[k.Name].shown(k), Source: SourceDefault, Sensitive: k.Sensitive(), Type: k.Type, Doc: &k.Doc}
		if overridden {
			e.Synonyms = append(e.Synonyms, Synonym{Name: k.Name, Value: e.Value, Source: own})
		}
		if brokerKey != nil {
			if name := brokerKey(k.Name); name != "" {
				e.Synonyms = append(e.Synonyms, b.brokerSynonyms(name, k.Sensitive())...)
			} else if own == SourceGroup {
				if v := k.defaultValue(); !v.null {
					e.Synonyms = append(e.Synonyms, Synonym{Name: k.Name, Value: v.shown(k), Source: SourceDefault})
				}
			}
		}
		if len(e.Synonyms) > 0 {
			e.Source = e.Synonyms[0].Source
		}
		entries = append(entries, e)
	}
	return entries
}

func (v value) shown(k *Key) *string {
	if v.null || k.Sensitive() {
		return nil
	}
	return &v.text
}

// brokerSynonyms are the sources of a broker key's value: by layer, and in a
// layer by unit; from the first that carries the key's own name.
func (b *Broker) brokerSynonyms(name string, sensitive bool) []Synonym {
	var all []Synonym
	add := func(names []string, layer map[string]string, source Source) {
		for _, n := range names {
			if text, ok := layer[n]; ok {
				s := Synonym{Name: n, Source: source}
				if !sensitive {
					s.Value = &text
				}
				all = append(all, s)
			}
		}
	}
	names := synonyms(name)
	add(names, b.set.dynamicBroker, SourceDynamicBroker)
	add(names, b.set.dynamicDefault, SourceDynamicDefaultBroker)
	add(names, b.set.static, SourceStaticBroker)
	for _, n := range names {
		if k := BrokerKey(n); k != nil && !quotaOnly(n) {
			if v := k.defaultValue(); !v.null {
				s := Synonym{Name: n, Source: SourceDefault}
				if !sensitive {
					s.Value = &v.text
				}
				all = append(all, s)
			}
		}
	}
	i := slices.IndexFunc(all, func(s Synonym) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return all[i:]
}

// DescribeBroker is every key of this broker, sorted by name; keys that the
// table does not have but the file does are among them, without type or
// value. Internal keys and Gregor's own appear when they are set, so that who
// compares sees Kafka's list.
func (b *Broker) DescribeBroker() []Entry {
	names := make([]string, 0, len(b.set.values))
	for name := range b.set.values {
		if k := BrokerKey(name); k != nil && (k.Internal || k.Own) && !b.given(name) {
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	entries := make([]Entry, 0, len(names))
	for _, name := range names {
		entries = append(entries, b.brokerEntry(name, b.set.values[name], true))
	}
	return entries
}

func (b *Broker) given(name string) bool {
	for _, layer := range []map[string]string{b.set.static, b.set.dynamicDefault, b.set.dynamicBroker} {
		if _, ok := layer[name]; ok {
			return true
		}
	}
	return false
}

// DescribeBrokerDefaults is the dynamic configuration that holds for all
// brokers, sorted by name.
func (b *Broker) DescribeBrokerDefaults() []Entry {
	var entries []Entry
	for _, name := range slices.Sorted(maps.Keys(b.set.dynamicDefault)) {
		entries = append(entries, b.brokerEntry(name, value{text: b.set.dynamicDefault[name]}, false))
	}
	return entries
}

func (b *Broker) brokerEntry(name string, v value, own bool) Entry {
	base, _ := baseKey(name)
	k := BrokerKey(base)
	e := Entry{Name: name, Source: SourceDefault, ReadOnly: true, Sensitive: true, Type: Unknown}
	if k != nil {
		e.Type, e.Sensitive = k.Type, k.Sensitive()
		if name == base {
			e.ReadOnly = k.Mode == ReadOnly
			e.Doc = &k.Doc
		}
		e.Value = v.shown(k)
	}
	for _, s := range b.brokerSynonyms(name, e.Sensitive) {
		if own || s.Source == SourceDynamicDefaultBroker {
			e.Synonyms = append(e.Synonyms, s)
		}
	}
	if len(e.Synonyms) > 0 {
		e.Source = e.Synonyms[0].Source
	}
	return e
}
