package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/complete"
)

type produceOptions struct {
	where     *client.Flags
	input     string
	shape     shape
	comma     string
	key       string
	headers   []string
	partition int32
	skipBad   bool
	codec     string
}

func newProduce(env *command.Env) *cobra.Command {
	o := &produceOptions{}
	cmd := &cobra.Command{
		Use:   "produce TOPIC [FILE...]",
		Short: "Write records from files, lines, JSON or CSV",
		Long: `Write records to a topic, from files or from standard input ("-"). A line makes
a record; so does a line of JSON, a row of CSV (as a JSON object named by the
first row), or a whole file. What a file holds is guessed from its name
(.json .jsonl .ndjson .csv .tsv). It ends at the first input that is no record,
after what stood before it is written, and says which records those are.`,
		Example: `  echo hello | gregor produce greetings
  gregor produce orders orders.csv --key-field id --header-field region
  gregor produce orders orders.jsonl --key-field customer.id
  gregor tail orders --from-beginning --follow=false --format json | gregor produce orders-2 --input records
  printf 'k1=v1\nk2=v2\n' | gregor produce settings --key-separator =`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: complete.TopicArgument(env),
	}
	o.where = connection(cmd)
	f := cmd.Flags()
	f.StringVarP(&o.input, "input", "i", "", "read `"+strings.Join(inputs(), "|")+"` (default: by the file's name)")
	f.StringVarP(&o.shape.separator, "key-separator", "K", "", "part key and value of a line at this `text`")
	f.StringVar(&o.shape.keyField, "key-field", "", "the key is this `field` of the JSON value or column of the CSV")
	f.StringArrayVar(&o.shape.headers, "header-field", nil, "make a header of this `field` or column")
	f.StringVar(&o.shape.timeField, "timestamp-field", "", "the timestamp is this `field` or column")
	f.StringVar(&o.comma, "comma", "", "the `character` between the columns of a CSV (default , and tab for .tsv)")
	f.StringVarP(&o.key, "key", "k", "", "give every record this `key`")
	f.StringArrayVarP(&o.headers, "header", "H", nil, "give every record this header: `name=value`")
	f.Int32VarP(&o.partition, "partition", "p", -1, "write to this partition (default: by the key)")
	f.BoolVar(&o.skipBad, "skip-bad", false, "leave out input that is no record, and say so, instead of ending there")
	f.StringVar(&o.codec, "compression", "none", "compress with `none|gzip|snappy|lz4|zstd`")
	command.FormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return produce(cmd, env, o, args[0], args[1:])
	}
	return cmd
}

// deliverTries bounds how often a record is sent, which takes about a minute
// and a half where no broker takes it. The client's own limit of time would
// count from the record's timestamp, which here may be years ago.
const deliverTries = 40

// codecs are the compressions by name.
func codecs() map[string]kgo.CompressionCodec {
	return map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
}

// check reads what the flags say; all that is wrong is named.
func (o *produceOptions) check() ([]kgo.RecordHeader, error) {
	var problems []error
	if o.input != "" && !slices.Contains(inputs(), o.input) {
		problems = append(problems, fmt.Errorf("--input %s: want %s", o.input, strings.Join(inputs(), ", ")))
	}
	if _, ok := codecs()[o.codec]; !ok {
		problems = append(problems, fmt.Errorf("--compression %s: want none, gzip, snappy, lz4 or zstd", o.codec))
	}
	if runes := []rune(strings.ReplaceAll(o.comma, `\t`, "\t")); len(runes) == 1 {
		o.shape.comma = runes[0]
	} else if len(runes) > 1 {
		problems = append(problems, fmt.Errorf("--comma %q: want one character", o.comma))
	}
	var headers []kgo.RecordHeader
	for _, h := range o.headers {
		name, value, ok := strings.Cut(h, "=")
		if !ok || name == "" {
			problems = append(problems, fmt.Errorf("--header %s: want name=value", h))
		}
		headers = append(headers, kgo.RecordHeader{Key: name, Value: []byte(value)})
	}
	if err := errors.Join(problems...); err != nil {
		return nil, &command.Usage{Err: err}
	}
	return headers, nil
}

