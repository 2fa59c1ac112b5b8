package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The columns of a help.
const (
	helpWidth  = 100 // no line is longer
	flagsWidth = 38  // of the names of flags; longer ones have their text below them
)

// usage prints what follows the description in the help of a command: cobra's
// own would neither fold examples nor fit a terminal.
func usage(cmd *cobra.Command) error {
	w := cmd.OutOrStderr()
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
	say("Usage:\n")
	if cmd.Runnable() {
		say("  %s\n", cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		say("  %s [command]\n", cmd.CommandPath())
	}
	if cmd.HasExample() {
		say("\nExamples:\n")
		for line := range strings.Lines(cmd.Example) {
			say("%s\n", foldExample(strings.TrimRight(line, "\n")))
		}
	}
	if cmd.HasAvailableSubCommands() {
		listCommands(w, cmd)
	}
	if cmd.HasAvailableLocalFlags() {
		say("\nFlags:\n")
		listFlags(w, cmd.LocalFlags())
	}
	if cmd.HasAvailableInheritedFlags() {
		say("\nGlobal Flags:\n")
		listFlags(w, cmd.InheritedFlags())
	}
	if cmd.HasAvailableSubCommands() {
		say("\nUse \"%s [command] --help\" for more information about a command.\n", cmd.CommandPath())
	}
	return nil
}

// listCommands prints the commands below cmd by their groups.
func listCommands(w io.Writer, cmd *cobra.Command) {
	list := func(title, group string) {
		begun := false
		for _, c := range cmd.Commands() {
			if c.GroupID != group || !c.IsAvailableCommand() && c.Name() != "help" {
				continue
			}
			if !begun {
				_, _ = fmt.Fprintf(w, "\n%s\n", title)
			}
			begun = true
			_, _ = fmt.Fprintf(w, "  %-*s %s\n", c.NamePadding(), c.Name(), c.Short)
		}
	}
	for _, g := range cmd.Groups() {
		list(g.Title, g.ID)
	}
	if len(cmd.Groups()) > 0 {
		list("Additional Commands:", "")
	} else {
		list("Available Commands:", "")
	}
}

// listFlags prints flags, each with its text beside or below it.
func listFlags(w io.Writer, set *pflag.FlagSet) {
	var names, texts []string
	column := 0
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Deprecated != "" {
			return
		}
		one := pflag.NewFlagSet("", pflag.ContinueOnError)
		one.AddFlag(f)
		line := strings.TrimRight(one.FlagUsages(), "\n")
		begin := strings.Index(line, "--")
		name, text, _ := strings.Cut(line[begin:], "   ")
		name = line[:begin] + name
		names, texts = append(names, name), append(texts, strings.TrimSpace(text))
		if n := utf8.RuneCountInString(name); n <= flagsWidth {
			column = max(column, n)
		}
	})
	column += 3
	for i, name := range names {
		lines := fold(texts[i], helpWidth-column)
		if n := utf8.RuneCountInString(name); n+3 > column {
			_, _ = fmt.Fprintln(w, name)
		} else {
			_, _ = fmt.Fprintf(w, "%s%s%s\n", name, strings.Repeat(" ", column-n), lines[0])
			lines = lines[1:]
		}
		for _, line := range lines {
			_, _ = fmt.Fprintf(w, "%s%s\n", strings.Repeat(" ", column), line)
		}
	}
}

// fold parts text at its spaces into lines of at most width columns, and words
// that are longer behind a bar.
func fold(text string, width int) []string {
	lines := []string{""}
	var words []string
	for word := range strings.FieldsSeq(text) {
		for len(word) > width {
			bar := strings.LastIndexByte(word[:width], '|') + 1
			if bar == 0 {
				break
			}
			words, word = append(words, word[:bar]), word[bar:]
		}
		words = append(words, word)
	}
	for _, word := range words {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) > width:
			lines = append(lines, word)
		default:
			*last += " " + word
		}
	}
	return lines
}

// foldExample continues a command line that is too long on more lines, as a
// shell takes them: before a flag, or a pipe.
func foldExample(line string) string {
	var out strings.Builder
	for utf8.RuneCountInString(line) > helpWidth {
		at := -1
		for _, before := range []string{" --", " | ", " < "} {
			if i := strings.LastIndex(line[:helpWidth-2], before); i > at {
				at = i
			}
		}
		if at <= 0 || strings.TrimSpace(line[:at]) == "" {
			break
		}
		out.WriteString(line[:at] + " \\\n")
		line = "      " + strings.TrimLeft(line[at:], " ")
	}
	return out.String() + line
}
