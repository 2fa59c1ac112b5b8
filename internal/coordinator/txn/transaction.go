package txn

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// transaction is a transactional id and its transaction. It is never changed:
// each step makes another.
type transaction struct {
	producer kafka.ProducerID
	// previous is the producer id before the last step; it differs from producer
	// only for the step after a rotation.
	previous kafka.ProducerID
	// next is the id that the producer goes on with when the markers are
	// written, -1: the same.
	next       kafka.ProducerID
	epoch      kafka.ProducerEpoch
	timeoutMs  int32
	state      state
	partitions []kafka.TopicPartition // in order, each once
	started    int64                  // ms, -1: no transaction
	updated    int64                  // ms
	version    int16                  // of transactions, as the client speaks it
}

// created is an id that was never used: its first epoch will be 0.
func created(producer kafka.ProducerID) *transaction {
	return &transaction{
		producer: producer, previous: kafka.NoProducerID, next: kafka.NoProducerID,
		epoch: kafka.NoProducerEpoch, state: empty, started: -1,
	}
}

// to is a copy for the step to another state.
func (t *transaction) to(s state, now int64) *transaction {
	if !s.mayFollow(t.state) {
		panic("txn: " + s.String() + " cannot follow " + t.state.String())
	}
	next := *t
	next.state, next.previous, next.updated = s, t.producer, now
	return &next
}

// begin is the step of a producer that begins anew: with the next epoch.
func (t *transaction) begin(now int64, timeoutMs int32) *transaction {
	next := t.to(empty, now)
	next.timeoutMs, next.partitions, next.started = timeoutMs, nil, -1
	return next
}

// add is the step that puts partitions into the transaction.
func (t *transaction) add(now int64, partitions []kafka.TopicPartition, version int16) *transaction {
	next := t.to(ongoing, now)
	if t.state != ongoing {
		next.started = now
	}
	next.partitions = union(t.partitions, partitions)
	next.version = version
	return next
}

// prepare is the step that decides the transaction. fresh is the producer id to
// go on with, -1: the same.
func (t *transaction) prepare(now int64, commit bool, version int16, fresh kafka.ProducerID) *transaction {
	s := prepareAbort
	if commit {
		s = prepareCommit
	}
	next := t.to(s, now)
	next.version, next.next = version, fresh
	if version >= VersionEpochBump && (t.epoch < maxEpoch || commit) {
		next.epoch++ // with the last epoch a broken producer may still abort
	}
	if t.state != ongoing {
		next.started = now // nothing was added; when it began nobody knows
	}
	return next
}

// completed is the step after the markers are written.
func (t *transaction) completed(now int64) *transaction {
	s := completeAbort
	if t.state == prepareCommit {
		s = completeCommit
	}
	next := t.to(s, now)
	next.producer, next.epoch = t.goesOnWith()
	next.next, next.partitions = kafka.NoProducerID, nil
	return next
}

// goesOnWith is what the producer has when a prepared transaction is complete.
func (t *transaction) goesOnWith() (kafka.ProducerID, kafka.ProducerEpoch) {
	if t.version >= VersionEpochBump && t.next != kafka.NoProducerID {
		return t.next, 0
	}
	return t.producer, t.epoch
}

// has says whether the partition is in the transaction.
func (t *transaction) has(p kafka.TopicPartition) bool {
	_, found := slices.BinarySearchFunc(t.partitions, p, comparePartitions)
	return found
}

// hasAll says whether all partitions are in the transaction.
func (t *transaction) hasAll(partitions []kafka.TopicPartition) bool {
	return !slices.ContainsFunc(partitions, func(p kafka.TopicPartition) bool { return !t.has(p) })
}

func comparePartitions(a, b kafka.TopicPartition) int {
	if c := strings.Compare(a.Topic, b.Topic); c != 0 {
		return c
	}
	return cmp.Compare(a.Partition, b.Partition)
}

// union is both lists in order, each partition once.
func union(a, b []kafka.TopicPartition) []kafka.TopicPartition {
	all := append(slices.Clip(slices.Clone(a)), b...)
	slices.SortFunc(all, comparePartitions)
	return slices.Compact(all)
}
