package storage

import (
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/epoch"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// maxEpochFile bounds a leader-epoch-checkpoint that is read.
const maxEpochFile = 64 << 20

// open is Open for a log of which no segment has to be split: it fails with an
// *overflow otherwise.
func open(host *Host, o Options) (*Log, Recovery, error) {
	l := &Log{host: host, partition: o.Partition, topicID: o.TopicID, dir: o.Dir, unstable: kafka.NoOffset, journal: o.Journal, durableAt: unknown}
	l.config.Store(o.Config)
	var found Recovery
	var err error
	switch {
	case o.New:
		err = l.create()
	case !l.remember(&o):
		err = l.load(&o, &found)
	}
	if err != nil {
		l.Abandon()
		return nil, found, failed("open", o.Dir, err)
	}
	if l.synced, l.filed = l.recovery, l.recovery; l.synced < l.end {
		// What the last process wrote there may be in the system's memory only.
		for _, s := range l.segments[max(floor(l.segments, l.synced), 0):] {
			s.MarkUnsynced()
		}
	}
	return l, found, nil
}

// Nothing makes a log that has no directory and no records: what the readers
// of a new partition see until its own log is made. It is never written to.
func Nothing(host *Host) *Log {
	l := &Log{host: host, unstable: kafka.NoOffset}
	config := DefaultConfig()
	l.config.Store(&config)
	return l
}

// create makes the directory and partition.metadata; the rest comes with the
// first append. It syncs nothing: what is lost with it is made again.
func (l *Log) create() error {
	err := l.host.fs.Mkdir(l.dir)
	if err != nil {
		return err
	}
	l.unsynced.parent, l.unsynced.names = true, true
	if err := l.identify(); err != nil {
		_ = l.host.fs.RemoveAll(l.dir) // the next try makes it again
		return err
	}
	return nil
}

// identify writes partition.metadata.
func (l *Log) identify() error {
	if l.topicID.IsZero() {
		return nil
	}
	l.unsynced.metadata, l.unsynced.names = true, true
	return logdir.WriteTopicID(l.host.fs, l.dir, l.topicID)
}

// load reads a directory that is there, or makes it.
func (l *Log) load(o *Options, found *Recovery) error {
	entries, err := l.host.fs.List(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		l.start, l.end, l.hw, l.recovery = o.LogStart, o.LogStart, o.LogStart, o.LogStart
		if err := l.create(); err != nil || o.LogStart == 0 {
			return err
		}
		return l.beginAt(o.Now, o.LogStart)
	}
	if err != nil {
		return err
	}
	if err := l.checkTopicID(); err != nil {
		return err
	}
	if o.LogStart == 0 && o.Settled == 0 && (len(entries) == 0 || (len(entries) == 1 && entries[0].Name == logdir.PartitionFile)) {
		l.unsynced = unsynced{parent: true, names: true, metadata: true}
		return nil // nothing was ever appended
	}
	if !o.Clean {
		l.unsynced = unsynced{parent: true, names: true, metadata: true} // who knows what the last process synced
	}
	d := &loader{Log: l, o: o, found: found, entries: entries, names: map[string]bool{}}
	return d.run()
}

// checkTopicID compares partition.metadata with the topic's id, and writes it
// where there is none.
func (l *Log) checkTopicID() error {
	id, err := logdir.ReadTopicID(l.host.fs, l.dir)
	switch {
	case err != nil:
		return err
	case id.IsZero():
		return l.identify()
	case l.topicID.IsZero():
		l.topicID = id
	case id != l.topicID:
		return kafka.Errorf(kafka.ErrInconsistentTopicID, "%s belongs to topic id %s, and not to %s of topic %s",
			l.dir, id, l.topicID, l.partition.Topic)
	}
	return nil
}

// TopicID is the id in partition.metadata.
func (l *Log) TopicID() kafka.TopicID { return l.topicID }

// beginAt gives a log without segments its first, at an offset that must be
// remembered.
func (l *Log) beginAt(now time.Time, base kafka.Offset) error {
	c := l.segmentConfig(l.Config())
	_, err := l.addSegment(now, base, &c)
	return err
}

// loader reads a log's directory.
type loader struct {
	*Log
	o       *Options
	found   *Recovery
	entries []vfs.Entry
	names   map[string]bool // of the files, once leftovers are removed
	// noEpochs says that the leader epochs are not known from their file.
	noEpochs bool
	left     ScanStep // of what a recovery is to read
}

func (d *loader) nowMs() kafka.Timestamp { return kafka.Timestamp(d.o.Now.UnixMilli()) }

func (d *loader) run() error {
	if err := d.tidy(); err != nil {
		return err
	}
	if err := d.findSegments(); err != nil {
		return err
	}
	if err := d.dropEmpty(); err != nil {
		return err
	}
	err := d.loadEpochs()
	if err != nil {
		return err
	}
	if err := d.findEnd(); err != nil {
		return err
	}
	if err := d.begin(); err != nil {
		return err
	}
	if err := d.regainEpochs(); err != nil {
		return err
	}
	cutEnd, cutStart := d.epochs.TruncateFromEnd(d.end), d.epochs.TruncateFromStart(d.start)
	d.unsynced.epochs = d.unsynced.epochs || cutEnd || cutStart
	if err := d.loadProducers(); err != nil {
		return err
	}
	if err := d.countAside(); err != nil {
		return err
	}
	// Whatever was opened to look at is not kept open.
	for i, s := range d.segments {
		if !d.o.Clean && i >= floor(d.segments, d.o.Settled-1) {
			// A process that was killed may have written to the indexes, and this one
			// finds them whole in the system's memory.
			s.IndexesUnsynced()
		}
		err = errors.Join(err, s.Close())
	}
	return err
}

// loadEpochs reads leader-epoch-checkpoint. Where it is missing or empty, or
// cannot be read, the epochs have to be found in the batches.
func (d *loader) loadEpochs() error {
	name := vfs.Join(d.dir, logdir.EpochFile)
	data, err := vfs.ReadFile(d.host.fs, name, maxEpochFile)
	if errors.Is(err, fs.ErrNotExist) {
		d.noEpochs = true
		return nil
	}
	if err != nil {
		return err
	}
	cache, err := epoch.Parse(data)
	if err != nil {
		d.found.Rebuilt = append(d.found.Rebuilt, name)
	}
	d.epochs, d.noEpochs = cache, err != nil || len(data) == 0
	return nil
}

// loadProducers makes the producers' state what it was at the log's end.
func (d *loader) loadProducers() error {
	if err := d.dropSnapshots(func(at kafka.Offset) bool { return at > d.end }); err != nil {
		return err
	}
	if d.o.Clean && len(d.snapshots) == 0 {
		// As Kafka: after a clean shutdown without a snapshot nothing is known,
		// and the log is not searched for it.
		d.producers.Reset(d.end)
		if d.size == 0 && len(d.segments) == 1 {
			return nil
		}
		return d.takeSnapshot()
	}
	if d.producers.End() != d.end {
		if err := d.rebuildProducers(d.nowMs(), d.start, d.end); err != nil {
			return err
		}
	}
	d.noteUnstable()
	return nil
}

// removeFile removes a leftover and reports it.
func (d *loader) removeFile(name string) error {
	err := d.host.fs.Remove(vfs.Join(d.dir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	delete(d.names, name)
	d.found.Removed = append(d.found.Removed, vfs.Join(d.dir, name))
	return nil
}

// baseOf reads the offset that a file's name begins with; false where there is
// none.
func baseOf(name string) (kafka.Offset, bool) {
	digits, _, found := strings.Cut(name, ".")
	if !found || len(digits) != 20 {
		return 0, false
	}
	base := int64(0)
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' || base > (1<<63-1-9)/10 {
			return 0, false
		}
		base = base*10 + int64(c-'0')
	}
	return kafka.Offset(base), true
}
