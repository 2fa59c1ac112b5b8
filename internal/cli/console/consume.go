package console

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

// closeWithin is how long committing and leaving the group may take.
const closeWithin = 30 * time.Second

// consume prints records until there are enough, or none comes for too long,
// or nobody takes the output, or ctx ends. In all these cases it leaves the
// group, and says how many there were.
func consume(ctx context.Context, env *command.Env, c *consumption) error {
	// A reader that goes away is an error of writing, not the end of the
	// process: the group is left first.
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, syscall.SIGPIPE)
	defer signal.Stop(broken)
	run := &consuming{consumption: c, env: env, out: bufio.NewWriterSize(env.Out, 64<<10)}
	if c.systemEvents {
		defer env.Println("shutdown_complete")
	}
	if err := run.open(ctx); err != nil {
		return run.neverOpened(ctx, err)
	}
	err := run.loop(ctx)
	run.close(ctx)
	env.Warnf("Processed a total of %d messages", run.count)
	if err == nil {
		err = ctx.Err()
	}
	return command.Fail(err)
}

// consuming is a run of console-consumer.
type consuming struct {
	*consumption

	env      *command.Env
	client   *kgo.Client
	out      *bufio.Writer
	count    int
	pollMost int // max.poll.records
	kept     *positions
}

// open connects, and begins to read.
func (r *consuming) open(ctx context.Context) error {
	p := r.properties
	if r.timeout > 0 && r.timeout < time.Minute {
		p.Default("default.api.timeout.ms", ms(r.timeout)) // Kafka's command waits no longer for a broker either
	}
	var err error
	if r.pollMost, err = p.PollRecords(); err != nil {
		return command.Fail(err)
	}
	commits, err := p.Bool("enable.auto.commit", true)
	if err != nil {
		return command.Fail(err)
	}
	reads := r.reads
	if reads.Partitions != nil {
		reads.Partitions = make(map[string]map[int32]kgo.Offset) // added below
	}
	var more []kgo.Opt
	if reads.Partitions == nil && commits {
		r.kept = newPositions(p["auto.offset.reset"])
		more = r.kept.options()
	}
	if r.client, err = client.OpenConsumer(ctx, r.env, p, reads, more...); err != nil {
		return err
	}
	for _, topic := range reads.Topics {
		r.look(ctx, topic, 0, false)
	}
	for topic, partitions := range r.reads.Partitions {
		for n, from := range partitions {
			r.look(ctx, topic, n, true)
			if n < 0 {
				continue // there will never be one
			}
			if from, err = r.within(ctx, topic, n, from); err != nil {
				return err
			}
			r.client.AddConsumePartitions(map[string]map[int32]kgo.Offset{topic: {n: from}})
		}
	}
	return nil
}

// within is from, or what auto.offset.reset says where the partition does not
// have that offset, as Kafka's consumer does; franz-go would take the nearest.
func (r *consuming) within(ctx context.Context, topic string, partition int32, from kgo.Offset) (kgo.Offset, error) {
	at := from.EpochOffset().Offset
	if at < 0 {
		return from, nil
	}
	admin := kadm.NewClient(r.client)
	starts, err := admin.ListStartOffsets(ctx, topic)
	if err != nil {
		return from, nil // the consumer says what is wrong
	}
	ends, err := admin.ListEndOffsets(ctx, topic)
	if err != nil {
		return from, nil
	}
	start, ok := starts.Lookup(topic, partition)
	end, both := ends.Lookup(topic, partition)
	if !ok || !both || start.Err != nil || end.Err != nil || at >= start.Offset && at <= end.Offset {
		return from, nil
	}
	r.env.Warnf("offset %d is not in partition %s-%d, which has %d to %d; auto.offset.reset=%s decides", at, topic, partition, start.Offset, end.Offset, r.properties["auto.offset.reset"])
	if r.properties["auto.offset.reset"] == "none" {
		return from, command.Failf("offset %d is not in partition %s-%d, and auto.offset.reset=none", at, topic, partition)
	}
	return client.ResetOffset(r.properties["auto.offset.reset"], time.Now())
}

// neverOpened is the end where no broker was reached: with --timeout-ms, that
// is no record in time, which is no failure of Kafka's command.
func (r *consuming) neverOpened(ctx context.Context, err error) error {
	unreached := client.IsUnreached(err)
	if !unreached || r.timeout == 0 || ctx.Err() != nil {
		return err
	}
	r.env.Warnf("%v", err)
	r.env.Warnf("Processed a total of 0 messages")
	return nil
}

