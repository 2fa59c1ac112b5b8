package group

import (
	"cmp"
	"strings"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// describeNotFound is the version of DescribeGroups from which a group that
// does not exist is an error (KIP-1043).
const describeNotFound = 6

func compareStrings(a, b string) int             { return strings.Compare(a, b) }
func compareProducers(a, b kafka.ProducerID) int { return cmp.Compare(a, b) }
func compareGroupPartitions(a, b groupPartition) int {
	if c := strings.Compare(a.group, b.group); c != 0 {
		return c
	}
	return comparePartitions(a.at, b.at)
}

// ListGroups lists the groups whose creation is committed, in the order of
// their ids. Filters are names of states and types in any case; none lets all
// through, and one that nobody knows lets nothing through.
func (s *Shard) ListGroups(states, types []string) []msg.ListGroupsResponseListedGroup {
	trimmed := make([]string, len(states))
	for i, state := range states {
		trimmed[i] = strings.TrimSpace(state)
	}
	var out []msg.ListGroupsResponseListedGroup
	list := func(g msg.ListGroupsResponseListedGroup) {
		if passes(trimmed, g.GroupState) && passes(types, g.GroupType) {
			out = append(out, g)
		}
	}
	for id, value := range s.groups.SortedCommitted(compareStrings) {
		state, protocolType := stable, value.ProtocolType
		if len(value.Members) == 0 {
			state = empty
		}
		if g := s.live[id]; g != nil {
			state, protocolType = g.state, ""
			if g.protocolType != nil {
				protocolType = *g.protocolType
			}
		}
		list(msg.ListGroupsResponseListedGroup{
			GroupId: id, ProtocolType: protocolType, GroupState: state.String(), GroupType: "classic",
		})
	}
	for _, g := range s.foreign.list() {
		list(g)
	}
	return out
}

func passes(filter []string, name string) bool {
	for _, f := range filter {
		if strings.EqualFold(f, name) {
			return true
		}
	}
	return len(filter) == 0
}

// DescribeGroups describes classic groups, one answer for each id.
func (s *Shard) DescribeGroups(ids []string, version int16) []msg.DescribeGroupsResponseDescribedGroup {
	out := make([]msg.DescribeGroupsResponseDescribedGroup, len(ids))
	for i, id := range ids {
		out[i] = s.describe(id, version)
	}
	return out
}

func (s *Shard) describe(id string, version int16) msg.DescribeGroupsResponseDescribedGroup {
	out := *msg.NewDescribeGroupsResponseDescribedGroup()
	out.GroupId = id
	if _, ok := s.groups.GetCommitted(id); !ok {
		out.GroupState = dead.String()
		if version >= describeNotFound {
			message := "Group " + id + " not found."
			if s.foreign.has(id) {
				message = "Group " + id + " is not a classic group."
			}
			out.ErrorCode, out.ErrorMessage = int16(kafka.ErrGroupIDNotFound), &message
		}
		return out
	}
	g := s.group(id)
	if g == nil { // its deletion is not committed yet
		g = newClassic(id)
	}
	out.GroupState = g.state.String()
	if g.protocolType != nil {
		out.ProtocolType = *g.protocolType
	}
	if g.state == stable {
		out.ProtocolData = *g.protocol
	}
	out.Members = make([]msg.DescribeGroupsResponseDescribedGroupMember, 0, len(g.members))
	for m := g.first; m != nil; m = m.next {
		described := msg.DescribeGroupsResponseDescribedGroupMember{
			MemberId: m.id, GroupInstanceId: m.instanceID, ClientId: m.clientID, ClientHost: m.clientHost,
			MemberAssignment: m.assignment,
		}
		if g.state == stable {
			described.MemberMetadata = m.metadata(*g.protocol)
		}
		out.Members = append(out.Members, described)
	}
	return out
}
