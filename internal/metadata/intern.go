package metadata

import (
	"encoding/binary"
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// internMax bounds what an interner remembers. Clusters have few distinct
// replica lists; what does not fit is simply not shared.
const internMax = 4096

// interner lets equal lists share one backing array, so that ten thousand
// partitions on one broker hold one list. It lives as long as one builder. The
// zero value is ready.
type interner struct {
	lists map[string][]int32
	dirs  map[string][]kafka.UUID
	key   []byte

	lastList []int32 // most often the next list equals the last
	lastDirs []kafka.UUID
}

// nodes is a shared copy of list; nil where it is empty.
func (in *interner) nodes(list []int32) []int32 {
	if len(list) == 0 {
		return nil
	}
	if slices.Equal(list, in.lastList) {
		return in.lastList
	}
	in.key = in.key[:0]
	for _, id := range list {
		in.key = binary.BigEndian.AppendUint32(in.key, uint32(id)) //nolint:gosec // bits, not a number
	}
	own, ok := in.lists[string(in.key)]
	if !ok {
		own = slices.Clone(list)
		if in.lists == nil {
			in.lists = make(map[string][]int32)
		}
		if len(in.lists) < internMax {
			in.lists[string(in.key)] = own
		}
	}
	in.lastList = own
	return own
}

// directories is a shared copy of list, brought to n entries as Kafka does it:
// a list that says nothing stands for n directories that are being migrated.
func (in *interner) directories(list []kafka.UUID, n int) []kafka.UUID {
	if len(list) != n || !slices.ContainsFunc(list, func(d kafka.UUID) bool { return d != DirectoryMigrating }) {
		list = slices.Repeat([]kafka.UUID{DirectoryMigrating}, n)
	}
	if slices.Equal(list, in.lastDirs) {
		return in.lastDirs
	}
	in.key = in.key[:0]
	for _, id := range list {
		in.key = append(in.key, id[:]...)
	}
	own, ok := in.dirs[string(in.key)]
	if !ok {
		own = slices.Clone(list)
		if in.dirs == nil {
			in.dirs = make(map[string][]kafka.UUID)
		}
		if len(in.dirs) < internMax {
			in.dirs[string(in.key)] = own
		}
	}
	in.lastDirs = own
	return own
}
