package cli

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/flags"
)

// visible are root and the commands below it that are Gregor's own.
func visible(root *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{root}
	for _, c := range root.Commands() {
		if !c.Hidden && c.Name() != "help" && c.Name() != "completion" {
			list = append(list, visible(c)...)
		}
	}
	return list
}

func TestEveryCommandHasHelpThatFitsTheTerminal(t *testing.T) {
	for _, c := range visible(newRoot(&command.Env{})) {
		words := append(strings.Fields(c.CommandPath())[1:], "--help")
		code, out, log := run(t, words...)
		if code != 0 || log != "" {
			t.Errorf("%s --help: exit code %d: %s", c.CommandPath(), code, log)
		}
		if c.Short == "" || c.HasParent() && c.Example == "" {
			t.Errorf("%s has no short text or no example", c.CommandPath())
		}
		for line := range strings.Lines(out) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > helpWidth {
				t.Errorf("%s --help: %d columns: %s", c.CommandPath(), n, line)
			}
		}
	}
}

// TestExamplesOfTheHelpAreCommandLines reads every example as the command line
// would, up to doing it.
func TestExamplesOfTheHelpAreCommandLines(t *testing.T) {
	read := 0
	for _, c := range visible(newRoot(&command.Env{})) {
		text := strings.ReplaceAll(c.Example, "\\\n", " ")
		for line := range strings.Lines(text) {
			for part := range strings.SplitSeq(strings.TrimSpace(line), " | ") {
				part, _, _ = strings.Cut(part, " && ")
				words := shellWords(part)
				if len(words) == 0 || words[0] != "gregor" {
					continue
				}
				root := newRoot(&command.Env{In: strings.NewReader(""), Out: io.Discard, Err: new(bytes.Buffer)})
				cmd, normal, err := flags.Normalize(root, words[1:])
				if err == nil && cmd.HasParent() {
					if i := len(strings.Fields(cmd.CommandPath())) - 1; i <= len(normal) {
						err = cmd.ParseFlags(normal[i:])
					}
				}
				if err == nil && cmd.Args != nil {
					err = cmd.Args(cmd, cmd.Flags().Args())
				}
				if err != nil || !cmd.HasParent() {
					t.Errorf("%s: %q leads to %s: %v", c.CommandPath(), part, cmd.CommandPath(), err)
				}
				read++
			}
		}
	}
	if read < 60 {
		t.Errorf("%d examples were read", read)
	}
}

// shellWords parts a line as a shell does, as far as the examples need it.
func shellWords(line string) []string {
	var words []string
	var word strings.Builder
	quoted, begun := false, false
	for _, r := range line + " " {
		switch {
		case r == '\'':
			quoted, begun = !quoted, true
		case !quoted && r == '<': // the rest is a redirection
			return words
		case !quoted && r == ' ':
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	return words
}
