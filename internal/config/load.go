package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Load resolves properties, the later over the earlier (so: the file's first,
// then the overrides), over the table's defaults. It returns every problem at
// once, joined into one error with one line each; warnings are for the log and
// come sorted by where they arose, whether there is an error or not.
func Load(properties []Property) (*Broker, []string, error) { return load(properties, true) }

// Look is [Load] for commands that look at a node's files and do not run it:
// it judges as Kafka does, and refuses nothing that is merely not in effect
// yet (other roles, several voters, security).
func Look(properties []Property) (*Broker, []string, error) { return load(properties, false) }

func load(properties []Property, runs bool) (*Broker, []string, error) {
	l := loader{static: map[string]string{}, where: map[string]Property{}, runs: runs}
	for _, p := range properties {
		l.add(p)
	}
	l.replaceRenamed()
	l.defaults()
	l.checkKeys()
	if len(l.problems) > 0 {
		return nil, l.warnings, errors.Join(l.problems...)
	}
	b := &Broker{set: settings{static: l.static}}
	b.fill()
	l.problems = append(l.problems, b.validate(l.at, runs)...)
	if len(l.problems) > 0 {
		return nil, l.warnings, errors.Join(l.problems...)
	}
	return b, l.warnings, nil
}

type loader struct {
	static   map[string]string
	where    map[string]Property
	warnings []string
	problems []error
	unknowns int // keys that no table has, so far
	// runs says that a broker is to run with the configuration.
	runs bool
}

// suggestionsMax bounds the search for what was meant: a file of nothing but
// unknown keys is not a slip of the fingers.
const suggestionsMax = 50

func (l *loader) add(p Property) {
	if old, ok := l.where[p.Key]; ok && old.File == p.File && old.Value != p.Value {
		l.warn(p, "%s was already set at line %d; the later value is taken", p.Key, old.Line)
	}
	l.static[p.Key] = p.Value
	l.where[p.Key] = p
}

func (l *loader) warn(p Property, format string, args ...any) {
	l.warnings = append(l.warnings, located(p, fmt.Sprintf(format, args...)))
}

func located(p Property, message string) string {
	if at := p.Where(); at != "" {
		return at + ": " + message
	}
	return message
}

// at wraps a problem with where the first of the keys that is set was set.
func (l *loader) at(err error, keys ...string) error {
	for _, k := range keys {
		if p, ok := l.where[k]; ok {
			return errors.New(located(p, err.Error()))
		}
	}
	return err
}

// checkKeys parses every value that was given, names unknown keys, and
// refuses security that is not in effect.
func (l *loader) checkKeys() {
	for _, name := range slices.SortedFunc(maps.Keys(l.static), l.order) {
		p := l.where[name]
		base, _ := baseKey(name)
		k := BrokerKey(base)
		switch {
		case k == nil || quotaOnly(name):
			l.unknown(p)
			continue
		}
		v, err := k.parse(l.static[name])
		if err != nil {
			l.problems = append(l.problems, l.at(err, name))
			continue
		}
		if k.Type == List && k.repeats(l.static[name]) {
			l.warn(p, "%s names an entry twice; it is taken once", name)
		}
		if l.runs && k.State == Refused && v.text != k.defaultValue().text {
			l.problems = append(l.problems, l.at(notSecure(name), name))
		}
	}
	l.warnNotYet()
}

// order is the order of the messages: by file, line and key.
func (l *loader) order(a, b string) int {
	x, y := l.where[a], l.where[b]
	if c := strings.Compare(x.File, y.File); c != 0 {
		return -c // a file's before --override's
	}
	if x.Line != y.Line {
		return x.Line - y.Line
	}
	return strings.Compare(a, b)
}
