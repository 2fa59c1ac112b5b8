package dump

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// entry is a record that a test writes. A nil key or value is null.
type entry struct{ key, value []byte }

// batchOf writes a batch of format v2 with the entries.
func batchOf(base int64, attributes int16, entries ...entry) []byte {
	var records []byte
	for i, e := range entries {
		var body []byte
		body = append(body, 0)
		body = binary.AppendVarint(body, int64(i))
		body = binary.AppendVarint(body, int64(i))
		for _, field := range [][]byte{e.key, e.value} {
			if field == nil {
				body = binary.AppendVarint(body, -1)
				continue
			}
			body = binary.AppendVarint(body, int64(len(field)))
			body = append(body, field...)
		}
		body = binary.AppendVarint(body, 0)
		records = binary.AppendVarint(records, int64(len(body)))
		records = append(records, body...)
	}
	after := binary.BigEndian.AppendUint16(nil, uint16(attributes))
	after = binary.BigEndian.AppendUint32(after, uint32(len(entries)-1))
	after = binary.BigEndian.AppendUint64(after, 1_600_000_000_000)
	after = binary.BigEndian.AppendUint64(after, uint64(1_600_000_000_000+len(entries)-1))
	after = append(after, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) // no producer
	after = binary.BigEndian.AppendUint32(after, uint32(len(entries)))
	after = append(after, records...)
	b := binary.BigEndian.AppendUint64(nil, uint64(base))
	b = binary.BigEndian.AppendUint32(b, uint32(9+len(after)))
	b = binary.BigEndian.AppendUint32(b, 0)
	b = append(b, 2)
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(after, crc32.MakeTable(crc32.Castagnoli)))
	return append(b, after...)
}

// messageOf writes a message of format v0 or v1.
func messageOf(magic byte, offset int64, attributes byte, key, value []byte) []byte {
	body := []byte{magic, attributes}
	if magic == 1 {
		body = binary.BigEndian.AppendUint64(body, uint64(1_500_000_000_000+offset))
	}
	for _, field := range [][]byte{key, value} {
		if field == nil {
			body = binary.BigEndian.AppendUint32(body, 0xffffffff)
			continue
		}
		body = binary.BigEndian.AppendUint32(body, uint32(len(field)))
		body = append(body, field...)
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(offset))
	b = binary.BigEndian.AppendUint32(b, uint32(4+len(body)))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(body))
	return append(b, body...)
}

// gzipped packs bytes.
func gzipped(parts ...[]byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	for _, p := range parts {
		_, _ = w.Write(p) // a buffer takes all
	}
	_ = w.Close() // as above
	return b.Bytes()
}

// unzipped unpacks what gzipped packed.
func unzipped(r io.Reader) ([]byte, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
