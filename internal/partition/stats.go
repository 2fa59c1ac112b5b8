package partition

import (
	"slices"
	"strings"
	"sync/atomic"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage"
)

// tally counts what happens to one partition: by the batch, never by the
// record. It only rises.
type tally struct {
	records, bytesIn, bytesRejected, appends, appendsFailed atomic.Int64
	bytesOut, replicationBytesOut, reads, readsFailed       atomic.Int64
	upgraded, downgraded                                    atomic.Int64
}

// Counts is what happened to partitions since they were loaded.
type Counts struct {
	Records, BytesIn              int64 // appended
	BytesRejected                 int64 // too large
	Appends, AppendsFailed        int64 // tried; failed for no ordinary reason
	BytesOut, ReplicationBytesOut int64 // sent to consumers, to followers
	Reads, ReadsFailed            int64
	Upgraded, Downgraded          int64 // records written anew: appended, for old consumers
}

func (c *Counts) addTally(t *tally) {
	c.add(&Counts{
		Records: t.records.Load(), BytesIn: t.bytesIn.Load(), BytesRejected: t.bytesRejected.Load(), Appends: t.appends.Load(), AppendsFailed: t.appendsFailed.Load(),
		BytesOut: t.bytesOut.Load(), ReplicationBytesOut: t.replicationBytesOut.Load(), Reads: t.reads.Load(), ReadsFailed: t.readsFailed.Load(),
		Upgraded: t.upgraded.Load(), Downgraded: t.downgraded.Load(),
	})
}

func (c *Counts) addAll(partitions []*Partition) {
	for _, p := range partitions {
		if p != nil {
			c.addTally(&p.tally)
		}
	}
}

func (c *Counts) add(o *Counts) {
	c.Records += o.Records
	c.BytesIn += o.BytesIn
	c.BytesRejected += o.BytesRejected
	c.Appends += o.Appends
	c.AppendsFailed += o.AppendsFailed
	c.BytesOut += o.BytesOut
	c.ReplicationBytesOut += o.ReplicationBytesOut
	c.Reads += o.Reads
	c.ReadsFailed += o.ReadsFailed
	c.Upgraded += o.Upgraded
	c.Downgraded += o.Downgraded
}

// countAppend counts an append. Failures that clients meet in ordinary life
// do not count as such, as in Kafka.
func (p *Partition) countAppend(info *storage.AppendInfo, bytes int, err error) {
	p.tally.appends.Add(1)
	if err == nil {
		if info.LastOffset >= 0 { // an old client may send nothing
			p.tally.records.Add(int64(info.LastOffset-info.FirstOffset) + 1)
		}
		p.tally.bytesIn.Add(int64(bytes))
		if info.Converted > 0 {
			p.tally.upgraded.Add(int64(info.Converted))
		}
		return
	}
	switch kafka.CodeOf(err) {
	case kafka.ErrMessageTooLarge:
		p.tally.bytesRejected.Add(int64(bytes))
	case kafka.ErrUnknownTopicOrPartition, kafka.ErrNotLeaderOrFollower, kafka.ErrRecordListTooLarge,
		kafka.ErrCorruptMessage, kafka.ErrKafkaStorageError, kafka.ErrUnknownTopicID:
	default:
		p.tally.appendsFailed.Add(1)
	}
}

// CountRead counts a fetch that read the partition, and how it went.
func (p *Partition) CountRead(code kafka.Error) {
	p.tally.reads.Add(1)
	switch code {
	case kafka.ErrNone, kafka.ErrUnknownTopicOrPartition, kafka.ErrNotLeaderOrFollower, kafka.ErrUnknownLeaderEpoch, kafka.ErrFencedLeaderEpoch,
		kafka.ErrReplicaNotAvailable, kafka.ErrKafkaStorageError, kafka.ErrInconsistentTopicID, kafka.ErrOffsetOutOfRange:
	default:
		p.tally.readsFailed.Add(1)
	}
}

