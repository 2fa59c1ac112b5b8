package quorum

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// stateFile keeps the epoch and the vote, in Kafka's form: one line of JSON.
//
//	{"clusterId":"","leaderId":1,"leaderEpoch":2,"votedId":-1,"appliedOffset":0,
//	 "currentVoters":[{"voterId":1}],"data_version":0}                 kraft.version 0
//	{"leaderId":-1,"leaderEpoch":2,"votedId":1,
//	 "votedDirectoryId":"J8aAPcfLQt2bqs1JT_rMgQ","data_version":1}     kraft.version 1
const stateFile = "quorum-state"

// stateBytesMax bounds the file: voters are few.
const stateBytesMax = 1 << 20

// electionState is what a voter must not forget: without it, it could vote
// twice in one epoch.
type electionState struct {
	epoch  kafka.LeaderEpoch
	leader kafka.NodeID // kafka.NoNode: not known
	voted  kafka.NodeID // kafka.NoNode: for nobody
	// votedDirectory is the voted one's directory id; zero: not known.
	votedDirectory kafka.UUID
}

// vote is whom this voter may vote for in its epoch: whom it voted for, or the
// leader it knows, because a leader of that epoch exists.
func (s *electionState) vote() kafka.NodeID {
	if s.voted != kafka.NoNode {
		return s.voted
	}
	return s.leader
}

type stateVoter struct {
	VoterID int32 `json:"voterId"`
}

// stateV0 and stateV1 have Kafka's fields in Kafka's order.
type stateV0 struct {
	ClusterID     string       `json:"clusterId"`
	LeaderID      int32        `json:"leaderId"`
	LeaderEpoch   int32        `json:"leaderEpoch"`
	VotedID       int32        `json:"votedId"`
	AppliedOffset int64        `json:"appliedOffset"`
	CurrentVoters []stateVoter `json:"currentVoters"`
	DataVersion   int16        `json:"data_version"`
}

type stateV1 struct {
	LeaderID         int32  `json:"leaderId"`
	LeaderEpoch      int32  `json:"leaderEpoch"`
	VotedID          int32  `json:"votedId"`
	VotedDirectoryID string `json:"votedDirectoryId"`
	DataVersion      int16  `json:"data_version"`
}

// readState reads the file in dir; without one, nothing happened yet.
func readState(fsys vfs.FS, dir string) (electionState, error) {
	none := electionState{leader: kafka.NoNode, voted: kafka.NoNode}
	name := vfs.Join(dir, stateFile)
	text, err := vfs.ReadFile(fsys, name, stateBytesMax)
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	if err != nil {
		return none, fmt.Errorf("read the quorum's state: %w", err)
	}
	s := stateV1{LeaderID: -1, VotedID: -1, DataVersion: -1}
	if err := json.Unmarshal(text, &s); err != nil {
		return none, fmt.Errorf("read the quorum's state: %s is damaged: %w", name, err)
	}
	if s.DataVersion < 0 || s.DataVersion > 1 || s.LeaderEpoch < 0 {
		return none, fmt.Errorf("read the quorum's state: %s has data_version %d and leaderEpoch %d; a newer version may have written it",
			name, s.DataVersion, s.LeaderEpoch)
	}
	state := electionState{
		epoch: kafka.LeaderEpoch(s.LeaderEpoch), leader: kafka.NodeID(s.LeaderID), voted: kafka.NodeID(s.VotedID),
	}
	if s.VotedDirectoryID != "" {
		if state.votedDirectory, err = kafka.ParseUUID(s.VotedDirectoryID); err != nil {
			return none, fmt.Errorf("read the quorum's state: %s: votedDirectoryId: %w", name, err)
		}
	}
	return state, nil
}

// writeState replaces the file durably.
func writeState(fsys vfs.FS, dir string, s electionState, m *membership) error {
	var out any
	if m.version == 0 {
		v0 := stateV0{
			LeaderID: int32(s.leader), LeaderEpoch: int32(s.epoch), VotedID: int32(s.voted), CurrentVoters: []stateVoter{},
		}
		for _, v := range m.voters {
			v0.CurrentVoters = append(v0.CurrentVoters, stateVoter{VoterID: int32(v.ID)})
		}
		out = v0
	} else {
		out = stateV1{
			LeaderID: int32(s.leader), LeaderEpoch: int32(s.epoch), VotedID: int32(s.voted),
			VotedDirectoryID: s.votedDirectory.String(), DataVersion: 1,
		}
	}
	text, err := json.Marshal(out)
	if err == nil {
		err = vfs.ReplaceFile(fsys, vfs.Join(dir, stateFile), text)
	}
	if err != nil {
		return fmt.Errorf("write the quorum's state: %w", err)
	}
	return nil
}
