package runtime

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// TestLoadsWhatKafkaWrote loads a partition that Apache Kafka 4.4.0 has written:
// groups of every kind with members, an offset that was deleted, transactions
// that were committed, aborted and left open.
func TestLoadsWhatKafkaWrote(t *testing.T) {
	data, err := os.ReadFile("testdata/kafka-4.4.0/__consumer_offsets-4.log")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		logs := newMemLogs()
		log := logs.log(4)
		log.batches = data
		for it := batch.Batches(data); it.Next(); {
			log.end = it.Batch().NextOffset()
		}
		log.hw = log.end
		g := NewGroups(GroupsConfig{Partitions: func() int32 { return 50 }, Logs: logs})
		defer g.Close()
		g.Elected(4, 1)
		synctest.Wait()

		var listed []string
		for _, group := range g.ListGroups(context.Background(), caller(5), &msg.ListGroupsRequest{}).Groups {
			mustBe(t, g.PartitionFor(group.GroupId), 4)
			listed = append(listed, fmt.Sprintf("%s %s %s %q", group.GroupId, group.GroupType, group.GroupState, group.ProtocolType))
		}
		mustBe(t, strings.Join(listed, "\n"), strings.TrimSpace(`
expiring15 classic Empty ""
simple20 classic Empty ""
stable27 classic Stable "consumer"
static0 classic Stable "consumer"
txn39 classic Empty ""
kip84855 consumer Stable "consumer"
share10 share Stable "share"`))

		described := g.DescribeGroups(context.Background(), caller(6), []string{"stable27", "static0", "kip84855"})
		stable, static := described[0].Members[0], described[1].Members[0]
		mustBe(t, stable.MemberId, "fixture-ea802426-750b-4dd8-be09-7e6344e95927")
		mustBe(t, string(stable.MemberAssignment), "assigned")
		mustBe(t, stable.ClientHost, "/127.0.0.1")
		mustBe(t, *static.GroupInstanceId, "inst")
		mustBe(t, static.MemberId, "inst-32612caa-ce8c-4c65-be21-47ed3c0a085f")
		mustBe(t, string(static.MemberAssignment), "first")
		mustBe(t, kafka.Error(described[2].ErrorCode), kafka.ErrGroupIDNotFound)

		for id, want := range map[string]string{
			"simple20":   "0:12/note 1:11/note 2:-1/ 3:-1/",
			"expiring15": "0:20/note 1:-1/ 2:-1/ 3:-1/",
			"stable27":   "0:-1/ 1:-1/ 2:30/note 3:-1/",
			"txn39":      "0:40/ 1:-1/ 2:UNSTABLE_OFFSET_COMMIT 3:-1/",
		} {
			mustBe(t, fetched(g, id), want)
		}
		beat := &msg.HeartbeatRequest{GroupId: "stable27", MemberId: stable.MemberId, GenerationId: 1}
		mustBe(t, kafka.Error(g.Heartbeat(context.Background(), caller(4), beat).ErrorCode), kafka.ErrNone)
	})
}

// fetched tells the stable offsets of four partitions.
func fetched(g *Groups, id string) string {
	resp := g.FetchOffsets(context.Background(), caller(9), &msg.OffsetFetchRequestGroup{
		GroupId: id, Topics: []msg.OffsetFetchRequestTopics{{Name: "grpfixture", PartitionIndexes: []int32{0, 1, 2, 3}}},
	}, true)
	var parts []string
	for _, p := range resp.Topics[0].Partitions {
		if p.ErrorCode != 0 {
			parts = append(parts, fmt.Sprintf("%d:%s", p.PartitionIndex, kafka.Error(p.ErrorCode).Error()))
		} else {
			parts = append(parts, fmt.Sprintf("%d:%d/%s", p.PartitionIndex, p.CommittedOffset, *p.Metadata))
		}
	}
	return strings.Join(parts, " ")
}
