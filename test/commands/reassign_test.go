package commands

import (
	"strings"
	"testing"
)

// errorLine keeps what was printed up to the error: Kafka's command prints a
// stack trace behind it.
func errorLine(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		kept = append(kept, line)
		if strings.HasPrefix(line, "Error: ") {
			break
		}
	}
	// topics come in the order of a hash set, by names that differ from run to run
	return strings.ReplaceAll(strings.Join(kept, ""), "topics NAME-b,NAME-a", "topics NAME-a,NAME-b")
}

func TestReassignPartitions(t *testing.T) {
	row := func(rest string) string { return `{"topic": "NAME-a", ` + rest + `}` }
	file := func(rows ...string) string {
		return `{"version": 1, "partitions": [` + strings.Join(rows, ", ") + `]}`
	}
	s := Script{
		Name: "reassign-partitions", Class: "org.apache.kafka.tools.reassign.ReassignPartitionsCommand", Command: "reassign-partitions",
		Files: map[string]string{
			"same.json":      file(row(`"partition": 0, "replicas": [1]`), row(`"partition": 2, "replicas": [1], "log_dirs": ["any"]`)),
			"two.json":       file(row(`"partition": 1, "replicas": [1]`), `{"topic": "NAME-b", "partition": 0, "replicas": [1]}`),
			"broker.json":    file(row(`"partition": 0, "replicas": [1, 9]`)),
			"partition.json": file(row(`"partition": 7, "replicas": [1]`)),
			"next.json":      file(row(`"partition": 3, "replicas": [1]`)),
			"topic.json":     file(`{"topic": "NAME-none", "partition": 0, "replicas": [1]}`),
			"dir.json":       file(row(`"partition": 0, "replicas": [1], "log_dirs": ["/not/there"]`)),
			"dirs.json":      file(row(`"partition": 0, "replicas": [1], "log_dirs": ["any", "any"]`)),
			"double.json":    file(row(`"partition": 0, "replicas": [1, 1]`)),
			"twice.json":     file(row(`"partition": 0, "replicas": [1]`), row(`"partition": 0, "replicas": [1]`)),
			"noreplica.json": file(row(`"partition": 0, "replicas": []`)),
			"none.json":      file(),
			"version.json":   `{"version": 7, "partitions": []}`,
			"malformed.json": `{`,
			"topics.json":    `{"version": 1, "topics": [{"topic": "NAME-a"}, {"topic": "NAME-b"}]}`,
			"notopic.json":   `{"version": 1, "topics": [{"topic": "NAME-none"}]}`,
			"again.json":     `{"topics": [{"topic": "NAME-a"}, {"topic": "NAME-a"}]}`,
		},
		Steps: []Step{
			{Args: "--bootstrap-server BROKER --create --topic NAME-a --partitions 3", Class: topicCommand, Command: "topics"},
			{Args: "--bootstrap-server BROKER --create --topic NAME-b", Class: topicCommand, Command: "topics"},
		},
	}
	for _, line := range []string{
		"--list",
		"--generate --topics-to-move-json-file DIR/topics.json --broker-list 1",
		"--generate --topics-to-move-json-file DIR/topics.json --broker-list 1,9 --disable-rack-aware",
		"--generate --topics-to-move-json-file DIR/topics.json --broker-list 9",
		"--generate --topics-to-move-json-file DIR/topics.json --broker-list 1,1",
		"--generate --topics-to-move-json-file DIR/topics.json --broker-list one",
		"--generate --topics-to-move-json-file DIR/notopic.json --broker-list 1",
		"--generate --topics-to-move-json-file DIR/again.json --broker-list 1",
		"--execute --reassignment-json-file DIR/same.json",
		"--verify --reassignment-json-file DIR/same.json",
		"--verify --reassignment-json-file DIR/two.json",
		"--execute --reassignment-json-file DIR/two.json --throttle 5000000 --additional",
		"--execute --reassignment-json-file DIR/two.json --disallow-replication-factor-change",
		"--verify --reassignment-json-file DIR/two.json --preserve-throttles",
		"--cancel --reassignment-json-file DIR/two.json",
		"--cancel --reassignment-json-file DIR/same.json --preserve-throttles",
		"--execute --reassignment-json-file DIR/same.json --replica-alter-log-dirs-throttle 9000000",
		"--execute --reassignment-json-file DIR/broker.json",
		"--execute --reassignment-json-file DIR/partition.json",
		"--execute --reassignment-json-file DIR/topic.json",
		"--verify --reassignment-json-file DIR/partition.json",
		"--verify --reassignment-json-file DIR/next.json",
		"--verify --reassignment-json-file DIR/dir.json",
		"--cancel --reassignment-json-file DIR/dir.json",
		"--execute --reassignment-json-file DIR/dir.json",
		"--execute --reassignment-json-file DIR/dirs.json",
		"--execute --reassignment-json-file DIR/double.json",
		"--execute --reassignment-json-file DIR/twice.json",
		"--execute --reassignment-json-file DIR/noreplica.json",
		"--execute --reassignment-json-file DIR/none.json",
		"--execute --reassignment-json-file DIR/version.json",
		"--verify --reassignment-json-file DIR/same.json",
	} {
		s.Steps = append(s.Steps, Step{Args: "--bootstrap-server BROKER " + line, Shown: errorLine, Reads: true})
	}
	for _, line := range []string{
		"", "--bootstrap-server BROKER", "--list", "--bootstrap-server BROKER --list --verify",
		"--bootstrap-server BROKER --bootstrap-controller BROKER --list",
		"--bootstrap-server BROKER --execute", "--bootstrap-server BROKER --verify", "--bootstrap-server BROKER --cancel",
		"--bootstrap-server BROKER --generate --broker-list 1", "--bootstrap-server BROKER --generate --topics-to-move-json-file DIR/topics.json",
		"--bootstrap-server BROKER --list --timeout 5", "--bootstrap-server BROKER --list --reassignment-json-file DIR/same.json",
		"--bootstrap-server BROKER --verify --reassignment-json-file DIR/same.json --throttle 5",
		"--bootstrap-server BROKER --execute --reassignment-json-file DIR/same.json --preserve-throttles",
		"--bootstrap-server BROKER --execute --reassignment-json-file DIR/same.json --throttle fast",
		"--bootstrap-server BROKER --execute --reassignment-json-file DIR/malformed.json",
		"--bootstrap-server BROKER --execute --reassignment-json-file DIR/not-there.json",
	} {
		s.Steps = append(s.Steps, Step{Args: line, CodeOnly: true})
	}
	Compare(t, world(t), s)
}
