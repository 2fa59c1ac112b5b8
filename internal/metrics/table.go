package metrics

// ID names a metric of the table.
type ID int

// The metrics. Those with Kafka's names first, in the order of the page.
const (
	MessagesIn ID = iota
	BytesIn
	BytesOut
	BytesRejected
	ReplicationBytesOut
	ProduceRequests
	FetchRequests
	FailedProduceRequests
	FailedFetchRequests
	ProduceConversions
	FetchConversions
	Requests
	RequestErrors
	TotalTime
	LocalTime
	RemoteTime
	ResponseQueueTime
	ResponseSendTime
	RequestBytes
	ConversionsTime
	TemporaryMemory
	Connections
	ConnectionsCreated
	ConnectionsClosed
	IncomingBytes
	OutgoingBytes
	PartitionCount
	LeaderCount
	OfflineReplicas
	UnderReplicated
	UnderMinISR
	AtMinISR
	Reassigning
	PartitionUnderReplicated
	PartitionISR
	PartitionReplicas
	PartitionUnderMinISR
	PartitionAtMinISR
	PartitionStableLag
	LogSize
	LogEndOffset
	LogStartOffset
	LogSegments
	LogFlush
	OfflineLogDirs
	LogDirOffline
	LogsToRecover
	SegmentsToRecover
	CleanerUtilization
	CleanerRecopy
	CleanerLongest
	CleanerDelay
	CleanerDead
	CleanerDirtiest
	CleanerIdle
	CleanerUncleanable
	CleanerUncleanableBytes
	CleanerRuns
	CleanerRunning
	CleanerRead
	CleanerWritten
	PurgatorySize
	DelayedOperations
	FetchSessions
	FetchSessionPartitions
	FetchSessionEvictions
	Groups
	GroupsEmpty
	GroupsPreparing
	GroupsCompleting
	GroupsStable
	GroupsDead
	OffsetCommits
	ActiveController
	ActiveBrokers
	FencedBrokers
	ShuttingDownBrokers
	GlobalTopics
	GlobalPartitions
	OfflinePartitions
	PreferredImbalance
	LastCommittedRecord
	LastAppliedRecord
	BrokerState
	BrokerLastApplied
	MetadataVersion
	FinalizedLevel
	CurrentController
	RaftState
	RaftLeader
	RaftEpoch
	RaftHighWatermark
	RaftLogEnd
	RaftVoters
	RaftObservers
	ClientInstances
	ClientUnknownSubscriptions
	ClientThrottles
	ClientPushes
	ClientPushErrors

	// Gregor's own.
	BuildInfo
	Ready
	RequestDuration
	ResponseBytes
	SlowRequests
	Rejected
	LogDirTotal
	LogDirFree
	ClientSeries
	Omitted

	metricsCount
)

// kind is the type of a metric in Prometheus' sense.
type kind string

const (
	counter   kind = "counter"
	gauge     kind = "gauge"
	summary   kind = "summary"
	histogram kind = "histogram"
)

// metric is one row of the table.
type metric struct {
	name   string
	kind   kind
	labels []string
	// bean is Kafka's MBean, and after ! its attribute where that is neither
	// Count nor Value; "" for what Kafka does not have.
	bean string
	help string
}

