package client

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gregor-stream/gregor/internal/config"
)

// Doubts are the lines about properties that a user should hear of: those that
// no client of Kafka's has, and those that are not heeded here though they
// change what happens. They are sorted by name.
func (p Properties) Doubts() []string {
	known := knownKeys()
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(p)) {
		why, ok := known[key]
		switch {
		case ok && why != "" && p.text(key) != "":
			lines = append(lines, fmt.Sprintf("the client property %s is not heeded: %s", key, why))
		case ok || ownedByOthers(key):
		default:
			line := fmt.Sprintf("no client has the property %s", key)
			if near := config.NearestOf(key, slices.Sorted(maps.Keys(known))); near != "" {
				line += "; did you mean " + near + "?"
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// ownedByOthers says that a key has a part that Kafka leaves to plugins.
func ownedByOthers(key string) bool {
	return strings.HasPrefix(key, "config.providers.") || strings.HasPrefix(key, "metrics.context.")
}

// knownKeys are the keys of ProducerConfig, ConsumerConfig and
// AdminClientConfig of Apache Kafka 4.4, each with why it is not heeded where
// that changes what happens, else with "": it is heeded, or it is about what
// is not here (Java classes of no consequence, metrics of the JVM, the broker's
// side of a login), or it belongs to another kind of client, which Kafka's
// commands do not mind either.
func knownKeys() map[string]string {
	keys := make(map[string]string)
	for _, list := range []string{connectionKeys, securityKeys, oauthKeys, producerKeys, consumerKeys, elsewhereKeys} {
		for key := range strings.FieldsSeq(list) {
			keys[key] = ""
		}
	}
	keys["interceptor.classes"] = "interceptors are Java"
	keys["security.providers"] = "security providers are Java"
	return keys
}

const connectionKeys = `
	bootstrap.controllers bootstrap.resolve.timeout.ms bootstrap.servers client.dns.lookup client.id client.rack
	config.providers connections.max.idle.ms default.api.timeout.ms enable.metrics.push metadata.cluster.check.enable
	metadata.max.age.ms metadata.recovery.rebootstrap.trigger.ms metadata.recovery.strategy receive.buffer.bytes
	reconnect.backoff.max.ms reconnect.backoff.ms request.timeout.ms retries retry.backoff.max.ms retry.backoff.ms
	send.buffer.bytes socket.connection.setup.timeout.max.ms socket.connection.setup.timeout.ms`

const securityKeys = `
	sasl.client.callback.handler.class sasl.jaas.config sasl.kerberos.kinit.cmd sasl.kerberos.min.time.before.relogin
	sasl.kerberos.service.name sasl.kerberos.ticket.renew.jitter sasl.kerberos.ticket.renew.window.factor
	sasl.login.callback.handler.class sasl.login.class sasl.login.connect.timeout.ms sasl.login.read.timeout.ms
	sasl.login.refresh.buffer.seconds sasl.login.refresh.min.period.seconds sasl.login.refresh.window.factor
	sasl.login.refresh.window.jitter sasl.login.retry.backoff.max.ms sasl.login.retry.backoff.ms sasl.mechanism
	security.protocol ssl.cipher.suites ssl.enabled.protocols ssl.endpoint.identification.algorithm
	ssl.engine.factory.class ssl.key.password ssl.keymanager.algorithm ssl.keystore.certificate.chain ssl.keystore.key
	ssl.keystore.location ssl.keystore.password ssl.keystore.type ssl.protocol ssl.provider
	ssl.secure.random.implementation ssl.trustmanager.algorithm ssl.truststore.certificates ssl.truststore.location
	ssl.truststore.password ssl.truststore.type`

const oauthKeys = `
	sasl.oauthbearer.allow.unverified.audience sasl.oauthbearer.allow.unverified.issuer
	sasl.oauthbearer.assertion.algorithm sasl.oauthbearer.assertion.claim.aud
	sasl.oauthbearer.assertion.claim.exp.seconds sasl.oauthbearer.assertion.claim.iss
	sasl.oauthbearer.assertion.claim.jti.include sasl.oauthbearer.assertion.claim.nbf.seconds
	sasl.oauthbearer.assertion.claim.sub sasl.oauthbearer.assertion.file sasl.oauthbearer.assertion.private.key.file
	sasl.oauthbearer.assertion.private.key.passphrase sasl.oauthbearer.assertion.template.file
	sasl.oauthbearer.client.credentials.client.id sasl.oauthbearer.client.credentials.client.secret
	sasl.oauthbearer.clock.skew.seconds sasl.oauthbearer.expected.audience sasl.oauthbearer.expected.issuer
	sasl.oauthbearer.header.urlencode sasl.oauthbearer.jwks.endpoint.refresh.ms
	sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms sasl.oauthbearer.jwks.endpoint.retry.backoff.ms
	sasl.oauthbearer.jwks.endpoint.url sasl.oauthbearer.jwt.retriever.class sasl.oauthbearer.jwt.validator.class
	sasl.oauthbearer.scope sasl.oauthbearer.scope.claim.name sasl.oauthbearer.sub.claim.name
	sasl.oauthbearer.token.endpoint.url`

const producerKeys = `
	acks batch.size buffer.memory buffer.memory.allocation.strategy compression.gzip.level compression.lz4.level
	compression.type compression.zstd.level delivery.timeout.ms enable.idempotence key.serializer linger.ms max.block.ms
	max.in.flight.requests.per.connection max.request.size metadata.max.idle.ms partitioner.adaptive.partitioning.enable
	partitioner.availability.timeout.ms partitioner.class partitioner.ignore.keys partitioner.rack.aware
	transaction.timeout.ms transaction.two.phase.commit.enable transactional.id value.serializer`

const consumerKeys = `
	allow.auto.create.topics auto.commit.interval.ms auto.offset.reset check.crcs enable.auto.commit
	exclude.internal.topics fetch.max.bytes fetch.max.wait.ms fetch.min.bytes group.id group.instance.id group.protocol
	group.remote.assignor heartbeat.interval.ms internal.throw.on.fetch.stable.offset.unsupported isolation.level
	key.deserializer max.partition.fetch.bytes max.poll.interval.ms max.poll.records partition.assignment.strategy
	session.timeout.ms share.acknowledgement.mode share.acquire.mode value.deserializer`

const elsewhereKeys = `metric.reporters metrics.num.samples metrics.recording.level metrics.sample.window.ms`
