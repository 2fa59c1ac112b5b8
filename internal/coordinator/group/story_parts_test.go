package group

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (s *story) caller(a args, version int) Caller {
	return Caller{Version: int16(a.number("v", version)), ClientID: a.text("client", "c"), ClientHost: "/127.0.0.1"}
}

// join reads: group id instance v session rebalance type protocols=name[:topic+topic],...
func (s *story) join(a args) *msg.JoinGroupRequest {
	req := &msg.JoinGroupRequest{
		GroupId: a.text("group", "g"), MemberId: s.names.id(a.text("id", "")), GroupInstanceId: a.optional("instance"),
		SessionTimeoutMs: int32(a.number("session", 10_000)), RebalanceTimeoutMs: int32(a.number("rebalance", 60_000)),
		ProtocolType: a.text("type", "consumer"),
	}
	for _, p := range split(a.text("protocols", "range:t")) {
		name, topics, _ := strings.Cut(p, ":")
		metadata := []byte(topics)
		if req.ProtocolType == "consumer" && topics != "junk" {
			metadata = subscription(strings.Split(topics, "+")...)
		}
		req.Protocols = append(req.Protocols, msg.JoinGroupRequestProtocol{Name: name, Metadata: metadata})
	}
	return req
}

// sync reads: group id instance gen type protocol assign=(m1:x,m2:y)
func (s *story) sync(a args) *msg.SyncGroupRequest {
	req := &msg.SyncGroupRequest{
		GroupId: a.text("group", "g"), MemberId: s.names.id(a.text("id", "")), GroupInstanceId: a.optional("instance"),
		GenerationId: int32(a.number("gen", 1)), ProtocolType: a.optional("type"), ProtocolName: a.optional("protocol"),
	}
	for _, p := range split(a.text("assign", "")) {
		name, what, _ := strings.Cut(p, ":")
		req.Assignments = append(req.Assignments, msg.SyncGroupRequestAssignment{MemberId: s.names.id(name), Assignment: []byte(what)})
	}
	return req
}

// leave reads: group who=(m1,/instance,m2/instance)
func (s *story) leave(a args) *msg.LeaveGroupRequest {
	req := &msg.LeaveGroupRequest{GroupId: a.text("group", "g")}
	for _, who := range split(a.text("who", "")) {
		name, instance, static := strings.Cut(who, "/")
		m := msg.LeaveGroupRequestMemberIdentity{MemberId: s.names.id(name)}
		if static {
			m.GroupInstanceId = &instance
		}
		req.Members = append(req.Members, m)
	}
	return req
}

// partitions reads topic-partition[=offset[/metadata]] separated by commas.
func partitions(s string) (out []struct {
	at       partition
	offset   int64
	metadata *string
}) {
	for _, p := range split(s) {
		p, metadata, hasMetadata := strings.Cut(p, "/")
		p, offset, _ := strings.Cut(p, "@")
		dash := strings.LastIndex(p, "-")
		index, err := strconv.Atoi(p[dash+1:])
		if err != nil {
			panic(err)
		}
		n, _ := strconv.ParseInt(offset, 10, 64)
		entry := struct {
			at       partition
			offset   int64
			metadata *string
		}{at: partition{p[:dash], int32(index)}, offset: n}
		if hasMetadata {
			entry.metadata = &metadata
		}
		out = append(out, entry)
	}
	return out
}

// commit reads: group id instance gen v retention topic-id offsets=(t-0@5/meta,...)
func (s *story) commit(a args) *msg.OffsetCommitRequest {
	req := &msg.OffsetCommitRequest{
		GroupId: a.text("group", "g"), MemberId: s.names.id(a.text("id", "")), GroupInstanceId: a.optional("instance"),
		GenerationIdOrMemberEpoch: int32(a.number("gen", -1)), RetentionTimeMs: int64(a.number("retention", -1)),
	}
	for _, p := range partitions(a.text("offsets", "t-0@1")) {
		req.Topics = append(req.Topics, msg.OffsetCommitRequestTopic{
			Name: p.at.topic, TopicId: uuid(a.text("topic-id", "0")),
			Partitions: []msg.OffsetCommitRequestPartition{{
				PartitionIndex: p.at.index, CommittedOffset: p.offset, CommittedLeaderEpoch: int32(a.number("epoch", -1)),
				CommittedMetadata: p.metadata,
			}},
		})
	}
	return req
}

