package console

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

// consumerFlags are the flags of console-consumer.
type consumerFlags struct {
	topic, include, server    string
	partition                 int32
	offset, group, isolation  string
	fromBeginning             bool
	maxMessages               int32
	timeoutMs                 int64
	skipOnError, systemEvents bool
	formatter                 string
	formatterProps, oldProps  []string
	formatterConfig           string
	keyClass, valueClass      string
	commandProps, consumerOld []string
	commandConfig, configOld  string
}

// consumption is what console-consumer was asked for.
type consumption struct {
	properties   client.Properties
	reads        client.Subscription
	formatter    formatter
	maxMessages  int           // -1: all
	timeout      time.Duration // the longest time without a record; 0: any
	skipOnError  bool
	systemEvents bool
}

func newConsumer(env *command.Env) *cobra.Command {
	var f consumerFlags
	cmd := command.AsKafka(&cobra.Command{
		Use:   "console-consumer",
		Short: "Print the records of topics",
		Long: `Print the records of a topic, or of all topics that match a pattern, as they
come. With --formatter-property the lines have more than the value:

  print.timestamp print.partition print.offset print.delivery print.epoch
  print.headers print.key print.value      =true or =false
  key.separator line.separator headers.separator null.literal      =TEXT
  key.deserializer value.deserializer headers.deserializer
      =org.apache.kafka.common.serialization.LongDeserializer, and so on:
      String, Short, Integer, Long, Float, Double, Boolean, UUID, Bytes,
      ByteArray, ByteBuffer, Void

--formatter shows what the cluster's own topics hold:
` + formatterHelp() + `
--format json prints a line of JSON for each record.`,
		Example: `  gregor console-consumer --bootstrap-server localhost:9092 --topic greetings --from-beginning
  gregor console-consumer --bootstrap-server localhost:9092 --topic t --partition 0 --offset 100 --max-messages 10
  gregor console-consumer --bootstrap-server localhost:9092 --topic t --group readers --formatter-property print.key=true
  gregor console-consumer --bootstrap-server localhost:9092 --topic __consumer_offsets --from-beginning --formatter org.apache.kafka.tools.consumer.OffsetsMessageFormatter`,
		Args: cobra.NoArgs,
	}, "console-consumer")
	set := cmd.Flags()
	set.StringVar(&f.topic, "topic", "", "read this `topic`")
	set.StringVar(&f.include, "include", "", "read all topics whose whole names match this regular `expression`")
	set.StringVar(&f.server, "bootstrap-server", "", "connect to these brokers: `host:port,...` (or set "+client.BootstrapVariable+")")
	set.Int32Var(&f.partition, "partition", 0, "read this `partition` alone, from its end where --offset does not say otherwise")
	set.StringVar(&f.offset, "offset", "latest", "begin at this `offset`, or earliest, or latest; with --partition")
	set.BoolVar(&f.fromBeginning, "from-beginning", false, "begin with the earliest record where the group has no offset yet")
	set.Int32Var(&f.maxMessages, "max-messages", -1, "end after so many records")
	set.Int64Var(&f.timeoutMs, "timeout-ms", -1, "end when there was no record for so many `ms`")
	set.BoolVar(&f.skipOnError, "skip-message-on-error", false, "go on behind a record that cannot be shown")
	set.StringVar(&f.group, "group", "", "read as a member of this `group`, which keeps the offsets")
	set.StringVar(&f.isolation, "isolation-level", "read_uncommitted", "`read_committed` leaves out records of transactions that are not committed")
	set.StringVar(&f.formatter, "formatter", defaultFormatter, "the `class` that shows records")
	set.StringArrayVar(&f.formatterProps, "formatter-property", nil, "a `key=value` for the formatter; may be given often")
	set.StringVar(&f.formatterConfig, "formatter-config", "", "read such properties from this `file`")
	set.StringArrayVar(&f.oldProps, "property", nil, "deprecated: use --formatter-property")
	set.StringVar(&f.keyClass, "key-deserializer", "", "the `class` that reads keys")
	set.StringVar(&f.valueClass, "value-deserializer", "", "the `class` that reads values")
	set.BoolVar(&f.systemEvents, "enable-systest-events", false, "print shutdown_complete at the end")
	set.StringArrayVar(&f.commandProps, "command-property", nil, "set a consumer property, `key=value`; may be given often")
	set.StringVar(&f.commandConfig, "command-config", "", "read consumer properties from this `file`")
	set.StringArrayVar(&f.consumerOld, "consumer-property", nil, "deprecated: use --command-property")
	set.StringVar(&f.configOld, "consumer.config", "", "deprecated: use --command-config")
	command.FormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := f.read(env, cmd)
		if err != nil {
			return err
		}
		return consume(cmd.Context(), env, c)
	}
	return cmd
}

