// Package tools runs Kafka's own command-line tools against Gregor and
// against Apache Kafka, in the same order, and compares what they print.
// Kind: test
package tools

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/test/harness"
)

// step is one command. BROKER in an argument is the bootstrap address, DIR a
// folder for files.
type step struct {
	name  string
	class string
	args  string
	stdin string
	file  string // name=text of a file in DIR that the command reads
	shown func(output string) string
}

const (
	topicCommand = "org.apache.kafka.tools.TopicCommand"
	groupCommand = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
	txnCommand   = "org.apache.kafka.tools.TransactionsCommand"
	copier       = "org.apache.kafka.tools.TransactionalMessageCopier"
)

// exitCodeOnly keeps nothing of an output that is all figures.
func exitCodeOnly(string) string { return "ended well" }

func steps() []step {
	return []step{
		{name: "create", class: topicCommand, args: "--create --topic tools --partitions 3 --replication-factor 1 --config retention.ms=-1 --config segment.bytes=2097152"},
		{name: "create again", class: topicCommand, args: "--create --topic tools --partitions 3"},
		{name: "create if it is not there", class: topicCommand, args: "--create --if-not-exists --topic tools --partitions 3"},
		{name: "create with two replicas", class: topicCommand, args: "--create --topic wide --partitions 1 --replication-factor 2"},
		{name: "create with a bad config", class: topicCommand, args: "--create --topic bad --config retention.ms=x"},
		{name: "describe", class: topicCommand, args: "--describe --topic tools", shown: sortedConfigs},
		{name: "describe an unknown topic", class: topicCommand, args: "--describe --topic no-such"},
		{name: "grow", class: topicCommand, args: "--alter --topic tools --partitions 4"},
		{name: "shrink", class: topicCommand, args: "--alter --topic tools --partitions 2"},
		{name: "list", class: topicCommand, args: "--list --exclude-internal", shown: only("tools")},
		{name: "produce", class: "org.apache.kafka.tools.ConsoleProducer", args: "--topic tools --property parse.key=true --property key.separator=:", stdin: "a:1\nb:2\nc:3\nd:4\ne:5\n"},
		{name: "consume", class: "org.apache.kafka.tools.consumer.ConsoleConsumer", args: "--topic tools --from-beginning --max-messages 5 --timeout-ms 20000 --group tools --property print.key=true --property print.partition=true --property print.offset=true --property print.headers=true", shown: sorted},
		{name: "offsets", class: "org.apache.kafka.tools.GetOffsetShell", args: "--topic tools"},
		{name: "earliest offsets", class: "org.apache.kafka.tools.GetOffsetShell", args: "--topic tools --time earliest"},
		{name: "newest timestamps", class: "org.apache.kafka.tools.GetOffsetShell", args: "--topic tools --time max-timestamp", shown: partitionsOnly},
		{name: "groups", class: groupCommand, args: "--list", shown: only("tools")},
		{name: "group", class: groupCommand, args: "--describe --group tools"},
		{name: "group state", class: groupCommand, args: "--describe --group tools --state"},
		{name: "group members", class: groupCommand, args: "--describe --group tools --members"},
		{name: "unknown group", class: groupCommand, args: "--describe --group no-such"},
		{name: "reset offsets", class: groupCommand, args: "--reset-offsets --group tools --topic tools --to-earliest --execute"},
		{name: "delete offsets", class: groupCommand, args: "--delete-offsets --group tools --topic tools:0"},
		{name: "group after", class: groupCommand, args: "--describe --group tools"},
		{name: "delete group", class: groupCommand, args: "--delete --group tools"},
		{name: "all groups", class: "org.apache.kafka.tools.GroupsCommand", args: "--list", shown: only("tools")},
		{name: "delete records", class: "org.apache.kafka.tools.DeleteRecordsCommand", args: "--offset-json-file DIR/records.json", file: `records.json={"partitions":[{"topic":"tools","partition":0,"offset":1}],"version":1}`},
		{name: "log directories", class: "org.apache.kafka.tools.LogDirsCommand", args: "--describe --topic-list tools"},
		{name: "quorum", class: "org.apache.kafka.tools.MetadataQuorumCommand", args: "describe --status", shown: keys},
		{name: "quorum replication", class: "org.apache.kafka.tools.MetadataQuorumCommand", args: "describe --replication", shown: firstLine},
		{name: "features", class: "org.apache.kafka.tools.FeatureCommand", args: "describe"},
		{name: "cluster id", class: "org.apache.kafka.tools.ClusterTool", args: "cluster-id"},
		{name: "elect leaders", class: "org.apache.kafka.tools.LeaderElectionCommand", args: "--election-type preferred --topic tools --partition 0"},
		{name: "reassign, verify", class: "org.apache.kafka.tools.reassign.ReassignPartitionsCommand", args: "--verify --reassignment-json-file DIR/move.json", file: `move.json={"version":1,"partitions":[{"topic":"tools","partition":0,"replicas":[1]}]}`},
		{name: "copy in transactions", class: copier, args: "--broker-list BROKER --transactional-id tools-copier --consumer-group tools-copier --input-topic tools --input-partition 0 --output-topic tools-copy --transaction-size 2", shown: exitCodeOnly},
		{name: "what was copied", class: "org.apache.kafka.tools.consumer.ConsoleConsumer", args: "--topic tools-copy --from-beginning --isolation-level read_committed --timeout-ms 3000 --formatter-property print.offset=true", shown: withoutTrace},
		{name: "transactions", class: txnCommand, args: "list", shown: func(output string) string { return numbers(firstLine(output)) + "\n" + numbers(only("tools")(output)) }},
		{name: "a transaction", class: txnCommand, args: "describe --transactional-id tools-copier", shown: numbers},
		{name: "an unknown transaction", class: txnCommand, args: "describe --transactional-id no-such", shown: firstLine},
		{name: "producers", class: txnCommand, args: "describe-producers --topic tools-copy --partition 0", shown: numbers},
		{name: "producers of a plain topic", class: txnCommand, args: "describe-producers --topic tools --partition 1", shown: firstLine},
		{name: "hanging transactions", class: txnCommand, args: "find-hanging --topic tools-copy", shown: numbers},
		{name: "offsets of the copier", class: groupCommand, args: "--describe --group tools-copier --offsets"},
		{name: "performance of a producer", class: "org.apache.kafka.tools.ProducerPerformance", args: "--topic tools --num-records 5000 --record-size 100 --throughput -1 --producer-props bootstrap.servers=BROKER acks=all", shown: exitCodeOnly},
		{name: "performance of a consumer", class: "org.apache.kafka.tools.ConsumerPerformance", args: "--topic tools --messages 4000", shown: exitCodeOnly},
		{name: "delete", class: topicCommand, args: "--delete --topic tools"},
		{name: "delete an unknown topic", class: topicCommand, args: "--delete --topic no-such"},
	}
}

