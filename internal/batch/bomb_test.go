package batch

import (
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// bomb is a batch of one record whose value of size zeros is packed in blocks
// of one repeated byte: 4 bytes for 128 KiB.
func bomb(size int) Batch {
	const block = 128 << 10
	body := appendVarint([]byte{0, 0, 0, 1}, int32(size)) // attributes, deltas, null key, value length
	head := append(appendVarint(nil, int32(len(body)+size+1)), body...)
	payload := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 10 << 3} // a frame with a window of 1 MiB
	put := func(header int, data ...byte) {
		payload = append(append(payload, byte(header), byte(header>>8), byte(header>>16)), data...)
	}
	put(len(head)<<3, head...)
	zeros := size + 1 // the value, and no headers
	for ; zeros > block; zeros -= block {
		put(block<<3|1<<1, 0)
	}
	put(zeros<<3|1<<1|1, 0)
	b := make(Batch, HeaderSize, HeaderSize+len(payload))
	b = append(b, payload...)
	binary.BigEndian.PutUint32(b[atLength:], uint32(len(b)-LogOverhead))
	b[atMagic] = Magic
	binary.BigEndian.PutUint32(b[atCount:], 1)
	binary.BigEndian.PutUint16(b[atAttributes:], uint16(compress.Zstd))
	binary.BigEndian.PutUint64(b[atBaseTimestamp:], nowMs)
	binary.BigEndian.PutUint64(b[atMaxTimestamp:], nowMs)
	copy(b[atProducerID:atCount], "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff") // nobody
	b.setCRC()
	return b
}

func TestBombsAreCheckedInFixedMemory(t *testing.T) {
	pool := &compress.Pool{}
	v := NewValidator(pool)
	check := func(b Batch, rules *Rules) error {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := v.Validate(now, b, 0, rules)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
			t.Errorf("%d bytes allocated for a batch of %d", n, len(b))
		}
		return err
	}
	rules := clientRules()
	if err := check(bomb(64<<20), rules); err != nil {
		t.Errorf("64 MiB in a batch: %v", err)
	}
	rules.MaxUnpackedBytes = 32 << 20
	if err := check(bomb(64<<20), rules); kafka.CodeOf(err) != kafka.ErrMessageTooLarge {
		t.Errorf("64 MiB where 32 may be: %v", err)
	}
	rules.Recompress = true // to none: it would be too large
	if err := check(bomb(64<<20), rules); kafka.CodeOf(err) != kafka.ErrMessageTooLarge {
		t.Errorf("64 MiB to be written unpacked: %v", err)
	}
}
