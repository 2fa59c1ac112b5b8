package commands

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// prepared makes topics with the same names on both clusters, for scripts that
// only read: the order in which Kafka's commands list topics is a hash map's,
// and so depends on the names. It returns what the names begin with.
func prepared(t *testing.T, w *World) string {
	t.Helper()
	prefix := uniqueName()
	for _, c := range w.Clusters() {
		for i, name := range []string{"a", "b", "orders", "payments", "c.d", "Zz"} {
			args := []string{"--bootstrap-server", c.Addr, "--create", "--topic", prefix + name, "--partitions", strconv.Itoa(3*i + 1), "--config", "retention.bytes=" + strconv.Itoa(i)}
			if p, err := w.Tools.Run(topicCommand, args, ""); err != nil || p.Code != 0 {
				t.Fatalf("%v: %v: %s", args, err, p.Out)
			}
		}
	}
	return prefix
}

// TestTheOrderOfAHashMap compares as it stands what Kafka's commands print in
// the order of a hash map.
func TestTheOrderOfAHashMap(t *testing.T) {
	w := world(t)
	p := prepared(t, w)
	row := func(topic string, partition int) string {
		return fmt.Sprintf(`{"topic": %q, "partition": %d, "offset": 0}`, p+topic, partition)
	}
	var rows []string
	for i := range 10 {
		rows = append(rows, row("payments", i), row("Zz", i))
	}
	var stay []string
	for _, topic := range []string{"payments", "Zz", "b", "a", "orders"} {
		stay = append(stay, fmt.Sprintf(`{"topic": %q, "partition": 0, "replicas": [1]}`, p+topic))
	}
	files := map[string]string{"stay.json": `{"partitions": [` + strings.Join(stay, ",") + `]}`, "p.json": `{"partitions": [` + strings.Join(rows, ",") + "," + row("b", 2) + "," + row("a", 0) + `]}`}
	steps := func(lines ...string) []Step {
		var all []Step
		for _, l := range lines {
			all = append(all, Step{Args: strings.ReplaceAll(l, "PREFIX", p), Reads: true})
		}
		return all
	}
	Compare(t, w, Script{
		Name: "order of topics", Class: topicCommand, Command: "topics",
		Steps: steps("--bootstrap-server BROKER --describe --topic PREFIX.*",
			"--bootstrap-server BROKER --describe --topic PREFIX.* --partition-size-limit-per-response 5",
			"--bootstrap-server BROKER --describe --topic PREFIX[ab]", "--bootstrap-server BROKER --describe --topic PREFIX(a|Zz|orders)"),
	})
	Compare(t, w, Script{
		Name: "many deleted records", Class: "org.apache.kafka.tools.DeleteRecordsCommand", Command: "delete-records", Files: files,
		Steps: []Step{{Args: "--bootstrap-server BROKER --offset-json-file DIR/p.json", Shown: Sorted, Reads: true}},
	})
	Compare(t, w, Script{
		Name: "order of reassigned topics", Class: "org.apache.kafka.tools.reassign.ReassignPartitionsCommand", Command: "reassign-partitions", Files: files,
		Steps: steps("--bootstrap-server BROKER --verify --reassignment-json-file DIR/stay.json"),
	})
	Compare(t, w, Script{
		Name: "order of elections", Class: "org.apache.kafka.tools.LeaderElectionCommand", Command: "leader-election", Files: files,
		Steps: steps("--bootstrap-server BROKER --election-type preferred --path-to-json-file DIR/p.json",
			"--bootstrap-server BROKER --election-type unclean --path-to-json-file DIR/p.json"),
	})
}

const topicCommand = "org.apache.kafka.tools.TopicCommand"

// mineSorted is for what is listed in the order of a hash map, by names that
// differ from run to run.
func mineSorted(text string) string { return Sorted(Mine(text)) }

