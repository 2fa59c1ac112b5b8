package cluster

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/metadata"
)

// The kinds of change that UpdateFeatures knows.
const (
	upgrade         int8 = 1
	safeDowngrade   int8 = 2
	unsafeDowngrade int8 = 3
)

// change is what the flags of upgrade, downgrade and disable ask for.
type change struct {
	op       string
	where    *client.Flags
	metadata string
	release  string
	features []string
	unsafe   bool
	dryRun   bool
}

func newUpgrade(env *command.Env, where *client.Flags) *cobra.Command {
	return newChange(env, where, "upgrade", "Raise features, or all of them to those of a release",
		`  gregor features --bootstrap-server localhost:9092 upgrade --feature group.version=1`)
}

func newDowngrade(env *command.Env, where *client.Flags) *cobra.Command {
	return newChange(env, where, "downgrade", "Lower features, or all of them to those of a release",
		`  gregor features --bootstrap-server localhost:9092 downgrade --feature share.version=1 --dry-run`)
}

func newDisable(env *command.Env, where *client.Flags) *cobra.Command {
	return newChange(env, where, "disable", "Switch features off, which is to lower them to 0",
		`  gregor features --bootstrap-server localhost:9092 disable --feature streams.version`)
}

func newChange(env *command.Env, where *client.Flags, op, short, example string) *cobra.Command {
	c := &change{op: op, where: where}
	cmd := &cobra.Command{Use: op, Short: short, Example: example, Args: cobra.NoArgs}
	f := cmd.Flags()
	if op == "disable" {
		f.StringArrayVar(&c.features, "feature", nil, "the `feature` to switch off; may be repeated")
	} else {
		f.StringVar(&c.metadata, "metadata", "", "the old form of --feature metadata.version=N: a `release` such as 4.4-IV2")
		f.StringVar(&c.release, "release-version", "", "all features as they are in this `release`; version-mapping shows them")
		f.StringArrayVar(&c.features, "feature", nil, "a `feature=level`; may be repeated")
	}
	if op != "upgrade" {
		f.BoolVar(&c.unsafe, "unsafe", false, "do it even if metadata is lost that the lower level does not know")
	}
	f.BoolVar(&c.dryRun, "dry-run", false, "say whether it would work, and change nothing")
	command.WithFormat(cmd, func(ctx context.Context, asJSON bool) error {
		levels, err := c.levels(env, asJSON)
		if err != nil {
			return command.Fail(err)
		}
		if len(levels) == 0 {
			return command.Failf("You must specify at least one feature to %s", op)
		}
		conn, err := open(ctx, env, where)
		if err != nil {
			return err
		}
		defer conn.Close()
		failures, err := conn.updateFeatures(ctx, levels, c.kind(), c.dryRun)
		if !c.dryRun {
			uncertain(ctx, env, "describe")
		}
		if err != nil {
			return command.Fail(err)
		}
		return c.print(env, levels, failures, asJSON)
	})
	return cmd
}

func (c *change) kind() int8 {
	switch {
	case c.op == "upgrade":
		return upgrade
	case c.unsafe:
		return unsafeDowngrade
	}
	return safeDowngrade
}

// levels are the features to change and the levels they get.
func (c *change) levels(env *command.Env, asJSON bool) (map[string]int16, error) {
	levels := make(map[string]int16)
	if c.release != "" && (c.metadata != "" || len(c.features) > 0) {
		return nil, command.Failf("Can not specify `release-version` with other feature flags.")
	}
	if c.release != "" {
		version, err := metadataLevel(c.release)
		if err != nil {
			return nil, err
		}
		levels[metadata.MetadataVersion] = version
		for _, f := range features() {
			if level := f.defaultLevel(version); level > 0 || c.op != "upgrade" { // nothing is upgraded to 0
				levels[f.name] = level
			}
		}
		return levels, nil
	}
	if c.metadata != "" {
		if old := " `metadata` flag is deprecated and may be removed in a future release."; asJSON {
			env.Warnf("%s", strings.TrimSpace(old))
		} else {
			env.Println(old)
		}
		version, err := metadataLevel(c.metadata)
		if err != nil {
			return nil, err
		}
		levels[metadata.MetadataVersion] = version
	}
	for _, text := range c.features {
		name, level := text, int16(0)
		if c.op != "disable" {
			var err error
			if name, level, err = parseFeature(text); err != nil {
				return nil, err
			}
			if err := c.possible(level); err != nil {
				return nil, err
			}
		}
		if _, twice := levels[name]; twice {
			return nil, command.Failf("Feature %s was specified more than once.", name)
		}
		levels[name] = level
	}
	return levels, nil
}

