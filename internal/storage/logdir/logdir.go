// Package logdir reads and writes what stands in a log directory beside the
// partitions: meta.properties, the lock, the checkpoint files, the marker of a
// clean shutdown, and the names of the partitions' directories. It does not
// read logs. Kind: disk
package logdir

// The names of the files.
const (
	MetaFile          = "meta.properties"
	LockFile          = ".lock"
	CleanFile         = ".kafka_cleanshutdown"
	RecoveryPointFile = "recovery-point-offset-checkpoint"
	LogStartFile      = "log-start-offset-checkpoint"
	HighWatermarkFile = "replication-offset-checkpoint"
	CleanerFile       = "cleaner-offset-checkpoint"
	PartitionFile     = "partition.metadata"
	EpochFile         = "leader-epoch-checkpoint"
	MetadataDir       = "__cluster_metadata-0"
	QuorumStateFile   = "quorum-state"
	BootstrapFile     = "bootstrap.checkpoint"
	// MemoFile is Gregor's own, see [Memo]; Kafka takes no notice of it.
	MemoFile    = ".gregor-logs"
	ReserveFile = ".gregor-reserve" // Gregor's own; Kafka looks at no file that it does not know
	// JournalPrefix begins the names of the files of the sync journal, Gregor's own.
	JournalPrefix = ".gregor-journal-"
)

// The greatest lengths of the files that are read.
const (
	maxMetaBytes       = 64 << 10
	maxCheckpointBytes = 256 << 20
	maxPartitionBytes  = 4 << 10
	maxCleanBytes      = 4 << 10
)
