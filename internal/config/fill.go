package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// fill sets every field from the settings. They have been parsed before, so
// that only what spans several keys can be wrong, and that is validate's work.
func (b *Broker) fill() {
	b.resolve()
	b.fillIdentity()
	b.fillSockets()
	b.fillLog()
	b.fillMetadata()
	b.fillCoordinators()
	b.fillOwn()
	b.topicDefaults = b.makeTopicDefaults()
}

// resolve finds the value of every key: dynamic for this broker, dynamic for
// all, static, default. Where a key has synonyms of other units, only the finest
// of them is dynamic and the finest wins, so that no layer must hide another.
func (b *Broker) resolve() {
	s := &b.set
	s.values = make(map[string]value, 512)
	for _, table := range brokerTables {
		for i := range table {
			k := &table[i]
			if quotaOnly(k.Name) {
				continue
			}
			s.values[k.Name] = k.defaultValue()
		}
	}
	for _, layer := range []map[string]string{s.static, s.dynamicDefault, s.dynamicBroker} {
		for name, text := range layer {
			k := BrokerKey(name)
			if k == nil {
				s.values[name] = value{text: text}
				continue
			}
			if v, err := k.parse(text); err == nil {
				s.values[name] = v
			}
		}
	}
}

func (b *Broker) fillIdentity() {
	b.NodeID = int32(b.Int("node.id")) //nolint:gosec // parsed as 32 bits
	b.Rack = b.Text("broker.rack")
	b.BrokerRole = slices.Contains(b.List("process.roles"), "broker")
	b.ControllerRole = slices.Contains(b.List("process.roles"), "controller")
	b.Voters, _ = parseVoters(b.List("controller.quorum.voters")) // checked with the key
	b.BootstrapServers = b.List("controller.quorum.bootstrap.servers")
	b.LogDirs = b.List("log.dirs")
	if len(b.LogDirs) == 0 {
		b.LogDirs = b.List("log.dir")
	}
	b.MetadataLogDir = b.Text("metadata.log.dir")
	if b.MetadataLogDir == "" && len(b.LogDirs) > 0 {
		b.MetadataLogDir = b.LogDirs[0]
	}
	b.NumPartitions = b.Int("num.partitions")
	b.DefaultReplicationFactor = b.Int("default.replication.factor")
	b.AutoCreateTopics = b.Bool("auto.create.topics.enable")
	b.DeleteTopicEnable = b.Bool("delete.topic.enable")
	b.MessageMaxBytes = b.Int("message.max.bytes")
	b.MaxRequestPartitionSizeLimit = b.Int("max.request.partition.size.limit")
}

func (b *Broker) fillSockets() {
	b.SocketRequestMaxBytes = b.Int("socket.request.max.bytes")
	// Kafka's default holds a fast producer up: the system's buffer grows with
	// what a connection takes, and starts no smaller.
	b.SocketReceiveBufferBytes = -1
	if _, set := b.set.static["socket.receive.buffer.bytes"]; set {
		b.SocketReceiveBufferBytes = b.Int("socket.receive.buffer.bytes")
	}
	b.SocketSendBufferBytes = b.Int("socket.send.buffer.bytes")
	b.SocketListenBacklogSize = b.Int("socket.listen.backlog.size")
	b.MaxConnections = b.Int("max.connections")
	b.MaxConnectionsPerIP = b.Int("max.connections.per.ip")
	b.MaxConnectionsPerIPOverrides, _ = parseIPOverrides(b.Text("max.connections.per.ip.overrides"))
	b.MaxConnectionCreationRate = b.Int("max.connection.creation.rate")
	b.ConnectionsMaxIdleMs = b.Long("connections.max.idle.ms")
	b.QueuedMaxRequestBytes = b.Long("queued.max.request.bytes")
	b.RequestTimeoutMs = b.Int("request.timeout.ms")
	b.FetchMaxBytes = b.Int("fetch.max.bytes")
	b.MaxFetchSessions = b.Int("max.incremental.fetch.session.cache.slots")
}

// parseIPOverrides reads "host:n,host:n".
func parseIPOverrides(s string) (map[string]int, error) {
	overrides := map[string]int{}
	for _, entry := range splitList(s) {
		i := strings.LastIndexByte(entry, ':')
		if i < 0 {
			return nil, fmt.Errorf("max.connections.per.ip.overrides: %q is not host:number", entry)
		}
		n, err := strconv.ParseInt(trim(entry[i+1:]), 10, 32)
		if err != nil || !validHost(trim(entry[:i])) || trim(entry[:i]) == "" {
			return nil, fmt.Errorf("max.connections.per.ip.overrides: %q is not host:number", entry)
		}
		overrides[trim(entry[:i])] = int(n)
	}
	return overrides, nil
}

