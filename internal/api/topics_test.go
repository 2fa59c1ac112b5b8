package api

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func metadataOf(names ...string) *msg.MetadataRequest {
	req := msg.NewMetadataRequest()
	req.Topics = []msg.MetadataRequestTopic{}
	for _, n := range names {
		req.Topics = append(req.Topics, msg.MetadataRequestTopic{Name: &n})
	}
	return req
}

func codes(resp *msg.MetadataResponse) map[string]kafka.Error {
	out := map[string]kafka.Error{}
	for _, t := range resp.Topics {
		out[deref(t.Name)] = kafka.Error(t.ErrorCode)
	}
	return out
}

func TestMetadataTellsNullFromEmpty(t *testing.T) {
	o := newOffice(t)
	o.createTopic("a", 2)
	o.createTopic("b", 1)
	all, none := metadataOf(), metadataOf()
	all.Topics = nil
	if got := len(ask(o, 12, o.h.metadata, all).Topics); got != 2 {
		t.Errorf("null asks for all: %d topics", got)
	}
	if got := len(ask(o, 1, o.h.metadata, none).Topics); got != 0 {
		t.Errorf("an empty list asks for none: %d topics", got)
	}
	if got := len(ask(o, 0, o.h.metadata, none).Topics); got != 2 {
		t.Errorf("an empty list asks for all in version 0: %d topics", got)
	}
}

func TestMetadataOfATopicNamesLeaderReplicasAndId(t *testing.T) {
	o := newOffice(t)
	id := o.createTopic("a", 2)
	resp := ask(o, 13, o.h.metadata, metadataOf("a"))
	topic := resp.Topics[0]
	if topic.TopicId != id || len(topic.Partitions) != 2 || topic.IsInternal || topic.TopicAuthorizedOperations != noOperations {
		t.Fatalf("%+v", topic)
	}
	p := topic.Partitions[1]
	if p.LeaderId != 1 || !slices.Equal(p.ReplicaNodes, []int32{1}) || !slices.Equal(p.IsrNodes, []int32{1}) || len(p.OfflineReplicas) != 0 || p.LeaderEpoch != 0 {
		t.Errorf("%+v", p)
	}
	if resp.ControllerId != 1 || *resp.ClusterId != "cluster" || len(resp.Brokers) != 1 || resp.Brokers[0].Port != 9092 {
		t.Errorf("%+v", resp)
	}
}

func TestMetadataByIdIgnoresNames(t *testing.T) {
	o := newOffice(t)
	id := o.createTopic("a", 1)
	o.createTopic("b", 1)
	req := metadataOf("b")
	req.Topics = append(req.Topics, msg.MetadataRequestTopic{TopicId: id}, msg.MetadataRequestTopic{TopicId: kafka.UUID{9}})
	resp := ask(o, 12, o.h.metadata, req)
	if len(resp.Topics) != 2 || *resp.Topics[0].Name != "a" || kafka.Error(resp.Topics[1].ErrorCode) != kafka.ErrUnknownTopicID || resp.Topics[1].Name != nil {
		t.Errorf("%+v", resp.Topics)
	}
}

func TestMetadataBeforeVersion12KnowsNoIds(t *testing.T) {
	o := newOffice(t)
	req := metadataOf("a")
	req.Topics = append(req.Topics, msg.MetadataRequestTopic{TopicId: kafka.UUID{9}})
	for _, topic := range ask(o, 11, o.h.metadata, req).Topics {
		if kafka.Error(topic.ErrorCode) != kafka.ErrInvalidRequest || topic.Name == nil {
			t.Errorf("%+v", topic)
		}
	}
}

func TestMetadataCreatesTopicsOnlyWhereBrokerAndClientWantIt(t *testing.T) {
	tests := []struct {
		enabled string
		allow   bool
		version int16
		want    kafka.Error
	}{
		{"true", true, 12, kafka.ErrNone},
		{"true", false, 12, kafka.ErrUnknownTopicOrPartition},
		{"true", false, 3, kafka.ErrNone}, // the client cannot say that it does not want it
		{"false", true, 12, kafka.ErrUnknownTopicOrPartition},
	}
	for _, test := range tests {
		o := newOffice(t, "auto.create.topics.enable", test.enabled, "num.partitions", "3")
		req := metadataOf("fresh")
		req.AllowAutoTopicCreation = test.allow
		resp := ask(o, test.version, o.h.metadata, req)
		if got := codes(resp)["fresh"]; got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
		if _, exists := o.img.Topics.ByName("fresh"); exists != (test.want == kafka.ErrNone) {
			t.Errorf("%+v: exists %v", test, exists)
		}
		if test.want == kafka.ErrNone && len(resp.Topics[0].Partitions) != 3 {
			t.Errorf("num.partitions is 3, and %d were made", len(resp.Topics[0].Partitions))
		}
	}
}

func TestMetadataRefusesBadNames(t *testing.T) {
	for _, enabled := range []string{"true", "false"} {
		o := newOffice(t, "auto.create.topics.enable", enabled)
		for name, code := range codes(ask(o, 12, o.h.metadata, metadataOf("", ".", "..", "a b", "ü", strings.Repeat("x", 250)))) {
			if code != kafka.ErrInvalidTopicException {
				t.Errorf("%q: %s", name, code)
			}
		}
	}
}