// table is all metrics: the one place where they are defined. docs/metrics.md
// is generated from it.
var table = [metricsCount]metric{ //nolint:gochecknoglobals // a constant table
	MessagesIn:            {"kafka_server_brokertopicmetrics_messagesin_total", counter, topic(), "kafka.server:type=BrokerTopicMetrics,name=MessagesInPerSec", "Records appended by producers and coordinators; without the label topic, those of all topics."},
	BytesIn:               {"kafka_server_brokertopicmetrics_bytesin_total", counter, topic(), "kafka.server:type=BrokerTopicMetrics,name=BytesInPerSec", "Bytes of record batches appended by producers and coordinators, as compressed as they came."},
	BytesOut:              {"kafka_server_brokertopicmetrics_bytesout_total", counter, topic(), "kafka.server:type=BrokerTopicMetrics,name=BytesOutPerSec", "Bytes of record batches sent to consumers."},
	BytesRejected:         {"kafka_server_brokertopicmetrics_bytesrejected_total", counter, topic(), "kafka.server:type=BrokerTopicMetrics,name=BytesRejectedPerSec", "Bytes of record batches that were refused because they are too large."},
	ReplicationBytesOut:   {"kafka_server_brokertopicmetrics_replicationbytesout_total", counter, nil, "kafka.server:type=BrokerTopicMetrics,name=ReplicationBytesOutPerSec", "Bytes of record batches sent to followers."},
	ProduceRequests:       {"kafka_server_brokertopicmetrics_totalproducerequests_total", counter, topic(), "kafka.server:type=BrokerTopicMetrics,name=TotalProduceRequestsPerSec", "Appends tried, one for each partition of a request."},
	FetchRequests:         {"kafka_server_brokertopicmetrics_totalfetchrequests_total", counter, topic(), "kafka.server:type=BrokerTopicMetrics,name=TotalFetchRequestsPerSec", "Reads asked for, one for each partition of a request or of its fetch session."},
	FailedProduceRequests: {"kafka_server_brokertopicmetrics_failedproducerequests_total", counter, topic(), "kafka.server:type=BrokerTopicMetrics,name=FailedProduceRequestsPerSec", "Appends that failed for a reason that clients do not meet in ordinary life: invalid records and timestamps, sequences out of order, too few in-sync replicas. Wrong leaders and too large records do not count, as in Kafka."},
	FailedFetchRequests:   {"kafka_server_brokertopicmetrics_failedfetchrequests_total", counter, topic(), "kafka.server:type=BrokerTopicMetrics,name=FailedFetchRequestsPerSec", "Reads that failed for a reason that clients do not meet in ordinary life."},

	ProduceConversions: {"kafka_server_brokertopicmetrics_producemessageconversions_total", counter, topic(), "kafka.server:type=BrokerTopicMetrics,name=ProduceMessageConversionsPerSec", "Records that were written anew when they were appended: those of producers from before Kafka 0.11, and those whose batch is compressed otherwise than it came."},
	FetchConversions:   {"kafka_server_brokertopicmetrics_fetchmessageconversions_total", counter, topic(), "kafka.server:type=BrokerTopicMetrics,name=FetchMessageConversionsPerSec", "Records that were written anew for consumers from before Kafka 0.11."},

	Requests:          {"kafka_network_requestmetrics_requests_total", counter, []string{"request", "version"}, "kafka.network:type=RequestMetrics,name=RequestsPerSec", "Requests answered, by API and version. A Fetch counts as Fetch and as FetchConsumer or FetchFollower."},
	RequestErrors:     {"kafka_network_requestmetrics_errors_total", counter, []string{"request", "error"}, "kafka.network:type=RequestMetrics,name=ErrorsPerSec", "Error codes in answers, one for each place of an answer that has one; NONE is success."},
	TotalTime:         {"kafka_network_requestmetrics_totaltimems", summary, []string{"request"}, "kafka.network:type=RequestMetrics,name=TotalTimeMs", "From the last byte of the request to the last byte of the answer, in milliseconds. Quantiles are of the last one to two minutes."},
	LocalTime:         {"kafka_network_requestmetrics_localtimems", summary, []string{"request"}, "kafka.network:type=RequestMetrics,name=LocalTimeMs", "Of that, executing."},
	RemoteTime:        {"kafka_network_requestmetrics_remotetimems", summary, []string{"request"}, "kafka.network:type=RequestMetrics,name=RemoteTimeMs", "Of that, waiting: for records, members, acknowledgements or the controller."},
	ResponseQueueTime: {"kafka_network_requestmetrics_responsequeuetimems", summary, []string{"request"}, "kafka.network:type=RequestMetrics,name=ResponseQueueTimeMs", "Of that, waiting for the answers before it on its connection."},
	ResponseSendTime:  {"kafka_network_requestmetrics_responsesendtimems", summary, []string{"request"}, "kafka.network:type=RequestMetrics,name=ResponseSendTimeMs", "Of that, writing the answer."},
	RequestBytes:      {"kafka_network_requestmetrics_requestbytes", summary, []string{"request"}, "kafka.network:type=RequestMetrics,name=RequestBytes", "Bytes of requests, header included."},
	ConversionsTime:   {"kafka_network_requestmetrics_messageconversionstimems", summary, []string{"request"}, "kafka.network:type=RequestMetrics,name=MessageConversionsTimeMs", "Of all that, writing records anew, of Produce and Fetch: for clients from before Kafka 0.11, and with another codec than they came with. As in Kafka every request counts, those without any with 0; in Kafka 4 those of Fetch are always 0."},
	TemporaryMemory:   {"kafka_network_requestmetrics_temporarymemorybytes", summary, []string{"request"}, "kafka.network:type=RequestMetrics,name=TemporaryMemoryBytes", "The memory that this took, beside that of requests and answers. Kafka also counts the length, unpacked, of compressed batches that are only checked; here they are never unpacked as a whole."},

	Connections:        {"kafka_server_socket_server_metrics_connection_count", gauge, listener(), "kafka.server:type=socket-server-metrics!connection-count", "Open connections."},
	ConnectionsCreated: {"kafka_server_socket_server_metrics_connection_creation_total", counter, listener(), "kafka.server:type=socket-server-metrics!connection-creation-total", "Connections accepted."},
	ConnectionsClosed:  {"kafka_server_socket_server_metrics_connection_close_total", counter, listener(), "kafka.server:type=socket-server-metrics!connection-close-total", "Connections closed."},
	IncomingBytes:      {"kafka_server_socket_server_metrics_incoming_byte_total", counter, nil, "kafka.server:type=socket-server-metrics!incoming-byte-total", "Bytes of requests that were read whole."},
	OutgoingBytes:      {"kafka_server_socket_server_metrics_outgoing_byte_total", counter, nil, "kafka.server:type=socket-server-metrics!outgoing-byte-total", "Bytes of answers that were written whole."},

	PartitionCount:  {"kafka_server_replicamanager_partitioncount", gauge, nil, "kafka.server:type=ReplicaManager,name=PartitionCount", "Partitions on this broker."},
	LeaderCount:     {"kafka_server_replicamanager_leadercount", gauge, nil, "kafka.server:type=ReplicaManager,name=LeaderCount", "Partitions that this broker leads."},
	OfflineReplicas: {"kafka_server_replicamanager_offlinereplicacount", gauge, nil, "kafka.server:type=ReplicaManager,name=OfflineReplicaCount", "Partitions on this broker whose log cannot be used."},
	UnderReplicated: {"kafka_server_replicamanager_underreplicatedpartitions", gauge, nil, "kafka.server:type=ReplicaManager,name=UnderReplicatedPartitions", "Partitions led here with replicas that are not in sync."},
	UnderMinISR:     {"kafka_server_replicamanager_underminisrpartitioncount", gauge, nil, "kafka.server:type=ReplicaManager,name=UnderMinIsrPartitionCount", "Partitions led here with fewer in-sync replicas than min.insync.replicas."},
	AtMinISR:        {"kafka_server_replicamanager_atminisrpartitioncount", gauge, nil, "kafka.server:type=ReplicaManager,name=AtMinIsrPartitionCount", "Partitions led here with exactly as many."},

	Reassigning:              {"kafka_server_replicamanager_reassigningpartitions", gauge, nil, "kafka.server:type=ReplicaManager,name=ReassigningPartitions", "Partitions led here that are being reassigned."},
	PartitionUnderReplicated: {"kafka_cluster_partition_underreplicated", gauge, partition(), "kafka.cluster:type=Partition,name=UnderReplicated", "1 where replicas of a partition led here are not in sync."},
	PartitionISR:             {"kafka_cluster_partition_insyncreplicascount", gauge, partition(), "kafka.cluster:type=Partition,name=InSyncReplicasCount", "In-sync replicas of a partition led here."},
	PartitionReplicas:        {"kafka_cluster_partition_replicascount", gauge, partition(), "kafka.cluster:type=Partition,name=ReplicasCount", "Replicas of a partition led here."},
	PartitionUnderMinISR:     {"kafka_cluster_partition_underminisr", gauge, partition(), "kafka.cluster:type=Partition,name=UnderMinIsr", "1 where a partition led here has too few in-sync replicas for acks=all."},
	PartitionAtMinISR:        {"kafka_cluster_partition_atminisr", gauge, partition(), "kafka.cluster:type=Partition,name=AtMinIsr", "1 where it has just enough."},
	PartitionStableLag:       {"kafka_cluster_partition_laststableoffsetlag", gauge, partition(), "kafka.cluster:type=Partition,name=LastStableOffsetLag", "Records between the last stable offset and the high watermark: held back by open transactions."},

	LogSize:           {"kafka_log_log_size", gauge, partition(), "kafka.log:type=Log,name=Size", "Bytes of a partition's segments."},
	LogEndOffset:      {"kafka_log_log_logendoffset", gauge, partition(), "kafka.log:type=Log,name=LogEndOffset", "The offset that the next record gets."},
	LogStartOffset:    {"kafka_log_log_logstartoffset", gauge, partition(), "kafka.log:type=Log,name=LogStartOffset", "The first offset that can be read."},
	LogSegments:       {"kafka_log_log_numlogsegments", gauge, partition(), "kafka.log:type=Log,name=NumLogSegments", "Segments of a partition."},
	LogFlush:          {"kafka_log_logflushstats_logflushrateandtimems", summary, nil, "kafka.log:type=LogFlushStats,name=LogFlushRateAndTimeMs", "Flushes of logs to the disk, and the milliseconds that they took."},
	OfflineLogDirs:    {"kafka_log_logmanager_offlinelogdirectorycount", gauge, nil, "kafka.log:type=LogManager,name=OfflineLogDirectoryCount", "Log directories that cannot be used."},
	LogDirOffline:     {"kafka_log_logmanager_logdirectoryoffline", gauge, dir(), "kafka.log:type=LogManager,name=LogDirectoryOffline", "1 where a log directory cannot be used."},
	LogsToRecover:     {"gregor_recovery_remaining_logs", gauge, dir(), "", "Logs that a start has still to open; Kafka's remainingLogsToRecover, which it has while it starts."},
	SegmentsToRecover: {"gregor_recovery_remaining_segments", gauge, dir(), "", "Segments that a start after a crash has still to read, of the logs that it has begun; Kafka's remainingSegmentsToRecover, over its threads."},

	CleanerUtilization:      {"kafka_log_logcleaner_max_buffer_utilization_percent", gauge, nil, "kafka.log:type=LogCleaner,name=max-buffer-utilization-percent", "How full the map from keys to offsets was: the most of each thread's last compaction."},
	CleanerRecopy:           {"kafka_log_logcleaner_cleaner_recopy_percent", gauge, nil, "kafka.log:type=LogCleaner,name=cleaner-recopy-percent", "Bytes written for 100 that were read, in each thread's last compaction."},
	CleanerLongest:          {"kafka_log_logcleaner_max_clean_time_secs", gauge, nil, "kafka.log:type=LogCleaner,name=max-clean-time-secs", "The longest of each thread's last compaction, in whole seconds."},
	CleanerDelay:            {"kafka_log_logcleaner_max_compaction_delay_secs", gauge, nil, "kafka.log:type=LogCleaner,name=max-compaction-delay-secs", "For how long max.compaction.lag.ms is exceeded, in whole seconds."},
	CleanerDead:             {"kafka_log_logcleaner_deadthreadcount", gauge, nil, "kafka.log:type=LogCleaner,name=DeadThreadCount", "Always 0: what cannot be compacted is counted below, and ends no thread."},
	CleanerDirtiest:         {"kafka_log_logcleanermanager_max_dirty_percent", gauge, nil, "kafka.log:type=LogCleanerManager,name=max-dirty-percent", "Of the dirtiest compacted log, the bytes of 100 that could be compacted."},
	CleanerIdle:             {"kafka_log_logcleanermanager_time_since_last_run_ms", gauge, nil, "kafka.log:type=LogCleanerManager,name=time-since-last-run-ms", "Milliseconds since the cleaner last looked what is to be compacted."},
	CleanerUncleanable:      {"kafka_log_logcleanermanager_uncleanable_partitions_count", gauge, dir(), "kafka.log:type=LogCleanerManager,name=uncleanable-partitions-count", "Logs that could not be compacted, and wait for the next start."},
	CleanerUncleanableBytes: {"kafka_log_logcleanermanager_uncleanable_bytes", gauge, dir(), "kafka.log:type=LogCleanerManager,name=uncleanable-bytes", "Bytes that could be compacted in them."},
	CleanerRuns:             {"gregor_cleaner_compactions_total", counter, nil, "", "Compactions that ended."},
	CleanerRunning:          {"gregor_cleaner_running", gauge, nil, "", "Compactions under way."},
	CleanerRead:             {"gregor_cleaner_read_bytes_total", counter, nil, "", "Bytes that compactions read, those read twice counted twice."},
	CleanerWritten:          {"gregor_cleaner_written_bytes_total", counter, nil, "", "Bytes that compactions wrote."},

	PurgatorySize:          {"kafka_server_delayedoperationpurgatory_purgatorysize", gauge, []string{"delayedOperation"}, "kafka.server:type=DelayedOperationPurgatory,name=PurgatorySize", "Requests that wait: Produce for acknowledgements, Fetch for records, Rebalance for members. Gregor has no purgatory; each counts once."},
	DelayedOperations:      {"kafka_server_delayedoperationpurgatory_numdelayedoperations", gauge, []string{"delayedOperation"}, "kafka.server:type=DelayedOperationPurgatory,name=NumDelayedOperations", "The same number."},
	FetchSessions:          {"kafka_server_fetchsessioncache_numincrementalfetchsessions", gauge, nil, "kafka.server:type=FetchSessionCache,name=NumIncrementalFetchSessions", "Incremental fetch sessions."},
	FetchSessionPartitions: {"kafka_server_fetchsessioncache_numincrementalfetchpartitionscached", gauge, nil, "kafka.server:type=FetchSessionCache,name=NumIncrementalFetchPartitionsCached", "Partitions in them."},
	FetchSessionEvictions:  {"kafka_server_fetchsessioncache_incrementalfetchsessionevictions_total", counter, nil, "kafka.server:type=FetchSessionCache,name=IncrementalFetchSessionEvictionsPerSec", "Sessions that had to make room for others."},

	Groups:           {"kafka_coordinator_group_groupmetadatamanager_numgroups", gauge, nil, "kafka.coordinator.group:type=GroupMetadataManager,name=NumGroups", "Classic groups coordinated here."},
	GroupsEmpty:      {"kafka_coordinator_group_groupmetadatamanager_numgroupsempty", gauge, nil, "kafka.coordinator.group:type=GroupMetadataManager,name=NumGroupsEmpty", "Of those, without members."},
	GroupsPreparing:  {"kafka_coordinator_group_groupmetadatamanager_numgroupspreparingrebalance", gauge, nil, "kafka.coordinator.group:type=GroupMetadataManager,name=NumGroupsPreparingRebalance", "Of those, waiting for members to join."},
	GroupsCompleting: {"kafka_coordinator_group_groupmetadatamanager_numgroupscompletingrebalance", gauge, nil, "kafka.coordinator.group:type=GroupMetadataManager,name=NumGroupsCompletingRebalance", "Of those, waiting for the assignment."},
	GroupsStable:     {"kafka_coordinator_group_groupmetadatamanager_numgroupsstable", gauge, nil, "kafka.coordinator.group:type=GroupMetadataManager,name=NumGroupsStable", "Of those, at work."},
	GroupsDead:       {"kafka_coordinator_group_groupmetadatamanager_numgroupsdead", gauge, nil, "kafka.coordinator.group:type=GroupMetadataManager,name=NumGroupsDead", "Of those, about to go."},
	OffsetCommits:    {"kafka_server_group_coordinator_metrics_offset_commit_count", counter, nil, "kafka.server:type=group-coordinator-metrics!offset-commit-count", "Offsets committed."},

	ActiveController:    {"kafka_controller_kafkacontroller_activecontrollercount", gauge, nil, "kafka.controller:type=KafkaController,name=ActiveControllerCount", "1 where this node is the active controller. Over a cluster the sum must be 1."},
	ActiveBrokers:       {"kafka_controller_kafkacontroller_activebrokercount", gauge, nil, "kafka.controller:type=KafkaController,name=ActiveBrokerCount", "Registered brokers that may lead."},
	FencedBrokers:       {"kafka_controller_kafkacontroller_fencedbrokercount", gauge, nil, "kafka.controller:type=KafkaController,name=FencedBrokerCount", "Registered brokers that may not."},
	ShuttingDownBrokers: {"kafka_controller_kafkacontroller_controlledshutdownbrokercount", gauge, nil, "kafka.controller:type=KafkaController,name=ControlledShutdownBrokerCount", "Brokers that are being shut down."},
	GlobalTopics:        {"kafka_controller_kafkacontroller_globaltopiccount", gauge, nil, "kafka.controller:type=KafkaController,name=GlobalTopicCount", "Topics of the cluster."},
	GlobalPartitions:    {"kafka_controller_kafkacontroller_globalpartitioncount", gauge, nil, "kafka.controller:type=KafkaController,name=GlobalPartitionCount", "Partitions of the cluster."},
	OfflinePartitions:   {"kafka_controller_kafkacontroller_offlinepartitionscount", gauge, nil, "kafka.controller:type=KafkaController,name=OfflinePartitionsCount", "Partitions without a leader."},
	PreferredImbalance:  {"kafka_controller_kafkacontroller_preferredreplicaimbalancecount", gauge, nil, "kafka.controller:type=KafkaController,name=PreferredReplicaImbalanceCount", "Partitions that another than the first replica leads."},
	LastCommittedRecord: {"kafka_controller_kafkacontroller_lastcommittedrecordoffset", gauge, nil, "kafka.controller:type=KafkaController,name=LastCommittedRecordOffset", "The offset of the newest committed metadata record."},
	LastAppliedRecord:   {"kafka_controller_kafkacontroller_lastappliedrecordoffset", gauge, nil, "kafka.controller:type=KafkaController,name=LastAppliedRecordOffset", "The offset of the newest applied metadata record."},

	BrokerState:       {"kafka_server_kafkaserver_brokerstate", gauge, nil, "kafka.server:type=KafkaServer,name=BrokerState", "1 starting, 2 recovering, 3 running, 6 waiting for the controller's leave to stop, 7 stopping."},
	BrokerLastApplied: {"kafka_server_broker_metadata_metrics_last_applied_record_offset", gauge, nil, "kafka.server:type=broker-metadata-metrics!last-applied-record-offset", "The offset of the newest metadata record that the broker follows."},
	MetadataVersion:   {"kafka_server_metadataloader_currentmetadataversion", gauge, nil, "kafka.server:type=MetadataLoader,name=CurrentMetadataVersion", "The feature level of metadata.version."},
	FinalizedLevel:    {"kafka_server_metadataloader_finalizedlevel", gauge, []string{"featureName"}, "kafka.server:type=MetadataLoader,name=FinalizedLevel", "The finalized level of each feature."},
	CurrentController: {"kafka_server_metadataloader_currentcontrollerid", gauge, nil, "kafka.server:type=MetadataLoader,name=CurrentControllerId", "The id of the active controller; -1 where none is known."},

	RaftState:         {"kafka_server_raft_metrics_current_state_info", gauge, []string{"state"}, "kafka.server:type=raft-metrics!current-state", "1, with this node's part in the metadata quorum as its label: leader, follower or candidate."},
	RaftLeader:        {"kafka_server_raft_metrics_current_leader", gauge, nil, "kafka.server:type=raft-metrics!current-leader", "The id of the quorum's leader; -1 where none is known."},
	RaftEpoch:         {"kafka_server_raft_metrics_current_epoch", gauge, nil, "kafka.server:type=raft-metrics!current-epoch", "The quorum's epoch."},
	RaftHighWatermark: {"kafka_server_raft_metrics_high_watermark", gauge, nil, "kafka.server:type=raft-metrics!high-watermark", "The end of what is committed of the metadata log."},
	RaftLogEnd:        {"kafka_server_raft_metrics_log_end_offset", gauge, nil, "kafka.server:type=raft-metrics!log-end-offset", "The end of the metadata log."},
	RaftVoters:        {"kafka_server_raft_metrics_number_of_voters", gauge, nil, "kafka.server:type=raft-metrics!number-of-voters", "Voters of the quorum."},
	RaftObservers:     {"kafka_server_raft_metrics_number_of_observers", gauge, nil, "kafka.server:type=raft-metrics!number-of-observers", "Observers of the quorum."},

	ClientInstances:            {"kafka_server_client_metrics_instance_count", gauge, nil, "kafka.server:type=client-metrics!instance-count", "Client instances that asked which metrics to push (KIP-714)."},
	ClientUnknownSubscriptions: {"kafka_server_client_metrics_unknown_subscription_request_count", counter, nil, "kafka.server:type=client-metrics!unknown-subscription-request-count", "Pushes refused because the subscriptions had changed."},
	ClientThrottles:            {"kafka_server_client_metrics_throttle_count", counter, nil, "kafka.server:type=client-metrics!throttle-count", "Requests refused because they came before the push interval was over; of all clients together."},
	ClientPushes:               {"kafka_server_client_metrics_plugin_export_count", counter, nil, "kafka.server:type=client-metrics!plugin-export-count", "Pushes that were taken; of all clients together."},
	ClientPushErrors:           {"kafka_server_client_metrics_plugin_error_count", counter, nil, "kafka.server:type=client-metrics!plugin-error-count", "Pushes that could not be read; of all clients together."},

	BuildInfo:       {"gregor_build_info", gauge, []string{"version", "kafka", "node", "cluster"}, "", "1, with Gregor's version, Kafka's that it is like, the node's id and the cluster's as labels."},
	Ready:           {"gregor_ready", gauge, nil, "", "1 where /readyz says ready."},
	RequestDuration: {"gregor_request_duration_seconds", histogram, []string{"request"}, "", "The total time of requests as a histogram, which can be added up over brokers."},
	ResponseBytes:   {"gregor_response_bytes_total", counter, []string{"request"}, "", "Bytes of answers."},
	SlowRequests:    {"gregor_slow_requests_total", counter, []string{"request"}, "", "Requests that took longer than gregor.log.slow.request.ms, the time that the client asked to wait not counted."},
	Rejected:        {"gregor_rejected_total", counter, []string{"reason"}, "", "Clients turned away or cut off, by reason (see the page on observing)."},
	LogDirTotal:     {"gregor_logdir_total_bytes", gauge, dir(), "", "The size of the file system of a log directory."},
	LogDirFree:      {"gregor_logdir_free_bytes", gauge, dir(), "", "What is free of it."},
	ClientSeries:    {"gregor_client_series", gauge, nil, "", "Series of clients' own metrics that are kept; each is shown as gregor_client_ and its name."},
	Omitted:         {"gregor_omitted", gauge, []string{"what"}, "", "What has no metrics of its own because of a limit: topics and partitions now, client_series since the start."},
}

func topic() []string     { return []string{"topic"} }
func listener() []string  { return []string{"listener"} }
func partition() []string { return []string{"topic", "partition"} }
func dir() []string       { return []string{"logDirectory"} }
