package config

import "slices"

// Listener is one entry of listeners or advertised.listeners.
type Listener struct {
	Name     string // upper case: PLAINTEXT, CONTROLLER
	Protocol string // PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL
	Host     string // "" is all interfaces (listeners) or the machine's name (advertised)
	Port     int
}

// HTTPListener is one entry of gregor.http.listeners.
type HTTPListener struct {
	Host string // "" is all interfaces
	Port int
}

// Broker is the configuration of one node at one moment: the file, the
// overrides and the dynamic configuration, resolved and checked. It is
// immutable; a dynamic change makes a new one ([Broker.WithDynamic]). Fields
// carry Kafka's names; a key without a field is read with [Broker.Int] and
// its sisters.
type Broker struct {
	// Identity and roles.
	NodeID                int32  // node.id
	Rack                  string // broker.rack; "" is none
	BrokerRole            bool   // process.roles has "broker"
	ControllerRole        bool   // process.roles has "controller"
	Voters                []Voter
	BootstrapServers      []string   // controller.quorum.bootstrap.servers
	Listeners             []Listener // the clients' and brokers'; without the controller's
	ControllerListeners   []Listener
	AdvertisedListeners   []Listener
	AdvertisedControllers []Listener
	InterBrokerListener   string // the name

	// Directories. LogDirs has at least one entry.
	LogDirs        []string
	MetadataLogDir string

	// Topics.
	NumPartitions                int
	DefaultReplicationFactor     int
	AutoCreateTopics             bool // auto.create.topics.enable
	DeleteTopicEnable            bool
	MessageMaxBytes              int
	MaxRequestPartitionSizeLimit int // partitions in one DescribeTopicPartitions answer

	// Sockets and requests.
	SocketRequestMaxBytes        int
	SocketReceiveBufferBytes     int // -1: the system's, as where it is not set
	SocketSendBufferBytes        int // -1: the system's
	SocketListenBacklogSize      int
	MaxConnections               int
	MaxConnectionsPerIP          int
	MaxConnectionsPerIPOverrides map[string]int
	MaxConnectionCreationRate    int
	ConnectionsMaxIdleMs         int64
	QueuedMaxRequestBytes        int64 // -1: no limit
	RequestTimeoutMs             int
	FetchMaxBytes                int
	MaxFetchSessions             int // max.incremental.fetch.session.cache.slots

	// Gregor's own.
	HTTPListeners          []HTTPListener
	HTTPPprof              bool
	SlowRequestMs          int64 // -1: none is logged
	MetricsTopicsMax       int
	MetricsPartitionsMax   int
	ClientMetricsSeriesMax int
	TelemetryMaxBytes      int // telemetry.max.bytes

	// The log.
	LogRetentionCheckIntervalMs             int64
	LogFlushSchedulerIntervalMs             int64
	LogFlushOffsetCheckpointIntervalMs      int64
	LogFlushStartOffsetCheckpointIntervalMs int64
	HighWatermarkCheckpointIntervalMs       int64
	LogInitialTaskDelayMs                   int64
	LogDirFailureTimeoutMs                  int64
	RecoveryThreadsPerDataDir               int
	JournalBytes                            int64
	ProducerIDExpirationMs                  int
	ProducerIDExpirationCheckIntervalMs     int
	CleanerEnable                           bool
	CleanerThreads                          int
	CleanerBackoffMs                        int64
	CleanerDedupeBufferBytes                int64
	CleanerIOBufferBytes                    int
	CleanerIOMaxBytesPerSecond              float64
	CleanerLoadFactor                       float64

	// The metadata log.
	MetadataSegmentBytes                int
	MetadataSegmentMs                   int64
	MetadataRetentionBytes              int64
	MetadataRetentionMs                 int64
	MetadataSnapshotMaxNewRecordBytes   int64
	MetadataSnapshotMaxIntervalMs       int64
	MetadataMaxIdleIntervalMs           int
	BrokerSessionTimeoutMs              int
	BrokerHeartbeatIntervalMs           int
	QuorumElectionTimeoutMs             int
	QuorumFetchTimeoutMs                int
	QuorumAppendLingerMs                int
	LeaderImbalanceCheckIntervalSeconds int64
	AutoLeaderRebalance                 bool
	ReplicaLagTimeMaxMs                 int64

	// Groups.
	GroupMinSessionTimeoutMs        int
	GroupMaxSessionTimeoutMs        int
	GroupInitialRebalanceDelayMs    int
	GroupMaxSize                    int
	OffsetMetadataMaxBytes          int
	OffsetsTopicPartitions          int
	OffsetsTopicReplicationFactor   int
	OffsetsTopicSegmentBytes        int
	OffsetsTopicCompressionCodec    int // CompressionType id
	OffsetsRetentionMinutes         int
	OffsetsRetentionCheckIntervalMs int64
	OffsetsCommitTimeoutMs          int
	OffsetsLoadBufferBytes          int

	// Transactions.
	TransactionMaxTimeoutMs     int
	TransactionalIDExpirationMs int
	TxnTopicPartitions          int
	TxnTopicReplicationFactor   int
	TxnTopicMinISR              int
	TxnTopicSegmentBytes        int

	topicDefaults Topic
	set           settings
}

// settings are where the values came from.
type settings struct {
	static         map[string]string // the file and the overrides, synonyms filled in
	dynamicDefault map[string]string
	dynamicBroker  map[string]string
	values         map[string]value // every key of the table, and unknown ones as they were given
}

// TopicDefaults is the configuration of a topic that overrides nothing.
func (b *Broker) TopicDefaults() Topic { return b.topicDefaults }

// Bool is the value of a boolean key. Like its sisters it panics where the
// table has no such key of that type: that is a broken program.
func (b *Broker) Bool(name string) bool { return b.typed(name, Boolean).flag }

// Int is the value of an int or short key; 0 where it is null.
func (b *Broker) Int(name string) int { return int(b.typed(name, Int, Short).long) }

// Long is the value of a long key; 0 where it is null.
func (b *Broker) Long(name string) int64 { return b.typed(name, Long, Int, Short).long }

// Double is the value of a double key.
func (b *Broker) Double(name string) float64 { return b.typed(name, Double).num }

// Text is the value of a string, class or password key; "" where it is null.
func (b *Broker) Text(name string) string { return b.typed(name, String, Class, Password).text }

// List is the value of a list key; nil where it is null. Do not change it.
func (b *Broker) List(name string) []string { return b.typed(name, List).list }

// IsNull says whether a key has no value at all.
func (b *Broker) IsNull(name string) bool { return b.set.values[name].null }

func (b *Broker) typed(name string, types ...Type) value {
	k := BrokerKey(name)
	if k == nil {
		panic("config: no broker key " + name)
	}
	if slices.Contains(types, k.Type) {
		return b.set.values[name]
	}
	panic("config: broker key " + name + " is of type " + k.Type.String())
}
