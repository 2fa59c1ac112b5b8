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

type tailOptions struct {
	where            *client.Flags
	last             int64
	beginning        bool
	since, until     string
	offsets          []string
	partitions       []int32
	follow           bool
	max              int64
	keys, greps      []string
	headers, fields  []string
	keyForm, valForm string
	maxBytes         int
	committed        bool
}

func newTail(env *command.Env) *cobra.Command {
	o := &tailOptions{}
	cmd := &cobra.Command{
		Use:   "tail TOPIC...",
		Short: "Show the last records of topics, and follow them",
		Long: `Show records in a form that a person can read: time, partition:offset, key,
value, headers. What keys and values are is guessed (text, JSON, numbers, values
behind the id of a schema, else hex). Shows the last 10 of every partition and
follows, unless told otherwise.`,
		Example: `  gregor tail orders
  gregor tail orders --since 10m --field status=failed
  gregor tail orders --from-beginning --follow=false --key '^eu-' --format json
  gregor tail orders --offset 2:1500 --partition 2 --max 1`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: complete.TopicArgument(env),
	}
	o.where = connection(cmd)
	f := cmd.Flags()
	f.Int64VarP(&o.last, "last", "n", 10, "begin with the last `N` records of every partition")
	f.BoolVar(&o.beginning, "from-beginning", false, "begin with the oldest records")
	f.StringVar(&o.since, "since", "", "begin at a `time`: 2026-11-25T14:00:00Z, 2026-11-25, or 10m (ago)")
	f.StringVar(&o.until, "until", "", "show records before this `time` only, and end there")
	f.StringArrayVar(&o.offsets, "offset", nil, "begin at this `[partition:]offset`; below zero counts from the end")
	f.Int32SliceVarP(&o.partitions, "partition", "p", nil, "read these partitions only")
	f.BoolVarP(&o.follow, "follow", "f", true, "go on when the end is reached")
	f.Int64VarP(&o.max, "max", "m", 0, "end after `N` records (0: do not)")
	f.StringArrayVarP(&o.keys, "key", "k", nil, "show records whose key matches this `pattern`")
	f.StringArrayVarP(&o.greps, "grep", "g", nil, "show records whose value matches this `pattern`")
	f.StringArrayVar(&o.headers, "header", nil, "show records with this header: `name` or name=pattern")
	f.StringArrayVar(&o.fields, "field", nil, "show records whose JSON value has this: `path=value`, also != < <= > >= ~")
	f.StringVar(&o.keyForm, "key-format", "auto", "show keys as `"+strings.Join(forms(), "|")+"`")
	f.StringVar(&o.valForm, "value-format", "auto", "show values as `"+strings.Join(forms(), "|")+"`")
	f.IntVar(&o.maxBytes, "max-bytes", 2000, "cut what is shown of a key or value to this many bytes (0: do not)")
	f.BoolVar(&o.committed, "committed", false, "leave out records of transactions that are open or were aborted")
	command.FormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, topics []string) error {
		return tail(cmd, env, o, topics)
	}
	return cmd
}

// filter reads the conditions; all that are wrong are named.
func (o *tailOptions) filter(now time.Time) (*filter, error) {
	f := &filter{}
	var problems []error
	each := func(texts []string, add func(string) error) {
		for _, text := range texts {
			problems = append(problems, add(text))
		}
	}
	each(o.keys, f.addKey)
	each(o.greps, f.addValue)
	each(o.headers, f.addHeader)
	each(o.fields, f.addField)
	for flag, form := range map[string]string{"--key-format": o.keyForm, "--value-format": o.valForm} {
		if !slices.Contains(forms(), form) {
			problems = append(problems, fmt.Errorf("%s %s: want %s", flag, form, strings.Join(forms(), ", ")))
		}
	}
	if o.until != "" {
		var err error
		f.until, err = parseTime(o.until, now)
		problems = append(problems, err)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, &command.Usage{Err: err}
	}
	return f, nil
}

func (o *tailOptions) start(now time.Time) (start, error) {
	s := start{offsets: o.offsets, beginning: o.beginning, last: o.last}
	for _, text := range o.offsets {
		if _, _, err := parseOffset(text); err != nil {
			return s, err
		}
	}
	if o.since != "" {
		t, err := parseTime(o.since, now)
		if err != nil {
			return s, &command.Usage{Err: err}
		}
		s.since = t
	}
	return s, nil
}

func tail(cmd *cobra.Command, env *command.Env, o *tailOptions, topics []string) error {
	ctx := cmd.Context()
	asJSON, err := command.IsJSON(cmd)
	if err != nil {
		return err
	}
	f, err := o.filter(time.Now())
	if err != nil {
		return err
	}
	begin, err := o.start(time.Now())
	if err != nil {
		return err
	}
	isolation := kgo.ReadUncommitted()
	if o.committed {
		isolation = kgo.ReadCommitted()
	}
	c, p, err := open(ctx, env, o.where, kgo.FetchIsolationLevel(isolation), kgo.KeepControlRecords())
	if err != nil {
		return err
	}
	defer c.Close()
	begin.committed = o.committed
	all, err := spans(ctx, kadm.NewClient(c), topics, o.partitions, begin)
	if err != nil {
		return client.Explain(err, p.Servers())
	}
	t := &tailing{env: env, o: o, filter: f, asJSON: asJSON, all: all, several: len(topics) > 1, silence: silence{c: c, committed: o.committed}}
	if err := t.run(ctx, c); err != nil && !errors.Is(err, context.Canceled) {
		return client.Explain(err, p.Servers())
	}
	return nil // following ends with Ctrl-C: that is no failure
}

