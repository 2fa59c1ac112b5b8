package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// copied is what the image's one COPY brings in: the binary and the volume's
// directories, and whose they are.
type copied struct {
	uid, gid int
	dirs     []string
}

// lastStage reads the last stage of the Dockerfile. It knows the instructions
// that stand there, and refuses others rather than building another image than
// Docker would.
func lastStage(text string) (*v1.Config, *copied, error) {
	at := strings.LastIndex(text, "\nFROM ")
	if at < 0 || !strings.HasPrefix(text[at+1:], "FROM scratch\n") {
		return nil, nil, fmt.Errorf("the last stage is not FROM scratch")
	}
	config, c := &v1.Config{Labels: map[string]string{}}, &copied{uid: -1}
	for line := range strings.Lines(text[at+1+len("FROM scratch\n"):]) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		if err := instruction(config, c, word, rest); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", line, err)
		}
	}
	if c.uid < 0 {
		return nil, nil, fmt.Errorf("nothing is copied into the image")
	}
	return config, c, nil
}

func instruction(config *v1.Config, c *copied, word, rest string) error {
	switch word {
	case "LABEL":
		key, value, ok := strings.Cut(rest, "=")
		if !ok {
			return fmt.Errorf("want key=value")
		}
		config.Labels[key] = value
	case "COPY":
		m := regexp.MustCompile(`^--from=build --chown=(\d+):(\d+) /out/ /$`).FindStringSubmatch(rest)
		if m == nil {
			return fmt.Errorf("want what the stage build has left in /out/")
		}
		c.uid, _ = strconv.Atoi(m[1]) // digits
		c.gid, _ = strconv.Atoi(m[2])
	case "USER":
		config.User = rest
	case "EXPOSE":
		config.ExposedPorts = map[string]struct{}{}
		for port := range strings.FieldsSeq(rest) {
			config.ExposedPorts[port+"/tcp"] = struct{}{}
		}
	case "VOLUME":
		config.Volumes = map[string]struct{}{rest: {}}
		path := ""
		for step := range strings.SplitSeq(strings.TrimPrefix(rest, "/"), "/") {
			path = strings.TrimPrefix(path+"/"+step, "/")
			c.dirs = append(c.dirs, path)
		}
	case "HEALTHCHECK":
		return healthcheck(config, rest)
	case "ENTRYPOINT":
		return json.Unmarshal([]byte(rest), &config.Entrypoint)
	case "CMD":
		return json.Unmarshal([]byte(rest), &config.Cmd)
	default:
		return fmt.Errorf("this program does not know the instruction")
	}
	return nil
}

// healthcheck reads HEALTHCHECK --interval=5s ... CMD [...].
func healthcheck(config *v1.Config, rest string) error {
	flags, cmd, ok := strings.Cut(rest, " CMD ")
	if !ok {
		return fmt.Errorf("want CMD [...]")
	}
	var words []string
	if err := json.Unmarshal([]byte(cmd), &words); err != nil {
		return err
	}
	check := &v1.HealthConfig{Test: append([]string{"CMD"}, words...)}
	for flag := range strings.FieldsSeq(flags) {
		key, value, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
		if key == "retries" {
			n, err := strconv.Atoi(value)
			if err != nil {
				return err
			}
			check.Retries = n
			continue
		}
		d, err := time.ParseDuration(value)
		if err != nil {
			return err
		}
		switch key {
		case "interval":
			check.Interval = d
		case "timeout":
			check.Timeout = d
		case "start-period":
			check.StartPeriod = d
		default:
			return fmt.Errorf("unknown flag --%s", key)
		}
	}
	config.Healthcheck = check
	return nil
}
