package perf

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/flags"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

// consumerFlags are those of consumer-perf-test.
type consumerFlags struct {
	server, topic, include, group       string
	fetchSize, socketBuffer             string // numbers are read after the header is printed, as in Kafka's command
	props                               []string
	config, oldConfig                   string
	fromLatest, metrics, detailed, hide bool
	timeoutMs, numRecords, oldRecords   string
	interval, dateFormat                string
	set                                 func(name string) bool
}

func newConsumer(env *command.Env) *cobra.Command {
	f := new(consumerFlags)
	cmd := command.AsKafka(&cobra.Command{
		Use:   "consumer-perf-test",
		Short: "Measure how fast records are read",
		Long: `Read so many records in a group, from the beginning where the group has not
read before, and print how fast that was.

rebalance.time.ms is how long it took until partitions were assigned; the
columns behind it are of the time that is left.`,
		Example: `  gregor consumer-perf-test --bootstrap-server localhost:9092 --topic load --num-records 1000000
  gregor consumer-perf-test --bootstrap-server localhost:9092 --include 'load-.*' --num-records 1000000 \
    --show-detailed-stats --reporting-interval 1000`,
		Args: cobra.NoArgs,
	}, "consumer-perf-test")
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		asJSON, err := command.IsJSON(cmd)
		if err != nil {
			return err
		}
		run := &consumerRun{env: env, json: asJSON}
		if err := f.prepare(run); err != nil {
			return err
		}
		return run.do(cmd.Context())
	}
	return cmd
}

func (f *consumerFlags) add(cmd *cobra.Command) {
	s := cmd.Flags()
	f.set = s.Changed
	s.StringVar(&f.server, "bootstrap-server", "", "connect to these brokers: `host:port,...`")
	s.StringVar(&f.topic, "topic", "", "read this `topic`")
	s.StringVar(&f.include, "include", "", "read the topics whose whole name matches this `pattern`")
	s.StringVar(&f.group, "group", "", "read as a member of this `group` (perf-consumer- and a number where it is missing)")
	s.StringVar(&f.fetchSize, "fetch-size", "1048576", "fetch at most so many `bytes` of a partition at once")
	s.StringArrayVar(&f.props, "command-property", nil, "a consumer property, `key=value`; it wins over --command-config")
	s.BoolVar(&f.fromLatest, "from-latest", false, "where the group has not read before, begin at the end")
	s.StringVar(&f.socketBuffer, "socket-buffer-size", "2097152", "the size of the socket's receive buffer in `bytes`")
	s.StringVar(&f.config, "command-config", "", "read consumer properties from this `file`")
	s.StringVar(&f.oldConfig, "consumer.config", "", "the old name of --command-config: a `file`")
	s.BoolVar(&f.metrics, "print-metrics", false, "print the client's metrics at the end")
	s.BoolVar(&f.detailed, "show-detailed-stats", false, "print a line about every --reporting-interval")
	s.StringVar(&f.timeoutMs, "timeout", "10000", "give up when no record has come for so many `ms`")
	s.Lookup("timeout").NoOptDefVal = "10000"
	flags.Annotate(s, "timeout", flags.Optional)
	s.StringVar(&f.numRecords, "num-records", "", "read so many records (`count`)")
	s.StringVar(&f.oldRecords, "messages", "", "the old name of --num-records: a `count`")
	s.StringVar(&f.interval, "reporting-interval", "5000", "print a line about every so many `ms`, with --show-detailed-stats")
	s.StringVar(&f.dateFormat, "date-format", "yyyy-MM-dd HH:mm:ss:SSS", "how times are printed: a `pattern` of java.text.SimpleDateFormat")
	s.BoolVar(&f.hide, "hide-header", false, "leave the names of the columns out")
	command.FormatFlag(cmd)
}

