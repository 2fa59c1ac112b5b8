package group

import (
	"bytes"
	"slices"
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/msg"
)

// protocol is an assignment strategy that a member supports, with what the
// member says to the leader under it.
type protocol struct {
	name     string
	metadata []byte
}

// member is a member of a classic group. Its bytes are its own copies.
type member struct {
	id               string
	instanceID       *string // group.instance.id: a static member
	clientID         string
	clientHost       string
	rebalanceTimeout time.Duration
	sessionTimeout   time.Duration
	protocols        []protocol // in order of preference
	assignment       []byte

	// isNew: the member waits for its first generation, and may expire even
	// while it is parked.
	isNew bool
	// joining and syncing are the requests that wait for an answer, 0: none.
	joining coordinator.Ticket
	syncing coordinator.Ticket

	previous, next *member // in the order in which they joined
}

// metadata is what the member says under the protocol of that name.
func (m *member) metadata(name string) []byte {
	for i := range m.protocols {
		if m.protocols[i].name == name {
			return m.protocols[i].metadata
		}
	}
	return nil
}

// vote is the first of the member's protocols for which there is a candidate.
func (m *member) vote(candidate func(name string) bool) (string, bool) {
	for i := range m.protocols {
		if candidate(m.protocols[i].name) {
			return m.protocols[i].name, true
		}
	}
	return "", false
}

// satisfied says that the member needs no heartbeat: it waits for the group.
func (m *member) satisfied() bool {
	return !m.isNew && (m.joining != 0 || m.syncing != 0)
}

// sameProtocols says whether a request offers what the member already offers.
func (m *member) sameProtocols(offered []msg.JoinGroupRequestProtocol) bool {
	return slices.EqualFunc(m.protocols, offered, func(p protocol, o msg.JoinGroupRequestProtocol) bool {
		return p.name == o.Name && bytes.Equal(p.metadata, o.Metadata)
	})
}

// copyProtocols takes the protocols out of a request, whose bytes belong to the
// connection.
func copyProtocols(offered []msg.JoinGroupRequestProtocol) []protocol {
	out := make([]protocol, len(offered))
	for i := range offered {
		out[i] = protocol{offered[i].Name, bytes.Clone(offered[i].Metadata)}
	}
	return out
}

// millis is a timeout of a request; negative ones count as none.
func millis(ms int32) time.Duration { return time.Duration(max(ms, 0)) * time.Millisecond }
