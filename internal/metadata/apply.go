package metadata

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// Apply gives the image after the records, and what they changed. The first
// record stands at offset and all were written in epoch. img is not changed.
// A record that does not fit the image (a partition of an unknown topic) is an
// error: the log is damaged, or a decision was wrong.
//
// BeginTransactionRecord and its like change nothing here, see [Loader].
func (img *Image) Apply(offset kafka.Offset, epoch kafka.LeaderEpoch, records []Record) (*Image, *Delta, error) {
	b := newBuilder(img)
	for i, r := range records {
		if err := b.apply(r.Message); err != nil {
			return nil, nil, fmt.Errorf("apply %s at offset %d: %w", r.Message.MessageName(), offset+kafka.Offset(i), err)
		}
	}
	next, delta := b.finish()
	next.Offset = offset + kafka.Offset(len(records))
	next.Epoch = epoch
	return next, delta, nil
}

// At is img with another offset and epoch: records were read that change
// nothing.
func (img *Image) At(offset kafka.Offset, epoch kafka.LeaderEpoch) *Image {
	next := *img
	next.Offset, next.Epoch = offset, epoch
	return &next
}

// builder makes the next image. It owns what it has copied, and shares the
// rest with the old image.
type builder struct {
	old    *Image
	img    Image
	topics map[kafka.TopicID]*topicEdit
	gone   map[kafka.TopicID]*Topic // of the old image
	shared interner

	brokers, controllers map[kafka.NodeID]struct{}
	features, tokens     map[string]struct{}
	configs              map[Resource]struct{}
	quotas               map[QuotaEntity]struct{}
	acls                 map[kafka.UUID]struct{}
	scram                map[ScramUser]struct{}
}

func newBuilder(img *Image) *builder { return &builder{old: img, img: *img} }

// note adds a key to a set that is made when it is first needed.
func note[K comparable](set *map[K]struct{}, key K) {
	if *set == nil {
		*set = make(map[K]struct{})
	}
	(*set)[key] = struct{}{}
}

// apply is the one place in which a record changes an image.
func (b *builder) apply(message Message) error {
	switch r := message.(type) {
	case *msg.TopicRecord:
		return b.topic(r)
	case *msg.PartitionRecord:
		return b.partition(r)
	case *msg.PartitionChangeRecord:
		return b.partitionChange(r)
	case *msg.RemoveTopicRecord:
		return b.removeTopic(r)
	case *msg.ClearElrRecord:
		return b.clearElr(r)
	case *msg.RegisterBrokerRecord:
		b.registerBroker(r)
	case *msg.UnregisterBrokerRecord:
		b.img.Cluster.brokers = b.img.Cluster.brokers.without(number(r.BrokerId))
		note(&b.brokers, kafka.NodeID(r.BrokerId))
	case *msg.FenceBrokerRecord:
		return b.changeBroker(r.Id, r.Epoch, func(next *Broker) error { next.Fenced = true; return nil })
	case *msg.UnfenceBrokerRecord:
		return b.changeBroker(r.Id, r.Epoch, func(next *Broker) error { next.Fenced = false; return nil })
	case *msg.BrokerRegistrationChangeRecord:
		return b.changeBroker(r.BrokerId, r.BrokerEpoch, func(next *Broker) error { return next.change(r) })
	case *msg.RegisterControllerRecord:
		b.registerController(r)
	case *msg.UnregisterControllerRecord:
		b.img.Cluster.controllers = b.img.Cluster.controllers.without(number(r.ControllerId))
		note(&b.controllers, kafka.NodeID(r.ControllerId))
	case *msg.FeatureLevelRecord:
		b.feature(r)
	case *msg.ConfigRecord:
		b.config(r)
	case *msg.ClientQuotaRecord:
		return b.quota(r)
	case *msg.ProducerIdsRecord:
		b.img.ProducerIDs.Next = kafka.ProducerID(r.NextProducerId)
	default:
		return b.applySecurity(message)
	}
	return nil
}