func TestTopicsCreate(t *testing.T) {
	Compare(t, world(t), Script{
		Name: "topics create", Class: topicCommand, Command: "topics",
		Steps: []Step{
			{Args: "--bootstrap-server BROKER --create --topic NAME"},
			{Args: "--bootstrap-server BROKER --create --topic NAME"},
			{Args: "--bootstrap-server BROKER --create --topic NAME --if-not-exists"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-six --partitions 6 --replication-factor 1 --config retention.ms=60000 --config cleanup.policy=compact"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-hand --replica-assignment 1,1,1"},
			{Args: "--bootstrap-server BROKER --create --topic NAME.dot_under"},
			{Args: "--bootstrap-server BROKER --create --topic NAME_under --replication-factor 0"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-none --partitions 0"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-none --replication-factor 5"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-none --replication-factor 40000"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-none --replica-assignment 1:1"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-none --replica-assignment 1:2,1"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-none --replica-assignment 7"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-none --replica-assignment one"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-none --config retention.ms"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-none --config retention.ms=much"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-none --config retention.msec=1"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-none --config cleanup.policy=shred"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-none --config 'min.compaction.lag.ms = 5' --config max.compaction.lag.ms=4"},
			{Args: "--bootstrap-server BROKER --create --topic 'NAME none'"},
			{Args: "--bootstrap-server BROKER --create --topic .."},
			{Args: "--bootstrap-server BROKER --create --topic="},
			{Args: "--bootstrap-server BROKER --list --topic NAME.*", Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic NAME-(six|hand)", Shown: Sorted, Reads: true},
		},
	})
}

func TestTopicsListAndDescribe(t *testing.T) {
	Compare(t, world(t), Script{
		Name: "topics list and describe", Class: topicCommand, Command: "topics",
		Steps: []Step{
			{Args: "--bootstrap-server BROKER --create --topic NAME-a --partitions 3 --config segment.bytes=2000000 --config flush.ms=9 --config max.message.bytes=70000 --config retention.bytes=5"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-b"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-c --partitions 12"},
			{Args: "--bootstrap-server BROKER --list", Shown: Mine, Reads: true},
			{Args: "--bootstrap-server BROKER --list --exclude-internal", Shown: Mine, Reads: true},
			{Args: "-bootstrap-server BROKER -list -topic=NAME-[ab]", Reads: true},
			{Args: "--bootstrap-server BROKER --list --topic NAME-a,NAME-c", Reads: true},
			{Args: "--bootstrap-server BROKER --list --topic '(?!.*-b)NAME.*'", Reads: true},
			{Args: "--bootstrap-server BROKER --list --topic NAME-none", Reads: true},
			{Args: "--bootstrap-server BROKER --list --topic NAME[", Reads: true},
			{Args: "--bootstrap-server BROKER --describe", Shown: mineSorted, Reads: true},
			{Args: "--bootstrap-server BROKER --describe --exclude-internal", Shown: mineSorted, Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic NAME-.", Shown: Sorted, Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic NAME-. --partition-size-limit-per-response 2", Shown: Sorted, Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic NAME-. --partition-size-limit-per-response 1", Shown: Sorted, Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic NAME-. --topics-with-overrides", Shown: Sorted, Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic NAME-. --under-replicated-partitions", Shown: Sorted, Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic NAME-. --unavailable-partitions", Shown: Sorted, Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic NAME-. --under-min-isr-partitions", Shown: Sorted, Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic NAME-. --at-min-isr-partitions", Shown: Sorted, Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic NAME-. --at-min-isr-partitions --unavailable-partitions", Shown: Sorted, Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic NAME-none", Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic NAME-none --if-exists", Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic=", Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic-id AAAAAAAAAAAAAAAAAAAAAA --topic NAME-b", Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic-id AAAAAAAAAAAAAAAAAAAAAA --topic NAME-b --if-exists", Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic-id 3Y6Zb1OVQWWsULPYmWxFzA", Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic-id 3Y6Zb1OVQWWsULPYmWxFzA --if-exists", Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic-id short", Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic-id 3Y6Zb1OVQWWsULPYm/xFzA", Reads: true},
			{Args: "--bootstrap-server BROKER --describe --topic-id 3Y6Zb1OVQWWsULPYmWxFzAAAAA", Reads: true},
		},
	})
}

func TestTopicsAlterAndDelete(t *testing.T) {
	Compare(t, world(t), Script{
		Name: "topics alter and delete", Class: topicCommand, Command: "topics",
		Steps: []Step{
			{Args: "--bootstrap-server BROKER --create --topic NAME-a"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-b"},
			{Args: "--bootstrap-server BROKER --alter --topic NAME-a --partitions 3"},
			{Args: "--bootstrap-server BROKER --alter --topic NAME-a --partitions 3"},
			{Args: "--bootstrap-server BROKER --alter --topic NAME-a --partitions 2"},
			{Args: "--bootstrap-server BROKER --alter --topic NAME-a --partitions -2"},
			{Args: "--bootstrap-server BROKER --alter --topic NAME-a --partitions 5 --replica-assignment 1,1,1,1,1"},
			{Args: "--bootstrap-server BROKER --alter --topic NAME-a --partitions 6 --replica-assignment 1,1"},
			{Args: "--bootstrap-server BROKER --alter --topic NAME-a --partitions 6 --replica-assignment 1,1,1,1,1,9"},
			{Args: "--bootstrap-server BROKER --alter --topic NAME-. --partitions 7"},
			{Args: "--bootstrap-server BROKER --describe --topic NAME-.", Shown: Sorted, Reads: true},
			{Args: "--bootstrap-server BROKER --alter --topic NAME-none --partitions 7"},
			{Args: "--bootstrap-server BROKER --alter --topic NAME-none --partitions 7 --if-exists"},
			{Args: "--bootstrap-server BROKER --delete --topic NAME-none"},
			{Args: "--bootstrap-server BROKER --delete --topic NAME-none --if-exists"},
			{Args: "--bootstrap-server BROKER --delete --topic NAME-a"},
			{Args: "--bootstrap-server BROKER --list --topic NAME.*", Reads: true},
			{Args: "--bootstrap-server BROKER --delete --topic NAME.*"},
			{Args: "--bootstrap-server BROKER --list --topic NAME.*", Reads: true},
		},
	})
}

func TestTopicsArguments(t *testing.T) {
	lines := []string{
		"", "--bootstrap-server BROKER", "--list --create --topic NAME --bootstrap-server BROKER",
		"--bootstrap-server BROKER --create", "--bootstrap-server BROKER --delete", "--bootstrap-server BROKER --alter --topic NAME",
		"--list",
		"--bootstrap-server BROKER --alter --topic NAME --partitions 3 --config a=b",
		"--bootstrap-server BROKER --describe --if-exists",
		"--bootstrap-server BROKER --list --config a=b", "--bootstrap-server BROKER --list --partitions 1",
		"--bootstrap-server BROKER --alter --topic NAME --partitions 3 --replication-factor 1",
		"--bootstrap-server BROKER --create --topic NAME --partitions 3 --replica-assignment 1",
		"--bootstrap-server BROKER --create --topic NAME --replication-factor 1 --replica-assignment 1",
		"--bootstrap-server BROKER --list --under-replicated-partitions",
		"--bootstrap-server BROKER --describe --under-replicated-partitions --topics-with-overrides",
		"--bootstrap-server BROKER --describe --unavailable-partitions --topics-with-overrides",
		"--bootstrap-server BROKER --list --topics-with-overrides",
		"--bootstrap-server BROKER --create --topic NAME --if-exists", "--bootstrap-server BROKER --delete --topic NAME --if-not-exists",
		"--bootstrap-server BROKER --delete --topic NAME --exclude-internal",
		"--bootstrap-server BROKER --create --topic NAME --partitions three",
		"--bootstrap-server BROKER --delete --topic NAME --topic NAME-b",
		"--bootstrap-server BROKER --list --no-such-flag", "--bootstrap-server BROKER --list --topic",
		"--bootstrap-server BROKER --list --command-config DIR/none.properties",
	}
	s := Script{Name: "topics arguments", Class: topicCommand, Command: "topics"}
	for _, l := range lines {
		s.Steps = append(s.Steps, Step{Args: l})
	}
	s.Steps = append(s.Steps, Step{Args: "--bootstrap-server BROKER --list --topic NAME --delete-config a", Reads: true}, Step{Args: "--version", CodeOnly: true})
	Compare(t, world(t), s)
}

func TestGetOffsets(t *testing.T) {
	Compare(t, world(t), Script{
		Name: "get-offsets", Class: "org.apache.kafka.tools.GetOffsetShell", Command: "get-offsets",
		Steps: []Step{
			{Args: "--bootstrap-server BROKER --create --topic NAME-a --partitions 12", Class: topicCommand, Command: "topics"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-b --partitions 3", Class: topicCommand, Command: "topics"},
			{Args: "--bootstrap-server BROKER --topic NAME-a", Reads: true},
			{Args: "--bootstrap-server BROKER --topic NAME-.", Reads: true},
			{Args: "--bootstrap-server BROKER", Shown: Mine},
			{Args: "--bootstrap-server BROKER --exclude-internal-topics", Shown: Mine},
			{Args: "--bootstrap-server BROKER --topic NAME-a --partitions 0,11,30", Reads: true},
			{Args: "--bootstrap-server BROKER --topic NAME-b --time earliest", Reads: true},
			{Args: "--bootstrap-server BROKER --topic NAME-b --time -2", Reads: true},
			{Args: "--bootstrap-server BROKER --topic NAME-b --time latest", Reads: true},
			{Args: "--bootstrap-server BROKER --topic NAME-b --time -1", Reads: true},
			{Args: "--bootstrap-server BROKER --topic NAME-b --time max-timestamp", Reads: true},
			{Args: "--bootstrap-server BROKER --topic NAME-b --time -3", Reads: true},
			{Args: "--bootstrap-server BROKER --topic NAME-b --time earliest-local", Reads: true},
			{Args: "--bootstrap-server BROKER --topic NAME-b --time latest-tiered", Reads: true},
			{Args: "--bootstrap-server BROKER --topic NAME-b --time earliest-pending-upload", Reads: true},
			{Args: "--bootstrap-server BROKER --topic NAME-b --time 0", Reads: true},
			{Args: "--bootstrap-server BROKER --topic NAME-b --time 32503680000000", Reads: true},
			{Args: "--bootstrap-server BROKER --topic NAME-b --time now", Reads: true},
			{Args: "--bootstrap-server BROKER --topic-partitions NAME-a:1,NAME-b:0-2", Reads: true},
			{Args: "--bootstrap-server BROKER --topic-partitions NAME-a:-2,NAME-b:1-", Reads: true},
			{Args: "--bootstrap-server BROKER --topic-partitions NAME-b,NAME-a:9", Reads: true},
			{Args: "--bootstrap-server BROKER --topic-partitions :0", Shown: Mine, Reads: true},
			{Args: "--bootstrap-server BROKER --topic-partitions NAME-a:x", Reads: true},
			{Args: "--bootstrap-server BROKER --topic-partitions NAME-a --topic NAME-a", Reads: true},
			{Args: "--bootstrap-server BROKER --topic-partitions NAME-a --partitions 1", Reads: true},
			{Args: "--bootstrap-server BROKER --topic NAME-b --partitions x"},
			{Args: "--bootstrap-server BROKER --topic NAME-none"},
			{Args: "--bootstrap-server BROKER --topic NAME["},
			{Args: ""},
			{Args: "--topic NAME-b", Reads: true},
			{Args: "--bootstrap-server localhost --topic NAME-b", Reads: true},
		},
	})
}

// recorded makes a topic with three partitions on both clusters and writes 40
// records to its first, one a second from 1700000000000 on, and one to its
// second.
func recorded(t *testing.T, w *World) string {
	t.Helper()
	topic := uniqueName()
	for _, c := range w.Clusters() {
		p, err := w.Tools.Run(topicCommand, []string{"--bootstrap-server", c.Addr, "--create", "--topic", topic, "--partitions", "3"}, "")
		if err != nil || p.Code != 0 {
			t.Fatalf("%v: %s", err, p.Out)
		}
		cl, err := kgo.NewClient(kgo.SeedBrokers(c.Addr), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		if err != nil {
			t.Fatal(err)
		}
		records := []*kgo.Record{{Topic: topic, Partition: 1, Value: []byte("one"), Timestamp: time.UnixMilli(1700000000000)}}
		for i := range 40 {
			records = append(records, &kgo.Record{Topic: topic, Value: []byte("v"), Timestamp: time.UnixMilli(1700000000000 + int64(i)*1000)})
		}
		err = cl.ProduceSync(t.Context(), records...).FirstErr()
		cl.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	return topic
}

// TestOffsetsOfRecords looks up records by time and deletes some. The deletion
// says the same when it is done again.
func TestOffsetsOfRecords(t *testing.T) {
	w := world(t)
	topic := recorded(t, w)
	row := func(partition, offset int) string {
		return fmt.Sprintf(`{"topic": %q, "partition": %d, "offset": %d}`, topic, partition, offset)
	}
	steps := func(class, command string, lines ...string) []Step {
		var all []Step
		for _, l := range lines {
			all = append(all, Step{Args: "--bootstrap-server BROKER " + l, Class: class, Command: command, Reads: true})
		}
		return all
	}
	offsets := func(lines ...string) []Step {
		for i := range lines {
			lines[i] = "--topic " + topic + " " + lines[i]
		}
		return steps("org.apache.kafka.tools.GetOffsetShell", "get-offsets", lines...)
	}
	remove := func(file string) []Step {
		all := steps("org.apache.kafka.tools.DeleteRecordsCommand", "delete-records", "--offset-json-file DIR/"+file)
		all[0].Shown = Sorted
		return all
	}
	Compare(t, w, Script{
		Name: "offsets of records",
		Files: map[string]string{
			"some.json":   `{"partitions": [` + row(0, 10) + `,` + row(1, 0) + `]}`,
			"beyond.json": `{"partitions": [` + row(0, 41) + `]}`,
			"below.json":  `{"partitions": [` + row(0, 3) + `]}`,
			"all.json":    `{"partitions": [` + row(0, -1) + `,` + row(1, -1) + `,` + row(2, -1) + `]}`,
		},
		Steps: slices.Concat(
			offsets("", "--time earliest", "--time latest", "--time max-timestamp", "--time 1700000005000", "--time 1700000005001", "--time 0", "--time 1800000000000", "--time -7"),
			remove("beyond.json"), remove("some.json"), offsets("--time earliest", "--time -1"),
			remove("below.json"), remove("all.json"), offsets("--time earliest", "--time earliest-local", "--time max-timestamp"),
		),
	})
}

func TestDeleteRecords(t *testing.T) {
	row := func(topic, partition, offset string) string {
		return `{"topic": "` + topic + `", "partition": ` + partition + `, "offset": ` + offset + `}`
	}
	Compare(t, world(t), Script{
		Name: "delete-records", Class: "org.apache.kafka.tools.DeleteRecordsCommand", Command: "delete-records",
		Files: map[string]string{
			"few.json":       `{"partitions": [` + row("NAME-a", "0", "0") + `], "version": 1}`,
			"all.json":       `{"partitions": [` + row("NAME-a", "0", "-1") + `,` + row("NAME-a", "1", "0") + `,` + row("NAME-a", "2", "-1") + `,` + row("NAME-b", "0", "0") + `,` + row("NAME-b", "1", "0") + `]}`,
			"beyond.json":    `{"partitions": [` + row("NAME-a", "0", "1000") + `,` + row("NAME-a", "1", "-7") + `]}`,
			"twice.json":     `{"partitions": [` + row("NAME-a", "0", "0") + `,` + row("NAME-a", "0", "1") + `]}`,
			"version.json":   `{"partitions": [], "version": 2}`,
			"none.json":      `{"partitions": []}`,
			"missing.json":   `{"version": 1}`,
			"nooffset.json":  `{"partitions": [{"topic": "NAME-a", "partition": 0}]}`,
			"malformed.json": `{"partitions": [`,
		},
		Steps: []Step{
			{Args: "--bootstrap-server BROKER --create --topic NAME-a --partitions 3", Class: topicCommand, Command: "topics"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-b --partitions 2", Class: topicCommand, Command: "topics"},
			{Args: "--bootstrap-server BROKER --offset-json-file DIR/few.json", Reads: true},
			{Args: "--bootstrap-server BROKER --offset-json-file DIR/all.json", Shown: Sorted, Reads: true},
			{Args: "--bootstrap-server BROKER --offset-json-file DIR/beyond.json", Shown: Sorted, Reads: true},
			{Args: "--bootstrap-server BROKER --offset-json-file DIR/twice.json"},
			{Args: "--bootstrap-server BROKER --offset-json-file DIR/version.json"},
			{Args: "--bootstrap-server BROKER --offset-json-file DIR/none.json"},
			{Args: "--bootstrap-server BROKER --offset-json-file DIR/missing.json"},
			{Args: "--bootstrap-server BROKER --offset-json-file DIR/nooffset.json"},
			{Args: "--bootstrap-server BROKER --offset-json-file DIR/malformed.json"},
			{Args: "--bootstrap-server BROKER --offset-json-file DIR/not-there.json"},
			{Args: "--bootstrap-server BROKER"},
			{Args: "--offset-json-file DIR/few.json", Reads: true},
			{Args: ""},
		},
	})
}

// setOfPartitions sorts the words of a line, where it lists partitions in the
// order of a hash set.
func setOfPartitions(text string) string {
	words := strings.Fields(strings.ReplaceAll(text, ",", ""))
	slices.Sort(words)
	return strings.Join(words, " ")
}

func TestLeaderElection(t *testing.T) {
	Compare(t, world(t), Script{
		Name: "leader-election", Class: "org.apache.kafka.tools.LeaderElectionCommand", Command: "leader-election",
		Files: map[string]string{
			"two.json":       `{"partitions": [{"topic": "NAME-a", "partition": 0}, {"topic": "NAME-a", "partition": 2}, {"topic": "NAME-b", "partition": 0}]}`,
			"wrong.json":     `{"partitions": [{"topic": "NAME-none", "partition": 0}, {"topic": "NAME-a", "partition": 9}, {"topic": "NAME-a", "partition": 1}]}`,
			"twice.json":     `{"partitions": [{"topic": "NAME-a", "partition": 0}, {"topic": "NAME-a", "partition": 0}]}`,
			"empty.json":     `{}`,
			"malformed.json": `no`,
			"c.properties":   `request.timeout.ms=5000`,
		},
		Steps: []Step{
			{Args: "--bootstrap-server BROKER --create --topic NAME-a --partitions 3", Class: topicCommand, Command: "topics"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-b --partitions 1", Class: topicCommand, Command: "topics"},
			{Args: "--bootstrap-server BROKER --election-type preferred --topic NAME-a --partition 0"},
			{Args: "--bootstrap-server BROKER --election-type UNCLEAN --topic NAME-a --partition 0"},
			{Args: "--bootstrap-server BROKER --election-type preferred --path-to-json-file DIR/two.json", Shown: setOfPartitions, Reads: true},
			{Args: "--bootstrap-server BROKER --election-type preferred --path-to-json-file DIR/wrong.json", Shown: Sorted, Reads: true},
			{Args: "--bootstrap-server BROKER --election-type unclean --path-to-json-file DIR/wrong.json", Shown: Sorted, Reads: true},
			{Args: "--bootstrap-server BROKER --election-type preferred --path-to-json-file DIR/twice.json"},
			{Args: "--bootstrap-server BROKER --election-type preferred --path-to-json-file DIR/empty.json"},
			{Args: "--bootstrap-server BROKER --election-type preferred --path-to-json-file DIR/malformed.json"},
			{Args: "--bootstrap-server BROKER --election-type preferred --all-topic-partitions"},
			{Args: "--bootstrap-server BROKER --election-type unclean --all-topic-partitions"},
			{Args: "--bootstrap-server BROKER --election-type preferred --topic NAME-b --partition 0 --command-config DIR/c.properties"},
			{Args: "--bootstrap-server BROKER --election-type preferred --topic NAME-b --partition 0 --admin.config DIR/c.properties"},
			{Args: "--bootstrap-server BROKER --election-type preferred --topic NAME-b --partition 0 --admin.config DIR/c.properties --command-config DIR/c.properties"},
			{Args: "--bootstrap-server BROKER --election-type preferred --topic NAME-b", Reads: true},
			{Args: "--bootstrap-server BROKER --election-type preferred --partition 1 --all-topic-partitions"},
			{Args: "--bootstrap-server BROKER --election-type preferred"},
			{Args: "--bootstrap-server BROKER --election-type fair --all-topic-partitions"},
			{Args: "--bootstrap-server BROKER --all-topic-partitions"},
			{Args: "--election-type preferred --all-topic-partitions"},
			{Args: "--bootstrap-server BROKER --election-type preferred --all-topic-partitions --topic NAME-a --partition 0"},
		},
	})
}
