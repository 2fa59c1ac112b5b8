package doctor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// three is a healthy cluster of three brokers with one topic.
func three() *facts {
	x := &facts{dead: map[int32]error{}, configs: map[string]map[string]string{"t": {"min.insync.replicas": "2", "cleanup.policy": "delete", "retention.ms": "3600000"}}}
	x.meta = kadm.Metadata{Topics: kadm.TopicDetails{"t": kadm.TopicDetail{Topic: "t", Partitions: kadm.PartitionDetails{}}}}
	for id := range int32(3) {
		x.meta.Brokers = append(x.meta.Brokers, kadm.BrokerDetail{NodeID: id, Host: "h", Port: 9092})
	}
	for p := range int32(12) {
		replicas := []int32{p % 3, (p + 1) % 3, (p + 2) % 3}
		x.meta.Topics["t"].Partitions[p] = kadm.PartitionDetail{Topic: "t", Partition: p, Leader: p % 3, Replicas: replicas, ISR: replicas}
	}
	x.starts = kadm.ListedOffsets{"t": {0: {Topic: "t", Offset: 100}}}
	x.ends = kadm.ListedOffsets{"t": {0: {Topic: "t", Offset: 200}}}
	x.quorum = &kmsg.DescribeQuorumResponse{Topics: []kmsg.DescribeQuorumResponseTopic{{Partitions: []kmsg.DescribeQuorumResponseTopicPartition{{LeaderID: 0}}}}}
	return x
}

// group gives the cluster a group that has committed an offset of partition 0.
func (x *facts) group(state string, at int64) {
	lag := kadm.GroupMemberLag{Topic: "t", Partition: 0, Lag: 200 - at}
	lag.Commit.At = at
	x.groups = kadm.DescribedGroupLags{"g": {Group: "g", State: state, Lag: kadm.GroupLag{"t": {0: lag}}}}
}

