package node

import (
	"context"
	"strconv"
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator/group"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/metrics"
	"github.com/gregor-stream/gregor/internal/msg"
)

func versionName(v int) string { return strconv.Itoa(v) }

// The states of a broker, in Kafka's numbering.
const (
	stateStarting = 1
	stateRecovery = 2
	stateRunning  = 3
	stateLeaving  = 6
	stateStopping = 7
)

const millisPerSecond = 1000

// groupsWithin bounds how long a scrape waits for the coordinators.
const groupsWithin = time.Second

// state shows a node to metrics: what it is asked, it looks up in the rooms.
type state struct{ n *Node }

// Collect shows the node. While it starts there is little to show.
func (s state) Collect(now time.Time, into *metrics.Sink) {
	n := s.n
	into.Set(metrics.BrokerState, float64(n.state.Load()))
	into.SetFlag(metrics.Ready, len(n.unready()) == 0)
	for _, d := range n.progress.Remaining() {
		into.Set(metrics.LogsToRecover, float64(d.Logs), d.Dir)
		into.Set(metrics.SegmentsToRecover, float64(d.Segments), d.Dir)
	}
	if !n.built.Load() {
		return
	}
	into.Set(metrics.BuildInfo, 1, n.cfg.Version, msg.KafkaVersion, strconv.Itoa(int(n.id())), n.clusterID)
	s.partitions(into)
	s.dirs(into)
	s.cleaner(into)
	s.work(into)
	s.groups(into)
	s.quorum(into)
	s.cluster(into)
}

func (s state) partitions(into *metrics.Sink) {
	b := s.n.broker.Load()
	st := s.n.set.Stats(b.MetricsTopicsMax, b.MetricsPartitionsMax)
	set := func(id metrics.ID, v int) { into.Set(id, float64(v)) }
	set(metrics.PartitionCount, st.Partitions)
	set(metrics.LeaderCount, st.Leads)
	set(metrics.OfflineReplicas, st.Offline)
	set(metrics.UnderReplicated, st.UnderReplicated)
	set(metrics.UnderMinISR, st.UnderMinISR)
	set(metrics.AtMinISR, st.AtMinISR)
	set(metrics.Reassigning, st.Reassigning)
	into.Set(metrics.Omitted, float64(st.TopicsOmitted), "topics")
	into.Set(metrics.Omitted, float64(st.PartitionsOmitted), "partitions")
	into.Set(metrics.ReplicationBytesOut, float64(st.All.ReplicationBytesOut))
	topics := []struct {
		id    metrics.ID
		all   int64
		value func(i int) int64
	}{
		{metrics.MessagesIn, st.All.Records, func(i int) int64 { return st.Topics[i].Records }},
		{metrics.BytesIn, st.All.BytesIn, func(i int) int64 { return st.Topics[i].BytesIn }},
		{metrics.BytesOut, st.All.BytesOut, func(i int) int64 { return st.Topics[i].BytesOut }},
		{metrics.BytesRejected, st.All.BytesRejected, func(i int) int64 { return st.Topics[i].BytesRejected }},
		{metrics.ProduceRequests, st.All.Appends, func(i int) int64 { return st.Topics[i].Appends }},
		{metrics.FetchRequests, st.All.Reads, func(i int) int64 { return st.Topics[i].Reads }},
		{metrics.FailedProduceRequests, st.All.AppendsFailed, func(i int) int64 { return st.Topics[i].AppendsFailed }},
		{metrics.ProduceConversions, st.All.Upgraded, func(i int) int64 { return st.Topics[i].Upgraded }},
		{metrics.FetchConversions, st.All.Downgraded, func(i int) int64 { return st.Topics[i].Downgraded }},
		{metrics.FailedFetchRequests, st.All.ReadsFailed, func(i int) int64 { return st.Topics[i].ReadsFailed }},
	}
	for _, t := range topics {
		into.Set(t.id, float64(t.all))
		for i := range st.Topics {
			into.Set(t.id, float64(t.value(i)), st.Topics[i].Name)
		}
	}
	for i := range st.Each {
		p := &st.Each[i]
		number := strconv.Itoa(int(p.Partition))
		set := func(id metrics.ID, v int64) { into.Set(id, float64(v), p.Topic, number) }
		set(metrics.LogSize, p.Size)
		set(metrics.LogStartOffset, int64(p.Start))
		set(metrics.LogEndOffset, int64(p.End))
		set(metrics.LogSegments, int64(p.Segments))
		set(metrics.PartitionISR, int64(p.ISR))
		set(metrics.PartitionReplicas, int64(p.Replicas))
		set(metrics.PartitionStableLag, p.StableLag)
		into.SetFlag(metrics.PartitionUnderReplicated, p.ISR < p.Replicas, p.Topic, number)
		into.SetFlag(metrics.PartitionUnderMinISR, p.UnderMin, p.Topic, number)
		into.SetFlag(metrics.PartitionAtMinISR, p.AtMin, p.Topic, number)
	}
}