// read judges the flags, in Kafka's order.
func (f *consumerFlags) read(env *command.Env, cmd *cobra.Command) (*consumption, error) {
	if err := f.required(cmd); err != nil {
		return nil, err
	}
	for _, pair := range [][2]string{{"consumer-property", "command-property"}, {"consumer.config", "command-config"}} {
		if err := onlyOne(cmd, pair[0], pair[1]); err != nil {
			return nil, err
		}
	}
	sayOld(env, cmd, "consumer-property", "command-property")
	sayOld(env, cmd, "consumer.config", "command-config")
	p, err := f.properties(cmd)
	if err != nil {
		return nil, err
	}
	c := &consumption{properties: p, maxMessages: int(f.maxMessages), skipOnError: f.skipOnError, systemEvents: f.systemEvents}
	if f.timeoutMs >= 0 {
		c.timeout = max(time.Duration(min(f.timeoutMs, 1<<40))*time.Millisecond, time.Millisecond)
	}
	if c.reads, err = f.subscription(cmd); err != nil {
		return nil, err
	}
	asJSON, err := command.IsJSON(cmd)
	switch {
	case err != nil:
		return nil, err
	case asJSON && cmd.Flags().Changed("formatter"):
		return nil, command.Usagef("--format json and --formatter exclude each other: leave one out")
	case asJSON:
		c.formatter = jsonFormatter{}
		return c, nil
	}
	if err := onlyOne(cmd, "property", "formatter-property"); err != nil {
		return nil, err
	}
	sayOld(env, cmd, "property", "formatter-property")
	c.formatter, err = f.newFormatter(env)
	return c, err
}

func sayOld(env *command.Env, cmd *cobra.Command, old, by string) {
	if cmd.Flags().Changed(old) {
		env.Printf("Option --%s is deprecated and will be removed in a future version. Use --%s instead.\n", old, by)
	}
}

func (f *consumerFlags) required(cmd *cobra.Command) error {
	set := cmd.Flags().Changed
	switch {
	case set("topic") == set("include"):
		return command.Usagef("Exactly one of the following arguments is required: [topic], [include]")
	case set("partition") && !set("topic"):
		return command.Usagef("The topic is required when partition is specified.")
	case set("partition") && f.fromBeginning && set("offset"):
		return command.Usagef("Options from-beginning and offset cannot be specified together.")
	case !set("partition") && set("offset"):
		return command.Usagef("The partition is required when offset is specified.")
	case set("topic") && strings.TrimSpace(f.topic) == "":
		return command.Failf("--topic: Topic collection to subscribe to cannot contain null or empty topic")
	}
	return nil
}

