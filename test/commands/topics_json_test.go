package commands

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// compact is JSON in one line, without the ids, which no two runs share.
func compact(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	line, err := json.Marshal(v) // keys are sorted
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`"topicId":"[A-Za-z0-9_-]{22}"`).ReplaceAllString(string(line), `"topicId":"<id>"`)
}

// TestTheJSONOfTopicCommands keeps the shapes that docs/commands/topics.md
// describes.
func TestTheJSONOfTopicCommands(t *testing.T) {
	w := world(t)
	for _, c := range w.Clusters() {
		r := newRun(t, Script{Files: map[string]string{
			"delete.json": `{"partitions": [{"topic": "NAME", "partition": 0, "offset": 0}, {"topic": "NAME", "partition": 1, "offset": 9}]}`,
			"move.json":   `{"partitions": [{"topic": "NAME", "partition": 0, "replicas": [1]}]}`,
			"topics.json": `{"topics": [{"topic": "NAME-none"}]}`,
			"elect.json":  `{"partitions": [{"topic": "NAME", "partition": 0}, {"topic": "NAME", "partition": 7}]}`,
		}}, c)
		steps := []struct{ line, want string }{
			{"topics --create --topic NAME --partitions 2 --config retention.bytes=5", `{"topics":[{"name":"NAME","result":"created"}]}`},
			{"topics --create --topic NAME --if-not-exists", `{"topics":[{"name":"NAME","result":"exists"}]}`},
			{"topics --list --topic NAME", `{"topics":["NAME"]}`},
			{"topics --list --topic NAME-none", `{"topics":[]}`},
			{"topics --describe --topic NAME --topics-with-overrides",
				`{"topics":[{"configs":{"max.message.bytes":"105906176","min.insync.replicas":"1","retention.bytes":"5","retention.ms":"-1"},"internal":false,"name":"NAME","partitionCount":2,"replicationFactor":1,"topicId":"<id>"}]}`},
			{"topics --describe --topic NAME --at-min-isr-partitions",
				`{"topics":[{"configs":{"max.message.bytes":"105906176","min.insync.replicas":"1","retention.bytes":"5","retention.ms":"-1"},"internal":false,"name":"NAME","partitionCount":2,` +
					`"partitions":[{"elr":[],"isr":[1],"lastKnownElr":[],"leader":1,"partition":0,"replicas":[1]},{"elr":[],"isr":[1],"lastKnownElr":[],"leader":1,"partition":1,"replicas":[1]}],"replicationFactor":1,"topicId":"<id>"}]}`},
			{"topics --describe --topic NAME --under-replicated-partitions", `{"topics":[]}`},
			{"topics --describe --topic NAME-none --if-exists", `{"topics":[]}`},
			{"topics --alter --topic NAME --partitions 3", `{"topics":[{"name":"NAME","result":"altered"}]}`},
			{"get-offsets --topic NAME --partitions 0", `{"offsets":[{"offset":0,"partition":0,"topic":"NAME"}]}`},
			{"delete-records --offset-json-file DIR/delete.json",
				`{"partitions":[{"lowWatermark":0,"partition":0,"topic":"NAME"},{"error":"org.apache.kafka.common.errors.OffsetOutOfRangeException: The requested offset is not within the range of offsets maintained by the server.","partition":1,"topic":"NAME"}]}`},
			{"leader-election --election-type preferred --path-to-json-file DIR/elect.json",
				`{"elected":[],"electionType":"PREFERRED","failed":[{"error":"org.apache.kafka.common.errors.UnknownTopicOrPartitionException: No such partition as NAME-7","partition":7,"topic":"NAME"}],"notNeeded":[{"partition":0,"topic":"NAME"}]}`},
			{"configs --alter --topic NAME --add-config flush.ms=8", `{"entity":[{"name":"NAME","type":"topics"}],"result":"altered"}`},
			{"configs --alter --topic NAME --delete-config retention.bytes", `{"entity":[{"name":"NAME","type":"topics"}],"result":"altered"}`},
			{"configs --describe --topic NAME",
				`{"resources":[{"configs":[{"name":"flush.ms","readOnly":false,"sensitive":false,"source":"DYNAMIC_TOPIC_CONFIG","synonyms":[{"name":"flush.ms","source":"DYNAMIC_TOPIC_CONFIG","value":"8"}],"value":"8"}],"name":"NAME","type":"topics"}]}`},
			{"configs --describe --topic NAME-none", `{"resources":[]}`},
			{"reassign-partitions --list", `{"reassignments":[]}`},
			{"reassign-partitions --verify --reassignment-json-file DIR/move.json",
				`{"logDirMovesUnderWay":false,"logDirs":[],"partitions":[{"partition":0,"replicas":[1],"state":"completed","target":[1],"topic":"NAME"}],"reassignmentsUnderWay":false,"throttlesCleared":true}`},
			{"reassign-partitions --cancel --reassignment-json-file DIR/move.json", `{"cancelled":[]}`},
			{"reassign-partitions --generate --broker-list 1 --topics-to-move-json-file DIR/topics.json",
				"gregor reassign-partitions: org.apache.kafka.common.errors.UnknownTopicOrPartitionException: Topic " + r.name + "-none not found.\n"},
			{"topics --delete --topic NAME", `{"topics":[{"name":"NAME","result":"deleted"}]}`},
		}
		if c.Name == "kafka" {
			steps = append(steps, []struct{ line, want string }{
				{"configs --alter --user NAME --client NAME --add-config producer_byte_rate=5", `{"entity":[{"name":"NAME","type":"clients"},{"name":"NAME","type":"users"}],"result":"altered"}`},
				{"configs --alter --user NAME --add-config SCRAM-SHA-512=[password=x]", `{"entity":[{"name":"NAME","type":"users"}],"result":"altered"}`},
				{"configs --describe --user NAME --client NAME", `{"quotas":[{"entity":[{"name":"NAME","type":"clients"},{"name":"NAME","type":"users"}],"limits":{"producer_byte_rate":5}}],"scramCredentials":[]}`},
				{"configs --describe --user NAME", `{"quotas":[],"scramCredentials":[{"credentials":[{"iterations":4096,"mechanism":"SCRAM-SHA-512"}],"user":"NAME"}]}`},
			}...)
		}
		for _, step := range steps {
			words := append(Words(r.fill(step.line)), "--bootstrap-server", c.Addr, "--format", "json")
			got := ""
			eventually(t, func() bool {
				p, err := w.Gregor(t.Context(), words, "")
				if err != nil {
					t.Fatal(err)
				}
				got = p.Err
				if p.Out != "" {
					got = compact(t, r.unfill(p.Out))
				}
				return got == step.want || strings.Contains(step.line, "--create") || strings.Contains(step.line, "--delete ") || strings.Contains(step.line, "--alter")
			})
			if got != step.want {
				t.Errorf("%s: %s\n got %s\nwant %s", c.Name, step.line, got, step.want)
			}
		}
	}
}
