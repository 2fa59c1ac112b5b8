package cluster

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gregor-stream/gregor/internal/metadata"
)

// metadataVersions are the names of the levels of metadata.version, from
// [metadata.MinMetadataVersion] on (Kafka's MetadataVersion).
func metadataVersions() []string {
	return []string{
		"3.3-IV3", "3.4-IV0", "3.5-IV0", "3.5-IV1", "3.5-IV2", "3.6-IV0", "3.6-IV1", "3.6-IV2",
		"3.7-IV0", "3.7-IV1", "3.7-IV2", "3.7-IV3", "3.7-IV4", "3.8-IV0", "3.9-IV0",
		"4.0-IV0", "4.0-IV1", "4.0-IV2", "4.0-IV3", "4.1-IV0", "4.1-IV1", "4.2-IV0", "4.2-IV1",
		"4.3-IV0", "4.4-IV0", "4.4-IV1", "4.4-IV2",
	}
}

// metadataName is the name of a level of metadata.version; false: there is no
// such level.
func metadataName(level int16) (string, bool) {
	names := metadataVersions()
	i := int(level) - int(metadata.MinMetadataVersion)
	if i < 0 || i >= len(names) {
		return "", false
	}
	return names[i], true
}

// metadataLevel reads 4.0-IV1, or a release such as 4.0 or 4.0.1, which stands
// for its last level.
func metadataLevel(release string) (int16, error) {
	key := release
	if parts := strings.Split(release, "."); len(parts) > 2 {
		key = parts[0] + "." + parts[1]
	}
	names := metadataVersions()
	for i, name := range slices.Backward(names) {
		if name == key || strings.HasPrefix(name, key+"-IV") {
			return metadata.MinMetadataVersion + int16(i), nil //nolint:gosec // a short table
		}
	}
	return 0, fmt.Errorf("Unknown metadata.version '%s'. Supported metadata.version are: %s", release, strings.Join(names, ", "))
}

// feature is one that clusters finalize beside metadata.version.
type feature struct {
	name   string
	levels []featureLevel // from 0 on
}

// featureLevel says from which metadata.version on a level is a new cluster's
// default, and which metadata.version it needs; 0: none in particular.
type featureLevel struct{ since, needs int16 }

// features are Kafka's, in the order of its enum Feature.
func features() []feature {
	first := metadata.MinMetadataVersion
	return []feature{
		{"kraft.version", []featureLevel{{since: first}, {since: 21}}},
		{"transaction.version", []featureLevel{{since: first}, {since: 24}, {since: 24}}},
		{"group.version", []featureLevel{{since: first}, {since: 22}}},
		{"eligible.leader.replicas.version", []featureLevel{{since: first}, {since: 26, needs: 23}}},
		{"share.version", []featureLevel{{since: first}, {since: 28}, {since: 31}}},
		{"streams.version", []featureLevel{{since: first}, {since: 29}}},
	}
}

// defaultLevel is the level of the feature in a cluster made at a
// metadata.version.
func (f feature) defaultLevel(version int16) int16 {
	level := int16(0)
	for i, l := range f.levels {
		if l.since > version {
			break
		}
		level = int16(i) //nolint:gosec // a short table
	}
	return level
}

// levelText is a level as features describe shows it.
func levelText(name string, level int16) string {
	if name != metadata.MetadataVersion {
		return fmt.Sprint(level)
	}
	if text, ok := metadataName(level); ok {
		return text
	}
	return fmt.Sprintf("UNKNOWN %d", level)
}
