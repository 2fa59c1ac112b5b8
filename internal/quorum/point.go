package quorum

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// pointFile keeps the recovery point: what the log has below it was synced and
// committed. It is Gregor's own; Kafka looks at no file that it does not know,
// and no voter, Kafka's neither, ever takes back what is committed, so that the
// point stays true whoever writes the log in between. One line, the last word
// of which is the CRC-32C of what stands before it:
//
//	gregor-recovery-point 1 1543 9f3c01ab
const pointFile = ".gregor-recovery-point"

const (
	pointMagic = "gregor-recovery-point 1"
	// pointBytesMax bounds the file.
	pointBytesMax = 1 << 10
	// pointInterval is how often the point is written, at most. It takes two
	// syncs, of a small file and of a directory.
	pointInterval = 5 * time.Second
)

// recoveryPoint is what the file says, and when it was written last.
type recoveryPoint struct {
	offset kafka.Offset
	at     time.Time
}

func encodePoint(offset kafka.Offset) []byte {
	line := fmt.Sprintf("%s %d ", pointMagic, offset)
	return fmt.Appendf(nil, "%s%08x\n", line, crc32.Checksum([]byte(line), crc32.MakeTable(crc32.Castagnoli)))
}

// readPoint reads the file in dir, 0 where there is none: Kafka wrote the log,
// or nothing did.
func readPoint(fsys vfs.FS, dir string) (kafka.Offset, error) {
	name := vfs.Join(dir, pointFile)
	content, err := vfs.ReadFile(fsys, name, pointBytesMax)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the metadata log's recovery point: %w", err)
	}
	var offset kafka.Offset
	rest, _ := strings.CutPrefix(string(content), pointMagic)
	if _, err := fmt.Sscanf(rest, " %d", &offset); err != nil || offset < 0 || string(encodePoint(offset)) != string(content) {
		return 0, fmt.Errorf("read the metadata log's recovery point: %s is damaged: %q; restore it, or remove it: "+
			"it is made again, but a damage in the log is cut off at the next start, with all that follows", name, content)
	}
	return offset, nil
}

// safeEnd is what the point may be: what is on disk and committed.
func (q *Quorum) safeEnd() kafka.Offset { return min(q.committed, q.log.log.Synced()) }

// pointDue says when the point is to be written; false: it is as it should be.
func (q *Quorum) pointDue() (time.Time, bool) {
	return q.point.at.Add(pointInterval), q.safeEnd() > q.point.offset
}

// keepPoint writes the point where it is time to.
func (q *Quorum) keepPoint(now time.Time) {
	if at, due := q.pointDue(); due && !now.Before(at) {
		q.savePoint(now)
	}
}

// savePoint writes the point. Without it nothing is lost: it is tried again,
// and the next start verifies less strictly.
func (q *Quorum) savePoint(now time.Time) {
	end := q.safeEnd()
	q.point.at = now
	if end <= q.point.offset {
		return
	}
	if err := vfs.ReplaceFile(q.cfg.FS, vfs.Join(q.dir, pointFile), encodePoint(end)); err != nil {
		if !vfs.IsNoSpace(err) { // the log itself says that
			q.cfg.Logger.Warn("the metadata log's recovery point cannot be written; it is tried again", "error", err)
		}
		return
	}
	q.point.offset = end
}

// openLog recovers the directory's log. Below the recovery point and the end of
// the newest snapshot damage is never cut.
func (q *Quorum) openLog(newest snapshotID, now time.Time) (log, error) {
	var err error
	if q.point.offset, err = readPoint(q.cfg.FS, q.dir); err != nil {
		return nil, err
	}
	q.point.at = now
	disk, recovery, err := openDiskLog(&q.cfg, q.cfg.Codecs, q.dir, 0, max(newest.end, q.point.offset), newest.end, now)
	if err != nil {
		return nil, q.explain(err, newest)
	}
	for _, cut := range recovery.Cuts {
		q.cfg.Logger.Warn("the end of the metadata log was damaged and is cut off; after a crash nothing of it was acknowledged, otherwise the disk lost it",
			"file", cut.File, "offset", int64(cut.Offset), "bytes", cut.Bytes, "keptIn", cut.Aside, "reason", cut.Reason)
	}
	if a := disk.log.Aside(); a.Files > 0 {
		q.cfg.Logger.Warn("what recoveries cut off the metadata log is kept in files *.log.cut-* and takes room; remove them when nothing of them is missed",
			"files", a.Files, "bytes", a.Bytes, "dir", q.dir)
	}
	err = q.whole(disk, &recovery, newest)
	if err != nil {
		disk.log.Abandon()
		return nil, err
	}
	return disk, nil
}

// whole makes sure that nothing behind the newest snapshot is damaged or lost
// that the recovery point vouches for.
func (q *Quorum) whole(disk *diskLog, recovery *storage.Recovery, newest snapshotID) error {
	for i := range recovery.Damaged {
		d := &recovery.Damaged[i]
		if d.Offset >= newest.end {
			return q.explain(d, newest)
		}
		q.cfg.Logger.Warn("the metadata log is damaged below its newest snapshot, which stands for what is there; a voter that is far behind gets the snapshot",
			"file", d.File, "offset", int64(d.Offset), "position", d.Position, "reason", d.Reason, "snapshot", newest.file())
	}
	if end := disk.End(); end < q.point.offset && newest.end < q.point.offset {
		return fmt.Errorf("open the metadata log: %s ends at offset %d, and everything below offset %d was on the disk (%s): records are lost, and nothing was changed; %s",
			q.dir, end, q.point.offset, pointFile, q.remedy(end))
	}
	return nil
}

// explain gives damage of the log the remedy that is its own; other errors stay.
func (q *Quorum) explain(err error, newest snapshotID) error {
	var d *storage.Damage
	if !errors.As(err, &d) {
		return err
	}
	remedy := q.remedy(d.Offset)
	if d.Offset < newest.end {
		remedy = fmt.Sprintf("restore the file from a backup, or move the log's segments out of %s: the snapshot %s stands for all records below offset %d, and later ones are given up",
			q.dir, newest.file(), newest.end)
		if q.point.offset > newest.end {
			remedy += "; remove " + vfs.Join(q.dir, pointFile) + " with them"
		}
	}
	return fmt.Errorf("the metadata log is damaged: %s at offset %d (position %d): %s; it is not cut there, for what follows may have been acknowledged: %s",
		d.File, d.Offset, d.Position, d.Reason, remedy)
}

// remedy says what can be done about a log that is not whole from an offset on.
func (q *Quorum) remedy(from kafka.Offset) string {
	return fmt.Sprintf("restore the directory from a backup, or, with other controllers, format an empty one, which gets the log from them; "+
		"to give up what was decided from offset %d on (topics made since are set aside, not deleted), remove %s and start again: what is cut off the log is kept beside it",
		from, vfs.Join(q.dir, pointFile))
}
