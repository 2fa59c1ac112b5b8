package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/complete"
)

type copyOptions struct {
	from       *client.Flags
	to         client.Flags
	toTopic    string
	partitions []int32
	follow     bool
	restart    bool
	replicas   int16
	noConfigs  bool
	codec      string
}

func newCopy(env *command.Env) *cobra.Command {
	o := &copyOptions{}
	cmd := &cobra.Command{
		Use:   "copy TOPIC --to HOST:PORT",
		Short: "Copy a topic to another cluster, resumably",
		Long: `Copy the records of a topic to another cluster: keys, values, headers, timestamps
and partitions are kept, records of aborted transactions left out; those of open
ones come with a later copy, or with --follow. The topic is
made there, with the same partitions and configs, if it is not there. How far
the copy is is kept at the destination, as offsets of the group
gregor-copy.<cluster>.<topic>; the same command given again goes on where the
last one was broken off, and writes no record twice. Nobody else may write to
the copied topic meanwhile: that is noticed, and stops the copy.`,
		Example: `  gregor copy orders --to other.example:9092
  gregor copy orders --to localhost:9192 --to-topic orders-copy --follow`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: complete.TopicArgument(env),
	}
	o.from = connection(cmd)
	f := cmd.Flags()
	f.StringVar(&o.to.Server, "to", "", "copy to these brokers: `host:port,...`")
	f.StringVar(&o.to.Config, "to-config", "", "read client properties for the destination from this `file`")
	f.StringVar(&o.toTopic, "to-topic", "", "the `topic` at the destination (default: of the same name)")
	f.Int32SliceVarP(&o.partitions, "partition", "p", nil, "copy these partitions only")
	f.BoolVarP(&o.follow, "follow", "f", false, "go on when the end is reached, until Ctrl-C")
	f.BoolVar(&o.restart, "restart", false, "forget how far an earlier copy was, and copy all again behind what is there")
	f.Int16Var(&o.replicas, "replication-factor", -1, "make the topic with this many `replicas` (-1: the destination's default)")
	f.BoolVar(&o.noConfigs, "no-configs", false, "do not give the new topic the configs of the old")
	f.StringVar(&o.codec, "compression", "none", "compress with `none|gzip|snappy|lz4|zstd`")
	command.FormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return runCopy(cmd, env, o, args[0])
	}
	return cmd
}

// copied is the outcome, for machines.
type copied struct {
	Topic      string            `json:"topic"`
	To         string            `json:"to"`
	ToTopic    string            `json:"toTopic"`
	Records    int64             `json:"records"`
	Complete   bool              `json:"complete"` // up to the end as it was when the copy began
	Partitions []copiedPartition `json:"partitions"`
}

type copiedPartition struct {
	Partition int32 `json:"partition"`
	Resumed   bool  `json:"resumed"`      // an earlier copy had begun it
	From      int64 `json:"sourceOffset"` // the first that this copy read
	Next      int64 `json:"nextSourceOffset"`
	End       int64 `json:"sourceEnd"`
	Records   int64 `json:"records"`
}

func runCopy(cmd *cobra.Command, env *command.Env, o *copyOptions, topic string) error {
	ctx := cmd.Context()
	asJSON, err := command.IsJSON(cmd)
	if err != nil {
		return err
	}
	if o.to.Server == "" && o.to.Config == "" {
		return command.Usagef("--to is missing: name the brokers to copy to, --to host:9092")
	}
	if _, ok := codecs()[o.codec]; !ok {
		return command.Usagef("--compression %s: want none, gzip, snappy, lz4 or zstd", o.codec)
	}
	if o.toTopic == "" {
		o.toTopic = topic
	}
	c, err := newCopying(ctx, env, o, topic)
	if err != nil {
		return err
	}
	defer c.close()
	failed := c.run(ctx)
	result := c.result()
	if asJSON {
		err = env.PrintJSON(result)
	} else {
		c.report(result)
	}
	if errors.Is(failed, context.Canceled) && o.follow {
		return err
	}
	return errors.Join(client.Explain(failed, c.servers()), err)
}

// copying is a copy under way. One goroutine reads, hands over and commits.
type copying struct {
	env         *command.Env
	o           *copyOptions
	topic       string
	source, to  *kgo.Client
	sourceProps client.Properties
	toProps     client.Properties
	group       string
	id          kadm.TopicID // of the source topic; zero where its cluster has none
	lanes       map[int32]*lane
	acks        chan ack
	flying      int // handed over, not acknowledged yet
	uncommitted int // acknowledged since committed
	committed   time.Time
	progress    *progress
	total       int64
	silence     silence
}

