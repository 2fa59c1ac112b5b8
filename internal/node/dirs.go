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
	bare bool  // it had no meta.properties
	err  error // it cannot be used
	// space is the room on its disk.
	space *logdir.Space
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
		n.dirs[i].space = logdir.NewSpace(n.cfg.FS, n.dirs[i].path)
		if err := n.lockDir(&n.dirs[i]); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) lockDir(d *directory) error {
	if err := n.cfg.FS.MkdirAll(d.path); err != nil {
		return n.unusable(d, fmt.Errorf("log directory %s cannot be made: %w", d.path, err))
	}
	d.space.Prepare()
	lock, err := logdir.Lock(d.space.Spare(), d.path)
	if errors.Is(err, vfs.ErrLocked) {
		return fmt.Errorf("log directory %s: %w", d.path, err) // it is in use, not broken
	}
	if err != nil {
		return n.unusable(d, fmt.Errorf("log directory %s cannot be locked: %w", d.path, err))
	}
	n.stack.Push("lock of "+d.path, func(context.Context) error { return lock.Close() })
	// The reserve is there before a record is taken: a small volume is full sooner
	// than it is looked at again.
	if err := d.space.Check(); err != nil {
		return n.unusable(d, fmt.Errorf("log directory %s: %w", d.path, err))
	}
	return nil
}

// unusable sets a directory aside whose disk does not serve: its partitions are
// offline, and the node starts with the others. The error is given back where
// it cannot: the metadata is there, or no other directory is left.
func (n *Node) unusable(d *directory, err error) error {
	d.err = err
	left := slices.ContainsFunc(n.dirs, func(o directory) bool { return o.data && o.err == nil })
	if d == n.metadataDirectory() || !left {
		return err
	}
	n.log.Error("a log directory cannot be used: its partitions are offline until its disk is mended and the broker started again",
		"dir", d.path, "error", err)
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
		if d.err != nil {
			continue
		}
		meta, err := logdir.ReadMeta(n.cfg.FS, d.path)
		switch {
		case vfs.IsFailed(err):
			if err := n.unusable(d, fmt.Errorf("log directory %s cannot be read: %w", d.path, err)); err != nil {
				return err
			}
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
		if d.err != nil || !d.bare && !d.meta.DirectoryID.IsZero() {
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
		err = logdir.WriteMeta(d.space.Spare(), d.path, d.meta, "")
		if vfs.IsFailed(err) {
			err = n.unusable(d, fmt.Errorf("log directory %s cannot be formatted: %w", d.path, err))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
