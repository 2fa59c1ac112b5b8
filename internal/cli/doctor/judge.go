package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// The thresholds of the checks.
const (
	diskBad        = 0.05 // of a volume is free: writing ends soon
	diskWarn       = 0.15
	ageWarn        = 0.8              // of its retention has the oldest unread record
	clockAhead     = time.Minute      // a record's timestamp is in the future
	quorumBehind   = 10 * time.Second // a voter has not caught up
	unevenLeaders  = 1.5              // times the mean of leaders that one broker has
	unevenLeadsMin = 10               // leaders in the cluster, below which spread does not matter
)

// judge says what the facts mean.
func (x *facts) judge(f *findings, now time.Time) {
	x.judgeBrokers(f)
	x.judgePartitions(f)
	x.judgeReplication(f)
	x.judgeSpread(f)
	x.judgeDisks(f)
	x.judgeRetention(f, now)
	x.judgeGroups(f)
	x.judgeClocks(f, now)
	x.judgeQuorum(f)
	for _, m := range x.missing {
		f.check("answers")
		f.add(Warn, "", "", "could not be asked: %s", m)
	}
}

func (x *facts) judgeBrokers(f *findings) {
	f.check("brokers")
	for _, b := range x.meta.Brokers {
		if err := x.dead[b.NodeID]; err != nil {
			f.add(Bad, fmt.Sprintf("broker %d", b.NodeID), "start it, or see whether its advertised.listeners can be reached from here",
				"does not answer at %s:%d: %v", b.Host, b.Port, err)
		}
	}
}

// eachPartition visits the partitions in order.
func (x *facts) eachPartition(visit func(name string, p kadm.PartitionDetail)) {
	for _, t := range x.meta.Topics.Sorted() {
		for _, p := range t.Partitions.Sorted() {
			visit(fmt.Sprintf("%s-%d", t.Topic, p.Partition), p)
		}
	}
}

func (x *facts) judgePartitions(f *findings) {
	f.check("partitions")
	x.eachPartition(func(name string, p kadm.PartitionDetail) {
		least := x.number(p.Topic, "min.insync.replicas", 1)
		switch {
		case p.Leader < 0:
			f.add(Bad, name, "start one of the brokers "+ids(p.Replicas), "has no leader: it can be neither written nor read")
		case int64(len(p.ISR)) < least:
			f.add(Bad, name, "start the brokers that are missing", "has %d in-sync replicas of the %d that min.insync.replicas wants: acks=all is refused", len(p.ISR), least)
		case len(p.ISR) < len(p.Replicas):
			f.add(Warn, name, "see whether the brokers that are missing run, and what they log", "is under-replicated: brokers %s of %s are in sync", ids(p.ISR), ids(p.Replicas))
		}
		if len(p.OfflineReplicas) > 0 {
			f.add(Bad, name, "see the log directories of these brokers", "its replicas on brokers %s are offline", ids(p.OfflineReplicas))
		}
	})
}

func (x *facts) judgeReplication(f *findings) {
	f.check("replication")
	for _, t := range x.meta.Topics.Sorted() {
		replicas := 0
		for _, p := range t.Partitions {
			replicas = max(replicas, len(p.Replicas))
		}
		least := x.number(t.Topic, "min.insync.replicas", 1)
		switch {
		case replicas == 1 && len(x.meta.Brokers) > 1:
			f.add(Warn, t.Topic, "gregor reassign-partitions, or make it anew with --replication-factor", "has one replica although there are %d brokers: one failure takes it away", len(x.meta.Brokers))
		case replicas > 1 && least >= int64(replicas):
			f.add(Warn, t.Topic, "set min.insync.replicas to one less than the replicas", "min.insync.replicas=%d of %d replicas: one broker down and acks=all is refused", least, replicas)
		}
		if x.configs[t.Topic]["unclean.leader.election.enable"] == "true" {
			f.add(Warn, t.Topic, "set unclean.leader.election.enable=false", "unclean leader elections are allowed: acknowledged records can be lost")
		}
	}
}

