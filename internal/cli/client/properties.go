// Package client connects the commands of gregor to a cluster: it reads
// Kafka's client properties and turns them into options of franz-go, waits for
// a broker that answers, and says in one line why none does. Kind: shell
package client

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/config"
)

// Properties are settings of a Kafka client by their names: bootstrap.servers,
// security.protocol and so on.
type Properties map[string]string

// Load reads a file of client properties; "" gives none.
func Load(file string) (Properties, error) {
	p := make(Properties)
	if file == "" {
		return p, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, command.Failf("read the client properties: %w", err)
	}
	list, err := config.ParseProperties(file, text)
	if err != nil {
		return nil, command.Fail(err)
	}
	for _, l := range list {
		p[l.Key] = l.Value
	}
	return p, nil
}

// Assign reads "key=value" settings, as --command-property takes them.
func (p Properties) Assign(settings []string) error {
	for _, s := range settings {
		key, value, ok := strings.Cut(s, "=")
		if !ok || key == "" {
			return command.Usagef("%q is not key=value", s)
		}
		p[strings.TrimSpace(key)] = value
	}
	return nil
}

// Default sets a property that is not set yet.
func (p Properties) Default(key, value string) {
	if _, ok := p[key]; !ok {
		p[key] = value
	}
}

// Clone is a copy.
func (p Properties) Clone() Properties { return maps.Clone(p) }

// Int reads a number of at least least; fallback where it is not set.
func (p Properties) Int(key string, fallback, least int64) (int64, error) {
	text, ok := p[key]
	if !ok {
		return fallback, nil
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < least {
		return 0, fmt.Errorf("%s=%s: want a number of at least %d", key, text, least)
	}
	return n, nil
}

// Ms reads a duration in milliseconds.
func (p Properties) Ms(key string, fallback time.Duration) (time.Duration, error) {
	const most = 1 << 31
	n, err := p.Int(key, fallback.Milliseconds(), 0)
	return time.Duration(min(n, most)) * time.Millisecond, err
}

// Bool reads true or false.
func (p Properties) Bool(key string, fallback bool) (bool, error) {
	text, ok := p[key]
	if !ok {
		return fallback, nil
	}
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("%s=%s: want true or false", key, text)
}

// Choice reads one of several words, in any case of letters.
func (p Properties) Choice(key, fallback string, words ...string) (string, error) {
	text, ok := p[key]
	if !ok {
		return fallback, nil
	}
	for _, w := range words {
		if strings.EqualFold(strings.TrimSpace(text), w) {
			return w, nil
		}
	}
	slices.Sort(words)
	return "", fmt.Errorf("%s=%s: want %s", key, text, strings.Join(words, ", "))
}
