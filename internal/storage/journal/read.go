package journal

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Found is what a process that did not end cleanly left in a journal.
type Found struct {
	dir    string
	groups []group // those that count, in order
	nonce  [nonceSize]byte
	last   group // the newest, of those that do not count too
	// Damage says what cannot be read of what was durable; nil: nothing.
	Damage error
}

// group is one group that could be read.
type group struct {
	number, live uint64
	half         int
	at, end      int64 // of the file
	entries      []byte
}

// Read reads the journal of a log directory; nil where there is none. What a
// crash interrupted counts for nothing: nobody was told that it was durable.
func Read(fsys vfs.FS, dir string) (*Found, error) {
	f := &Found{dir: dir}
	var halves [2][]byte
	there := false
	for n := range halves {
		data, err := vfs.ReadFile(fsys, vfs.Join(dir, Name(n)), 2*HalfMost)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		halves[n], there = data, true
	}
	if !there {
		return nil, nil //nolint:nilnil // a directory without a journal is the rule
	}
	if f.findNonce(halves) {
		for n, data := range halves {
			f.find(n, data)
		}
	}
	f.choose()
	return f, nil
}

// findNonce finds the nonce of the journal, by which its groups are told from
// everything else.
func (f *Found) findNonce(halves [2][]byte) bool {
	const end = len(halfMagic) + nonceSize
	for _, data := range halves {
		if len(data) >= blockSize && bytes.HasPrefix(data, []byte(halfMagic)) &&
			binary.BigEndian.Uint32(data[end:]) == crc32.Checksum(data[:end], crc32.MakeTable(crc32.Castagnoli)) {
			copy(f.nonce[:], data[len(halfMagic):])
			return true
		}
	}
	// A header is durable before the first group is written.
	for n, data := range halves {
		if len(data) > blockSize && slices.ContainsFunc(data[blockSize:], func(b byte) bool { return b != 0 }) {
			f.Damage = fmt.Errorf("%s: its header is damaged, nothing in it can be read", vfs.Join(f.dir, Name(n)))
		}
	}
	return false
}

// find finds the groups of a half. Behind one that cannot be read it goes on at
// the next block.
func (f *Found) find(n int, data []byte) {
	for at := blockSize; at+atBegin <= len(data); {
		g, ok := f.parse(data[at:])
		if !ok {
			at += blockSize
			continue
		}
		g.half, g.at = n, int64(at)
		at += (atBegin + len(g.entries) + blockSize - 1) / blockSize * blockSize
		g.end = int64(at)
		f.groups = append(f.groups, g)
	}
}

func (f *Found) parse(data []byte) (group, bool) {
	if !bytes.HasPrefix(data, []byte(groupMagic)) || !bytes.Equal(data[atNonce:atNumber], f.nonce[:]) {
		return group{}, false
	}
	length := binary.BigEndian.Uint32(data[atLength:])
	if int64(length) > int64(len(data)-atBegin) || length > groupMost {
		return group{}, false
	}
	end := atBegin + int(length)
	if binary.BigEndian.Uint32(data[atSum:]) != crc32.Checksum(data[atNonce:end], crc32.MakeTable(crc32.Castagnoli)) {
		return group{}, false
	}
	return group{
		number: binary.BigEndian.Uint64(data[atNumber:]), live: binary.BigEndian.Uint64(data[atLive:]), entries: data[atBegin:end],
	}, true
}

// choose leaves the groups that count, and sees whether one is missing among
// them.
func (f *Found) choose() {
	live := uint64(1)
	for _, g := range f.groups {
		live = max(live, g.live)
		if g.number > f.last.number {
			f.last = g
		}
	}
	f.groups = slices.DeleteFunc(f.groups, func(g group) bool { return g.number < live })
	slices.SortFunc(f.groups, func(a, b group) int { return cmp.Compare(a.number, b.number) })
	next := live
	for _, g := range f.groups {
		if g.number != next && f.Damage == nil {
			f.Damage = fmt.Errorf("%s: %d groups before position %d are damaged (numbers %d to %d)",
				vfs.Join(f.dir, Name(g.half)), g.number-next, g.at, next, g.number-1)
		}
		next = g.number + 1
	}
}

// errEntry says that entries with a right checksum make no sense.
var errEntry = errors.New("an entry of the sync journal makes no sense")

// nextEntry reads the first entry, and gives its records and what follows.
func nextEntry(data []byte) (e Entry, records, rest []byte, err error) {
	if len(data) < 2 {
		return e, nil, nil, errEntry
	}
	name := int(binary.BigEndian.Uint16(data))
	if len(data) < entryFixed+name {
		return e, nil, nil, errEntry
	}
	e.Log, data = string(data[2:2+name]), data[2+name:]
	copy(e.Topic[:], data)
	e.Base = kafka.Offset(binary.BigEndian.Uint64(data[16:]))
	e.Position = int64(binary.BigEndian.Uint64(data[24:]))
	e.End = kafka.Offset(binary.BigEndian.Uint64(data[32:]))
	size := binary.BigEndian.Uint32(data[40:])
	data = data[44:]
	if int64(size) > int64(len(data)) || e.Base < 0 || e.Position < forgotten || !isName(e.Log) {
		return e, nil, nil, errEntry
	}
	e.Size = int(size)
	return e, data[:size], data[size:], nil
}

// isName says whether a log's directory can have a name: one within the log
// directory.
func isName(name string) bool {
	return name != "" && name != "." && name != ".." && vfs.Base(name) == name
}
