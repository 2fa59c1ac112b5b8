// Package cli is the command line: gregor starts a broker, gregor help says
// the rest. Kind: face
package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/flags"
	"github.com/gregor-stream/gregor/internal/config"
)

// Main runs a command line and returns the exit code. called is the name that
// the program was called by: a link named kafka-topics or kafka-topics.sh
// behaves as that command.
func Main(ctx context.Context, called string, args []string, env *command.Env) int {
	root := newRoot(env)
	root.SetIn(env.In)
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	if linked := linkedCommand(root, called); linked != nil {
		args = append([]string{linked.Name()}, args...)
	}
	if !isCompletion(args) {
		cmd, normal, err := flags.Normalize(root, args)
		if err != nil {
			return report(env, cmd, &command.Usage{Err: err})
		}
		if command.WantsVersion(cmd, normal) {
			env.Println(command.KafkaVersion)
			return command.ExitFine
		}
		args = normal
	}
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if ctx.Err() != nil && err != nil {
		env.Warnf("%s: interrupted", commandPath(cmd))
		return command.ExitInterrupted
	}
	return report(env, cmd, err)
}

// isCompletion says that a shell asks for completions: its words are not
// complete, so nothing is wrong with them.
func isCompletion(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// report prints the one line about err and returns the exit code.
func report(env *command.Env, cmd *cobra.Command, err error) int {
	if err == nil {
		return command.ExitFine
	}
	if failed, ok := errors.AsType[*command.Failure](err); ok {
		if failed.Err != nil {
			env.Warnf("%s: %s", commandPath(cmd), oneOrMany(plain(failed.Err)))
		}
		return failed.Code
	}
	env.Warnf("%s: %s (%s says how)", commandPath(cmd), plain(err), helpFor(cmd))
	if command.KafkaName(cmd) != "" {
		return command.ExitFailed
	}
	return command.ExitUsage
}

// oneOrMany is a message: one line where one thing is wrong, else a line each.
func oneOrMany(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) == 1 {
		return lines[0]
	}
	return fmt.Sprintf("%d things are wrong:\n  %s", len(lines), strings.Join(lines, "\n  "))
}

func commandPath(cmd *cobra.Command) string {
	if cmd == nil {
		return "gregor"
	}
	return cmd.CommandPath()
}

func helpFor(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return "gregor help"
	}
	return cmd.CommandPath() + " --help"
}

// unknownCommand is the error about a first word that is no command.
func unknownCommand(root *cobra.Command, word string) error {
	var known []string
	for _, c := range root.Commands() {
		if !c.Hidden {
			known = append(known, c.Name())
		}
	}
	if near := config.NearestOf(word, known); near != "" {
		return command.Usagef("unknown command %q; did you mean %q?", word, near)
	}
	return command.Usagef("unknown command %q", word)
}
