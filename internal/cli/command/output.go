package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// Formats of what a command prints.
const (
	Text = "text" // as Kafka's command prints it
	JSON = "json" // for machines
)

// FormatFlag adds --format to cmd.
func FormatFlag(cmd *cobra.Command) {
	cmd.Flags().String("format", Text, "print `text|json`")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{Text, JSON}, cobra.ShellCompDirectiveNoFileComp))
}

// WithFormat adds --format to cmd and makes work what it does: most commands
// begin by looking whether JSON is wanted.
func WithFormat(cmd *cobra.Command, work func(ctx context.Context, asJSON bool) error) {
	FormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		asJSON, err := IsJSON(cmd)
		if err != nil {
			return err
		}
		return work(cmd.Context(), asJSON)
	}
}

// IsJSON says whether the user asked cmd for JSON; an unknown format is an
// error of usage.
func IsJSON(cmd *cobra.Command) (bool, error) {
	f := cmd.Flags().Lookup("format")
	if f == nil {
		return false, nil
	}
	switch v := f.Value.String(); v {
	case Text:
		return false, nil
	case JSON:
		return true, nil
	default:
		return false, Usagef("--format %s: want %s or %s", v, Text, JSON)
	}
}

// PrintJSON writes v as indented JSON and a newline.
func (e *Env) PrintJSON(v any) error {
	enc := json.NewEncoder(e.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return Fail(enc.Encode(v))
}

// Printf writes to Out. An output that nobody takes is not an error of its
// own: the next command of the pipe said why.
func (e *Env) Printf(format string, args ...any) { _, _ = fmt.Fprintf(e.Out, format, args...) }

// Println writes a line to Out.
func (e *Env) Println(args ...any) { _, _ = fmt.Fprintln(e.Out, args...) }

// Warnf writes a line to Err.
func (e *Env) Warnf(format string, args ...any) { _, _ = fmt.Fprintf(e.Err, format+"\n", args...) }

// PrettyTable writes a table as Kafka's ToolsUtils.prettyPrintTable does:
// every cell is padded to the width of its column and followed by a tab.
func PrettyTable(w io.Writer, header []string, rows [][]string) {
	width := make([]int, len(header))
	for i, h := range header {
		width[i] = utf8.RuneCountInString(h)
	}
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	print := func(row []string) {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)))
			line.WriteByte('\t')
		}
		_, _ = fmt.Fprintln(w, line.String())
	}
	print(header)
	for _, row := range rows {
		print(row)
	}
}

// Table writes a table for people, of Gregor's own commands: columns parted by
// two spaces, nothing behind the last.
func Table(w io.Writer, header []string, rows [][]string) {
	all := append([][]string{header}, rows...)
	width := make([]int, len(header))
	for _, row := range all {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range all {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)))
		}
		_, _ = fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}