func TestSystemTopicsAreCreatedWithTheirOwnKeys(t *testing.T) {
	o := newOffice(t, "offsets.topic.num.partitions", "7", "offsets.topic.segment.bytes", "2097152",
		"transaction.state.log.num.partitions", "5", "transaction.state.log.segment.bytes", "3145728",
		"share.coordinator.state.topic.num.partitions", "4", "share.coordinator.state.topic.segment.bytes", "4194304")
	for name, want := range map[string][3]string{
		kafka.ConsumerOffsetsTopic:  {"7", "compact", "2097152"},
		kafka.TransactionStateTopic: {"5", "compact", "3145728"},
		kafka.ShareGroupStateTopic:  {"4", "delete", "4194304"},
	} {
		resp := ask(o, 12, o.h.metadata, metadataOf(name))
		if len(resp.Topics[0].Partitions) != int(want[0][0]-'0') || !resp.Topics[0].IsInternal {
			t.Errorf("%s: %+v", name, resp.Topics[0])
		}
		entries, err := o.h.configsOf(2, name)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, e := range entries {
			got[e.Name] = deref(e.Value)
		}
		if got["cleanup.policy"] != want[1] || got["segment.bytes"] != want[2] {
			t.Errorf("%s: %s, %s", name, got["cleanup.policy"], got["segment.bytes"])
		}
	}
}

func TestDeleteTopicsByNameAndId(t *testing.T) {
	o := newOffice(t)
	o.createTopic("a", 1)
	id := o.createTopic("b", 1)
	req := msg.NewDeleteTopicsRequest()
	req.TimeoutMs = 1000
	req.TopicNames = []string{"a", "missing"}
	resp := ask(o, 5, o.h.deleteTopics, req)
	if got := resp.Responses; len(got) != 2 || kafka.Error(got[0].ErrorCode)+kafka.Error(got[1].ErrorCode) != kafka.ErrUnknownTopicOrPartition {
		t.Errorf("%+v", got)
	}
	byID := msg.NewDeleteTopicsRequest()
	byID.TimeoutMs = 1000
	byID.Topics = []msg.DeleteTopicsRequestDeleteTopicState{{TopicId: id}}
	if got := ask(o, 6, o.h.deleteTopics, byID).Responses; len(got) != 1 || got[0].ErrorCode != 0 || deref(got[0].Name) != "b" {
		t.Errorf("%+v", got)
	}
	if o.img.Topics.Len() != 0 {
		t.Errorf("%d topics are left", o.img.Topics.Len())
	}
}

func TestDeleteTopicEnableForbids(t *testing.T) {
	o := newOffice(t, "delete.topic.enable", "false")
	o.createTopic("a", 1)
	for version, want := range map[int16]kafka.Error{2: kafka.ErrInvalidRequest, 5: kafka.ErrTopicDeletionDisabled} {
		req := msg.NewDeleteTopicsRequest()
		req.TimeoutMs = 1000
		req.TopicNames = []string{"a"}
		if got := kafka.Error(ask(o, version, o.h.deleteTopics, req).Responses[0].ErrorCode); got != want {
			t.Errorf("version %d: %s", version, got)
		}
	}
}

func TestDescribeTopicPartitionsPagesByPartitions(t *testing.T) {
	o := newOffice(t, "max.request.partition.size.limit", "3")
	o.createTopic("a", 2)
	o.createTopic("b", 4)
	o.createTopic("c", 1)
	var pages []string
	req := msg.NewDescribeTopicPartitionsRequest()
	for range 10 {
		resp := ask(o, 0, o.h.describeTopicPartitions, req)
		var page []string
		for _, topic := range resp.Topics {
			for _, p := range topic.Partitions {
				page = append(page, *topic.Name+strconv.Itoa(int(p.PartitionIndex)))
			}
		}
		pages = append(pages, strings.Join(page, " "))
		if resp.NextCursor == nil {
			break
		}
		req.Cursor = &msg.DescribeTopicPartitionsRequestCursor{TopicName: resp.NextCursor.TopicName, PartitionIndex: resp.NextCursor.PartitionIndex}
	}
	if got := strings.Join(pages, " | "); got != "a0 a1 b0 | b1 b2 b3 | c0" {
		t.Errorf("pages %s", got)
	}
}

func TestDescribeTopicPartitionsNamesWhatIsMissing(t *testing.T) {
	o := newOffice(t)
	req := msg.NewDescribeTopicPartitionsRequest()
	req.Topics = []msg.DescribeTopicPartitionsRequestTopicRequest{{Name: "missing"}, {Name: "bad name"}}
	resp := ask(o, 0, o.h.describeTopicPartitions, req)
	if len(resp.Topics) != 2 || kafka.Error(resp.Topics[0].ErrorCode) != kafka.ErrInvalidTopicException || kafka.Error(resp.Topics[1].ErrorCode) != kafka.ErrUnknownTopicOrPartition {
		t.Errorf("%+v", resp.Topics)
	}
	req.Cursor = &msg.DescribeTopicPartitionsRequestCursor{TopicName: "other"}
	if resp := ask(o, 0, o.h.describeTopicPartitions, req); kafka.Error(resp.Topics[0].ErrorCode) != kafka.ErrInvalidRequest {
		t.Errorf("a cursor outside of the list: %+v", resp.Topics)
	}
}

func TestATimeoutOfNothingHasRunOut(t *testing.T) {
	o := newOffice(t)
	for _, timeout := range []int32{-1, 0, 1} {
		want := kafka.ErrNone
		if timeout <= 0 {
			want = kafka.ErrRequestTimedOut
		}
		req := msg.NewCreateTopicsRequest()
		req.TimeoutMs = timeout
		req.Topics = []msg.CreateTopicsRequestCreatableTopic{{Name: "a", NumPartitions: 1, ReplicationFactor: 1}}
		if got := kafka.Error(ask(o, 7, o.h.createTopics, req).Topics[0].ErrorCode); got != want {
			t.Errorf("timeout %d: %s", timeout, got)
		}
	}
}