// look says it when there is no such topic, or (number) no such partition: the command waits for
// it, as Kafka's does.
func (r *consuming) look(ctx context.Context, topic string, partition int32, number bool) {
	req := kmsg.NewPtrMetadataRequest()
	one := kmsg.NewMetadataRequestTopic()
	one.Topic = new(topic)
	req.Topics = append(req.Topics, one)
	req.AllowAutoTopicCreation, _ = r.properties.Bool("allow.auto.create.topics", true)
	resp, err := req.RequestWith(ctx, r.client)
	if err != nil || len(resp.Topics) != 1 {
		return
	}
	switch code := resp.Topics[0].ErrorCode; {
	case code == kerr.UnknownTopicOrPartition.Code:
		r.env.Warnf("there is no topic %s; waiting for it (Ctrl-C ends it)", topic)
	case code == 0 && number && (partition < 0 || int(partition) >= len(resp.Topics[0].Partitions)):
		r.env.Warnf("topic %s has %d partitions, no partition %d; waiting for it (Ctrl-C ends it)", topic, len(resp.Topics[0].Partitions), partition)
	}
}

// loop prints what comes. An error is one about a record.
func (r *consuming) loop(ctx context.Context) error {
	last := time.Now() // when the newest record came
	for r.maxMessages == -1 || r.count < r.maxMessages {
		fetches, waited := r.poll(ctx, last)
		if err := fatal(fetches); err != nil {
			r.env.Warnf("Error processing message, terminating consumer process: %v", err)
			return nil // as Kafka's command ends
		}
		if ctx.Err() != nil || fetches.IsClientClosed() {
			return nil
		}
		if fetches.NumRecords() == 0 {
			if waited {
				r.env.Warnf("no record came for %v", r.timeout)
				return nil
			}
			continue
		}
		if err := r.print(fetches); err != nil {
			return err
		}
		if err := r.out.Flush(); err != nil {
			r.env.Warnf("Unable to write to standard out, closing consumer.")
			return nil
		}
		last = time.Now()
	}
	return nil
}

// poll waits for records, and says whether it waited for nothing until
// --timeout-ms were over.
func (r *consuming) poll(ctx context.Context, last time.Time) (kgo.Fetches, bool) {
	most := r.pollMost
	if r.maxMessages > 0 {
		most = min(most, r.maxMessages-r.count)
	}
	if r.timeout <= 0 {
		return r.client.PollRecords(ctx, most), false
	}
	limited, cancel := context.WithDeadline(ctx, last.Add(r.timeout))
	defer cancel()
	fetches := r.client.PollRecords(limited, most)
	return fetches, limited.Err() != nil
}

// fatal is an error that no waiting mends; nil where there is none.
func fatal(fetches kgo.Fetches) error {
	var found error
	fetches.EachError(func(topic string, _ int32, err error) {
		switch {
		case found != nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, kgo.ErrClientClosed):
		case errors.As(err, new(*kgo.ErrDataLoss)), errors.As(err, new(*kgo.ErrGroupSession)) && kerr.IsRetriable(err):
		case topic != "" && errors.Is(err, kerr.InvalidTopicException):
			found = errors.New("Invalid topics: [" + topic + "]")
		case topic != "" && errors.Is(err, kerr.TopicAuthorizationFailed):
			found = errors.New("Not authorized to access topics: [" + topic + "]")
		default:
			found = err
		}
	})
	return found
}

func (r *consuming) print(fetches kgo.Fetches) error {
	var failed error
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		for _, record := range p.Records {
			if failed != nil {
				return
			}
			r.count++
			r.kept.passed(record)
			if err := r.formatter.write(r.out, record); err != nil {
				if !r.skipOnError {
					failed = err
					return
				}
				r.env.Warnf("Error processing message, skipping this message: partition %s-%d, offset %d: %v", record.Topic, record.Partition, record.Offset, err)
			}
		}
	})
	r.kept.mark(r.client)
	if failed != nil {
		_ = r.out.Flush()
	}
	return failed
}

// close commits what was printed and leaves the group, also when ctx is over.
func (r *consuming) close(ctx context.Context) {
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
	defer cancel()
	if err := r.kept.commit(ending, r.client); err != nil {
		r.env.Warnf("the offsets of what was printed could not be committed: %v", err)
	}
	r.client.CloseAllowingRebalance()
}