func (x *facts) judgeSpread(f *findings) {
	f.check("spread")
	if len(x.meta.Brokers) < 2 {
		return
	}
	leads, preferred, total := make(map[int32]int), 0, 0
	x.eachPartition(func(_ string, p kadm.PartitionDetail) {
		if p.Leader < 0 || len(p.Replicas) == 0 {
			return
		}
		total++
		leads[p.Leader]++
		if p.Replicas[0] == p.Leader {
			preferred++
		}
	})
	if total >= unevenLeadsMin && preferred*10 < total*9 {
		f.add(Warn, "", "gregor leader-election --election-type preferred --all-topic-partitions", "%d of %d partitions are not led by their preferred broker", total-preferred, total)
	}
	mean := float64(total) / float64(len(x.meta.Brokers))
	for _, b := range x.meta.Brokers {
		if total >= unevenLeadsMin && float64(leads[b.NodeID]) > mean*unevenLeaders {
			f.add(Warn, fmt.Sprintf("broker %d", b.NodeID), "move partitions with gregor reassign-partitions", "leads %d of %d partitions, the mean is %.0f", leads[b.NodeID], total, mean)
		}
	}
}

func (x *facts) judgeDisks(f *findings) {
	f.check("disks")
	x.dirs.Each(func(d kadm.DescribedLogDir) {
		name := fmt.Sprintf("broker %d %s", d.Broker, d.Dir)
		if d.Err != nil {
			f.add(Bad, name, "see the broker's log; replace the disk or remove the directory from log.dirs", "the log directory is offline: %v", d.Err)
			return
		}
		if d.TotalBytes <= 0 || d.UsableBytes < 0 {
			return
		}
		free := float64(d.UsableBytes) / float64(d.TotalBytes)
		severity := Severity("")
		switch {
		case free < diskBad:
			severity = Bad
		case free < diskWarn:
			severity = Warn
		}
		if severity != "" {
			f.add(severity, name, "shorten retention.ms or retention.bytes, delete topics, or add room", "%.0f%% of the volume is free (%s)", free*100, bytesText(d.UsableBytes))
		}
	})
}

func (x *facts) judgeClocks(f *findings, now time.Time) {
	f.check("clocks")
	x.newest.Each(func(o kadm.ListedOffset) {
		if o.Err != nil || o.Timestamp < 0 {
			return
		}
		if ahead := time.UnixMilli(o.Timestamp).Sub(now); ahead > clockAhead {
			f.add(Warn, fmt.Sprintf("%s-%d", o.Topic, o.Partition), "set the clock of the producer (or of this machine), or message.timestamp.after.max.ms",
				"its newest record is %s in the future: time will not delete it before", rough(ahead))
		}
	})
}

func (x *facts) judgeQuorum(f *findings) {
	f.check("quorum")
	if x.quorum == nil || len(x.quorum.Topics) == 0 || len(x.quorum.Topics[0].Partitions) == 0 {
		return
	}
	p := x.quorum.Topics[0].Partitions[0]
	if p.LeaderID < 0 {
		f.add(Bad, "", "start the controllers: more than half of the voters must run", "the metadata has no leader: nothing about topics can change")
		return
	}
	if n := len(p.CurrentVoters); n > 1 && n%2 == 0 {
		f.add(Warn, "", "add or remove a controller", "%d voters survive no more failures than %d do", n, n-1)
	}
	var latest int64
	for _, v := range p.CurrentVoters {
		latest = max(latest, v.LastCaughtUpTimestamp)
	}
	for _, v := range p.CurrentVoters {
		behind := time.Duration(latest-v.LastCaughtUpTimestamp) * time.Millisecond
		if v.ReplicaID != p.LeaderID && v.LastCaughtUpTimestamp >= 0 && behind > quorumBehind {
			f.add(Warn, fmt.Sprintf("controller %d", v.ReplicaID), "see whether it runs, and what it logs", "has not caught up for %s", rough(behind))
		}
	}
}

// number is a config of a topic as a number.
func (x *facts) number(topic, key string, fallback int64) int64 {
	if n, err := strconv.ParseInt(x.configs[topic][key], 10, 64); err == nil {
		return n
	}
	return fallback
}

func ids(list []int32) string {
	sorted := slices.Sorted(slices.Values(list))
	words := make([]string, len(sorted))
	for i, n := range sorted {
		words[i] = strconv.Itoa(int(n))
	}
	return strings.Join(words, ",")
}

// rough is a duration as a person says it.
func rough(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.0f days", d.Hours()/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%.0f hours", d.Hours())
	case d >= 2*time.Minute:
		return fmt.Sprintf("%.0f minutes", d.Minutes())
	}
	return fmt.Sprintf("%.0f seconds", d.Seconds())
}

// bytesText is a number of bytes as a person says it.
func bytesText(n int64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB"}
	v, unit := float64(n), 0
	for v >= 1024 && unit < len(units)-1 {
		v /= 1024
		unit++
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") + " " + units[unit]
}
