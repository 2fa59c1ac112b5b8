package configs

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/config"
)

// setting is a key and its new value.
type setting struct{ key, value string }

// change is what --alter does.
type change struct {
	add    []setting
	remove []string
}

// change reads the flags that say what is changed, and refuses what does not
// go with the entity.
func (o *options) change(e entity) (change, error) {
	var c change
	var err error
	switch {
	case len(o.addFile) == 1:
		c.add, err = readSettings(o.addFile[0])
	case len(o.add) == 1:
		c.add, err = parseSettings(o.add[0])
	}
	if err != nil {
		return c, command.Fail(err)
	}
	for _, list := range o.deleteConfig {
		for key := range strings.SplitSeq(list, ",") {
			c.remove = append(c.remove, strings.TrimSpace(key))
		}
	}
	return c, command.Fail(c.checkFor(e))
}

// parseSettings reads --add-config: key=value pairs parted by commas, where
// square brackets hold a value with commas or equal signs together. A key that
// is there twice has its last value.
func parseSettings(text string) ([]setting, error) {
	var list []setting
	for _, pair := range java.DropEmptyTail(splitOutside(text, ',')) {
		parts := splitOutside(pair, '=')
		if len(parts) != 2 {
			return nil, errors.New(`Invalid entity config: all configs to be added must be in the format "key=val" or  "key=[val1,val2]" to group values which contain commas.`)
		}
		value := strings.NewReplacer("[", "", "]", "").Replace(parts[1])
		list = put(list, setting{strings.TrimSpace(parts[0]), strings.TrimSpace(value)})
	}
	return inOrder(list)
}

// splitOutside parts text at each sep behind which a bracket opens before one
// closes, or none closes.
func splitOutside(text string, sep byte) []string {
	var parts []string
	from := 0
	for i := range len(text) {
		if text[i] != sep {
			continue
		}
		rest := text[i+1:]
		closes, opens := strings.IndexByte(rest, ']'), strings.IndexByte(rest, '[')
		if closes < 0 || opens >= 0 && opens < closes {
			parts = append(parts, text[from:i])
			from = i + 1
		}
	}
	return append(parts, text[from:])
}

func put(list []setting, s setting) []setting {
	if i := slices.IndexFunc(list, func(old setting) bool { return old.key == s.key }); i >= 0 {
		list[i] = s
		return list
	}
	return append(list, s)
}

// inOrder checks the keys, and gives the settings in the order of the map that
// Kafka's command keeps them in.
func inOrder(list []setting) ([]setting, error) {
	name := regexp.MustCompile(`^[$a-zA-Z0-9._-]*$`)
	for _, s := range list {
		if !name.MatchString(s.key) {
			return nil, fmt.Errorf("Invalid character found for config key: %s", s.key)
		}
	}
	return java.Order(list, func(s setting) int32 { return java.Hash(s.key) }), nil
}

// readSettings reads --add-config-file.
func readSettings(file string) ([]setting, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	properties, err := config.ParseProperties(file, text)
	if err != nil {
		return nil, err
	}
	var list []setting
	for _, p := range properties {
		list = put(list, setting{p.Key, p.Value})
	}
	return inOrder(list)
}

// isQuota says whether key is a quota of users and clients.
func isQuota(key string) bool {
	return slices.Contains([]string{"producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate"}, key)
}

func isScram(key string) bool {
	_, ok := admin.MechanismOf(key)
	return ok
}

// checkFor refuses keys that an entity cannot have, as Kafka's command does
// before it asks anybody. The keys of topics, brokers and groups are judged by
// the broker.
func (c *change) checkFor(e entity) error {
	switch {
	case e.types[0] == ips:
		return c.only(func(key string) bool { return key == "connection_creation_rate" },
			"Only connection quota configs can be %s for 'ips' using --bootstrap-server. Unexpected config names: %s")
	case e.types[0] == clients || len(e.types) == 2:
		return c.only(isQuota, "Only quota configs can be %s for 'clients' using --bootstrap-server. Unexpected config names: %s")
	case e.types[0] == users:
		return c.checkUser(e)
	}
	return nil
}

func (c *change) checkUser(e entity) error {
	either := func(key string) bool { return isQuota(key) || isScram(key) }
	if err := c.only(either, "Only quota and SCRAM credential configs can be %s for 'users' using --bootstrap-server. Unexpected config names: %s"); err != nil {
		return err
	}
	if !c.has(isScram) {
		return nil
	}
	if slices.Contains(e.names, "") {
		return errors.New("The use of --entity-default or --user-defaults is not allowed with User SCRAM Credentials using --bootstrap-server.")
	}
	if c.has(isQuota) {
		return errors.New("Cannot alter both quota and SCRAM credential configs simultaneously for 'users' using --bootstrap-server.")
	}
	return nil
}

// keys are those that are set, then those that are taken away.
func (c *change) keys() (added, removed []string) {
	for _, s := range c.add {
		added = append(added, s.key)
	}
	return added, c.remove
}

func (c *change) has(what func(key string) bool) bool {
	added, removed := c.keys()
	return slices.ContainsFunc(added, what) || slices.ContainsFunc(removed, what)
}

// only is an error in the words of format where there are other keys.
func (c *change) only(allowed func(key string) bool, format string) error {
	added, removed := c.keys()
	for _, side := range []struct {
		verb string
		keys []string
	}{{"added", added}, {"deleted", removed}} {
		if wrong := slices.DeleteFunc(slices.Clone(side.keys), allowed); len(wrong) > 0 {
			return fmt.Errorf(format, side.verb, strings.Join(wrong, ","))
		}
	}
	return nil
}

// The bounds of SCRAM iterations that the command knows.
const (
	scramIterationsDefault = 4096
	scramIterationsMin     = 4096
	scramIterationsMax     = 1 << 20 // beyond what any broker takes: it bounds our own work
)

// parsePassword reads "iterations=8192,password=secret" or "password=secret".
func parsePassword(s setting) (admin.Password, error) {
	m, ok := admin.MechanismOf(s.key)
	parts := regexp.MustCompile(`^(?:iterations=(-?[0-9]*),)?password=(.*)$`).FindStringSubmatch(s.value)
	if !ok || parts == nil {
		return admin.Password{}, fmt.Errorf("Invalid credential property %s: want [password=secret] or [iterations=8192,password=secret]", s.key)
	}
	p := admin.Password{Credential: admin.Credential{Mechanism: m, Iterations: scramIterationsDefault}, Password: parts[2]}
	if parts[1] != "-1" && strings.HasPrefix(s.value, "iterations=") {
		n, err := strconv.ParseInt(parts[1], 10, 32)
		if err != nil {
			return p, java.NotANumber(parts[1])
		}
		p.Iterations = int32(n)
	}
	switch {
	case p.Iterations < scramIterationsMin:
		return p, fmt.Errorf("Iterations %d is less than the minimum %d required for %s", p.Iterations, scramIterationsMin, s.key)
	case p.Iterations > scramIterationsMax:
		return p, fmt.Errorf("%s: %d iterations are more than any broker takes; 4096 to 16384 are", s.key, p.Iterations)
	case p.Password == "":
		return p, errors.New("Password must not be empty")
	}
	return p, nil
}
