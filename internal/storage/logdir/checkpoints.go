package logdir

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/checkpoint"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// offsetsVersion is that of the checkpoint files of offsets.
const offsetsVersion = 0

// ReadOffsets reads a checkpoint file of offsets; an absent or empty one has no
// entries.
func ReadOffsets(fsys vfs.FS, name string) (map[kafka.TopicPartition]kafka.Offset, error) {
	data, err := vfs.ReadFile(fsys, name, maxCheckpointBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	offsets := map[kafka.TopicPartition]kafka.Offset{}
	err = checkpoint.Parse(data, offsetsVersion, 3, func(words [][]byte) error {
		partition, err := strconv.ParseInt(string(words[1]), 10, 32)
		if err != nil || partition < 0 {
			return fmt.Errorf("%q is not a partition", words[1])
		}
		offset, err := strconv.ParseInt(string(words[2]), 10, 64)
		if err != nil || offset < 0 {
			return fmt.Errorf("%q is not an offset", words[2])
		}
		offsets[kafka.TopicPartition{Topic: string(words[0]), Partition: int32(partition)}] = kafka.Offset(offset)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w: remove the file if it cannot be restored; it will be made again", name, err)
	}
	return offsets, nil
}

// WriteOffsets replaces a checkpoint file of offsets, durably.
func WriteOffsets(fsys vfs.FS, name string, offsets map[kafka.TopicPartition]kafka.Offset) error {
	sorted := slices.SortedFunc(maps.Keys(offsets), func(a, b kafka.TopicPartition) int {
		return cmp.Or(strings.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	data := checkpoint.Append(nil, offsetsVersion, len(sorted))
	for _, tp := range sorted {
		data = append(data, tp.Topic...)
		data = append(data, ' ')
		data = strconv.AppendInt(data, int64(tp.Partition), 10)
		data = append(data, ' ')
		data = strconv.AppendInt(data, int64(offsets[tp]), 10)
		data = append(data, '\n')
	}
	return vfs.ReplaceFile(fsys, name, data)
}

// cleanContent is .kafka_cleanshutdown, in JSON.
type cleanContent struct {
	Version     int    `json:"version"`
	BrokerEpoch *int64 `json:"brokerEpoch"`
}

// ReadClean says whether the last shutdown was clean and, where it is known,
// the broker epoch that it had (-1 otherwise). Older Kafkas leave the file empty.
func ReadClean(fsys vfs.FS, dir string) (clean bool, brokerEpoch int64, err error) {
	data, err := vfs.ReadFile(fsys, vfs.Join(dir, CleanFile), maxCleanBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return false, -1, nil
	}
	if err != nil {
		return false, -1, err
	}
	var content cleanContent
	if json.Unmarshal(data, &content) != nil || content.BrokerEpoch == nil {
		return true, -1, nil
	}
	return true, *content.BrokerEpoch, nil
}

// WriteClean marks a clean shutdown: the last thing that a node writes.
func WriteClean(fsys vfs.FS, dir string, brokerEpoch int64) error {
	data, err := json.Marshal(cleanContent{BrokerEpoch: &brokerEpoch})
	if err != nil {
		return err
	}
	return vfs.ReplaceFile(fsys, vfs.Join(dir, CleanFile), data)
}

// RemoveClean takes the mark away, durably: before the first append.
func RemoveClean(fsys vfs.FS, dir string) error {
	err := fsys.Remove(vfs.Join(dir, CleanFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return fsys.SyncDir(dir)
}
