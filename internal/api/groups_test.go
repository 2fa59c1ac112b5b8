package api

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/auth"
	"github.com/gregor-stream/gregor/internal/coordinator/group"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// fakeGroups accepts everything that it is asked, and remembers it.
type fakeGroups struct {
	Groups
	committed, fetched, deleted []string
	left                        []msg.LeaveGroupRequestMemberIdentity
	fail                        kafka.Error
}

func (g *fakeGroups) CommitOffsets(_ context.Context, _ group.Caller, req *msg.OffsetCommitRequest) *msg.OffsetCommitResponse {
	resp := group.CommitFailed(req, nil)
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			g.committed = append(g.committed, fmt.Sprintf("%s-%d", t.Name, p.PartitionIndex))
		}
	}
	return resp
}

func (g *fakeGroups) FetchOffsets(_ context.Context, _ group.Caller, req *msg.OffsetFetchRequestGroup, _ bool) msg.OffsetFetchResponseGroup {
	resp := msg.OffsetFetchResponseGroup{GroupId: req.GroupId, ErrorCode: int16(g.fail)}
	if req.Topics == nil {
		resp.Topics = []msg.OffsetFetchResponseTopics{{Name: "a"}, {Name: "gone"}}
	}
	for _, t := range req.Topics {
		g.fetched = append(g.fetched, t.Name)
		resp.Topics = append(resp.Topics, msg.OffsetFetchResponseTopics{Name: t.Name, TopicId: t.TopicId,
			Partitions: []msg.OffsetFetchResponsePartitions{{CommittedOffset: 7}}})
	}
	return resp
}

func (g *fakeGroups) DeleteOffsets(_ context.Context, _ group.Caller, req *msg.OffsetDeleteRequest) *msg.OffsetDeleteResponse {
	resp := &msg.OffsetDeleteResponse{ErrorCode: int16(g.fail)}
	for _, t := range req.Topics {
		out := msg.OffsetDeleteResponseTopic{Name: t.Name}
		for _, p := range t.Partitions {
			out.Partitions = append(out.Partitions, msg.OffsetDeleteResponsePartition{PartitionIndex: p.PartitionIndex})
		}
		resp.Topics = append(resp.Topics, out)
	}
	return resp
}

func (g *fakeGroups) LeaveGroup(_ context.Context, _ group.Caller, req *msg.LeaveGroupRequest) *msg.LeaveGroupResponse {
	g.left = req.Members
	return group.LeaveFailed(req, kafka.ErrUnknownMemberID)
}

func (g *fakeGroups) DeleteGroups(_ context.Context, _ group.Caller, ids []string) []msg.DeleteGroupsResponseDeletableGroupResult {
	g.deleted = ids
	return group.DeleteGroupsFailed(ids, nil)
}

func (g *fakeGroups) DescribeGroups(_ context.Context, _ group.Caller, ids []string) []msg.DescribeGroupsResponseDescribedGroup {
	return group.DescribeFailed(ids, nil)
}

func (g *fakeGroups) ListGroups(context.Context, group.Caller, *msg.ListGroupsRequest) *msg.ListGroupsResponse {
	return &msg.ListGroupsResponse{Groups: []msg.ListGroupsResponseListedGroup{{GroupId: "mine"}, {GroupId: "secret"}}}
}

// keeper lets nobody near what is called secret, nor at the cluster.
type keeper struct{}

func (keeper) Authorize(_ auth.Principal, _ string, _ Operation, on ResourceType, name string) bool {
	return on != Cluster && name != "secret"
}

func groupOffice(t *testing.T) (*office, *fakeGroups) {
	o, g := newOffice(t), &fakeGroups{}
	o.h.Groups = g
	return o, g
}

func commitTo(topics ...string) *msg.OffsetCommitRequest {
	req := msg.NewOffsetCommitRequest()
	for _, name := range topics {
		req.Topics = append(req.Topics, msg.OffsetCommitRequestTopic{Name: name,
			Partitions: []msg.OffsetCommitRequestPartition{{PartitionIndex: 0}, {PartitionIndex: 9}, {PartitionIndex: 1}}})
	}
	return req
}