func (s state) dirs(into *metrics.Sink) {
	offline := 0
	for _, d := range s.n.dirs {
		if !d.data {
			continue
		}
		total, free, err := s.n.cfg.FS.Usage(d.path)
		if failed := s.n.set.DirFailed(d.path); err != nil || failed {
			offline++
			into.SetFlag(metrics.LogDirOffline, true, d.path)
			continue
		}
		into.Set(metrics.LogDirTotal, float64(total), d.path)
		into.Set(metrics.LogDirFree, float64(free), d.path)
		into.SetFlag(metrics.LogDirOffline, false, d.path)
	}
	into.Set(metrics.OfflineLogDirs, float64(offline))
	into.SetSummary(metrics.LogFlush, &s.n.flushes, microsecondsPerMilli, "")
}

func (s state) cleaner(into *metrics.Sink) {
	st := s.n.set.CleanerStats()
	whole := func(id metrics.ID, v int64) { into.Set(id, float64(v)) } // as Kafka cuts them
	whole(metrics.CleanerUtilization, int64(100*st.Utilization))
	whole(metrics.CleanerRecopy, int64(100*st.RecopyRatio))
	whole(metrics.CleanerLongest, int64(st.LongestClean.Seconds()))
	whole(metrics.CleanerDelay, st.OverdueMs/millisPerSecond)
	whole(metrics.CleanerDead, 0)
	whole(metrics.CleanerDirtiest, int64(100*st.DirtyRatio))
	whole(metrics.CleanerIdle, st.SinceLook.Milliseconds())
	for dir, u := range st.Uncleanable {
		into.Set(metrics.CleanerUncleanable, float64(u.Partitions), dir)
		into.Set(metrics.CleanerUncleanableBytes, float64(u.Bytes), dir)
	}
	whole(metrics.CleanerRuns, st.Runs)
	whole(metrics.CleanerRunning, int64(st.Running))
	whole(metrics.CleanerRead, st.Read)
	whole(metrics.CleanerWritten, st.Written)
}

func (s state) work(into *metrics.Sink) {
	st := s.n.handlers.Stats()
	for name, waiting := range map[string]int64{"Produce": st.WaitingProduce, "Fetch": st.WaitingFetch, "Rebalance": st.WaitingGroup} {
		into.Set(metrics.PurgatorySize, float64(waiting), name)
		into.Set(metrics.DelayedOperations, float64(waiting), name)
	}
	into.Set(metrics.FetchSessions, float64(st.FetchSessions))
	into.Set(metrics.FetchSessionPartitions, float64(st.FetchSessionPartitions))
	into.Set(metrics.FetchSessionEvictions, float64(st.FetchSessionEvictions))
	into.Set(metrics.OffsetCommits, float64(st.OffsetsCommitted))
	if srv := s.n.server.Load(); srv != nil {
		for name, t := range srv.Traffic() {
			into.Set(metrics.Connections, float64(t.Open), name)
			into.Set(metrics.ConnectionsCreated, float64(t.Created), name)
			into.Set(metrics.ConnectionsClosed, float64(t.Closed), name)
		}
	}
}

