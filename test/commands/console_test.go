package commands

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

const (
	producerClass = "org.apache.kafka.tools.ConsoleProducer"
	consumerClass = "org.apache.kafka.tools.consumer.ConsoleConsumer"
	serialization = "org.apache.kafka.common.serialization."
	formatters    = "org.apache.kafka.tools.consumer."
)

// made makes a topic.
func made(args string) Step {
	return Step{Class: "org.apache.kafka.tools.TopicCommand", ByKafka: true, CodeOnly: true, Args: "--bootstrap-server BROKER --create --topic " + args}
}

// produced sends lines.
func produced(topic, lines, args string) Step {
	return Step{
		Class: producerClass, Command: "console-producer", Stdin: lines,
		Args: "--bootstrap-server BROKER --topic " + topic + " " + args,
	}
}

// read prints records; what is said on standard error of their number counts.
func read(args string) Step {
	return Step{Args: "--bootstrap-server BROKER " + args, ErrShown: summary}
}

// committed shows what a group has committed.
func committed(group string) Step {
	return Step{
		Class: groupsClass, ByKafka: true, Shown: Sorted,
		Args: "--bootstrap-server BROKER --describe --offsets --group " + group,
	}
}

func summary(stderr string) string {
	return regexp.MustCompile(`Processed a total of \d+ messages`).FindString(stderr)
}

// whole shows everything of a record.
const whole = " --formatter-property print.timestamp=true --formatter-property print.partition=true --formatter-property print.offset=true" +
	" --formatter-property print.delivery=true --formatter-property print.epoch=true --formatter-property print.headers=true --formatter-property print.key=true"

// all reads so many records of a topic from its beginning, as fast as it goes:
// without a group, and without waiting for more.
func all(topic string, n int, args string) Step {
	return read(fmt.Sprintf("--topic %s --partition 0 --from-beginning --timeout-ms 10000 --max-messages %d %s", topic, n, args))
}

func TestConsoleProducer(t *testing.T) {
	pairs := "--reader-property parse.key=true "
	both := "--reader-property parse.key=true --reader-property parse.headers=true "
	Compare(t, world(t), Script{
		Name: "console producer", Class: consumerClass, Command: "console-consumer", Together: true,
		Files: map[string]string{
			"reader.properties":   "parse.key=true\nkey.separator=#\n",
			"producer.properties": "acks=1\nlinger.ms=1\ncompression.type=gzip\nclient.id=mine\n",
		},
		Steps: []Step{
			produced("NAME", "a\nb\n\r\nc\rlast without an end", ""),
			produced("NAME", "", ""),
			produced("NAME", "k\tv\nk:v\tw\n\tempty key\nempty value\t\n", pairs+"--sync"),
			produced("NAME", "k::v\n", pairs+"--reader-property key.separator=::"),
			produced("NAME", "k#v\n", "--reader-config DIR/reader.properties --compression-codec"),
			produced("NAME", "k,v\n", "--reader-config DIR/reader.properties --reader-property key.separator=, --compression-codec zstd"),
			produced("NAME", "good\tv\nno separator\nnever sent\tv\n", pairs),
			produced("NAME", "no separator\nk\tv\n", pairs+"--reader-property ignore.error=true"),
			produced("NAME", "h1:v1,h2:v2\tk\tv\nh:\tk\tv\nh1:a:b\tk\tv\n", both),
			produced("NAME", "h1:v1\tvalue\n", "--reader-property parse.headers=true --compression-codec lz4"),
			produced("NAME", "h1=v1|h2=v2;k\tv\n", both+`--reader-property headers.separator=\| --reader-property headers.key.separator== --reader-property headers.delimiter=;`),
			produced("NAME", "h1:v1,,h2:v2\tk\tv\n", both),
			produced("NAME", "h1\tk\tv\n", both),
			produced("NAME", "h1,h2:x\tk\tv\nnothing at all\n", both+"--reader-property ignore.error=true"),
			produced("NAME", "NULL\tNULL\th:NULL\nh:NULL\tNULL\tNULL\nh:v,i:NULL\tk\tv\n", both+"--reader-property null.marker=NULL"),
			produced("NAME", "NULL:v\tk\tv\n", both+"--reader-property null.marker=NULL"),
			produced("NAME", "x\n", "--reader-property null.marker=, --reader-property headers.separator=,"),
			produced("NAME", "x\n", "--reader-property headers.delimiter=, --reader-property headers.separator=,"),
			produced("NAME", "x\n", "--reader-property headers.delimiter=: --reader-property headers.key.separator=:"),
			produced("NAME", "x\n", "--reader-property key.separator=N --reader-property null.marker=N"),
			produced("NAME", "caf\xc3\xa9\nbroken \xff\xc3 bytes\n", ""),
			produced("NAME", strings.Repeat("long ", 20000)+"\n", "--batch-size 100000"),
			produced("NAME", "p\n", "--command-config DIR/producer.properties --command-property max.block.ms=5000"),
			produced("NAME", "p\n", "--producer.config DIR/producer.properties --producer-property acks=all --property parse.key=false --max-partition-memory-bytes 1000"),
			produced("NAME", "flags\n", "--request-required-acks 1 --request-timeout-ms 3000 --message-send-max-retries 1 --retry-backoff-ms 50 --timeout 10 --metadata-expiry-ms 60000 --max-block-ms 4000 --max-memory-bytes 1000000 --socket-buffer-size 65536 --compression-codec snappy"),
			produced("NAME", "none\n", "--request-required-acks 0 --compression-codec none"),
			read("--topic NAME --partition 0 --from-beginning --timeout-ms 600" + whole),
		},
	})
}

