package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// validate checks what spans several keys. at finds where a key was set; runs
// says that a broker is to run with it.
func (b *Broker) validate(at func(err error, keys ...string) error, runs bool) []error {
	var problems []error
	fail := func(err error, keys ...string) {
		if err != nil {
			problems = append(problems, at(err, keys...))
		}
	}
	need := func(ok bool, message string, keys ...string) {
		if !ok {
			problems = append(problems, at(errors.New(message), keys...))
		}
	}
	b.validateRoles(fail, need, runs)
	if runs {
		b.validateQuorum(need)
	}
	b.validateLog(need)
	b.validateGroups(need)
	_, err := parseIPOverrides(b.Text("max.connections.per.ip.overrides"))
	fail(err, "max.connections.per.ip.overrides")
	need(b.MaxConnectionsPerIP != 0 || len(b.MaxConnectionsPerIPOverrides) > 0,
		"max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.", "max.connections.per.ip")
	need(b.QueuedMaxRequestBytes <= 0 || b.QueuedMaxRequestBytes >= int64(b.SocketRequestMaxBytes),
		"queued.max.request.bytes must be larger or equal to socket.request.max.bytes", "queued.max.request.bytes")
	delay := int64(b.Int("connection.failed.authentication.delay.ms"))
	need(b.ConnectionsMaxIdleMs < 0 || delay < b.ConnectionsMaxIdleMs,
		"connection.failed.authentication.delay.ms should always be less than connections.max.idle.ms", "connection.failed.authentication.delay.ms", "connections.max.idle.ms")
	for _, k := range []string{"create.topic.policy.class.name", "alter.config.policy.class.name"} {
		need(!runs || b.IsNull(k) || b.Text(k) == "", k+" names a Java class, which cannot be loaded: without it requests that it forbids would pass", k)
	}
	return problems
}

func (b *Broker) validateRoles(fail func(error, ...string), need func(bool, string, ...string), runs bool) {
	if err := b.fillListeners(); err != nil {
		fail(err, "listeners", "advertised.listeners", "listener.security.protocol.map")
		return
	}
	for _, l := range slices.Concat(b.Listeners, b.ControllerListeners, b.AdvertisedListeners) {
		if runs && l.Protocol != "PLAINTEXT" {
			fail(fmt.Errorf("listener %s has the protocol %s, and only PLAINTEXT is in effect yet: Gregor does not pretend to be secure", l.Name, l.Protocol), "listeners", "advertised.listeners")
			return
		}
	}
	for _, l := range slices.Concat(b.AdvertisedListeners, b.AdvertisedControllers) {
		need(l.Host != "0.0.0.0", "advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. Use a routable IP address.", "advertised.listeners", "listeners")
	}
	ids := make([]int32, len(b.Voters))
	for i, v := range b.Voters {
		ids[i] = v.ID
	}
	if b.ControllerRole {
		need(len(ids) == 0 || slices.Contains(ids, b.NodeID), fmt.Sprintf("If process.roles contains the 'controller' role, the node id %d must be included in the set of voters controller.quorum.voters=%v", b.NodeID, ids), "controller.quorum.voters", "node.id")
		need(len(b.ControllerListeners) > 0 || b.Alone(), "controller.listener.names must contain at least one value appearing in the 'listeners' configuration when running the KRaft controller role", "controller.listener.names", "listeners")
	} else {
		need(len(ids) > 0 || len(b.BootstrapServers) > 0, "If using process.roles, either controller.quorum.bootstrap.servers must contain the set of bootstrap controllers or controller.quorum.voters must contain a parseable set of controllers.", "process.roles")
		need(!slices.Contains(ids, b.NodeID), fmt.Sprintf("If process.roles contains just the 'broker' role, the node id %d must not be included in the set of voters controller.quorum.voters=%v", b.NodeID, ids), "controller.quorum.voters", "node.id")
		need(len(b.ControllerListeners) == 0, "controller.listener.names must not contain a value appearing in the 'listeners' configuration when running KRaft with just the broker role", "listeners")
	}
	if b.BrokerRole {
		b.validateAdvertised(need)
	} else {
		need(len(b.Listeners) == 0, "The listeners config must only contain KRaft controller listeners from controller.listener.names when process.roles=controller", "listeners")
	}
}

// validateQuorum refuses what would need another node: acting alone where the
// file speaks of others would be pretending.
func (b *Broker) validateQuorum(need func(bool, string, ...string)) {
	need(b.BrokerRole && b.ControllerRole, "process.roles is not in effect yet: this release is broker and controller in one node (process.roles=broker,controller)", "process.roles")
	need(len(b.Voters) <= 1, "controller.quorum.voters is not in effect yet for several voters: this release is a quorum of one node", "controller.quorum.voters")
	need(len(b.BootstrapServers) <= 1, "controller.quorum.bootstrap.servers is not in effect yet for several servers: this release is a quorum of one node", "controller.quorum.bootstrap.servers")
}

