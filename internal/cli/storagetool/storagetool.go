// Package storagetool is the command gregor storage: it formats log
// directories for a cluster and says what is in them, as Kafka's
// kafka-storage.sh (StorageTool) does, with its options, output and files.
// Kind: shell
package storagetool

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// call is one run of a subcommand.
type call struct {
	out  io.Writer
	json bool
	fsys vfs.FS
	rand io.Reader
}

// print prints a line; that nobody reads it is seen at the end.
func (c *call) print(format string, args ...any) { _, _ = fmt.Fprintf(c.out, format+"\n", args...) }

// quote is text as a JSON string.
func quote(text string) string { return string(msg.AppendJSONString(nil, []byte(text))) }

// terse is an error whose text is Kafka's, and printed as it stands.
type terse string

func (t terse) Error() string { return string(t) }

// usageError is a command line that makes no sense.
type usageError struct{ usage, text string }

func (e *usageError) Error() string { return e.usage + "kafka-storage: error: " + e.text }

const longHelp = `Format the log directories of a node, and look at them. The options, the
output and the files are those of kafka-storage.sh: a directory that either
formatted is started by both.`

const examples = `  gregor storage random-uuid
  gregor storage format -t MkU3OEVBNTcwNTJENDM2Qk -c server.properties
  gregor storage format -t MkU3OEVBNTcwNTJENDM2Qk -c server.properties --standalone
  gregor storage info -c server.properties
  gregor storage version-mapping --release-version 4.3
  gregor storage feature-dependencies --feature eligible.leader.replicas.version=1`

// Commands are this room's commands.
func Commands(env *command.Env) []*cobra.Command {
	return []*cobra.Command{newStorage(env)}
}

func newStorage(env *command.Env) *cobra.Command {
	cmd := command.AsKafka(&cobra.Command{Use: "storage", Short: "Format log directories, and look at them", Long: longHelp, Example: examples}, "storage")
	shape := cmd.PersistentFlags().String("format", "text", "`text` as Kafka prints it, or json: an object a line")
	run := func(work func(c *call) error) error {
		c := &call{out: &faithfulWriter{out: env.Out}, json: *shape == command.JSON, fsys: vfs.OS{}, rand: rand.Reader}
		if *shape != command.Text && !c.json {
			return command.Usagef("--format %s: want %s or %s", *shape, command.Text, command.JSON)
		}
		return finish(work(c), env)
	}
	cmd.AddCommand(newInfo(run), newFormat(run), newVersionMapping(run), newDependencies(run), newRandomUUID(run))
	cmd.Args = func(_ *cobra.Command, args []string) error {
		text := "too few arguments"
		if len(args) > 0 {
			text = fmt.Sprintf("invalid choice: '%s' (choose from 'info', 'format', 'version-mapping', 'feature-dependencies', 'random-uuid')", args[0])
		}
		return finish(&usageError{usage: "usage: kafka-storage [-h]\n                     {info,format,version-mapping,feature-dependencies,random-uuid}\n                     ...\n", text: text}, env)
	}
	cmd.RunE = func(*cobra.Command, []string) error { return nil }
	return cmd
}

// runner runs the work of a subcommand.
type runner func(work func(c *call) error) error

// finish prints an error whose text is Kafka's, as it stands.
func finish(err error, env *command.Env) error {
	switch {
	case err == nil, errors.As(err, new(*command.Failure)):
		return err
	case errors.As(err, new(terse)), errors.As(err, new(*usageError)):
		env.Warnf("%v", err)
		return command.Silent()
	}
	return command.Failf("%s", strings.ReplaceAll(err.Error(), "\n", "; "))
}

// faithfulWriter keeps the first error of a writer, for nobody needs the rest.
type faithfulWriter struct {
	out    io.Writer
	failed error
}

func (w *faithfulWriter) Write(b []byte) (int, error) {
	if w.failed != nil {
		return 0, w.failed
	}
	n, err := w.out.Write(b)
	w.failed = err
	return n, err //nolint:wrapcheck // a writer
}

// noArguments refuses what no option takes.
func noArguments(usage string, args []string) error {
	if len(args) > 0 {
		return &usageError{usage: usage, text: fmt.Sprintf("unrecognized arguments: '%s'", strings.Join(args, "' '"))}
	}
	return nil
}

const (
	infoUsage    = "usage: kafka-storage info [-h] --config CONFIG\n"
	mappingUsage = "usage: kafka-storage version-mapping [-h]\n                     [--release-version RELEASE_VERSION]\n"
	dependsUsage = "usage: kafka-storage feature-dependencies [-h] --feature FEATURE\n"
	uuidUsage    = "usage: kafka-storage random-uuid [-h]\n"
	formatUsage  = `usage: kafka-storage format [-h] --config CONFIG --cluster-id CLUSTER_ID
                     [--add-scram ADD_SCRAM] [--ignore-formatted]
                     [--release-version RELEASE_VERSION]
                     [--feature FEATURE] [--standalone |
                     --no-initial-controllers |
                     --initial-controllers INITIAL_CONTROLLERS]
`
)

