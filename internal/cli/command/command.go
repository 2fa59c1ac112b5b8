// Package command is what the commands of gregor share: where they read and
// write, how they fail, the connection to a cluster that their flags describe,
// and tables beside JSON. It knows no single command. Kind: shell
package command

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// Env is what a command has of the world.
type Env struct {
	In  io.Reader
	Out io.Writer // what the user asked for
	Err io.Writer // everything else: progress, warnings, the line about an error
	// Interactive says that Err is a terminal: progress is shown then.
	Interactive bool
}

// The exit codes.
const (
	ExitFine        = 0
	ExitFailed      = 1   // the work failed; Kafka's commands end with it also where the command line makes no sense
	ExitUsage       = 2   // the command line of one of Gregor's own commands makes no sense
	ExitInterrupted = 130 // Ctrl-C, as the shell reports it
)

// Failure is an error of the work, not of the command line.
type Failure struct {
	Code int   // the exit code
	Err  error // one line; nil where the command has said everything already
}

// Error is the line, or "" where all is said.
func (f *Failure) Error() string {
	if f.Err == nil {
		return ""
	}
	return f.Err.Error()
}

// Unwrap is the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Fail makes err a failure with exit code 1; nil stays nil, and what already
// is a failure or an error of usage stays as it is.
func Fail(err error) error {
	if err == nil || errors.As(err, new(*Failure)) || errors.As(err, new(*Usage)) {
		return err
	}
	return &Failure{Code: ExitFailed, Err: err}
}

// Failf is a failure with exit code 1.
func Failf(format string, args ...any) error {
	return &Failure{Code: ExitFailed, Err: fmt.Errorf(format, args...)}
}

// Silent is a failure about which everything is said.
func Silent() error { return &Failure{Code: ExitFailed} }

// Usage is a command line that makes no sense.
type Usage struct{ Err error }

// Error is what is wrong with it.
func (u *Usage) Error() string { return u.Err.Error() }

// Unwrap is the cause.
func (u *Usage) Unwrap() error { return u.Err }

// Usagef is an error of the command line.
func Usagef(format string, args ...any) error {
	return &Usage{Err: fmt.Errorf(format, args...)}
}

// KafkaVersion is the Apache Kafka whose protocol, files, keys and commands
// Gregor has; Kafka's commands print it for --version.
const KafkaVersion = "4.4.0"

// kafkaName is the annotation of a command that stands for one of Kafka's.
const kafkaName = "kafka"

// AsKafka marks cmd as Kafka's command of that name without "kafka-" and
// ".sh" ("topics"): links of that name lead to it, and a command line that
// makes no sense ends with exit code 1, as Kafka's does.
func AsKafka(cmd *cobra.Command, name string) *cobra.Command {
	if cmd.Annotations == nil {
		cmd.Annotations = make(map[string]string)
	}
	cmd.Annotations[kafkaName] = name
	if cmd.PersistentFlags().Lookup(versionFlag) == nil {
		cmd.PersistentFlags().Bool(versionFlag, false, "print the version of Kafka that this stands for")
	}
	return cmd
}

// KafkaArgs takes the words of a command line that are no flags as most of
// Kafka's commands do, which is to ignore them; but it says so.
func KafkaArgs(env *Env) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			env.Warnf("%s ignores %q", cmd.CommandPath(), strings.Join(args, " "))
		}
		return nil
	}
}

// versionFlag is Kafka's --version. Cobra's own would print in a template, and
// the template package keeps the linker from leaving out what is not used: 10 MB.
const versionFlag = "version"

// WantsVersion says that a command of Kafka's was given --version.
func WantsVersion(cmd *cobra.Command, normalized []string) bool {
	return KafkaName(cmd) != "" && slices.Contains(normalized, "--"+versionFlag)
}

// KafkaName is the name that [AsKafka] gave to cmd or to a command above it;
// "" for Gregor's own.
func KafkaName(cmd *cobra.Command) string {
	for ; cmd != nil; cmd = cmd.Parent() {
		if name := cmd.Annotations[kafkaName]; name != "" {
			return name
		}
	}
	return ""
}
