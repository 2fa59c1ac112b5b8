package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// directory is one of log.dirs, or metadata.log.dir where that is another.
type directory struct {
	path string
	data bool // it holds partitions
	meta logdir.Meta
	bare bool // it had no meta.properties
}

// lockDirs makes the directories and takes them for this process.
func (n *Node) lockDirs() error {
	b := n.cfg.Broker
	for _, path := range b.LogDirs {
		n.dirs = append(n.dirs, directory{path: path, data: true})
	}
	if b.MetadataLogDir != "" && !slices.Contains(b.LogDirs, b.MetadataLogDir) {
		n.dirs = append(n.dirs, directory{path: b.MetadataLogDir})
	}
	for i := range n.dirs {
		path := n.dirs[i].path
		if err := n.cfg.FS.MkdirAll(path); err != nil {
			return fmt.Errorf("log directory %s cannot be made: %w", path, err)
		}
		lock, err := logdir.Lock(n.cfg.FS, path)
		if err != nil {
			return fmt.Errorf("log directory %s: %w", path, err)
		}
		n.stack.Push("lock of "+path, func(context.Context) error { return lock.Close() })
	}
	return nil
}

func (n *Node) metadataDirectory() *directory {
	for i := range n.dirs {
		if n.dirs[i].path == n.cfg.Broker.MetadataLogDir {
			return &n.dirs[i]
		}
	}
	return &n.dirs[0]
}

// format reads the directories' meta.properties, and formats those that have
// none: a new cluster where none is formatted, else the cluster of the others.
func (n *Node) format() error {
	for i := range n.dirs {
		d := &n.dirs[i]
		meta, err := logdir.ReadMeta(n.cfg.FS, d.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			d.bare = true
		case err != nil:
			return err
		default:
			d.meta = meta
			if err := meta.Check(d.path, n.clusterID, n.id()); err != nil {
				return err
			}
			n.clusterID = meta.ClusterID
			if err := n.distinct(i); err != nil {
				return err
			}
		}
	}
	if n.clusterID == "" {
		id, err := kafka.NewUUID(n.cfg.Rand)
		if err != nil {
			return err
		}
		n.clusterID, n.formatted = id.String(), true
	}
	return n.formatBare()
}

// distinct refuses a directory that is a copy of another: two with one
// directory.id would both be the place of the same partitions.
func (n *Node) distinct(i int) error {
	d := &n.dirs[i]
	for _, other := range n.dirs[:i] {
		if !d.meta.DirectoryID.IsZero() && other.meta.DirectoryID == d.meta.DirectoryID {
			return fmt.Errorf("%s and %s have the same directory.id %s: one is a copy of the other; take the copy out of log.dirs, or move it away",
				vfs.Join(other.path, logdir.MetaFile), vfs.Join(d.path, logdir.MetaFile), d.meta.DirectoryID)
		}
	}
	return nil
}

func (n *Node) formatBare() error {
	for i := range n.dirs {
		d := &n.dirs[i]
		if !d.bare && !d.meta.DirectoryID.IsZero() {
			continue
		}
		id, err := kafka.NewUUID(n.cfg.Rand)
		if err != nil {
			return err
		}
		d.meta = logdir.Meta{Version: 1, ClusterID: n.clusterID, NodeID: n.id(), DirectoryID: id}
		if d == n.metadataDirectory() && d.bare {
			if err := n.formatMetadata(d); err != nil {
				return err
			}
		}
		// meta.properties comes last: a directory with one is formatted.
		if err := logdir.WriteMeta(n.cfg.FS, d.path, d.meta, ""); err != nil {
			return err
		}
	}
	return nil
}