// produced is what was written, for machines.
type produced struct {
	Topic   string `json:"topic"`
	Records int64  `json:"records"`
	Bytes   int64  `json:"bytes"`
	Skipped int64  `json:"skipped"`
}

func produce(cmd *cobra.Command, env *command.Env, o *produceOptions, topic string, files []string) error {
	asJSON, err := command.IsJSON(cmd)
	if err != nil {
		return err
	}
	headers, err := o.check()
	if err != nil {
		return err
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	for _, f := range files { // before anything is written
		if _, err := os.Stat(f); f != "-" && err != nil {
			return command.Fail(err)
		}
	}
	options := []kgo.Opt{kgo.DefaultProduceTopic(topic), kgo.AllowAutoTopicCreation(), kgo.ProducerBatchCompression(codecs()[o.codec]),
		kgo.RecordPartitioner(chosenPartitioner{kgo.StickyKeyPartitioner(nil)}), kgo.UnknownTopicRetries(3), kgo.RecordRetries(deliverTries)}
	c, p, err := open(cmd.Context(), env, o.where, options...)
	if err != nil {
		return err
	}
	defer c.Close()
	w := &writing{env: env, o: o, headers: headers, client: c, progress: newProgress(env, 0), done: produced{Topic: topic}}
	failed := w.files(cmd.Context(), files)
	if err := w.flush(); err != nil && failed == nil {
		failed = err
	}
	w.progress.end()
	if asJSON {
		if err := env.PrintJSON(w.done); err != nil {
			return err
		}
	} else {
		env.Printf("%d records written to %s%s\n", w.done.Records, topic, w.skipped())
	}
	return client.Explain(failed, p.Servers())
}

// writing is a produce under way.
type writing struct {
	env      *command.Env
	o        *produceOptions
	headers  []kgo.RecordHeader
	client   *kgo.Client
	progress *progress

	mu     sync.Mutex // of what the acknowledgements count
	done   produced
	failed error
}

func (w *writing) skipped() string {
	if w.done.Skipped == 0 {
		return ""
	}
	return fmt.Sprintf(", %d inputs left out", w.done.Skipped)
}

// files writes the records of all files.
func (w *writing) files(ctx context.Context, files []string) error {
	for _, name := range files {
		if err := w.file(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (w *writing) file(ctx context.Context, name string) error {
	var in io.Reader
	form := w.o.input
	if name == "-" {
		in = newPipe(ctx, w.env.In)
		name = "standard input"
	} else {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // only read
		in = f
		if form == "" {
			form = inputFor(name)
		}
	}
	if form == "" {
		form = "lines"
	}
	input := &watched{Reader: in}
	r, err := newReader(form, name, input, w.o.shape)
	if err != nil {
		return err
	}
	for {
		rec, err := r.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case input.failed != nil && ctx.Err() == nil: // it would fail again, for ever
			return fmt.Errorf("%s: %w; what stood before it is written", r.where(), err)
		case err != nil && w.o.skipBad && ctx.Err() == nil:
			w.done.Skipped++
			w.env.Warnf("%s is left out: %v", r.where(), err)
			continue
		case err != nil:
			return fmt.Errorf("%s: %w; what stood before it is written (--skip-bad goes on)", r.where(), err)
		}
		if err := w.send(ctx, rec); err != nil {
			return err
		}
	}
}

// send hands one record to the client, and returns an earlier record's error.
func (w *writing) send(ctx context.Context, rec *kgo.Record) error {
	if w.o.key != "" {
		rec.Key = []byte(w.o.key)
	}
	if w.o.partition >= 0 {
		rec.Partition = w.o.partition
	}
	rec.Headers = append(rec.Headers, w.headers...)
	w.client.Produce(ctx, rec, func(r *kgo.Record, err error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if err != nil {
			if w.failed == nil {
				w.failed = fmt.Errorf("write to %s: %w", r.Topic, err)
			}
			return
		}
		w.done.Records++
		w.done.Bytes += int64(len(r.Key) + len(r.Value))
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.progress.at(w.done.Records, "records")
	return errors.Join(w.failed, ctx.Err())
}

// flush waits for what was sent, also when the person has had enough: what is
// on its way is told truly. A record that nobody takes fails in the end.
func (w *writing) flush() error {
	if err := w.client.Flush(context.Background()); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}
