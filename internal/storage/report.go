package storage

import (
	"errors"
	"fmt"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
)

// Recovery reports what [Open] found and repaired. Its zero value means that
// there was nothing to do.
type Recovery struct {
	// Scanned is how many bytes of segments were verified, batch by batch.
	Scanned int64
	// Damaged is damage among what was durable: it is left as it is and never
	// served; what lies behind it is.
	Damaged []Damage
	// Cuts are the damaged ends that were cut off beyond the recovery point.
	Cuts []Cut
	// Rebuilt names index files that were missing or damaged and were made
	// again from the data.
	Rebuilt []string
	// Removed names leftovers of interrupted work that were removed or finished.
	Removed []string
	// Split are the segments that overflowed. What is told beside them was found
	// after they were split.
	Split []Split
}

// Cut is a damaged tail that was taken off a segment, and kept aside.
type Cut struct {
	File     string       // the segment
	Offset   kafka.Offset // where the log ends now
	Position int64        // where in the file
	Bytes    int64        // how many were cut
	Aside    string       // the file that keeps them
	Reason   string
}

// Damage is data that the log holds as safe and that fails its checksum, or is
// not there. It is never served and never cut away.
type Damage struct {
	File     string
	Offset   kafka.Offset // the first that cannot be read
	Position int64
	Reason   string
	// AtEnd: nothing good follows, so that nobody knows where the log ended. It
	// is not opened.
	AtEnd bool
}

// Error names file, offset and what to do.
func (d *Damage) Error() string {
	remedy := "let DeleteRecords (gregor delete-records) move the log start offset past the damage"
	if d.AtEnd {
		remedy = "stop the broker and take the partition's line out of " + logdir.RecoveryPointFile +
			": the next start cuts the log off here and keeps what follows beside it"
	}
	return fmt.Sprintf("%s: damaged at offset %d (position %d): %s; restore the file from another replica or a backup, or %s; gregor dump-log --files shows what is whole",
		d.File, d.Offset, d.Position, d.Reason, remedy)
}

// Unwrap is CORRUPT_MESSAGE: clients say so and stop, where they would try
// KAFKA_STORAGE_ERROR again and again without a word. A log whose end is not
// known is offline: KAFKA_STORAGE_ERROR.
func (d *Damage) Unwrap() error {
	if d.AtEnd {
		return kafka.ErrKafkaStorageError
	}
	return kafka.ErrCorruptMessage
}

// FullDisk refuses a write: there is no space for it. Nothing is broken, reads
// and deletes go on, and so do writes within seconds once there is space.
type FullDisk struct {
	Dir string // the log directory
}

// Error names the directory and what to do.
func (e *FullDisk) Error() string {
	return "The disk of log directory " + e.Dir + " is full: nothing is written to it until there is space. " +
		"Delete topics or records, lower their retention, or enlarge the volume; writing then goes on by itself."
}

// Unwrap is KAFKA_STORAGE_ERROR, which lets clients try again.
func (e *FullDisk) Unwrap() error { return kafka.ErrKafkaStorageError }

// fault is an operation that failed for the disk's reasons.
type fault struct {
	op   string
	what string
	err  error
}

// Error names the operation and what it was about.
func (f *fault) Error() string { return f.op + " " + f.what + ": " + f.err.Error() }

// Unwrap gives the cause, and KAFKA_STORAGE_ERROR for the wire.
func (f *fault) Unwrap() []error { return []error{f.err, kafka.ErrKafkaStorageError} }

// failed wraps an error of the disk; errors that have a code, and nil, stay as
// they are.
func failed(op, what string, err error) error {
	if err == nil {
		return nil
	}
	if _, coded := errors.AsType[kafka.Error](err); coded {
		return err
	}
	return &fault{op: op, what: what, err: err}
}