// commitTransaction reads what commit reads, for a transaction.
func (s *story) commitTransaction(a args) *msg.TxnOffsetCommitRequest {
	plain := s.commit(a)
	req := &msg.TxnOffsetCommitRequest{
		GroupId: plain.GroupId, MemberId: plain.MemberId, GroupInstanceId: plain.GroupInstanceId,
		GenerationIdOrMemberEpoch: plain.GenerationIdOrMemberEpoch,
	}
	for _, t := range plain.Topics {
		p := t.Partitions[0]
		req.Topics = append(req.Topics, msg.TxnOffsetCommitRequestTopic{
			Name: t.Name, TopicId: t.TopicId, Partitions: []msg.TxnOffsetCommitRequestPartition{{
				PartitionIndex: p.PartitionIndex, CommittedOffset: p.CommittedOffset,
				CommittedLeaderEpoch: p.CommittedLeaderEpoch, CommittedMetadata: p.CommittedMetadata,
			}},
		})
	}
	return req
}

// fetch reads: group topic-id offsets=(t-0,...); without offsets all.
func (s *story) fetch(a args) *msg.OffsetFetchRequestGroup {
	req := &msg.OffsetFetchRequestGroup{GroupId: a.text("group", "g")}
	for _, p := range partitions(a.text("offsets", "")) {
		req.Topics = append(req.Topics, msg.OffsetFetchRequestTopics{
			Name: p.at.topic, TopicId: uuid(a.text("topic-id", "0")), PartitionIndexes: []int32{p.at.index},
		})
	}
	return req
}

func (s *story) deleteOffsets(a args) *msg.OffsetDeleteRequest {
	req := &msg.OffsetDeleteRequest{GroupId: a.text("group", "g")}
	for _, p := range partitions(a.text("offsets", "")) {
		req.Topics = append(req.Topics, msg.OffsetDeleteRequestTopic{
			Name: p.at.topic, Partitions: []msg.OffsetDeleteRequestPartition{{PartitionIndex: p.at.index}},
		})
	}
	return req
}

func code(c int16) string {
	if c == 0 {
		return "ok"
	}
	return kafka.Error(c).Error()
}

func text(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}

// render tells an answer.
func (s *story) render(a coordinator.Answer) string {
	if a.Err != nil {
		return "failed: " + a.Err.Error()
	}
	switch r := a.Response.(type) {
	case *msg.JoinGroupResponse:
		return "join " + s.renderJoin(r)
	case *msg.SyncGroupResponse:
		return fmt.Sprintf("sync %s type=%s protocol=%s assignment=%q", code(r.ErrorCode), text(r.ProtocolType), text(r.ProtocolName), r.Assignment)
	case *msg.HeartbeatResponse:
		return "heartbeat " + code(r.ErrorCode)
	case *msg.LeaveGroupResponse:
		out := "leave " + code(r.ErrorCode)
		for _, m := range r.Members {
			out += fmt.Sprintf(" %s/%s:%s", s.names.of(m.MemberId), text(m.GroupInstanceId), code(m.ErrorCode))
		}
		return out
	case *msg.OffsetCommitResponse:
		out := "commit"
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				out += fmt.Sprintf(" %s-%d:%s", t.Name, p.PartitionIndex, code(p.ErrorCode))
			}
		}
		return out
	case msg.OffsetFetchResponseGroup:
		out := "fetch " + code(r.ErrorCode)
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				out += fmt.Sprintf(" %s-%d@%d/%s", t.Name, p.PartitionIndex, p.CommittedOffset, text(p.Metadata))
				if p.ErrorCode != 0 {
					out += ":" + code(p.ErrorCode)
				}
			}
		}
		return out
	case *msg.OffsetDeleteResponse:
		out := "delete-offsets " + code(r.ErrorCode)
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				out += fmt.Sprintf(" %s-%d:%s", t.Name, p.PartitionIndex, code(p.ErrorCode))
			}
		}
		return out
	case []msg.DeleteGroupsResponseDeletableGroupResult:
		out := "delete-groups"
		for _, g := range r {
			out += fmt.Sprintf(" %s:%s", g.GroupId, code(g.ErrorCode))
		}
		return out
	}
	return fmt.Sprintf("%T", a.Response)
}

