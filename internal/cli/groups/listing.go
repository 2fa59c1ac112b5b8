package groups

import (
	"context"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/java"
)

// listing is one group in a list.
type listing struct {
	GroupID  string `json:"groupId"`
	Type     string `json:"type"`     // Classic, Consumer, Share, Streams; "" where the broker is too old to say
	Protocol string `json:"protocol"` // consumer, connect ...; "" of a group that only commits
	State    string `json:"state"`
}

// filter says which groups are wanted; nil wants all.
type filter struct {
	types, states []string // as Kafka writes them
	protocols     []string
}

// consumerGroups is the filter of what Kafka counts as consumer groups.
func consumerGroups() filter {
	return filter{types: []string{typeClassic, typeConsumer}, protocols: []string{"", "consumer"}}
}

// list asks all brokers for their groups and gives them in the order of
// Kafka's client.
func (a *cluster) list(ctx context.Context, f filter) ([]listing, error) {
	req := kmsg.NewPtrListGroupsRequest()
	req.TypesFilter, req.StatesFilter = f.types, f.states
	at := make(map[string]int)
	var all []listing
	err := a.shards(ctx, req, func(_ kgo.BrokerMetadata, resp kmsg.Response) error {
		r := resp.(*kmsg.ListGroupsResponse) //nolint:forcetypeassert // the answer to this request
		if r.ErrorCode != 0 {
			return java.Code(r.ErrorCode, "")
		}
		for _, g := range r.Groups {
			if f.protocols != nil && !slices.Contains(f.protocols, g.ProtocolType) {
				continue
			}
			l := listing{GroupID: g.Group, Type: knownType(g.GroupType), Protocol: g.ProtocolType, State: knownState(g.GroupState)}
			if i, ok := at[g.Group]; ok {
				all[i] = l
				continue
			}
			at[g.Group] = len(all)
			all = append(all, l)
		}
		return nil
	})
	return java.Order(all, func(l listing) int32 { return java.Hash(l.GroupID) }), err
}

// ids are the names of all consumer groups.
func (a *cluster) ids(ctx context.Context) ([]string, error) {
	all, err := a.list(ctx, consumerGroups())
	ids := make([]string, len(all))
	for i, l := range all {
		ids[i] = l.GroupID
	}
	return ids, err
}
