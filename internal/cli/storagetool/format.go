package storagetool

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/cli/javaorder"
	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/quorum"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
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
			return nil, fmt.Errorf("Can't parse feature=level string %s: equals sign not found.", text) //nolint:staticcheck // Kafka's sentence
		}
		level = strings.TrimSpace(level)
		n, err := strconv.ParseInt(level, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("Can't parse feature=level string %s: unable to parse %s as a short.", text, level) //nolint:staticcheck // Kafka's sentence
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
		return nil, errors.New("No controller listeners found.") //nolint:staticcheck // Kafka's sentence
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
			return fmt.Errorf("No feature:%s with feature level %d", name, f.levels[name]) //nolint:staticcheck // Kafka's sentence
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
			javaorder.CopiedStrings(formatted)[0]))
	}
	for _, dir := range javaorder.Strings(failed) {
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
	for _, dir := range javaorder.Strings(empty) {
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
			return fmt.Errorf("Invalid cluster.id in: %s. Expected %s, but read %s", path, f.cluster, *m.cluster) //nolint:staticcheck // Kafka's sentence
		}
		if m.node != nil && *m.node != f.broker.NodeID {
			return fmt.Errorf("Stored node id %d doesn't match previous node id %d in %s. If you moved your data, make sure your configured node id matches. If you intend to create a new node, you should remove all data in your data directories.", //nolint:staticcheck // Kafka's sentence
				*m.node, f.broker.NodeID, path)
		}
		if m.directory == nil {
			continue
		}
		if m.directory.Reserved() {
			return fmt.Errorf("Invalid reserved directory ID %s found in %s", m.directory, dir) //nolint:staticcheck // Kafka's sentence
		}
		if other, ok := seen[*m.directory]; ok {
			return fmt.Errorf("Duplicate directory ID %s found. It was the ID of %s, but also of %s", m.directory, other, dir) //nolint:staticcheck // Kafka's sentence
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
