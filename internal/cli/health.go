package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

// newHealth is the health check of containers and scripts.
func newHealth(env *command.Env) *cobra.Command {
	var where client.Flags
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Say whether a broker serves, and wait until it does",
		Long: `Ask a broker for its cluster and end with exit code 0 where it answers, has a
controller and is not fenced, with 1 where not. With --wait it asks until then.
It is the health check of the container image.`,
		Example: `  gregor health
  gregor health --wait 30s --bootstrap-server localhost:9192 && ./run-my-tests`,
		Args: cobra.NoArgs,
	}
	where.Add(cmd)
	cmd.Flags().Lookup("bootstrap-server").Usage += " (default " + client.LocalBroker + ")"
	cmd.Flags().DurationVar(&wait, "wait", 0, "ask again until the broker serves, at most for this `time`")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if where.Server == "" && os.Getenv(client.BootstrapVariable) == "" {
			where.Server = client.LocalBroker
		}
		p, err := where.Resolve()
		if err != nil {
			return err
		}
		return healthy(cmd.Context(), env, p, wait)
	}
	return cmd
}

// The pace of the health check.
const (
	healthAsksWithin = 3 * time.Second // one answer
	healthPause      = 100 * time.Millisecond
)

// healthy asks until the broker serves or the time is up.
func healthy(ctx context.Context, env *command.Env, p client.Properties, wait time.Duration) error {
	deadline := time.Now().Add(wait)
	p.Default("default.api.timeout.ms", "0") // each time is one attempt
	for {
		err := serves(ctx, env, p)
		if err == nil {
			env.Println("serving")
			return nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		select {
		case <-ctx.Done():
		case <-time.After(healthPause):
		}
	}
}

// serves asks once.
func serves(ctx context.Context, env *command.Env, p client.Properties) error {
	ctx, cancel := context.WithTimeout(ctx, healthAsksWithin)
	defer cancel()
	c, err := client.Open(ctx, env, p)
	if err != nil {
		return err
	}
	defer c.Close()
	req := kmsg.NewPtrDescribeClusterRequest()
	req.IncludeFencedBrokers = true
	resp, err := req.RequestWith(ctx, c)
	switch {
	case err != nil:
		return client.Explain(err, p.Servers())
	case resp.ControllerID < 0:
		return command.Failf("the cluster at %s has no controller", p.Servers())
	}
	fenced := 0
	for _, b := range resp.Brokers {
		if b.IsFenced {
			fenced++
		}
	}
	if fenced > 0 && fenced == len(resp.Brokers) {
		return command.Fail(fmt.Errorf("all %d brokers of the cluster at %s are fenced", fenced, p.Servers()))
	}
	return nil
}