func (b *Broker) validateAdvertised(need func(bool, string, ...string)) {
	names := func(listeners []Listener) []string {
		out := make([]string, len(listeners))
		for i, l := range listeners {
			out[i] = l.Name
		}
		return out
	}
	advertised, listening := names(b.AdvertisedListeners), names(b.Listeners)
	need(len(advertised) > 0, "There must be at least one broker advertised listener. Perhaps all listeners appear in controller.listener.names?", "advertised.listeners", "listeners")
	if len(advertised) == 0 {
		return
	}
	need(slices.Contains(advertised, b.InterBrokerListener), "inter.broker.listener.name must be a listener name defined in advertised.listeners. The valid options based on currently configured listeners are "+strings.Join(advertised, ","), "inter.broker.listener.name", "advertised.listeners", "listeners")
	for _, name := range advertised {
		need(slices.Contains(listening, name), "advertised.listeners listener names must be equal to or a subset of the ones defined in listeners. Found "+strings.Join(advertised, ",")+". The valid options based on the current configuration are "+strings.Join(listening, ","), "advertised.listeners")
	}
}

// Alone says that this node is its own whole quorum: such a node needs no
// controller listener.
func (b *Broker) Alone() bool {
	return b.ControllerRole && (len(b.Voters) == 0 && len(b.BootstrapServers) <= 1 || len(b.Voters) == 1 && b.Voters[0].ID == b.NodeID)
}

func (b *Broker) validateLog(need func(bool, string, ...string)) {
	t := b.topicDefaults
	need(t.SegmentMs >= 1, "log.roll.ms must be greater than or equal to 1", "log.roll.ms", "log.roll.hours")
	need(t.SegmentJitterMs >= 0, "log.roll.jitter.ms must be greater than or equal to 0", "log.roll.jitter.ms", "log.roll.jitter.hours")
	need(t.RetentionMs >= 1 || t.RetentionMs == -1, "log.retention.ms must be unlimited (-1) or, greater than or equal to 1", "log.retention.ms", "log.retention.minutes", "log.retention.hours")
	need(b.CleanerThreads == 0 || b.CleanerDedupeBufferBytes/int64(b.CleanerThreads) > 1<<20, "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.", "log.cleaner.dedupe.buffer.size", "log.cleaner.threads")
	wait := b.Int("replica.fetch.wait.max.ms")
	need(wait <= b.Int("replica.socket.timeout.ms"), "replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary socket timeouts", "replica.socket.timeout.ms", "replica.fetch.wait.max.ms")
	need(int64(wait) <= b.ReplicaLagTimeMaxMs, "replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent changes in ISR", "replica.fetch.wait.max.ms", "replica.lag.time.max.ms")
	cordoned := b.List("cordoned.log.dirs")
	if slices.Contains(cordoned, "*") {
		need(len(cordoned) == 1, "When cordoned.log.dirs is set to *, it must not contain other values", "cordoned.log.dirs")
		return
	}
	for _, d := range cordoned {
		need(slices.Contains(b.LogDirs, d), "All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries : "+d, "cordoned.log.dirs")
	}
}

func (b *Broker) validateGroups(need func(bool, string, ...string)) {
	need(b.GroupMinSessionTimeoutMs <= b.GroupMaxSessionTimeoutMs, "group.min.session.timeout.ms must be no more than group.max.session.timeout.ms", "group.min.session.timeout.ms", "group.max.session.timeout.ms")
	need(slices.Contains(b.List("group.coordinator.rebalance.protocols"), "classic"), "Disabling the 'CLASSIC' protocol is not supported.", "group.coordinator.rebalance.protocols")
	between := func(name, least, most string) {
		need(b.Int(name) >= b.Int(least), name+" must be greater than or equal to "+least, name, least)
		need(b.Int(name) <= b.Int(most), name+" must be less than or equal to "+most, name, most)
	}
	for _, kind := range []string{"consumer", "share", "streams"} {
		p := "group." + kind + "."
		for _, k := range []string{"heartbeat.interval.ms", "session.timeout.ms", "assignment.interval.ms"} {
			need(b.Int(p+"max."+k) >= b.Int(p+"min."+k), p+"max."+k+" must be greater than or equal to "+p+"min."+k, p+"max."+k, p+"min."+k)
			between(p+k, p+"min."+k, p+"max."+k)
		}
		need(b.Int(p+"heartbeat.interval.ms") < b.Int(p+"session.timeout.ms"), p+"heartbeat.interval.ms must be less than "+p+"session.timeout.ms", p+"heartbeat.interval.ms", p+"session.timeout.ms")
	}
}
