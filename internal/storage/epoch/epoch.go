// Package epoch remembers where each leader epoch of a log begins, as Kafka's
// LeaderEpochFileCache, and reads and writes that as leader-epoch-checkpoint.
// It opens no file. Kind: pure
package epoch

import (
	"fmt"
	"slices"
	"sort"
	"strconv"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/checkpoint"
)

// Entry says that the records from Start on, up to the next entry's, were
// written by the leader of Epoch.
type Entry struct {
	Epoch kafka.LeaderEpoch
	Start kafka.Offset
}

// Cache is the epochs of one log. Invariant: epochs and start offsets both rise
// from entry to entry. The zero value is empty. It is not safe for concurrent
// use.
type Cache struct {
	entries []Entry
}

// Assign says that epoch begins at start. Entries that contradict it (of this or
// a later epoch, or at this or a later offset) give way. It reports whether
// anything changed; an epoch that goes on changes nothing.
func (c *Cache) Assign(epoch kafka.LeaderEpoch, start kafka.Offset) bool {
	if epoch < 0 || start < 0 {
		return false
	}
	n := len(c.entries)
	if n > 0 && c.entries[n-1].Epoch == epoch && c.entries[n-1].Start <= start {
		return false
	}
	for n > 0 && (c.entries[n-1].Epoch >= epoch || c.entries[n-1].Start >= start) {
		n--
	}
	c.entries = append(c.entries[:n], Entry{epoch, start})
	return true
}

// Latest is the last epoch, -1 where there is none.
func (c *Cache) Latest() kafka.LeaderEpoch {
	if len(c.entries) == 0 {
		return kafka.NoLeaderEpoch
	}
	return c.entries[len(c.entries)-1].Epoch
}

// Earliest is the first entry; false where there is none.
func (c *Cache) Earliest() (Entry, bool) {
	if len(c.entries) == 0 {
		return Entry{}, false
	}
	return c.entries[0], true
}

// Entries are all entries, in order. The slice is the cache's own.
func (c *Cache) Entries() []Entry { return c.entries }

// EndOffsetFor answers where the records of an epoch end, given the log's end:
// the largest known epoch up to the asked one and the start of the next; the
// asked epoch itself and the first known start, where all known ones are later;
// -1, -1 where the asked one is later than all known ones.
func (c *Cache) EndOffsetFor(epoch kafka.LeaderEpoch, logEnd kafka.Offset) (kafka.LeaderEpoch, kafka.Offset) {
	if epoch == kafka.NoLeaderEpoch {
		return kafka.NoLeaderEpoch, kafka.NoOffset
	}
	if c.Latest() == epoch {
		return epoch, logEnd
	}
	next := sort.Search(len(c.entries), func(i int) bool { return c.entries[i].Epoch > epoch })
	switch {
	case next == len(c.entries):
		return kafka.NoLeaderEpoch, kafka.NoOffset
	case next == 0:
		return epoch, c.entries[0].Start
	}
	return c.entries[next-1].Epoch, c.entries[next].Start
}

// ForOffset is the epoch of the record at an offset, -1 where it is not known.
func (c *Cache) ForOffset(offset kafka.Offset) kafka.LeaderEpoch {
	next := sort.Search(len(c.entries), func(i int) bool { return c.entries[i].Start > offset })
	if next == 0 {
		return kafka.NoLeaderEpoch
	}
	return c.entries[next-1].Epoch
}

// TruncateFromEnd forgets the epochs that begin at end or later. It reports
// whether anything changed.
func (c *Cache) TruncateFromEnd(end kafka.Offset) bool {
	n := len(c.entries)
	for n > 0 && end >= 0 && c.entries[n-1].Start >= end {
		n--
	}
	changed := n < len(c.entries)
	c.entries = c.entries[:n]
	return changed
}

// TruncateFromStart forgets the epochs that end at start or earlier, and lets
// the one that start lies in begin there. It reports whether anything changed.
func (c *Cache) TruncateFromStart(start kafka.Offset) bool {
	n := 0
	for n < len(c.entries) && c.entries[n].Start <= start {
		n++
	}
	if n == 0 || (n == 1 && c.entries[0].Start == start) {
		return false
	}
	c.entries = slices.Delete(c.entries, 0, n-1)
	c.entries[0].Start = start
	return true
}

// Clear forgets everything.
func (c *Cache) Clear() { c.entries = nil }

// version is that of leader-epoch-checkpoint.
const version = 0

// Append appends the content of a leader-epoch-checkpoint to dst.
func (c *Cache) Append(dst []byte) []byte {
	dst = checkpoint.Append(dst, version, len(c.entries))
	for _, e := range c.entries {
		dst = strconv.AppendInt(dst, int64(e.Epoch), 10)
		dst = append(dst, ' ')
		dst = strconv.AppendInt(dst, int64(e.Start), 10)
		dst = append(dst, '\n')
	}
	return dst
}

// Parse reads the content of a leader-epoch-checkpoint. Entries that contradict
// earlier ones win, as in Kafka; negative ones are an error.
func Parse(data []byte) (Cache, error) {
	var c Cache
	err := checkpoint.Parse(data, version, 2, func(words [][]byte) error {
		epoch, err := strconv.ParseInt(string(words[0]), 10, 32)
		if err != nil || epoch < 0 {
			return fmt.Errorf("%q is not a leader epoch", words[0])
		}
		start, err := strconv.ParseInt(string(words[1]), 10, 64)
		if err != nil || start < 0 {
			return fmt.Errorf("%q is not an offset", words[1])
		}
		c.Assign(kafka.LeaderEpoch(epoch), kafka.Offset(start))
		return nil
	})
	if err != nil {
		return Cache{}, err
	}
	return c, nil
}
