package topics

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// maxFile bounds a file of partitions: a million of them fit.
const maxFile = 128 << 20

// partitionFile is the JSON that delete-records and leader-election take:
// {"partitions": [{"topic": "orders", "partition": 0, "offset": 7}], "version": 1}.
type partitionFile struct {
	Version    *int            `json:"version"`
	Partitions *[]partitionRow `json:"partitions"`
}

type partitionRow struct {
	Topic     *string `json:"topic"`
	Partition *int32  `json:"partition"`
	Offset    *int64  `json:"offset"`
}

// name is the partition of a row, which was checked.
func (r *partitionRow) name() kafka.TopicPartition {
	return kafka.TopicPartition{Topic: *r.Topic, Partition: *r.Partition}
}

// readPartitions reads such a file; every row has a topic and a partition,
// each partition is there once. Errors name the file and the place in it.
func readPartitions(file string, offsets bool) ([]partitionRow, error) {
	text, err := command.ReadFile(file, maxFile)
	if err != nil {
		return nil, err
	}
	rows, err := parsePartitions(text, offsets)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return rows, nil
}

func parsePartitions(text []byte, offsets bool) ([]partitionRow, error) {
	var f partitionFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, where(text, err)
	}
	if f.Version != nil && *f.Version != 1 {
		return nil, fmt.Errorf("Not supported version field value %d", *f.Version)
	}
	if f.Partitions == nil {
		return nil, errors.New(`Missing partitions field: want {"partitions": [{"topic": "orders", "partition": 0}]}`)
	}
	seen := make(map[kafka.TopicPartition]int)
	for i, r := range *f.Partitions {
		switch {
		case r.Topic == nil:
			return nil, fmt.Errorf("partitions[%d] has no \"topic\"", i)
		case r.Partition == nil:
			return nil, fmt.Errorf("partitions[%d] has no \"partition\"", i)
		case offsets && r.Offset == nil:
			return nil, fmt.Errorf("partitions[%d] has no \"offset\"", i)
		}
		if first, twice := seen[r.name()]; twice {
			return nil, fmt.Errorf("partitions[%d] names %s, as partitions[%d] does: name each partition once", i, r.name().String(), first)
		}
		seen[r.name()] = i
	}
	return *f.Partitions, nil
}

// where adds the line of an error in a JSON text.
func where(text []byte, err error) error {
	at := int64(-1)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = syntax.Offset
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		at = kind.Offset
	}
	if at < 0 || at > int64(len(text)) {
		return fmt.Errorf("not valid JSON: %w", err)
	}
	line := 1
	for _, c := range text[:at] {
		if c == '\n' {
			line++
		}
	}
	return fmt.Errorf("line %d: not valid JSON: %w", line, err)
}
