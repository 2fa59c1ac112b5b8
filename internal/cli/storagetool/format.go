package storagetool

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// formatOptions is what the flags of format say.
type formatOptions struct {
	file, cluster  string
	scram          []string
	ignore         bool
	release        string
	features       []string
	standalone     bool
	noControllers  bool
	hasControllers bool
	controllers    string
}

// formatter is a format that was judged, before anything is written.
type formatter struct {
	*call
	broker   *config.Broker
	cluster  string
	ignore   bool
	unstable bool
	dynamic  bool // the voters are not the configuration's
	release  release
	levels   levels
	voters   []voter
	records  []metadata.Record
}

// format formats the log directories.
func (c *call) format(o *formatOptions) error {
	b, err := loadConfig(o.file)
	if err != nil {
		return err
	}
	f := &formatter{
		call: c, broker: b, cluster: o.cluster, ignore: o.ignore,
		unstable: b.Bool("unstable.feature.versions.enable"), dynamic: len(b.Voters) == 0,
	}
	var wanted *release
	if o.release != "" {
		r, err := parseRelease(o.release, f.unstable)
		if err != nil {
			return terse(err.Error())
		}
		wanted = &r
	}
	given, err := parseLevels(o.features)
	if err != nil {
		return err
	}
	if err := f.setVoters(o); err != nil {
		return err
	}
	if err := f.setRelease(wanted, given); err != nil {
		return err
	}
	if err := f.setLevels(given); err != nil {
		return err
	}
	if err := f.setRecords(o.scram); err != nil {
		return err
	}
	return f.write()
}

// parseLevels reads the arguments of --feature.
func parseLevels(list []string) (levels, error) {
	out := levels{}
	for _, text := range list {
		name, level, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("Can't parse feature=level string %s: equals sign not found.", text)
		}
		level = strings.TrimSpace(level)
		n, err := strconv.ParseInt(level, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("Can't parse feature=level string %s: unable to parse %s as a short.", text, level)
		}
		out[strings.TrimSpace(name)] = int16(n)
	}
	return out, nil
}

// setVoters finds the initial controllers.
func (f *formatter) setVoters(o *formatOptions) error {
	b := f.broker
	if !f.dynamic && (o.hasControllers || o.standalone) {
		return terse("You cannot specify controller.quorum.voters and format the node with --initial-controllers or --standalone. " +
			"If you want to use dynamic quorum, please remove controller.quorum.voters and specify controller.quorum.bootstrap.servers instead.")
	}
	var err error
	if o.hasControllers {
		if f.voters, err = parseVoters(o.controllers); err != nil {
			return err
		}
	}
	if o.standalone {
		if f.voters, err = f.standalone(); err != nil {
			return err
		}
	}
	if !o.noControllers && b.ControllerRole && f.dynamic && len(f.voters) == 0 {
		return terse("Because controller.quorum.voters is not set on this controller, you must specify one of the following: " +
			"--standalone, --initial-controllers, or --no-initial-controllers.")
	}
	return nil
}

// standalone makes this node the one voter.
func (f *formatter) standalone() ([]voter, error) {
	b := f.broker
	switch {
	case !b.ControllerRole:
		return nil, terse("You can only use --standalone on a controller.")
	case len(b.AdvertisedControllers) == 0:
		return nil, errors.New("No controller listeners found.")
	}
	id, err := kafka.NewUUID(f.rand)
	if err != nil {
		return nil, fmt.Errorf("make a directory's id: %w", err)
	}
	v := voter{id: b.NodeID, host: b.AdvertisedControllers[0].Host, port: uint16(b.AdvertisedControllers[0].Port), directory: id} //nolint:gosec // checked by config
	if v.host == "" {
		v.host = "localhost"
	}
	return []voter{v}, nil
}

// setRelease decides on the metadata.version.
func (f *formatter) setRelease(wanted *release, given levels) error {
	level, byLevel := given[metadataVersion]
	switch {
	case byLevel && wanted != nil:
		return terse("Use --release-version instead of --feature metadata.version=X to avoid ambiguity.")
	case byLevel:
		r, err := releaseOf(level)
		if err != nil {
			return err
		}
		f.release = r
	case wanted != nil:
		f.release = *wanted
	case f.unstable:
		all := releases()
		f.release = all[len(all)-1]
	default:
		f.release = latestRelease()
	}
	if !f.unstable && f.release.level > latestProduction {
		return terse("metadata.version " + f.release.name + " is not yet stable.")
	}
	return nil
}

