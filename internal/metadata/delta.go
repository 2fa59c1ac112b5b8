package metadata

import "github.com/gregor-stream/gregor/internal/kafka"

// Delta names what differs between two images. All lists are sorted and have
// no duplicates, so that whoever acts on them does so in the same order
// everywhere. Look up the new state in the new image.
type Delta struct {
	// Deleted is the topics that are gone, by name. A topic that was deleted
	// and made again is in Deleted with its old id and in Topics with the new.
	Deleted []*Topic
	// Topics is the topics that are new or changed, by name.
	Topics []TopicDelta

	Brokers     []kafka.NodeID // registered, changed or unregistered
	Controllers []kafka.NodeID // the same for controllers
	Features    []string       // names whose level changed
	Configs     []Resource     // resources of which a key changed
	Quotas      []QuotaEntity  // entities of which a limit changed
	ACLs        []kafka.UUID   // entries added or removed
	Scram       []ScramUser    // credentials changed or removed
	Tokens      []string       // delegation tokens changed or removed
	ProducerIDs bool           // Next changed
}

// TopicDelta is one new or changed topic.
type TopicDelta struct {
	Topic      *Topic  // as it is in the new image
	Created    bool    // it was not in the old image
	Partitions []int32 // those that are new or changed, in order
}

// IsEmpty says whether nothing differs.
func (d *Delta) IsEmpty() bool {
	return len(d.Deleted)+len(d.Topics)+len(d.Brokers)+len(d.Controllers)+len(d.Features)+
		len(d.Configs)+len(d.Quotas)+len(d.ACLs)+len(d.Scram)+len(d.Tokens) == 0 && !d.ProducerIDs
}
