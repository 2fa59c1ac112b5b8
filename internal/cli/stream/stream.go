// Package stream holds Gregor's own commands for records: tail shows them,
// produce writes them from files, copy carries them to another cluster.
// Kind: shell
package stream

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

// Commands are this room's commands.
func Commands(env *command.Env) []*cobra.Command {
	return []*cobra.Command{newTail(env), newProduce(env), newCopy(env)}
}

// connection adds the flags of a connection, whose broker is the one on this
// machine where nobody names another.
func connection(cmd *cobra.Command) *client.Flags {
	f := &client.Flags{}
	f.Add(cmd)
	cmd.Flags().Lookup("bootstrap-server").Usage += " (default " + client.LocalBroker + ")"
	return f
}

// properties resolves the flags of a connection.
func properties(f *client.Flags) (client.Properties, error) {
	p, err := f.Resolve()
	if err != nil && f.Server == "" && f.Controller == "" {
		local := *f
		local.Server = client.LocalBroker
		return local.Resolve()
	}
	return p, err
}

// open connects with the flags.
func open(ctx context.Context, env *command.Env, f *client.Flags, more ...kgo.Opt) (*kgo.Client, client.Properties, error) {
	p, err := properties(f)
	if err != nil {
		return nil, nil, err
	}
	c, err := client.Open(ctx, env, p, append([]kgo.Opt{kgo.FetchMaxWait(askWait)}, more...)...)
	return c, p, err
}

// parseTime reads a point in time: RFC 3339 (without a zone: of this machine),
// a day (2026-11-25); "10m" is ten minutes before now; a number
// is milliseconds since 1970.
func parseTime(text string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	var ms int64
	if n, err := fmt.Sscanf(text, "%d", &ms); err == nil && n == 1 && fmt.Sprint(ms) == text {
		return time.UnixMilli(ms), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time: want 2026-11-25T14:00:00Z, 2026-11-25, 10m (ago) or milliseconds since 1970", text)
}