func tellCommit(resp *msg.OffsetCommitResponse) string {
	var out []string
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			out = append(out, fmt.Sprintf("%s-%d:%s", t.Name, p.PartitionIndex, kafka.Error(p.ErrorCode).Error()))
		}
	}
	return strings.Join(out, " ")
}

func TestOffsetsAreCommittedForPartitionsThatExist(t *testing.T) {
	o, g := groupOffice(t)
	id := o.createTopic("a", 2)
	got := tellCommit(ask(o, 9, o.h.offsetCommit, commitTo("a", "b")))
	want := "a-9:UNKNOWN_TOPIC_OR_PARTITION a-0:NONE a-1:NONE " +
		"b-0:UNKNOWN_TOPIC_OR_PARTITION b-9:UNKNOWN_TOPIC_OR_PARTITION b-1:UNKNOWN_TOPIC_OR_PARTITION"
	if got != want {
		t.Errorf("%s", got)
	}
	req := commitTo("", "")
	req.Topics[0].TopicId, req.Topics[1].TopicId = id, kafka.UUID{9}
	resp := ask(o, 10, o.h.offsetCommit, req)
	want = "a-9:UNKNOWN_TOPIC_OR_PARTITION a-0:NONE a-1:NONE -0:UNKNOWN_TOPIC_ID -9:UNKNOWN_TOPIC_ID -1:UNKNOWN_TOPIC_ID"
	if got := tellCommit(resp); got != want || resp.Topics[0].TopicId != id {
		t.Errorf("%s", got)
	}
	if got := strings.Join(g.committed, " "); got != "a-0 a-1 a-0 a-1" {
		t.Errorf("the coordinator was asked for %s", got)
	}
	// Where nothing is left to commit, the coordinator is not asked at all.
	if resp := ask(o, 9, o.h.offsetCommit, commitTo()); len(resp.Topics) != 0 {
		t.Errorf("%+v", resp)
	}
}

func TestNobodyTouchesGroupsAndTopicsThatTheyMayNot(t *testing.T) {
	o, g := groupOffice(t)
	o.createTopic("a", 2)
	o.createTopic("secret", 2)
	o.h.Authorizer = keeper{}
	req := commitTo("secret", "a")
	if got := tellCommit(ask(o, 9, o.h.offsetCommit, req)); !strings.HasPrefix(got, "secret-0:TOPIC_AUTHORIZATION_FAILED") || !strings.HasSuffix(got, "a-1:NONE") {
		t.Error(got)
	}
	req = commitTo("a")
	req.GroupId = "secret"
	if got := tellCommit(ask(o, 9, o.h.offsetCommit, req)); !strings.HasPrefix(got, "a-0:GROUP_AUTHORIZATION_FAILED") {
		t.Error(got)
	}
	refused := map[string]int16{
		"join":      ask(o, 5, o.h.joinGroup, &msg.JoinGroupRequest{GroupId: "secret"}).ErrorCode,
		"sync":      ask(o, 3, o.h.syncGroup, &msg.SyncGroupRequest{GroupId: "secret"}).ErrorCode,
		"heartbeat": ask(o, 3, o.h.heartbeat, &msg.HeartbeatRequest{GroupId: "secret"}).ErrorCode,
		"leave":     ask(o, 3, o.h.leaveGroup, &msg.LeaveGroupRequest{GroupId: "secret"}).ErrorCode,
		"delete":    ask(o, 0, o.h.offsetDelete, &msg.OffsetDeleteRequest{GroupId: "secret"}).ErrorCode,
		"fetch":     ask(o, 7, o.h.offsetFetch, &msg.OffsetFetchRequest{GroupId: "secret"}).ErrorCode,
		"describe":  ask(o, 5, o.h.describeGroups, &msg.DescribeGroupsRequest{Groups: []string{"secret"}}).Groups[0].ErrorCode,
	}
	for what, code := range refused {
		if kafka.Error(code) != kafka.ErrGroupAuthorizationFailed {
			t.Errorf("%s: %s", what, kafka.Error(code))
		}
	}
	if groups := ask(o, 5, o.h.listGroups, &msg.ListGroupsRequest{}).Groups; len(groups) != 1 || groups[0].GroupId != "mine" {
		t.Errorf("%+v", groups)
	}
	results := ask(o, 2, o.h.deleteGroups, &msg.DeleteGroupsRequest{GroupsNames: []string{"x", "secret", "x"}}).Results
	if len(results) != 2 || len(g.deleted) != 1 || kafka.Error(results[1].ErrorCode) != kafka.ErrGroupAuthorizationFailed {
		t.Errorf("%+v", results)
	}
	fetch := &msg.OffsetFetchRequest{Topics: []msg.OffsetFetchRequestTopic{{Name: "secret", PartitionIndexes: []int32{1}}, {Name: "a"}}}
	topics := ask(o, 7, o.h.offsetFetch, fetch).Topics
	if len(topics) != 2 || topics[0].Name != "a" || kafka.Error(topics[1].Partitions[0].ErrorCode) != kafka.ErrTopicAuthorizationFailed {
		t.Errorf("%+v", topics)
	}
}

