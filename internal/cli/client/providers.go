package client

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gregor-stream/gregor/internal/config"
)

// Resolved is p with what config.providers stand for put in: ${file:/path:key},
// ${dir:/path:file} and ${env:NAME}, where the user has named the provider.
func (p Properties) Resolved() (Properties, error) {
	names := p.list("config.providers")
	if len(names) == 0 {
		return p, nil
	}
	r := &reading{Properties: p}
	known := make(map[string]provider)
	for _, name := range names {
		if look := r.provider(name); look != nil {
			known[name] = look
		}
	}
	out := make(Properties, len(p))
	for key, value := range p {
		if key == "config.providers" || strings.HasPrefix(key, "config.providers.") {
			continue
		}
		out[key] = r.resolve(key, value, known)
	}
	return out, r.err()
}

// provider looks up a key at a path.
type provider func(path, key string) (string, error)

func (r *reading) provider(name string) provider {
	prefix := "config.providers." + name
	var allowed []string
	for _, path := range r.list(prefix + ".param.allowed.paths") {
		allowed = append(allowed, filepath.Clean(path))
	}
	within := func(path string) error {
		path = filepath.Clean(path)
		if len(allowed) == 0 || slices.ContainsFunc(allowed, func(a string) bool {
			return path == a || strings.HasPrefix(path, strings.TrimSuffix(a, string(filepath.Separator))+string(filepath.Separator))
		}) {
			return nil
		}
		return fmt.Errorf("%s is not below %s.param.allowed.paths", path, prefix)
	}
	switch class := r.text(prefix + ".class"); className(class) {
	case "FileConfigProvider":
		return func(path, key string) (string, error) { return lookInFile(within, path, key) }
	case "DirectoryConfigProvider":
		return func(path, key string) (string, error) {
			file := filepath.Join(path, key)
			if err := within(file); err != nil {
				return "", err
			}
			data, err := readBounded(file)
			return string(data), err
		}
	case "EnvVarConfigProvider":
		return r.environment(prefix)
	default:
		r.failf("%s.class=%s: there is no Java here; the commands know Kafka's FileConfigProvider, DirectoryConfigProvider and EnvVarConfigProvider", prefix, class)
		return nil
	}
}

func lookInFile(within func(string) error, path, key string) (string, error) {
	if err := within(path); err != nil {
		return "", err
	}
	data, err := readBounded(path)
	if err != nil {
		return "", err
	}
	list, err := config.ParseProperties(path, data)
	if err != nil {
		return "", err
	}
	for _, l := range slices.Backward(list) {
		if l.Key == key {
			return l.Value, nil
		}
	}
	return "", fmt.Errorf("%s has no %s", path, key)
}

func (r *reading) environment(prefix string) provider {
	pattern := r.text(prefix + ".param.allowlist.pattern")
	if pattern == "" {
		pattern = ".*"
	}
	allowed, err := regexp.Compile(`^(?:` + pattern + `)$`)
	if err != nil {
		r.failf("%s.param.allowlist.pattern: %w", prefix, err)
		return nil
	}
	return func(_, key string) (string, error) {
		value, set := os.LookupEnv(key)
		if !set || !allowed.MatchString(key) {
			return "", fmt.Errorf("the environment has no %s, or it is not allowed", key)
		}
		return value, nil
	}
}

// resolve replaces what stands in ${...} in a value. What names no provider
// stays as it is, as in Kafka.
func (r *reading) resolve(key, value string, known map[string]provider) string {
	variable := regexp.MustCompile(`\$\{([^}]*?):(?:([^}]*?):)?([^}]*?)\}`) // ConfigTransformer's
	return variable.ReplaceAllStringFunc(value, func(whole string) string {
		m := variable.FindStringSubmatch(whole)
		look, ok := known[m[1]]
		if !ok {
			return whole
		}
		text, err := look(m[2], m[3])
		if err != nil {
			r.failf("%s=%s: %w", key, whole, err)
		}
		return text
	})
}
