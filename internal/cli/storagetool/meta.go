package storagetool

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// metaProperties is meta.properties as Kafka's tool reads it, with what may be
// missing in that of ZooKeeper's time.
type metaProperties struct {
	version   int
	cluster   *string
	node      *int32
	directory *kafka.UUID
}

// maxMetaBytes bounds meta.properties: Kafka's has 100 bytes.
const maxMetaBytes = 1 << 20

// readMeta reads meta.properties of a directory. Where the file cannot be
// read the error is that of the system; where it makes no sense a badMeta.
func readMeta(fsys vfs.FS, dir string) (*metaProperties, error) {
	name := vfs.Join(dir, logdir.MetaFile)
	data, err := vfs.ReadFile(fsys, name, maxMetaBytes)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the file
	}
	properties, err := config.ParseProperties(name, data)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the file
	}
	values := map[string]string{}
	for _, p := range properties {
		values[p.Key] = p.Value
	}
	m, err := buildMeta(values)
	if err != nil {
		return nil, badMeta{err}
	}
	return m, nil
}

// badMeta is what is wrong with the content of meta.properties.
type badMeta struct{ error }

// buildMeta judges the values as Kafka's MetaProperties does.
func buildMeta(values map[string]string) (*metaProperties, error) {
	m := &metaProperties{}
	if text, ok := values["version"]; ok {
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32)
		switch {
		case err != nil:
			return nil, fmt.Errorf("Invalid meta.properties version string '%s'", text)
		case n < 0 || n > 1:
			return nil, fmt.Errorf("Unknown meta.properties version number %d", n)
		}
		m.version = int(n)
	}
	key := "node.id"
	if m.version == 0 {
		key = "broker.id"
	}
	if text, ok := values[key]; ok {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("Unable to read %s as a base-10 number.", key)
		}
		id := int32(n)
		m.node = &id
	} else if m.version == 1 {
		return nil, fmt.Errorf("Failed to find %s", key)
	}
	if text, ok := values["cluster.id"]; ok {
		m.cluster = &text
	} else if m.version == 1 {
		if err := m.setDirectory(values); err != nil { // which Kafka looks at first
			return nil, err
		}
		return nil, errors.New("cluster.id was not found.")
	}
	return m, m.setDirectory(values)
}

func (m *metaProperties) setDirectory(values map[string]string) error {
	text, ok := values["directory.id"]
	if !ok {
		return nil
	}
	id, err := parseUUID(text)
	if err != nil {
		return fmt.Errorf("Unable to read directory.id as a Uuid: %w", err)
	}
	m.directory = &id
	return nil
}

// parseUUID reads an id, with Kafka's sentences about what is none.
func parseUUID(text string) (kafka.UUID, error) {
	const textMax, size = 24, 16
	if len(text) > textMax {
		return kafka.UUID{}, fmt.Errorf("Input string with prefix `%s` is too long to be decoded as a base64 UUID", text[:textMax])
	}
	for _, c := range []byte(strings.TrimRight(text, "=")) {
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return kafka.UUID{}, fmt.Errorf("Illegal base64 character %x", c)
		}
	}
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	switch {
	case err != nil:
		return kafka.UUID{}, errors.New("Last unit does not have enough valid bits")
	case len(b) != size:
		return kafka.UUID{}, fmt.Errorf("Input string `%s` decoded as %d bytes, which is not equal to the expected 16 bytes of a base64-encoded UUID", text, len(b))
	}
	return kafka.UUID(b), nil
}

// pairs are the properties as names and values, sorted by name.
func (m *metaProperties) pairs() [][2]string {
	var list [][2]string
	if m.node != nil && m.version == 0 {
		list = append(list, [2]string{"broker.id", strconv.Itoa(int(*m.node))})
	}
	if m.cluster != nil {
		list = append(list, [2]string{"cluster.id", *m.cluster})
	}
	if m.directory != nil {
		list = append(list, [2]string{"directory.id", m.directory.String()})
	}
	if m.node != nil && m.version == 1 {
		list = append(list, [2]string{"node.id", strconv.Itoa(int(*m.node))})
	}
	return append(list, [2]string{"version", strconv.Itoa(m.version)})
}

// loadConfig reads the configuration of the node.
func loadConfig(path string) (*config.Broker, error) {
	const maxBytes = 4 << 20
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the configuration cannot be read: %w", err)
	case info.IsDir() || info.Size() > maxBytes:
		return nil, fmt.Errorf("the configuration cannot be read: %s is no properties file", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the configuration cannot be read: %w", err)
	}
	properties, err := config.ParseProperties(path, text)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the file and line
	}
	if !slices.ContainsFunc(properties, func(p config.Property) bool { return p.Key == "process.roles" }) {
		return nil, fmt.Errorf(`%s: Missing required configuration "process.roles" which has no default value`, path)
	}
	b, _, err := config.Look(properties)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the file and line
	}
	return b, nil
}

// metadataDirectory is where the metadata log is.
func metadataDirectory(b *config.Broker) string {
	if b.MetadataLogDir == "" {
		return b.LogDirs[0]
	}
	return b.MetadataLogDir
}

// logDirectories are the directories of a node, sorted, each once.
func logDirectories(b *config.Broker) []string {
	dirs := append(slices.Clone(b.LogDirs), metadataDirectory(b))
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// parseInt reads a number as Java's Integer.parseInt does.
func parseInt(text string) (int32, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return int32(n), err == nil && n >= math.MinInt32 && n <= math.MaxInt32 //nolint:gosec // checked
}
