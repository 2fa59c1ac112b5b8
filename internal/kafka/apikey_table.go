package kafka

// The API keys of the Kafka protocol, as Kafka 4.4 defines them
// (org.apache.kafka.common.protocol.ApiKeys).
const (
	Produce                               APIKey = 0
	Fetch                                 APIKey = 1
	ListOffsets                           APIKey = 2
	Metadata                              APIKey = 3
	LeaderAndIsr                          APIKey = 4
	StopReplica                           APIKey = 5
	UpdateMetadata                        APIKey = 6
	ControlledShutdown                    APIKey = 7
	OffsetCommit                          APIKey = 8
	OffsetFetch                           APIKey = 9
	FindCoordinator                       APIKey = 10
	JoinGroup                             APIKey = 11
	Heartbeat                             APIKey = 12
	LeaveGroup                            APIKey = 13
	SyncGroup                             APIKey = 14
	DescribeGroups                        APIKey = 15
	ListGroups                            APIKey = 16
	SaslHandshake                         APIKey = 17
	ApiVersions                           APIKey = 18
	CreateTopics                          APIKey = 19
	DeleteTopics                          APIKey = 20
	DeleteRecords                         APIKey = 21
	InitProducerId                        APIKey = 22
	OffsetForLeaderEpoch                  APIKey = 23
	AddPartitionsToTxn                    APIKey = 24
	AddOffsetsToTxn                       APIKey = 25
	EndTxn                                APIKey = 26
	WriteTxnMarkers                       APIKey = 27
	TxnOffsetCommit                       APIKey = 28
	DescribeAcls                          APIKey = 29
	CreateAcls                            APIKey = 30
	DeleteAcls                            APIKey = 31
	DescribeConfigs                       APIKey = 32
	AlterConfigs                          APIKey = 33
	AlterReplicaLogDirs                   APIKey = 34
	DescribeLogDirs                       APIKey = 35
	SaslAuthenticate                      APIKey = 36
	CreatePartitions                      APIKey = 37
	CreateDelegationToken                 APIKey = 38
	RenewDelegationToken                  APIKey = 39
	ExpireDelegationToken                 APIKey = 40
	DescribeDelegationToken               APIKey = 41
	DeleteGroups                          APIKey = 42
	ElectLeaders                          APIKey = 43
	IncrementalAlterConfigs               APIKey = 44
	AlterPartitionReassignments           APIKey = 45
	ListPartitionReassignments            APIKey = 46
	OffsetDelete                          APIKey = 47
	DescribeClientQuotas                  APIKey = 48
	AlterClientQuotas                     APIKey = 49
	DescribeUserScramCredentials          APIKey = 50
	AlterUserScramCredentials             APIKey = 51
	Vote                                  APIKey = 52
	BeginQuorumEpoch                      APIKey = 53
	EndQuorumEpoch                        APIKey = 54
	DescribeQuorum                        APIKey = 55
	AlterPartition                        APIKey = 56
	UpdateFeatures                        APIKey = 57
	Envelope                              APIKey = 58
	FetchSnapshot                         APIKey = 59
	DescribeCluster                       APIKey = 60
	DescribeProducers                     APIKey = 61
	BrokerRegistration                    APIKey = 62
	BrokerHeartbeat                       APIKey = 63
	UnregisterBroker                      APIKey = 64
	DescribeTransactions                  APIKey = 65
	ListTransactions                      APIKey = 66
	AllocateProducerIds                   APIKey = 67
	ConsumerGroupHeartbeat                APIKey = 68
	ConsumerGroupDescribe                 APIKey = 69
	ControllerRegistration                APIKey = 70
	GetTelemetrySubscriptions             APIKey = 71
	PushTelemetry                         APIKey = 72
	AssignReplicasToDirs                  APIKey = 73
	ListConfigResources                   APIKey = 74
	DescribeTopicPartitions               APIKey = 75
	ShareGroupHeartbeat                   APIKey = 76
	ShareGroupDescribe                    APIKey = 77
	ShareFetch                            APIKey = 78
	ShareAcknowledge                      APIKey = 79
	AddRaftVoter                          APIKey = 80
	RemoveRaftVoter                       APIKey = 81
	UpdateRaftVoter                       APIKey = 82
	InitializeShareGroupState             APIKey = 83
	ReadShareGroupState                   APIKey = 84
	WriteShareGroupState                  APIKey = 85
	DeleteShareGroupState                 APIKey = 86
	ReadShareGroupStateSummary            APIKey = 87
	StreamsGroupHeartbeat                 APIKey = 88
	StreamsGroupDescribe                  APIKey = 89
	DescribeShareGroupOffsets             APIKey = 90
	AlterShareGroupOffsets                APIKey = 91
	DeleteShareGroupOffsets               APIKey = 92
	StreamsGroupTopologyDescriptionUpdate APIKey = 93
	UnregisterController                  APIKey = 94
)

