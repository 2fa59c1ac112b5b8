// Package dumplog is the command gregor dump-log: it shows what is in the
// files of a partition, as Kafka's kafka-dump-log.sh (DumpLogSegments) does,
// with its options and its output, and as JSON lines where they are wanted. It
// changes no file. Kind: shell
package dumplog

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/command"

	"github.com/gregor-stream/gregor/internal/compress"
)

// OptionalArgument is the annotation of a flag whose argument may be left out,
// as Kafka's option parser allows; its value is what is taken then.
const OptionalArgument = "kafka-optional-argument"

// options is what the flags say.
type options struct {
	files          string
	printDataLog   bool
	deepIteration  bool
	verifyOnly     bool
	sanityOnly     bool
	skipMetadata   bool
	maxMessageSize int32
	maxBytes       int32
	valueDecoder   string
	keyDecoder     string
	offsets        bool
	transactions   bool
	cluster        bool
	remote         bool
	shares         bool
	format         string
}

const longHelp = `Show what is in the files of a partition: segments (.log), indexes (.index,
.timeindex, .txnindex), producer snapshots (.snapshot) and metadata snapshots
(.checkpoint). The options and the output are those of kafka-dump-log.sh.

Beyond Kafka, --files takes directories (every file of the partition, in the
order of the log) and patterns, and --format json prints an object a line.`

const examples = `  gregor dump-log --files data/orders-0/00000000000000000000.log --print-data-log
  gregor dump-log --files data/orders-0 --deep-iteration
  gregor dump-log --files 'data/__consumer_offsets-*/*.log' --offsets-decoder
  gregor dump-log --files data/__cluster_metadata-0 --cluster-metadata-decoder --format json`

// Commands are this room's commands.
func Commands(env *command.Env) []*cobra.Command {
	return []*cobra.Command{command.AsKafka(New(env.Out, env.Err), "dump-log")}
}

// New makes the command. Everything that it shows goes to stdout; what is
// wrong with a file, and progress where stderr is a terminal, to stderr. Its
// errors have an ExitCode and were printed.
func New(stdout, stderr io.Writer) *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:     "dump-log --files FILE[,FILE...]",
		Short:   "Show what is in segments, indexes and snapshots",
		Long:    longHelp,
		Example: examples,
		RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd, o, args, stdout, stderr)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.files, "files", "", "the `files` to show, with commas between them; directories and patterns too (required)")
	f.BoolVar(&o.printDataLog, "print-data-log", false, "print keys and values; any decoder option implies it")
	f.BoolVar(&o.deepIteration, "deep-iteration", false, "print the records, not only the batches; --print-data-log implies it")
	f.BoolVar(&o.verifyOnly, "verify-index-only", false, "compare indexes with their segments without printing them")
	f.BoolVar(&o.sanityOnly, "index-sanity-check", false, "only the check that a starting broker makes of an index")
	f.BoolVar(&o.skipMetadata, "skip-record-metadata", false, "print of records keys and values only, and no control records")
	f.Int32Var(&o.maxMessageSize, "max-message-size", 5*1024*1024, "the `bytes` that the largest batch has, for the check of indexes")
	f.Int32Var(&o.maxBytes, "max-bytes", math.MaxInt32, "read only so many `bytes` of each segment")
	f.StringVar(&o.valueDecoder, "value-decoder-class", stringDecoder, "decode values with this `class`: StringDecoder, IntegerDecoder, LongDecoder or DefaultDecoder of "+decoderPackage)
	f.StringVar(&o.keyDecoder, "key-decoder-class", stringDecoder, "decode keys with this `class`, as above")
	f.BoolVar(&o.offsets, "offsets-decoder", false, "the records are those of __consumer_offsets")
	f.BoolVar(&o.transactions, "transaction-log-decoder", false, "the records are those of __transaction_state")
	f.BoolVar(&o.cluster, "cluster-metadata-decoder", false, "the records are those of the metadata log")
	f.BoolVar(&o.remote, "remote-log-metadata-decoder", false, "the records are those of __remote_log_metadata")
	f.BoolVar(&o.shares, "share-group-state-decoder", false, "the records are those of __share_group_state")
	f.StringVar(&o.format, "format", "text", "`text` as Kafka prints it, or json: an object a line")
	for _, name := range []string{"value-decoder-class", "key-decoder-class"} {
		f.Lookup(name).Annotations = map[string][]string{OptionalArgument: {stringDecoder}}
	}
	return cmd
}

// exitError ends the command with a code. What is wrong was printed.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// ExitCode is the code.
func (e exitError) ExitCode() int { return int(e) }

func run(cmd *cobra.Command, o *options, args []string, stdout, stderr io.Writer) error {
	complain := func(line string) error {
		_, _ = fmt.Fprintln(stderr, line)
		return exitError(1)
	}
	list := splitFiles(o.files)
	switch {
	case !cmd.Flags().Changed("files") && len(args) == 0:
		return complain(`Missing required argument "[files]"`)
	case !cmd.Flags().Changed("files"):
		list = args
	case o.format != "text" && o.format != "json":
		return complain("gregor dump-log: --format " + o.format + ": there are text and json")
	}
	for _, name := range []string{"value-decoder-class", "key-decoder-class"} {
		o.printDataLog = o.printDataLog || cmd.Flags().Changed(name)
	}
	if o.offsets || o.transactions || o.cluster || o.remote || o.shares {
		o.printDataLog = true
	}
	o.deepIteration = o.deepIteration || o.printDataLog
	files, err := expand(list)
	if err != nil {
		return complain("gregor dump-log: " + err.Error())
	}
	d := &dumper{o: o, out: bufio.NewWriterSize(stdout, 64<<10), stderr: stderr, json: o.format == "json", pool: &compress.Pool{}}
	for _, path := range files {
		if err = d.file(path); err != nil {
			break
		}
	}
	if err == nil {
		d.report()
	}
	if flushed := d.out.Flush(); flushed != nil {
		return complain("gregor dump-log: write the output: " + flushed.Error())
	}
	if err != nil {
		return complain("gregor dump-log: " + oneLine(err.Error()))
	}
	return nil
}

// oneLine makes an error of a library fit in a line.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
}

// dumper is one run of the command.
type dumper struct {
	o      *options
	out    *bufio.Writer
	stderr io.Writer
	json   bool
	pool   *compress.Pool
	parser recordParser // made at the first segment
	line   []byte       // scratch: an object of the JSON form

	indexes     fileMap[*indexMismatches]
	timestamps  fileMap[*[]offsetPair]
	outOfOrder  fileMap[*[]offsetPair]
	notFound    fileMap[*[]offsetPair]
	consecutive fileMap[map[int64]int64]
}

// printf prints text of the text form. The writer keeps its error for the end.
func (d *dumper) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(d.out, format, args...)
}

// warn prints a line to stderr, after all that was printed so far.
func (d *dumper) warn(format string, args ...any) {
	_ = d.out.Flush() // its error is met again at the end
	_, _ = fmt.Fprintf(d.stderr, format+"\n", args...)
}
