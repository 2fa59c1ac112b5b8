package crash

import (
	"github.com/gregor-stream/gregor/internal/vfs"
)

// bug is planted by a disk that leaves out what a careless program would.
type bug struct {
	name    string
	swallow func(op vfs.Op, name string) bool
	rewrite func(name string, p []byte) []byte
}

func (b *bug) swallows(op vfs.Op, name string) bool {
	return b != nil && b.swallow != nil && b.swallow(op, name)
}
