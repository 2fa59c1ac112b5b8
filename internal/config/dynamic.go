package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// The Validate functions judge what CreateTopics, AlterConfigs and
// IncrementalAlterConfigs would store. The error is a *kafka.Failure with
// Kafka's code and Kafka's sentence.

func invalidConfig(err error) error { return kafka.Errorf(kafka.ErrInvalidConfig, "%s", err.Error()) }

func invalidConfigf(format string, args ...any) error {
	return kafka.Errorf(kafka.ErrInvalidConfig, format, args...)
}

func invalidRequestf(format string, args ...any) error {
	return kafka.Errorf(kafka.ErrInvalidRequest, format, args...)
}

// checkEach parses every value that has a key in the table.
func checkEach(keys []Key, configs map[string]string) error {
	for i := range keys {
		if text, ok := configs[keys[i].Name]; ok {
			if err := keys[i].Validate(text); err != nil {
				return invalidConfig(err)
			}
		}
	}
	return nil
}

func unknownName(keys []Key, configs map[string]string) (string, bool) {
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		if find(keys, name) == nil {
			return name, true
		}
	}
	return "", false
}

// ValidateTopic judges a topic's overrides as a whole, over this broker's
// defaults. existing are the overrides that the topic has had; nil for a new
// one.
func (b *Broker) ValidateTopic(overrides, existing map[string]string) error {
	if name, unknown := unknownName(topicKeys, overrides); unknown {
		return invalidConfigf("Unknown topic config name: %s", name)
	}
	if err := checkEach(topicKeys, overrides); err != nil {
		return err
	}
	t := b.Topic(overrides)
	if t.MinCompactionLagMs > t.MaxCompactionLagMs {
		return invalidConfigf("conflict topic config setting min.compaction.lag.ms (%d) > max.compaction.lag.ms (%d)", t.MinCompactionLagMs, t.MaxCompactionLagMs)
	}
	if t.RemoteStorageEnable {
		return b.validateTiered(t)
	}
	if strings.EqualFold(existing["remote.storage.enable"], "true") && !t.RemoteLogDeleteOnDisable {
		return invalidConfigf("It is invalid to disable remote storage without deleting remote data. " +
			"If you want to keep the remote data and turn to read only, please set `remote.storage.enable=true,remote.log.copy.disable=true`. " +
			"If you want to disable remote storage and delete all remote data, please set `remote.storage.enable=false,remote.log.delete.on.disable=true`.")
	}
	return nil
}

func (b *Broker) validateTiered(t Topic) error {
	switch {
	case !b.Bool("remote.log.storage.system.enable"):
		return invalidConfigf("Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.")
	case t.Compact:
		return invalidConfigf("Remote log storage only supports topics with cleanup.policy=delete or cleanup.policy being an empty list.")
	}
	return nil
}

// ValidateGroup judges a group's overrides as a whole, within this broker's
// bounds.
func (b *Broker) ValidateGroup(overrides map[string]string) error {
	if name, unknown := unknownName(groupKeys, overrides); unknown {
		return invalidConfigf("Unknown group config name: %s", name)
	}
	if tags := "streams.rack.aware.assignment.tags"; GroupKey(tags).repeats(overrides[tags]) {
		return invalidConfigf("%s must not contain duplicate tag keys.", tags)
	}
	if err := checkEach(groupKeys, overrides); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(overrides)) {
		if err := b.groupBounds(name, overrides[name]); err != nil {
			return err
		}
	}
	for _, kind := range []string{"consumer", "share", "streams"} {
		session, heartbeat := kind+".session.timeout.ms", kind+".heartbeat.interval.ms"
		_, a := overrides[session]
		_, c := overrides[heartbeat]
		if (a || c) && b.groupInt(overrides, session) <= b.groupInt(overrides, heartbeat) {
			return invalidConfigf("%s must be greater than %s", session, heartbeat)
		}
	}
	if strings.HasPrefix(trim(overrides["errors.deadletterqueue.topic.name"]), "__") {
		return invalidConfigf("errors.deadletterqueue.topic.name: DLQ topic name must not start with '__'")
	}
	return nil
}

