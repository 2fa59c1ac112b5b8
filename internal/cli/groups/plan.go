package groups

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// plan is the offsets to which groups are reset, by group.
type plan map[string]offsets[int64]

// maxPlan bounds the size of a file with a plan, in bytes.
const maxPlan = 256 << 20

// readPlan reads a CSV file of topic,partition,offset lines, for the one group
// that the flags name, or of group,topic,partition,offset lines.
func readPlan(file string, groups []string) (plan, error) {
	if info, err := os.Stat(file); err == nil && info.Size() > maxPlan {
		return nil, command.Failf("%s has %d bytes, more than a plan of offsets can have (%d)", file, info.Size(), maxPlan)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t := &java.Thrown{Class: "java.io.IOException", Message: "Unable to read file " + file, Cause: fmt.Errorf("read the plan of --from-file: %w", err)}
		return nil, t.In(java.Runtime)
	}
	return parsePlan(file, string(text), groups)
}

// parsePlan reads the text of a plan. As in Kafka's command the first line
// says which of the two forms it is.
func parsePlan(file, text string, groups []string) (plan, error) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	_, first := parseLine(lines[0], 3)
	withGroup := len(groups) != 1 || first != nil
	order := make(map[string][]kafka.TopicPartition)
	values := make(map[string]map[kafka.TopicPartition]int64)
	for i, line := range lines {
		fields := 3
		if withGroup {
			fields = 4
		}
		l, err := parseLine(line, fields)
		if err != nil {
			return nil, planError(file, i+1, line, len(groups) == 1, err)
		}
		if !withGroup {
			l.group = groups[0]
		}
		if values[l.group] == nil {
			values[l.group] = make(map[kafka.TopicPartition]int64)
		}
		if _, twice := values[l.group][l.partition]; !twice {
			order[l.group] = append(order[l.group], l.partition)
		}
		values[l.group][l.partition] = l.offset
	}
	p := make(plan, len(order))
	for group, partitions := range order {
		p[group] = newOffsets(partitions, values[group])
	}
	return p, nil
}

func planError(file string, number int, line string, oneGroup bool, err error) error {
	want := "group,topic,partition,offset"
	if oneGroup {
		want = "topic,partition,offset, or " + want
	}
	if len(line) > 80 {
		line = line[:80] + "..."
	}
	return &java.Thrown{Class: java.Runtime, Message: fmt.Sprintf("%s:%d: %v in %q: want %s", file, number, err, line, want)}
}

type planLine struct {
	group     string
	partition kafka.TopicPartition
	offset    int64
}

// parseLine reads a line of three fields, or of four with the group first.
func parseLine(line string, fields int) (planLine, error) {
	r := csv.NewReader(strings.NewReader(line))
	r.FieldsPerRecord = -1
	record, err := r.Read()
	if err != nil {
		return planLine{}, errors.New("no line of CSV")
	}
	if len(record) != fields {
		return planLine{}, fmt.Errorf("%d fields", len(record))
	}
	var l planLine
	if fields == 4 {
		l.group, record = record[0], record[1:]
	}
	partition, err := strconv.ParseInt(strings.TrimSpace(record[1]), 10, 32)
	if err != nil {
		return planLine{}, fmt.Errorf("%q is no partition", record[1])
	}
	if l.offset, err = strconv.ParseInt(strings.TrimSpace(record[2]), 10, 64); err != nil {
		return planLine{}, fmt.Errorf("%q is no offset", record[2])
	}
	l.partition = kafka.TopicPartition{Topic: record[0], Partition: int32(partition)}
	return l, nil
}

// csvField writes a field as Kafka's library does: quoted where it is long or
// has a character in it that may need it.
func csvField(text string) string {
	const long, safe = 24, '-' // all characters that matter stand before the dash
	if len(text) <= long && !strings.ContainsFunc(text, func(r rune) bool { return r < safe }) {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}

// parsePartitions reads topic:0,1,2.
func parsePartitions(arg string) ([]kafka.TopicPartition, error) {
	topic, numbers, _ := strings.Cut(arg, ":")
	numbers = strings.TrimRight(numbers, ":")
	if numbers == "" || strings.Contains(numbers, ":") {
		return nil, command.Usagef("Invalid topic arg '%s', expected topic name and partitions: topic:0,1,2", arg)
	}
	var list []kafka.TopicPartition
	for number := range strings.SplitSeq(strings.TrimRight(numbers, ","), ",") {
		n, err := strconv.ParseInt(number, 10, 32)
		if err != nil {
			return nil, command.Usagef("Invalid partition '%s' specified in topic arg '%s'", number, arg)
		}
		list = append(list, kafka.TopicPartition{Topic: topic, Partition: int32(n)})
	}
	return list, nil
}
