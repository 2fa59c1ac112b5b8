package storagetool

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// release is a metadata.version of Kafka 4.4.0.
type release struct {
	level int16
	name  string
}

// String is the name.
func (r release) String() string { return r.name }

// latestProduction is the newest release that is stable in Kafka 4.4.0; those
// after it need unstable.feature.versions.enable.
const latestProduction int16 = 33

const (
	metadataVersion = "metadata.version"
	kraftVersion    = "kraft.version"
	firstScram      = 11 // 3.5-IV2: the first metadata.version with SCRAM
)

func releases() []release {
	names := []string{
		"3.3-IV3", "3.4-IV0", "3.5-IV0", "3.5-IV1", "3.5-IV2", "3.6-IV0", "3.6-IV1", "3.6-IV2", "3.7-IV0", "3.7-IV1", "3.7-IV2",
		"3.7-IV3", "3.7-IV4", "3.8-IV0", "3.9-IV0", "4.0-IV0", "4.0-IV1", "4.0-IV2", "4.0-IV3", "4.1-IV0", "4.1-IV1", "4.2-IV0",
		"4.2-IV1", "4.3-IV0", "4.4-IV0", "4.4-IV1", "4.4-IV2", "4.5-IV0",
	}
	list := make([]release, len(names))
	for i, name := range names {
		list[i] = release{level: int16(7 + i), name: name}
	}
	return list
}

func latestRelease() release {
	r, _ := releaseOf(latestProduction)
	return r
}

// releaseOf finds a release by its level, with Kafka's sentence where there is
// none.
func releaseOf(level int16) (release, error) {
	all := releases()
	for _, r := range all {
		if r.level == level {
			return r, nil
		}
	}
	return release{}, fmt.Errorf("No MetadataVersion with feature level %d. Valid feature levels are from %d to %d.", level, all[0].level, all[len(all)-1].level)
}

// parseRelease reads 4.3-IV0, 4.3 (the newest stable of it) and 4.3.1.
func parseRelease(text string, unstable bool) (release, error) {
	key := text
	if parts := strings.Split(strings.TrimRight(text, "."), "."); len(parts) > 2 {
		key = parts[0] + "." + parts[1]
	}
	var found *release
	var names []string
	for _, r := range releases() {
		stable := r.level <= latestProduction
		if stable || unstable {
			names = append(names, r.name)
		}
		short, _, _ := strings.Cut(r.name, "-")
		if (r.name == key || short == key && stable) && (stable || unstable) {
			found = &r
		}
	}
	if found == nil {
		return release{}, fmt.Errorf("Unknown metadata.version '%s'. Supported metadata.version are: %s", text, strings.Join(names, ", "))
	}
	return *found, nil
}

// feature is one of Kafka's features beside metadata.version.
type feature struct {
	name   string
	levels []featureLevel
}

type featureLevel struct {
	level int16
	since int16 // the metadata.version of new clusters that begin with it
	needs int16 // the metadata.version that it needs; 0: any
}

// features lists the features of Kafka 4.4.0 in its order.
func features() []feature {
	zero := featureLevel{since: 7}
	return []feature{
		{kraftVersion, []featureLevel{zero, {level: 1, since: 21}}},
		{"transaction.version", []featureLevel{zero, {level: 1, since: 24}, {level: 2, since: 24}}},
		{"group.version", []featureLevel{zero, {level: 1, since: 22}}},
		{"eligible.leader.replicas.version", []featureLevel{zero, {level: 1, since: 26, needs: 23}}},
		{"share.version", []featureLevel{zero, {level: 1, since: 28}, {level: 2, since: 31}}},
		{"streams.version", []featureLevel{zero, {level: 1, since: 29}}},
	}
}

func findFeature(name string) (feature, bool) {
	all := features()
	i := slices.IndexFunc(all, func(f feature) bool { return f.name == name })
	if i < 0 {
		return feature{}, false
	}
	return all[i], true
}

// defaultLevel is the level of a new cluster of a release.
func (f feature) defaultLevel(r release) int16 {
	var level int16
	for _, l := range f.levels {
		if l.since <= r.level {
			level = l.level
		}
	}
	return level
}

func (f feature) find(level int16) (featureLevel, bool) {
	i := slices.IndexFunc(f.levels, func(l featureLevel) bool { return l.level == level })
	if i < 0 {
		return featureLevel{}, false
	}
	return f.levels[i], true
}

// versionMapping prints which levels of the features go with a release.
func (c *call) versionMapping(text string) error {
	if text == "" {
		text = latestRelease().name
	}
	r, err := parseRelease(text, true)
	if err != nil {
		return terse(err.Error())
	}
	if c.json {
		levels := make([]string, 0, len(features()))
		for _, f := range features() {
			levels = append(levels, fmt.Sprintf(`"%s":%d`, f.name, f.defaultLevel(r)))
		}
		c.print(`{"release":%s,"metadata.version":%d,%s}`, quote(text), r.level, strings.Join(levels, ","))
		return nil
	}
	c.print("metadata.version=%d (%s)", r.level, text)
	for _, f := range features() {
		c.print("%s=%d", f.name, f.defaultLevel(r))
	}
	return nil
}

// dependencies prints what levels of features need.
func (c *call) dependencies(list []string) error {
	for _, text := range list {
		name, version, ok := strings.Cut(text, "=")
		if !ok {
			return terse(fmt.Sprintf("Invalid feature format: %s. Expected format: 'feature=version' (e.g. 'group.version=1')", text))
		}
		name, version = strings.TrimSpace(name), strings.TrimSpace(version)
		n, err := strconv.ParseInt(version, 10, 16)
		if err != nil {
			return terse(fmt.Sprintf("Invalid version format: %s for feature %s", version, name))
		}
		if err := c.dependency(name, int16(n)); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) dependency(name string, level int16) error {
	if name == metadataVersion {
		r, err := releaseOf(level)
		if err != nil {
			return terse(fmt.Sprintf("Unknown metadata.version %d", level))
		}
		if c.json {
			c.print(`{"feature":"%s","level":%d,"release":"%s","requires":{}}`, name, level, r)
		} else {
			c.print("%s=%d (%s) has no dependencies.", name, level, r)
		}
		return nil
	}
	f, ok := findFeature(name)
	if !ok {
		return terse("Unknown feature: " + name)
	}
	l, ok := f.find(level)
	switch {
	case !ok:
		return terse(fmt.Sprintf("Feature level %d is not supported for feature %s", level, name))
	case c.json && l.needs == 0:
		c.print(`{"feature":"%s","level":%d,"requires":{}}`, name, level)
	case c.json:
		c.print(`{"feature":"%s","level":%d,"requires":{"metadata.version":%d}}`, name, level, l.needs)
	case l.needs == 0:
		c.print("%s=%d has no dependencies.", name, level)
	default:
		r, err := releaseOf(l.needs)
		if err != nil {
			return err
		}
		c.print("%s=%d requires:", name, level)
		c.print("    metadata.version=%d (%s)", l.needs, r)
	}
	return nil
}

// levels are the levels that a directory is formatted with, by feature.
type levels map[string]int16

// sorted gives the names in order.
func (l levels) sorted() []string {
	names := make([]string, 0, len(l))
	for name := range l {
		names = append(names, name)
	}
	slices.SortFunc(names, cmp.Compare[string])
	return names
}
