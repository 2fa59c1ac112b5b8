package logdir

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Meta is meta.properties: whose directory this is.
type Meta struct {
	Version     int // 1 for KRaft; 0 was ZooKeeper's
	ClusterID   string
	NodeID      kafka.NodeID
	DirectoryID kafka.UUID // zero: not assigned
}

// ReadMeta reads meta.properties of dir; fs.ErrNotExist where the directory is
// not formatted.
func ReadMeta(fsys vfs.FS, dir string) (Meta, error) {
	name := vfs.Join(dir, MetaFile)
	data, err := vfs.ReadFile(fsys, name, maxMetaBytes)
	if err != nil {
		return Meta{}, err
	}
	m, err := parseMeta(string(data))
	if err != nil {
		return Meta{}, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

func parseMeta(text string) (Meta, error) {
	m := Meta{NodeID: kafka.NoNode}
	properties, err := config.ParseProperties("", []byte(text))
	if err != nil {
		return m, err
	}
	for _, p := range properties {
		var err error
		value := strings.TrimSpace(p.Value)
		switch p.Key {
		case "version":
			m.Version, err = strconv.Atoi(value)
		case "cluster.id":
			m.ClusterID = p.Value
		case "node.id", "broker.id":
			var id int64
			id, err = strconv.ParseInt(value, 10, 32)
			m.NodeID = kafka.NodeID(id)
		case "directory.id":
			m.DirectoryID, err = kafka.ParseUUID(value)
		}
		if err != nil {
			return m, fmt.Errorf("line %d: %w", p.Line, err)
		}
	}
	if m.Version == 1 && (m.ClusterID == "" || m.NodeID < 0) {
		return m, errors.New("cluster.id and node.id are missing")
	}
	return m, nil
}

// WriteMeta writes meta.properties of dir, durably. comment is what its second
// line says, where Kafka writes the time; "" is no such line. The keys come in
// Kafka's order.
func WriteMeta(fsys vfs.FS, dir string, m Meta, comment string) error {
	var b strings.Builder
	b.WriteString("#\n")
	if comment != "" {
		fmt.Fprintf(&b, "#%s\n", comment)
	}
	fmt.Fprintf(&b, "node.id=%d\n", m.NodeID)
	if !m.DirectoryID.IsZero() {
		fmt.Fprintf(&b, "directory.id=%s\n", m.DirectoryID)
	}
	fmt.Fprintf(&b, "version=%d\ncluster.id=%s\n", m.Version, escapeProperty(m.ClusterID))
	return vfs.ReplaceFile(fsys, vfs.Join(dir, MetaFile), []byte(b.String()))
}

// escapeProperty writes a value as java.util.Properties.store does.
func escapeProperty(value string) string {
	var b strings.Builder
	for i, r := range value {
		switch {
		case r == ' ' && i == 0, r == ':', r == '=', r == '#', r == '!', r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\f':
			b.WriteString(`\f`)
		case r < ' ', r > '~':
			for _, u := range utf16.AppendRune(nil, r) {
				fmt.Fprintf(&b, `\u%04X`, u)
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Check says what is wrong where a directory with meta m is opened by node in
// cluster (each as configured; cluster may be empty: any).
func (m Meta) Check(dir, cluster string, node kafka.NodeID) error {
	name := vfs.Join(dir, MetaFile)
	switch {
	case m.Version != 1:
		return fmt.Errorf("%s has version %d, of a cluster with ZooKeeper: migrate it to KRaft with Apache Kafka 3.9 first", name, m.Version)
	case cluster != "" && m.ClusterID != cluster:
		return kafka.Errorf(kafka.ErrInconsistentClusterID,
			"%s belongs to cluster %s, but this node is of cluster %s: set another log.dirs, or remove the directory if its data is not wanted",
			name, m.ClusterID, cluster)
	case m.NodeID != node:
		return fmt.Errorf("%s belongs to node.id %d, but this is node.id %d: set node.id=%d, or another log.dirs", name, m.NodeID, node, m.NodeID)
	}
	return nil
}

// Lock takes the directory for this process. The error says who else may have it.
func Lock(fsys vfs.FS, dir string) (io.Closer, error) {
	lock, err := fsys.Lock(vfs.Join(dir, LockFile))
	if errors.Is(err, vfs.ErrLocked) {
		return nil, fmt.Errorf("%s is in use: another Gregor or Apache Kafka process runs on it (%w)", dir, vfs.ErrLocked)
	}
	return lock, err
}
