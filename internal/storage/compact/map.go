package compact

import (
	"crypto/sha256"
	"encoding/binary"
	"math"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// slotBytes is what one key takes in a [Map]: 16 bytes of its hash and an
// offset, as in Kafka's SkimpyOffsetMap.
const slotBytes = 24

// mapBytesMax bounds a map, as in Kafka.
const mapBytesMax = math.MaxInt32

// slot is an entry of the map. The offset is one higher than it says, so that
// zero is an empty slot.
type slot struct {
	high, low uint64
	offset    kafka.Offset
}

// Map holds the last offset of each key, in bounded memory: of a key only a hash
// is kept, 128 bits of SHA-256, which nobody can make two keys share. (Kafka
// keeps MD5, for which that is no longer so.) There is no removal.
type Map struct {
	slots  []slot
	size   int
	most   int // keys that it takes
	latest kafka.Offset
}

// NewMap makes a map that takes at most so many bytes. It is full when the share
// load of it is used (log.cleaner.io.buffer.load.factor). records is how many
// keys there can be at most: a small log needs no large map.
func NewMap(bytes int64, load float64, records int64) *Map {
	slots := min(bytes, mapBytesMax) / slotBytes
	m := &Map{most: max(int(float64(slots)*load), 1), latest: kafka.NoOffset}
	if need := records + records/2 + 16; need < slots {
		slots, m.most = need, min(m.most, max(int(records), 1))
	}
	m.slots = make([]slot, max(slots, 2))
	m.most = min(m.most, len(m.slots)-1) // a free slot ends every search
	return m
}

// Bytes is the memory that the map takes.
func (m *Map) Bytes() int64 { return int64(len(m.slots)) * slotBytes }

// Len is how many keys there are.
func (m *Map) Len() int { return m.size }

// Full says that no further key is taken.
func (m *Map) Full() bool { return m.size >= m.most }

// Utilization is the share of the slots that is used.
func (m *Map) Utilization() float64 { return float64(m.size) / float64(len(m.slots)) }

// Latest is the offset up to which the log is in the map, -1 for nothing.
func (m *Map) Latest() kafka.Offset { return m.latest }

// SetLatest says up to which offset the log is in the map.
func (m *Map) SetLatest(offset kafka.Offset) { m.latest = offset }

// Put says that a key has a record at an offset, behind all others. The map must
// not be full.
func (m *Map) Put(key []byte, offset kafka.Offset) {
	if m.Full() {
		panic("compact: a key for a full map")
	}
	high, low := hash(key)
	s := m.find(high, low)
	if s.offset == 0 {
		s.high, s.low = high, low
		m.size++
	}
	s.offset, m.latest = offset+1, offset
}

// Get is the last offset of a key, -1 where it has none.
func (m *Map) Get(key []byte) kafka.Offset { return m.find(hash(key)).offset - 1 }

func hash(key []byte) (high, low uint64) {
	sum := sha256.Sum256(key)
	return binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])
}

// find gives the slot of a hash, or the empty one where it belongs.
func (m *Map) find(high, low uint64) *slot {
	at := int(low % uint64(len(m.slots)))
	for {
		s := &m.slots[at]
		if s.offset == 0 || s.high == high && s.low == low {
			return s
		}
		if at++; at == len(m.slots) {
			at = 0
		}
	}
}