// properties are the consumer's: the file's, those of the command line over
// them, the flags over all.
func (f *consumerFlags) properties(cmd *cobra.Command) (client.Properties, error) {
	file, err := client.Load(f.commandConfig + f.configOld)
	if err != nil {
		return nil, err
	}
	set, err := properties("", append(f.commandProps, f.consumerOld...))
	if err != nil {
		return nil, err
	}
	server := client.Flags{Server: f.server}
	where, err := server.Resolve()
	if err != nil {
		return nil, err
	}
	group, err := f.groupID(cmd, file, set)
	if err != nil {
		return nil, err
	}
	p := file.Clone()
	maps.Copy(p, set)
	if reset, ok := p["auto.offset.reset"]; ok && f.fromBeginning && reset != "earliest" {
		return nil, command.Failf("Can't simultaneously specify --from-beginning and 'auto.offset.reset=%s', please remove one option", reset)
	}
	reset := "latest"
	if f.fromBeginning {
		reset = "earliest"
	}
	p.Default("auto.offset.reset", reset)
	p[client.BootstrapServers] = where[client.BootstrapServers]
	p.Default("client.id", "console-consumer")
	if cmd.Flags().Changed("isolation-level") {
		p["isolation.level"] = f.isolation
	}
	p.Default("isolation.level", f.isolation)
	if group == "" {
		// Nobody uses the group again: its offsets are not kept.
		group = "console-consumer-" + strconv.Itoa(rand.IntN(100000)) //nolint:gosec // a name, no secret
		p.Default("enable.auto.commit", "false")
	}
	p["group.id"] = group
	return p, nil
}

// groupID is the group that --group or the properties name; all that name one
// must name the same.
func (f *consumerFlags) groupID(cmd *cobra.Command, sources ...client.Properties) (string, error) {
	var named []string
	add := func(group string, given bool) {
		if given && !slices.Contains(named, group) {
			named = append(named, group)
		}
	}
	add(f.group, cmd.Flags().Changed("group"))
	for _, p := range sources {
		group, given := p["group.id"]
		add(group, given)
	}
	switch {
	case len(named) > 1:
		return "", command.Usagef("The group ids provided in different places (directly using '--group', via '--consumer-property', or via '--consumer.config') do not match. Detected group ids: '%s'", strings.Join(named, "', '"))
	case len(named) == 1 && cmd.Flags().Changed("partition"):
		return "", command.Usagef("Options group and partition cannot be specified together.")
	case len(named) == 1:
		if strings.TrimSpace(named[0]) == "" {
			return "", command.Failf("group.id: the name of the group is empty")
		}
		return named[0], nil
	}
	return "", nil
}

func (f *consumerFlags) subscription(cmd *cobra.Command) (client.Subscription, error) {
	from := kgo.NewOffset().AtEnd()
	switch text := strings.ToLower(f.offset); {
	case !cmd.Flags().Changed("offset"):
		if f.fromBeginning {
			from = kgo.NewOffset().AtStart()
		}
	case text == "earliest":
		from = kgo.NewOffset().AtStart()
	case text != "latest":
		n, err := strconv.ParseInt(f.offset, 10, 64)
		if err != nil || n < 0 {
			return client.Subscription{}, command.Usagef("The provided offset value '%s' is incorrect. Valid values are 'earliest', 'latest', or a non-negative long.", f.offset)
		}
		from = kgo.NewOffset().At(n)
	}
	switch {
	case cmd.Flags().Changed("partition"):
		return client.Subscription{Partitions: map[string]map[int32]kgo.Offset{f.topic: {f.partition: from}}}, nil
	case f.topic != "":
		return client.Subscription{Topics: []string{f.topic}}, nil
	}
	return client.Subscription{Pattern: f.include}, nil
}

// newFormatter makes the formatter of the properties of --formatter-config,
// the flags over them, --formatter-property over all.
func (f *consumerFlags) newFormatter(env *command.Env) (formatter, error) {
	p, err := client.Load(f.formatterConfig)
	if err != nil {
		return nil, err
	}
	if f.keyClass != "" {
		p["key.deserializer"] = f.keyClass
	}
	if f.valueClass != "" {
		p["value.deserializer"] = f.valueClass
	}
	set, err := properties("", append(f.formatterProps, f.oldProps...))
	if err != nil {
		return nil, err
	}
	maps.Copy(p, set)
	made, doubts, err := formatterOf(f.formatter, p, env.Err)
	if err != nil {
		return nil, command.Fail(fmt.Errorf("--formatter %s: %w", f.formatter, err))
	}
	for _, d := range doubts {
		env.Warnf("%s", d)
	}
	return made, nil
}