// How far a copy is is committed every commitEvery, and every commitRecords.
const (
	commitEvery   = time.Second
	commitRecords = 20_000
)

// flyingMax bounds the records that are on their way.
const flyingMax = 10_000

// aheadMax is how many records can be at the destination beyond what is
// committed there when a copy is broken off.
const aheadMax = commitRecords + 2*flyingMax

// ack is what became of one record.
type ack struct {
	partition int32
	source    int64 // its offset at the source
	target    int64 // its offset at the destination
	err       error
}

// newCopying connects to both clusters and finds out where to begin.
func newCopying(ctx context.Context, env *command.Env, o *copyOptions, topic string) (*copying, error) {
	c := &copying{env: env, o: o, topic: topic, acks: make(chan ack, flyingMax)}
	var err error
	c.source, c.sourceProps, err = open(ctx, env, o.from, kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())
	if err != nil {
		return nil, err
	}
	if c.toProps, err = o.to.Resolve(); err != nil {
		return c.abandon(err)
	}
	admin, err := client.Open(ctx, env, c.toProps)
	if err != nil {
		return c.abandon(err)
	}
	defer admin.Close()
	c.silence = silence{c: c.source, committed: true}
	if err := c.prepare(ctx, kadm.NewClient(c.source), kadm.NewClient(admin)); err != nil {
		return c.abandon(client.Explain(err, c.servers()))
	}
	most, err := maxMessageBytes(ctx, kadm.NewClient(admin), o.toTopic)
	if err != nil {
		return c.abandon(client.Explain(err, c.toProps.Servers()))
	}
	c.to, err = client.Open(ctx, env, c.toProps, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(most),
		kgo.ProducerBatchCompression(codecs()[o.codec]), kgo.MaxBufferedRecords(flyingMax), kgo.RecordRetries(deliverTries))
	if err != nil {
		return c.abandon(err)
	}
	return c, nil
}

func (c *copying) abandon(err error) (*copying, error) {
	c.close()
	return nil, err
}

func (c *copying) close() {
	if c.source != nil {
		c.source.Close()
	}
	if c.to != nil {
		c.to.Close()
	}
}

func (c *copying) servers() string { return c.sourceProps.Servers() + " or " + c.toProps.Servers() }

// run copies until the end, and commits what was acknowledged in any case.
func (c *copying) run(ctx context.Context) error {
	assign := make(map[place]span)
	for p, l := range c.lanes {
		assign[place{c.topic, p}] = span{l.next, l.end}
		c.total += max(l.end-l.next, 0)
	}
	c.source.AddConsumePartitions(assignment(assign))
	c.progress = newProgress(c.env, c.total)
	failed := c.loop(ctx)
	c.progress.end()
	landed := c.drain()
	for _, l := range c.lanes {
		if !l.failed && len(l.there) == 0 { // also past what is no record: markers, gaps
			l.done = l.next
		}
	}
	// The person may have had enough, but how far the copy is must be kept.
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(failed, landed, c.commit(keep))
}

