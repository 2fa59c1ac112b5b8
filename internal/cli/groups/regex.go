package groups

import (
	"errors"
	"regexp/syntax"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// regexJSON is what --validate-regex prints for machines.
type regexJSON struct {
	Regex string `json:"regex"`
	Valid bool   `json:"valid"`
	Error string `json:"error"`
}

// validateRegex says whether a regular expression is one of RE2's. Kafka's
// library for them is a translation of Go's, with Go's words for what is wrong.
func validateRegex(env *command.Env, regex string, asJSON bool) error {
	out := regexJSON{Regex: regex}
	out.Error = wrongRegex(regex)
	out.Valid = out.Error == ""
	switch {
	case asJSON:
		return env.PrintJSON(out)
	case out.Valid:
		env.Printf("The regular expression `%s` is valid.\n", regex)
	case out.Error == syntax.ErrUnexpectedParen.String(): // which Kafka's library does not say so well
		env.Printf("The regular expression `%s` is invalid: regexp/syntax: internal error.\n", regex)
	default:
		env.Printf("The regular expression `%s` is invalid: %s.\n", regex, out.Error)
	}
	return nil
}

// wrongRegex says what is wrong with a regular expression; "" is nothing.
func wrongRegex(regex string) string {
	parsed, err := syntax.Parse(regex, syntax.Perl)
	if wrong, ok := errors.AsType[*syntax.Error](err); ok {
		return wrong.Code.String()
	}
	if err != nil {
		return err.Error()
	}
	seen := make(map[string]bool)
	for _, name := range parsed.CapNames() {
		if name != "" && seen[name] {
			return "duplicate capture group name"
		}
		seen[name] = true
	}
	return ""
}
