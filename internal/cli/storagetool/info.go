package storagetool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
)

// information is what info finds.
type information struct {
	found    []string
	problems []string
	meta     *metaProperties // of the first directory that has one
}

// info says what is in the log directories.
func (c *call) info(file string) error {
	b, err := loadConfig(file)
	if err != nil {
		return err
	}
	var i information
	for _, dir := range logDirectories(b) {
		if err := i.look(c, dir); err != nil {
			return err
		}
	}
	if i.meta != nil && i.meta.version == 0 {
		i.problem("The kafka configuration file appears to be for a cluster in KRaft mode, but the directories are formatted for legacy mode.")
	}
	if c.json {
		c.infoJSON(&i)
	} else {
		c.infoText(&i)
	}
	if len(i.problems) > 0 {
		return command.Silent()
	}
	return nil
}

func (i *information) problem(format string, args ...any) {
	i.problems = append(i.problems, fmt.Sprintf(format, args...))
}

// look looks at one directory.
func (i *information) look(c *call, dir string) error {
	path := cleanPath(dir)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		i.problem("%s does not exist", path)
		return nil
	case err != nil:
		return fmt.Errorf("look at a log directory: %w", err)
	case !info.IsDir():
		i.problem("%s is not a directory", path)
		return nil
	}
	i.found = append(i.found, path)
	meta, err := readMeta(c.fsys, path)
	var bad badMeta
	switch {
	case errors.Is(err, fs.ErrNotExist):
		i.problem("%s is not formatted.", path)
	case errors.As(err, &bad):
		i.problem("Error loading %s: %v", filepath.Join(path, logdir.MetaFile), bad.error)
	case err != nil:
		return err
	case i.meta == nil:
		i.meta = meta
	case !sameText(i.meta.cluster, meta.cluster):
		i.problem("Mismatched cluster IDs between storage directories.")
	case !sameNode(i.meta.node, meta.node):
		i.problem("Mismatched node IDs between storage directories.")
	}
	return nil
}

// cleanPath is a path as Java's Path writes it, which leaves dots in place.
func cleanPath(path string) string {
	if filepath.Separator != '/' {
		return filepath.Clean(path)
	}
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	return path
}

func sameText(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }

func sameNode(a, b *int32) bool { return a == b || a != nil && b != nil && *a == *b }

func (c *call) infoText(i *information) {
	list := func(one, many string, lines []string) {
		switch len(lines) {
		case 0:
			return
		case 1:
			c.print("%s", one)
		default:
			c.print("%s", many)
		}
		for _, line := range lines {
			c.print("  %s", line)
		}
		c.print("")
	}
	list("Found log directory:", "Found log directories:", i.found)
	if i.meta != nil {
		var parts []string
		for _, p := range i.meta.pairs() {
			parts = append(parts, p[0]+"="+p[1])
		}
		c.print("Found metadata: {%s}", strings.Join(parts, ", "))
		c.print("")
	}
	list("Found problem:", "Found problems:", i.problems)
}

func (c *call) infoJSON(i *information) {
	texts := func(list []string) string {
		quoted := make([]string, len(list))
		for n, text := range list {
			quoted[n] = quote(text)
		}
		return "[" + strings.Join(quoted, ",") + "]"
	}
	meta := "null"
	if i.meta != nil {
		var parts []string
		for _, p := range i.meta.pairs() {
			parts = append(parts, quote(p[0])+":"+quote(p[1]))
		}
		meta = "{" + strings.Join(parts, ",") + "}"
	}
	c.print(`{"directories":%s,"metadata":%s,"problems":%s}`, texts(i.found), meta, texts(i.problems))
}
