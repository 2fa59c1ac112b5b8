package transactions

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// aborted is the transaction of a partition that is to be ended.
type aborted struct {
	Topic            string `json:"topic"`
	Partition        int32  `json:"partition"`
	ProducerID       int64  `json:"producerId"`
	ProducerEpoch    int16  `json:"producerEpoch"`
	CoordinatorEpoch int32  `json:"coordinatorEpoch"`
}

func newAbort(env *command.Env, where *client.Flags) *cobra.Command {
	var p kafka.TopicPartition
	var a aborted
	start := int64(0)
	cmd := &cobra.Command{
		Use:   "abort",
		Short: "Abort a transaction that hangs, in one partition",
		Long: `Abort a transaction that hangs, in one partition: its records there are then as
if it had been aborted, and those who read_committed read on. Which one,
--start-offset says, as find-hanging prints it. Brokers before 3.0 cannot tell
the rest: they need --producer-id, --producer-epoch and --coordinator-epoch.

A transaction that its coordinator knows is not for this command: use
forceTerminateTransaction.`,
		Example: `  gregor transactions --bootstrap-server localhost:9092 abort --topic orders --partition 0 --start-offset 1234`,
		Args:    cobra.NoArgs,
	}
	f := cmd.Flags()
	partitionFlags(f, &p)
	f.Int64Var(&start, "start-offset", 0, "the `offset` of the transaction's first record in the partition")
	f.Int64Var(&a.ProducerID, "producer-id", 0, "for brokers before 3.0: the producer's `id`")
	f.Int16Var(&a.ProducerEpoch, "producer-epoch", 0, "for brokers before 3.0: the producer's `epoch`")
	f.Int32Var(&a.CoordinatorEpoch, "coordinator-epoch", 0, "for brokers before 3.0: the coordinator's `epoch`")
	return run(env, where, cmd, []string{"topic", "partition"}, func(c *conn, asJSON bool) error {
		a.Topic, a.Partition = p.Topic, p.Partition
		switch has := f.Changed; {
		case has("start-offset"):
			if err := c.find(p, start, &a); err != nil {
				return err
			}
		case !has("producer-id"):
			return errors.New("The transaction to abort must be identified either with --start-offset (for brokers on 3.0 or above) " +
				"or with --producer-id, --producer-epoch, and --coordinator-epoch (for older brokers)")
		case !has("producer-epoch"):
			return errors.New("Missing required argument --producer-epoch")
		case !has("coordinator-epoch"):
			return errors.New("Missing required argument --coordinator-epoch")
		}
		// Of the first transaction of a producer a partition knows no epoch of the
		// coordinator; 0 is below all that there are.
		a.CoordinatorEpoch = max(a.CoordinatorEpoch, 0)
		if err := c.abort(&a); err != nil {
			return fmt.Errorf("Failed to abort the transaction of producer %d, epoch %d, in %s-%d: %w",
				a.ProducerID, a.ProducerEpoch, a.Topic, a.Partition, err)
		}
		if asJSON {
			return env.PrintJSON(a)
		}
		return nil
	})
}

// find fills in the producer whose transaction begins at an offset.
func (c *conn) find(p kafka.TopicPartition, start int64, a *aborted) error {
	all, err := c.producers(anyBroker, []kafka.TopicPartition{p})
	if err != nil {
		return fmt.Errorf("Failed to validate producer state for partition %s-%d: %w", p.Topic, p.Partition, err)
	}
	for _, o := range all[p] {
		if o.StartOffset != nil && *o.StartOffset == start {
			a.ProducerID, a.ProducerEpoch, a.CoordinatorEpoch = o.ProducerID, int16(o.ProducerEpoch), o.CoordinatorEpoch
			return nil
		}
	}
	return fmt.Errorf("Could not find any open transactions starting at offset %d on partition %s-%d", start, p.Topic, p.Partition)
}

// abort has the leader write the marker.
func (c *conn) abort(a *aborted) error {
	topic := kmsg.NewWriteTxnMarkersRequestMarkerTopic()
	topic.Topic, topic.Partitions = a.Topic, []int32{a.Partition}
	marker := kmsg.NewWriteTxnMarkersRequestMarker()
	marker.ProducerID, marker.ProducerEpoch, marker.CoordinatorEpoch = a.ProducerID, a.ProducerEpoch, a.CoordinatorEpoch
	marker.Topics = append(marker.Topics, topic)
	req := kmsg.NewPtrWriteTxnMarkersRequest()
	req.Markers = append(req.Markers, marker)
	for _, s := range c.Client().RequestSharded(c.ctx, req) {
		if s.Err != nil {
			return c.Explain(req.Key(), s.Err)
		}
		for _, m := range s.Resp.(*kmsg.WriteTxnMarkersResponse).Markers { //nolint:forcetypeassert // the answer to this request
			for _, t := range m.Topics {
				for _, p := range t.Partitions {
					if thrown := java.Throw(p.ErrorCode, nil); thrown != nil {
						return thrown
					}
				}
			}
		}
	}
	return nil
}

// terminationPatience is how long a new epoch is asked for while the
// transaction before is being ended, as Kafka's admin client has it.
const terminationPatience = time.Minute

func newForceTerminate(env *command.Env, where *client.Flags) *cobra.Command {
	id := ""
	cmd := &cobra.Command{
		Use:   "forceTerminateTransaction",
		Short: "Abort the open transaction of a transactional id, and fence its producer",
		Example: `  gregor transactions --bootstrap-server localhost:9092 forceTerminateTransaction \
      --transactionalId orders-1`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&id, "transactionalId", "", "the transactional `id`")
	return run(env, where, cmd, []string{"transactionalId"}, func(c *conn, asJSON bool) error {
		resp, err := c.fence(id)
		if err != nil {
			return fmt.Errorf("Failed to force terminate transactionalId `%s`: %w", id, err)
		}
		if asJSON {
			return env.PrintJSON(struct {
				TransactionalID string `json:"transactionalId"`
				ProducerID      int64  `json:"producerId"`
				ProducerEpoch   int16  `json:"producerEpoch"`
			}{id, resp.ProducerID, resp.ProducerEpoch})
		}
		return nil
	})
}

// fence takes the producer's place, which ends its transaction.
func (c *conn) fence(id string) (*kmsg.InitProducerIDResponse, error) {
	for end := time.Now().Add(terminationPatience); ; {
		req := kmsg.NewPtrInitProducerIDRequest()
		req.TransactionalID, req.TransactionTimeoutMillis = &id, requestTimeoutMs
		resp, err := req.RequestWith(c.ctx, c)
		if err != nil {
			return nil, err
		}
		if resp.ErrorCode != kerr.ConcurrentTransactions.Code || time.Now().After(end) {
			if thrown := java.Throw(resp.ErrorCode, nil); thrown != nil {
				return nil, thrown
			}
			return resp, nil
		}
		select {
		case <-c.ctx.Done():
			return nil, c.ctx.Err()
		case <-time.After(retryBackoff):
		}
	}
}

const (
	requestTimeoutMs = 30_000 // Kafka's request.timeout.ms
	retryBackoff     = 100 * time.Millisecond
)