func TestConsoleProducerJudgesItsArguments(t *testing.T) {
	bad := func(args string) Step { return Step{Args: args, Stdin: "x\n"} }
	Compare(t, world(t), Script{
		Name: "console producer arguments", OnGregor: true, Class: producerClass, Command: "console-producer", Together: true,
		Files: map[string]string{"empty.properties": ""},
		Steps: []Step{
			bad("--bootstrap-server BROKER"),
			bad("--topic NAME"),
			bad("--bootstrap-server nonsense --topic NAME"),
			bad("--bootstrap-server localhost: --topic NAME"),
			bad("--bootstrap-server BROKER --topic NAME --no-such-flag"),
			bad("--bootstrap-server BROKER --topic NAME --batch-size many"),
			bad("--bootstrap-server BROKER --topic NAME --batch-size"),
			bad("--bootstrap-server BROKER --topic NAME --line-reader no.such.Reader"),
			bad("--bootstrap-server BROKER --topic NAME --compression-codec rot13"),
			bad("--bootstrap-server BROKER --topic NAME --request-required-acks 2"),
			bad("--bootstrap-server BROKER --topic NAME --command-config DIR/missing"),
			bad("--bootstrap-server BROKER --topic NAME --reader-config DIR/missing"),
			bad("--bootstrap-server BROKER --topic NAME --command-property acks=1 --command-property enable.idempotence=true"),
			bad("--bootstrap-server BROKER --topic NAME --command-property delivery.timeout.ms=1"),
			bad("--bootstrap-server BROKER --topic NAME --command-property security.protocol=PLAIN"),
			bad("--bootstrap-server BROKER --topic NAME --command-config DIR/empty.properties --producer.config DIR/empty.properties"),
			bad("--bootstrap-server BROKER --topic NAME --command-property a=b --producer-property a=b"),
			bad("--bootstrap-server BROKER --topic NAME --reader-property a=b --property a=b"),
			bad("--bootstrap-server BROKER --topic not/a/name --sync"),
			bad("--bootstrap-server BROKER --topic not/a/name --max-block-ms 1000"),
			{Args: "--version", CodeOnly: true},
		},
	})
}

