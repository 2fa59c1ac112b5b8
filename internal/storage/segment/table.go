package segment

import (
	"errors"
	"io"
	"io/fs"
	"sort"

	"github.com/gregor-stream/gregor/internal/vfs"
)

// tableCache is how many bytes of a table's last entries are kept in memory, at
// most twice; older ones are read from the file.
const tableCache = 4 << 10

// maxEntry is the width of the widest entry.
const maxEntry = 12

// table is an index file: entries of one width, sorted, added at the end. The
// last ones are in memory and reach the file in pieces. Between these the file is
// closed, so that a log that is only appended to holds one file open and not
// three; a search in old entries keeps it open until the next sync. It is guarded
// by the segment's lock.
type table struct {
	fsys  vfs.FS
	name  string
	width int

	file  vfs.File // nil while closed
	ready bool     // count and cache are known
	count int      // of all entries
	// cache holds the entries from number cacheFrom on, to the last. Those from
	// number onDisk on are not in the file yet. cacheFrom <= onDisk <= count.
	cache     []byte
	cacheFrom int
	onDisk    int
	dirty     bool // written since the last sync
	held      bool // nothing may reach the file yet
	scratch   [maxEntry]byte
}

// errTable says that an index file cannot be right.
var errTable = errors.New("the index is damaged")

// create makes the file anew, empty.
func (t *table) create() error {
	f, err := t.fsys.Open(t.name, vfs.Create|vfs.Truncate)
	if err != nil {
		return err
	}
	t.reset(f)
	return t.rest()
}

// rest closes the file; what is known of it stays.
func (t *table) rest() error {
	f := t.file
	if t.file = nil; f == nil {
		return nil
	}
	return f.Close()
}

// sync makes the file durable as it is.
func (t *table) sync() error {
	if err := t.open(); err != nil {
		return err
	}
	return errors.Join(t.file.Sync(), t.rest())
}

// closed says whether nothing of the file is known or open.
func (t *table) closed() bool { return t.file == nil && !t.ready }

// clear empties the table and its file.
func (t *table) clear() error {
	if t.file == nil {
		return t.create()
	}
	if err := t.file.Truncate(0); err != nil {
		return err
	}
	t.reset(t.file)
	return t.rest()
}

func (t *table) reset(f vfs.File) {
	t.file, t.ready, t.count, t.cache, t.cacheFrom, t.onDisk, t.dirty = f, true, 0, t.cache[:0], 0, 0, true
}

// open opens the file and counts its entries; fs.ErrNotExist where it is
// missing, errTable where its length cannot be right.
func (t *table) open() error {
	if t.file != nil && t.ready {
		return nil
	}
	if t.file == nil {
		f, err := t.fsys.Open(t.name, vfs.Write)
		if err != nil {
			return err
		}
		t.file = f
	}
	if t.ready {
		return nil
	}
	size, err := t.file.Size()
	if err != nil {
		return err
	}
	if size%int64(t.width) != 0 {
		return errTable
	}
	t.count = int(size) / t.width
	t.onDisk, t.cacheFrom, t.cache, t.ready = t.count, t.count, t.cache[:0], true
	return nil
}

// entry gives entry n. It is good until the next call.
func (t *table) entry(n int) ([]byte, error) {
	if n >= t.cacheFrom {
		at := (n - t.cacheFrom) * t.width
		return t.cache[at : at+t.width], nil
	}
	if err := t.open(); err != nil {
		return nil, err
	}
	b := t.scratch[:t.width]
	if got, err := t.file.ReadAt(b, int64(n)*int64(t.width)); got < len(b) {
		return nil, errors.Join(errTable, err)
	}
	return b, nil
}

// search finds the first entry for which after holds; count where there is none.
func (t *table) search(after func(entry []byte) bool) (int, error) {
	if err := t.load(); err != nil {
		return 0, err
	}
	if t.cacheFrom < t.count && !after(t.cache[:t.width]) {
		in := sort.Search(t.count-t.cacheFrom, func(i int) bool { return after(t.cache[i*t.width:][:t.width]) })
		return t.cacheFrom + in, nil
	}
	low, high := 0, t.cacheFrom
	for low < high {
		mid := int(uint(low+high) >> 1)
		e, err := t.entry(mid)
		if err != nil {
			return 0, err
		}
		if after(e) {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low, nil
}

// load makes count known.
func (t *table) load() error {
	if t.ready {
		return nil
	}
	return t.open()
}

// last gives the last entry, nil where there is none.
func (t *table) last() ([]byte, error) {
	if err := t.load(); err != nil || t.count == 0 {
		return nil, err
	}
	return t.entry(t.count - 1)
}

// add appends an entry. It touches the file only when the memory is full.
func (t *table) add(entry []byte) error {
	if err := t.load(); err != nil {
		return err
	}
	if len(t.cache) >= 2*tableCache && !t.held {
		if err := t.write(); err != nil {
			return err
		}
		drop := tableCache / t.width
		t.cache = t.cache[:copy(t.cache, t.cache[drop*t.width:])]
		t.cacheFrom += drop
	}
	t.cache = append(t.cache, entry...)
	t.count++
	return nil
}

// write puts the entries into the file that are not there yet, and closes it.
func (t *table) write() error {
	if !t.ready || t.held {
		return nil
	}
	if t.onDisk == t.count {
		return t.rest()
	}
	if err := t.open(); err != nil {
		return err
	}
	from := (t.onDisk - t.cacheFrom) * t.width
	if _, err := t.file.WriteAt(t.cache[from:], int64(t.onDisk)*int64(t.width)); err != nil {
		return err
	}
	t.onDisk, t.dirty = t.count, true
	return t.rest()
}

// truncate keeps the first n entries.
func (t *table) truncate(n int) error {
	if err := t.load(); err != nil || n >= t.count {
		return err
	}
	if n < t.onDisk {
		if err := t.open(); err != nil {
			return err
		}
		if err := t.file.Truncate(int64(n) * int64(t.width)); err != nil {
			return err
		}
		t.onDisk, t.dirty = n, true
	}
	t.count = n
	if n <= t.cacheFrom {
		t.cache, t.cacheFrom = t.cache[:0], n
	} else {
		t.cache = t.cache[:(n-t.cacheFrom)*t.width]
	}
	return nil
}

// pending writes the rest and says whether the file has to be synced; the caller
// does that, by name, when it holds no lock. After an error nothing is taken off
// the list: it is asked again.
func (t *table) pending() (bool, error) {
	if err := t.write(); err != nil {
		return false, err
	}
	dirty := t.dirty
	t.dirty = false
	return dirty, nil
}

// close writes the rest, closes the file and forgets the memory; the table can
// be used again.
func (t *table) close() error {
	err := t.write()
	return errors.Join(err, t.abandon())
}

// abandon closes the file and writes nothing.
func (t *table) abandon() error {
	f := t.file
	t.file, t.cache, t.ready, t.held = nil, nil, false, false
	t.cacheFrom, t.onDisk, t.count = 0, 0, 0
	if f == nil {
		return nil
	}
	return f.Close()
}

func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

func isEOF(err error) bool { return errors.Is(err, io.EOF) }
