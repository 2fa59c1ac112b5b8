package metadata

import (
	"fmt"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// Loader follows a metadata log batch by batch and shows each image that may
// be seen: what stands between a BeginTransactionRecord and its
// EndTransactionRecord becomes visible at once at the end, and never where an
// AbortTransactionRecord ends it (KIP-868). The zero Loader begins with the
// empty image.
type Loader struct {
	visible *Image // what may be seen; nil: empty
	inside  *Image // with the open transaction's records; nil: none is open
	begun   kafka.Offset
}

// NewLoader begins at an image, that of a snapshot.
func NewLoader(img *Image) *Loader { return &Loader{visible: img} }

// Image is the newest image that may be seen.
func (l *Loader) Image() *Image {
	if l.visible == nil {
		return Empty()
	}
	return l.visible
}

// Transaction is the offset of the BeginTransactionRecord of the transaction
// that is open, and whether one is.
func (l *Loader) Transaction() (kafka.Offset, bool) { return l.begun, l.inside != nil }

// Working is the image with the records of an open transaction, which the
// controller that writes the transaction decides on.
func (l *Loader) Working() *Image {
	if l.inside != nil {
		return l.inside
	}
	return l.Image()
}

// Apply takes the records of one batch. The Delta is between the images that
// could be seen before and after; while a transaction is open it is empty. On
// an error the loader is as before.
func (l *Loader) Apply(offset kafka.Offset, epoch kafka.LeaderEpoch, records []Record) (*Delta, error) {
	if l.inside == nil && !hasMarker(records) { // as nearly always
		next, delta, err := l.Image().Apply(offset, epoch, records)
		if err == nil {
			l.visible = next
		}
		return delta, err
	}
	was := *l
	before := l.Image()
	end := offset + kafka.Offset(len(records))
	for len(records) > 0 {
		n := markerIndex(records)
		if n == 0 {
			if err := l.marker(offset, records[0].Message); err != nil {
				*l = was
				return nil, err
			}
			n = 1
		} else if err := l.step(offset, epoch, records[:n]); err != nil {
			*l = was
			return nil, err
		}
		offset += kafka.Offset(n)
		records = records[n:]
	}
	l.visible = l.Image().At(end, epoch)
	return Diff(before, l.visible), nil
}

// At notes that the log was read up to offset, through records that say
// nothing: control batches.
func (l *Loader) At(offset kafka.Offset, epoch kafka.LeaderEpoch) {
	l.visible = l.Image().At(offset, epoch)
}

// step applies records between markers.
func (l *Loader) step(offset kafka.Offset, epoch kafka.LeaderEpoch, records []Record) error {
	next, _, err := l.Working().Apply(offset, epoch, records)
	if err != nil {
		return err
	}
	if l.inside != nil {
		l.inside = next
	} else {
		l.visible = next
	}
	return nil
}

func (l *Loader) marker(offset kafka.Offset, message Message) error {
	switch message.(type) {
	case *msg.BeginTransactionRecord:
		if l.inside != nil {
			return fmt.Errorf("a metadata transaction begins at offset %d inside the one from %d", offset, l.begun)
		}
		l.inside, l.begun = l.Image(), offset
	case *msg.EndTransactionRecord:
		if l.inside == nil {
			return fmt.Errorf("a metadata transaction ends at offset %d and none was begun", offset)
		}
		l.visible, l.inside = l.inside, nil
	default:
		if l.inside == nil {
			return fmt.Errorf("a metadata transaction is aborted at offset %d and none was begun", offset)
		}
		l.inside = nil
	}
	return nil
}

func hasMarker(records []Record) bool { return markerIndex(records) < len(records) }

// markerIndex is the place of the first record that begins or ends a
// transaction.
func markerIndex(records []Record) int {
	for i, r := range records {
		switch r.Message.(type) {
		case *msg.BeginTransactionRecord, *msg.EndTransactionRecord, *msg.AbortTransactionRecord:
			return i
		}
	}
	return len(records)
}
