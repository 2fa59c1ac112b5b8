package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// judge makes the commands below cmd say what is wrong with their words and
// values as a person would: cobra's and pflag's sentences name Go's functions.
func judge(cmd *cobra.Command) {
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return wrongValue(err) })
	if check := cmd.Args; check != nil && cmd.HasParent() {
		cmd.Args = func(cmd *cobra.Command, args []string) error { return wrongWords(cmd, check, args) }
	}
	for _, c := range cmd.Commands() {
		judge(c)
	}
}

// wrongWords is what check has against the words of a command line.
func wrongWords(cmd *cobra.Command, check cobra.PositionalArgs, args []string) error {
	err := check(cmd, args)
	if err == nil || errors.As(err, new(*command.Usage)) || errors.As(err, new(*command.Failure)) {
		return err
	}
	if _, said := errors.AsType[interface {
		error
		ExitCode() int
	}](err); said {
		return err
	}
	if cmd.HasSubCommands() && len(args) > 0 {
		return unknownCommand(cmd, args[0])
	}
	fitting := len(args) - 1
	for fitting >= 0 && check(cmd, args[:fitting]) != nil {
		fitting--
	}
	if fitting >= 0 {
		return command.Usagef("unexpected %q: it takes %s", args[fitting], places(cmd))
	}
	return command.Usagef("%s is missing: %s", firstPlace(cmd), cmd.UseLine())
}

// places are the words that a command takes, as its line of usage has them.
func places(cmd *cobra.Command) string {
	if _, words, ok := strings.Cut(cmd.Use, " "); ok {
		return words
	}
	return "flags only"
}

func firstPlace(cmd *cobra.Command) string {
	word, _, _ := strings.Cut(places(cmd), " ")
	return strings.Trim(word, "[].")
}

// wrongValue is err about the value of a flag without the name of the function
// that could not read it.
func wrongValue(err error) error {
	bad, ok := errors.AsType[*pflag.InvalidValueError](err)
	if !ok {
		return err
	}
	name, kind := "--"+bad.GetFlag().Name, bad.GetFlag().Value.Type()
	if want := wanted(kind); want != "" {
		return command.Usagef("%s %s: want %s", name, bad.GetValue(), want)
	}
	return command.Usagef("%s %s: %w", name, bad.GetValue(), bad.Unwrap())
}

// wanted is what a flag of a type takes; "" where the error itself says so.
func wanted(kind string) string {
	switch {
	case strings.HasSuffix(kind, "Slice"):
		return "numbers with commas between them"
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "uint"):
		return "a whole number"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	case kind == "duration":
		return "a time such as 500ms, 30s or 5m"
	case kind == "bool":
		return "true or false"
	}
	return ""
}

// plain is the line about err as a person would say it: a file that is not
// there is named without the system call that missed it.
func plain(err error) string {
	text := strings.TrimSpace(err.Error())
	if file, ok := errors.AsType[*fs.PathError](err); ok {
		text = strings.Replace(text, file.Error(), fmt.Sprintf("%s: %v", file.Path, file.Err), 1)
	}
	return text
}