func (c *change) possible(level int16) error {
	switch {
	case level < 0:
		return command.Failf("Cannot specify a negative version level.")
	case level == 0 && c.op == "upgrade":
		return command.Failf("a feature is not upgraded to level 0: use disable")
	}
	return nil
}

// parseFeature reads feature=level.
func parseFeature(text string) (string, int16, error) {
	name, number, ok := strings.Cut(text, "=")
	if !ok {
		return "", 0, command.Failf("Can't parse feature=level string %s: equals sign not found.", text)
	}
	number = strings.TrimSpace(number)
	level, err := strconv.ParseInt(number, 10, 16)
	if err != nil {
		return "", 0, command.Failf("Can't parse feature=level string %s: unable to parse %s as a short.", text, number)
	}
	return strings.TrimSpace(name), int16(level), nil
}

// updateFeatures asks the controller, and gives what it says of each feature
// that it refuses.
func (c *conn) updateFeatures(ctx context.Context, levels map[string]int16, kind int8, dryRun bool) (map[string]string, error) {
	req := kmsg.NewPtrUpdateFeaturesRequest()
	req.ValidateOnly = dryRun
	for _, name := range slices.Sorted(maps.Keys(levels)) {
		u := kmsg.NewUpdateFeaturesRequestFeatureUpdate()
		u.Feature, u.MaxVersionLevel, u.UpgradeType, u.AllowDowngrade = name, levels[name], kind, kind != upgrade
		req.FeatureUpdates = append(req.FeatureUpdates, u)
	}
	resp, err := req.RequestWith(ctx, c)
	if err != nil {
		return nil, err
	}
	failures := make(map[string]string)
	if resp.ErrorCode != 0 {
		text := c.Refused(resp.ErrorCode, resp.ErrorMessage).Error()
		for name := range levels {
			failures[name] = text
		}
	}
	for _, r := range resp.Results {
		if r.ErrorCode != 0 {
			failures[r.Feature] = c.Refused(r.ErrorCode, r.ErrorMessage).Error()
		}
	}
	return failures, nil
}

// changedJSON is what upgrade, downgrade and disable print for machines.
type changedJSON struct {
	Feature string `json:"feature"`
	Level   int16  `json:"level"`
	Error   string `json:"error"` // "": done, or possible in a dry run
}

func (c *change) print(env *command.Env, levels map[string]int16, failures map[string]string, asJSON bool) error {
	list := make([]changedJSON, 0, len(levels))
	for _, name := range slices.Sorted(maps.Keys(levels)) {
		list = append(list, changedJSON{name, levels[name], failures[name]})
		if asJSON {
			continue
		}
		what := fmt.Sprintf("%s %s", c.op, name)
		if c.op != "disable" {
			what += fmt.Sprintf(" to %d", levels[name])
		}
		failed, can, verb := failures[name] != "", "Could not", "was"
		if c.dryRun {
			can, verb = "Can not", "can be"
		}
		switch {
		case failed:
			env.Printf("%s %s. %s\n", can, what, failures[name])
		case c.op == "disable":
			env.Printf("%s %s disabled.\n", name, verb)
		default:
			env.Printf("%s %s %sd to %d.\n", name, verb, c.op, levels[name])
		}
	}
	if asJSON {
		err := env.PrintJSON(struct {
			DryRun   bool          `json:"dryRun"`
			Features []changedJSON `json:"features"`
		}{c.dryRun, list})
		if err != nil {
			return err
		}
	}
	if len(failures) > 0 {
		return command.Failf("%d out of %d operation(s) failed.", len(failures), len(levels))
	}
	return nil
}
