package perf

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/flags"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

// producerFlags are those of producer-perf-test.
type producerFlags struct {
	server, topic             string
	numRecords, warmup        int64
	recordSize                int32
	payloadFile, delimiter    string
	monotonic                 bool
	throughput                float64
	props, oldProps           []string
	config, oldConfig         string
	metrics                   bool
	transactionalID           string
	transactionMs, intervalMs int64
	keyRange                  int32
	keys                      string
	seed                      int64
	set                       func(name string) bool
}

const producerLong = `Write records to a topic as fast as it goes, or at a pace, and print how fast
that was and how long the acknowledgements took.

The values are random letters (--record-size), lines of a file
(--payload-file), or 0, 1, 2 ... (--payload-monotonic). The same --random-seed
makes the same records.`

func newProducer(env *command.Env) *cobra.Command {
	f := new(producerFlags)
	cmd := command.AsKafka(&cobra.Command{
		Use:   "producer-perf-test",
		Short: "Measure how fast records are written",
		Long:  producerLong,
		Example: `  gregor producer-perf-test --bootstrap-server localhost:9092 --topic load \
    --num-records 1000000 --record-size 1024 --throughput -1
  gregor producer-perf-test --bootstrap-server localhost:9092 --topic load \
    --num-records 60000 --record-size 100 --throughput 1000 --command-property acks=1 linger.ms=0`,
		Args: cobra.NoArgs,
	}, "producer-perf-test")
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if cmd.Flags().NFlag() == 0 {
			return cmd.Help()
		}
		asJSON, err := command.IsJSON(cmd)
		if err != nil {
			return err
		}
		run, err := f.prepare(env, asJSON)
		if err != nil {
			return err
		}
		return run.do(cmd.Context())
	}
	return cmd
}

func (f *producerFlags) add(cmd *cobra.Command) {
	s := cmd.Flags()
	f.set = s.Changed
	s.StringVar(&f.server, "bootstrap-server", "", "connect to these brokers: `host:port,...`")
	s.StringVar(&f.topic, "topic", "", "write to this `topic`")
	s.Int64Var(&f.numRecords, "num-records", 0, "write so many records (`count`)")
	s.Int32Var(&f.recordSize, "record-size", 0, "values of so many `bytes`, random letters")
	s.StringVar(&f.payloadFile, "payload-file", "", "choose each value from this text `file`")
	s.StringVar(&f.delimiter, "payload-delimiter", `\n`, "what parts the values in --payload-file: a `pattern`")
	s.BoolVar(&f.monotonic, "payload-monotonic", false, "values 0, 1, 2 ...")
	s.Float64Var(&f.throughput, "throughput", 0, "at most about so many `records` a second; -1 for no limit")
	s.StringArrayVar(&f.props, "command-property", nil, "producer properties, `key=value` ...; they win over --command-config")
	s.StringArrayVar(&f.oldProps, "producer-props", nil, "the old name of --command-property: `key=value` ...")
	flags.Annotate(s, "command-property", flags.Many)
	flags.Annotate(s, "producer-props", flags.Many)
	s.StringVar(&f.config, "command-config", "", "read producer properties from this `file`")
	s.StringVar(&f.oldConfig, "producer.config", "", "the old name of --command-config: a `file`")
	s.BoolVar(&f.metrics, "print-metrics", false, "print the client's metrics at the end")
	s.StringVar(&f.transactionalID, "transactional-id", "", "write in transactions under this `id`")
	s.Int64Var(&f.transactionMs, "transaction-duration-ms", 0, "write in transactions that are committed after so many `ms` (3000 where only an id is given)")
	s.Int64Var(&f.warmup, "warmup-records", 0, "leave the first so many records (`count`) out of a second summary")
	s.Int64Var(&f.intervalMs, "reporting-interval", 5000, "print a line about every so many `ms`")
	s.Int32Var(&f.keyRange, "record-key-range", 0, "keys from 0 to `count`-1, with --key-distribution")
	s.StringVar(&f.keys, "key-distribution", keysNone, "how keys are chosen: `none|range|random`")
	s.Int64Var(&f.seed, "random-seed", 0, "the seed of random values and keys (a `number`)")
	command.FormatFlag(cmd)
}