// check is what ConsumerPerformance checks before it prints anything.
func (f *consumerFlags) check() error {
	both := func(a, b string) error {
		if f.set(a) == f.set(b) {
			return command.Usagef("Exactly one of the following arguments is required: [%s], [%s]", a, b)
		}
		return nil
	}
	if f.server = client.Named(f.server); f.server == "" {
		return command.Usagef("Missing required argument \"[bootstrap-server]\"")
	}
	if err := both("topic", "include"); err != nil {
		return err
	}
	if err := both("messages", "num-records"); err != nil {
		return err
	}
	if f.set("consumer.config") && f.set("command-config") {
		return command.Usagef("Option \"[consumer.config]\" can't be used with option \"[command-config]\"")
	}
	return nil
}

// prepare fills a run in. What is wrong with a value is found after the header
// is printed, as in Kafka's command.
func (f *consumerFlags) prepare(run *consumerRun) error {
	if err := f.check(); err != nil {
		return err
	}
	config, records := f.config, f.numRecords
	if f.set("messages") {
		records = f.oldRecords
		deprecated(run.env, run.json, "Warning: --messages is deprecated. Use --num-records instead.")
	}
	if f.set("consumer.config") {
		config = f.oldConfig
		deprecated(run.env, run.json, "Warning: --consumer.config is deprecated. Use --command-config instead.")
	}
	run.detailed, run.metrics = f.detailed, f.metrics
	if !f.hide && !run.json {
		run.env.Println(header(f.detailed))
	}
	var err error
	if run.properties, err = f.properties(config); err != nil {
		return err
	}
	if run.numRecords, err = number("num-records", records, 64); err != nil {
		return err
	}
	if run.timeoutMs, err = number("timeout", f.timeoutMs, 64); err != nil {
		return err
	}
	if run.intervalMs, err = positive(f.interval); err != nil {
		return err
	}
	if run.dates, err = java.NewDateFormat(f.dateFormat); err != nil {
		return command.Failf("--date-format %s: %w", f.dateFormat, err)
	}
	run.subscription = client.Subscription{Pattern: f.include}
	if f.set("topic") {
		run.subscription = client.Subscription{Topics: []string{f.topic}}
	}
	return nil
}

// number reads a flag that is a number of so many bits.
func number(flag, text string, bits int) (int64, error) {
	n, err := strconv.ParseInt(text, 10, bits)
	if err != nil {
		return 0, command.Failf("Cannot parse argument '%s' of option %s: want a number", text, flag)
	}
	return n, nil
}

// positive reads --reporting-interval; Kafka takes digits only.
func positive(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || strings.ContainsAny(text, "+-"):
		return 0, command.Failf("Cannot parse argument '%s' of option reporting-interval: want a number of milliseconds", text)
	case n == 0:
		return 0, command.Failf("Reporting interval must be greater than 0.")
	}
	return n, nil
}

func (f *consumerFlags) properties(config string) (client.Properties, error) {
	p, err := client.Load(config)
	if err != nil {
		return nil, err
	}
	for _, setting := range f.props {
		key, value, _ := strings.Cut(setting, "=")
		p[key] = value
	}
	for flag, text := range map[string]string{"fetch-size": f.fetchSize, "socket-buffer-size": f.socketBuffer} {
		if _, err := number(flag, text, 32); err != nil {
			return nil, err
		}
	}
	group := f.group
	if !f.set("group") {
		group = fmt.Sprintf("perf-consumer-%d", rand.IntN(100_000))
	}
	reset := "earliest"
	if f.fromLatest {
		reset = "latest"
	}
	maps.Copy(p, map[string]string{
		client.BootstrapServers: f.server, "group.id": group, "auto.offset.reset": reset, "check.crcs": "false",
		"receive.buffer.bytes":      f.socketBuffer,
		"max.partition.fetch.bytes": f.fetchSize,
	})
	p.Default("client.id", "perf-consumer-client")
	return p, nil
}

// header names the columns.
func header(detailed bool) string {
	first := "start.time, end.time"
	if detailed {
		first = "time, threadId"
	}
	return first + ", data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec"
}
