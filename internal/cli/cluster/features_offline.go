package cluster

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/metadata"
)

// mappedJSON is a feature and its level, for machines.
type mappedJSON struct {
	Feature string `json:"feature"`
	Level   int16  `json:"level"`
	Name    string `json:"name,omitempty"` // of metadata.version
}

func newVersionMapping(env *command.Env) *cobra.Command {
	release := ""
	cmd := &cobra.Command{
		Use:     "version-mapping",
		Short:   "Print the levels of all features in a release",
		Example: `  gregor features version-mapping --release-version 4.3`,
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVar(&release, "release-version", "", "the `release`: 4.3 or 4.3-IV0; the newest without")
	command.WithFormat(cmd, func(_ context.Context, asJSON bool) error {
		if release == "" {
			release, _ = metadataName(metadata.LatestMetadataVersion)
		}
		version, err := metadataLevel(release)
		if err != nil {
			return command.Fail(err)
		}
		name, _ := metadataName(version)
		list := []mappedJSON{{metadata.MetadataVersion, version, name}}
		for _, f := range features() {
			list = append(list, mappedJSON{f.name, f.defaultLevel(version), ""})
		}
		if asJSON {
			return env.PrintJSON(struct {
				Features []mappedJSON `json:"features"`
			}{list})
		}
		env.Printf("%s=%d (%s)\n", metadata.MetadataVersion, version, release)
		for _, f := range list[1:] {
			env.Printf("%s=%d\n", f.Feature, f.Level)
		}
		return nil
	})
	return cmd
}

// dependencyJSON is a level of a feature and what it needs, for machines.
type dependencyJSON struct {
	mappedJSON
	Requires []mappedJSON `json:"requires"`
}

func newFeatureDependencies(env *command.Env) *cobra.Command {
	var wanted []string
	cmd := &cobra.Command{
		Use:     "feature-dependencies",
		Short:   "Print which other features a level of a feature needs",
		Example: `  gregor features feature-dependencies --feature eligible.leader.replicas.version=1`,
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringArrayVar(&wanted, "feature", nil, "a `feature=level`; may be repeated")
	_ = cmd.MarkFlagRequired("feature")
	command.WithFormat(cmd, func(_ context.Context, asJSON bool) error {
		list := []dependencyJSON{}
		for _, text := range wanted {
			d, err := dependencies(text)
			if err != nil {
				return command.Fail(err)
			}
			list = append(list, d)
			if !asJSON {
				d.print(env)
			}
		}
		if !asJSON {
			return nil
		}
		return env.PrintJSON(struct {
			Features []dependencyJSON `json:"features"`
		}{list})
	})
	return cmd
}

// dependencies looks up feature=level.
func dependencies(text string) (dependencyJSON, error) {
	name, level, err := parseFeature(text)
	if err != nil {
		return dependencyJSON{}, err
	}
	d := dependencyJSON{mappedJSON{name, level, ""}, []mappedJSON{}}
	if name == metadata.MetadataVersion {
		if d.Name, err = knownMetadata(level); err != nil {
			return d, err
		}
		return d, nil
	}
	all := features()
	i := slices.IndexFunc(all, func(f feature) bool { return f.name == name })
	switch {
	case i < 0:
		return d, command.Failf("Unknown feature: %s", name)
	case level < 0 || int(level) >= len(all[i].levels):
		return d, command.Failf("No feature:%s with feature level %d", name, level)
	}
	if needs := all[i].levels[level].needs; needs > 0 {
		needed, _ := metadataName(needs)
		d.Requires = append(d.Requires, mappedJSON{metadata.MetadataVersion, needs, needed})
	}
	return d, nil
}

func knownMetadata(level int16) (string, error) {
	name, ok := metadataName(level)
	if !ok {
		return "", command.Failf("Unknown metadata.version %d", level)
	}
	return name, nil
}

func (d dependencyJSON) print(env *command.Env) {
	switch {
	case d.Name != "":
		env.Printf("%s=%d (%s) has no dependencies.\n", d.Feature, d.Level, d.Name)
	case len(d.Requires) == 0:
		env.Printf("%s=%d has no dependencies.\n", d.Feature, d.Level)
	default:
		env.Printf("%s=%d requires:\n", d.Feature, d.Level)
		for _, r := range d.Requires {
			env.Printf("    %s=%d (%s)\n", r.Feature, r.Level, r.Name)
		}
	}
}