// setLevels decides on the levels of the features.
func (f *formatter) setLevels(given levels) error {
	f.levels = levels{}
	for _, name := range given.sorted() {
		if _, ok := findFeature(name); !ok && name != metadataVersion {
			var names []string
			for _, known := range features() {
				names = append(names, known.name)
			}
			slices.Sort(names)
			return terse(fmt.Sprintf("Unsupported feature: %s. Supported features are: %s", name, strings.Join(names, ", ")))
		}
		f.levels[name] = given[name]
	}
	f.levels[metadataVersion] = f.release.level
	for _, known := range features() {
		level, ok := f.levels[known.name]
		switch {
		case known.name == kraftVersion:
			var err error
			if level, err = f.kraftLevel(level, ok); err != nil {
				return err
			}
			f.levels[kraftVersion] = level
		case !ok:
			f.levels[known.name] = known.defaultLevel(f.release)
		}
	}
	for _, name := range f.levels.sorted() {
		if name == metadataVersion {
			continue
		}
		known, _ := findFeature(name)
		l, ok := known.find(f.levels[name])
		switch {
		case !ok:
			return fmt.Errorf("No feature:%s with feature level %d", name, f.levels[name])
		case f.release.level < l.needs:
			return fmt.Errorf("%s could not be set to %d because it depends on metadata.version level %d", name, l.level, l.needs)
		}
	}
	return nil
}

// kraftLevel is the level of kraft.version: 1 where the quorum is dynamic.
func (f *formatter) kraftLevel(level int16, given bool) (int16, error) {
	switch {
	case given && level == 0 && f.dynamic:
		return 0, terse("Cannot set kraft.version to 0 if controller.quorum.voters is empty and one of the flags --standalone, --initial-controllers, or " +
			"--no-initial-controllers is used. For dynamic controllers support, try removing the --feature flag for kraft.version.")
	case given && level != 0 && !f.dynamic:
		return 0, terse(fmt.Sprintf("Cannot set kraft.version to %d unless controller.quorum.voters is empty and one of the flags --standalone, "+
			"--initial-controllers, or --no-initial-controllers is used. For dynamic controllers support, try using one of --standalone, "+
			"--initial-controllers, or --no-initial-controllers and removing controller.quorum.voters.", level))
	case given:
		return level, nil
	case f.dynamic:
		return 1, nil
	}
	return 0, nil
}

// setRecords makes the records with which the cluster begins.
func (f *formatter) setRecords(scram []string) error {
	level := func(name string, n int16) {
		f.records = append(f.records, metadata.Record{Message: &msg.FeatureLevelRecord{Name: name, FeatureLevel: n}})
	}
	level(metadataVersion, f.release.level)
	for _, name := range f.levels.sorted() {
		if n := f.levels[name]; n > 0 && name != metadataVersion && name != kraftVersion {
			level(name, n)
		}
	}
	if len(scram) == 0 {
		return nil
	}
	if f.release.level < firstScram {
		return terse("SCRAM is only supported in metadata.version 3.5-IV2 or later.")
	}
	credentials, err := f.scramRecords(scram)
	if err != nil {
		return err
	}
	for _, r := range credentials {
		f.records = append(f.records, metadata.Record{Message: r})
	}
	return nil
}

// bootstrapText is the records as Kafka prints them.
func (f *formatter) bootstrapText() string {
	parts := make([]string, len(f.records))
	for i, r := range f.records {
		var text string
		switch m := r.Message.(type) {
		case *msg.FeatureLevelRecord:
			text = fmt.Sprintf("FeatureLevelRecord(name='%s', featureLevel=%d)", m.Name, m.FeatureLevel)
		case *msg.UserScramCredentialRecord:
			text = fmt.Sprintf("UserScramCredentialRecord(name='%s', mechanism=%d, salt=%s, storedKey=%s, serverKey=%s, iterations=%d)",
				m.Name, m.Mechanism, javaBytes(m.Salt), javaBytes(m.StoredKey), javaBytes(m.ServerKey), m.Iterations)
		}
		parts[i] = fmt.Sprintf("ApiMessageAndVersion(%s at version %d)", text, r.Version)
	}
	return fmt.Sprintf("BootstrapMetadata(records=[%s], metadataVersionLevel=%d, source=format command)", strings.Join(parts, ", "), f.release.level)
}

// javaBytes is Java's Arrays.toString.
func javaBytes(b []byte) string {
	parts := make([]string, len(b))
	for i, c := range b {
		parts[i] = strconv.Itoa(int(int8(c))) //nolint:gosec // Java's bytes are signed
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
