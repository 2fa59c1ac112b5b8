package logdir

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// State is what the name of a partition's directory says.
type State uint8

// The states of a directory.
const (
	Live   State = iota // topic-n
	Delete              // topic-n.<id>-delete: to be removed
	Future              // topic-n.<id>-future: moving here from another directory
	Stray               // topic-n.<id>-stray: not of this broker any more
)

// suffix is what a directory's name ends with.
func (s State) suffix() string {
	switch s {
	case Delete:
		return "-delete"
	case Future:
		return "-future"
	case Stray:
		return "-stray"
	case Live:
	}
	return ""
}

// maxName is the greatest length of a file name.
const maxName = 255

// Partition is one partition's directory.
type Partition struct {
	kafka.TopicPartition
	Name  string // of the directory
	State State
}

// Scan lists the partitions' directories of dir, by name. Directories that are
// none (a name that Kafka would not make) are an error, as in Kafka, but for
// hidden ones, lost+found and remote-log-index-cache. __cluster_metadata-0 is not listed.
func Scan(fsys vfs.FS, dir string) ([]Partition, error) {
	entries, err := fsys.List(dir)
	if err != nil {
		return nil, err
	}
	var found []Partition
	for _, e := range entries {
		if !e.Dir || e.Name == MetadataDir || e.Name == "lost+found" || e.Name == "remote-log-index-cache" || strings.HasPrefix(e.Name, ".") {
			continue
		}
		p, err := ParsePartition(e.Name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w: log.dirs must hold nothing but partitions", vfs.Join(dir, e.Name), err)
		}
		found = append(found, p)
	}
	return found, nil
}

// ParsePartition reads the name of a partition's directory.
func ParsePartition(name string) (Partition, error) {
	p := Partition{Name: name}
	rest := name
	for _, s := range []State{Delete, Future, Stray} {
		id, found := strings.CutSuffix(name, s.suffix())
		dot := strings.LastIndexByte(id, '.')
		if found && dot > 0 && len(id)-dot-1 == 2*len(kafka.UUID{}) {
			p.State, rest = s, id[:dot]
			break
		}
		if found {
			return p, fmt.Errorf("%q is not topic-partition.id%s", name, s.suffix())
		}
	}
	dash := strings.LastIndexByte(rest, '-')
	if dash <= 0 {
		return p, fmt.Errorf("%q is not topic-partition", name)
	}
	n, err := strconv.ParseInt(rest[dash+1:], 10, 32)
	if err != nil || n < 0 {
		return p, fmt.Errorf("%q is not topic-partition", name)
	}
	p.Topic, p.Partition = rest[:dash], int32(n)
	return p, nil
}

// Rename gives the name of a partition's directory in another state. As in
// Kafka, a topic's name is cut where the whole would be too long.
func Rename(tp kafka.TopicPartition, id kafka.UUID, s State) string {
	if s == Live {
		return tp.String()
	}
	tail := "-" + strconv.Itoa(int(tp.Partition)) + "." + hex.EncodeToString(id[:]) + s.suffix()
	return tp.Topic[:min(len(tp.Topic), maxName-len(tail))] + tail
}

// HasRecords says whether a partition's directory has a segment that is not empty.
func HasRecords(fsys vfs.FS, dir string) (bool, error) {
	entries, err := fsys.List(dir)
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		if e.Dir || !strings.HasSuffix(e.Name, ".log") {
			continue
		}
		info, err := fsys.Stat(vfs.Join(dir, e.Name))
		if err != nil || info.Size > 0 {
			return err == nil, err
		}
	}
	return false, nil
}

// beforeTopicID is what partition.metadata begins with.
const beforeTopicID = "version: 0\ntopic_id: "

// topicIDSize is the length of a topic id as text.
const topicIDSize = 22

// ReadTopicID reads partition.metadata in a partition's directory; zero where
// there is none, or a torn one: a new partition's directory is not synced before
// its first flush.
func ReadTopicID(fsys vfs.FS, dir string) (kafka.TopicID, error) {
	name := vfs.Join(dir, PartitionFile)
	data, err := vfs.ReadFile(fsys, name, maxPartitionBytes)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && torn(string(data))) {
		return kafka.ZeroUUID, nil
	}
	if err != nil {
		return kafka.ZeroUUID, err
	}
	id, err := parseTopicID(string(data))
	if err != nil {
		return id, fmt.Errorf("%s: %w", name, err)
	}
	return id, nil
}

// torn says whether text is a mere beginning of partition.metadata, or zeros.
func torn(text string) bool {
	text = strings.TrimRight(text, "\x00")
	id, found := strings.CutPrefix(text, beforeTopicID)
	return strings.HasPrefix(beforeTopicID, text) || (found && len(id) < topicIDSize && !strings.Contains(id, "\n"))
}

func parseTopicID(text string) (kafka.TopicID, error) {
	first, second, _ := strings.Cut(text, "\n")
	version, found := strings.CutPrefix(strings.TrimSpace(first), "version: ")
	if n, err := strconv.Atoi(version); !found || err != nil || n < 0 {
		return kafka.ZeroUUID, fmt.Errorf("line 1: %q is not a version", first)
	}
	second, _, _ = strings.Cut(second, "\n")
	text, found = strings.CutPrefix(strings.TrimSpace(second), "topic_id: ")
	if !found {
		return kafka.ZeroUUID, fmt.Errorf("line 2: %q is not a topic id", second)
	}
	id, err := kafka.ParseUUID(text)
	if err == nil && id.IsZero() {
		err = errors.New("the topic id is zero")
	}
	if err != nil {
		return kafka.ZeroUUID, fmt.Errorf("line 2: %w", err)
	}
	return id, nil
}

// WriteTopicID writes partition.metadata in a partition's directory. It does not
// sync: the log's first flush does.
func WriteTopicID(fsys vfs.FS, dir string, id kafka.TopicID) error {
	return vfs.WriteFile(fsys, vfs.Join(dir, PartitionFile), []byte(beforeTopicID+id.String()))
}
