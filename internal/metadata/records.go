package metadata

import (
	"iter"
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// Records writes the image out: applied to [Empty], they give an equal image.
// metadata.version comes first, because readers decode what follows by it;
// then the features, nodes, topics, configs, quotas, producer ids, ACLs,
// credentials and tokens, each in order. What the image's metadata.version
// cannot say (directories below 3.7) is left out, as Kafka leaves it out.
func (img *Image) Records() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		w := writer{img: img, yield: yield}
		w.level, _ = img.MetadataLevel()
		_ = w.features() && w.nodes() && w.topics() && w.configs() && w.quotas() && w.security()
	}
}

// writer walks an image. Its methods say whether to go on.
type writer struct {
	img   *Image
	level Level
	yield func(Record) bool
}

func (w *writer) put(m Message, version int16) bool {
	return w.yield(Record{Message: m, Version: version})
}

func (w *writer) features() bool {
	if w.level > 0 && !w.put(&msg.FeatureLevelRecord{Name: MetadataVersion, FeatureLevel: int16(w.level)}, 0) {
		return false
	}
	for name, level := range w.img.Features.All() {
		if name != MetadataVersion && !w.put(&msg.FeatureLevelRecord{Name: name, FeatureLevel: level}, 0) {
			return false
		}
	}
	return true
}

func (w *writer) nodes() bool {
	for b := range w.img.Cluster.Brokers() {
		if !w.put(b.Record(w.level)) {
			return false
		}
	}
	if !w.level.Controllers() {
		return true
	}
	for c := range w.img.Cluster.Controllers() {
		if !w.put(c.Record(), 0) {
			return false
		}
	}
	return true
}

// Record is the registration as a record, and its version.
func (b *Broker) Record(level Level) (*msg.RegisterBrokerRecord, int16) {
	r := &msg.RegisterBrokerRecord{
		BrokerId: int32(b.ID), IncarnationId: b.Incarnation, BrokerEpoch: b.Epoch, Rack: b.Rack,
		Fenced: b.Fenced, InControlledShutdown: b.InControlledShutdown, IsMigratingZkBroker: b.MigratingZk,
	}
	if level.Directories() {
		r.LogDirs = b.LogDirs
	}
	if level.Cordoned() {
		r.CordonedLogDirs = b.CordonedLogDirs
	}
	for _, e := range b.Endpoints {
		r.EndPoints = append(r.EndPoints, msg.RegisterBrokerRecordBrokerEndpoint{
			Name: e.Listener, Host: e.Host, Port: e.Port, SecurityProtocol: int16(e.Protocol),
		})
	}
	for _, f := range b.Features {
		r.Features = append(r.Features, msg.RegisterBrokerRecordBrokerFeature{
			Name: f.Name, MinSupportedVersion: f.Min, MaxSupportedVersion: f.Max,
		})
	}
	return r, level.RegisterBroker()
}

// Record is the registration as a record (version 0).
func (c *Controller) Record() *msg.RegisterControllerRecord {
	r := &msg.RegisterControllerRecord{
		ControllerId: int32(c.ID), IncarnationId: c.Incarnation, ZkMigrationReady: c.ZkMigrationReady,
	}
	for _, e := range c.Endpoints {
		r.EndPoints = append(r.EndPoints, msg.RegisterControllerRecordControllerEndpoint{
			Name: e.Listener, Host: e.Host, Port: e.Port, SecurityProtocol: int16(e.Protocol),
		})
	}
	for _, f := range c.Features {
		r.Features = append(r.Features, msg.RegisterControllerRecordControllerFeature{
			Name: f.Name, MinSupportedVersion: f.Min, MaxSupportedVersion: f.Max,
		})
	}
	return r
}

func (w *writer) topics() bool {
	elr := w.img.Features.Level(EligibleLeaderReplicas) > 0
	for t := range w.img.Topics.All() {
		if !w.put(&msg.TopicRecord{Name: t.Name, TopicId: t.ID}, 0) {
			return false
		}
		for n, p := range t.All() {
			if !w.put(p.Record(t.ID, n, w.level, elr)) {
				return false
			}
		}
	}
	return true
}

