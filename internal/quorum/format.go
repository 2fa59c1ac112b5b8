package quorum

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// logName is the directory of the metadata log.
const logName = "__cluster_metadata-0"

// FormatOptions say what a fresh metadata directory begins with.
type FormatOptions struct {
	// Bootstrap is the records that the first leader writes; nil: the defaults
	// of Kafka 4.4.0.
	Bootstrap []metadata.Record
	// Voters, where there are any, become dynamic voters (kraft.version 1), as
	// `kafka-storage format --standalone` and `--initial-controllers` make
	// them, and are written in this order. Without, the voters are the configuration's.
	Voters []Voter
	// Dynamic makes kraft.version 1 without voters too: they come from a node
	// that is a voter (`--no-initial-controllers`).
	Dynamic bool
	// Replace writes the bootstrap snapshot also where there is one.
	Replace bool
	Now     time.Time
}

// Format makes the metadata log's directory in dir, a log directory, with the
// bootstrap snapshot. Where there is a metadata log already it does nothing.
// meta.properties is not its business.
func Format(fsys vfs.FS, dir string, o FormatOptions) error {
	logDir := vfs.Join(dir, logName)
	if exists, err := vfs.Exists(fsys, logDir); err != nil || exists {
		if err != nil {
			return fmt.Errorf("format the metadata log: %w", err)
		}
		entries, err := fsys.List(logDir)
		if err != nil {
			return fmt.Errorf("format the metadata log: %w", err)
		}
		for _, e := range entries { // an interrupted format leaves nothing but a part
			if _, ok := parseSnapshotID(e.Name); !o.Replace && (ok || e.Name == stateFile || strings.HasSuffix(e.Name, ".log")) {
				return nil
			}
		}
	}
	if err := fsys.MkdirAll(logDir); err != nil {
		return fmt.Errorf("format the metadata log: %w", err)
	}
	records := o.Bootstrap
	if records == nil {
		records = controller.BootstrapRecords()
	}
	m := membership{voters: slices.Clone(o.Voters)}
	if len(m.voters) > 0 || o.Dynamic {
		m.version = 1
	}
	content, err := encodeCheckpoint(snapshotID{}, o.Now, kafka.Timestamp(o.Now.UnixMilli()), &m, slices.Values(records))
	if err != nil {
		return fmt.Errorf("format the metadata log: %w", err)
	}
	if err := writeCheckpoint(fsys, logDir, snapshotID{}, content); err != nil {
		return err
	}
	for _, d := range []string{dir, vfs.Dir(dir)} { // dir may be new, too
		if err := fsys.SyncDir(d); err != nil {
			return fmt.Errorf("format the metadata log: %w", err)
		}
	}
	return nil
}
