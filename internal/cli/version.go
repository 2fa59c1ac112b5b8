package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor"
)

// kafkaVersion is the Apache Kafka whose protocol, files and keys this has.
const kafkaVersion = "4.4"

const version = gregor.Version

func newVersion(stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(stdout, versionLine())
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
	return fmt.Sprintf("gregor %s%s, speaks Kafka %s, %s %s/%s", version, revision, kafkaVersion, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
