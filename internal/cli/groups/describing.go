package groups

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// description is what a coordinator says of a consumer group.
type description struct {
	id, kind, state    string
	assignor           string // the protocol of a classic group
	coordinator        node
	members            []member
	epoch, targetEpoch *int32 // nil: a classic group has none
}

// node is a broker as it is reached.
type node struct {
	ID   int32  `json:"id"`
	Host string `json:"host"`
	Port int32  `json:"port"`
}

// member is one consumer of a group.
type member struct {
	id, instance, host, clientID string
	assigned, target             []kafka.TopicPartition
	epoch                        *int32 // nil in a classic group
	upgraded                     *bool  // nil: not known
}

// described is the answer about one group: a description or why there is none.
type described struct {
	group   *description
	failure *java.Thrown
}

// describe asks the coordinators of consumer groups. As Kafka's client does, it asks in
// the new protocol first, and in the classic one for the groups that the new one
// does not know.
func (a *cluster) describe(ctx context.Context, ids []string) (map[string]described, error) {
	all := make(map[string]described, len(ids))
	missing := make(map[string]string) // what the new protocol said of them
	if len(ids) == 0 {
		return all, nil
	}
	req := kmsg.NewPtrConsumerGroupDescribeRequest()
	req.Groups = ids
	err := a.shards(ctx, req, func(at kgo.BrokerMetadata, resp kmsg.Response) error {
		for _, g := range resp.(*kmsg.ConsumerGroupDescribeResponse).Groups { //nolint:forcetypeassert // the answer to this request
			switch g.ErrorCode {
			case 0:
				all[g.Group] = described{group: describedConsumer(g, nodeOf(at))}
			case kerr.GroupIDNotFound.Code, kerr.UnsupportedVersion.Code:
				missing[g.Group] = textOf(g.ErrorMessage)
			default:
				all[g.Group] = described{failure: java.Code(g.ErrorCode, textOf(g.ErrorMessage))}
			}
		}
		return nil
	})
	if err != nil && !admin.Unsupported(err) {
		return nil, err
	}
	classic := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, ok := all[id]; return ok })
	if len(classic) == 0 {
		return all, nil
	}
	return all, a.describeClassic(ctx, classic, missing, all)
}

func (a *cluster) describeClassic(ctx context.Context, ids []string, missing map[string]string, all map[string]described) error {
	req := kmsg.NewPtrDescribeGroupsRequest()
	req.Groups = ids
	return a.shards(ctx, req, func(at kgo.BrokerMetadata, resp kmsg.Response) error {
		for _, g := range resp.(*kmsg.DescribeGroupsResponse).Groups { //nolint:forcetypeassert // the answer to this request
			switch {
			case g.ErrorCode == kerr.GroupIDNotFound.Code && missing[g.Group] != "":
				all[g.Group] = described{failure: java.Code(g.ErrorCode, missing[g.Group])}
			case g.ErrorCode != 0:
				all[g.Group] = described{failure: java.Code(g.ErrorCode, textOf(g.ErrorMessage))}
			case g.ProtocolType != "consumer" && g.ProtocolType != "":
				all[g.Group] = described{failure: &java.Thrown{
					Class: java.Illegal, Message: fmt.Sprintf("GroupId %s is not a consumer group (%s).", g.Group, g.ProtocolType),
				}}
			default:
				d, err := describedClassic(g, nodeOf(at))
				if err != nil {
					return err
				}
				all[g.Group] = described{group: d}
			}
		}
		return nil
	})
}

func describedConsumer(g kmsg.ConsumerGroupDescribeResponseGroup, at node) *description {
	d := &description{
		id: g.Group, kind: typeConsumer, state: knownState(g.State), assignor: g.AssignorName, coordinator: at,
		epoch: &g.Epoch, targetEpoch: &g.AssignmentEpoch,
	}
	for _, m := range g.Members {
		one := member{
			id: m.MemberID, instance: textOf(m.InstanceID), host: m.ClientHost, clientID: m.ClientID, epoch: &m.MemberEpoch,
			assigned: partitionsOf(m.Assignment), target: partitionsOf(m.TargetAssignment),
		}
		if m.MemberType != -1 {
			one.upgraded = new(m.MemberType == 1)
		}
		d.members = append(d.members, one)
	}
	return d
}

func describedClassic(g kmsg.DescribeGroupsResponseGroup, at node) (*description, error) {
	d := &description{id: g.Group, kind: typeClassic, state: knownState(g.State), assignor: g.Protocol, coordinator: at}
	for _, m := range g.Members {
		one := member{id: m.MemberID, instance: textOf(m.InstanceID), host: m.ClientHost, clientID: m.ClientID}
		if len(m.MemberAssignment) > 0 {
			var assignment kmsg.ConsumerMemberAssignment
			if err := assignment.ReadFrom(m.MemberAssignment); err != nil {
				return nil, fmt.Errorf("the assignment of member %s of group %s cannot be read: %w", m.MemberID, g.Group, err)
			}
			for _, t := range assignment.Topics {
				for _, p := range t.Partitions {
					one.assigned = append(one.assigned, kafka.TopicPartition{Topic: t.Topic, Partition: p})
				}
			}
		}
		d.members = append(d.members, one)
	}
	return d, nil
}

func partitionsOf(a kmsg.Assignment) []kafka.TopicPartition {
	var list []kafka.TopicPartition
	for _, t := range a.TopicPartitions {
		for _, p := range t.Partitions {
			list = append(list, kafka.TopicPartition{Topic: t.Topic, Partition: p})
		}
	}
	return list
}

func nodeOf(b kgo.BrokerMetadata) node { return node{ID: b.NodeID, Host: b.Host, Port: b.Port} }

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
