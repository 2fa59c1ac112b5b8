// Package logdir reads and writes what stands in a log directory beside the
// partitions: meta.properties, the lock, the checkpoint files, the marker of a
// clean shutdown, and the names of the partitions' directories. It does not
// read logs. Kind: disk
package logdir

import (
	"errors"
	"io"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// The names of the files.
const (
	MetaFile             = "meta.properties"
	LockFile             = ".lock"
	CleanFile            = ".kafka_cleanshutdown"
	RecoveryPointFile    = "recovery-point-offset-checkpoint"
	LogStartFile         = "log-start-offset-checkpoint"
	HighWatermarkFile    = "replication-offset-checkpoint"
	CleanerFile          = "cleaner-offset-checkpoint"
	PartitionFile        = "partition.metadata"
	EpochFile            = "leader-epoch-checkpoint"
	MetadataDir          = "__cluster_metadata-0"
	QuorumStateFile      = "quorum-state"
	BootstrapFile        = "bootstrap.checkpoint"
	maxMetaBytes         = 64 << 10
	maxCheckpointBytes   = 256 << 20
	maxPartitionMetadata = 4 << 10
)

var errTodo = errors.New("not yet")

// Meta is meta.properties: whose directory this is.
type Meta struct {
	Version     int // 1 for KRaft; 0 was ZooKeeper's
	ClusterID   string
	NodeID      kafka.NodeID
	DirectoryID kafka.UUID // zero: not assigned
}

// ReadMeta reads meta.properties of dir; fs.ErrNotExist where the directory is
// not formatted.
func ReadMeta(fsys vfs.FS, dir string) (Meta, error) { return Meta{}, errTodo }

// WriteMeta writes meta.properties of dir, durably.
func WriteMeta(fsys vfs.FS, dir string, m Meta) error { return errTodo }

// Check says what is wrong where a directory with meta m is opened by node in
// cluster (each as configured; cluster may be empty: any).
func (m Meta) Check(dir, cluster string, node kafka.NodeID) error { return nil }

// Lock takes the directory for this process. The error says who else may have it.
func Lock(fsys vfs.FS, dir string) (io.Closer, error) { return nil, errTodo }

// ReadOffsets reads a checkpoint file of offsets; an absent or empty one has no
// entries.
func ReadOffsets(fsys vfs.FS, name string) (map[kafka.TopicPartition]kafka.Offset, error) {
	return nil, errTodo
}

// WriteOffsets replaces a checkpoint file of offsets, durably.
func WriteOffsets(fsys vfs.FS, name string, offsets map[kafka.TopicPartition]kafka.Offset) error {
	return errTodo
}

// ReadClean says whether the last shutdown was clean and, where it is known,
// the broker epoch that it had (-1 otherwise).
func ReadClean(fsys vfs.FS, dir string) (clean bool, brokerEpoch int64, err error) {
	return false, -1, errTodo
}

// WriteClean marks a clean shutdown: the last thing that a node writes.
func WriteClean(fsys vfs.FS, dir string, brokerEpoch int64) error { return errTodo }

// RemoveClean takes the mark away, durably: before the first append.
func RemoveClean(fsys vfs.FS, dir string) error { return errTodo }

// State is what the name of a partition's directory says.
type State uint8

// The states of a directory.
const (
	Live   State = iota // topic-n
	Delete              // topic-n.<id>-delete: to be removed
	Future              // topic-n.<id>-future: moving here from another directory
	Stray               // topic-n.<id>-stray: not of this broker any more
)

// Partition is one partition's directory.
type Partition struct {
	kafka.TopicPartition
	Name  string // of the directory
	State State
}

// Scan lists the partitions' directories of dir, by name. Directories that are
// none (a name that Kafka would not make) are an error, as in Kafka, but for
// hidden ones and lost+found. __cluster_metadata-0 is not listed.
func Scan(fsys vfs.FS, dir string) ([]Partition, error) { return nil, errTodo }

// ParsePartition reads the name of a partition's directory.
func ParsePartition(name string) (Partition, error) { return Partition{}, errTodo }

// Rename gives the name of a partition's directory in another state.
func Rename(tp kafka.TopicPartition, id kafka.UUID, s State) string { return "" }

// ReadTopicID reads partition.metadata in a partition's directory; zero where
// there is none.
func ReadTopicID(fsys vfs.FS, dir string) (kafka.TopicID, error) { return kafka.ZeroUUID, errTodo }

// WriteTopicID writes partition.metadata in a partition's directory. It does not
// sync: the log's first flush does.
func WriteTopicID(fsys vfs.FS, dir string, id kafka.TopicID) error { return errTodo }