// CountSent counts bytes of records that go out, to a follower or a consumer.
func (p *Partition) CountSent(bytes int, follower bool) {
	if follower {
		p.tally.replicationBytesOut.Add(int64(bytes))
		return
	}
	p.tally.bytesOut.Add(int64(bytes))
}

// CountDowngraded counts records that were written anew for an old consumer.
func (p *Partition) CountDowngraded(records int) { p.tally.downgraded.Add(int64(records)) }

// Stats is the state of all partitions at one moment, for who observes.
type Stats struct {
	All             Counts // those of partitions that are gone, too
	Partitions      int
	Leads           int
	Offline         int
	UnderReplicated int // of those that this broker leads; so the next two
	UnderMinISR     int
	AtMinISR        int
	Reassigning     int

	Topics []TopicStats   // by name, the first
	Each   []ReplicaStats // by topic and number, the first
	// What is left out of the two lists.
	TopicsOmitted, PartitionsOmitted int
}

// TopicStats is one topic's counts.
type TopicStats struct {
	Name string
	Counts
}

// ReplicaStats is one partition's state.
type ReplicaStats struct {
	kafka.TopicPartition
	Leads           bool
	ISR, Replicas   int // 0 where this broker does not lead
	UnderMin, AtMin bool
	Start, End      kafka.Offset
	StableLag       int64
	Size            int64
	Segments        int
}

// Stats looks at all partitions, and lists so many topics and partitions.
func (s *Set) Stats(topicsMax, partitionsMax int) *Stats {
	out := new(Stats)
	s.mu.RLock()
	out.All = s.gone
	topics := make([]*topic, 0, len(s.byName))
	lists := make(map[*topic][]*Partition, len(s.byName))
	counts := make(map[*topic]Counts, len(s.byName))
	for _, t := range s.byName {
		topics = append(topics, t)
		lists[t] = t.partitions
		// Under the lock, so that a partition counts with the living or with
		// the gone, and the sum never falls.
		sum := t.gone
		sum.addAll(t.partitions)
		counts[t] = sum
		out.All.add(&sum)
	}
	s.mu.RUnlock()
	slices.SortFunc(topics, func(a, b *topic) int { return strings.Compare(a.name, b.name) })
	for _, t := range topics {
		if len(out.Topics) < topicsMax {
			out.Topics = append(out.Topics, TopicStats{t.name, counts[t]})
		} else {
			out.TopicsOmitted++
		}
		for _, p := range lists[t] {
			if p != nil {
				s.partitionStats(out, t, p, partitionsMax)
			}
		}
	}
	return out
}

func (s *Set) partitionStats(out *Stats, t *topic, p *Partition, partitionsMax int) {
	r := p.role.Load()
	st := ReplicaStats{TopicPartition: p.tp, Leads: r.leads && r.offline == nil}
	out.Partitions++
	if r.offline != nil {
		out.Offline++
	}
	if reg, ok := s.image.Load().Topics.Partition(p.tp); ok && st.Leads {
		st.ISR, st.Replicas = len(reg.Isr), len(reg.Replicas)
		least := min(int(t.minISR.Load()), st.Replicas)
		st.UnderMin, st.AtMin = st.ISR < least, st.ISR == least
		out.Leads++
		out.Reassigning += count(reg.Reassigning())
		out.UnderReplicated += count(st.ISR < st.Replicas)
		out.UnderMinISR += count(st.UnderMin)
		out.AtMinISR += count(st.AtMin)
	}
	if len(out.Each) >= partitionsMax {
		out.PartitionsOmitted++
		return
	}
	if log := p.made.Load(); log != nil {
		st.Start, st.End, st.Size, st.Segments = log.LogStartOffset(), log.LogEndOffset(), log.Size(), log.Segments()
		hw := log.HighWatermark()
		st.StableLag = int64(hw - min(log.LastStableOffset(), hw))
	}
	out.Each = append(out.Each, st)
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
