package cluster

import (
	"context"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

// conn asks about the cluster itself.
type conn struct{ *admin.Admin }

// open connects as the flags say.
func open(ctx context.Context, env *command.Env, where *client.Flags) (*conn, error) {
	p, err := where.Resolve()
	if err != nil {
		return nil, err
	}
	return openWith(ctx, env, p)
}

func openWith(ctx context.Context, env *command.Env, p client.Properties) (*conn, error) {
	a, err := admin.Open(ctx, env, p)
	if err != nil {
		return nil, err
	}
	return &conn{a}, nil
}

// uncertain says, where the user ended a command in the middle of a change,
// that nobody knows whether it was made.
func uncertain(ctx context.Context, env *command.Env, how string) {
	if ctx.Err() != nil {
		env.Warnf("The change may have been made, or not: %s shows it.", how)
	}
}