// tailing is a tail under way.
type tailing struct {
	env     *command.Env
	o       *tailOptions
	filter  *filter
	asJSON  bool
	several bool // more than one topic
	all     map[place]span
	shown   int64
	backlog []*kgo.Record // of all partitions, until their ends are reached; then it is put in order
	caught  bool          // the ends are reached
	silence silence
}

// backlogMax bounds the records that are put in order by time.
const backlogMax = 10_000

func (t *tailing) run(ctx context.Context, c *kgo.Client) error {
	c.AddConsumePartitions(assignment(t.all))
	t.caught = unread(t.all) == 0
	for !t.done() {
		fetches, err := poll(ctx, c, t.caught && t.filter.until.IsZero())
		if err != nil {
			return err
		}
		if fetches == nil {
			if err := t.pass(ctx); err != nil {
				return err
			}
			t.flush()
			continue
		}
		due := t.silence.broken()
		if err := fetches.Err0(); err != nil {
			return err
		}
		var failed error
		fetches.EachError(func(topic string, partition int32, err error) {
			failed = fmt.Errorf("partition %d of %s: %w", partition, topic, err)
		})
		if failed != nil {
			return failed
		}
		fetches.EachRecord(t.take)
		if !t.caught && due {
			if err := t.pass(ctx); err != nil {
				return err
			}
		}
		t.caught = t.caught || unread(t.all) == 0
		if t.caught || len(t.backlog) > backlogMax {
			t.flush()
		}
	}
	t.flush()
	return nil
}

// pass looks whether the ends that are not reached hold no record.
func (t *tailing) pass(ctx context.Context) error {
	for at, s := range t.all {
		if s.from < s.end {
			var err error
			if s.from, err = t.silence.pass(ctx, at, s); err != nil {
				return err
			}
			t.all[at] = s
		}
	}
	t.caught = unread(t.all) == 0
	return nil
}

// poll waits for records; nil when none has come for a while, unless it shall
// wait forever.
func poll(ctx context.Context, c *kgo.Client, forever bool) (kgo.Fetches, error) {
	if forever {
		f := c.PollFetches(ctx)
		return f, ctx.Err()
	}
	short, cancel := context.WithTimeout(ctx, idle)
	defer cancel()
	f := c.PollFetches(short)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if short.Err() != nil && f.NumRecords() == 0 {
		return nil, nil
	}
	return f, nil
}

func (t *tailing) done() bool {
	if t.o.max > 0 && t.shown >= t.o.max {
		return true
	}
	if !t.filter.until.IsZero() && t.caught && time.Now().After(t.filter.until) {
		return true
	}
	return t.caught && !t.o.follow
}

// take notes how far a partition is read, and keeps what shall be shown.
func (t *tailing) take(r *kgo.Record) {
	at := place{r.Topic, r.Partition}
	s := t.all[at]
	beyond := r.Offset >= s.end
	s.from = r.Offset + 1
	t.all[at] = s
	if r.Attrs.IsControl() || beyond && !t.o.follow {
		return
	}
	if u := t.filter.until; !u.IsZero() && !r.Timestamp.Before(u) {
		return
	}
	if t.filter.accepts(r) {
		t.backlog = append(t.backlog, r)
	}
}

// flush prints what is kept, in the order of time.
func (t *tailing) flush() {
	slices.SortStableFunc(t.backlog, func(a, b *kgo.Record) int { return a.Timestamp.Compare(b.Timestamp) })
	for _, r := range t.backlog {
		if t.o.max > 0 && t.shown >= t.o.max {
			break
		}
		t.shown++
		t.print(r)
	}
	t.backlog = t.backlog[:0]
}

func (t *tailing) print(r *kgo.Record) {
	if t.asJSON {
		line, err := plainJSON(toRecord(r))
		if err != nil {
			t.env.Warnf("offset %d of partition %d: %v", r.Offset, r.Partition, err)
			return
		}
		t.env.Println(string(line))
		return
	}
	var line strings.Builder
	line.WriteString(r.Timestamp.Local().Format("2006-01-02 15:04:05.000"))
	line.WriteString("  ")
	if t.several {
		line.WriteString(r.Topic + " ")
	}
	fmt.Fprintf(&line, "%d:%d  ", r.Partition, r.Offset)
	if r.Key != nil {
		line.WriteString(readable(r.Key, t.o.keyForm, t.o.maxBytes) + "  ")
	}
	line.WriteString(readable(r.Value, t.o.valForm, t.o.maxBytes))
	if len(r.Headers) > 0 {
		var list []string
		for _, h := range r.Headers {
			list = append(list, h.Key+"="+readable(h.Value, "auto", t.o.maxBytes))
		}
		line.WriteString("  {" + strings.Join(list, ", ") + "}")
	}
	t.env.Println(line.String())
}
