package group

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// FuzzReplay loads records that nobody has written, and uses the group: no
// bytes in the log make a shard panic or break its invariants.
func FuzzReplay(f *testing.F) {
	protocol, leader := "range", "a"
	value := &msg.GroupMetadataValue{ProtocolType: "consumer", Generation: 3, Protocol: &protocol, Leader: &leader,
		Members: []msg.GroupMetadataValueMemberMetadata{{MemberId: "a", Subscription: subscription("t"), RebalanceTimeout: -1, SessionTimeout: 10}}}
	for version := range int16(5) {
		f.Add(groupKey("g"), encode(version, version, value))
	}
	value.Members = append(value.Members, value.Members[0])
	value.Protocol = nil
	f.Add(groupKey("g"), encode(3, 3, value))
	f.Add(offsetKey("g", partition{"t", 1}), encode(1, 1, &msg.OffsetCommitValue{Offset: 4, ExpireTimestamp: 5}))
	f.Add(offsetKey("g", partition{"t", 1}), encode(4, 4, &msg.OffsetCommitValue{Offset: 4, TopicId: uuid("7")}))
	f.Add(encode(0, 0, &msg.LegacyOffsetCommitKey{Group: "g", Topic: "t"}), encode(0, 0, &msg.LegacyOffsetCommitValue{Offset: 4}))
	f.Add(encode(5, 0, &msg.ConsumerGroupMemberMetadataKey{GroupId: "g", MemberId: "m"}), []byte{0, 0, 1})
	f.Add([]byte{}, []byte(nil))
	f.Fuzz(func(t *testing.T, key, value []byte) {
		w := newWorld(Config{MaxSize: 2})
		record := coordinator.Record{Key: key, Value: value}
		for producer := range kafka.ProducerID(2) {
			if err := w.shard.Replay(w.end(), producer-1, record); err != nil {
				return
			}
			w.log = append(w.log, record)
		}
		w.carry(0, w.shard.Loaded(w.now))
		w.settle()
		if err := check(w.shard); err != nil {
			t.Fatal(err)
		}
		w.shard.ListGroups(nil, nil)
		w.shard.DescribeGroups([]string{"g", ""}, 6)
		w.ask(func(ticket coordinator.Ticket) coordinator.Result {
			return w.shard.JoinGroup(w.now, ticket, Caller{Version: 3}, &msg.JoinGroupRequest{GroupId: "g", SessionTimeoutMs: 10,
				ProtocolType: "consumer", Protocols: []msg.JoinGroupRequestProtocol{{Name: "range"}}})
		})
		w.ask(func(coordinator.Ticket) coordinator.Result {
			return w.shard.TopicsDeleted([]coordinator.TopicRef{{Name: "t"}})
		})
		for range 40 {
			w.advance(time.Minute)
		}
		w.ask(func(coordinator.Ticket) coordinator.Result { return w.shard.DeleteGroups([]string{"g"}) })
		if err := check(w.shard); err != nil {
			t.Fatal(err)
		}
	})
}

func TestADamagedRecordIsAnErrorThatSaysWhere(t *testing.T) {
	s := New(Config{}, &counter{})
	err := s.Replay(42, kafka.NoProducerID, coordinator.Record{Key: groupKey("g"), Value: []byte{0, 3, 0, 9}})
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte("offset 42")) {
		t.Fatal(err)
	}
	if _, ok := errors.AsType[*msg.DecodeError](err); !ok {
		t.Fatal(err)
	}
}

func TestZeroIsSaidByMinusOne(t *testing.T) {
	c := Config{MinSessionTimeout: -1, OffsetMetadataMax: -1}.WithDefaults()
	if c.MinSessionTimeout != 0 || c.OffsetMetadataMax != 0 || c.MaxSessionTimeout != 30*time.Minute {
		t.Errorf("%+v", c)
	}
	req := &msg.JoinGroupRequest{GroupId: "g"}
	if (Config{MinSessionTimeout: -1}).CheckJoin(req) != nil || (Config{}).CheckJoin(req) == nil {
		t.Error("a session timeout of zero")
	}
	if longer("", 0) || !longer("x", 0) || longer("😀", 2) || !longer("😀", 1) {
		t.Error("the length of metadata")
	}
}
