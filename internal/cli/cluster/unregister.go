package cluster

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

// unregistered is what unregister prints for machines.
type unregistered struct {
	ID           int32 `json:"id"`
	Unregistered bool  `json:"unregistered"` // false: the cluster does not support it
}

func newUnregister(env *command.Env) *cobra.Command {
	t := new(tool)
	var id int32
	cmd := &cobra.Command{
		Use:     "unregister",
		Short:   "Remove a broker that is gone for good from the cluster",
		Example: `  gregor cluster unregister --bootstrap-server localhost:9092 --id 3`,
		Args:    cobra.NoArgs,
	}
	t.flags(cmd)
	cmd.Flags().Int32VarP(&id, "id", "i", 0, "the `id` of the broker")
	_ = cmd.MarkFlagRequired("id")
	cmd.RunE = t.run(env, func(ctx context.Context, c *conn, asJSON bool) error {
		req := kmsg.NewPtrUnregisterBrokerRequest()
		req.BrokerID = id
		resp, err := req.RequestWith(ctx, c)
		uncertain(ctx, env, "list-endpoints --include-fenced-brokers")
		if err == nil && resp.ErrorCode != 0 {
			err = c.Refused(resp.ErrorCode, resp.ErrorMessage)
		}
		return printUnregistered(env, id, "Broker", "broker", asJSON, err)
	})
	return cmd
}

func newUnregisterController(env *command.Env) *cobra.Command {
	t := new(tool)
	var id int32
	cmd := &cobra.Command{
		Use:     "unregister-controller",
		Short:   "Remove the registration of a controller that is no longer a voter",
		Example: `  gregor cluster unregister-controller --bootstrap-controller localhost:9093 --id 3`,
		Args:    cobra.NoArgs,
	}
	t.flags(cmd)
	cmd.Flags().Int32VarP(&id, "id", "i", 0, "the `id` of the controller")
	_ = cmd.MarkFlagRequired("id")
	cmd.RunE = t.run(env, func(ctx context.Context, c *conn, asJSON bool) error {
		err := c.unregisterController(ctx, id)
		uncertain(ctx, env, "list-endpoints")
		return printUnregistered(env, id, "Controller", "controller", asJSON, err)
	})
	return cmd
}

func (c *conn) unregisterController(ctx context.Context, id int32) error {
	req := kmsg.NewPtrUnregisterControllerRequest()
	req.ControllerID = id
	resp, err := req.RequestWith(ctx, c)
	if err == nil && resp.ErrorCode != 0 {
		err = c.Refused(resp.ErrorCode, resp.ErrorMessage)
	}
	return err
}

// printUnregistered prints Kafka's sentence. That a cluster does not support
// it is no failure to Kafka's command.
func printUnregistered(env *command.Env, id int32, title, noun string, asJSON bool, err error) error {
	switch {
	case err != nil && !admin.Unsupported(err):
		return err
	case asJSON:
		return env.PrintJSON(unregistered{id, err == nil})
	case err != nil:
		env.Printf("The target cluster does not support the %s unregistration API.\n", noun)
	default:
		env.Printf("%s %d is no longer registered.\n", title, id)
	}
	return nil
}
