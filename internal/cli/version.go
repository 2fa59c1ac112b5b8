package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

func newVersion(env *command.Env) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  gregor version",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(env.Out, versionLine())
			return err //nolint:wrapcheck // stdout is gone
		},
	}
}

func versionLine() string {
	revision := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				revision = " (" + s.Value[:12] + ")"
			}
		}
	}
	return fmt.Sprintf("gregor %s%s, speaks Kafka %s, %s %s/%s", gregor.Version, revision, command.KafkaVersion, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
