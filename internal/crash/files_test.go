package crash

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// checkFiles compares the indexes of a directory, whose log was closed, with a
// scan of its segments that knows nothing of the broker's reading; with txns the
// transaction indexes, too. The log begins at start: of a transaction that began
// below it a recovery may know less.
func checkFiles(fsys vfs.FS, dir string, start kafka.Offset, txns bool) error {
	entries, err := fsys.List(dir)
	if err != nil {
		return err
	}
	aborted := map[kafka.ProducerID]kafka.Offset{} // open transactions by producer
	for _, e := range entries {
		digits, isLog := strings.CutSuffix(e.Name, segment.LogSuffix)
		if !isLog {
			if strings.HasSuffix(e.Name, segment.CleanedSuffix) || strings.HasSuffix(e.Name, segment.SwapSuffix) {
				return fmt.Errorf("%s is left in %s", e.Name, dir)
			}
			continue
		}
		base, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return err
		}
		if err := checkSegment(fsys, dir, kafka.Offset(base), start, aborted, txns); err != nil {
			return fmt.Errorf("%s: %w", vfs.Join(dir, e.Name), err)
		}
	}
	return nil
}

// scanned is a batch as a scan finds it.
type scanned struct {
	position    int64
	first, last kafka.Offset
	stamp       kafka.Timestamp
}

func checkSegment(fsys vfs.FS, dir string, base, start kafka.Offset, open map[kafka.ProducerID]kafka.Offset, compareTxns bool) error {
	path := func(suffix string) string { return vfs.Join(dir, segment.Name(base, suffix)) }
	data, err := vfs.ReadFile(fsys, path(segment.LogSuffix), 1<<26)
	if err != nil {
		return err
	}
	var list []scanned
	var txns []byte
	early := map[string]bool{} // where transactions end that began below start, and are known
	it := batch.Batches(data)
	for it.Next() {
		b := it.Batch()
		if err := b.Verify(); err != nil {
			return err
		}
		list = append(list, scanned{int64(it.Position()), b.BaseOffset(), b.LastOffset(), b.MaxTimestamp()})
		switch entry := endOf(b, open); {
		case entry == nil:
		case kafka.Offset(binary.BigEndian.Uint64(entry[10:])) < start:
			early[string(entry[18:26])] = true
		default:
			txns = append(txns, entry...)
		}
	}
	if it.Consumed() != len(data) {
		return fmt.Errorf("%d bytes behind the last batch", len(data)-it.Consumed())
	}
	if err := checkIndex(fsys, path(segment.IndexSuffix), base, list); err != nil {
		return err
	}
	if err := checkTimes(fsys, path(segment.TimeSuffix), base, list); err != nil {
		return err
	}
	if !compareTxns {
		return nil
	}
	have, err := vfs.ReadFile(fsys, path(segment.TxnSuffix), 1<<20)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// The last stable offset is left out: it is that of the time of the append.
	const entry, told = 34, 26
	var late []byte
	for at := 0; at+entry <= len(have); at += entry {
		// What began in a segment that is deleted the scan does not know at all.
		began := kafka.Offset(binary.BigEndian.Uint64(have[at+10:]))
		if !early[string(have[at+18:at+told])] && began >= start {
			late = append(late, have[at:at+entry]...)
		}
	}
	have = append(late, have[len(have)/entry*entry:]...)
	if len(have) != len(txns) {
		return fmt.Errorf("the transaction index has %d entries, and the batches %d", len(have)/entry, len(txns)/entry)
	}
	for at := 0; at < len(have); at += entry {
		if string(have[at:at+told]) != string(txns[at:at+told]) {
			return fmt.Errorf("entry %d of the transaction index is not what the batches say", at/entry)
		}
	}
	return nil
}

// endOf notes transactions, and gives the entry of one that b aborts.
func endOf(b batch.Batch, open map[kafka.ProducerID]kafka.Offset) []byte {
	if !b.Transactional() {
		return nil
	}
	first, known := open[b.ProducerID()]
	if !b.Control() {
		if !known {
			open[b.ProducerID()] = b.BaseOffset()
		}
		return nil
	}
	delete(open, b.ProducerID())
	records, err := recordsOf(b)
	if !known || err != nil || len(records) == 0 {
		return nil
	}
	if kind, _ := batch.ParseControlKey([]byte(records[0].key)); kind != batch.ControlAbort {
		return nil
	}
	return segment.AbortedTxn{Producer: b.ProducerID(), FirstOffset: first, LastOffset: b.LastOffset()}.AppendTo(nil)
}

// checkIndex: each entry is (last offset, position) of a batch, in order.
func checkIndex(fsys vfs.FS, name string, base kafka.Offset, list []scanned) error {
	data, err := vfs.ReadFile(fsys, name, 1<<24)
	if err != nil {
		return err
	}
	if len(data)%8 != 0 {
		return fmt.Errorf("%s has %d bytes", name, len(data))
	}
	i := 0
	for at := 0; at < len(data); at += 8 {
		offset := base + kafka.Offset(binary.BigEndian.Uint32(data[at:]))
		position := int64(binary.BigEndian.Uint32(data[at+4:]))
		for i < len(list) && list[i].position < position {
			i++
		}
		if i == len(list) || list[i].position != position || list[i].last != offset {
			return fmt.Errorf("%s: entry %d is offset %d at position %d, where no such batch is", name, at/8, offset, position)
		}
		i++
	}
	return nil
}

// checkTimes: each entry is the highest timestamp so far and its batch's last
// offset, in order; the last entry has the highest of all.
func checkTimes(fsys vfs.FS, name string, base kafka.Offset, list []scanned) error {
	data, err := vfs.ReadFile(fsys, name, 1<<24)
	if err != nil {
		return err
	}
	if len(data)%12 != 0 {
		return fmt.Errorf("%s has %d bytes", name, len(data))
	}
	highest, i := kafka.Timestamp(-1), 0
	for at := 0; at < len(data); at += 12 {
		stamp := kafka.Timestamp(binary.BigEndian.Uint64(data[at:]))
		offset := base + kafka.Offset(binary.BigEndian.Uint32(data[at+8:]))
		for i < len(list) && list[i].last < offset {
			highest = max(highest, list[i].stamp)
			i++
		}
		if i == len(list) || list[i].last != offset || list[i].stamp != stamp || stamp <= highest {
			return fmt.Errorf("%s: entry %d is time %d at offset %d, which is not the highest there", name, at/12, stamp, offset)
		}
	}
	for _, b := range list[i:] {
		highest = max(highest, b.stamp)
	}
	if i < len(list) && highest > list[i].stamp {
		return fmt.Errorf("%s: time %d is not in the index", name, highest)
	}
	if len(list) > 0 && len(data) == 0 {
		return fmt.Errorf("%s is empty", name)
	}
	return nil
}
