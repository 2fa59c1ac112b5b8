package segment

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// AbortedTxn is an entry of the transaction index (Kafka's AbortedTxn message,
// version 0), 34 bytes, in the order of the last offsets:
//
//	0 +--------------------+
//	  | version = 0    i16 |
//	2 +--------------------+
//	  | producer id    i64 |
//	10+--------------------+
//	  | first offset   i64 |
//	18+--------------------+
//	  | last offset    i64 |  of the marker
//	26+--------------------+
//	  | last stable    i64 |  as it was with the marker
//	  | offset             |
//	34+--------------------+
type AbortedTxn struct {
	Producer    kafka.ProducerID
	FirstOffset kafka.Offset
	LastOffset  kafka.Offset
	LastStable  kafka.Offset
}

const txnEntry = 34

// AppendTo appends the entry to dst.
func (a AbortedTxn) AppendTo(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, 0)
	dst = binary.BigEndian.AppendUint64(dst, uint64(a.Producer))
	dst = binary.BigEndian.AppendUint64(dst, uint64(a.FirstOffset))
	dst = binary.BigEndian.AppendUint64(dst, uint64(a.LastOffset))
	return binary.BigEndian.AppendUint64(dst, uint64(a.LastStable))
}

func parseAborted(b []byte) (AbortedTxn, error) {
	if v := binary.BigEndian.Uint16(b); v != 0 {
		return AbortedTxn{}, fmt.Errorf("an entry of version %d: %w", v, errTable)
	}
	return AbortedTxn{
		Producer:    kafka.ProducerID(binary.BigEndian.Uint64(b[2:])),
		FirstOffset: kafka.Offset(binary.BigEndian.Uint64(b[10:])),
		LastOffset:  kafka.Offset(binary.BigEndian.Uint64(b[18:])),
		LastStable:  kafka.Offset(binary.BigEndian.Uint64(b[26:])),
	}, nil
}

// txnIndex is the .txnindex file: made with the first aborted transaction, and
// read through, since hardly any segment has one. Guarded by the segment's lock.
type txnIndex struct {
	fsys  vfs.FS
	name  string
	known bool // size is known
	size  int64
	torn  bool // a part of an entry follows
	dirty bool
	gone  bool // a file of this name is another's, if there is one
}

func (x *txnIndex) load() error {
	if x.known {
		return nil
	}
	if x.gone {
		return errGone
	}
	info, err := x.fsys.Stat(x.name)
	if err != nil && !isMissing(err) {
		return err
	}
	x.size, x.known = info.Size-info.Size%txnEntry, true
	x.torn = x.size != info.Size
	return nil
}

func (x *txnIndex) open(flags vfs.Flag, use func(f vfs.File) error) error {
	if x.gone {
		return errGone
	}
	f, err := x.fsys.Open(x.name, flags)
	if err != nil {
		return err
	}
	return errors.Join(use(f), f.Close())
}

func (x *txnIndex) append(a AbortedTxn) error {
	if err := x.load(); err != nil {
		return err
	}
	return x.open(vfs.Create, func(f vfs.File) error {
		if _, err := f.WriteAt(a.AppendTo(nil), x.size); err != nil {
			return err
		}
		x.size, x.dirty = x.size+txnEntry, true
		return nil
	})
}

// reserve takes room for n more entries, in a file that may be new.
func (x *txnIndex) reserve(n int) error {
	if err := x.load(); err != nil {
		return err
	}
	return x.open(vfs.Create, func(f vfs.File) error { return f.Preallocate(x.size, int64(n)*txnEntry) })
}

// each calls visit with the entries, until it returns false.
func (x *txnIndex) each(visit func(position int64, a AbortedTxn) bool) error {
	if err := x.load(); err != nil || x.size == 0 {
		return err
	}
	return x.open(vfs.Read, func(f vfs.File) error {
		var buf [120 * txnEntry]byte
		for at := int64(0); at < x.size; {
			b := buf[:min(int64(len(buf)), x.size-at)]
			if n, err := f.ReadAt(b, at); n < len(b) {
				return fmt.Errorf("%s: %w", x.name, errors.Join(errTable, err))
			}
			for ; len(b) > 0; b, at = b[txnEntry:], at+txnEntry {
				a, err := parseAborted(b)
				if err != nil {
					return fmt.Errorf("%s: position %d: %w", x.name, at, err)
				}
				if !visit(at, a) {
					return nil
				}
			}
		}
		return nil
	})
}

// truncate drops the transactions that ended at offset or later; 0 drops all.
func (x *txnIndex) truncate(offset kafka.Offset) error {
	if err := x.load(); err != nil || (x.size == 0 && !x.torn) {
		return err
	}
	cut := x.size
	if offset == 0 {
		cut = 0
	} else if err := x.each(func(at int64, a AbortedTxn) bool {
		cut = at
		if a.LastOffset < offset {
			cut += txnEntry
		}
		return a.LastOffset < offset
	}); err != nil {
		return err
	}
	if cut == x.size && !x.torn {
		return nil
	}
	return x.open(vfs.Write, func(f vfs.File) error {
		x.size, x.torn, x.dirty = cut, false, true
		return f.Truncate(cut)
	})
}