func TestOffsetsAreFetchedByNameAndById(t *testing.T) {
	o, g := groupOffice(t)
	id := o.createTopic("a", 2)
	req := &msg.OffsetFetchRequest{Groups: []msg.OffsetFetchRequestGroup{
		{GroupId: "one", Topics: []msg.OffsetFetchRequestTopics{{TopicId: kafka.UUID{9}, PartitionIndexes: []int32{3}}, {TopicId: id}}},
		{GroupId: "all"},
	}}
	groups := ask(o, 10, o.h.offsetFetch, req).Groups
	if len(groups) != 2 || groups[0].Topics[0].TopicId != id || kafka.Error(groups[0].Topics[1].Partitions[0].ErrorCode) != kafka.ErrUnknownTopicID {
		t.Fatalf("%+v", groups)
	}
	// A topic without an id cannot be told in this version.
	if all := groups[1].Topics; len(all) != 1 || all[0].TopicId != id {
		t.Errorf("%+v", all)
	}
	old := &msg.OffsetFetchRequest{GroupId: "one", Topics: []msg.OffsetFetchRequestTopic{{Name: "a", PartitionIndexes: []int32{1}}}}
	if topics := ask(o, 1, o.h.offsetFetch, old).Topics; topics[0].Partitions[0].CommittedOffset != 7 {
		t.Errorf("%+v", topics)
	}
	old.Topics = nil
	if topics := ask(o, 2, o.h.offsetFetch, old).Topics; len(topics) != 2 {
		t.Errorf("%+v", topics)
	}
	if got := strings.Join(g.fetched, " "); got != "a a" {
		t.Errorf("the coordinator was asked for %s", got)
	}
}

func TestOldMembersLeaveAloneAndAreToldByTheResponse(t *testing.T) {
	o, g := groupOffice(t)
	resp := ask(o, 2, o.h.leaveGroup, &msg.LeaveGroupRequest{GroupId: "g", MemberId: "m"})
	if kafka.Error(resp.ErrorCode) != kafka.ErrUnknownMemberID || resp.Members != nil || g.left[0].MemberId != "m" {
		t.Errorf("%+v, %+v", resp, g.left)
	}
	req := &msg.LeaveGroupRequest{GroupId: "g", Members: []msg.LeaveGroupRequestMemberIdentity{{MemberId: "m"}, {MemberId: "n"}}}
	resp = ask(o, 3, o.h.leaveGroup, req)
	if resp.ErrorCode != 0 || len(resp.Members) != 2 {
		t.Errorf("%+v", resp)
	}
}

