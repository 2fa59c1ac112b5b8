package flags

import (
	"fmt"

	"github.com/spf13/pflag"
)

// Single defines a flag that may be given once. Two topics where one is meant
// are a slip, and taking the last of them would be a guess: Kafka's commands
// refuse them.
func Single(set *pflag.FlagSet, to *string, name, usage string) {
	set.Var(&single{to: to, name: name}, name, usage)
}

type single struct {
	to    *string
	name  string
	given bool
}

// Set takes the value, once.
func (s *single) Set(value string) error {
	if s.given {
		return fmt.Errorf("--%s was given more than once: give it one value", s.name)
	}
	*s.to, s.given = value, true
	return nil
}

// String is the value.
func (s *single) String() string {
	if s.to == nil {
		return ""
	}
	return *s.to
}

// Type is what pflag shows in the help.
func (s *single) Type() string { return "string" }