func (b *Broker) groupInt(overrides map[string]string, name string) int64 {
	k := GroupKey(name)
	if text, ok := overrides[name]; ok {
		if v, err := k.parse(text); err == nil {
			return v.long
		}
	}
	return b.groupDefault(k).long
}

// groupBounds holds one value against the broker's group.*.min and max keys.
func (b *Broker) groupBounds(name, text string) error {
	k := GroupKey(name)
	if name == "streams.assignor.name" {
		if !slices.Contains(b.List("group.streams.assignors"), trim(text)) {
			return invalidConfigf("%s '%s' is not a registered task assignor. Registered assignors are: [%s].", name, trim(text), strings.Join(b.List("group.streams.assignors"), ", "))
		}
		return nil
	}
	if k.Type != Int {
		return nil
	}
	v, err := k.parse(text)
	if err != nil {
		return invalidConfig(err)
	}
	kind, rest, _ := strings.Cut(name, ".")
	least, most := BrokerKey("group."+kind+".min."+rest), BrokerKey("group."+kind+".max."+rest)
	switch name {
	case "streams.num.standby.replicas":
		most = BrokerKey("group.streams.max.standby.replicas")
	case "streams.num.warmup.replicas":
		most = BrokerKey("group.streams.max.warmup.replicas")
	}
	switch {
	case least != nil && most != nil:
		if low, high := int64(b.Int(least.Name)), int64(b.Int(most.Name)); v.long < low || v.long > high {
			return invalidConfigf("%s must be in the range %d to %d inclusive.", name, low, high)
		}
	case most != nil && v.long > int64(b.Int(most.Name)):
		return invalidConfigf("%s must be less than or equal to %d", name, b.Int(most.Name))
	case least != nil && v.long < int64(b.Int(least.Name)):
		return invalidConfigf("%s must be greater than or equal to %d", name, b.Int(least.Name))
	}
	return nil
}

// ValidateClientMetrics judges a client metrics subscription.
func ValidateClientMetrics(name string, overrides map[string]string) error {
	if name == "" {
		return invalidRequestf("Subscription name can't be empty")
	}
	if key, unknown := unknownName(clientMetricsKeys, overrides); unknown {
		return invalidRequestf("Unknown client metrics configuration: %s", key)
	}
	if err := checkEach(clientMetricsKeys, overrides); err != nil {
		return err
	}
	if text, ok := overrides["interval.ms"]; ok {
		if v, err := ClientMetricsKey("interval.ms").parse(text); err == nil && (v.long < 100 || v.long > 3600000) {
			return invalidRequestf("Invalid value %d for interval.ms, interval must be between 100 and 3600000 (1 hour)", v.long)
		}
	}
	for _, pattern := range splitList(trim(overrides["match"])) {
		if !validMatch(pattern) {
			return invalidConfigf("Illegal client matching pattern: %s", pattern)
		}
	}
	return nil
}

// ValidateDynamic judges the dynamic configuration of one broker (own) or of
// all as a whole, in place of what it has been: each value for itself, and
// what this broker would come to with it.
func (b *Broker) ValidateDynamic(configs map[string]string, own bool) error {
	if err := validateDynamicNames(configs, own); err != nil {
		return err
	}
	defaults, mine := configs, b.set.dynamicBroker
	if own {
		defaults, mine = b.set.dynamicDefault, configs
	}
	next, _ := b.WithDynamic(defaults, mine)
	problems := next.validate(func(err error, _ ...string) error { return err }, true)
	if len(problems) > 0 {
		return invalidRequestf("%s", problems[0].Error())
	}
	for _, check := range []func(from *Broker) error{next.checkThreads, next.checkLocalRetention, next.checkListenersStay} {
		if err := check(b); err != nil {
			return invalidRequestf("Invalid dynamic configuration: %s", err.Error())
		}
	}
	return nil
}

