package config

import (
	"maps"
	"slices"
	"strconv"
)

const hourMs, minuteMs = int64(3600 * 1000), int64(60 * 1000)

// topicDefault is the value that a topic has for key when it does not set it:
// the broker's, in the topic key's unit. ok is false where no broker key
// stands behind the topic key; the table's default holds then.
func (b *Broker) topicDefault(key string) (v value, ok bool) {
	millis := func(n int64) (value, bool) {
		return value{text: strconv.FormatInt(n, 10), long: n, num: float64(n)}, true
	}
	switch key {
	case "segment.ms":
		if b.IsNull("log.roll.ms") {
			return millis(b.Long("log.roll.hours") * hourMs)
		}
	case "segment.jitter.ms":
		if b.IsNull("log.roll.jitter.ms") {
			return millis(b.Long("log.roll.jitter.hours") * hourMs)
		}
	case "flush.ms":
		if b.IsNull("log.flush.interval.ms") {
			return millis(b.LogFlushSchedulerIntervalMs)
		}
	case "retention.ms":
		return millis(b.retentionMs())
	}
	if name := TopicSynonym(key); name != "" {
		return b.set.values[name], true
	}
	return value{}, false
}

func (b *Broker) retentionMs() int64 {
	var ms int64
	switch {
	case !b.IsNull("log.retention.ms"):
		ms = b.Long("log.retention.ms")
	case !b.IsNull("log.retention.minutes"):
		ms = b.Long("log.retention.minutes") * minuteMs
	default:
		ms = b.Long("log.retention.hours") * hourMs
	}
	if ms < 0 {
		return -1
	}
	return ms
}

// topicValues are all the values of a topic. Overrides that do not parse are
// passed over, like Kafka's broker does with what the controller let through.
func (b *Broker) topicValues(overrides map[string]string) map[string]value {
	values := make(map[string]value, len(topicKeys))
	for i := range topicKeys {
		k := &topicKeys[i]
		if text, ok := overrides[k.Name]; ok {
			if v, err := k.parse(text); err == nil {
				values[k.Name] = v
				continue
			}
		}
		v, ok := b.topicDefault(k.Name)
		if !ok {
			v = k.defaultValue()
		}
		values[k.Name] = v
	}
	return values
}

// Topic resolves a topic's configuration. It costs nothing where there are no
// overrides.
func (b *Broker) Topic(overrides map[string]string) Topic {
	if len(overrides) == 0 {
		return b.topicDefaults
	}
	return topicOf(b.topicValues(overrides))
}

func (b *Broker) makeTopicDefaults() Topic { return topicOf(b.topicValues(nil)) }

func topicOf(v map[string]value) Topic {
	integer := func(key string) int { return int(v[key].long) }
	t := Topic{
		SegmentBytes:                integer("segment.bytes"),
		SegmentMs:                   v["segment.ms"].long,
		SegmentJitterMs:             v["segment.jitter.ms"].long,
		SegmentIndexBytes:           integer("segment.index.bytes"),
		FlushMessages:               v["flush.messages"].long,
		FlushMs:                     v["flush.ms"].long,
		RetentionBytes:              v["retention.bytes"].long,
		RetentionMs:                 v["retention.ms"].long,
		MaxMessageBytes:             integer("max.message.bytes"),
		MaxDecompressedBytes:        integer("max.decompressed.message.bytes"),
		IndexIntervalBytes:          integer("index.interval.bytes"),
		DeleteRetentionMs:           v["delete.retention.ms"].long,
		MinCompactionLagMs:          v["min.compaction.lag.ms"].long,
		MaxCompactionLagMs:          v["max.compaction.lag.ms"].long,
		FileDeleteDelayMs:           v["file.delete.delay.ms"].long,
		MinCleanableDirtyRatio:      v["min.cleanable.dirty.ratio"].num,
		Compact:                     slices.Contains(v["cleanup.policy"].list, "compact"),
		Delete:                      slices.Contains(v["cleanup.policy"].list, "delete"),
		UncleanLeaderElection:       v["unclean.leader.election.enable"].flag,
		MinInsyncReplicas:           integer("min.insync.replicas"),
		CompressionType:             v["compression.type"].text,
		CompressionGzipLevel:        integer("compression.gzip.level"),
		CompressionLz4Level:         integer("compression.lz4.level"),
		CompressionZstdLevel:        integer("compression.zstd.level"),
		Preallocate:                 v["preallocate"].flag,
		MessageTimestampBeforeMaxMs: v["message.timestamp.before.max.ms"].long,
		MessageTimestampAfterMaxMs:  v["message.timestamp.after.max.ms"].long,
		RemoteStorageEnable:         v["remote.storage.enable"].flag,
		RemoteLogCopyDisable:        v["remote.log.copy.disable"].flag,
		RemoteLogDeleteOnDisable:    v["remote.log.delete.on.disable"].flag,
		LocalRetentionMs:            v["local.retention.ms"].long,
		LocalRetentionBytes:         v["local.retention.bytes"].long,
		RemoteCopyLagMs:             v["remote.copy.lag.ms"].long,
		RemoteCopyLagBytes:          v["remote.copy.lag.bytes"].long,
		DeadLetterQueueGroupEnable:  v["errors.deadletterqueue.group.enable"].flag,
		Durability:                  durabilityOf(v["gregor.durability"].text),

		LeaderReplicationThrottledReplicas:   v["leader.replication.throttled.replicas"].list,
		FollowerReplicationThrottledReplicas: v["follower.replication.throttled.replicas"].list,
	}
	if v["message.timestamp.type"].text == "LogAppendTime" {
		t.MessageTimestampType = LogAppendTime
	}
	if segment := v["internal.segment.bytes"]; !segment.null {
		t.SegmentBytes = int(segment.long)
	}
	return t
}

// WithDynamic is the configuration with the dynamic broker configuration of
// the metadata in place of the former one: defaults of all brokers, and those
// of this broker. What was never valid is passed over and named in the
// returned warnings. The maps are not kept.
func (b *Broker) WithDynamic(defaults, own map[string]string) (*Broker, []string) {
	next := &Broker{set: settings{
		static:         b.set.static,
		dynamicDefault: maps.Clone(defaults),
		dynamicBroker:  maps.Clone(own),
	}}
	var warnings []string
	for _, layer := range []map[string]string{next.set.dynamicDefault, next.set.dynamicBroker} {
		for _, name := range slices.Sorted(maps.Keys(layer)) {
			base, _ := baseKey(name)
			if k := BrokerKey(base); k != nil {
				if err := k.Validate(layer[name]); err != nil {
					warnings = append(warnings, "dynamic configuration ignored: "+err.Error())
					delete(layer, name)
				}
			}
		}
	}
	next.fill()
	next.copyListeners(b)
	return next, warnings
}

// copyListeners keeps the listeners: changing them while running is not in
// effect yet.
func (b *Broker) copyListeners(from *Broker) {
	b.Listeners, b.ControllerListeners = from.Listeners, from.ControllerListeners
	b.AdvertisedListeners, b.AdvertisedControllers = from.AdvertisedListeners, from.AdvertisedControllers
	b.InterBrokerListener = from.InterBrokerListener
}
