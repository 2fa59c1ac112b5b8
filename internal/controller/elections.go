package controller

import (
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// electionsPerRound bounds what one periodic election does; the next call
// goes on.
const electionsPerRound = 1_000

// ElectLeaders answers *msg.ElectLeadersResponse. Without partitions it tries
// all, and names only those whose election was needed.
func ElectLeaders(in Input, req *msg.ElectLeadersRequest) Result {
	resp := msg.NewElectLeadersResponse()
	if req.TopicPartitions != nil && len(req.TopicPartitions) == 0 {
		return Result{Response: resp}
	}
	if req.ElectionType != 0 && req.ElectionType != 1 {
		return Result{Err: kafka.Errorf(kafka.ErrInvalidRequest, "Unknown election type %d", req.ElectionType)}
	}
	how := electPreferred
	if req.ElectionType == 1 {
		how = electUnclean
	}
	e := leaderElection{in: &in, how: how, resp: resp}
	if req.TopicPartitions == nil {
		e.all()
	} else {
		for i := range req.TopicPartitions {
			e.some(&req.TopicPartitions[i])
		}
	}
	if err := tooMany(e.records); err != nil {
		return Result{Err: err}
	}
	return Result{Records: e.records, Divisible: true, Response: resp}
}

// leaderElection is the work on one ElectLeaders request.
type leaderElection struct {
	in      *Input
	how     election
	resp    *msg.ElectLeadersResponse
	records []metadata.Record
}

func (e *leaderElection) all() {
	for topic := range e.in.Image.Topics.All() {
		result := msg.ElectLeadersResponseReplicaElectionResult{Topic: topic.Name}
		for n, p := range topic.All() {
			if err := e.elect(topic, n, p); kafka.CodeOf(err) != kafka.ErrElectionNotNeeded {
				result.PartitionResult = append(result.PartitionResult, electionResult(n, err))
			}
		}
		e.resp.ReplicaElectionResults = append(e.resp.ReplicaElectionResults, result)
	}
}

func (e *leaderElection) some(want *msg.ElectLeadersRequestTopicPartitions) {
	result := msg.ElectLeadersResponseReplicaElectionResult{Topic: want.Topic}
	topic, ok := e.in.Image.Topics.ByName(want.Topic)
	for _, n := range want.Partitions {
		if !ok {
			err := kafka.Errorf(kafka.ErrUnknownTopicOrPartition, "No such topic as %s", want.Topic)
			result.PartitionResult = append(result.PartitionResult, electionResult(n, err))
			continue
		}
		p, ok := topic.Partition(n)
		if !ok {
			err := kafka.Errorf(kafka.ErrUnknownTopicOrPartition, "No such partition as %s-%d", want.Topic, n)
			result.PartitionResult = append(result.PartitionResult, electionResult(n, err))
			continue
		}
		result.PartitionResult = append(result.PartitionResult, electionResult(n, e.elect(topic, n, p)))
	}
	e.resp.ReplicaElectionResults = append(e.resp.ReplicaElectionResults, result)
}

func electionResult(n int32, err error) msg.ElectLeadersResponsePartitionResult {
	code, text := codeAndText(err)
	return msg.ElectLeadersResponsePartitionResult{PartitionId: n, ErrorCode: code, ErrorMessage: text}
}

func (e *leaderElection) elect(topic *metadata.Topic, n int32, p *metadata.Partition) error {
	if e.how == electPreferred && p.Leader == p.Preferred() || e.how == electUnclean && p.Leader != kafka.NoNode {
		return kafka.Errorf(kafka.ErrElectionNotNeeded, textElectionNotNeeded)
	}
	c := e.in.change(topic, n, p)
	c.election = e.how
	record, ok := c.build()
	switch {
	case ok:
		e.records = append(e.records, record)
		return nil
	case e.how == electPreferred:
		return kafka.Errorf(kafka.ErrPreferredLeaderNotAvailable, textPreferredNotAvailable)
	}
	return kafka.Errorf(kafka.ErrEligibleLeadersNotAvailable, textEligibleNotAvailable)
}

// BalanceLeaders gives partitions back to their preferred leaders
// (auto.leader.rebalance.enable). The response is a bool: there may be more.
func BalanceLeaders(in Input) Result {
	var records []metadata.Record
	for topic := range in.Image.Topics.All() {
		for n, p := range topic.All() {
			if p.Leader == p.Preferred() {
				continue
			}
			if len(records) >= electionsPerRound {
				return Result{Records: records, Response: true}
			}
			c := in.change(topic, n, p)
			c.election = electPreferred
			if record, ok := c.build(); ok {
				records = append(records, record)
			}
		}
	}
	return Result{Records: records, Response: false}
}

// ElectUnclean gives leaders to partitions that have none, where their topics
// allow a leader that is not in sync. The response is a bool: there may be
// more.
func ElectUnclean(in Input) Result {
	e := leaderElection{in: &in, how: electUnclean}
	for topic := range in.Image.Topics.All() {
		for n, p := range topic.All() {
			if p.Leader != kafka.NoNode || !in.uncleanElection(topic.Name) {
				continue
			}
			if len(e.records) >= electionsPerRound {
				return Result{Records: e.records, Response: true}
			}
			_ = e.elect(topic, n, p) // without an eligible leader it stays as it is
		}
	}
	return Result{Records: e.records, Response: false}
}

// leaderUpdates makes the records that follow from a broker's coming or
// going, for the partitions that concern it. Brokers are -1 where they play
// no part: remove leaves all in-sync sets, add may lead from now on, unclean
// leaves them because it lost what it had.
func (in *Input) leaderUpdates(remove, add, unclean int32, concerns func(*metadata.Partition) bool) []metadata.Record {
	var records []metadata.Record
	for topic := range in.Image.Topics.All() {
		uncleanOK := in.uncleanElection(topic.Name)
		for n, p := range topic.All() {
			if !concerns(p) {
				continue
			}
			c := in.change(topic, n, p)
			c.accept(func(b int32) bool { return b != remove && b != unclean && (b == add || in.active(b)) })
			if uncleanOK {
				c.election = electUnclean
			}
			c.unclean = unclean
			c.isr = without(p.Isr, remove, unclean)
			if record, ok := c.build(); ok {
				records = append(records, record)
			}
		}
	}
	return records
}