// groups counts the groups by state. Where the coordinators do not answer in
// time, this scrape has none.
func (s state) groups(into *metrics.Sink) {
	ctx, cancel := context.WithTimeout(context.Background(), groupsWithin)
	defer cancel()
	answer := s.n.groups.ListGroups(ctx, group.Caller{}, new(msg.ListGroupsRequest))
	if answer.ErrorCode != 0 {
		return
	}
	states, classic := map[string]int{}, 0
	for i := range answer.Groups {
		if kind := answer.Groups[i].GroupType; kind == "" || kind == "classic" {
			states[answer.Groups[i].GroupState]++
			classic++
		}
	}
	into.Set(metrics.Groups, float64(classic))
	for id, name := range map[metrics.ID]string{
		metrics.GroupsEmpty: "Empty", metrics.GroupsPreparing: "PreparingRebalance", metrics.GroupsCompleting: "CompletingRebalance",
		metrics.GroupsStable: "Stable", metrics.GroupsDead: "Dead",
	} {
		into.Set(id, float64(states[name]))
	}
}

func (s state) quorum(into *metrics.Sink) {
	st := s.n.quorum.Status()
	me := "follower"
	switch st.Leader {
	case s.n.id():
		me = "leader"
	case kafka.NoNode:
		me = "candidate"
	}
	into.Set(metrics.RaftState, 1, me)
	into.Set(metrics.RaftLeader, float64(st.Leader))
	into.Set(metrics.CurrentController, float64(st.Leader))
	into.SetFlag(metrics.ActiveController, st.Leader == s.n.id())
	into.Set(metrics.RaftEpoch, float64(st.LeaderEpoch))
	into.Set(metrics.RaftHighWatermark, float64(st.HighWatermark))
	into.Set(metrics.LastCommittedRecord, float64(st.HighWatermark-1))
	into.Set(metrics.RaftVoters, float64(len(st.Voters)))
	into.Set(metrics.RaftObservers, float64(len(st.Observers)))
	for _, v := range st.Voters {
		if v.ID == s.n.id() {
			into.Set(metrics.RaftLogEnd, float64(v.LogEndOffset))
		}
	}
}

func (s state) cluster(into *metrics.Sink) {
	img := s.n.quorum.Image()
	applied := float64(img.Offset - 1)
	into.Set(metrics.LastAppliedRecord, applied)
	into.Set(metrics.BrokerLastApplied, applied)
	if level := img.Features.Level(metadata.MetadataVersion); level > 0 {
		into.Set(metrics.MetadataVersion, float64(level))
	}
	for name, level := range img.Features.All() {
		into.Set(metrics.FinalizedLevel, float64(level), name)
	}
	active, fenced, leaving := 0, 0, 0
	for b := range img.Cluster.Brokers() {
		switch {
		case b.Fenced:
			fenced++
		case b.InControlledShutdown:
			leaving++
		default:
			active++
		}
	}
	into.Set(metrics.ActiveBrokers, float64(active))
	into.Set(metrics.FencedBrokers, float64(fenced))
	into.Set(metrics.ShuttingDownBrokers, float64(leaving))
	into.Set(metrics.GlobalTopics, float64(img.Topics.Len()))
	into.Set(metrics.GlobalPartitions, float64(img.Topics.NumPartitions()))
	offline, unpreferred := 0, 0
	for t := range img.Topics.All() {
		for _, p := range t.All() {
			switch {
			case p.Leader == kafka.NoNode:
				offline++
			case p.Leader != p.Preferred():
				unpreferred++
			}
		}
	}
	into.Set(metrics.OfflinePartitions, float64(offline))
	into.Set(metrics.PreferredImbalance, float64(unpreferred))
}
