package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// retired says, for a key that Kafka once had and 4.4 has no more, what is
// used instead; "" for any other key.
func retired(name string) string {
	switch name {
	case "broker.id.generation.enable", "reserved.broker.max.id":
		return "node ids are not generated: set node.id"
	case "zookeeper.connect", "zookeeper.metadata.migration.enable":
		return "there is no ZooKeeper: the metadata is in the controller quorum's own log (controller.quorum.voters)"
	case "inter.broker.protocol.version":
		return "the metadata.version feature is used instead (kafka-features.sh)"
	case "log.message.format.version", "message.format.version", "log.message.downconversion.enable", "message.downconversion.enable":
		return "record batches are always of format v2"
	case "log.message.timestamp.difference.max.ms", "message.timestamp.difference.max.ms":
		return "log.message.timestamp.before.max.ms and log.message.timestamp.after.max.ms are used instead"
	case "host.name", "port":
		return "listeners is used instead"
	case "advertised.host.name", "advertised.port":
		return "advertised.listeners is used instead"
	case "control.plane.listener.name":
		return "controller.listener.names is used instead"
	case "controlled.shutdown.max.retries", "controlled.shutdown.retry.backoff.ms":
		return "a broker hands over in its heartbeats, without retries of its own"
	case "delegation.token.master.key":
		return "delegation.token.secret.key is used instead"
	case "offsets.commit.required.acks":
		return "offset commits always wait for the in-sync replicas"
	case "quota.producer.default", "quota.consumer.default":
		return "default quotas are set with kafka-configs.sh"
	case "group.coordinator.new.enable", "group.share.enable", "unstable.api.versions", "eligible.leader.replicas.enable":
		return "features are switched with kafka-features.sh"
	case "metadata.log.max.record.bytes":
		return "metadata.log.max.record.bytes.between.snapshots is used instead"
	case "replica.lag.max.messages":
		return "replica.lag.time.max.ms is used instead"
	case "log.cleaner.min.cleanable.dirty.ratio":
		return "log.cleaner.min.cleanable.ratio is used instead"
	}
	switch {
	case strings.HasPrefix(name, "zookeeper."):
		return "there is no ZooKeeper"
	case strings.HasPrefix(name, "password.encoder."):
		return "passwords are not kept encoded in ZooKeeper any more"
	}
	return ""
}

// replaceRenamed takes over what the ZooKeeper-age keys said.
func (l *loader) replaceRenamed() {
	if id, ok := l.where["broker.id"]; ok {
		if node, both := l.where["node.id"]; !both {
			l.static["node.id"] = id.Value
			l.where["node.id"] = id
			l.warn(id, "broker.id is deprecated: node.id=%s is used instead", id.Value)
		} else if trim(id.Value) != trim(node.Value) {
			l.problems = append(l.problems, l.at(fmt.Errorf("broker.id=%s and node.id=%s must be the same", id.Value, node.Value), "broker.id"))
		} else {
			l.warn(id, "broker.id is deprecated: node.id is used instead")
		}
	}
	l.hostAndPort("listeners", "host.name", "port")
	l.hostAndPort("advertised.listeners", "advertised.host.name", "advertised.port")
}

func (l *loader) hostAndPort(target, hostKey, portKey string) {
	host, hasHost := l.where[hostKey]
	port, hasPort := l.where[portKey]
	if _, set := l.where[target]; set || !hasHost && !hasPort {
		return
	}
	p := host
	if !hasHost {
		p = port
	}
	number := "9092"
	if own, ok := l.where["port"]; ok {
		number = trim(own.Value)
	}
	if hasPort {
		number = trim(port.Value)
	}
	l.static[target] = "PLAINTEXT://" + trim(host.Value) + ":" + number
	p.Key, p.Value = target, l.static[target]
	l.where[target] = p
	l.warn(p, "%s and %s are gone since Kafka 3.0: %s=%s is used instead", hostKey, portKey, target, p.Value)
}

// unknown warns about a key that is not in the table: retired, or unknown
// with the nearest known key. Security that hides behind an authorizer's own
// keys is refused.
func (l *loader) unknown(p Property) {
	switch {
	case p.Key == "super.users" || p.Key == "allow.everyone.if.no.acl.found":
		l.problems = append(l.problems, l.at(notSecure(p.Key), p.Key))
	case retired(p.Key) != "":
		if l.static["listeners"] != "" && (p.Key == "port" || p.Key == "host.name") ||
			l.static["advertised.listeners"] != "" && (p.Key == "advertised.port" || p.Key == "advertised.host.name") {
			if l.where["listeners"] != p && l.where["advertised.listeners"] != p {
				return // replaceRenamed has said it
			}
		}
		l.warn(p, "%s is a key of older Kafkas and is ignored: %s", p.Key, retired(p.Key))
	case prefixed(p.Key):
	default:
		l.unknowns++
		if l.unknowns > suggestionsMax {
			l.warn(p, "unknown key %s is ignored", p.Key)
		} else if near := Nearest(p.Key); near != "" {
			l.warn(p, "unknown key %s is ignored; did you mean %s?", p.Key, near)
		} else {
			l.warn(p, "unknown key %s is ignored", p.Key)
		}
	}
}

func notSecure(name string) error {
	return fmt.Errorf("%s is not in effect yet, and Gregor does not pretend to be secure: remove it to start without", name)
}

// prefixed names the keys that belong to a plugin by their prefix: Kafka
// passes them on unread.
func prefixed(name string) bool {
	return strings.HasPrefix(name, "rsm.config.") || strings.HasPrefix(name, "rlmm.config.") ||
		strings.HasPrefix(name, "remote.log.metadata.") || strings.HasPrefix(name, "config.providers.")
}

// Nearest is the known broker key that is the fewest edits away from name; ""
// where none is near enough to be a slip of the fingers.
func Nearest(name string) string {
	keys := Keys(ResourceBroker)
	names := make([]string, 0, len(keys))
	for _, k := range keys {
		names = append(names, k.Name)
	}
	return NearestOf(name, names)
}

// NearestOf is the one of known that is the fewest edits away from word, at
// most a third of its length; "" for none. A word beyond 200 bytes is no slip.
func NearestOf(word string, known []string) string {
	if len(word) > 200 {
		return ""
	}
	best, bestDistance := "", len(word)/3+1
	for _, k := range known {
		if d := distance(word, k, bestDistance); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// distance is the number of insertions, deletions, replacements and swaps of
// neighbours between a and b, or limit where it is no less than that.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	before, previous, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(previous[j]+1, row[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, previous, row = previous, row, before
	}
	return min(previous[len(b)], limit)
}

// defaults fills in the keys that Kafka's file must name and that one node
// alone can do without: with them the oldest server.properties starts.
func (l *loader) defaults() {
	fill := func(key, v string) {
		if _, ok := l.static[key]; !ok {
			l.static[key] = v
		}
	}
	fill("process.roles", "broker,controller")
	fill("node.id", "1")
	fill("controller.listener.names", "CONTROLLER")
	fill("broker.id", l.static["node.id"])
}

// warnNotYet names the keys that were given and change nothing yet.
func (l *loader) warnNotYet() {
	for _, name := range slices.SortedFunc(maps.Keys(l.where), l.order) {
		k := BrokerKey(name)
		if k == nil || k.State != NotYet {
			continue
		}
		if v, err := k.parse(l.static[name]); err == nil && v.text != k.defaultValue().text {
			l.warn(l.where[name], "%s is not in effect yet", name)
		}
	}
}
