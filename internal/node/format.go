package node

import (
	"time"

	"github.com/gregor-stream/gregor/internal/quorum"
)

// formatMetadata makes the metadata log's directory of a new node.
func (n *Node) formatMetadata(d *directory) error {
	return quorum.Format(n.cfg.FS, d.path, quorum.FormatOptions{Now: time.Now()})
}