// checkLocalRetention refuses to keep more on the local disk than in all.
func (b *Broker) checkLocalRetention(*Broker) error {
	t := b.topicDefaults
	limit := func(name string, local, all int64, behind string) error {
		switch {
		case all < 0 || local == -2:
			return nil
		case local == -1:
			return invalid(name, "-1", fmt.Sprintf("Value must not be -1 as %s value is set as %d.", behind, all))
		case local > all:
			return invalid(name, strconv.FormatInt(local, 10), fmt.Sprintf("Value must not be more than %s property value: %d", behind, all))
		}
		return nil
	}
	if err := limit("log.local.retention.ms", t.LocalRetentionMs, t.RetentionMs, "log.retention.ms"); err != nil {
		return err
	}
	return limit("log.local.retention.bytes", t.LocalRetentionBytes, t.RetentionBytes, "log.retention.bytes")
}

// checkListenersStay refuses other listeners: opening and closing them while
// the broker runs is not in effect yet.
func (b *Broker) checkListenersStay(from *Broker) error {
	for _, name := range []string{"listeners", "listener.security.protocol.map"} {
		if b.set.values[name].text != from.set.values[name].text {
			return fmt.Errorf("%s cannot be changed while the broker runs yet: change server.properties and start again", name)
		}
	}
	return nil
}

// checkThreads refuses to halve or double numbers of threads by more, as
// Kafka does, whose pools grow and shrink in place.
func (b *Broker) checkThreads(from *Broker) error {
	for _, name := range []string{"num.io.threads", "num.replica.fetchers", "num.recovery.threads.per.data.dir",
		"background.threads", "log.cleaner.threads", "num.network.threads"} {
		if before, after := from.Int(name), b.Int(name); after != before && (after < max(1, before/2) || after > before*2) {
			return fmt.Errorf("%s=%d: no less than half and no more than double of %d, the number now, and at least 1", name, after, before)
		}
	}
	return nil
}

func validateDynamicNames(configs map[string]string, own bool) error {
	var static, bare, perBroker []string
	names := slices.Sorted(maps.Keys(configs))
	for _, name := range names {
		base, listener := baseKey(name)
		k := BrokerKey(name)
		switch {
		case k != nil && k.Mode == ReadOnly:
			static = append(static, name)
		case isSSLKey(name):
			bare = append(bare, name)
		}
		if k != nil && k.Mode == PerBroker || listener && base != "max.connections" && base != "max.connection.creation.rate" && base != "num.network.threads" {
			perBroker = append(perBroker, name)
		}
	}
	switch {
	case len(static) > 0:
		return invalidRequestf("Cannot update these configs dynamically: [%s]", strings.Join(static, ", "))
	case len(bare) > 0:
		return invalidRequestf("These security configs can be dynamically updated only per-listener using the listener prefix: [%s]", strings.Join(bare, ", "))
	}
	for _, name := range names {
		base, _ := baseKey(name)
		k := BrokerKey(base)
		if k == nil {
			continue
		}
		if k.repeats(configs[name]) {
			return invalidRequestf("Configuration '%s' values must not be duplicated.", name)
		}
		v, err := k.parse(configs[name])
		if err != nil {
			return invalidRequestf("%s", err.Error())
		}
		if k.State == Refused && v.text != k.defaultValue().text {
			return invalidRequestf("%s", notSecure(name).Error())
		}
	}
	if !own && len(perBroker) > 0 {
		return invalidRequestf("Cannot update these configs at default cluster level, broker id must be specified: [%s]", strings.Join(perBroker, ", "))
	}
	return nil
}

// isSSLKey says whether Kafka takes the key for one of the key and trust
// stores, which are reloaded listener by listener.
func isSSLKey(name string) bool {
	return strings.HasPrefix(name, "ssl.keystore.") || strings.HasPrefix(name, "ssl.truststore.") || name == "ssl.key.password"
}