func (c *copying) loop(ctx context.Context) error {
	c.committed = time.Now()
	for c.o.follow || !c.finished() {
		fetches, err := poll(ctx, c.source, c.o.follow && c.finished())
		if err != nil {
			return err
		}
		if fetches == nil {
			if err := c.pass(ctx); err != nil {
				return err
			}
			continue
		}
		due := c.silence.broken()
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("read %s: %w", c.topic, err)
		}
		for iter := fetches.RecordIter(); !iter.Done(); {
			if err := c.hand(ctx, iter.Next()); err != nil {
				return err
			}
		}
		if err := c.collect(0); err != nil {
			return err
		}
		if due && !c.finished() {
			if err := c.pass(ctx); err != nil {
				return err
			}
		}
		if time.Since(c.committed) > commitEvery {
			if err := c.commit(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// finished says that every partition is read to the end that it had.
func (c *copying) finished() bool {
	for _, l := range c.lanes {
		if l.next < l.end {
			return false
		}
	}
	return true
}

// pass looks whether the ends that are not reached hold no record.
func (c *copying) pass(ctx context.Context) error {
	for p, l := range c.lanes {
		if l.next < l.end {
			next, err := c.silence.pass(ctx, place{c.topic, p}, span{l.next, l.end})
			if err != nil {
				return fmt.Errorf("read the source: %w", err)
			}
			l.skipped += next - l.next
			l.next = next
		}
	}
	return nil
}

// hand gives one record to the destination, or finds it there already.
func (c *copying) hand(ctx context.Context, r *kgo.Record) error {
	l := c.lanes[r.Partition]
	if r.Offset < l.next-l.skipped {
		return fmt.Errorf("partition %d of %s: the source gives offset %d, but this copy has read up to %d: the topic was made anew or has lost records; --restart copies all again behind what is there",
			r.Partition, c.topic, r.Offset, l.next)
	}
	if r.Offset >= l.end && !c.o.follow {
		return nil
	}
	l.next = max(l.next, r.Offset+1)
	l.skipped = l.next - (r.Offset + 1)
	if r.Attrs.IsControl() {
		return nil
	}
	if len(l.there) > 0 { // an earlier copy had written this one, and was broken off before it noted that
		if l.there[0] != fingerprint(r) {
			return fmt.Errorf("partition %d of %s at %s: offset %d is not a copy of offset %d of the source: somebody else writes there; choose another --to-topic, or --restart to append",
				r.Partition, c.o.toTopic, c.toProps.Servers(), l.target, r.Offset)
		}
		l.there = l.there[1:]
		l.note(r.Offset, l.target)
		return nil
	}
	if err := c.collect(flyingMax - 1); err != nil {
		return err
	}
	if c.uncommitted >= commitRecords {
		if err := c.commit(ctx); err != nil {
			return err
		}
	}
	c.flying++
	source := r.Offset
	// What is handed over is not taken back: a copy that is broken off waits for it.
	c.to.Produce(context.WithoutCancel(ctx), &kgo.Record{Topic: c.o.toTopic, Partition: r.Partition, Key: r.Key, Value: r.Value, Headers: r.Headers, Timestamp: r.Timestamp},
		func(out *kgo.Record, err error) { c.acks <- ack{out.Partition, source, out.Offset, err} })
	return nil
}

// collect takes the acknowledgements that are there, and waits while more than
// most records are on their way.
func (c *copying) collect(most int) error {
	var failed error
	for c.flying > 0 {
		var a ack
		if c.flying > most && most > 0 {
			a = <-c.acks
		} else {
			select {
			case a = <-c.acks:
			default:
				return failed
			}
		}
		failed = errors.Join(failed, c.landed(a))
	}
	return failed
}

// drain waits for all that is on its way.
func (c *copying) drain() error {
	var failed error
	for c.flying > 0 {
		failed = errors.Join(failed, c.landed(<-c.acks))
	}
	return failed
}

// landed notes one acknowledgement; of errors the first is enough.
func (c *copying) landed(a ack) error {
	c.flying--
	l := c.lanes[a.partition]
	if a.err != nil {
		if l.failed {
			return nil
		}
		l.failed = true
		return fmt.Errorf("write to partition %d of %s: %w", a.partition, c.o.toTopic, a.err)
	}
	if !l.failed {
		l.note(a.source, a.target)
		l.records++
		c.uncommitted++
	}
	var n int64
	for _, l := range c.lanes {
		n += l.records
	}
	c.progress.at(n, "records")
	return nil
}

func (c *copying) result() copied {
	out := copied{Topic: c.topic, To: c.toProps.Servers(), ToTopic: c.o.toTopic, Complete: true, Partitions: []copiedPartition{}}
	for p, l := range c.lanes {
		out.Records += l.records
		out.Complete = out.Complete && l.done >= l.end
		out.Partitions = append(out.Partitions, copiedPartition{p, l.resumed, l.begun, l.done, l.end, l.records})
	}
	slices.SortFunc(out.Partitions, func(a, b copiedPartition) int { return int(a.Partition - b.Partition) })
	return out
}

// report is the outcome for people.
func (c *copying) report(r copied) {
	var resumed []string
	for _, p := range r.Partitions {
		if p.Resumed {
			resumed = append(resumed, fmt.Sprintf("%d at offset %d", p.Partition, p.From))
		}
	}
	if len(resumed) > 0 {
		c.env.Printf("resumed partition %s\n", strings.Join(resumed, ", "))
	}
	c.env.Printf("%d records of %s copied to %s at %s\n", r.Records, r.Topic, r.ToTopic, r.To)
	if !r.Complete {
		c.env.Println("not all is copied yet: the same command goes on where this one ended")
	}
}
