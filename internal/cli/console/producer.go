package console

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/flags"
)

// producerFlags are the flags of console-producer.
type producerFlags struct {
	topic, server             string
	sync                      bool
	codec, lineReader         string
	readerProps, oldProps     []string
	readerConfig              string
	commandProps, producerOld []string
	commandConfig, configOld  string
}

const lineReaderClass = "org.apache.kafka.tools.LineMessageReader"

func newProducer(env *command.Env) *cobra.Command {
	var f producerFlags
	cmd := command.AsKafka(&cobra.Command{
		Use:   "console-producer",
		Short: "Send lines to a topic",
		Long: `Send each line of the input as a record. With --reader-property, lines have keys
and headers too:

  parse.key=true       key<tab>value         key.separator
  parse.headers=true   h1:v1,h2:v2<tab>value headers.delimiter, headers.separator (a
                                             regular expression), headers.key.separator
  null.marker=TEXT     a key, value or header value that is TEXT is null
  ignore.error=true    a line without a separator is a value alone`,
		Example: `  echo hello | gregor console-producer --bootstrap-server localhost:9092 --topic greetings
  gregor console-producer --bootstrap-server localhost:9092 --topic t --reader-property parse.key=true --reader-property key.separator=: < pairs.txt
  gregor console-producer --bootstrap-server localhost:9092 --topic t --command-config client.properties --sync`,
		Args: cobra.NoArgs,
	}, "console-producer")
	set := cmd.Flags()
	set.StringVar(&f.topic, "topic", "", "send to this `topic`; required")
	set.StringVar(&f.server, "bootstrap-server", "", "connect to these brokers: `host:port,...` (or set "+client.BootstrapVariable+")")
	set.BoolVar(&f.sync, "sync", false, "wait for the answer to each record before the next is sent")
	set.StringVar(&f.codec, "compression-codec", "none", "compress with `none|gzip|snappy|lz4|zstd`; without a value: gzip")
	set.Lookup("compression-codec").NoOptDefVal = "gzip"
	flags.Annotate(set, "compression-codec", flags.Optional)
	set.Int32("batch-size", 16384, "batch.size: the `bytes` of a batch")
	set.Int32("message-send-max-retries", 3, "retries: how often a record is sent again")
	set.Int64("retry-backoff-ms", 100, "retry.backoff.ms: the pause before that, in `ms`")
	set.Int64("timeout", 1000, "linger.ms: how long a record waits for others, in `ms`")
	set.String("request-required-acks", "-1", "acks: `0`, 1, or -1 for all in-sync replicas")
	set.Int32("request-timeout-ms", 1500, "request.timeout.ms: how long an answer is waited for, in `ms`")
	set.Int64("metadata-expiry-ms", 300000, "metadata.max.age.ms: when the cluster is looked at again, in `ms`")
	set.Int64("max-block-ms", 60000, "max.block.ms: how long the topic, and room in the buffer, are waited for, in `ms`")
	set.Int64("max-memory-bytes", 32<<20, "buffer.memory: the `bytes` that wait to be sent")
	set.Int32("max-partition-memory-bytes", 16384, "deprecated: use --batch-size")
	set.Int32("socket-buffer-size", 102400, "send.buffer.bytes: the `bytes` of the socket's buffer")
	set.StringVar(&f.lineReader, "line-reader", lineReaderClass, "the `class` that reads the input; the one that is there reads lines")
	set.StringArrayVar(&f.readerProps, "reader-property", nil, "a `key=value` for the reader; may be given often")
	set.StringVar(&f.readerConfig, "reader-config", "", "read such properties from this `file`")
	set.StringArrayVar(&f.oldProps, "property", nil, "deprecated: use --reader-property")
	set.StringArrayVar(&f.commandProps, "command-property", nil, "set a producer property, `key=value`; may be given often")
	set.StringVar(&f.commandConfig, "command-config", "", "read producer properties from this `file`")
	set.StringArrayVar(&f.producerOld, "producer-property", nil, "deprecated: use --command-property")
	set.StringVar(&f.configOld, "producer.config", "", "deprecated: use --command-config")
	command.WithFormat(cmd, func(ctx context.Context, asJSON bool) error {
		p, reader, err := f.read(env, cmd)
		if err != nil {
			return err
		}
		return produce(ctx, env, p, reader, f.sync, asJSON)
	})
	return cmd
}

