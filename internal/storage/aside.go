package storage

import (
	"strings"

	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// asideMark stands in the names of what recoveries cut off, before the offset.
const asideMark = segment.LogSuffix + ".cut-"

// Aside is how much recoveries have cut off the log, and keep beside it, as the
// start found it. Nothing removes these files but an operator.
func (l *Log) Aside() logdir.Aside {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asideLocked()
}

func (l *Log) asideLocked() logdir.Aside {
	if l.aside == nil {
		return logdir.Aside{}
	}
	return *l.aside
}

// countAside looks how much was cut off the log, now and before.
func (d *loader) countAside() error {
	var sum logdir.Aside
	add := func(path string) error {
		info, err := d.host.fs.Stat(path)
		sum.Files, sum.Bytes = sum.Files+1, sum.Bytes+info.Size
		return err
	}
	for name := range d.names {
		if strings.Contains(name, asideMark) {
			if err := add(vfs.Join(d.dir, name)); err != nil {
				return err
			}
		}
	}
	for i := range d.found.Cuts {
		if aside := d.found.Cuts[i].Aside; aside != "" && !d.names[vfs.Base(aside)] {
			if err := add(aside); err != nil {
				return err
			}
		}
	}
	if sum.Files > 0 {
		d.aside = &sum
	}
	return nil
}
