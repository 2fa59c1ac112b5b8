package partition

import (
	"fmt"
	"io"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/journal"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// The beginning and the end of a log directory's sync journal, and what its logs
// know of it; journaler.go writes to it.

// keepJournal sets a journal aside that is there after a clean shutdown.
func (s *Set) keepJournal(d *logDir) error {
	fsys := d.Space.Spare()
	there, err := journal.Exists(fsys, d.Path)
	if err != nil || !there {
		return err
	}
	// Gregor removes it before it says that it stopped cleanly.
	s.cfg.Log.Warn("a sync journal is older than the last clean shutdown, which was another program's; it is set aside", "dir", d.Path)
	return journal.Keep(fsys, d.Path)
}

// openJournal puts back what a crash took from the segments, and begins a new
// journal.
func (s *Set) openJournal(d *logDir, settled map[kafka.TopicPartition]kafka.Offset) error {
	if err := s.applyJournal(d, d.Space.Spare(), settled); err != nil {
		return err
	}
	most := s.cfg.Broker().JournalBytes
	if most == 0 {
		return nil
	}
	var nonce [16]byte
	if _, err := io.ReadFull(s.cfg.Rand, nonce[:]); err != nil {
		return err
	}
	d.committer.journal = journal.New(s.cfg.Host.FS(), d.Path, most, nonce)
	return nil
}

func (s *Set) applyJournal(d *logDir, fsys vfs.FS, settled map[kafka.TopicPartition]kafka.Offset) error {
	found, err := journal.Read(fsys, d.Path)
	if found == nil || err != nil {
		return err
	}
	began := time.Now()
	byName := make(map[string]kafka.Offset, len(settled))
	for tp, offset := range settled {
		byName[tp.String()] = offset
	}
	done, err := found.Apply(fsys, func(log string) kafka.Offset { return byName[log] }, together)
	if vfs.IsNoSpace(err) {
		return fmt.Errorf("the sync journal in %s cannot be put back, its records are safe in it: make room on the volume and start again: %w", d.Path, err)
	}
	if err != nil {
		return err
	}
	s.cfg.Log.Info("the sync journal was read", "dir", d.Path, "groups", done.Groups, "logs", done.Logs, "batches", done.Batches,
		"bytes", done.Bytes, "took", time.Since(began).Round(time.Millisecond))
	if found.Damage != nil {
		s.cfg.Log.Error("the sync journal is damaged: records that were acknowledged may be missing at the ends of logs. "+
			"It is kept beside the logs (.gregor-journal-*.kept-*); look at the disk, and compare with copies of the topics",
			"dir", d.Path, "error", found.Damage)
	}
	for _, err := range done.Refused {
		s.cfg.Log.Error("records of the sync journal were not put back: the segment is another, or damaged. "+
			"The journal is kept beside the logs (.gregor-journal-*.kept-*)", "dir", d.Path, "error", err)
	}
	return nil
}

// journaled is what a log knows of the journal.
type journaled struct{ p *Partition }

// Holds says whether pieces of the log in the journal may still count.
func (j journaled) Holds() bool {
	c, last := &j.p.dir.committer, j.p.journaled.Load()
	return last > 0 && last >= c.journal.Durable()
}

// Forget makes the journal forget them; not in a directory that is fenced.
func (j journaled) Forget() error {
	p := j.p
	c := &p.dir.committer
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	if err := p.offline(); err != nil {
		return err
	}
	err := p.dir.spare(func() error { return c.journal.Forget(p.tp.String(), p.topicID) })
	if err == nil {
		p.journaled.Store(0)
	}
	return err
}

// removeJournal ends a journal all of which is in the segments, and synced.
func (c *committer) removeJournal() error {
	if c.journal == nil {
		return nil
	}
	return c.journal.Remove()
}

// closeJournal leaves the journal as it is.
func (c *committer) closeJournal() {
	if c.journal != nil {
		c.journal.Close()
	}
}