func TestSyncGroupMustNameItsProtocolFromVersion5(t *testing.T) {
	o, _ := groupOffice(t)
	resp := ask(o, 5, o.h.syncGroup, &msg.SyncGroupRequest{GroupId: "g"})
	if kafka.Error(resp.ErrorCode) != kafka.ErrInconsistentGroupProtocol {
		t.Errorf("%+v", resp)
	}
}

func TestDeletedOffsetsAreThoseOfPartitionsThatExist(t *testing.T) {
	o, g := groupOffice(t)
	o.createTopic("a", 1)
	req := &msg.OffsetDeleteRequest{GroupId: "g", Topics: []msg.OffsetDeleteRequestTopic{
		{Name: "a", Partitions: []msg.OffsetDeleteRequestPartition{{PartitionIndex: 0}, {PartitionIndex: 5}}},
		{Name: "b", Partitions: []msg.OffsetDeleteRequestPartition{{PartitionIndex: 0}}},
	}}
	topics := ask(o, 0, o.h.offsetDelete, req).Topics
	if len(topics) != 2 || len(topics[0].Partitions) != 2 || topics[0].Partitions[1].ErrorCode != 0 ||
		kafka.Error(topics[1].Partitions[0].ErrorCode) != kafka.ErrUnknownTopicOrPartition {
		t.Errorf("%+v", topics)
	}
	g.fail = kafka.ErrGroupIDNotFound
	if resp := ask(o, 0, o.h.offsetDelete, req); kafka.Error(resp.ErrorCode) != kafka.ErrGroupIDNotFound {
		t.Errorf("%+v", resp)
	}
}

func TestFindCoordinatorCreatesItsTopicAndAnswersAtOnce(t *testing.T) {
	o, _ := groupOffice(t)
	resp := ask(o, 3, o.h.findCoordinator, &msg.FindCoordinatorRequest{Key: "g"})
	if resp.ErrorCode != 0 || resp.NodeId != 1 || resp.Host != "localhost" || resp.Port != 9092 || *resp.ErrorMessage != "NONE" {
		t.Errorf("%+v", resp)
	}
	topic, ok := o.img.Topics.ByName(kafka.ConsumerOffsetsTopic)
	if !ok || int(topic.NumPartitions()) != o.cfg.OffsetsTopicPartitions {
		t.Fatalf("%v", topic)
	}
	if got := o.value(2, kafka.ConsumerOffsetsTopic, "cleanup.policy"); got != "compact" {
		t.Errorf("cleanup.policy is %s", got)
	}
	many := ask(o, 6, o.h.findCoordinator, &msg.FindCoordinatorRequest{CoordinatorKeys: []string{"x", "y"}}).Coordinators
	if len(many) != 2 || many[1].Key != "y" || many[1].NodeId != 1 {
		t.Errorf("%+v", many)
	}
	unknown := ask(o, 6, o.h.findCoordinator, &msg.FindCoordinatorRequest{KeyType: 3, CoordinatorKeys: []string{"x"}}).Coordinators
	if kafka.Error(unknown[0].ErrorCode) != kafka.ErrInvalidRequest || unknown[0].NodeId != -1 || unknown[0].Port != -1 {
		t.Errorf("%+v", unknown)
	}
	for key, want := range map[string]kafka.Error{
		"g:AAAAAAAAAAAAAAAAAAAAAQ:0": kafka.ErrNone, "g": kafka.ErrInvalidRequest, "g:x:0": kafka.ErrInvalidRequest,
		":AAAAAAAAAAAAAAAAAAAAAQ:0": kafka.ErrInvalidRequest, "g:AAAAAAAAAAAAAAAAAAAAAQ:x": kafka.ErrInvalidRequest,
	} {
		found := ask(o, 6, o.h.findCoordinator, &msg.FindCoordinatorRequest{KeyType: 2, CoordinatorKeys: []string{key}}).Coordinators
		if got := kafka.Error(found[0].ErrorCode); got != want {
			t.Errorf("%q: %s", key, got)
		}
	}
}
