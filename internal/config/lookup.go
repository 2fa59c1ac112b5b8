package config

import (
	"cmp"
	"slices"
	"strings"
)

// brokerTables are the broker keys, each table sorted by name.
var brokerTables = [...][]Key{ //nolint:gochecknoglobals // a constant table
	serverBrokerKeys, logBrokerKeys, cleanerBrokerKeys, groupBrokerKeys,
	txnBrokerKeys, remoteBrokerKeys, securityBrokerKeys, gregorBrokerKeys,
}

// BrokerKey finds a broker key; nil where there is none of that name. The
// result is shared and constant.
func BrokerKey(name string) *Key {
	for _, table := range brokerTables {
		if k := find(table, name); k != nil {
			return k
		}
	}
	return nil
}

// TopicKey finds a topic key, or nil.
func TopicKey(name string) *Key { return find(topicKeys, name) }

// GroupKey finds a group key, or nil.
func GroupKey(name string) *Key { return find(groupKeys, name) }

// ClientMetricsKey finds a key of a client metrics subscription, or nil.
func ClientMetricsKey(name string) *Key { return find(clientMetricsKeys, name) }

// Keys are the rows of one kind of resource, sorted by name; nil for a kind
// that has no fixed keys (broker loggers).
func Keys(r Resource) []Key {
	switch r {
	case ResourceBroker:
		keys := slices.Concat(brokerTables[:]...)
		slices.SortFunc(keys, func(a, b Key) int { return strings.Compare(a.Name, b.Name) })
		return keys
	case ResourceTopic:
		return slices.Clone(topicKeys)
	case ResourceGroup:
		return slices.Clone(groupKeys)
	case ResourceClientMetrics:
		return slices.Clone(clientMetricsKeys)
	case ResourceUnknown, ResourceBrokerLogger:
		return nil
	}
	return nil
}

func find(table []Key, name string) *Key {
	i, ok := slices.BinarySearchFunc(table, name, func(k Key, name string) int { return cmp.Compare(k.Name, name) })
	if !ok {
		return nil
	}
	return &table[i]
}

// quotaOnly are the three broker keys that exist as dynamic ones only: in no
// file, and in no answer of DescribeConfigs until they are set.
func quotaOnly(name string) bool {
	switch name {
	case "leader.replication.throttled.rate", "follower.replication.throttled.rate",
		"replica.alter.log.dirs.io.max.bytes.per.second":
		return true
	}
	return false
}

// baseKey strips the prefix of a per-listener key: listener.name.x.ssl.key
// .password is ssl.key.password for one listener (and for SASL one mechanism).
func baseKey(name string) (string, bool) {
	rest, ok := strings.CutPrefix(name, "listener.name.")
	if !ok {
		return name, false
	}
	_, base, ok := strings.Cut(rest, ".")
	if !ok {
		return name, false
	}
	for _, k := range [...]string{"sasl.jaas.config", "sasl.login.callback.handler.class", "sasl.login.class",
		"sasl.server.callback.handler.class", "connections.max.reauth.ms"} {
		if strings.HasSuffix(base, k) {
			return k, true
		}
	}
	return base, true
}

// synonyms are the names under which a broker key's value may have been
// given, the one that wins first.
func synonyms(name string) []string {
	switch name {
	case "log.roll.ms", "log.roll.hours":
		return []string{"log.roll.ms", "log.roll.hours"}
	case "log.roll.jitter.ms", "log.roll.jitter.hours":
		return []string{"log.roll.jitter.ms", "log.roll.jitter.hours"}
	case "log.retention.ms", "log.retention.minutes", "log.retention.hours":
		return []string{"log.retention.ms", "log.retention.minutes", "log.retention.hours"}
	case "log.flush.interval.ms":
		return []string{"log.flush.interval.ms", "log.flush.scheduler.interval.ms"}
	}
	if base, ok := baseKey(name); ok {
		return []string{name, base}
	}
	return []string{name}
}

// TopicSynonym is the broker key whose value a topic has that does not set
// the topic key itself; "" where there is none.
func TopicSynonym(topicKey string) string {
	switch topicKey {
	case "segment.bytes", "retention.bytes", "index.interval.bytes", "cleanup.policy", "preallocate",
		"message.timestamp.type", "message.timestamp.before.max.ms", "message.timestamp.after.max.ms",
		"local.retention.ms", "local.retention.bytes", "retention.ms":
		return "log." + topicKey
	case "remote.copy.lag.ms", "remote.copy.lag.bytes":
		return "log." + topicKey
	case "delete.retention.ms", "min.compaction.lag.ms", "max.compaction.lag.ms":
		return "log.cleaner." + topicKey
	case "unclean.leader.election.enable", "min.insync.replicas", "compression.type", "compression.gzip.level",
		"compression.lz4.level", "compression.zstd.level", "max.decompressed.message.bytes":
		return topicKey
	case "segment.ms":
		return "log.roll.ms"
	case "segment.jitter.ms":
		return "log.roll.jitter.ms"
	case "segment.index.bytes":
		return "log.index.size.max.bytes"
	case "flush.messages":
		return "log.flush.interval.messages"
	case "flush.ms":
		return "log.flush.interval.ms"
	case "max.message.bytes":
		return "message.max.bytes"
	case "file.delete.delay.ms":
		return "log.segment.delete.delay.ms"
	case "min.cleanable.dirty.ratio":
		return "log.cleaner.min.cleanable.ratio"
	case "gregor.durability":
		return "gregor.log.durability"
	}
	return ""
}

// GroupSynonym is the broker key whose value a group has that does not set
// the group key itself; "" where there is none.
func GroupSynonym(groupKey string) string {
	switch groupKey {
	case "streams.assignor.name":
		return "group.streams.assignors"
	case "share.auto.offset.reset", "share.isolation.level", "share.renew.acknowledge.enable",
		"errors.deadletterqueue.topic.name", "errors.deadletterqueue.copy.record.enable":
		return ""
	}
	if find(groupKeys, groupKey) == nil {
		return ""
	}
	return "group." + groupKey
}