func TestConsoleConsumer(t *testing.T) {
	Compare(t, world(t), Script{
		Name: "console consumer", Class: consumerClass, Command: "console-consumer", Together: true,
		Files: map[string]string{
			"consumer.properties": "auto.offset.reset=earliest\ngroup.id=NAME-file\nmax.poll.records=1\n",
		},
		Steps: []Step{
			produced("NAME", "h:1,i:2\tk1\tv1\nNULL\tNULL\tNULL\nj:NULL\tk3\tv3\n", "--reader-property parse.key=true --reader-property parse.headers=true --reader-property null.marker=NULL"),
			all("NAME", 3, ""),
			all("NAME", 3, whole),
			read("--topic NAME --partition 0 --from-beginning --timeout-ms 600 " + "--max-messages 2"),
			read("--topic NAME --partition 0 --from-beginning --timeout-ms 600 " + "--max-messages 0"),
			read("--topic NAME --partition 0 --from-beginning --timeout-ms 600 " + "--max-messages -7"),
			read("--topic NAME --timeout-ms 1000"),
			read("--topic NAME --timeout-ms 3000 --max-messages 1 --command-property auto.offset.reset=earliest"),
			read("--topic NAME --timeout-ms 3000 --max-messages 1 --command-property auto.offset.reset=by_duration:PT1H"),
			read("--topic NAME --partition 0 --timeout-ms 500"),
			read("--topic NAME --partition 0 --timeout-ms 500 --from-beginning"),
			read("--topic NAME --partition 0 --timeout-ms 500 --offset 1"),
			read("--topic NAME --partition 0 --timeout-ms 500 --offset earliest"),
			read("--topic NAME --partition 0 --timeout-ms 500 --offset LATEST"),
			read("--topic NAME --partition 0 --timeout-ms 500 --offset 3"),
			read("--topic NAME --partition 0 --timeout-ms 500 --offset 1000"),
			read("--topic NAME --partition 0 --timeout-ms 500 --offset 1000 --command-property auto.offset.reset=earliest"),
			read("--topic NAME --partition 7 --timeout-ms 500 --from-beginning"),
			read("--include N[A-Z]*NAME --timeout-ms 1000 --from-beginning"),
			read("--topic NAME --timeout-ms 3000 --max-messages 2 --consumer.config DIR/consumer.properties --consumer-property max.poll.records=5"),
			read("--topic NAME --timeout-ms 1500 --max-messages 2 --command-config DIR/consumer.properties"),
			read("--topic NAME --timeout-ms 3000 --group NAME-g --from-beginning --max-messages 1"),
			read("--topic NAME --timeout-ms 3000 --group NAME-g --from-beginning --max-messages 1"),
			committed("NAME-g"),
			read("--topic NAME --timeout-ms 1500 --group NAME-g --from-beginning"),
			read("--topic NAME --timeout-ms 1500 --group NAME-g --from-beginning"),
			committed("NAME-g"),
			made("NAME-empty --partitions 2"),
			read("--topic NAME-empty --timeout-ms 1500 --group NAME-early --from-beginning"),
			committed("NAME-early"),
			read("--topic NAME --timeout-ms 1500 --group NAME-late"),
			committed("NAME-late"),
			all("NAME", 3, "--isolation-level read_committed"),
			all("NAME", 1, "--enable-systest-events"),
		},
	})
}

// shown are properties of the formatter.
func shown(properties ...string) string {
	var out strings.Builder
	for _, p := range properties {
		out.WriteString(" --formatter-property " + p)
	}
	return out.String()
}

