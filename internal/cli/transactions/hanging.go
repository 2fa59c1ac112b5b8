package transactions

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// batchMax is how many topics or partitions one request names.
const batchMax = 500

// open is a transaction that a partition waits for.
type openTransaction struct {
	kafka.TopicPartition
	producer
}

// hanging is the search for transactions whose end nobody will write.
type hanging struct {
	*conn

	broker  int32 // anyBroker: all of them
	topic   string
	one     int32 // partition; -1: all of them
	timeout time.Duration
}

func newFindHanging(env *command.Env, where *client.Flags) *cobra.Command {
	h := &hanging{}
	minutes := int32(15)
	cmd := &cobra.Command{
		Use:   "find-hanging",
		Short: "Find transactions that partitions wait for and no coordinator will end",
		Long: `Find transactions that partitions wait for and no coordinator will end: those
that have written nothing for --max-transaction-timeout, and of which the
coordinator does not know that they are open in the partition. Look in a topic,
or on a broker.`,
		Example: `  gregor transactions --bootstrap-server localhost:9092 find-hanging --broker-id 1
  gregor transactions --bootstrap-server localhost:9092 find-hanging --topic orders --max-transaction-timeout 60`,
		Args: cobra.NoArgs,
	}
	f := cmd.Flags()
	f.Int32Var(&h.broker, "broker-id", anyBroker, "look on this `broker`")
	f.Int32Var(&minutes, "max-transaction-timeout", 15, "transactions that wrote within so many `minutes` may yet be ended")
	f.StringVar(&h.topic, "topic", "", "look in this `topic`; --partition needs it")
	f.Int32Var(&h.one, "partition", -1, "look in the partition of this `number`")
	return run(env, where, cmd, nil, func(c *conn, asJSON bool) error {
		h.conn, h.timeout = c, time.Duration(minutes)*time.Minute
		switch has := f.Changed; {
		case !has("topic") && !has("broker-id"):
			return errors.New("The `find-hanging` command requires either --topic or --broker-id to limit the scope of the search")
		case has("partition") && !has("topic"):
			return errors.New("The --partition argument requires --topic to be provided")
		}
		found, err := h.search(f.Changed("topic"), f.Changed("partition"))
		if err != nil {
			return err
		}
		return printHanging(env, found, asJSON)
	})
}

func (h *hanging) search(inTopic, inPartition bool) ([]openTransaction, error) {
	partitions := []kafka.TopicPartition{{Topic: h.topic, Partition: h.one}}
	if !inPartition {
		var err error
		if partitions, err = h.partitions(inTopic); err != nil {
			return nil, err
		}
	}
	candidates, err := h.candidates(partitions)
	if err != nil || len(candidates) == 0 {
		return nil, err
	}
	byProducer := make(map[int64][]openTransaction)
	var ids []int64
	for _, c := range candidates {
		if byProducer[c.ProducerID] == nil {
			ids = append(ids, c.ProducerID)
		}
		byProducer[c.ProducerID] = append(byProducer[c.ProducerID], c)
	}
	ids = java.Order(ids, hashLong)
	known, err := h.known(ids)
	if err != nil {
		return nil, err
	}
	var found []openTransaction
	for _, id := range ids {
		for _, o := range byProducer[id] {
			// What its coordinator has in the transaction it will yet end.
			if !slices.Contains(known[id], partition(o.TopicPartition)) {
				found = append(found, o)
			}
		}
	}
	return found, nil
}

// hashLong is Long.hashCode.
func hashLong(n int64) int32 { return int32(n ^ int64(uint64(n)>>32)) }