// check is what ProducerPerformance checks, in its order.
func (f *producerFlags) check() error {
	for _, name := range []string{"topic", "num-records", "throughput"} {
		if !f.set(name) {
			return command.Usagef("argument --%s is required", name)
		}
	}
	payloads := 0
	for _, name := range []string{"record-size", "payload-file", "payload-monotonic"} {
		if f.set(name) {
			payloads++
		}
	}
	switch {
	case payloads != 1:
		return command.Usagef("want exactly one of --record-size, --payload-file and --payload-monotonic")
	case f.keys != keysNone && f.keys != keysRange && f.keys != keysRandom:
		return command.Usagef("--key-distribution %s: want %s, %s or %s", f.keys, keysNone, keysRange, keysRandom)
	case f.numRecords <= 0:
		return command.Usagef("--num-records should be greater than zero.")
	case f.warmup >= f.numRecords:
		return command.Usagef("The value for --warmup-records must be strictly fewer than the number of records in the test, --num-records.")
	case f.set("record-size") && f.recordSize <= 0:
		return command.Usagef("--record-size should be greater than zero.")
	case client.Named(f.server) == "" && !f.set("command-property") && !f.set("producer-props") && !f.set("producer.config") && !f.set("command-config"):
		return command.Usagef("At least one of --bootstrap-server, --command-property, --producer-props, --producer.config or --command-config must be specified.")
	case f.set("command-property") && f.set("producer-props"):
		return command.Usagef("--command-property and --producer-props cannot be specified together.")
	case f.set("command-config") && f.set("producer.config"):
		return command.Usagef("--command-config and --producer.config cannot be specified together.")
	case f.set("transaction-duration-ms") && f.transactionMs <= 0:
		return command.Usagef("--transaction-duration-ms should be greater than zero.")
	case f.intervalMs <= 0:
		return command.Usagef("--reporting-interval should be greater than zero.")
	case f.set("record-key-range") && f.keyRange <= 0:
		return command.Usagef("--record-key-range should be greater than zero.")
	case f.keys != keysNone && !f.set("record-key-range"):
		return command.Usagef("--record-key-range is required when --key-distribution is 'range' or 'random'.")
	case f.keys == keysNone && f.set("record-key-range"):
		return command.Usagef("--key-distribution must be 'range' or 'random' when --record-key-range is specified.")
	}
	return nil
}

// transactionDefault is how long a transaction is where nobody says.
const transactionDefault = 3 * time.Second

// prepare is the run that the flags ask for.
func (f *producerFlags) prepare(env *command.Env, asJSON bool) (*producerRun, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	run := &producerRun{
		env: env, json: asJSON, topic: f.topic,
		numRecords: f.numRecords, warmup: max(f.warmup, 0), throughput: f.throughput,
		interval: time.Duration(min(f.intervalMs, 1<<40)) * time.Millisecond, metrics: f.metrics,
		payloads: payloads{random: java.NewSplittableRandom(f.seed), size: int(f.recordSize), keys: f.keys, keyMax: f.keyRange},
	}
	var err error
	if f.set("payload-file") {
		delimiter := f.delimiter
		if delimiter == `\n` {
			delimiter = "\n"
		}
		if run.payloads.list, err = readPayloads(env, f.payloadFile, delimiter, asJSON); err != nil {
			return nil, err
		}
	}
	if run.properties, err = f.properties(env, asJSON); err != nil {
		return nil, err
	}
	_, transactional := run.properties["transactional.id"]
	if transactional {
		run.transaction = transactionDefault
		if f.set("transaction-duration-ms") {
			run.transaction = time.Duration(min(f.transactionMs, 1<<40)) * time.Millisecond
		}
	}
	return run, nil
}

// properties are those of the producer, the connection with them.
func (f *producerFlags) properties(env *command.Env, quiet bool) (client.Properties, error) {
	list, file := f.props, f.config
	if f.set("producer-props") {
		list = f.oldProps
		deprecated(env, quiet, "Option --producer-props has been deprecated and will be removed in a future version. Use --command-property instead.")
	}
	if f.set("producer.config") {
		file = f.oldConfig
		deprecated(env, quiet, "Option --producer.config has been deprecated and will be removed in a future version. Use --command-config instead.")
	}
	p, err := client.Load(file)
	if err != nil {
		return nil, err
	}
	for _, setting := range list {
		pieces := strings.Split(strings.TrimRight(setting, "="), "=")
		if len(pieces) != 2 || pieces[0] == "" {
			return nil, command.Failf("Invalid property: %s (want key=value)", setting)
		}
		p[pieces[0]] = pieces[1]
	}
	p.Default("client.id", "perf-producer-client")
	if f.set("bootstrap-server") {
		p[client.BootstrapServers] = f.server
	} else if named := client.Named(""); named != "" {
		p.Default(client.BootstrapServers, named)
	}
	if f.set("transactional-id") {
		p["transactional.id"] = f.transactionalID
	} else if f.set("transaction-duration-ms") {
		p.Default("transactional.id", "performance-producer-"+uuid())
	}
	return p, nil
}

// deprecated prints a line that Kafka prints on standard output, where it
// would be no JSON on standard error.
func deprecated(env *command.Env, asJSON bool, line string) {
	if asJSON {
		env.Warnf("%s", line)
		return
	}
	env.Println(line)
}

// uuid is a random id as Kafka writes them.
func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