func (b *builder) applySecurity(message Message) error {
	switch r := message.(type) {
	case *msg.AccessControlEntryRecord:
		b.img.ACLs.byID = b.img.ACLs.byID.with(topicKey(r.Id), ACL{
			ID: r.Id, ResourceType: r.ResourceType, ResourceName: r.ResourceName, PatternType: r.PatternType,
			Principal: r.Principal, Host: r.Host, Operation: r.Operation, Permission: r.PermissionType,
		})
		note(&b.acls, r.Id)
	case *msg.RemoveAccessControlEntryRecord:
		if _, ok := b.img.ACLs.ByID(r.Id); !ok {
			return fmt.Errorf("no access control entry %s", r.Id)
		}
		b.img.ACLs.byID = b.img.ACLs.byID.without(topicKey(r.Id))
		note(&b.acls, r.Id)
	case *msg.UserScramCredentialRecord:
		user := ScramUser{Name: r.Name, Mechanism: ScramMechanism(r.Mechanism)}
		b.img.Scram.byUser = b.img.Scram.byUser.with(user, ScramCredential{
			Salt: slices.Clone(r.Salt), StoredKey: slices.Clone(r.StoredKey), ServerKey: slices.Clone(r.ServerKey),
			Iterations: r.Iterations,
		})
		note(&b.scram, user)
	case *msg.RemoveUserScramCredentialRecord:
		user := ScramUser{Name: r.Name, Mechanism: ScramMechanism(r.Mechanism)}
		b.img.Scram.byUser = b.img.Scram.byUser.without(user)
		note(&b.scram, user)
	case *msg.DelegationTokenRecord:
		b.img.Tokens.byID = b.img.Tokens.byID.with(text(r.TokenId), Token{
			ID: r.TokenId, Owner: r.Owner, Requester: r.Requester, Renewers: slices.Clone(r.Renewers),
			Issued: kafka.Timestamp(r.IssueTimestamp), Max: kafka.Timestamp(r.MaxTimestamp),
			Expires: kafka.Timestamp(r.ExpirationTimestamp),
		})
		note(&b.tokens, r.TokenId)
	case *msg.RemoveDelegationTokenRecord:
		b.img.Tokens.byID = b.img.Tokens.byID.without(text(r.TokenId))
		note(&b.tokens, r.TokenId)
	case *msg.NoOpRecord, *msg.BeginTransactionRecord, *msg.EndTransactionRecord, *msg.AbortTransactionRecord,
		*msg.ZkMigrationStateRecord: // nothing of theirs is kept
	default:
		return fmt.Errorf("a %s is no metadata record that is known here", message.MessageName())
	}
	return nil
}

func (b *builder) feature(r *msg.FeatureLevelRecord) {
	if r.Name == KRaftVersion {
		return // KAFKA-18979: control records have it; some Kafkas wrote it here by mistake
	}
	if r.FeatureLevel == 0 {
		b.img.Features.levels = b.img.Features.levels.without(text(r.Name))
	} else {
		b.img.Features.levels = b.img.Features.levels.with(text(r.Name), r.FeatureLevel)
	}
	note(&b.features, r.Name)
}

func (b *builder) config(r *msg.ConfigRecord) {
	b.setConfig(Resource{Type: config.Resource(r.ResourceType), Name: r.ResourceName}, r.Name, r.Value)
}

func (b *builder) setConfig(res Resource, key string, value *string) {
	keys, _ := b.img.Configs.byResource.get(res)
	if value == nil {
		keys = keys.without(text(key))
	} else {
		keys = keys.with(text(key), *value)
	}
	if keys.count == 0 {
		b.img.Configs.byResource = b.img.Configs.byResource.without(res)
	} else {
		b.img.Configs.byResource = b.img.Configs.byResource.with(res, keys)
	}
	note(&b.configs, res)
}

func (b *builder) quota(r *msg.ClientQuotaRecord) error {
	var entity QuotaEntity
	for _, part := range r.Entity {
		name := QuotaName{Set: true, Default: part.EntityName == nil}
		if part.EntityName != nil {
			name.Name = *part.EntityName
		}
		switch part.EntityType {
		case "user":
			entity.User = name
		case "client-id":
			entity.ClientID = name
		case "ip":
			entity.IP = name
		default:
			return fmt.Errorf("a client quota for the unknown entity type %q", part.EntityType)
		}
	}
	limits, _ := b.img.Quotas.byEntity.get(entity)
	if r.Remove {
		limits = limits.without(text(r.Key))
	} else {
		limits = limits.with(text(r.Key), r.Value)
	}
	if limits.count == 0 {
		b.img.Quotas.byEntity = b.img.Quotas.byEntity.without(entity)
	} else {
		b.img.Quotas.byEntity = b.img.Quotas.byEntity.with(entity, limits)
	}
	note(&b.quotas, entity)
	return nil
}

// finish closes the edits of topics and writes down what changed.
func (b *builder) finish() (*Image, *Delta) {
	d := &Delta{
		Brokers:     sortedKeys(b.brokers, func(a, c kafka.NodeID) int { return int(a) - int(c) }),
		Controllers: sortedKeys(b.controllers, func(a, c kafka.NodeID) int { return int(a) - int(c) }),
		Features:    sortedKeys(b.features, strings.Compare),
		Configs:     sortedKeys(b.configs, Resource.compare),
		Quotas:      sortedKeys(b.quotas, QuotaEntity.compare),
		ACLs:        sortedKeys(b.acls, compareUUID),
		Scram:       sortedKeys(b.scram, ScramUser.compare),
		Tokens:      sortedKeys(b.tokens, strings.Compare),
		ProducerIDs: b.img.ProducerIDs != b.old.ProducerIDs,
	}
	b.finishTopics(d)
	return &b.img, d
}

func sortedKeys[K comparable](set map[K]struct{}, compare func(a, b K) int) []K {
	if len(set) == 0 {
		return nil
	}
	keys := make([]K, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compare)
	return keys
}

func compareUUID(a, b kafka.UUID) int { return topicKey(a).compare(topicKey(b)) }
