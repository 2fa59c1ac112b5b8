package batch

import "encoding/binary"

// usualAhead is how many bytes may be looked at before the length of a record
// is held against what is there: the numbers before its key.
const usualAhead = 16

// usual checks records of the usual shape, and stops before the first that has
// another, or that is to be refused: it is left to [seen.skim] and
// [checker.record], which say the same of every record that usual takes. Of a
// batch of small records most of the time of an append is spent here.
//
// The usual record: numbers of at most three bytes, its offset is its index,
// its timestamp within the bounds, a key where one has to be, no headers.
//
//	length | attributes u8 | timestamp delta | offset delta | key length | key | value length | value | 0
func (c *checker) usual(b []byte, count int32) (n int, done int32) {
	if c.appended || c.rules.TimestampType != CreateTime || c.baseOffset != 0 {
		return 0, 0
	}
	before, after, compacted := c.rules.BeforeMaxMs, c.rules.AfterMaxMs, c.rules.Compacted
	latest, index := c.maxTimestamp, uint32(c.index)
	for ; done < count && n+usualAhead <= len(b); done++ {
		u, k := leading(b[n:])
		end := n + k + int(u>>1)
		at := n + k + 1
		if k == 0 || u&1 != 0 || end > len(b) {
			break
		}
		u, k = leading(b[at:])
		age := c.nowMs - (c.baseTimestamp + (int64(u>>1) ^ -int64(u&1)))
		if at += k; k == 0 || age > before || -age > after || at+4 > len(b) {
			break
		}
		if u, k = leading(b[at:]); k == 0 || u != index<<1 {
			break
		}
		if at += k; at+4 > len(b) {
			break
		}
		if u, k = leading(b[at:]); k == 0 || u&1 != 0 && (u != 1 || compacted) {
			break
		}
		if at += k + int(u>>1); at+4 > len(b) { // a length of -1 is 1, of which the half is 0
			break
		}
		u, k = leading(b[at:])
		if at += k + int(u>>1); k == 0 || u&1 != 0 && u != 1 || at != end-1 || b[at] != 0 {
			break
		}
		latest = max(latest, c.nowMs-age)
		n = end
		index++
	}
	c.maxTimestamp, c.index = latest, int32(index)
	return n, done
}

// leading reads the number that b, of at least four bytes, begins with, as it
// stands: the sign is in its lowest bit. n is 0 where it is longer than three.
func leading(b []byte) (u uint32, n int) {
	x := binary.LittleEndian.Uint32(b)
	switch {
	case x&0x80 == 0:
		return x & 0x7f, 1
	case x&0x8000 == 0:
		return x&0x7f | x>>1&0x3f80, 2
	case x&0x800000 == 0:
		return x&0x7f | x>>1&0x3f80 | x>>2&0x1fc000, 3
	}
	return 0, 0
}
