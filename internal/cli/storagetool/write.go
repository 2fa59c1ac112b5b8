package storagetool

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/quorum"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
)

// write looks at the directories and formats those that are not.
func (f *formatter) write() error {
	dirs := logDirectories(f.broker)
	var empty, failed, formatted []string
	metas := map[string]*metaProperties{}
	for _, dir := range dirs {
		m, err := readMeta(f.fsys, dir)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			empty = append(empty, dir)
		case err != nil:
			failed = append(failed, dir)
		default:
			formatted = append(formatted, dir)
			metas[dir] = m
		}
	}
	if err := f.verify(formatted, metas); err != nil {
		return err
	}
	if len(formatted) > 0 && !f.ignore {
		return terse(fmt.Sprintf("Log directory %s is already formatted. Use --ignore-formatted to ignore this directory and format the others.",
			java.CopyOrder(formatted, java.Hash)[0]))
	}
	for _, dir := range java.Order(failed, java.Hash) {
		f.say("unreadable", dir, "", "I/O error trying to read log directory %s. Ignoring...", dir)
	}
	switch {
	case len(failed) > 0 && len(empty) == 0 && len(formatted) == 0:
		return terse("No available log directories to format.")
	case len(empty) == 0:
		f.say("formatted", "", "", "All of the log directories are already formatted.")
		return nil
	}
	if !f.json {
		f.print("Bootstrap metadata: %s", f.bootstrapText())
	}
	for _, dir := range java.Order(empty, java.Hash) {
		if err := f.directory(dir, metas); err != nil {
			return err
		}
	}
	return nil
}

// say prints a line of the text form, or an object.
func (f *formatter) say(event, dir, kind, format string, args ...any) {
	switch {
	case !f.json:
		f.print(format, args...)
	case kind != "":
		f.print(`{"event":"%s","directory":%s,"kind":"%s","metadata.version":%d,"release":"%s"}`, event, quote(dir), kind, f.release.level, f.release)
	case dir != "":
		f.print(`{"event":"%s","directory":%s}`, event, quote(dir))
	default:
		f.print(`{"event":"%s"}`, event)
	}
}

// verify says what is wrong with the directories that are formatted.
func (f *formatter) verify(dirs []string, metas map[string]*metaProperties) error {
	seen := map[kafka.UUID]string{}
	for _, dir := range dirs {
		m, path := metas[dir], cleanPath(dir)+"/"+logdir.MetaFile
		if m.cluster != nil && *m.cluster != f.cluster {
			return fmt.Errorf("Invalid cluster.id in: %s. Expected %s, but read %s", path, f.cluster, *m.cluster)
		}
		if m.node != nil && *m.node != f.broker.NodeID {
			return fmt.Errorf("Stored node id %d doesn't match previous node id %d in %s. If you moved your data, make sure your configured node id matches. If you intend to create a new node, you should remove all data in your data directories.",
				*m.node, f.broker.NodeID, path)
		}
		if m.directory == nil {
			continue
		}
		if m.directory.Reserved() {
			return fmt.Errorf("Invalid reserved directory ID %s found in %s", m.directory, dir)
		}
		if other, ok := seen[*m.directory]; ok {
			return fmt.Errorf("Duplicate directory ID %s found. It was the ID of %s, but also of %s", m.directory, other, dir)
		}
		seen[*m.directory] = dir
	}
	return nil
}

// javaDate is how Java writes a time.
const javaDate = "Mon Jan 02 15:04:05 MST 2006"

// directory formats one directory.
func (f *formatter) directory(dir string, metas map[string]*metaProperties) error {
	id, err := f.freshID(metas)
	if err != nil {
		return err
	}
	kind := "data directory"
	if dir == metadataDirectory(f.broker) {
		kind = "metadata directory"
		if len(f.voters) > 0 {
			kind = "dynamic metadata directory"
		}
		if at := slices.IndexFunc(f.voters, func(v voter) bool { return v.id == f.broker.NodeID }); at >= 0 {
			kind, id = "dynamic metadata voter directory", f.voters[at].directory
		}
	}
	f.say("format", dir, kind, "Formatting %s %s with metadata.version %s.", kind, dir, f.release)
	cannot := func(err error) error {
		return terse(fmt.Sprintf("Error while writing meta.properties file %s: %v", dir, err))
	}
	if err := f.fsys.MkdirAll(dir); err != nil {
		return cannot(err)
	}
	now := time.Now()
	if kind != "data directory" && f.broker.ControllerRole {
		err := quorum.Format(f.fsys, dir, quorum.FormatOptions{
			Bootstrap: f.records, Voters: quorumVoters(f.voters, f.broker.List("controller.listener.names")[0]),
			Dynamic: f.levels[kraftVersion] > 0, Replace: true, Now: now,
		})
		if err != nil {
			return cannot(err)
		}
	}
	m := logdir.Meta{Version: 1, ClusterID: f.cluster, NodeID: kafka.NodeID(f.broker.NodeID), DirectoryID: id}
	if err := logdir.WriteMeta(f.fsys, dir, m, now.Format(javaDate)); err != nil {
		return cannot(err)
	}
	metas[dir] = &metaProperties{directory: &id}
	return nil
}

// freshID makes an id that no other directory of the node has.
func (f *formatter) freshID(metas map[string]*metaProperties) (kafka.UUID, error) {
	const tries = 16
	for range tries {
		id, err := kafka.NewUUID(f.rand)
		if err != nil {
			return id, fmt.Errorf("make a directory's id: %w", err)
		}
		taken := false
		for _, m := range metas {
			taken = taken || m.directory != nil && *m.directory == id
		}
		if !taken {
			return id, nil
		}
	}
	return kafka.UUID{}, errors.New("make a directory's id: chance gives the same one again and again")
}
