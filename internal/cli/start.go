package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
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
	logFormat string
}

func startFlags(cmd *cobra.Command) *startOptions {
	o := &startOptions{}
	cmd.Flags().StringVar(&o.dir, "dir", "", "keep the data in this `directory` (default "+defaultDir()+" where no file names one)")
	cmd.Flags().BoolVar(&o.memory, "memory", false, "keep the data in memory, gone at the end")
	cmd.Flags().StringArrayVar(&o.overrides, "override", nil, "set a `key=value` of server.properties; may be given often")
	cmd.Flags().StringVar(&o.logFormat, "log-format", "", "write the log as `text` or json (default text, or what gregor.log.format says)")
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
	if o.logFormat != "" {
		o.overrides = append(o.overrides, "gregor.log.format="+o.logFormat)
	}
	cfg, err := o.config()
	if err != nil {
		return err
	}
	var warning string
	cfg.HTTP, warning = o.listenHTTP(ctx)
	cfg.LogTo, cfg.LogLevel = env.Err, level
	server, err := gregor.Start(ctx, cfg)
	if err != nil {
		return command.Fail(withHint(err))
	}
	if warning != "" {
		env.Warnf("%s", warning)
	}
	greet(env.Out, server)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go returnMemory(ctx)
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

// quickHTTP is where metrics are served when there is no file to say so.
const quickHTTP = "localhost:9404"

// listenHTTP opens the listener for metrics of a broker without a file. A port
// that is taken is no reason not to start.
func (o *startOptions) listenHTTP(ctx context.Context) (l net.Listener, warning string) {
	own := slices.ContainsFunc(o.overrides, func(s string) bool { return strings.HasPrefix(strings.TrimSpace(s), "gregor.http.listeners") })
	if o.file != "" || own {
		return nil, ""
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", quickHTTP)
	if err != nil {
		return nil, fmt.Sprintf("gregor: no metrics: %v (take another port with --override gregor.http.listeners=localhost:9405)", err)
	}
	return l, ""
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
	var metrics strings.Builder
	for _, a := range server.HTTPAddrs() {
		_, _ = fmt.Fprintf(&metrics, "  metrics    http://%s/metrics\n", tryAt(a))
	}
	_, _ = fmt.Fprintf(out, `Gregor %s is ready.
  listening  %s
  data       %s
  cluster    %s
%s
Try it:
  echo hello | kcat -P -b %[6]s -t greetings
  kcat -C -b %[6]s -t greetings -o beginning -e
  kafka-console-producer.sh --bootstrap-server %[6]s --topic greetings
`, gregor.Version, strings.Join(server.Addrs(), ", "), data, cluster, metrics.String(), at)
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
	case errors.Is(err, syscall.EADDRINUSE) && strings.Contains(err.Error(), "gregor.http.listeners"):
		return fmt.Errorf("%w: something else has the port; stop it, or take another with --override gregor.http.listeners=localhost:9405", err)
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w: something else has the port; stop it, or take another with --override listeners=PLAINTEXT://localhost:9192", err)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w: this user may not; choose another with --dir, or --override", err)
	}
	return err
}
