package dumplog

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// The suffixes of the files that the command knows, in the order in which the
// files of one base offset are shown.
const (
	logSuffix        = ".log"
	indexSuffix      = ".index"
	timeIndexSuffix  = ".timeindex"
	txnIndexSuffix   = ".txnindex"
	snapshotSuffix   = ".snapshot"
	checkpointSuffix = ".checkpoint"
)

func suffixes() []string {
	return []string{logSuffix, indexSuffix, timeIndexSuffix, txnIndexSuffix, snapshotSuffix, checkpointSuffix}
}

// splitFiles splits the argument of --files as Java's String.split does: what
// is empty at the end does not count.
func splitFiles(text string) []string {
	list := strings.Split(text, ",")
	for len(list) > 1 && list[len(list)-1] == "" {
		list = list[:len(list)-1]
	}
	if len(list) == 1 && list[0] == "" && text != "" {
		return nil
	}
	return list
}

// expand replaces directories by the files in them, and patterns by the files
// that they match; other paths stay, in the form that Java gives them.
func expand(list []string) ([]string, error) {
	var files []string
	for _, path := range list {
		info, err := os.Stat(path)
		switch {
		case err == nil && info.IsDir():
			found, err := inDirectory(path)
			if err != nil {
				return nil, err
			}
			files = append(files, found...)
		case err != nil && strings.ContainsAny(path, "*?["):
			found, err := filepath.Glob(path)
			if err != nil || len(found) == 0 {
				return nil, fmt.Errorf("%s: no file matches", path)
			}
			slices.SortFunc(found, inLogOrder)
			files = append(files, found...)
		default:
			files = append(files, javaPath(path))
		}
	}
	return files, nil
}

// inDirectory lists the files of a partition's directory.
func inDirectory(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list a directory: %w", err)
	}
	var files []string
	for _, e := range entries {
		if e.Type().IsRegular() && slices.Contains(suffixes(), filepath.Ext(e.Name())) {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no segment, index or snapshot is in this directory; name that of a partition, as orders-0", dir)
	}
	slices.SortFunc(files, inLogOrder)
	return files, nil
}

// inLogOrder orders files by directory, base offset and kind.
func inLogOrder(a, b string) int {
	baseOf := func(path string) string { base, _, _ := strings.Cut(filepath.Base(path), "."); return base }
	kindOf := func(path string) int { return slices.Index(suffixes(), filepath.Ext(path)) }
	return cmp.Or(
		cmp.Compare(filepath.Dir(a), filepath.Dir(b)), cmp.Compare(baseOf(a), baseOf(b)),
		cmp.Compare(kindOf(a), kindOf(b)), cmp.Compare(a, b))
}

// javaPath is a path as Java's File has it: without doubled slashes and
// without one at its end.
func javaPath(path string) string {
	if filepath.Separator != '/' {
		return path
	}
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	return path
}

// absolute is Java's File.getAbsolutePath, which leaves dots in place.
func absolute(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	dir, err := os.Getwd()
	if err != nil {
		return path
	}
	return dir + string(filepath.Separator) + path
}

// javaName is Java's File.getName.
func javaName(path string) string { return path[strings.LastIndexByte(path, filepath.Separator)+1:] }

// baseOffset is the number with which the name of a file begins.
func baseOffset(path string) (int64, error) {
	name, _, _ := strings.Cut(javaName(path), ".")
	n, err := strconv.ParseInt(name, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: the name does not begin with an offset, as 00000000000000000000.log does", path)
	}
	return n, nil
}

// sibling is the file of another kind with the same base offset.
func sibling(path, suffix string) string {
	name, _, _ := strings.Cut(javaName(path), ".")
	full := absolute(path)
	dir := full[:strings.LastIndexByte(full, filepath.Separator)]
	if dir == "" {
		dir = string(filepath.Separator)
	}
	return javaPath(dir + string(filepath.Separator) + name + suffix)
}

// file shows one file.
func (d *dumper) file(path string) error {
	if d.json {
		d.begin("file", path)
		d.end()
	} else {
		d.printf("Dumping %s\n", path)
	}
	name := javaName(path)
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		d.warn("Ignoring unknown file %s", path)
		return nil
	}
	switch name[dot:] {
	case logSuffix, checkpointSuffix:
		return d.segment(path)
	case indexSuffix:
		return d.offsetIndex(path)
	case timeIndexSuffix:
		return d.timeIndex(path)
	case snapshotSuffix:
		return d.producerSnapshot(path)
	case txnIndexSuffix:
		return d.txnIndex(path)
	}
	d.warn("Ignoring unknown file %s", path)
	return nil
}
