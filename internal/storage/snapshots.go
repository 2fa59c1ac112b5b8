package storage

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/producer"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// snapshotSuffix ends the names of the producers' snapshots.
const snapshotSuffix = ".snapshot"

func (l *Log) snapshotPath(at kafka.Offset) string {
	return vfs.Join(l.Dir(), segment.Name(at, snapshotSuffix))
}

// takeSnapshot writes the producers' state as of its end, unless the last
// snapshot reaches there. It is synced by the next flush: until then a damaged
// one is possible, and its checksum shows it. writing is held.
func (l *Log) takeSnapshot() error {
	at := l.producers.End()
	if at <= l.lastSnap {
		return nil
	}
	if err := vfs.WriteFile(l.host.fs, l.snapshotPath(at), l.producers.AppendSnapshot(nil)); err != nil {
		_ = l.host.fs.Remove(l.snapshotPath(at)) // half of one is of no use, and takes room
		return err
	}
	l.lastSnap = at
	if i, found := slices.BinarySearch(l.snapshots, at); !found {
		l.snapshots = slices.Insert(l.snapshots, i, at)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unsynced.snapshots = append(l.unsynced.snapshots, at)
	l.unsynced.names = true
	return nil
}

// dropSnapshots removes the snapshots for which gone holds.
func (l *Log) dropSnapshots(gone func(at kafka.Offset) bool) error {
	var err error
	l.snapshots = slices.DeleteFunc(l.snapshots, func(at kafka.Offset) bool {
		if !gone(at) {
			return false
		}
		l.mu.Lock()
		l.unsynced.names = true // a crash must not bring it back
		l.mu.Unlock()
		removed := l.host.fs.Remove(l.snapshotPath(at))
		if removed != nil && !errors.Is(removed, fs.ErrNotExist) {
			err = errors.Join(err, removed)
		}
		return true
	})
	return err
}

// loadSnapshot resets the producers to the latest good snapshot at or before
// end, or to nothing at the log's start. Damaged snapshots are removed.
func (l *Log) loadSnapshot(nowMs kafka.Timestamp, start, end kafka.Offset) error {
	for i := len(l.snapshots) - 1; i >= 0; i-- {
		at := l.snapshots[i]
		if at > end || at <= start {
			continue
		}
		data, err := vfs.ReadFile(l.host.fs, l.snapshotPath(at), producer.MaxSnapshotBytes)
		if err == nil {
			if l.producers.Load(data, at, nowMs, l.Config().ProducerIDExpirationMs) == nil {
				l.lastSnap = at
				return nil
			}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := l.dropSnapshots(func(o kafka.Offset) bool { return o == at }); err != nil {
			return err
		}
		i = min(i, len(l.snapshots))
	}
	l.producers.Reset(start)
	l.lastSnap = start
	return nil
}

// rebuildProducers makes the producers' state what the log says up to end: from
// the latest snapshot on, with the batches that follow it.
func (l *Log) rebuildProducers(nowMs kafka.Timestamp, start, end kafka.Offset) error {
	if err := l.dropSnapshots(func(at kafka.Offset) bool { return at > end || at <= start }); err != nil {
		return err
	}
	if err := l.loadSnapshot(nowMs, start, end); err != nil {
		return err
	}
	segments, _ := l.view()
	for i, s := range segments {
		from := max(s.Base, l.producers.End())
		if from >= end || (i+1 < len(segments) && segments[i+1].Base <= from) {
			continue
		}
		if err := s.Batches(from, end, func(b *segment.Batch) error { return l.replay(b, nil) }); err != nil {
			return l.damage(s, err)
		}
	}
	l.producers.SetEnd(end)
	return nil
}

// replay takes a batch of the log into the producers' state. Where aborted is
// given, it collects what belongs into the transaction index.
func (l *Log) replay(b *segment.Batch, aborted *[]segment.AbortedTxn) error {
	defer l.producers.SetEnd(b.Last + 1)
	if b.View == nil || !b.View.HasProducerID() {
		return nil
	}
	var marker *producer.Marker
	if b.View.Control() {
		whole, err := b.Whole()
		if err != nil {
			return err
		}
		if marker, err = readMarker(whole); err != nil {
			return nil //nolint:nilerr // a control batch that concerns no producer
		}
	}
	rules := producer.Rules{Partition: l.partition, Origin: batch.FromReplication}
	if l.producers.Check(b.View, marker, &rules) != nil {
		l.producers.Discard() // the leader of its time took it, and so do we
		return nil
	}
	for _, txn := range l.producers.Commit() {
		if aborted != nil && txn.Aborted {
			*aborted = append(*aborted, segment.AbortedTxn{
				Producer: txn.ID, FirstOffset: txn.FirstOffset, LastOffset: txn.LastOffset, LastStable: l.producers.LastStable(txn),
			})
		}
		l.producers.Complete(txn)
	}
	return nil
}
