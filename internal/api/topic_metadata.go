package api

import (
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// noOperations is how a response says that nobody asked for operations.
const noOperations = -1 << 31

// view is the metadata as clients of one listener see it.
type view struct {
	img      *metadata.Image
	listener string
}

func (h *Handlers) viewFor(call *Call) view { return view{img: h.Image(), listener: call.Listener} }

// reachable says whether the broker is up and has the listener.
func (v view) reachable(id int32) bool {
	b, ok := v.img.Cluster.Broker(kafka.NodeID(id))
	if !ok || b.Fenced {
		return false
	}
	_, ok = b.Endpoint(v.listener)
	return ok
}

// leader is the leader's id where clients of the listener can reach it; else
// -1 and the code that says why not. newer clients tell a missing listener
// from a missing leader.
func (v view) leader(p *metadata.Partition, newer bool) (int32, kafka.Error) {
	b, ok := v.img.Cluster.Broker(p.Leader)
	if !ok {
		return -1, kafka.ErrLeaderNotAvailable
	}
	if _, ok := b.Endpoint(v.listener); ok {
		return int32(p.Leader), kafka.ErrNone
	}
	if newer {
		return -1, kafka.ErrListenerNotFound
	}
	return -1, kafka.ErrLeaderNotAvailable
}

// alive leaves out the brokers that cannot be reached. It gives back ids
// itself where all can.
func (v view) alive(ids []int32) []int32 {
	if !slices.ContainsFunc(ids, func(id int32) bool { return !v.reachable(id) }) {
		return ids
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id int32) bool { return !v.reachable(id) })
}

// offline are the replicas whose broker or directory is down; nil where none.
func (v view) offline(p *metadata.Partition) []int32 {
	var out []int32
	for _, id := range p.Replicas {
		if !v.reachable(id) || !v.onlineDir(p, id) {
			out = append(out, id)
		}
	}
	return out
}

func (v view) onlineDir(p *metadata.Partition, id int32) bool {
	dir, _ := p.Directory(kafka.NodeID(id))
	switch dir {
	case metadata.DirectoryUnassigned, metadata.DirectoryMigrating:
		return true
	case metadata.DirectoryLost:
		return false
	}
	b, ok := v.img.Cluster.Broker(kafka.NodeID(id))
	return ok && (len(b.LogDirs) == 0 || slices.Contains(b.LogDirs, dir))
}

// metadataTopic describes a topic that exists.
func (v view) metadataTopic(t *metadata.Topic, version int16) msg.MetadataResponseTopic {
	topic := msg.MetadataResponseTopic{
		Name: &t.Name, TopicId: t.ID, IsInternal: kafka.IsInternalTopic(t.Name),
		TopicAuthorizedOperations: noOperations,
		Partitions:                make([]msg.MetadataResponsePartition, 0, t.NumPartitions()),
	}
	for n, p := range t.All() {
		leader, code := v.leader(p, version >= 6)
		out := msg.MetadataResponsePartition{
			PartitionIndex: n, LeaderId: leader, LeaderEpoch: int32(p.LeaderEpoch), ErrorCode: int16(code),
			ReplicaNodes: p.Replicas, IsrNodes: p.Isr, OfflineReplicas: v.offline(p),
		}
		if version == 0 {
			out.ReplicaNodes, out.IsrNodes = v.alive(p.Replicas), v.alive(p.Isr)
			if code == kafka.ErrNone && (len(out.ReplicaNodes) < len(p.Replicas) || len(out.IsrNodes) < len(p.Isr)) {
				out.ErrorCode = int16(kafka.ErrReplicaNotAvailable)
			}
		}
		topic.Partitions = append(topic.Partitions, out)
	}
	return topic
}

// brokers are the brokers that clients of the listener can reach, by id.
func (v view) brokers() []msg.MetadataResponseBroker {
	var out []msg.MetadataResponseBroker
	for b := range v.img.Cluster.Brokers() {
		if e, ok := b.Endpoint(v.listener); ok && !b.Fenced {
			out = append(out, msg.MetadataResponseBroker{NodeId: int32(b.ID), Host: e.Host, Port: int32(e.Port), Rack: b.Rack})
		}
	}
	return out
}

// controllerFor is the node that clients are told to send changes to: any
// broker that is up, because brokers pass them on.
func (h *Handlers) controllerFor(v view) int32 {
	if v.reachable(int32(h.NodeID)) {
		return int32(h.NodeID)
	}
	for b := range v.img.Cluster.Brokers() {
		if !b.Fenced {
			return int32(b.ID)
		}
	}
	return -1
}

// topicError is a topic of which there is nothing to tell but the code.
func topicError(code kafka.Error, name *string, id kafka.TopicID) msg.MetadataResponseTopic {
	return msg.MetadataResponseTopic{
		ErrorCode: int16(code), Name: name, TopicId: id,
		IsInternal:                name != nil && kafka.IsInternalTopic(*name),
		TopicAuthorizedOperations: noOperations,
	}
}
