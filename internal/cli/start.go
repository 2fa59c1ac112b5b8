package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/config"
)

// closeWithin is how long a stop may take before the process ends anyway.
const closeWithin = 30 * time.Second

// startOptions is what the flags of start say.
type startOptions struct {
	file      string
	dir       string
	memory    bool
	overrides []string
	quiet     bool
}

func startFlags(cmd *cobra.Command) *startOptions {
	o := &startOptions{}
	cmd.Flags().StringVar(&o.dir, "dir", "", "keep the data in this `directory` (default "+defaultDir()+" where no file names one)")
	cmd.Flags().BoolVar(&o.memory, "memory", false, "keep the data in memory, gone at the end")
	cmd.Flags().StringArrayVar(&o.overrides, "override", nil, "set a `key=value` of server.properties; may be given often")
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "log warnings and errors only")
	return o
}

func newStart(env *command.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "start [server.properties]",
		Short: "Start a broker",
		Long: `Start a broker and controller with Kafka's own server.properties, or without a
file as one node on localhost:9092. A directory without meta.properties is
formatted. docs/config.md lists every key and what it does.`,
		Example: `  gregor start server.properties
  gregor start server.properties --override listeners=PLAINTEXT://:9192
  gregor start --memory`,
		Args: cobra.MaximumNArgs(1),
	}
	o := startFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			o.file = args[0]
		}
		return start(cmd.Context(), *o, env)
	}
	return cmd
}

// start runs a broker until a signal comes, ctx ends or the broker fails.
func start(ctx context.Context, o startOptions, env *command.Env) error {
	level := slog.LevelInfo
	if o.quiet {
		level = slog.LevelWarn
	}
	// The handler lets everything through: the broker's loggers have levels of
	// their own, which an operator can change.
	log := slog.New(slog.NewTextHandler(env.Err, &slog.HandlerOptions{Level: slog.Level(math.MinInt32)}))
	cfg, err := o.config()
	if err != nil {
		return err
	}
	cfg.Logger, cfg.LogLevel = log, level
	server, err := gregor.Start(ctx, cfg)
	if err != nil {
		return command.Fail(withHint(err))
	}
	greet(env.Out, server)
	select {
	case <-ctx.Done():
	case <-server.Done():
	}
	return down(server)
}

// config is what the flags ask for. A broker that is embedded keeps its data in
// memory and takes any port; the command's is found again.
func (o startOptions) config() (gregor.Config, error) {
	c := gregor.Config{File: o.file, Properties: o.overrides, Dir: o.dir, CloseTimeout: closeWithin}
	switch {
	case o.memory && o.file != "":
		return c, command.Usagef("--memory and a file: what the file says of log.dirs would not hold; give settings with --override")
	case o.memory && o.dir != "":
		return c, command.Usagef("--memory and --dir: the data is in one of them")
	}
	if o.file == "" {
		c.Listen = config.QuickstartListen
		if !o.memory {
			c.Dir = cmp.Or(o.dir, defaultDir())
		}
	}
	return c, nil
}

// down closes the server and says what went wrong before or meanwhile.
func down(server *gregor.Server) error {
	failed := server.Err()
	closed := server.Close()
	if err := errors.Join(failed, closed); err != nil {
		return command.Fail(err)
	}
	return nil
}

// greet says in a few lines where the broker is and how to try it.
func greet(out io.Writer, server *gregor.Server) {
	cluster := server.ClusterID()
	if server.Formatted() {
		cluster += " (new)"
	}
	at := tryAt(server.Addr())
	data := strings.Join(server.DataDirs(), ", ")
	if data == "" {
		data = "in memory, gone when this ends"
	}
	_, _ = fmt.Fprintf(out, `Gregor %s is ready.
  listening  %s
  data       %s
  cluster    %s

Try it:
  echo hello | kcat -P -b %[5]s -t greetings
  kcat -C -b %[5]s -t greetings -o beginning -e
  kafka-console-producer.sh --bootstrap-server %[5]s --topic greetings
`, version, strings.Join(server.Addrs(), ", "), data, cluster, at)
}

// tryAt is the address to type on this machine.
func tryAt(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); ip != nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// defaultDir is where the data is kept when nobody says where: gregor in the
// user's directory for data, or ./gregor-data for a user without one.
func defaultDir() string {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "gregor")
	}
	if dir := os.Getenv("LocalAppData"); runtime.GOOS == "windows" && dir != "" {
		return filepath.Join(dir, "gregor")
	}
	if home, err := os.UserHomeDir(); err == nil && filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "share", "gregor")
	}
	return "gregor-data"
}

// withHint adds what to do about the errors that everybody meets.
func withHint(err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w: something else has the port; stop it, or take another with --override listeners=PLAINTEXT://localhost:9192", err)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w: this user may not; choose another with --dir, or --override", err)
	}
	return err
}