func TestEachFaultIsFoundAndNothingElse(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	partition := func(x *facts, change func(p *kadm.PartitionDetail)) {
		p := x.meta.Topics["t"].Partitions[4]
		change(&p)
		x.meta.Topics["t"].Partitions[4] = p
	}
	voters := func(n int, behind int64) []kmsg.DescribeQuorumResponseTopicPartitionReplicaState {
		var list []kmsg.DescribeQuorumResponseTopicPartitionReplicaState
		for i := range n {
			list = append(list, kmsg.DescribeQuorumResponseTopicPartitionReplicaState{ReplicaID: int32(i), LastCaughtUpTimestamp: 1_000_000 - int64(i)*behind})
		}
		return list
	}
	tests := map[string]struct {
		fault func(x *facts)
		want  []string // "severity check" and a part of the message
	}{
		"healthy": {func(*facts) {}, nil},
		"broker":  {func(x *facts) { x.dead[1] = errors.New("refused") }, []string{"bad brokers", "broker 1"}},
		"leader":  {func(x *facts) { partition(x, func(p *kadm.PartitionDetail) { p.Leader = -1 }) }, []string{"bad partitions", "t-4: has no leader"}},
		"isr":     {func(x *facts) { partition(x, func(p *kadm.PartitionDetail) { p.ISR = p.ISR[:2] }) }, []string{"warn partitions", "brokers 1,2 of 0,1,2"}},
		"min isr": {func(x *facts) { partition(x, func(p *kadm.PartitionDetail) { p.ISR = p.ISR[:1] }) }, []string{"bad partitions", "acks=all is refused"}},
		"offline": {func(x *facts) { partition(x, func(p *kadm.PartitionDetail) { p.OfflineReplicas = []int32{2} }) }, []string{"bad partitions", "brokers 2 are offline"}},
		"unclean": {func(x *facts) { x.configs["t"]["unclean.leader.election.enable"] = "true" }, []string{"warn replication", "unclean"}},
		"all isr": {func(x *facts) { x.configs["t"]["min.insync.replicas"] = "3" }, []string{"warn replication", "min.insync.replicas=3 of 3"}},
		"few":     {func(x *facts) { x.group("Stable", 50) }, []string{"bad retention", "50 records were deleted"}},
		"too slow": {func(x *facts) {
			x.group("Stable", 150)
			x.unread = map[unreadKey]time.Time{{"t", 0, 150}: now.Add(-50 * time.Minute)}
		}, []string{"warn retention", "50 minutes old"}},
		"in time": {func(x *facts) {
			x.group("Stable", 150)
			x.unread = map[unreadKey]time.Time{{"t", 0, 150}: now.Add(-40 * time.Minute)}
		}, nil},
		"size": {func(x *facts) {
			x.group("Stable", 105)
			x.configs["t"]["retention.bytes"] = "1000"
			x.topicBytes = map[string]map[int32]int64{"t": {0: 900}}
		}, []string{"warn retention", "900 bytes of the 1000 bytes of retention.bytes, and the group has read 5% of it"}},
		"empty":     {func(x *facts) { x.group("Empty", 190) }, []string{"warn groups", "10 records wait"}},
		"rebalance": {func(x *facts) { x.group("PreparingRebalance", 200) }, []string{"warn groups", "rebalance"}},
		"future": {func(x *facts) {
			x.newest = kadm.ListedOffsets{"t": {3: {Topic: "t", Partition: 3, Timestamp: now.Add(3 * time.Hour).UnixMilli()}}}
		}, []string{"warn clocks", "3 hours in the future"}},
		"no metadata": {func(x *facts) { x.quorum.Topics[0].Partitions[0].LeaderID = -1 }, []string{"bad quorum", "no leader"}},
		"even":        {func(x *facts) { x.quorum.Topics[0].Partitions[0].CurrentVoters = voters(2, 0) }, []string{"warn quorum", "2 voters survive no more failures than 1 do"}},
		"behind":      {func(x *facts) { x.quorum.Topics[0].Partitions[0].CurrentVoters = voters(3, 6000) }, []string{"warn quorum", "controller 2"}},
		"disk": {func(x *facts) {
			x.dirs = kadm.DescribedAllLogDirs{1: {"/d": {Broker: 1, Dir: "/d", TotalBytes: 1000, UsableBytes: 40}}}
		}, []string{"bad disks", "4% of the volume is free"}},
		"silent": {func(x *facts) { x.missing = []string{"groups: no"} }, []string{"warn answers", "groups: no"}},
	}
	for name, c := range tests {
		x := three()
		c.fault(x)
		f := &findings{}
		x.judge(f, now)
		var got []string
		for _, g := range f.sorted() {
			if g.Severity != Fine {
				got = append(got, fmt.Sprintf("%s %s %s: %s", g.Severity, g.Check, g.Subject, g.Message))
			}
		}
		switch {
		case len(c.want) == 0 && len(got) > 0, len(c.want) > 0 && len(got) != 1:
			t.Errorf("%s: %q", name, got)
		case slices.ContainsFunc(c.want, func(w string) bool { return !strings.Contains(got[0], w) }):
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestLeadersOnOneBrokerAreUneven(t *testing.T) {
	x, f := three(), &findings{}
	for n, p := range x.meta.Topics["t"].Partitions {
		p.Leader = 0
		x.meta.Topics["t"].Partitions[n] = p
	}
	x.judgeSpread(f)
	if len(f.all) != 2 || !strings.Contains(f.all[0].Message, "8 of 12") || !strings.Contains(f.all[1].Message, "leads 12 of 12") {
		t.Errorf("%v", f.all)
	}
}

func TestOldProtocolsAreRead(t *testing.T) {
	f := &findings{}
	f.check("protocols")
	text := `# TYPE kafka_network_requestmetrics_requests_total counter
kafka_network_requestmetrics_requests_total{request="Produce",version="2"} 17
kafka_network_requestmetrics_requests_total{request="Produce",version="9"} 4
kafka_network_requestmetrics_requests_total{request="Fetch",version="3"} 0
kafka_network_requestmetrics_requests_total{request="Metadata",version="0"} 5
gregor_rejected_total{reason="unsupported_version"} 3
gregor_rejected_total{reason="idle"} 9
`
	if err := oldRequests(strings.NewReader(text), f); err != nil {
		t.Fatal(err)
	}
	if len(f.all) != 2 || f.all[0].Subject != "Produce v2" || !strings.Contains(f.all[0].Message, "17 requests") || !strings.Contains(f.all[1].Message, "3 requests were refused") {
		t.Errorf("%v", f.all)
	}
}
