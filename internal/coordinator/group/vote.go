package group

import (
	"bytes"
	"slices"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/msg"
)

// elect chooses the protocol of the next generation: of those that all members
// support, the one for which most members vote. Among equals Kafka takes the
// first in the order of a Java HashMap, and so do we: an assignment strategy
// that differs from run to run would be a surprise.
func (g *classic) elect() string {
	candidate := func(name string) bool { return g.supporters[name] == len(g.members) }
	votes := map[string]int{}
	var names []string // in the order of the first vote
	for m := g.first; m != nil; m = m.next {
		if name, ok := m.vote(candidate); ok {
			if votes[name] == 0 {
				names = append(names, name)
			}
			votes[name]++
		}
	}
	buckets := coordinator.JavaBuckets(len(names))
	slices.SortStableFunc(names, func(a, b string) int {
		return int(coordinator.JavaBucket(coordinator.JavaHash(a), buckets) - coordinator.JavaBucket(coordinator.JavaHash(b), buckets))
	})
	best := ""
	for _, name := range names {
		if votes[name] > votes[best] {
			best = name
		}
	}
	return best
}

// topics are the topics that the members subscribe to, false where that cannot
// be known: another protocol type, no protocol yet, metadata that is not a
// consumer's.
func (g *classic) topics() (map[string]struct{}, bool) {
	if !g.usesConsumerProtocol() {
		return nil, false
	}
	all := map[string]struct{}{}
	if len(g.members) == 0 {
		return all, true
	}
	if g.protocol == nil {
		return nil, false
	}
	var r msg.Reader
	var subscription msg.ConsumerProtocolSubscription
	var before []byte
	for m := g.first; m != nil; m = m.next {
		// Every version begins as version 0 does, after the version's number.
		metadata := m.metadata(*g.protocol)
		if len(metadata) < 2 {
			return nil, false
		}
		if bytes.Equal(metadata, before) {
			continue
		}
		before = metadata
		r.Reset(metadata[2:])
		if err := subscription.Decode(&r, 0); err != nil {
			return nil, false
		}
		for _, topic := range subscription.Topics {
			all[topic] = struct{}{}
		}
	}
	return all, true
}