func TestConsoleConsumerFormats(t *testing.T) {
	Compare(t, world(t), Script{
		Name: "console consumer formats", OnGregor: true, Class: consumerClass, Command: "console-consumer", Together: true,
		Files: map[string]string{"formatter.properties": "print.key=true\nkey.separator=|\nprint.offset=true\n"},
		Steps: []Step{
			produced("NAME", "h:1,i:2\tk1\tv1\nNULL\tNULL\tNULL\nj:NULL\tk3\tv3\n", "--reader-property parse.key=true --reader-property parse.headers=true --reader-property null.marker=NULL"),
			all("NAME", 3, shown("print.value=false")),
			all("NAME", 3, shown("print.value=false", "print.key=true")),
			all("NAME", 3, shown("print.value=FALSE", "print.headers=TRUE", "print.partition=true")),
			all("NAME", 3, shown("print.key=true", "key.separator=<>", "line.separator=;", "null.literal=(none)")),
			all("NAME", 3, shown("print.headers=true", "headers.separator=&", "null.literal=", "print.epoch=true")),
			all("NAME", 3, shown("print.delivery=true", "print.value=no")),
			all("NAME", 3, "--property print.key=true --property print.timestamp=true"),
			all("NAME", 3, "--formatter-config DIR/formatter.properties"),
			all("NAME", 3, "--formatter-config DIR/formatter.properties"+shown("key.separator=,")),
			all("NAME", 3, "--formatter "+formatters+"NoOpMessageFormatter"),
			all("NAME", 3, "--formatter "+formatters+"DefaultMessageFormatter"+shown("print.key=true")),
			all("NAME", 3, "--formatter "+formatters+"LoggingMessageFormatter"+shown("print.key=true")),
		},
	})
}

func TestConsoleConsumerJudgesItsArguments(t *testing.T) {
	bad := func(args string) Step { return Step{Args: "--timeout-ms 500 " + args} }
	Compare(t, world(t), Script{
		Name: "console consumer arguments", OnGregor: true, Class: consumerClass, Command: "console-consumer", Together: true,
		Files: map[string]string{"empty.properties": "", "group.properties": "group.id=a\n"},
		Steps: []Step{
			made("NAME"),
			bad("--bootstrap-server BROKER"),
			bad("--topic NAME"),
			bad("--bootstrap-server BROKER --topic NAME --include NAME"),
			bad("--bootstrap-server BROKER --include NAME --partition 0"),
			bad("--bootstrap-server BROKER --topic NAME --offset 3"),
			bad("--bootstrap-server BROKER --topic NAME --partition 0 --offset 3 --from-beginning"),
			bad("--bootstrap-server BROKER --topic NAME --partition 0 --offset -3"),
			bad("--bootstrap-server BROKER --topic NAME --partition 0 --offset first"),
			bad("--bootstrap-server BROKER --topic NAME --partition x"),
			bad("--bootstrap-server BROKER --topic NAME --partition -1"),
			bad("--bootstrap-server BROKER --topic NAME --partition 0 --group g"),
			bad("--bootstrap-server BROKER --topic NAME --group g --command-property group.id=h"),
			bad("--bootstrap-server BROKER --topic NAME --group g --command-config DIR/group.properties"),
			bad("--bootstrap-server BROKER --topic NAME --from-beginning --command-property auto.offset.reset=latest"),
			bad("--bootstrap-server BROKER --topic NAME --command-property auto.offset.reset=soon"),
			bad("--bootstrap-server BROKER --topic NAME --command-property auto.offset.reset=by_duration:1h"),
			bad("--bootstrap-server BROKER --topic NAME --isolation-level read_all"),
			bad("--bootstrap-server BROKER --topic NAME --command-property group.protocol=consumer --command-property session.timeout.ms=5000"),
			bad("--bootstrap-server BROKER --topic NAME --formatter no.such.Formatter"),
			bad("--bootstrap-server BROKER --topic NAME --max-messages x"),
			bad("--bootstrap-server BROKER --topic NAME --consumer-property a=b --command-property a=b"),
			bad("--bootstrap-server BROKER --topic NAME --consumer.config DIR/empty.properties --command-config DIR/empty.properties"),
			bad("--bootstrap-server BROKER --topic NAME --property a=b --formatter-property a=b"),
			bad("--bootstrap-server BROKER --topic NAME --command-config DIR/missing"),
			bad("--bootstrap-server BROKER --topic NAME --no-such-flag"),
			bad("--bootstrap-server BROKER --topic not/a/name"),
			bad("--bootstrap-server localhost:1 --topic NAME"),
			bad("--bootstrap-server no.such.host.invalid:9092 --topic NAME"),
			{Args: "--version", CodeOnly: true},
		},
	})
}