func newInfo(run runner) *cobra.Command {
	cmd := &cobra.Command{
		Use: "info -c server.properties", Short: "Say what is in the log directories of this node",
		Example: "  gregor storage info -c server.properties",
	}
	file := cmd.Flags().StringP("config", "c", "", "the `file` with the node's configuration (required)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return run(func(c *call) error {
			switch {
			case len(args) > 0:
				return noArguments(infoUsage, args)
			case !cmd.Flags().Changed("config"):
				return &usageError{usage: infoUsage, text: "argument --config/-c is required"}
			}
			return c.info(*file)
		})
	}
	return cmd
}

func newFormat(run runner) *cobra.Command {
	cmd := &cobra.Command{
		Use: "format -t CLUSTER -c server.properties", Short: "Format the log directories of this node",
		Example: "  gregor storage format -t MkU3OEVBNTcwNTJENDM2Qk -c server.properties --standalone",
	}
	o := &formatOptions{}
	f := cmd.Flags()
	f.StringVarP(&o.file, "config", "c", "", "the `file` with the node's configuration (required)")
	f.StringVarP(&o.cluster, "cluster-id", "t", "", "the cluster's `id` (required); gregor storage random-uuid makes one")
	f.StringArrayVarP(&o.scram, "add-scram", "S", nil, "add a SCRAM `credential`: SCRAM-SHA-256=[name=alice,password=secret]; may be given often")
	f.BoolVarP(&o.ignore, "ignore-formatted", "g", false, "leave directories alone that are formatted, and format the others")
	f.StringVarP(&o.release, "release-version", "r", "", "the `release` whose features the cluster begins with, from 3.3-IV3 (default "+latestRelease().name+")")
	f.StringArrayVarP(&o.features, "feature", "f", nil, "begin with this `feature=level`; may be given often")
	f.BoolVarP(&o.standalone, "standalone", "s", false, "make this controller the one voter of a dynamic quorum")
	f.BoolVarP(&o.noControllers, "no-initial-controllers", "N", false, "name no voters of the dynamic quorum")
	f.StringVarP(&o.controllers, "initial-controllers", "I", "", "the `voters` of the dynamic quorum: id@host:port:directory with commas between them")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return run(func(c *call) error {
			o.hasControllers = cmd.Flags().Changed("initial-controllers")
			if err := o.judge(cmd, args); err != nil {
				return err
			}
			return c.format(o)
		})
	}
	return cmd
}

// judge says what makes no sense in the command line of format.
func (o *formatOptions) judge(cmd *cobra.Command, args []string) error {
	changed := cmd.Flags().Changed
	var text string
	switch {
	case len(args) > 0:
		return noArguments(formatUsage, args)
	case !changed("config"):
		text = "argument --config/-c is required"
	case !changed("cluster-id"):
		text = "argument --cluster-id/-t is required"
	case o.noControllers && o.standalone:
		text = "argument --no-initial-controllers/-N: not allowed with argument --standalone/-s"
	case o.hasControllers && o.standalone:
		text = "argument --initial-controllers/-I: not allowed with argument --standalone/-s"
	case o.hasControllers && o.noControllers:
		text = "argument --initial-controllers/-I: not allowed with argument --no-initial-controllers/-N"
	default:
		return nil
	}
	return &usageError{usage: formatUsage, text: text}
}

func newVersionMapping(run runner) *cobra.Command {
	cmd := &cobra.Command{
		Use: "version-mapping", Short: "Say which levels of the features go with a release",
		Example: "  gregor storage version-mapping --release-version 4.3",
	}
	text := cmd.Flags().StringP("release-version", "r", "", "the `release`, from 3.3-IV3 (default "+latestRelease().name+")")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		return run(func(c *call) error {
			if err := noArguments(mappingUsage, args); err != nil {
				return err
			}
			return c.versionMapping(*text)
		})
	}
	return cmd
}

func newDependencies(run runner) *cobra.Command {
	cmd := &cobra.Command{
		Use: "feature-dependencies --feature NAME=LEVEL", Short: "Say what a level of a feature needs",
		Example: "  gregor storage feature-dependencies --feature eligible.leader.replicas.version=1",
	}
	list := cmd.Flags().StringArrayP("feature", "f", nil, "a `feature=level`; may be given often (required)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return run(func(c *call) error {
			switch {
			case len(args) > 0:
				return noArguments(dependsUsage, args)
			case !cmd.Flags().Changed("feature"):
				return &usageError{usage: dependsUsage, text: "argument --feature/-f is required"}
			}
			return c.dependencies(*list)
		})
	}
	return cmd
}

func newRandomUUID(run runner) *cobra.Command {
	cmd := &cobra.Command{
		Use: "random-uuid", Short: "Print a new id, for a cluster",
		Example: "  gregor storage random-uuid",
	}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		return run(func(c *call) error {
			if err := noArguments(uuidUsage, args); err != nil {
				return err
			}
			id, err := kafka.NewUUID(c.rand)
			switch {
			case err != nil:
				return fmt.Errorf("make an id: %w", err)
			case c.json:
				c.print(`{"uuid":"%s"}`, id)
			default:
				c.print("%s", id)
			}
			return nil
		})
	}
	return cmd
}
