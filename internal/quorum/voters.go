package quorum

import (
	"slices"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// membership is who votes: static voters from the configuration (kraft.version
// 0), or those of the newest VotersRecord (kraft.version 1, KIP-853).
type membership struct {
	version int16
	voters  []Voter // sorted by id
}

// raftID is a node's id in the Raft library, for which 0 is nobody.
func raftID(id kafka.NodeID) uint64 { return uint64(id) + 1 } //nolint:gosec // node ids are not negative

func nodeID(raft uint64) kafka.NodeID { return kafka.NodeID(int64(raft) - 1) } //nolint:gosec // made by raftID

func (m *membership) ids() []uint64 {
	ids := make([]uint64, 0, len(m.voters))
	for _, v := range m.voters {
		ids = append(ids, raftID(v.ID))
	}
	return ids
}

// alone says whether node is the only voter: then all that it has on disk is
// committed.
func (m *membership) alone(node kafka.NodeID) bool {
	return len(m.voters) == 1 && m.voters[0].ID == node
}

// note takes the control records that change the membership.
func (m *membership) note(records []control) {
	for _, c := range records {
		switch r := c.message.(type) {
		case *msg.KRaftVersionRecord:
			m.version = r.KRaftVersion
		case *msg.VotersRecord:
			m.voters = votersOf(r)
		}
	}
}

func votersOf(r *msg.VotersRecord) []Voter {
	voters := make([]Voter, 0, len(r.Voters))
	for i := range r.Voters {
		v := Voter{ID: kafka.NodeID(r.Voters[i].VoterId), DirectoryID: r.Voters[i].VoterDirectoryId}
		for _, e := range r.Voters[i].Endpoints {
			v.Endpoints = append(v.Endpoints, metadata.Endpoint{Listener: e.Name, Host: e.Host, Port: e.Port})
		}
		voters = append(voters, v)
	}
	sortVoters(voters)
	return voters
}

func sortVoters(voters []Voter) {
	slices.SortFunc(voters, func(a, b Voter) int { return int(a.ID) - int(b.ID) })
}

// controls is the membership as control records; none below kraft.version 1,
// and no voters where none are known yet.
func (m *membership) controls() []control {
	version := control{kind: batch.ControlKRaftVersion, message: &msg.KRaftVersionRecord{KRaftVersion: m.version}}
	switch {
	case m.version == 0:
		return nil
	case len(m.voters) == 0:
		return []control{version}
	}
	voters := &msg.VotersRecord{}
	for _, v := range m.voters {
		out := msg.VotersRecordVoter{VoterId: int32(v.ID), VoterDirectoryId: v.DirectoryID}
		for _, e := range v.Endpoints {
			out.Endpoints = append(out.Endpoints, msg.VotersRecordEndpoint{Name: e.Listener, Host: e.Host, Port: e.Port})
		}
		out.KRaftVersionFeature.MaxSupportedVersion = 1
		voters.Voters = append(voters.Voters, out)
	}
	return []control{version, {kind: batch.ControlKRaftVoters, message: voters}}
}

// leaderChange is what a leader's epoch begins with.
func (m *membership) leaderChange(leader kafka.NodeID, granted []kafka.NodeID) control {
	r := &msg.LeaderChangeMessage{LeaderId: int32(leader)}
	for _, v := range m.voters {
		r.Voters = append(r.Voters, msg.LeaderChangeMessageVoter{VoterId: int32(v.ID)})
	}
	for _, id := range granted {
		r.GrantingVoters = append(r.GrantingVoters, msg.LeaderChangeMessageVoter{VoterId: int32(id)})
	}
	return control{kind: batch.ControlLeaderChange, message: r}
}