var apiNames = [...]string{ //nolint:gochecknoglobals // a constant table
	Produce:                               "Produce",
	Fetch:                                 "Fetch",
	ListOffsets:                           "ListOffsets",
	Metadata:                              "Metadata",
	LeaderAndIsr:                          "LeaderAndIsr",
	StopReplica:                           "StopReplica",
	UpdateMetadata:                        "UpdateMetadata",
	ControlledShutdown:                    "ControlledShutdown",
	OffsetCommit:                          "OffsetCommit",
	OffsetFetch:                           "OffsetFetch",
	FindCoordinator:                       "FindCoordinator",
	JoinGroup:                             "JoinGroup",
	Heartbeat:                             "Heartbeat",
	LeaveGroup:                            "LeaveGroup",
	SyncGroup:                             "SyncGroup",
	DescribeGroups:                        "DescribeGroups",
	ListGroups:                            "ListGroups",
	SaslHandshake:                         "SaslHandshake",
	ApiVersions:                           "ApiVersions",
	CreateTopics:                          "CreateTopics",
	DeleteTopics:                          "DeleteTopics",
	DeleteRecords:                         "DeleteRecords",
	InitProducerId:                        "InitProducerId",
	OffsetForLeaderEpoch:                  "OffsetForLeaderEpoch",
	AddPartitionsToTxn:                    "AddPartitionsToTxn",
	AddOffsetsToTxn:                       "AddOffsetsToTxn",
	EndTxn:                                "EndTxn",
	WriteTxnMarkers:                       "WriteTxnMarkers",
	TxnOffsetCommit:                       "TxnOffsetCommit",
	DescribeAcls:                          "DescribeAcls",
	CreateAcls:                            "CreateAcls",
	DeleteAcls:                            "DeleteAcls",
	DescribeConfigs:                       "DescribeConfigs",
	AlterConfigs:                          "AlterConfigs",
	AlterReplicaLogDirs:                   "AlterReplicaLogDirs",
	DescribeLogDirs:                       "DescribeLogDirs",
	SaslAuthenticate:                      "SaslAuthenticate",
	CreatePartitions:                      "CreatePartitions",
	CreateDelegationToken:                 "CreateDelegationToken",
	RenewDelegationToken:                  "RenewDelegationToken",
	ExpireDelegationToken:                 "ExpireDelegationToken",
	DescribeDelegationToken:               "DescribeDelegationToken",
	DeleteGroups:                          "DeleteGroups",
	ElectLeaders:                          "ElectLeaders",
	IncrementalAlterConfigs:               "IncrementalAlterConfigs",
	AlterPartitionReassignments:           "AlterPartitionReassignments",
	ListPartitionReassignments:            "ListPartitionReassignments",
	OffsetDelete:                          "OffsetDelete",
	DescribeClientQuotas:                  "DescribeClientQuotas",
	AlterClientQuotas:                     "AlterClientQuotas",
	DescribeUserScramCredentials:          "DescribeUserScramCredentials",
	AlterUserScramCredentials:             "AlterUserScramCredentials",
	Vote:                                  "Vote",
	BeginQuorumEpoch:                      "BeginQuorumEpoch",
	EndQuorumEpoch:                        "EndQuorumEpoch",
	DescribeQuorum:                        "DescribeQuorum",
	AlterPartition:                        "AlterPartition",
	UpdateFeatures:                        "UpdateFeatures",
	Envelope:                              "Envelope",
	FetchSnapshot:                         "FetchSnapshot",
	DescribeCluster:                       "DescribeCluster",
	DescribeProducers:                     "DescribeProducers",
	BrokerRegistration:                    "BrokerRegistration",
	BrokerHeartbeat:                       "BrokerHeartbeat",
	UnregisterBroker:                      "UnregisterBroker",
	DescribeTransactions:                  "DescribeTransactions",
	ListTransactions:                      "ListTransactions",
	AllocateProducerIds:                   "AllocateProducerIds",
	ConsumerGroupHeartbeat:                "ConsumerGroupHeartbeat",
	ConsumerGroupDescribe:                 "ConsumerGroupDescribe",
	ControllerRegistration:                "ControllerRegistration",
	GetTelemetrySubscriptions:             "GetTelemetrySubscriptions",
	PushTelemetry:                         "PushTelemetry",
	AssignReplicasToDirs:                  "AssignReplicasToDirs",
	ListConfigResources:                   "ListConfigResources",
	DescribeTopicPartitions:               "DescribeTopicPartitions",
	ShareGroupHeartbeat:                   "ShareGroupHeartbeat",
	ShareGroupDescribe:                    "ShareGroupDescribe",
	ShareFetch:                            "ShareFetch",
	ShareAcknowledge:                      "ShareAcknowledge",
	AddRaftVoter:                          "AddRaftVoter",
	RemoveRaftVoter:                       "RemoveRaftVoter",
	UpdateRaftVoter:                       "UpdateRaftVoter",
	InitializeShareGroupState:             "InitializeShareGroupState",
	ReadShareGroupState:                   "ReadShareGroupState",
	WriteShareGroupState:                  "WriteShareGroupState",
	DeleteShareGroupState:                 "DeleteShareGroupState",
	ReadShareGroupStateSummary:            "ReadShareGroupStateSummary",
	StreamsGroupHeartbeat:                 "StreamsGroupHeartbeat",
	StreamsGroupDescribe:                  "StreamsGroupDescribe",
	DescribeShareGroupOffsets:             "DescribeShareGroupOffsets",
	AlterShareGroupOffsets:                "AlterShareGroupOffsets",
	DeleteShareGroupOffsets:               "DeleteShareGroupOffsets",
	StreamsGroupTopologyDescriptionUpdate: "StreamsGroupTopologyDescriptionUpdate",
	UnregisterController:                  "UnregisterController",
}