// read judges the flags.
func (f *producerFlags) read(env *command.Env, cmd *cobra.Command) (client.Properties, *lineReader, error) {
	if !cmd.Flags().Changed("topic") {
		return nil, nil, command.Usagef("Missing required argument \"[topic]\": name a topic, --topic greetings")
	}
	for _, pair := range [][2]string{{"command-config", "producer.config"}, {"command-property", "producer-property"}, {"reader-property", "property"}} {
		if err := onlyOne(cmd, pair[0], pair[1]); err != nil {
			return nil, nil, err
		}
	}
	f.warnOld(env, cmd)
	p, err := properties(f.commandConfig+f.configOld, append(f.commandProps, f.producerOld...))
	if err != nil {
		return nil, nil, err
	}
	server := client.Flags{Server: f.server}
	where, err := server.Resolve()
	if err != nil {
		return nil, nil, err
	}
	p[client.BootstrapServers] = where[client.BootstrapServers]
	f.merge(cmd, p)
	reader, err := f.reader()
	return p, reader, err
}

// warnOld says which names will go away, as Kafka does on standard output.
func (f *producerFlags) warnOld(env *command.Env, cmd *cobra.Command) {
	for _, old := range [][2]string{{"producer-property", "command-property"}, {"producer.config", "command-config"}, {"property", "reader-property"}} {
		if cmd.Flags().Changed(old[0]) {
			env.Printf("Warning: --%s is deprecated and will be removed in a future version. Use --%s instead.\n", old[0], old[1])
		}
	}
	if cmd.Flags().Changed("max-partition-memory-bytes") {
		env.Println("Warning: --max-partition-memory-bytes is deprecated and will be removed in Apache Kafka 5.0. Use --batch-size instead.")
	}
}

// merge puts the flags over p: those that were given, and the defaults of the
// others where p says nothing (CommandLineUtils.maybeMergeOptions).
// compression.type is the flag's alone, as in Kafka.
func (f *producerFlags) merge(cmd *cobra.Command, p client.Properties) {
	for _, one := range []struct{ key, flag string }{
		{"linger.ms", "timeout"}, {"acks", "request-required-acks"}, {"request.timeout.ms", "request-timeout-ms"},
		{"retries", "message-send-max-retries"}, {"retry.backoff.ms", "retry-backoff-ms"}, {"send.buffer.bytes", "socket-buffer-size"},
		{"buffer.memory", "max-memory-bytes"}, {"batch.size", "batch-size"}, {"batch.size", "max-partition-memory-bytes"},
		{"metadata.max.age.ms", "metadata-expiry-ms"}, {"max.block.ms", "max-block-ms"},
	} {
		value := cmd.Flags().Lookup(one.flag).Value.String()
		if cmd.Flags().Changed(one.flag) {
			p[one.key] = value
		}
		p.Default(one.key, value)
	}
	p["compression.type"] = f.codec
	if f.codec == "" {
		p["compression.type"] = "gzip"
	}
	p.Default("client.id", "console-producer")
	for _, key := range []string{"key.serializer", "value.serializer"} {
		delete(p, key) // lines are bytes
	}
}

func (f *producerFlags) reader() (*lineReader, error) {
	if name := f.lineReader; name != lineReaderClass && name != "LineMessageReader" {
		return nil, command.Failf("--line-reader %s: there is no Java here; the one reader is %s, and gregor produce reads JSON and CSV", name, lineReaderClass)
	}
	p, err := client.Load(f.readerConfig)
	if err != nil {
		return nil, err
	}
	p["topic"] = f.topic
	set, err := properties("", append(f.readerProps, f.oldProps...))
	if err != nil {
		return nil, err
	}
	maps.Copy(p, set)
	if strings.TrimSpace(p["topic"]) == "" {
		return nil, command.Usagef("the name of the topic is empty: name one, --topic greetings")
	}
	r, err := newLineReader(f.topic, p)
	if err != nil {
		return nil, command.Fail(fmt.Errorf("--reader-property: %w", err))
	}
	return r, nil
}
