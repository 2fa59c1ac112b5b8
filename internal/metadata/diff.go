package metadata

import (
	"iter"
	"reflect"
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// Diff names what differs between any two images. Apply does the same cheaper
// for one step; Diff is for leaps: the first publication, a snapshot, the end
// of a transaction. Parts that the images share are skipped.
func Diff(before, after *Image) *Delta {
	d := &Delta{ProducerIDs: before.ProducerIDs != after.ProducerIDs}
	diffTopics(before, after, d)
	d.Brokers = nodeIDs(differing(before.Cluster.brokers, after.Cluster.brokers, deepEqual))
	d.Controllers = nodeIDs(differing(before.Cluster.controllers, after.Cluster.controllers, deepEqual))
	d.Features = texts(differing(before.Features.levels, after.Features.levels, equal))
	d.Configs = differing(before.Configs.byResource, after.Configs.byResource, sameEntries[text, string])
	d.Quotas = differing(before.Quotas.byEntity, after.Quotas.byEntity, sameEntries[text, float64])
	for _, id := range differing(before.ACLs.byID, after.ACLs.byID, equal) {
		d.ACLs = append(d.ACLs, kafka.UUID(id))
	}
	d.Scram = differing(before.Scram.byUser, after.Scram.byUser, deepEqual)
	d.Tokens = texts(differing(before.Tokens.byID, after.Tokens.byID, deepEqual))
	return d
}

// differing lists the keys whose values differ, in order.
func differing[K ordered[K], V any](before, after sorted[K, V], same func(a, b V) bool) []K {
	if sharesAll(before, after) {
		return nil
	}
	var keys []K
	nextOld, stopOld := iter.Pull2(before.all())
	defer stopOld()
	nextNew, stopNew := iter.Pull2(after.all())
	defer stopNew()
	oldKey, oldValue, oldOK := nextOld()
	newKey, newValue, newOK := nextNew()
	for oldOK || newOK {
		var order int
		switch {
		case !newOK:
			order = -1
		case !oldOK:
			order = 1
		default:
			order = oldKey.compare(newKey)
		}
		switch {
		case order < 0:
			keys = append(keys, oldKey)
			oldKey, oldValue, oldOK = nextOld()
		case order > 0:
			keys = append(keys, newKey)
			newKey, newValue, newOK = nextNew()
		default:
			if !same(oldValue, newValue) {
				keys = append(keys, oldKey)
			}
			oldKey, oldValue, oldOK = nextOld()
			newKey, newValue, newOK = nextNew()
		}
	}
	return keys
}

// sharesAll says whether two maps are one.
func sharesAll[K ordered[K], V any](a, b sorted[K, V]) bool {
	return a.count == b.count && len(a.leaves) == len(b.leaves) && (a.count == 0 || &a.leaves[0] == &b.leaves[0])
}

func equal[V comparable](a, b V) bool { return a == b }

func deepEqual[V any](a, b V) bool { return reflect.DeepEqual(a, b) }

func sameEntries[K ordered[K], V comparable](a, b sorted[K, V]) bool {
	return len(differing(a, b, equal)) == 0
}

func nodeIDs(keys []number) []kafka.NodeID {
	var ids []kafka.NodeID
	for _, k := range keys {
		ids = append(ids, kafka.NodeID(k))
	}
	return ids
}

func texts(keys []text) []string {
	var all []string
	for _, k := range keys {
		all = append(all, string(k))
	}
	return all
}

func diffTopics(before, after *Image, d *Delta) {
	same := func(a, b *Topic) bool { return a == b }
	for _, id := range differing(before.Topics.byID, after.Topics.byID, same) {
		was, existed := before.Topics.byID.get(id)
		is, exists := after.Topics.byID.get(id)
		if !exists {
			d.Deleted = append(d.Deleted, was)
			continue
		}
		if !existed {
			was = &Topic{}
		}
		changed := diffPartitions(was, is)
		if !existed || len(changed) > 0 {
			d.Topics = append(d.Topics, TopicDelta{Topic: is, Created: !existed, Partitions: changed})
		}
	}
	slices.SortFunc(d.Deleted, compareTopics)
	slices.SortFunc(d.Topics, func(a, b TopicDelta) int { return compareTopics(a.Topic, b.Topic) })
}

// diffPartitions lists the partitions of is that was does not have alike.
// Partitions of a topic never go away.
func diffPartitions(was, is *Topic) []int32 {
	var changed []int32
	for n, p := range is.All() {
		old, ok := was.Partition(n)
		if !ok || old != p && !old.equal(p) {
			changed = append(changed, n)
		}
	}
	return changed
}

func (p *Partition) equal(q *Partition) bool {
	return p.Leader == q.Leader && p.LeaderEpoch == q.LeaderEpoch && p.PartitionEpoch == q.PartitionEpoch &&
		p.Recovery == q.Recovery && slices.Equal(p.Replicas, q.Replicas) && slices.Equal(p.Isr, q.Isr) &&
		slices.Equal(p.Removing, q.Removing) && slices.Equal(p.Adding, q.Adding) && slices.Equal(p.Elr, q.Elr) &&
		slices.Equal(p.LastKnownElr, q.LastKnownElr) && slices.Equal(p.Directories, q.Directories)
}
