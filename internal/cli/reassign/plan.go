package reassign

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// anyDir is the log directory that the broker chooses.
const anyDir = "any"

// move is where the replicas of a partition are to be.
type move struct {
	kafka.TopicPartition

	replicas []int32
}

// moves are what a file asks for.
type moves struct {
	partitions []move
	dirs       map[admin.Replica]string
}

// moveFile is the JSON of moves; the same shape is printed.
type moveFile struct {
	Version    *int      `json:"version"`
	Partitions []moveRow `json:"partitions"`
}

type moveRow struct {
	Topic     *string  `json:"topic"`
	Partition *int32   `json:"partition"`
	Replicas  *[]int32 `json:"replicas"`
	LogDirs   []string `json:"log_dirs"`
}

// parseMoves reads the file of --reassignment-json-file.
func parseMoves(text []byte) (*moves, error) {
	var f moveFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("not valid JSON: %w", err)
	}
	if f.Version != nil && *f.Version != 1 {
		return nil, fmt.Errorf("Not supported version field value %d", *f.Version)
	}
	m := &moves{dirs: make(map[admin.Replica]string)}
	for i, r := range f.Partitions {
		if r.Topic == nil || r.Partition == nil || r.Replicas == nil {
			return nil, fmt.Errorf(`partitions[%d] wants "topic", "partition" and "replicas"`, i)
		}
		p := kafka.TopicPartition{Topic: *r.Topic, Partition: *r.Partition}
		if r.LogDirs != nil && len(r.LogDirs) != len(*r.Replicas) {
			return nil, fmt.Errorf("Size of replicas list [%s] is different from size of log dirs list [%s] for partition %s",
				numbers(*r.Replicas, ", "), strings.Join(r.LogDirs, ", "), p.String())
		}
		m.partitions = append(m.partitions, move{p, *r.Replicas})
		for k, dir := range r.LogDirs {
			if dir != anyDir {
				m.dirs[admin.Replica{TopicPartition: p, Broker: (*r.Replicas)[k]}] = dir
			}
		}
	}
	return m, nil
}

// check refuses moves that cannot be executed.
func (m *moves) check() error {
	if len(m.partitions) == 0 {
		return errors.New("Partition reassignment list cannot be empty")
	}
	seen := make(map[kafka.TopicPartition]bool)
	var twice, wrong []string
	for _, p := range m.partitions {
		if len(p.replicas) == 0 {
			return errors.New("Partition replica list cannot be empty")
		}
		if seen[p.TopicPartition] {
			twice = append(twice, p.TopicPartition.String())
		}
		seen[p.TopicPartition] = true
		if d := duplicates(p.replicas); len(d) > 0 {
			wrong = append(wrong, fmt.Sprintf("%s contains multiple entries for %s", p.TopicPartition.String(), numbers(d, ",")))
		}
	}
	switch {
	case len(twice) > 0:
		return fmt.Errorf("Partition reassignment contains duplicate topic partitions: %s", strings.Join(twice, ","))
	case len(wrong) > 0:
		return fmt.Errorf("Partition replica lists may not contain duplicate entries: %s", strings.Join(wrong, ". "))
	}
	return nil
}

// sorted are the partitions by their names.
func (m *moves) sorted() []move {
	return slices.SortedFunc(slices.Values(m.partitions), func(x, y move) int { return x.Compare(y.TopicPartition) })
}

func duplicates[T comparable](list []T) []T {
	var twice []T
	for i, v := range list {
		if slices.Contains(list[:i], v) && !slices.Contains(twice, v) {
			twice = append(twice, v)
		}
	}
	return twice
}

func numbers(list []int32, sep string) string {
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = strconv.Itoa(int(n))
	}
	return strings.Join(words, sep)
}

// replicaName is how Kafka writes a replica: topic, partition, broker.
func replicaName(r admin.Replica) string {
	return r.TopicPartition.String() + "-" + strconv.Itoa(int(r.Broker))
}

func compareReplicas(x, y admin.Replica) int {
	if x.Broker != y.Broker {
		return int(x.Broker) - int(y.Broker)
	}
	return x.Compare(y.TopicPartition)
}

// asFile is the JSON text of where partitions are: it can be executed.
func asFile(partitions []move, dirs map[admin.Replica]admin.Dirs) moveFile {
	one := 1
	f := moveFile{Version: &one, Partitions: []moveRow{}}
	partitions = slices.SortedFunc(slices.Values(partitions), func(x, y move) int { return x.Compare(y.TopicPartition) })
	for _, p := range partitions {
		row := moveRow{Topic: &p.Topic, Partition: &p.Partition, Replicas: &p.replicas, LogDirs: []string{}}
		for _, broker := range p.replicas {
			dir := dirs[admin.Replica{TopicPartition: p.TopicPartition, Broker: broker}].Current
			if dir == "" {
				dir = anyDir
			}
			row.LogDirs = append(row.LogDirs, dir)
		}
		f.Partitions = append(f.Partitions, row)
	}
	return f
}

// text is the file in one line.
func (f moveFile) text() string {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(f) // strings and numbers only
	return strings.TrimSpace(out.String())
}

// topicsFile is the JSON of --topics-to-move-json-file.
type topicsFile struct {
	Version *int `json:"version"`
	Topics  []struct {
		Topic *string `json:"topic"`
	} `json:"topics"`
}

// parseGenerate reads the arguments of --generate.
func parseGenerate(text []byte, list string) (brokers []int32, topics []string, err error) {
	for _, word := range java.Split(list, ",") {
		id, err := strconv.ParseInt(word, 10, 32)
		if err != nil {
			return nil, nil, java.NotANumber(word)
		}
		brokers = append(brokers, int32(id))
	}
	if d := duplicates(brokers); len(d) > 0 {
		return nil, nil, fmt.Errorf("Broker list contains duplicate entries: [%s]", numbers(d, ", "))
	}
	var f topicsFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, nil, fmt.Errorf("The input string is not a valid JSON: %w", err)
	}
	if f.Version != nil && *f.Version != 1 {
		return nil, nil, fmt.Errorf("Not supported version field value %d", *f.Version)
	}
	for i, t := range f.Topics {
		if t.Topic == nil {
			return nil, nil, fmt.Errorf("topics[%d] has no \"topic\"", i)
		}
		topics = append(topics, *t.Topic)
	}
	if d := duplicates(topics); len(d) > 0 {
		return nil, nil, fmt.Errorf("List of topics to reassign contains duplicate entries: [%s]", strings.Join(d, ", "))
	}
	return brokers, topics, nil
}