// partitions are those of a topic, or of all topics; with a broker those that
// it has a replica of.
func (h *hanging) partitions(inTopic bool) ([]kafka.TopicPartition, error) {
	names := []string{h.topic}
	if !inTopic {
		all, err := h.Topics(h.ctx)
		if err != nil {
			return nil, fmt.Errorf("Failed to list topics: %w", err)
		}
		names = nil
		for _, t := range all {
			names = append(names, t.Name)
		}
	}
	var found []kafka.TopicPartition
	for batch := range slices.Chunk(names, batchMax) {
		topics, err := h.Describe(h.ctx, batch, partitionsOfAnAnswer)
		if err != nil {
			return nil, fmt.Errorf("Failed to describe %d topics: %w", len(batch), err)
		}
		for _, t := range topics {
			for _, p := range t.Partitions {
				if h.broker == anyBroker || slices.Contains(p.Replicas, h.broker) {
					found = append(found, kafka.TopicPartition{Topic: t.Name, Partition: p.Number})
				}
			}
		}
	}
	return found, nil
}

// partitionsOfAnAnswer is what Kafka's admin client asks for at once.
const partitionsOfAnAnswer = 2000

// candidates are open transactions that have written nothing for long.
func (h *hanging) candidates(partitions []kafka.TopicPartition) ([]openTransaction, error) {
	var found []openTransaction
	for batch := range slices.Chunk(partitions, batchMax) {
		all, err := h.producers(h.broker, batch)
		if err != nil {
			return nil, fmt.Errorf("Failed to describe producers for %d partitions: %w", len(batch), err)
		}
		now := time.Now().UnixMilli()
		futures := java.Order(batch, java.HashPartition)
		for _, p := range java.OrderIn(futures, java.HashPartition, len(batch)) {
			for _, o := range all[p] {
				if o.StartOffset != nil && now-o.LastTimestamp > h.timeout.Milliseconds() {
					found = append(found, openTransaction{p, o})
				}
			}
		}
	}
	return found, nil
}

// known are the partitions that coordinators have in the transactions of these
// producers.
func (h *hanging) known(producers []int64) (map[int64][]partition, error) {
	list, err := h.list(producers, -1, "")
	if err != nil {
		return nil, fmt.Errorf("Failed to list transactions for %d producers: %w", len(producers), err)
	}
	var ids []string
	for _, l := range list {
		ids = append(ids, l.TransactionalID)
	}
	described, err := h.describe(ids)
	if err != nil {
		return nil, fmt.Errorf("Failed to describe %d transactions: %w", len(ids), err)
	}
	known := make(map[int64][]partition, len(list))
	for _, l := range list {
		known[l.ProducerID] = described[l.TransactionalID].Partitions
	}
	return known, nil
}

// found is a hanging transaction for machines.
type found struct {
	Topic            string `json:"topic"`
	Partition        int32  `json:"partition"`
	ProducerID       int64  `json:"producerId"`
	ProducerEpoch    int32  `json:"producerEpoch"`
	CoordinatorEpoch int32  `json:"coordinatorEpoch"`
	StartOffset      int64  `json:"startOffset"`
	LastTimestamp    int64  `json:"lastTimestamp"` // ms since 1970
	DurationMs       int64  `json:"durationMs"`    // since then
}

func printHanging(env *command.Env, list []openTransaction, asJSON bool) error {
	now := time.Now().UnixMilli()
	all := make([]found, len(list))
	rows := make([][]string, len(list))
	for i, o := range list {
		f := found{o.Topic, o.Partition, o.ProducerID, o.ProducerEpoch, o.CoordinatorEpoch, *o.StartOffset, o.LastTimestamp, now - o.LastTimestamp}
		all[i] = f
		rows[i] = []string{
			f.Topic, fmt.Sprint(f.Partition), fmt.Sprint(f.ProducerID), fmt.Sprint(f.ProducerEpoch), fmt.Sprint(f.CoordinatorEpoch),
			fmt.Sprint(f.StartOffset), fmt.Sprint(f.LastTimestamp), fmt.Sprint(f.DurationMs / time.Minute.Milliseconds()),
		}
	}
	if asJSON {
		return env.PrintJSON(struct {
			Hanging []found `json:"hanging"`
		}{all})
	}
	command.PrettyTable(env.Out, []string{
		"Topic", "Partition", "ProducerId", "ProducerEpoch", "CoordinatorEpoch", "StartOffset", "LastTimestamp", "Duration(min)",
	}, rows)
	return nil
}
