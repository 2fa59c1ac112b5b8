package api

import "github.com/gregor-stream/gregor/internal/auth"

// Operation is what somebody wants to do, in Kafka's numbering (AclOperation).
type Operation int8

// The operations.
const (
	Read            Operation = 3
	Write           Operation = 4
	Create          Operation = 5
	Delete          Operation = 6
	Alter           Operation = 7
	Describe        Operation = 8
	ClusterAction   Operation = 9
	DescribeConfigs Operation = 10
	AlterConfigs    Operation = 11
	IdempotentWrite Operation = 12
)

// ResourceType is what it is done to, in Kafka's numbering (ResourceType).
type ResourceType int8

// The resource types.
const (
	Topic           ResourceType = 2
	Group           ResourceType = 3
	Cluster         ResourceType = 4
	TransactionalID ResourceType = 5
	DelegationToken ResourceType = 6
)

// ClusterName is the name of the one resource of type Cluster.
const ClusterName = "kafka-cluster"

// Authorizer says who may do what.
type Authorizer interface {
	Authorize(who auth.Principal, host string, op Operation, on ResourceType, name string) bool
}

// allowed asks the authorizer; without one everything is allowed.
func (h *Handlers) allowed(call *Call, op Operation, on ResourceType, name string) bool {
	return h.Authorizer == nil || h.Authorizer.Authorize(call.Principal, call.ClientHost(), op, on, name)
}

// operationsOf are the operations that the caller may do, as the bit field in
// Metadata, DescribeCluster and DescribeGroups answers (KIP-430).
func (h *Handlers) operationsOf(call *Call, on ResourceType, name string) int32 {
	var bits int32
	for _, op := range supportedOperations(on) {
		if h.allowed(call, op, on, name) {
			bits |= 1 << op
		}
	}
	return bits
}

// supportedOperations are those that a kind of resource has (AclEntry).
func supportedOperations(on ResourceType) []Operation {
	switch on {
	case Topic:
		return []Operation{Read, Write, Create, Describe, Delete, Alter, DescribeConfigs, AlterConfigs}
	case Group:
		return []Operation{Read, Describe, Delete, DescribeConfigs, AlterConfigs}
	case Cluster:
		return []Operation{Create, ClusterAction, DescribeConfigs, AlterConfigs, IdempotentWrite, Alter, Describe}
	case TransactionalID:
		return []Operation{Describe, Write}
	case DelegationToken:
		return []Operation{Describe}
	}
	return nil
}