func only(word string) func(string) string {
	return func(output string) string {
		var kept []string
		for line := range strings.Lines(output) {
			if strings.HasPrefix(line, word) {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "")
	}
}

func sorted(output string) string {
	lines := strings.Split(output, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// partitionsOnly drops the offsets of the newest records: those of one
// millisecond are told apart by chance.
func partitionsOnly(output string) string {
	return regexp.MustCompile(`(?m):\d+$`).ReplaceAllString(output, "")
}

// sortedConfigs sorts the configs of a topic, whose order is a hash map's.
func sortedConfigs(output string) string {
	return regexp.MustCompile(`Configs: \S+`).ReplaceAllStringFunc(output, func(configs string) string {
		pairs := strings.Split(strings.TrimPrefix(configs, "Configs: "), ",")
		slices.Sort(pairs)
		return "Configs: " + strings.Join(pairs, ",")
	})
}

func keys(output string) string {
	return regexp.MustCompile(`(?m):.*$`).ReplaceAllString(output, ":")
}

// numbers hides what is generated, and the width that it takes.
func numbers(output string) string {
	output = regexp.MustCompile(`\d+`).ReplaceAllString(output, "N")
	return regexp.MustCompile(`[ \t]+`).ReplaceAllString(output, " ")
}

// withoutTrace drops what the consumer says of its own timeout.
func withoutTrace(output string) string {
	return regexp.MustCompile(`(?m)^(\[|org\.apache).*\n?`).ReplaceAllString(output, "")
}

func firstLine(output string) string {
	line, _, _ := strings.Cut(output, "\n")
	return line
}

// mask replaces what two brokers cannot agree on.
func mask(output string) string {
	for pattern, by := range map[string]string{
		`localhost:\d+`:                      "<broker>",
		`localhost \(id`:                     "localhost (id",
		`(?m)(TopicId|topic id|ID): \S{22}`:  "$1: <id>",
		`"logDir":"[^"]*"`:                   `"logDir":"<path>"`,
		`Epoch: \d+`:                         "Epoch: <metadata log>", // of the finalized features
		`(?m)Cluster ID: .*$`:                "Cluster ID: <id>",
		`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+`: "<time>",
		`"size":\d+`:                         `"size":<bytes>`, // of a segment that the run goes on writing
		`(?m)^\[main\] (WARN|INFO|ERROR).*$`: "",
	} {
		output = regexp.MustCompile(pattern).ReplaceAllString(output, by)
	}
	return strings.TrimSpace(output)
}

func TestToolsPrintTheSame(t *testing.T) {
	_, err := harness.Java().Find()
	harness.Missing(t, err)
	pair, err := harness.StartPair("tools")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := pair.Close(); err != nil {
			t.Error(err)
		}
	}()
	dir := t.TempDir()
	for _, s := range steps() {
		t.Run(strings.ReplaceAll(s.name, " ", "-"), func(t *testing.T) {
			if name, text, ok := strings.Cut(s.file, "="); ok {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var kafka, gregor string
			var wg sync.WaitGroup
			wg.Go(func() { kafka = run(t.Context(), s, pair.Kafka, dir) })
			wg.Go(func() { gregor = run(t.Context(), s, pair.Gregor, dir) })
			wg.Wait()
			if kafka != gregor {
				t.Errorf("kafka:\n%s\ngregor:\n%s", kafka, gregor)
			}
		})
	}
}

// run gives a tool's masked output, with the exit code.
func run(ctx context.Context, s step, broker, dir string) string {
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	args := strings.Fields(strings.NewReplacer("BROKER", broker, "DIR", dir).Replace(s.args))
	if s.class != "org.apache.kafka.tools.ProducerPerformance" && s.class != copier {
		args = append([]string{"--bootstrap-server", broker}, args...)
	}
	if s.class == "org.apache.kafka.tools.ClusterTool" { // wants its command first
		args = append(args[2:], args[:2]...)
	}
	cmd, err := harness.KafkaToolCommand(ctx, s.class, args...)
	if err != nil {
		return err.Error()
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Stdin = &out, &out, strings.NewReader(s.stdin)
	err = cmd.Run()
	text := out.String()
	if s.shown != nil {
		text = s.shown(text)
	}
	if err != nil {
		// the broker's own sentence follows the exception's name: each has its own
		text = regexp.MustCompile(`(?m)(Exception|Error)(: |\s).*$`).ReplaceAllString(text, "$1")
		text = regexp.MustCompile(`(?m)^\s+at .*\n?|^\s*\.\.\. \d+ more\n?|^Error while executing.*\n?`).ReplaceAllString(text, "")
		return fmt.Sprintf("%v\n%s", err, mask(text))
	}
	return mask(text)
}
