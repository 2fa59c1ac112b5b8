package main

import (
	"archive/zip"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed kafka.versions
var pinned string

// pins are the Kafka versions that the definitions are taken from.
type pins struct {
	current, dropped string
}

func readPins() (pins, error) {
	var p pins
	for line := range strings.Lines(pinned) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch name {
		case "current":
			p.current = value
		case "dropped":
			p.dropped = value
		}
	}
	if p.current == "" || p.dropped == "" {
		return p, errors.New("kafka.versions must name current and dropped")
	}
	return p, nil
}

// artifacts lists the jars with definitions, as artifact and version.
func (p pins) artifacts() []mavenArtifact {
	var list []mavenArtifact
	for _, name := range []string{
		"kafka-clients", "kafka-metadata", "kafka-storage", "kafka-raft", "kafka-server-common",
		"kafka-group-coordinator", "kafka-transaction-coordinator", "kafka-share-coordinator",
	} {
		list = append(list, mavenArtifact{"org.apache.kafka", name, p.current})
	}
	return append(list, mavenArtifact{"org.apache.kafka", "kafka-clients", p.dropped})
}

type mavenArtifact struct{ group, name, version string }

func (a mavenArtifact) file() string { return a.name + "-" + a.version + ".jar" }

// fetchJars gets the jars that dir lacks, through Maven and its settings.
func fetchJars(dir string, list []mavenArtifact) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, a := range list {
		if _, err := os.Stat(filepath.Join(dir, a.file())); err == nil {
			continue
		}
		coordinates := a.group + ":" + a.name + ":" + a.version
		cmd := exec.Command("mvn", "-q", "-B", "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy",
			"-Dartifact="+coordinates, "-DoutputDirectory="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("get %s with mvn: %w\n%s", coordinates, err, out)
		}
	}
	return nil
}

// readDefinitions returns the definitions of both releases by message name.
func readDefinitions(dir string, p pins) (current, dropped map[string]*definition, err error) {
	current, dropped = map[string]*definition{}, map[string]*definition{}
	for _, a := range p.artifacts() {
		into := current
		if a.version == p.dropped {
			into = dropped
		}
		if err := readJar(filepath.Join(dir, a.file()), into); err != nil {
			return nil, nil, err
		}
	}
	return current, dropped, nil
}

func readJar(path string, into map[string]*definition) error {
	jar, err := zip.OpenReader(path)
	if err != nil {
		return fmt.Errorf("open jar %s (run with -fetch to get it): %w", path, err)
	}
	defer func() { _ = jar.Close() }()
	for _, f := range jar.File {
		if !strings.HasSuffix(f.Name, ".json") || !strings.Contains(f.Name, "message/") && !strings.Contains(f.Name, "metadata/") {
			continue
		}
		def, err := readEntry(f)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", path, f.Name, err)
		}
		if _, ok := into[def.Name]; ok {
			return fmt.Errorf("%s: %s: message %s was defined before", path, f.Name, def.Name)
		}
		into[def.Name] = def
	}
	return nil
}

func readEntry(f *zip.File) (*definition, error) {
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	return parseDefinition(text)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