// Record is the registration as a record, and its version; elr says whether
// the cluster keeps eligible leader replicas. The record shares the slices.
func (p *Partition) Record(topic kafka.TopicID, n int32, level Level, elr bool) (*msg.PartitionRecord, int16) {
	r := &msg.PartitionRecord{
		PartitionId: n, TopicId: topic, Replicas: p.Replicas, Isr: p.Isr,
		RemovingReplicas: p.Removing, AddingReplicas: p.Adding,
		Leader: int32(p.Leader), LeaderRecoveryState: int8(p.Recovery),
		LeaderEpoch: int32(p.LeaderEpoch), PartitionEpoch: p.PartitionEpoch,
	}
	if level.Directories() {
		r.Directories = p.Directories
	}
	if elr && level.Elr() {
		r.EligibleLeaderReplicas, r.LastKnownElr = p.Elr, p.LastKnownElr // nil where empty
	}
	return r, level.Partition()
}

func (w *writer) configs() bool {
	for res := range w.img.Configs.Resources() {
		for key, value := range w.img.Configs.Of(res) {
			r := &msg.ConfigRecord{ResourceType: int8(res.Type), ResourceName: res.Name, Name: key, Value: &value}
			if !w.put(r, 0) {
				return false
			}
		}
	}
	return true
}

func (w *writer) quotas() bool {
	for entity := range w.img.Quotas.Entities() {
		for key, value := range w.img.Quotas.Of(entity) {
			if !w.put(&msg.ClientQuotaRecord{Entity: entity.Record(), Key: key, Value: value}, 0) {
				return false
			}
		}
	}
	return w.img.ProducerIDs.Next == 0 ||
		w.put(&msg.ProducerIdsRecord{BrokerId: -1, BrokerEpoch: -1, NextProducerId: int64(w.img.ProducerIDs.Next)}, 0)
}

// Record is the entity as a ClientQuotaRecord has it.
func (a QuotaEntity) Record() []msg.ClientQuotaRecordEntityData {
	var parts []msg.ClientQuotaRecordEntityData
	add := func(kind string, n QuotaName) {
		if !n.Set {
			return
		}
		part := msg.ClientQuotaRecordEntityData{EntityType: kind}
		if !n.Default {
			part.EntityName = &n.Name
		}
		parts = append(parts, part)
	}
	add("user", a.User)
	add("client-id", a.ClientID)
	add("ip", a.IP)
	return parts
}

func (w *writer) security() bool {
	for acl := range w.img.ACLs.All() {
		if !w.put(acl.Record(), 0) {
			return false
		}
	}
	if w.level.Scram() {
		for user, c := range w.img.Scram.All() {
			r := &msg.UserScramCredentialRecord{
				Name: user.Name, Mechanism: int8(user.Mechanism), Salt: c.Salt, StoredKey: c.StoredKey,
				ServerKey: c.ServerKey, Iterations: c.Iterations,
			}
			if !w.put(r, 0) {
				return false
			}
		}
	}
	if w.level.Tokens() {
		for t := range w.img.Tokens.All() {
			r := &msg.DelegationTokenRecord{
				Owner: t.Owner, Requester: t.Requester, Renewers: slices.Clone(t.Renewers), TokenId: t.ID,
				IssueTimestamp: int64(t.Issued), MaxTimestamp: int64(t.Max), ExpirationTimestamp: int64(t.Expires),
			}
			if !w.put(r, 0) {
				return false
			}
		}
	}
	return true
}

// Record is the entry as a record (version 0).
func (a ACL) Record() *msg.AccessControlEntryRecord {
	return &msg.AccessControlEntryRecord{
		Id: a.ID, ResourceType: a.ResourceType, ResourceName: a.ResourceName, PatternType: a.PatternType,
		Principal: a.Principal, Host: a.Host, Operation: a.Operation, PermissionType: a.Permission,
	}
}
