package controller

import (
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func notYet() Result { return Result{Err: kafka.ErrUnsupportedVersion} }

// RegisterBroker answers *msg.BrokerRegistrationResponse.
func RegisterBroker(in Input, req *msg.BrokerRegistrationRequest) Result { return notYet() }

// BrokerHeartbeat answers *msg.BrokerHeartbeatResponse.
func BrokerHeartbeat(in Input, req *msg.BrokerHeartbeatRequest) Result { return notYet() }

// UnregisterBroker answers *msg.UnregisterBrokerResponse.
func UnregisterBroker(in Input, req *msg.UnregisterBrokerRequest) Result { return notYet() }

// RegisterController answers *msg.ControllerRegistrationResponse.
func RegisterController(in Input, req *msg.ControllerRegistrationRequest) Result { return notYet() }

// CreateTopics answers *msg.CreateTopicsResponse.
func CreateTopics(in Input, req *msg.CreateTopicsRequest) Result { return notYet() }

// DeleteTopics answers *msg.DeleteTopicsResponse.
func DeleteTopics(in Input, req *msg.DeleteTopicsRequest, version int16) Result { return notYet() }

// CreatePartitions answers *msg.CreatePartitionsResponse.
func CreatePartitions(in Input, req *msg.CreatePartitionsRequest) Result { return notYet() }

// IncrementalAlterConfigs answers *msg.IncrementalAlterConfigsResponse.
func IncrementalAlterConfigs(in Input, req *msg.IncrementalAlterConfigsRequest) Result {
	return notYet()
}

// AlterConfigs answers *msg.AlterConfigsResponse.
func AlterConfigs(in Input, req *msg.AlterConfigsRequest) Result { return notYet() }

// ElectLeaders answers *msg.ElectLeadersResponse.
func ElectLeaders(in Input, req *msg.ElectLeadersRequest) Result { return notYet() }

// AlterPartitionReassignments answers *msg.AlterPartitionReassignmentsResponse.
func AlterPartitionReassignments(in Input, req *msg.AlterPartitionReassignmentsRequest) Result {
	return notYet()
}

// ListPartitionReassignments answers *msg.ListPartitionReassignmentsResponse.
func ListPartitionReassignments(in Input, req *msg.ListPartitionReassignmentsRequest) Result {
	return notYet()
}

// AlterPartition answers *msg.AlterPartitionResponse.
func AlterPartition(in Input, req *msg.AlterPartitionRequest, version int16) Result { return notYet() }

// AssignReplicasToDirs answers *msg.AssignReplicasToDirsResponse.
func AssignReplicasToDirs(in Input, req *msg.AssignReplicasToDirsRequest) Result { return notYet() }

// UpdateFeatures answers *msg.UpdateFeaturesResponse.
func UpdateFeatures(in Input, req *msg.UpdateFeaturesRequest, version int16) Result { return notYet() }

// AllocateProducerIDs answers *msg.AllocateProducerIdsResponse.
func AllocateProducerIDs(in Input, req *msg.AllocateProducerIdsRequest) Result { return notYet() }

// AlterClientQuotas answers *msg.AlterClientQuotasResponse.
func AlterClientQuotas(in Input, req *msg.AlterClientQuotasRequest) Result { return notYet() }