func (s *story) renderJoin(r *msg.JoinGroupResponse) string {
	if r.ErrorCode != 0 {
		return fmt.Sprintf("%s id=%s", code(r.ErrorCode), s.names.of(r.MemberId))
	}
	out := fmt.Sprintf("ok id=%s gen=%d type=%s protocol=%s leader=%s",
		s.names.of(r.MemberId), r.GenerationId, text(r.ProtocolType), text(r.ProtocolName), s.names.of(r.Leader))
	if r.SkipAssignment {
		out += " skip-assignment"
	}
	if len(r.Members) > 0 {
		out += " members="
	}
	for i, m := range r.Members {
		if i > 0 {
			out += ","
		}
		out += s.names.of(m.MemberId)
		if m.GroupInstanceId != nil {
			out += "/" + *m.GroupInstanceId
		}
	}
	return out
}

func (s *story) describe(b *strings.Builder, g *msg.DescribeGroupsResponseDescribedGroup) {
	fmt.Fprintf(b, "%s %s %s type=%q protocol=%q", g.GroupId, code(g.ErrorCode), g.GroupState, g.ProtocolType, g.ProtocolData)
	if g.ErrorMessage != nil {
		fmt.Fprintf(b, " (%s)", *g.ErrorMessage)
	}
	b.WriteString("\n")
	for _, m := range g.Members {
		fmt.Fprintf(b, "  %s instance=%s client=%s host=%s metadata=%d bytes assignment=%q\n", s.names.of(m.MemberId),
			text(m.GroupInstanceId), m.ClientId, m.ClientHost, len(m.MemberMetadata), m.MemberAssignment)
	}
}

// record tells a record of the log.
func (s *story) record(b *strings.Builder, r coordinator.Record) {
	kind, err := number(r.Key)
	if err != nil {
		b.WriteString("the end of a transaction\n")
		return
	}
	if kind == groupMetadataType {
		var key msg.GroupMetadataKey
		must(decode(&key, r.Key, 0))
		if r.Value == nil {
			fmt.Fprintf(b, "group %s: tombstone\n", key.Group)
			return
		}
		version, _ := number(r.Value)
		var v msg.GroupMetadataValue
		must(decode(&v, r.Value, version))
		leader := "null"
		if v.Leader != nil {
			leader = s.names.of(*v.Leader)
		}
		fmt.Fprintf(b, "group %s v%d: gen=%d type=%q protocol=%s leader=%s at=%d", key.Group, version,
			v.Generation, v.ProtocolType, text(v.Protocol), leader, v.CurrentStateTimestamp)
		for _, m := range v.Members {
			fmt.Fprintf(b, " %s/%s:%q", s.names.of(m.MemberId), text(m.GroupInstanceId), m.Assignment)
		}
		b.WriteString("\n")
		return
	}
	var key msg.OffsetCommitKey
	must(decode(&key, r.Key, 0))
	if r.Value == nil {
		fmt.Fprintf(b, "offset %s %s-%d: tombstone\n", key.Group, key.Topic, key.Partition)
		return
	}
	version, _ := number(r.Value)
	var v msg.OffsetCommitValue
	must(decode(&v, r.Value, version))
	fmt.Fprintf(b, "offset %s %s-%d v%d: %d epoch=%d metadata=%q at=%d expires=%d topic-id=%d\n", key.Group, key.Topic, key.Partition,
		version, v.Offset, v.LeaderEpoch, v.Metadata, v.CommitTimestamp, v.ExpireTimestamp, v.TopicId[15])
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
