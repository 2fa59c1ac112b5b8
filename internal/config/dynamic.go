package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The Validate functions judge what CreateTopics, AlterConfigs and
// IncrementalAlterConfigs would store, in Kafka's words. The caller answers
// with INVALID_CONFIG and the error's sentence.

// ValidateTopic judges a topic's overrides as a whole, over this broker's
// defaults.
func (b *Broker) ValidateTopic(overrides map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(overrides)) {
		if TopicKey(name) == nil {
			return fmt.Errorf("Unknown topic config name: %s", name) //nolint:staticcheck // Kafka's sentence
		}
	}
	for i := range topicKeys {
		if text, ok := overrides[topicKeys[i].Name]; ok {
			if err := topicKeys[i].Validate(text); err != nil {
				return err
			}
		}
	}
	t := b.Topic(overrides)
	if t.MinCompactionLagMs > t.MaxCompactionLagMs {
		return fmt.Errorf("conflict topic config setting min.compaction.lag.ms (%d) > max.compaction.lag.ms (%d)", t.MinCompactionLagMs, t.MaxCompactionLagMs)
	}
	if t.RemoteStorageEnable && !b.Bool("remote.log.storage.system.enable") {
		return errors.New("Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.") //nolint:staticcheck // Kafka's sentence
	}
	return nil
}

// ValidateDynamicBroker judges dynamic broker configuration: of one broker
// (own) or of all.
func ValidateDynamicBroker(configs map[string]string, own bool) error {
	var static, bare, perBroker []string
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		base, listener := baseKey(name)
		k := BrokerKey(name)
		switch {
		case k != nil && k.Mode == ReadOnly:
			static = append(static, name)
		case k != nil && strings.HasPrefix(name, "ssl.") && k.Mode == PerBroker:
			bare = append(bare, name)
		}
		if k != nil && k.Mode == PerBroker || listener && base != "max.connections" && base != "max.connection.creation.rate" && base != "num.network.threads" {
			perBroker = append(perBroker, name)
		}
	}
	switch {
	case len(static) > 0:
		return fmt.Errorf("Cannot update these configs dynamically: [%s]", strings.Join(static, ", ")) //nolint:staticcheck // Kafka's sentence
	case len(bare) > 0:
		return fmt.Errorf("These security configs can be dynamically updated only per-listener using the listener prefix: [%s]", strings.Join(bare, ", ")) //nolint:staticcheck // Kafka's sentence
	}
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		base, _ := baseKey(name)
		if k := BrokerKey(base); k != nil {
			if err := k.Validate(configs[name]); err != nil {
				return err
			}
		}
	}
	if !own && len(perBroker) > 0 {
		return fmt.Errorf("Cannot update these configs at default cluster level, broker id must be specified: [%s]", strings.Join(perBroker, ", ")) //nolint:staticcheck // Kafka's sentence
	}
	return nil
}