func (b *Broker) fillLog() {
	b.LogRetentionCheckIntervalMs = b.Long("log.retention.check.interval.ms")
	b.LogFlushSchedulerIntervalMs = b.Long("log.flush.scheduler.interval.ms")
	b.LogFlushOffsetCheckpointIntervalMs = b.Long("log.flush.offset.checkpoint.interval.ms")
	b.LogFlushStartOffsetCheckpointIntervalMs = b.Long("log.flush.start.offset.checkpoint.interval.ms")
	b.HighWatermarkCheckpointIntervalMs = b.Long("replica.high.watermark.checkpoint.interval.ms")
	b.LogInitialTaskDelayMs = b.Long("log.initial.task.delay.ms")
	b.LogDirFailureTimeoutMs = b.Long("log.dir.failure.timeout.ms")
	b.RecoveryThreadsPerDataDir = b.Int("num.recovery.threads.per.data.dir")
	b.JournalBytes = b.Long("gregor.log.journal.bytes")
	b.ProducerIDExpirationMs = b.Int("producer.id.expiration.ms")
	b.ProducerIDExpirationCheckIntervalMs = b.Int("producer.id.expiration.check.interval.ms")
	b.CleanerEnable = b.Bool("log.cleaner.enable")
	b.CleanerThreads = b.Int("log.cleaner.threads")
	b.CleanerBackoffMs = b.Long("log.cleaner.backoff.ms")
	b.CleanerDedupeBufferBytes = b.Long("log.cleaner.dedupe.buffer.size")
	b.CleanerIOBufferBytes = b.Int("log.cleaner.io.buffer.size")
	b.CleanerIOMaxBytesPerSecond = b.Double("log.cleaner.io.max.bytes.per.second")
	b.CleanerLoadFactor = b.Double("log.cleaner.io.buffer.load.factor")
}

func (b *Broker) fillMetadata() {
	b.MetadataSegmentBytes = b.Int("metadata.log.segment.bytes")
	if !b.IsNull("internal.metadata.log.segment.bytes") {
		b.MetadataSegmentBytes = b.Int("internal.metadata.log.segment.bytes")
	}
	b.MetadataSegmentMs = b.Long("metadata.log.segment.ms")
	b.MetadataRetentionBytes = b.Long("metadata.max.retention.bytes")
	b.MetadataRetentionMs = b.Long("metadata.max.retention.ms")
	b.MetadataSnapshotMaxNewRecordBytes = b.Long("metadata.log.max.record.bytes.between.snapshots")
	b.MetadataSnapshotMaxIntervalMs = b.Long("metadata.log.max.snapshot.interval.ms")
	b.MetadataMaxIdleIntervalMs = b.Int("metadata.max.idle.interval.ms")
	b.BrokerSessionTimeoutMs = b.Int("broker.session.timeout.ms")
	b.BrokerHeartbeatIntervalMs = b.Int("broker.heartbeat.interval.ms")
	b.QuorumElectionTimeoutMs = b.Int("controller.quorum.election.timeout.ms")
	b.QuorumFetchTimeoutMs = b.Int("controller.quorum.fetch.timeout.ms")
	b.QuorumAppendLingerMs = b.Int("controller.quorum.append.linger.ms")
	b.LeaderImbalanceCheckIntervalSeconds = b.Long("leader.imbalance.check.interval.seconds")
	b.AutoLeaderRebalance = b.Bool("auto.leader.rebalance.enable")
	b.ReplicaLagTimeMaxMs = b.Long("replica.lag.time.max.ms")
}

func (b *Broker) fillCoordinators() {
	b.GroupMinSessionTimeoutMs = b.Int("group.min.session.timeout.ms")
	b.GroupMaxSessionTimeoutMs = b.Int("group.max.session.timeout.ms")
	b.GroupInitialRebalanceDelayMs = b.Int("group.initial.rebalance.delay.ms")
	b.GroupMaxSize = b.Int("group.max.size")
	b.OffsetMetadataMaxBytes = b.Int("offset.metadata.max.bytes")
	b.OffsetsTopicPartitions = b.Int("offsets.topic.num.partitions")
	b.OffsetsTopicReplicationFactor = b.Int("offsets.topic.replication.factor")
	b.OffsetsTopicSegmentBytes = b.Int("offsets.topic.segment.bytes")
	b.OffsetsTopicCompressionCodec = b.Int("offsets.topic.compression.codec")
	b.OffsetsRetentionMinutes = b.Int("offsets.retention.minutes")
	b.OffsetsRetentionCheckIntervalMs = b.Long("offsets.retention.check.interval.ms")
	b.OffsetsCommitTimeoutMs = b.Int("offsets.commit.timeout.ms")
	b.OffsetsLoadBufferBytes = b.Int("offsets.load.buffer.size")
	b.TransactionMaxTimeoutMs = b.Int("transaction.max.timeout.ms")
	b.TransactionalIDExpirationMs = b.Int("transactional.id.expiration.ms")
	b.TxnTopicPartitions = b.Int("transaction.state.log.num.partitions")
	b.TxnTopicReplicationFactor = b.Int("transaction.state.log.replication.factor")
	b.TxnTopicMinISR = b.Int("transaction.state.log.min.isr")
	b.TxnTopicSegmentBytes = b.Int("transaction.state.log.segment.bytes")
}

func (b *Broker) fillOwn() {
	b.HTTPListeners, _ = parseHTTPListeners(b.List("gregor.http.listeners")) // checked with the key
	b.HTTPPprof = b.Bool("gregor.http.pprof.enable")
	b.SlowRequestMs = b.Long("gregor.log.slow.request.ms")
	b.MetricsTopicsMax = b.Int("gregor.metrics.max.topics")
	b.MetricsPartitionsMax = b.Int("gregor.metrics.max.partitions")
	b.ClientMetricsSeriesMax = b.Int("gregor.client.metrics.max.series")
	b.TelemetryMaxBytes = b.Int("telemetry.max.bytes")
}