func TestConsoleConsumerDeserializes(t *testing.T) {
	typed := func(class string, more ...string) Step {
		return read("--topic NAME --partition 0 --from-beginning --timeout-ms 2000 --max-messages 8 --value-deserializer " + serialization + class + " " + strings.Join(more, " "))
	}
	skipped := "--skip-message-on-error"
	Compare(t, world(t), Script{
		Name: "console consumer deserializers", OnGregor: true, Class: consumerClass, Command: "console-consumer", Together: true,
		Steps: []Step{
			produced("NAME", "12345678\n1234\n12\nA\nNULL\n123e4567-e89b-12d3-a456-426614174000\n\x01\n\\x~ \x1f\xc3\xa9\n", "--reader-property null.marker=NULL"),
			typed("StringDeserializer"),
			typed("LongDeserializer"),
			typed("LongDeserializer", skipped),
			typed("IntegerDeserializer", skipped),
			typed("ShortDeserializer", skipped),
			typed("DoubleDeserializer", skipped),
			typed("FloatDeserializer", skipped),
			typed("BooleanDeserializer", skipped),
			typed("UUIDDeserializer", skipped),
			typed("BytesDeserializer"),
			typed("ByteBufferDeserializer"),
			typed("VoidDeserializer", skipped),
			typed("VoidDeserializer"),
			typed("NoSuchDeserializer"),
			typed("StringDeserializer", "--formatter-property value.deserializer.deserializer.encoding=ISO-8859-1"),
			typed("StringDeserializer", "--formatter-property value.deserializer.value.deserializer.encoding=UTF-16"),
			typed("StringDeserializer", "--formatter-property value.deserializer.deserializer.encoding=no-such"),
			produced("NAME-k", "h:12345678\t1234\tv\n", "--reader-property parse.key=true --reader-property parse.headers=true"),
			all("NAME-k", 1, "--key-deserializer "+serialization+"IntegerDeserializer --formatter-property print.key=true"),
			all("NAME-k", 1, "--formatter-property key.deserializer="+serialization+"IntegerDeserializer --formatter-property print.key=true --formatter-property print.headers=true --formatter-property headers.deserializer="+serialization+"LongDeserializer"),
		},
	})
}

func TestConsoleConsumerShowsTheClustersOwnTopics(t *testing.T) {
	// Other tests' records are there too, and there is nothing between two.
	mine := func(out string) string {
		out = regexp.MustCompile(`"(commitTimestamp|expireTimestamp|currentStateTimestamp)":-?\d+`).ReplaceAllString(out, `"$1":<time>`)
		out = regexp.MustCompile(`console-consumer-[0-9a-f-]{36}`).ReplaceAllString(out, "<member>")
		return Sorted(Mine(strings.ReplaceAll(out, `{"key"`, "\n"+`{"key"`)))
	}
	internal := func(formatter string) Step {
		return Step{Args: "--bootstrap-server BROKER --topic __consumer_offsets --from-beginning --timeout-ms 2500 --formatter " + formatter, Shown: mine}
	}
	Compare(t, world(t), Script{
		Name: "console consumer formatters", Class: consumerClass, Command: "console-consumer", Together: true,
		Steps: []Step{
			made("NAME --partitions 1"),
			{ByKafka: true, Args: "--bootstrap-server BROKER --topic NAME --group NAME-g --timeout-ms 3000 --command-property auto.commit.interval.ms=60000", CodeOnly: true},
			internal(formatters + "OffsetsMessageFormatter"),
			internal(formatters + "ShareGroupMessageFormatter"),
			produced("NAME", "no coordinator's\tvalue\n", "--reader-property parse.key=true"),
			all("NAME", 1, "--formatter "+formatters+"OffsetsMessageFormatter"),
			all("NAME", 1, "--formatter "+formatters+"TransactionLogMessageFormatter"),
			all("NAME", 1, "--formatter "+formatters+"group.share.ShareGroupStateMessageFormatter"),
		},
	})
}
