// Package cli is the command line: gregor starts a broker, gregor help says
// the rest. Kind: face
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/dumplog"
	"github.com/gregor-stream/gregor/internal/cli/storagetool"
)

// The exit codes.
const (
	exitFine   = 0
	exitFailed = 1 // it could not start, or could not go on
	exitUsage  = 2 // the command line makes no sense
)

// Main runs the command line and returns the exit code. stdout gets what the
// user asked for, stderr the log and the one line about an error.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var failed *failure
	var coded interface{ ExitCode() int } // it has said what is wrong
	switch {
	case err == nil:
		return exitFine
	case errors.As(err, &coded):
		return coded.ExitCode()
	case errors.As(err, &failed):
		_, _ = fmt.Fprintln(stderr, "gregor: "+failed.Error()) // there is nobody else to tell
		return exitFailed
	}
	_, _ = fmt.Fprintf(stderr, "gregor: %v (gregor help says what there is)\n", err)
	return exitUsage
}

// failure is an error of the work, not of the command line.
type failure struct{ err error }

// Error is the message: one line where one thing is wrong, else a line each.
func (f *failure) Error() string {
	lines := strings.Split(strings.TrimSpace(f.err.Error()), "\n")
	if len(lines) == 1 {
		return lines[0]
	}
	return fmt.Sprintf("the configuration has %d mistakes:\n  %s", len(lines), strings.Join(lines, "\n  "))
}

func (f *failure) Unwrap() error { return f.err }

const longHelp = `Gregor is Apache Kafka's system as one program: any Kafka client works with it.

Without a command it starts one broker on localhost:9092, with its data in your
data directory, and says how to try it. With Kafka's own server.properties:

    gregor start server.properties
    gregor start server.properties --override num.partitions=3

It runs until it is told to stop (Ctrl-C, or SIGTERM).`

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:           "gregor",
		Short:         "a Kafka broker in one file",
		Long:          longHelp,
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	options := startFlags(root)
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		return start(cmd.Context(), *options, stdout, stderr)
	}
	root.AddCommand(newStart(stdout, stderr), newVersion(stdout))
	root.AddCommand(dumplog.New(stdout, stderr))
	root.AddCommand(storagetool.New(stdout, stderr))
	return root
}
